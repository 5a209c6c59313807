//! Shell prompts and command lines in a pasted text: who was asked, and for what.

/// What a command line tells of the output below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heading {
    /// The host in the prompt, or behind `ssh`.
    pub host: Option<String>,
    /// The node that the command itself names: `oc debug node/NAME`.
    pub node: Option<String>,
    /// A line above that is nothing but a name: a title, ansible's, that of a loop.
    pub label: Option<String>,
    pub pod: Option<String>,
    pub namespace: Option<String>,
    /// `-c CONTAINER`
    pub container: Option<String>,
    /// `--previous`
    pub previous: bool,
    /// BIRD for IPv6 was asked, or `ip -6`.
    pub six: bool,
    /// It goes on at the prompt of another machine: `ssh NODE`, `kubectl exec -it POD -- sh`.
    pub opens_shell: bool,
    /// The command without its prompt; empty where there was none.
    pub command: String,
}

impl Heading {
    /// kubectl runs anywhere: the host in its prompt is not the node.
    pub(super) fn is_remote(&self) -> bool {
        let mut words = self.command.split_whitespace().skip_while(|word| ["sudo", "watch", "time"].contains(word));
        words.next().is_some_and(|tool| REMOTE_TOOLS.contains(&tool.rsplit('/').next().unwrap_or(tool)))
    }

    /// At the prompt of a shell that an earlier command opened the machine is that command's.
    pub(super) fn within(mut self, shell: &Self) -> Self {
        if !self.is_remote() && self.host.is_none() && self.node.is_none() && self.pod.is_none() {
            (self.host, self.node, self.pod) = (shell.host.clone(), shell.node.clone(), shell.pod.clone());
            self.namespace = self.namespace.or_else(|| shell.namespace.clone());
        }
        self
    }
}

/// Longer lines are output.
const MAX_LINE: usize = 1_000;
/// A prompt is shorter.
const MAX_PROMPT: usize = 160;
const TOOLS: [&str; 28] = [
    "kubectl",
    "k",
    "oc",
    "calicoctl",
    "birdcl",
    "birdcl6",
    "bird",
    "ip",
    "ifconfig",
    "crictl",
    "docker",
    "nerdctl",
    "podman",
    "journalctl",
    "cat",
    "ssh",
    "etcdctl",
    "curl",
    "stern",
    "exit",
    "logout",
    "chroot",
    "nsenter",
    "vagrant",
    "multipass",
    "minikube",
    "grep",
    "tail",
];
/// Tools that ask a cluster from anywhere.
const REMOTE_TOOLS: [&str; 8] = ["kubectl", "oc", "k", "microk8s", "stern", "k3s", "minikube", "multipass"];
/// Words that may stand before the tool.
const BEFORE: [&str; 8] = ["sudo", "microk8s", "k3s", "rke2", "watch", "time", "-n1", "-E"];
/// What ends a prompt.
const MARKS: [char; 13] = ['$', '#', '%', '>', '➜', '❯', '✗', '✔', '»', 'λ', '›', '⟩', '▶'];
const SHELLS: [&str; 8] = ["sh", "bash", "ash", "zsh", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash"];

/// The command line that this line is; `None` for output.
pub(super) fn command_line(line: &str) -> Option<Heading> {
    if line.len() > MAX_LINE {
        return None;
    }
    let line = line.trim();
    if let Some(marked) = dump_mark(line) {
        return Some(marked);
    }
    if let Some((words, command)) = command_of(line).filter(|(words, _)| is_verb(words)) {
        return Some(heading(None, command, &words));
    }
    let marks = line.char_indices().take_while(|(at, _)| *at < MAX_PROMPT).filter(|(_, c)| MARKS.contains(c));
    marks.into_iter().find_map(|(at, mark)| {
        let (prompt, rest) = (line.get(..at)?, line.get(at + mark.len_utf8()..)?.trim_start());
        if !is_prompt(prompt) {
            return None;
        }
        // `➜  ~ kubectl`: the folder stands behind the mark
        let behind = || rest.split_once(char::is_whitespace).filter(|_| mark == '➜').and_then(|(_, rest)| command_of(rest.trim_start()));
        let (words, command) = command_of(rest).or_else(behind)?;
        Some(heading(host_of(prompt, mark), command, &words))
    })
}

/// The line ends a shell that was opened by an earlier line.
pub(super) fn closes_shell(line: &str, heading: Option<&Heading>) -> bool {
    ["exit", "logout"].contains(&heading.map_or(line.trim(), |heading| heading.command.as_str()))
}

/// The command and its words from the tool on, where the first word that is no `sudo` is a known tool.
fn command_of(line: &str) -> Option<(Vec<&str>, &str)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| !BEFORE.contains(word) && !word.contains('='))?;
    let tool = words.get(at)?.rsplit(['/', '\\']).next()?.trim_end_matches(".exe");
    TOOLS.contains(&tool).then(|| (words.get(at..).unwrap_or_default().to_vec(), line))
}

