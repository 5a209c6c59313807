//! `-o calicoctl` against what two releases of the real calicoctl printed for the same BIRD, byte for byte.

use std::collections::BTreeSet;
use std::path::Path;

use calico_fix::calico::bird;
use calico_fix::observed::Observed;
use calico_fix::render::calicoctl::{Layout, status};
use calico_fix::snapshot::inspection::Bird;

fn bird_of(folder: &Path, case: &str, family: &str) -> Observed<Bird> {
    match std::fs::read_to_string(folder.join(format!("{case}.{family}.birdcl.txt"))) {
        Ok(protocols) => Observed::Seen(bird::parse(&protocols, "").unwrap_or_else(|error| panic!("{case}: {error}"))),
        Err(_) => Observed::Absent,
    }
}

fn check(folder: &Path) -> usize {
    let files =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    let cases: BTreeSet<String> = files.filter_map(|name| name.strip_suffix(".calicoctl-new.txt").map(str::to_owned)).collect();
    for case in &cases {
        let (bird4, bird6) = (bird_of(folder, case, "v4"), bird_of(folder, case, "v6"));
        for (layout, name) in [(Layout::New, "new"), (Layout::Old, "old")] {
            let mut printed = Vec::new();
            status(&bird4, &bird6, layout, &mut printed).expect("writes");
            let expected = std::fs::read(folder.join(format!("{case}.calicoctl-{name}.txt"))).expect("a recording");
            assert_eq!(String::from_utf8_lossy(&printed), String::from_utf8_lossy(&expected), "{case}, {name} layout");
        }
    }
    cases.len()
}

#[test]
fn every_recorded_case_byte_for_byte() {
    assert!(check(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/calicoctl"))) >= 30);
}
