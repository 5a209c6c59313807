//! Every BIRD text there is reads whole: each BGP row becomes a session.

use std::path::{Path, PathBuf};

use calico_fix::calico::bgp_error::ErrorMeaning;
use calico_fix::calico::bird;
use calico_fix::calico::session::{BgpState, Session};
use calico_fix::snapshot::family::Family;

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().expect("reads") {
        let path = entry.expect("reads").path();
        if path.is_dir() { found.extend(below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn sessions(text: &str, name: &str) -> Vec<Session> {
    let bird = bird::parse(text, "").unwrap_or_else(|error| panic!("{name}: {error}"));
    let rows = bird.protocols.iter().filter(|row| row.proto == "BGP");
    let either = |row| Family::ALL.into_iter().find_map(|family| Session::from_protocol(row, family));
    rows.map(|row| either(row).unwrap_or_else(|| panic!("{name}: {row:?}"))).collect()
}

fn bgp_rows(text: &str) -> usize {
    text.lines().filter(|line| line.split_whitespace().nth(1) == Some("BGP")).count()
}

#[test]
fn the_fixtures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bird");
    let texts: Vec<_> = below(&folder).into_iter().filter(|path| path.to_string_lossy().contains(".protocols")).collect();
    assert!(texts.len() > 10);
    for path in texts {
        let text = std::fs::read_to_string(&path).expect("reads");
        assert_eq!(sessions(&text, &path.display().to_string()).len(), bgp_rows(&text), "{}", path.display());
    }
}

#[test]
fn both_faces_of_a_wrong_address() {
    let passive = sessions(include_str!("../fixtures/bird/fault-lower-peers-passive-node-1.protocols.txt"), "node-1");
    let wrong: Vec<_> = passive.iter().filter(|session| !session.is_established()).collect();
    assert_eq!(wrong.len(), 1);
    assert_eq!((wrong[0].address.to_string().as_str(), wrong[0].bgp, wrong[0].last_error()), ("172.18.0.1", BgpState::Passive, None));
    let refused = sessions(include_str!("../fixtures/bird/refused.protocols.txt"), "refused");
    assert_eq!(refused.iter().filter_map(Session::last_error).map(|error| error.meaning).collect::<Vec<_>>(), [ErrorMeaning::Refused]);
    let healthy = sessions(include_str!("../fixtures/bird/healthy.protocols.txt"), "healthy");
    assert!(healthy.len() == 2 && healthy.iter().all(Session::is_established));
}

#[test]
fn the_recordings() {
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
    let mut rows = 0;
    for path in below(&fixtures.join("bird/recorded")).into_iter().chain(below(&fixtures.join("calicoctl"))) {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).expect("reads");
        if name.contains("show-protocols") || name.ends_with(".birdcl.txt") {
            let found = sessions(&text, &name);
            assert_eq!(found.len(), bgp_rows(&text), "{name}");
            rows += found.len();
        } else if name.contains("show-status") {
            let bird = bird::parse("name proto table state since info\n", &text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(bird.version.is_some() && bird.router_id.is_some() && bird.last_reboot.is_some(), "{name}");
            assert_eq!(bird.graceful_restart.is_some(), text.contains("Graceful restart"), "{name}");
        }
    }
    assert!(rows > 100, "{rows} rows");
}
