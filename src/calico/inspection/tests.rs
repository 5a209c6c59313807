use super::*;

fn section(name: &str, output: &str, status: i32, complaint: &str) -> String {
    format!("{MARK}begin {name}\n{output}\n{MARK}end {name} {status}\n{complaint}\n{MARK}done {name}\n")
}

const PROTOCOLS: &str =
    "BIRD v0.3.3+birdv1.6.8 ready.\nname proto table state since info\nMesh_10_0_0_2 BGP master up 09:56:30 Established\n";
const STATUS: &str = "BIRD v0.3.3+birdv1.6.8 ready.\nBIRD v0.3.3+birdv1.6.8\nRouter ID is 10.0.0.1\nDaemon is up and running\n";
const REFUSED: &str = "Unable to connect to server control socket (/var/run/calico/bird6.ctl): Connection refused";
const LINKS: &str = r#"[{"ifindex":1,"ifname":"lo","addr_info":[{"local":"127.0.0.1","prefixlen":8}]}]"#;

fn all() -> String {
    [
        section("bird4.protocols", PROTOCOLS, 0, ""),
        section("bird4.status", STATUS, 0, ""),
        section("interfaces", LINKS, 0, "Option \"-j\" is unknown"),
        section("bird6.protocols", "", 1, REFUSED),
        section("bird6.status", "", 1, REFUSED),
        section("routes4", r#"[{"dst":"default","gateway":"10.0.0.254","dev":"eth0"}]"#, 0, ""),
        section("routes6", "", 0, ""),
    ]
    .concat()
}

#[test]
fn everything_answered() {
    let inside = parse(&all(), &[]);
    let bird = inside.bird4.seen().expect("seen");
    assert_eq!((bird.router_id.as_deref(), bird.protocols.len()), (Some("10.0.0.1"), 1));
    assert_eq!(inside.bird6, Observed::Absent);
    assert_eq!(inside.interfaces.seen().expect("seen")[0].name, "lo");
    assert_eq!(inside.routes.seen().expect("seen").len(), 1);
}

#[test]
fn a_cut_anywhere_loses_only_what_was_not_whole() {
    let text = all();
    let whole = parse(&text, &[]);
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let inside = parse(&text[..end], &[]);
        let cut = Observed::<()>::Failed(CUT_OFF.to_owned());
        assert!(inside.bird4 == whole.bird4 || inside.bird4.why_not() == cut.why_not(), "{end}");
        assert!(inside.bird6 == whole.bird6 || inside.bird6.why_not() == cut.why_not(), "{end}");
        assert!(inside.interfaces == whole.interfaces || inside.interfaces.why_not() == cut.why_not(), "{end}");
        // The very last line's end may be missing.
        assert!(inside.routes == whole.routes || inside.routes.why_not() == cut.why_not(), "{end}");
    }
    assert_eq!(parse("", &[]).interfaces, Observed::Failed(CUT_OFF.into()));
}

#[test]
fn what_could_not_be_asked_is_failed_and_says_why() {
    for (status, complaint, why) in [
        (127, "sh: birdcl: not found", "birdcl: not found in the container"),
        (124, "", "birdcl: no answer in time"),
        (1, "", "birdcl: exit status 1"),
        (1, "Permission denied\u{1b}[2J", "birdcl: Permission denied (exit status 1)"),
        (1, "Unable to connect to server control socket (/run/bird.ctl): Permission denied", "BIRD's control socket: Permission denied"),
        (0, "", "text of an unknown format from BIRD: \"\""),
    ] {
        let text = section("bird4.protocols", "", status, complaint) + &section("bird4.status", "", status, complaint);
        assert_eq!(parse(&text, &[]).bird4, Observed::Failed(why.into()));
    }
}

#[test]
fn no_ipv6_in_the_kernel_does_not_hide_the_ipv4_routes() {
    let text = section("routes4", "default via 10.0.0.254 dev eth0", 0, "")
        + &section("routes6", "", 2, "RTNETLINK answers: Operation not supported");
    assert_eq!(parse(&text, &[]).routes.seen().map(Vec::len), Some(1));
    let text = section("routes4", "default via 10.0.0.254 dev eth0", 0, "") + &section("routes6", "", 2, "out of memory");
    assert_eq!(parse(&text, &[]).routes, Observed::Failed("ip: out of memory (exit status 2)".into()));
}

#[cfg(unix)]
mod run {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    const BIRDCL: &str = r#"#!/bin/sh
case "$2" in *bird6.ctl) echo "Unable to connect to server control socket ($2): Connection refused" >&2; exit 1;; esac
case "$4" in
  protocols) printf 'BIRD 1.6.8 ready.\nname     proto    table    state  since       info\nMesh_10_0_0_2 BGP      master   up     09:56:30    Established   \n' ;;
  status) printf 'BIRD 1.6.8 ready.\nBIRD 1.6.8\nRouter ID is 10.0.0.1\nDaemon is up and running\n' ;;
esac
"#;
    /// Knows neither `-j` nor `-d`, as busybox does not.
    const IP: &str = r#"#!/bin/sh
case "$*" in
  addr) printf '1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue\n    inet 127.0.0.1/8 scope host lo\n' ;;
  '-4 route') printf 'default via 10.0.0.254 dev eth0 \n' ;;
  '-6 route') ;;
  rule) printf '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n' ;;
  'route get 10.0.0.254') printf '10.0.0.254 dev eth0  src 10.0.0.2 \n' ;;
  'route get 10.9.9.9') echo 'RTNETLINK answers: Network is unreachable' >&2; exit 2 ;;
  'route get ::1') printf 'local ::1 dev lo  src ::1 \n' ;;
  'route get 127.0.0.1') printf 'local 127.0.0.1 dev lo  src 127.0.0.1 \n' ;;
  *) echo 'ip: unrecognized option' >&2; exit 1 ;;