/// Words before a mark that a shell may have printed.
fn is_prompt(prompt: &str) -> bool {
    let words: Vec<&str> = prompt.split_whitespace().filter(|word| !word.starts_with('(')).collect();
    words.len() <= 5 && !words.iter().any(|word| word.contains(['|', '"', '=', '<', ',']))
}

/// `root@node-3:~`, `[root@node-3 ~]`, `node-3:~ `, `(root㉿node-3)-[~]`, `node-3`.
pub(super) fn host_of(prompt: &str, mark: char) -> Option<String> {
    let is_name = |host: &str| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let named = |host: &str| {
        let host = host.split([':', '/', '~', ')', ']', ' ']).next().unwrap_or(host);
        is_name(host).then(|| host.to_owned())
    };
    let at = |word: &str| word.split_once(['@', '㉿']).map(|(_, host)| host.to_owned());
    // `(prod|admin@cluster:kube-system)` is kubectl's context, not the shell's host
    let in_brackets = |word: &str| word.starts_with('(');
    let words = || prompt.split_whitespace();
    if let Some(host) =
        words().filter(|word| !in_brackets(word)).find_map(at).or_else(|| words().find_map(at).filter(|_| prompt.contains('㉿')))
    {
        return named(&host);
    }
    // the time that some prompts show
    let is_time = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit() || b":[].".contains(&byte));
    let mut rest = words().filter(|word| !is_time(word) && !in_brackets(word));
    let (first, second) = (rest.next()?, rest.next());
    let is_shell = ["bash", "sh", "ash", "zsh", "PS", "C"].iter().any(|shell| first.split(['-', ':', '.']).next() == Some(shell));
    let alone = second.is_none() && ['#', '$', '%'].contains(&mark) && is_name(first);
    let folder = first.split_once(':').is_some_and(|(_, folder)| folder.starts_with(['/', '~']));
    (!is_shell && (alone || folder)).then(|| named(first.trim_matches(['[', ']']))).flatten()
}

/// The host of a prompt of two lines, in the first of them.
pub(super) fn first_line_of_prompt(line: &str) -> Option<String> {
    line.starts_with(['┌', '╭']).then(|| host_of(line.trim_start_matches(['┌', '╭', '─', '(', '[']), '#')).flatten()
}

/// `==== START logs for container calico-node of pod kube-system/calico-node-x7k2p ====` (kubectl cluster-info dump).
fn dump_mark(line: &str) -> Option<Heading> {
    let inner = line.strip_prefix("==== ")?.strip_suffix(" ====")?;
    let Some(names) = inner.strip_prefix("START logs for container ") else {
        return inner.starts_with("END logs for container ").then(Heading::default);
    };
    let (container, pod) = names.split_once(" of pod ")?;
    let (namespace, pod) = pod.split_once('/')?;
    Some(Heading {
        pod: pod_name(pod),
        namespace: Some(namespace.to_owned()),
        container: Some(container.to_owned()),
        command: "kubectl cluster-info dump".to_owned(),
        ..Heading::default()
    })
}

