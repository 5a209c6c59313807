use jiff::Timestamp;

use super::*;
use crate::snapshot::Origin;
use crate::snapshot::objects::{Event, Node};

const SCALARS: [&str; 52] = [
    "",
    " ",
    "on",
    "On",
    "y",
    "Y",
    "n",
    "yes",
    "no",
    "Off",
    "off",
    "true",
    "True",
    "null",
    "Null",
    "~",
    "nan",
    ".nan",
    ".inf",
    "-.inf",
    "=",
    "<<",
    "1_000",
    "0x1f",
    "0o17",
    "017",
    "1e3",
    "1.5",
    "+1",
    "-1",
    "10.0.0.1",
    "2026-11-23",
    "2026-11-23T15:00:00Z",
    "12:30:45",
    "007",
    "- a",
    "a: b",
    "a #b",
    "#a",
    "&a",
    "*a",
    "!tag",
    "%a",
    "@a",
    "`a`",
    "two\nlines\n",
    "tab\tand\rreturn",
    "nul\0bell\x07del\x7f\u{85}",
    "\u{2028}and\u{2029}and\u{feff}",
    "emoji 🐯",
    "\"quoted\" 'and' \\",
    "trailing ",
];

#[test]
fn every_scalar_is_read_back_as_it_was() {
    for text in SCALARS.into_iter().chain(["{a}", "[a]", "---", "...", "? a", "calico-node", "/bin/x", "v3.24.5", "a:"]) {
        let mut node = Node::default();
        node.metadata.name = text.into();
        node.metadata.labels.insert(text.into(), text.into());
        let mut snapshot = Snapshot::empty(Origin::Live, Timestamp::UNIX_EPOCH);
        snapshot.nodes = Observed::Seen(vec![node]);
        snapshot.inside.insert(text.into(), Observed::NotAsked);
        let yaml = to_yaml(&snapshot).expect("writes");
        assert_eq!(serde_yaml::from_str::<Snapshot>(&yaml).expect("reads"), snapshot, "{text:?}\n{yaml}");
    }
}

#[test]
fn only_words_stay_unquoted() {
    for text in SCALARS {
        assert!(scalar(text).starts_with('"'), "{text:?}");
    }
    for text in ["calico-node", "Ready", "/var/run/calico", "v3.24.5"] {
        assert_eq!(scalar(text), text);
    }
    assert_eq!(scalar("10.0.0.1"), "\"10.0.0.1\"");
    assert_eq!(scalar("\0"), "\"\\u0000\"");
}

#[test]
fn long_keys_trees_and_numbers_survive() {
    let long = "k".repeat(5_000);
    let mut snapshot = Snapshot::empty(Origin::Files, Timestamp::UNIX_EPOCH);
    let spec = serde_json::json!({
        "a": [[1, 2], [], {}, [{"b": [null, true]}], -0.5, 1e300, u64::MAX],
        long.as_str(): {long.as_str(): "x", "y": {}},
    });
    snapshot.resources.ip_pools = Observed::Seen(vec![super::super::objects::Custom { spec, ..Default::default() }]);
    snapshot.events = Observed::Seen(vec![Event::default(), Event { message: "a\nb".into(), ..Event::default() }]);
    snapshot.pods = Observed::Forbidden("cannot list pods".into());
    let yaml = to_yaml(&snapshot).expect("writes");
    assert_eq!(serde_yaml::from_str::<Snapshot>(&yaml).expect("reads"), snapshot, "{yaml}");
}

#[test]
fn saving_replaces_the_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("snapshot.yaml");
    fs::write(&path, "old").expect("writes");
    let snapshot = Snapshot::empty(Origin::Live, Timestamp::UNIX_EPOCH);
    save_to(&snapshot, &path).expect("saves");
    assert_eq!(fs::read_to_string(&path).expect("reads"), to_yaml(&snapshot).expect("writes"));
    assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("is there").permissions()) & 0o777, 0o600);
    assert!(save_to(&snapshot, &folder.path().join("missing/snapshot.yaml")).is_err());
}

/// As root a rename would put a file in the place of the machine's own device.
#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_written_to_and_stays_what_it_is() {
    use std::io::{Read as _, pipe};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let (mut reader, writer) = pipe().expect("a pipe");
    // Outside /dev, so that its kind tells and not its place.
    let path = folder.path().join("pipe.json");
    symlink(format!("/dev/fd/{}", writer.as_raw_fd()), &path).expect("links");
    let snapshot = Snapshot::empty(Origin::Live, Timestamp::UNIX_EPOCH);
    let saving = std::thread::spawn(move || {
        save_to(&snapshot, &path).expect("writes");
        assert!(fs::metadata(&path).expect("is there").file_type().is_fifo());
        drop(writer);
    });
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("reads");
    saving.join().expect("ends");
    assert!(text.starts_with("{\"apiVersion\""), "{text}");
    save_text(b"plan", Path::new("/dev/null")).expect("writes");
    assert!(fs::metadata("/dev/null").expect("is there").file_type().is_char_device());
    assert!(is_device(Path::new("/dev/stdout")) && !is_device(folder.path()) && !is_device(&folder.path().join("new.json")));
}

#[test]
fn what_a_killed_program_left_is_removed_and_what_a_living_one_writes_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("calico.yaml");
    let leave = |name: &str| {
        fs::write(folder.path().join(name), "half").expect("writes");
        folder.path().join(name)
    };
    let (dead, written) = (leave("calico.yaml.123.tmp"), leave("calico.yaml.124.tmp"));
    let others = ["calico.yaml.x.tmp", "calico.yaml.tmp", "other.yaml.123.tmp", "calico.yaml.123.tmp.gz"].map(leave);
    let living = fs::File::open(&written).expect("opens");
    living.lock().expect("locks");
    save_to(&Snapshot::empty(crate::snapshot::Origin::Live, jiff::Timestamp::UNIX_EPOCH), &path).expect("saves");
    assert!(path.exists() && !dead.exists() && written.exists());
    assert!(others.iter().all(|path| path.exists()), "names that this program does not give");
    drop(living);
}
