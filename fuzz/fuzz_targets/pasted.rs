#![no_main]

use calico_fix::diagnosis::{Scope, diagnose};
use calico_fix::finding::verdict::Verdict;
use calico_fix::import::load;
use calico_fix::snapshot::save;
use libfuzzer_sys::fuzz_target;

/// Beginnings of each format, so that the readers behind the recognizers are reached.
const HEADS: [&str; 12] = [
    "",
    "Name: calico-node-aaaaa\nNamespace: x\nNode: n/1\n",
    "Name: n\nRoles: x\nLabels: a=b\n",
    "Name: calico-node\nSelector: a=b\n",
    "NAME   READY   STATUS   RESTARTS   AGE   IP   NODE\n",
    "NAME   STATUS   ROLES   AGE   VERSION   INTERNAL-IP\n",
    "LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\n",
    "IPv4 BGP status\n",
    "1: lo: <UP> mtu 1\n",
    "eth0: flags=1<UP>  mtu 1\n",
    "BIRD 1.6.8 ready.\nname proto table state since info\n",
    "2026-05-12 05:18:33.000 [INFO][9] startup/startup.go 427: x\n",
];

fuzz_target!(|input: (u8, &str)| {
    let head = HEADS[usize::from(input.0) % HEADS.len()];
    let text = format!("{head}{}", input.1);
    let Ok(snapshot) = load(&["-".into()], &mut text.as_bytes()) else { return };
    if snapshot.sources.iter().any(|source| source.line.is_some()) {
        assert_ne!(diagnose(&snapshot, &Scope::default()).verdict, Verdict::Healthy);
    }
    for source in &snapshot.sources {
        assert!(!source.to_string().is_empty());
    }
    let yaml = save::to_yaml(&snapshot).expect("writes");
    load(&["-".into()], &mut yaml.as_bytes()).expect("reads back what was written");
});