/// Without a prompt only what cannot be output.
fn is_verb(words: &[&str]) -> bool {
    let word = words.get(1).copied().unwrap_or_default();
    let argument = |word: &&str| {
        ["show", "get", "list", "ls", "dev"].contains(word) || word.starts_with('-') || word.bytes().any(|byte| byte.is_ascii_digit())
    };
    match words.first().copied().unwrap_or_default() {
        "kubectl" | "oc" | "k" => {
            ["get", "describe", "logs", "exec", "-n", "cluster-info", "debug", "--context", "--kubeconfig"].contains(&word)
        }
        "calicoctl" => ["node", "get", "ipam"].contains(&word),
        "birdcl" | "birdcl6" => word == "show" || word.starts_with('-'),
        "ip" => {
            ["a", "addr", "address", "route", "r", "-4", "-6", "-j", "-d", "-c", "-o", "-br"].contains(&word)
                && words.iter().skip(2).all(argument)
        }
        _ => false,
    }
}

fn heading(host: Option<String>, command: &str, words: &[&str]) -> Heading {
    let mut heading = Heading { host, command: command.to_owned(), ..Heading::default() };
    let mut rest = words.iter().copied().peekable();
    let mut asked_inside = false;
    while let Some(word) = rest.next() {
        match word {
            "-n" | "--namespace" => heading.namespace = rest.next().map(str::to_owned),
            "-c" | "--container" => heading.container = rest.next().map(str::to_owned),
            "-p" | "--previous" => heading.previous = true,
            "-6" | "birdcl6" => heading.six = true,
            "ssh" => {
                while rest.next_if(|word| word.starts_with('-')).is_some() {}
                heading.host = rest.next().map(|host| host.rsplit('@').next().unwrap_or(host).to_owned());
                heading.opens_shell = rest.peek().is_none();
            }
            "--" => asked_inside = true,
            "-s" => heading.six |= rest.next().is_some_and(|socket| socket.contains("bird6")),
            word if word.starts_with("--namespace=") => heading.namespace = word.strip_prefix("--namespace=").map(str::to_owned),
            word if !asked_inside && words.contains(&"debug") && word.starts_with("node/") => {
                heading.node = word.strip_prefix("node/").map(str::to_owned);
                heading.opens_shell = !words.contains(&"--");
            }
            word if !asked_inside && heading.pod.is_none() => heading.pod = pod_name(word),
            _ => {}
        }
    }
    heading.opens_shell |= heading.pod.is_some() && words.contains(&"exec") && words.last().is_some_and(|word| SHELLS.contains(word));
    heading
}