esac
"#;

    fn install(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("permits");
    }

    /// The shells that are here, each as the program and its first words. A test needs at least `sh`.
    fn shells() -> Vec<Vec<&'static str>> {
        let candidates =
            [vec!["/bin/sh"], vec!["/bin/dash"], vec!["/bin/bash", "--posix"], vec!["/bin/busybox", "sh"], vec!["/usr/bin/busybox", "sh"]];
        candidates.into_iter().filter(|words| Path::new(words[0]).exists()).collect()
    }

    /// Debian's busybox prefers its own tools to those on PATH. Functions go before both.
    fn own_tools(shell: &[&str], path: &Path) -> String {
        if !Path::new(shell[0]).canonicalize().expect("exists").ends_with("busybox") {
            return String::new();
        }
        let function = |tool: &str| match path.join(tool) {
            own if own.exists() => format!("{tool}() {{ '{}' \"$@\"; }}\n", own.display()),
            _ => format!("{tool}() {{ echo '{tool}: not found' >&2; return 127; }}\n"),
        };
        ["birdcl", "ip", "timeout"].map(function).concat()
    }

    fn run(shell: &[&str], path: &Path) -> NodeInspection {
        run_for(shell, path, &[])
    }

    fn run_for(shell: &[&str], path: &Path, destinations: &[Destination]) -> NodeInspection {
        let arguments = destinations.iter().flat_map(Destination::arguments);
        std::fs::write(path.join("hosts"), "127.0.0.1 localhost\n").expect("writes");
        let script = own_tools(shell, path) + &SCRIPT.replace("</etc/hosts", &format!("<{}", path.join("hosts").display()));
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).args(["-c", &script, "calico-fix"]).args(arguments);
        let output = command.env_clear().env("PATH", path).output().expect("runs");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{shell:?}");
        parse(&String::from_utf8_lossy(&output.stdout), destinations)
    }

    #[test]
    fn with_plain_tools_and_no_timeout() {
        let folder = tempfile::tempdir().expect("a folder");
        install(folder.path(), "birdcl", BIRDCL);
        install(folder.path(), "ip", IP);
        for shell in shells() {
            let inside = run(&shell, folder.path());
            assert_eq!(inside.bird4.seen().expect("seen").protocols[0].name, "Mesh_10_0_0_2", "{shell:?}");
            assert_eq!(inside.bird6, Observed::Absent, "{shell:?}");
            assert_eq!(inside.interfaces.seen().expect("seen")[0].name, "lo", "{shell:?}");
            assert_eq!(inside.routes.seen().expect("seen")[0].destination, "default", "{shell:?}");
        }
    }

    #[test]
    fn each_destination_is_answered() {
        let folder = tempfile::tempdir().expect("a folder");
        install(folder.path(), "birdcl", BIRDCL);
        install(folder.path(), "ip", IP);
        // `localhost` is the only name in the test's file of hosts.
        let names = ["10.0.0.254", "10.9.9.9", "no-such.invalid", "weird_name.*"];
        let mut destinations: Vec<Destination> = names.iter().filter_map(|text| Destination::parse(text)).collect();
        destinations.push(Destination::Name("localhost".into()));
        for shell in shells() {
            let inside = run_for(&shell, folder.path(), &destinations);
            let told = |text: &str| inside.route_lookups.get(text).cloned().unwrap_or_default();
            assert_eq!(told("10.0.0.254").seen().and_then(|reach| reach.source), "10.0.0.2".parse().ok(), "{shell:?}");
            assert_eq!(
                told("10.9.9.9").seen().and_then(|reach| reach.unreachable.clone()).as_deref(),
                Some("Network is unreachable"),
                "{shell:?}"
            );
            let why = told("no-such.invalid").why_not().unwrap_or_default().to_owned();
            assert_eq!(why, "no-such.invalid is not in /etc/hosts, and DNS was not asked", "{shell:?}");
            assert!(told("localhost").seen().is_some(), "{shell:?} {:?}", told("localhost"));
            assert!(told("weird_name.*").is_not_asked(), "{shell:?}");
            assert_eq!(inside.rules, Observed::Seen(vec![]), "{shell:?}");
        }
    }

    #[test]
    fn with_no_tools_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        for shell in shells() {
            let inside = run(&shell, folder.path());
            assert_eq!(inside.bird4, Observed::Failed("birdcl: not found in the container".into()), "{shell:?}");
            assert_eq!(inside.bird6, Observed::Failed("birdcl: not found in the container".into()), "{shell:?}");
            assert_eq!(inside.interfaces, Observed::Failed("ip: not found in the container".into()), "{shell:?}");
            assert_eq!(inside.routes, Observed::Failed("ip: not found in the container".into()), "{shell:?}");
        }
    }

    #[test]
    fn a_tool_that_hangs_is_stopped_where_timeout_exists() {
        let folder = tempfile::tempdir().expect("a folder");
        install(folder.path(), "birdcl", BIRDCL);
        install(folder.path(), "ip", IP);
        install(
            folder.path(),
            "timeout",
            "#!/bin/sh\n[ \"$1\" = 1 ] && exit 0\ncase \"$*\" in *birdcl*) exit 124;; esac\nshift\nexec \"$@\"\n",
        );
        let inside = run(&["/bin/sh"], folder.path());
        assert_eq!(inside.bird4, Observed::Failed("birdcl: no answer in time".into()));
        assert!(inside.interfaces.seen().is_some());
    }
}
