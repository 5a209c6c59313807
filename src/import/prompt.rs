//! Shell prompts and command lines in a pasted text: who was asked, and for what.

/// What a command line tells of the output below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// The host in the prompt, or behind `ssh`.
    pub host: Option<String>,
    pub pod: Option<String>,
    pub namespace: Option<String>,
    /// `-c CONTAINER`
    pub container: Option<String>,
    /// `--previous`
    pub previous: bool,
    /// BIRD for IPv6 was asked, or `ip -6`.
    pub six: bool,
    /// The command without its prompt; empty where there was none.
    pub command: String,
}

/// Longer lines are output.
const MAX_LINE: usize = 1_000;
const TOOLS: [&str; 18] = [
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
    "journalctl",
    "cat",
    "ssh",
    "etcdctl",
    "curl",
    "stern",
];
/// Words that may stand before the tool.
const BEFORE: [&str; 6] = ["sudo", "microk8s", "k3s", "rke2", "watch", "time"];

/// The command line that this line is; `None` for output.
pub fn command_line(line: &str) -> Option<Heading> {
    if line.len() > MAX_LINE {
        return None;
    }
    let line = line.trim_end();
    if let Some(marked) = dump_mark(line) {
        return Some(marked);
    }
    let (host, command) = match split_prompt(line) {
        Some((host, command)) => (host, command),
        None => (None, line),
    };
    let bare = host.is_none() && command == line;
    let words: Vec<&str> = command.split_whitespace().collect();
    let at = words.iter().position(|word| !BEFORE.contains(word) && !word.contains('='))?;
    let tool = words.get(at)?.rsplit('/').next()?.trim_end_matches(".exe");
    // without a prompt only what cannot be output
    let known = TOOLS.contains(&tool) && (!bare || is_verb(tool, words.get(at + 1..).unwrap_or_default()));
    known.then(|| heading(host, command, words.get(at..).unwrap_or_default()))
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

fn is_verb(tool: &str, words: &[&str]) -> bool {
    let word = words.first().copied().unwrap_or_default();
    let argument = |word: &&str| {
        ["show", "get", "list", "ls", "dev"].contains(word) || word.starts_with('-') || word.bytes().any(|byte| byte.is_ascii_digit())
    };
    match tool {
        "kubectl" | "oc" | "k" => ["get", "describe", "logs", "exec", "-n", "cluster-info"].contains(&word),
        "calicoctl" => ["node", "get", "ipam"].contains(&word),
        "birdcl" | "birdcl6" => word == "show" || word.starts_with('-'),
        "ip" => ["a", "addr", "address", "route", "r", "-4", "-6", "-j", "-d"].contains(&word) && words.iter().skip(1).all(argument),
        _ => false,
    }
}

/// The host where the prompt names one, and what was typed.
fn split_prompt(line: &str) -> Option<(Option<String>, &str)> {
    let trimmed = line.trim_start();
    for mark in ["$ ", "# ", "> ", "% ", "➜  ", "❯ "] {
        if let Some(command) = trimmed.strip_prefix(mark) {
            return Some((None, command.trim_start()));
        }
    }
    // `root@node-3:~# ip a`, `[root@node-3 ~]# ip a`, `node-3:~ # ip a`, `bash-5.1# birdcl show protocols`
    let end = ["# ", "$ ", "% ", "> "].iter().filter_map(|mark| trimmed.find(mark)).min()?;
    let (prompt, command) = (trimmed.get(..end)?, trimmed.get(end + 2..)?);
    if prompt.len() > 120 || prompt.contains(['|', '"', '=', '<']) || prompt.split_whitespace().count() > 3 {
        return None;
    }
    let inner = prompt.trim_start_matches('[').trim_end_matches(']');
    let word = inner.split_whitespace().next()?;
    let host = match word.split_once('@') {
        Some((_, host)) => host,
        None if word.contains(':') => word,
        None => return Some((None, command.trim_start())),
    };
    let host = host.split([':', '/', '~']).next().unwrap_or(host);
    let is_name = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    Some((is_name.then(|| host.to_owned()), command.trim_start()))
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
            "ssh" => heading.host = rest.next().map(|host| host.rsplit('@').next().unwrap_or(host).to_owned()),
            "--" => asked_inside = true,
            "-s" => heading.six |= rest.next().is_some_and(|socket| socket.contains("bird6")),
            word if word.starts_with("--namespace=") => heading.namespace = word.strip_prefix("--namespace=").map(str::to_owned),
            word if !asked_inside && heading.pod.is_none() => heading.pod = pod_name(word),
            _ => {}
        }
    }
    heading
}

/// A calico-node pod's name, alone or behind `pod/`.
pub fn pod_name(word: &str) -> Option<String> {
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
        ] {
            let heading = command_line(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((heading.host.as_deref(), heading.pod.as_deref(), heading.command.as_str()), (host, pod, command), "{line}");
        }
        for line in
            ["# Calico is broken", "ip address of the host", "kubectl is a tool", "- kubectl", "1: lo: <LOOPBACK>", "> quoted text", ""]
        {
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
}