/// A calico-node pod's name, alone or behind `pod/`.
pub(super) fn pod_name(word: &str) -> Option<String> {
    let name = word.strip_prefix("pod/").or_else(|| word.strip_prefix("pods/")).unwrap_or(word);
    crate::calico::flavour::is_pod_name(name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_and_commands() {
        for (line, host, pod, command) in [
            ("$ kubectl get pods -n kube-system", None, None, "kubectl get pods -n kube-system"),
            ("root@node-3:~# calicoctl node status", Some("node-3"), None, "calicoctl node status"),
            ("[root@node-3 ~]# ip a", Some("node-3"), None, "ip a"),
            ("ubuntu@ip-10-0-0-1:/etc/cni$ sudo calicoctl node status", Some("ip-10-0-0-1"), None, "sudo calicoctl node status"),
            (
                "# kubectl logs -f calico-node-wm6bb  -n kube-system -c calico-node",
                None,
                Some("calico-node-wm6bb"),
                "kubectl logs -f calico-node-wm6bb  -n kube-system -c calico-node",
            ),
            ("kubectl describe pod calico-node-wm6bb", None, Some("calico-node-wm6bb"), "kubectl describe pod calico-node-wm6bb"),
            ("$ ssh admin@node-7 ip addr", Some("node-7"), None, "ssh admin@node-7 ip addr"),
            ("node-3# ip a", Some("node-3"), None, "ip a"),
            ("node-3:~ # ip a", Some("node-3"), None, "ip a"),
            ("10:23:45 root@node-3:~# ip a", Some("node-3"), None, "ip a"),
            ("[10:23:45] me@laptop:~$ calicoctl node status", Some("laptop"), None, "calicoctl node status"),
            ("(base) root@node-3:~# ip a", Some("node-3"), None, "ip a"),
            ("(⎈|admin@prod:kube-system) me@laptop:~$ kubectl get nodes", Some("laptop"), None, "kubectl get nodes"),
            ("└─# ip a", None, None, "ip a"),
            ("bash-5.1# birdcl show protocols", None, None, "birdcl show protocols"),
            ("sh-4.4$ ip a", None, None, "ip a"),
            ("/ # ip a", None, None, "ip a"),
            ("me@MacBook-Pro ~ % kubectl get nodes", Some("MacBook-Pro"), None, "kubectl get nodes"),
            ("me@laptop ~> kubectl get nodes", Some("laptop"), None, "kubectl get nodes"),
            ("➜  ~ kubectl get nodes", None, None, "kubectl get nodes"),
            ("➜  calico git:(main) ✗ kubectl get nodes", None, None, "kubectl get nodes"),
            ("PS C:\\Users\\me> kubectl get nodes", None, None, "kubectl get nodes"),
            ("C:\\Users\\me>kubectl get nodes", None, None, "kubectl get nodes"),
            ("core@node-3 ~ $ ip a", Some("node-3"), None, "ip a"),
        ] {
            let heading = command_line(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((heading.host.as_deref(), heading.pod.as_deref(), heading.command.as_str()), (host, pod, command), "{line}");
        }
        for line in [
            "# Calico is broken",
            "ip address of the host",
            "a, b > ip a",
            "calico-node-aaaaa   1/1   Running",
            "kubectl is a tool",
            "- kubectl",
            "1: lo: <LOOPBACK>",
            "> quoted text",
            "",
        ] {
            assert_eq!(command_line(line), None, "{line}");
        }
    }

    #[test]
    fn marks_of_a_dump() {
        let heading = command_line("==== START logs for container install-cni of pod kube-system/calico-node-abcde ====").expect("a mark");
        assert_eq!((heading.pod.as_deref(), heading.container.as_deref()), (Some("calico-node-abcde"), Some("install-cni")));
        assert_eq!(
            command_line("==== END logs for container install-cni of pod kube-system/calico-node-abcde ===="),
            Some(Heading::default())
        );
        assert_eq!(command_line("==== Summary ===="), None);
    }

    #[test]
    fn options() {
        let heading = command_line("$ kubectl logs calico-node-abcde -n calico-system -c install-cni --previous").expect("a command");
        assert_eq!(
            (heading.namespace.as_deref(), heading.container.as_deref(), heading.previous),
            (Some("calico-system"), Some("install-cni"), true)
        );
        assert!(command_line("$ birdcl -s /var/run/calico/bird6.ctl show protocols").expect("a command").six);
    }

    #[test]
    fn a_prompt_of_two_lines() {
        assert_eq!(first_line_of_prompt("┌──(root㉿node-3)-[~]").as_deref(), Some("node-3"));
    }

    #[test]
    fn a_shell_on_another_machine() {
        for (line, opens) in [
            ("$ kubectl exec -it -n kube-system calico-node-abcde -c calico-node -- bash", true),
            ("$ kubectl exec calico-node-abcde -- ip a", false),
            ("$ ssh core@node-3", true),
            ("$ oc debug node/node-3", true),
            ("$ oc debug node/node-3 -- chroot /host ip a", false),
        ] {
            assert_eq!(command_line(line).map(|heading| heading.opens_shell), Some(opens), "{line}");
        }
        let shell = command_line("$ oc debug node/node-3").expect("a command");
        assert_eq!(command_line("sh-4.4# ip a").expect("a command").within(&shell).node.as_deref(), Some("node-3"));
        assert_eq!(command_line("$ kubectl get nodes").expect("a command").within(&shell).node, None);
    }
}
