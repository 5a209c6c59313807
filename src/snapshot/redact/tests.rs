use super::*;

fn mapping(names: &[(&str, &str)]) -> Mapping {
    Mapping { names: names.iter().map(|(old, new)| ((*old).into(), (*new).into())).collect(), key: RandomState::new() }
}

#[test]
fn addresses_are_replaced_alike_wherever_they_stand() {
    let mapping = mapping(&[]);
    let new = mapping.text("10.20.30.4");
    assert!(new.starts_with("10.") && new.ends_with(".4"), "{new}");
    assert_eq!(mapping.text("Mesh_10_20_30_4"), format!("Mesh_{}", new.replace('.', "_")));
    assert_eq!(mapping.text("with 10.20.30.4,10.20.30.4."), format!("with {new},{new}."));
    assert_eq!(mapping.text("10.20.30.4/24"), format!("{new}/24"));
    assert!(mapping.text("10.20.0.0/16").ends_with(".0.0/16"));
    assert_eq!(
        new.rsplit_once('.').map(|(net, _)| net.to_owned()),
        mapping.text("10.20.30.9").rsplit_once('.').map(|(net, _)| net.to_owned())
    );
    for same in ["172.18.0.1/16", "127.0.0.1", "169.254.1.1", "::1", "15:18:05", "v3.24.5", "fe80::1"] {
        assert_eq!(mapping.text(same), same);
    }
}

/// 192.168 has eight bits that change: one key in 256 would change none of them.
#[test]
fn no_address_stays_the_same_by_chance() {
    for _ in 0..3_000 {
        let new = mapping(&[]).text("192.168.56.11");
        assert!(new.starts_with("192.168.") && new.ends_with(".11") && new != "192.168.56.11", "{new}");
    }
}

#[test]
fn words_of_this_cluster_are_known_by_their_shape() {
    let mapping = mapping(&[]);
    for word in [
        "br-3f2a1b4c5d6e",
        "cali0123456789a",
        "veth1a2b3c4",
        "02:42:ac:12:00:01",
        "ip-10-99-98-97",
        "ip-10-99-98-97.eu-west-1.compute.internal",
        "gateway.corp.acme-telco.net",
        "registry.corp.net:5000/team/calico",
        "5e7ad5b6-e30e-4d5a-9c1b-0123456789ab",
    ] {
        let new = mapping.text(word);
        assert_ne!(new, word);
        let text = mapping.text(&format!("can-reach={word}, \"{word}\"."));
        assert_eq!(text, format!("can-reach={new}, \"{new}\"."), "alike wherever it stands");
        for part in word.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| part.len() > 4 && *part != "calico") {
            assert!(!new.contains(part), "{part} of {word} is in {new}");
        }
    }
    assert!(mapping.text("br-3f2a1b4c5d6e").starts_with("br-"));
    for same in [
        "kubernetes.io/os",
        "crd.projectcalico.org/v1",
        "status.hostIP",
        "startup/startup.go 427",
        "docker.io/calico/node:v3.24.5",
        "deprecated.daemonset.template.generation",
        "caliente",
        "bond0.100",
        "daemonset.apps",
        "/var/run/calico/bird.ctl",
    ] {
        assert_eq!(mapping.text(same), same);
    }
}

#[test]
fn names_are_replaced_as_whole_words() {
    let mapping = mapping(&[("db", "node-00001"), ("db-1", "node-00002")]);
    assert_eq!(mapping.text("db-1 on db, dbx and db."), "node-00002 on node-00001, dbx and node-00001.");
}

/// What runs only a program of Calico's has a name too.
#[test]
fn names_of_other_programs_and_their_nodes_are_replaced() {
    let mut snapshot = Snapshot::empty(crate::snapshot::Origin::Files, jiff::Timestamp::UNIX_EPOCH);
    let program = serde_json::json!({
        "pod": {"metadata": {"name": "calico-typha-5d4f9c8b7-x2x2x"}, "spec": {"nodeName": "acme-8"}},
        "newestError": "acme-8: calico-typha-5d4f9c8b7-x2x2x gets no answer of 10.20.30.4",
    });
    snapshot.programs = vec![serde_json::from_value(program).expect("a program")];
    let redacted = redact(snapshot).expect("redacts");
    let text = serde_json::to_string(&redacted.programs).expect("writes");
    for original in ["acme", "x2x2x", "10.20.30.4"] {
        assert!(!text.contains(original), "{original}: {text}");
    }
    assert!(text.contains("calico-typha-"), "which program it is stays: {text}");
}
