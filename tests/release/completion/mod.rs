//! Completion: what the program answers, through kubectl, and in real shells.

mod install;
mod shells;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use support::output::text;
use support::tools::tool;

use crate::PLUGIN;

/// Where the shell is, with a kubeconfig of its own and a home of its own.
struct Home {
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
}

impl Home {
    fn new(kubeconfig: impl Into<PathBuf>) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), kubeconfig: kubeconfig.into() }
    }

    fn path(&self) -> std::ffi::OsString {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
        let programs = Path::new(PLUGIN).parent().expect("a folder").to_owned();
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths([here, programs].into_iter().chain(std::env::split_paths(&paths))).expect("paths")
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", self.path()).env("HOME", self.folder.path()).env("KUBECONFIG", &self.kubeconfig);
        command.stdin(Stdio::null());
        command
    }

    fn ask(&self, words: &[&str]) -> String {
        let output = self.command(PLUGIN).arg("__complete-word").args(words).output().expect("runs");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{words:?}");
        text(&output.stdout)
    }

    /// The values, and the directive.
    fn values(&self, words: &[&str]) -> (Vec<String>, String) {
        split(&self.ask(words))
    }
}

fn split(answer: &str) -> (Vec<String>, String) {
    let mut lines: Vec<String> = answer.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect();
    let directive = lines.pop().unwrap_or_default();
    (lines, directive)
}

fn cluster() -> sim::TestServer {
    sim::start(sim::scenario::bridge_address(3))
}

const NODES: [&str; 3] = ["amz-sin8-opsrespool-33-10", "amz-sin8-opsrespool-33-11", "amz-sin8-opsrespool-33-12"];

#[test]
fn words_flags_and_values() {
    let running = cluster();
    let home = Home::new(running.kubeconfig());
    let contexts = ["admin", "viewer", "no-exec", "nobody", "certificate", "unknown"];
    for (words, expected, directive) in [
        (&["st"][..], &["status"][..], ":4"),
        (&["--context", ""], &contexts, ":4"),
        (&["status", "--context=ad"], &["--context=admin"], ":4"),
        (&["status", "--node", ""], &NODES, ":4"),
        (&["--context", "admin", "autodetect", "--node", "amz-sin8-opsrespool-33-1"], &NODES, ":4"),
        (&["status", "--node", "a,amz-sin8-opsrespool-33-12"], &["a,amz-sin8-opsrespool-33-12"], ":4"),
        (&["-n", "kube-"], &["kube-system"], ":4"),
        (&["autodetect", "--method", "int"], &["interface="], ":6"),
        (&["autodetect", "--method", "can"], &["can-reach="], ":6"),
        (&["autodetect", "--canary", "n"], &["none"], ":4"),
        (&["explain", "bgp-s"], &["bgp-session-down"], ":4"),
        (&["status", "--fail-on", ""], &["error", "warning"], ":4"),
        (&["status", "-o", "j"], &["json"], ":4"),
        (&["version", "-o", ""], &["json", "yaml"], ":4"),
        (&["undo", "--dry-run=s"], &["--dry-run=server"], ":4"),
        (&["status", "--from", ""], &[], ":0"),
        (&["apply", ""], &[], ":0"),
        (&["completion", "k"], &["kubectl"], ":4"),
        (&["can-i", "a"], &["autodetect", "apply"], ":4"),
        (&["probes", "--set", "startup.f"], &["startup.failureThreshold="], ":6"),
        (&["status", "--nonsense", "x", "--fail-on", "e"], &["error"], ":4"),
    ] {
        let (values, ended) = home.values(words);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!((values.as_slice(), ended.as_str()), (expected, directive), "{words:?}");
    }
}

/// Flags are offered once a dash is there, or where there is nothing else; the connection's only by their letters.
#[test]
fn flags_do_not_drown_the_words() {
    let home = Home::new("/nonexistent");
    let (values, _) = home.values(&[""]);
    assert!(values.contains(&"status".to_owned()) && values.iter().all(|value| !value.starts_with('-')), "{values:?}");
    let (values, _) = home.values(&["status", ""]);
    assert!(values.contains(&"--node".to_owned()) && !values.contains(&"--context".to_owned()) && !values.contains(&"-o".to_owned()));
    let (values, _) = home.values(&["status", "--con"]);
    assert_eq!(values, ["--context"]);
    let (values, _) = home.values(&["status", "-"]);
    assert!(values.contains(&"-o".to_owned()), "{values:?}");
}

#[test]
fn every_code_is_offered_with_its_meaning() {
    let answer = Home::new("/nonexistent").ask(&["explain", ""]);
    for code in calico_fix::finding::code::Code::ALL {
        assert!(answer.lines().any(|line| line.strip_prefix(code.name()).is_some_and(|rest| rest.starts_with('\t'))), "{code}");
    }
}

