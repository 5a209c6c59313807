//! `debug-log --emit pod`: prints a pod with a copy of the startup program, for users who cannot restart calico-node.

use std::io::Write;

use serde_json::Value;

use super::{DebugLogArgs, Failure, Outcome, Streams};
use crate::cli::connection::ConnectionFlags;
use crate::cluster::request::Api;
use crate::cluster::{NoProgress, connect, read_cluster};
use crate::permissions::request::PODS;
use crate::plan::debug_pod;
use crate::render::data;
use crate::text::{self, shell};

pub(super) async fn run(flags: &ConnectionFlags, arguments: &DebugLogArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let [node] = arguments.node.as_slice() else {
        let hint = "Name one node: debug-log --emit pod --node NAME".to_owned();
        return Err(Failure::Usage { message: "--emit pod is about one node".to_owned(), hint: Some(hint) });
    };
    let selection = super::selection(arguments)?;
    let connection = connect(flags, super::cluster_logs::VERB).await?;
    let snapshot = read_cluster(&connection, &super::cluster_logs::asked(flags, arguments, &selection), &NoProgress).await?;
    let pods = super::cluster_logs::chosen(&snapshot, &selection)?;
    let Some(pod) = pods.first() else {
        return Err(Failure::ReadFailed { message: format!("error: no calico-node pod is on {node}"), hint: None });
    };
    let (namespace, name) = (pod.metadata.namespace.as_deref(), pod.metadata.name.as_str());
    let whole: Result<Value, _> = Api::new(&connection).get(&PODS.path(namespace, Some(name)), &PODS.get(namespace, name)).await;
    let whole = whole.map_err(|error| Failure::ReadFailed { message: error.to_string(), hint: error.hint() })?;
    let copy = debug_pod::of(&whole).map_err(|error| Failure::NotApplied { message: format!("error: {node}: {error}"), hint: None })?;
    data::yaml(&copy, &mut streams.out)?;
    streams.out.flush()?;
    let name = debug_pod::name(node);
    let namespace = namespace.and_then(shell::namespace).unwrap_or("NAMESPACE");
    for line in [
        "# It does what each start of calico-node does on the node: detects the address, stores it, marks the network as available."
            .to_owned(),
        "# To use it, with this output in copy.yaml:".to_owned(),
        "kubectl create -f copy.yaml".to_owned(),
        format!("kubectl logs -n {namespace} -f {name} | kubectl calico-fix debug-log --file -"),
        format!("kubectl delete pod -n {namespace} {name}"),
    ] {
        writeln!(streams.err, "{}", text::clean(&line))?;
    }
    Ok(Outcome::Done)
}
