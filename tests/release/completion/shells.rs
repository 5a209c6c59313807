//! In a terminal, as people type: what the shell would run after the key was pressed.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use expectrl::session::OsSession;
use expectrl::{Expect, Session};

use support::tools::missing;

use super::*;

const PROMPT: &str = "READY>";

/// A folder for PATH in which the program completes as it does, and else tells what it was called with.
fn recorder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["calico-fix", "kubectl-calico_fix"] {
        let path = folder.path().join(name);
        let script =
            format!("#!/bin/sh\ncase $1 in\n__complete*) exec {PLUGIN} \"$@\" ;;\nesac\nprintf 'RAN:'\nprintf '%s|' \"$@\"\necho :END\n");
        std::fs::write(&path, script).expect("writes");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    }
    folder
}

struct Shell {
    terminal: OsSession,
    _recorder: tempfile::TempDir,
}

impl Shell {
    fn start(home: &Home, program: &Path, arguments: &[&str], first: &str) -> Self {
        let recorder = recorder();
        let path =
            std::env::join_paths([recorder.path().to_owned()].into_iter().chain(std::env::split_paths(&home.path()))).expect("paths");
        let mut command = home.command(program);
        command.args(arguments).env("PATH", path).env("TERM", "xterm").env("PS1", format!("{PROMPT} ")).stdin(Stdio::inherit());
        command.current_dir(home.folder.path());
        let mut terminal = Session::spawn(command).expect("starts");
        terminal.set_expect_timeout(Some(Duration::from_secs(60)));
        terminal.get_process_mut().set_window_size(200, 50).expect("a size");
        let mut shell = Self { terminal, _recorder: recorder };
        shell.until(PROMPT);
        shell.terminal.send_line(first).expect("types");
        shell.until(PROMPT);
        shell
    }

    fn until(&mut self, text: &str) -> String {
        let seen = self.terminal.expect(text).unwrap_or_else(|error| panic!("{text:?} did not come: {error}"));
        String::from_utf8_lossy(seen.before()).into_owned()
    }

    /// The words that the program gets when `typed` is followed by the key and by Return.
    fn run(&mut self, typed: &str) -> String {
        self.terminal.send(typed).expect("types");
        self.terminal.send("\t").expect("types");
        // A shell reads on only when it has completed.
        self.terminal.send("\r").expect("types");
        self.until("RAN:");
        let words = self.until(":END");
        self.until(PROMPT);
        words
    }
}

/// Typed, and what is run.
const CASES: [(&str, &str); 10] = [
    ("calico-fix stat", "status|"),
    ("calico-fix status --context=adm", "status|--context=admin|"),
    ("calico-fix status --context adm", "status|--context|admin|"),
    (
        "calico-fix status --node amz-sin8-opsrespool-33-10,amz-sin8-opsrespool-33-12",
        "status|--node|amz-sin8-opsrespool-33-10,amz-sin8-opsrespool-33-12|",
    ),
    ("calico-fix explain bgp-s", "explain|bgp-session-down|"),
    ("calico-fix --context admin status --fail-on=w", "--context|admin|status|--fail-on=warning|"),
    ("calico-fix autodetect --method kub", "autodetect|--method|kubernetes-internal-ip|"),
    ("calico-fix autodetect --method=can", "autodetect|--method=can-reach=|"),
    ("calico-fix status --from snap", "status|--from|snapshot.yaml|"),
    // As EKS names them.
    ("calico-fix status --context arn:aws:eks:eu-w", "status|--context|arn:aws:eks:eu-west-1:1:cluster/x|"),
];

fn home(running: &sim::TestServer) -> Home {
    let mut home = Home::new("");
    let more = home.folder.path().join("more");
    let context = "arn:aws:eks:eu-west-1:1:cluster/x";
    std::fs::write(&more, format!("apiVersion: v1\nkind: Config\ncontexts:\n- name: {context}\n  context: {{cluster: c, user: u}}\n"))
        .expect("writes");
    std::fs::write(home.folder.path().join("snapshot.yaml"), "").expect("writes");
    home.kubeconfig = std::env::join_paths([running.kubeconfig().to_owned(), more]).expect("paths").into();
    home
}

fn file(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(name).display().to_string()
}

fn bash_completion() -> Option<&'static str> {
    ["/usr/share/bash-completion/bash_completion", "/opt/homebrew/share/bash-completion/bash_completion"]
        .into_iter()
        .find(|path| Path::new(path).exists())
}

#[test]
fn in_bash() {
    let Some(bash) = tool("bash", "completion in bash") else { return };
    let running = cluster();
    let home = home(&running);
    let first = format!("source {}", file("calico-fix.bash"));
    let mut shell = Shell::start(&home, &bash, &["--norc", "--noprofile", "-i"], &first);
    for (typed, expected) in CASES {
        assert_eq!(shell.run(typed), expected, "{typed}");
    }
    assert_eq!(shell.run("calico-fix status --node \"amz-sin8-opsrespool-33-12"), "status|--node|amz-sin8-opsrespool-33-12|");
}

/// `kubectl calico-fix` in bash: by bash-completion, kubectl's own script, and the hook.
#[test]
fn in_bash_through_kubectl() {
    let Some(bash) = tool("bash", "completion of kubectl calico-fix in bash") else { return };
    let Some(_) = tool("kubectl", "completion of kubectl calico-fix in bash") else { return };
    let Some(library) = bash_completion() else {
        return missing("bash-completion", "completion of kubectl calico-fix in bash");
    };
    let running = cluster();
    let home = home(&running);
    let first = format!("source {library}; source <(kubectl completion bash)");
    let mut shell = Shell::start(&home, &bash, &["--norc", "--noprofile", "-i"], &first);
    for (typed, expected) in CASES {
        let typed = format!("kubectl {typed}");
        assert_eq!(shell.run(&typed), expected, "{typed}");
    }
}

#[test]
fn in_zsh() {
    let Some(zsh) = tool("zsh", "completion in zsh") else { return };
    let running = cluster();
    for how in [
        format!("PS1='{PROMPT} '; autoload -Uz compinit; compinit -u -D; source {}", file("_calico-fix")),
        format!("PS1='{PROMPT} '; fpath=({} $fpath); autoload -Uz compinit; compinit -u -D", file("")),
    ] {
        let home = home(&running);
        let mut shell = Shell::start(&home, &zsh, &["-f", "-i"], &how);
        for (typed, expected) in CASES {
            assert_eq!(shell.run(typed), expected, "{typed}");
        }
    }
}

#[test]
fn in_fish() {
    let Some(fish) = tool("fish", "completion in fish") else { return };
    let running = cluster();
    let home = home(&running);
    let prompt = format!("function fish_prompt; echo '{PROMPT} '; end; source {}", file("calico-fix.fish"));
    let mut shell = Shell::start(&home, &fish, &["--no-config", "--init-command", &prompt, "-i"], "true");
    for (typed, expected) in CASES {
        assert_eq!(shell.run(typed), expected, "{typed}");
    }
}
