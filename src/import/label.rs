//! Names of machines and pods in the text above an output.

use super::prompt::pod_name;

/// A line that is nothing but the name of a machine or pod: `### node-3`, `==== node-3 ====`, `node-3 | CHANGED | rc=0 >>`, `pod/NAME`.
pub(super) fn label(line: &str) -> Option<String> {
    const NOUNS: [&str; 9] = ["node", "host", "hostname", "server", "machine", "worker", "pod", "on", "from"];
    let line = line.split(" | ").next().unwrap_or(line);
    if line.len() > 300 {
        return None;
    }
    let is_edge = |c: char| "#*=-_[]()<>|:`~→,".contains(c) || c.is_whitespace();
    let mut words = line.split(is_word_end).map(|word| word.trim_matches(is_edge)).filter(|word| !word.is_empty());
    let name = words.find(|word| !NOUNS.contains(&word.to_ascii_lowercase().as_str()))?;
    let name = name.strip_prefix("pod/").unwrap_or(name);
    let is_name = name.len() < 254 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (is_name && words.next().is_none()).then(|| name.to_owned())
}

/// The machine or pod that a sentence above an output names: `And this is from worker-3:`, `Output of ip a on the node worker-3`.
pub(super) fn label_in_sentence(line: &str) -> Option<String> {
    const NOUNS: [&str; 8] = ["node", "host", "hostname", "server", "machine", "worker", "master", "pod"];
    const PLACES: [&str; 4] = ["on", "from", "of", "for"];
    const ARTICLES: [&str; 3] = ["the", "my", "our"];
    if line.len() > 300 {
        return None;
    }
    let announces = line.trim_end().trim_end_matches(['*', '_', '`']).ends_with(':');
    let is_edge = |c: char| "*_`'\"(),;:.!?".contains(c);
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(is_edge)).collect();
    let before = |at: usize| words[..at].iter().rev().find(|word| !ARTICLES.contains(&word.to_ascii_lowercase().as_str()));
    let mut named = words.iter().enumerate().filter(|(at, word)| {
        let Some(before) = before(*at).map(|word| word.to_ascii_lowercase()) else { return false };
        let placed = NOUNS.contains(&before.as_str()) || (announces && PLACES.contains(&before.as_str()));
        placed && is_machine(word)
    });
    let (_, name) = named.next()?;
    named.all(|(_, other)| other == name).then(|| (*name).to_owned())
}

/// Has the shape of a host's or a pod's name with a number in it, and is not a product with its release.
fn is_machine(word: &str) -> bool {
    const PRODUCTS: [&str; 14] = [
        "ubuntu",
        "debian",
        "centos",
        "rhel",
        "rocky",
        "alma",
        "sles",
        "kernel",
        "linux",
        "docker",
        "containerd",
        "calico",
        "kubernetes",
        "rke2",
    ];
    let lower = word.to_ascii_lowercase();
    let is_release = lower.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_number = lower.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && lower.parse::<std::net::IpAddr>().is_err();
    let is_product = pod_name(word).is_none() && PRODUCTS.iter().any(|product| lower.starts_with(product));
    let is_name = word.len() < 254 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    is_name && lower.bytes().any(|byte| byte.is_ascii_digit()) && !is_release && !is_number && !is_product
}

fn is_word_end(c: char) -> bool {
    c.is_whitespace() || c == ':' || c == '='
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_stand_alone() {
        for (line, name) in [
            ("### node-3", Some("node-3")),
            ("==== node-3 ====", Some("node-3")),
            ("**node-2:**", Some("node-2")),
            ("On node node-3:", Some("node-3")),
            ("node-3 | CHANGED | rc=0 >>", Some("node-3")),
            ("pod/calico-node-aaaaa", Some("calico-node-aaaaa")),
            ("Hello there", None),
            ("", None),
            ("----", None),
        ] {
            assert_eq!(label(line).as_deref(), name, "{line}");
        }
    }

    #[test]
    fn names_in_a_sentence() {
        for (line, name) in [
            ("And this is from worker-3:", Some("worker-3")),
            ("Here is the output of `calicoctl node status` on k8s-master-1:", Some("k8s-master-1")),
            ("The same on the node ip-10-0-0-7.ec2.internal", Some("ip-10-0-0-7.ec2.internal")),
            ("Log of pod calico-node-7fkqz", Some("calico-node-7fkqz")),
            ("and on 10.20.0.12:", Some("10.20.0.12")),
            ("On **node2**:", Some("node2")),
            // of two, of a release, of a system, of nobody
            ("The peers of worker-2 and those on worker-3:", None),
            ("After the upgrade from v3.26.1:", None),
            ("I run this on Ubuntu-22.04:", None),
            ("Same with Kubernetes 1.27 on 3 nodes:", None),
            ("It stopped on worker-3 yesterday", None),
            ("Hello there:", None),
        ] {
            assert_eq!(label_in_sentence(line).as_deref(), name, "{line}");
        }
    }
}
