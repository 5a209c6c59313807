//! Start-up: `version --client` touches neither network nor kubeconfig, as kubectl's own.

use std::process::Command;

use super::child::{self, median, mib, millis};

const TIMES: usize = 21;

pub(crate) fn run() -> anyhow::Result<()> {
    println!("start-up (median of {TIMES})");
    let ours = median(TIMES, || child::cost(&mut child::plugin(&["version", "--client"])))?;
    println!("  kubectl-calico_fix version --client   {:>10}   {:>10}", millis(ours.time), mib(ours.peak));
    match median(TIMES, || child::cost(Command::new("kubectl").args(["version", "--client"]).env_remove("KUBECONFIG"))) {
        Ok(kubectl) => println!("  kubectl version --client              {:>10}   {:>10}", millis(kubectl.time), mib(kubectl.peak)),
        Err(error) => println!("  kubectl version --client              not measured: {error}"),
    }
    Ok(())
}