/// What is called NAME, NODE, FORMAT, FILE or the like is one of some few: whoever adds such a flag says which in `values.rs`.
#[test]
fn no_flag_that_names_something_is_left_out() {
    let running = cluster();
    let home = Home::new(running.kubeconfig());
    // Numbers and words that nobody here knows; those with an equals sign are completed behind it.
    let free = ["BOOL", "DIGEST", "DURATION", "GROUP", "KEY=VALUE", "LABELS", "N", "SECONDS", "TOKEN", "UID", "URL", "USER", "VERSION"];
    let names = ["field-manager", "tls-server-name"];
    let mut command = calico_fix::cli::Invocation::Plugin.command();
    command.build();
    for verb in command.get_subcommands() {
        for flag in verb.get_arguments().filter(|arg| arg.get_action().takes_values() && !arg.is_hide_set()) {
            let Some(long) = flag.get_long().filter(|long| !names.contains(long)) else { continue };
            if flag.get_value_names().is_some_and(|names| names.iter().any(|name| free.contains(&name.as_str()))) {
                continue;
            }
            let words: &[&str] = &[verb.get_name(), &format!("--{long}"), ""];
            let joined: &[&str] = &[verb.get_name(), &format!("--{long}=")];
            let (values, directive) = home.values(if flag.is_require_equals_set() { joined } else { words });
            assert!(!values.is_empty() || directive == ":0", "{} --{long}", verb.get_name());
        }
    }
}

#[test]
fn names_are_asked_for_once_and_then_kept() {
    let running = cluster();
    let home = Home::new(running.kubeconfig());
    let asked = || running.requests().iter().filter(|request| request.path == "/api/v1/nodes").count();
    for _ in 0..3 {
        assert_eq!(home.values(&["status", "--node", ""]).0, NODES);
        assert_eq!(asked(), 1);
    }
    // Another user may see other names.
    assert_eq!(home.values(&["status", "--context", "viewer", "--node", ""]).0, Vec::<String>::new());
    assert_eq!(home.values(&["--as", "viewer", "status", "--node", ""]).0, Vec::<String>::new());
    assert_eq!(asked(), 3);
    assert_eq!(home.values(&["status", "--node", ""]).0, NODES);
    assert_eq!(running.requests().iter().filter(|request| request.method != "GET").count(), 0);
}

/// A server that takes the connection and says nothing holds up one press of the key, and no second one.
#[test]
fn a_server_that_does_not_answer_is_silent_and_not_asked_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("listens");
    listener.set_nonblocking(true).expect("sets");
    let address = listener.local_addr().expect("an address");
    let home = Home::new("/nonexistent");
    let ask = || home.ask(&["--server", &format!("https://{address}"), "status", "--node", ""]);
    let mut held = Vec::new();
    assert_eq!(ask(), ":4\n");
    held.extend(std::iter::from_fn(|| listener.accept().ok()));
    assert!(!held.is_empty(), "it was asked");
    assert_eq!(ask(), ":4\n");
    assert!(listener.accept().is_err(), "it was asked again");
}

#[test]
fn names_that_a_shell_would_obey_are_not_offered() {
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = folder.path().join("config");
    let names = ["good", "arn:aws:eks:eu-west-1:1:cluster/x", "$(reboot)", "a b", "`id`", "x;y", "tab\\there", "\\e[2Jclear", "it's"];
    let contexts: String = names.iter().map(|name| format!("- name: \"{name}\"\n  context: {{cluster: c, user: u}}\n")).collect();
    std::fs::write(&kubeconfig, format!("apiVersion: v1\nkind: Config\ncontexts:\n{contexts}")).expect("writes");
    assert_eq!(Home::new(&kubeconfig).values(&["--context", ""]).0, ["good", "arn:aws:eks:eu-west-1:1:cluster/x"]);
}

#[test]
fn a_shell_that_drops_an_empty_word_asks_otherwise() {
    let home = Home::new("/nonexistent");
    let output = home.command(PLUGIN).args(["__complete-next", "explain"]).output().expect("runs");
    assert_eq!(text(&output.stdout), home.ask(&["explain", ""]));
}

/// The file of `completions/`, and a link of that name to the program itself.
#[test]
fn kubectl_completes_through_its_own_hook() {
    let Some(kubectl) = tool("kubectl", "completion by the real kubectl") else { return };
    let running = cluster();
    let home = Home::new(running.kubeconfig());
    let links = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(PLUGIN, links.path().join("kubectl_complete-calico_fix")).expect("links");
    let linked = std::env::join_paths([links.path().to_owned()].into_iter().chain(std::env::split_paths(&home.path()))).expect("paths");
    for path in [home.path(), linked] {
        for (words, expected) in [
            (&["status", "--node", ""][..], format!("{}\n:4\n", NODES.join("\n"))),
            (&["explain", "bgp-s"], "bgp-session-down\tA BGP session is not established\n:4\n".to_owned()),
            (&["status", "--save", ""], ":0\n".to_owned()),
            (&["status", "--context=adm"], "admin\n:4\n".to_owned()),
        ] {
            let mut command = home.command(&kubectl);
            let output: Output = command.env("PATH", &path).args(["__complete", "calico-fix"]).args(words).output().expect("runs");
            assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
        }
    }
}
