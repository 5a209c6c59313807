//! A method as somebody typed it: what is wrong with it, and what to type instead.

use crate::calico::method::{self, Method, Problem};
use crate::calico::version::Version;
use crate::text::nearest::nearest;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub message: String,
    pub hint: String,
}

/// Words that stand for a method elsewhere, or nearly do.
const MEANT: &[(&str, &str)] = &[
    ("kubernetes", "kubernetes-internal-ip"),
    ("internal-ip", "kubernetes-internal-ip"),
    ("internalip", "kubernetes-internal-ip"),
    ("nodeinternalip", "kubernetes-internal-ip"),
    ("kubernetes-internalip", "kubernetes-internal-ip"),
    ("firstfound", "first-found"),
    ("first", "first-found"),
    ("autodetect", "first-found"),
    ("default", "first-found"),
];
/// Spellings of what stands before the `=`, the operator's included.
const KEYS: &[(&str, &str)] = &[
    ("interfaces", "interface"),
    ("iface", "interface"),
    ("skipinterface", "skip-interface"),
    ("skip-interfaces", "skip-interface"),
    ("skip_interface", "skip-interface"),
    ("cidrs", "cidr"),
    ("canreach", "can-reach"),
    ("can_reach", "can-reach"),
    ("reach", "can-reach"),
];

const ALL: &str = "Methods are first-found, kubernetes-internal-ip, can-reach=ADDRESS, cidr=NETWORK[,NETWORK], interface=REGEX[,REGEX] \
                   and skip-interface=REGEX[,REGEX].";

/// What Calico would take without a word but nobody means is a mistake, too.
pub fn method(typed: &str) -> Result<Method, Mistake> {
    let mistake = |message: String, hint: String| Err(Mistake { message, hint });
    if typed.trim() != typed {
        return mistake(
            format!("the method {typed:?} begins or ends with a blank"),
            format!("Write it without blanks: --method '{}'", typed.trim()),
        );
    }
    let parsed = Method::parse(typed);
    match (&parsed, method::problem(&parsed, Version::new(u16::MAX, 0, 0))) {
        (Method::FirstFound, _) if typed.is_empty() => {
            mistake("the method is empty".into(), "For Calico's default write: --method first-found".into())
        }
        (Method::KubernetesInternalIp, _) if typed != "kubernetes-internal-ip" => {
            mistake(format!("{typed:?} is not a valid method"), "Did you mean kubernetes-internal-ip?".into())
        }
        (Method::CanReach { destination }, _) if destination.is_empty() => {
            mistake("can-reach= names no destination".into(), "Write an address that every node can reach: can-reach=10.0.0.1".into())
        }
        (_, None | Some(Problem::UnreadablePattern { .. } | Problem::StoresNetworkAddress | Problem::UnknownToRelease { .. })) => {
            Ok(parsed)
        }
        (_, Some(Problem::Invalid { value })) => mistake(format!("{value:?} is not a valid method"), meant(&value)),
        (_, Some(Problem::MatchesEverything)) => {
            mistake(format!("{typed:?} has an empty pattern, which matches every interface"), "Name one: interface=^eth0$.".into())
        }
        (_, Some(Problem::ExcludesEverything)) => {
            mistake(format!("{typed:?} has an empty pattern, which excludes every interface"), "Name one: skip-interface=^br-.*.".into())
        }
        (_, Some(Problem::BadPattern { why })) => mistake(
            format!("{typed:?} is not a valid regular expression: {why}"),
            "Use Go regexp syntax. Examples: ^eth0$ (exact), ^eth.* (prefix), ^eth0$,^ens.* (list).".into(),
        ),
        (_, Some(Problem::BadCidr { text })) => mistake(format!("{text:?} is not a network"), network(&text)),
        (_, Some(Problem::ReachesLoopback { destination })) => mistake(
            format!("every node reaches {destination} through its loopback address"),
            "Write an address that is not on the node itself: can-reach=10.0.0.1".into(),
        ),
    }
}

fn network(text: &str) -> String {
    match text.parse::<std::net::IpAddr>() {
        Ok(address) if address.is_ipv4() => format!("Add the prefix length, for example: cidr={address}/24"),
        Ok(address) => format!("Add the prefix length, for example: cidr={address}/64"),
        Err(_) => "Write networks with a prefix length, separated by commas: 10.0.0.0/24,10.1.0.0/24".to_owned(),
    }
}

fn meant(value: &str) -> String {
    let lower = value.to_ascii_lowercase();
    if let Some((_, method)) = MEANT.iter().find(|(word, _)| *word == lower) {
        return format!("Did you mean {method}?");
    }
    if let Some((key, rest)) = value.split_once('=') {
        let known = key.trim().to_ascii_lowercase();
        let key = KEYS.iter().find(|(word, _)| *word == known).map(|(_, key)| *key);
        let key = key.or_else(|| nearest(&known, ["interface", "skip-interface", "cidr", "can-reach"], 1).first().copied());
        return key.map_or_else(|| ALL.to_owned(), |key| format!("Did you mean {key}={}?", rest.trim()));
    }
    if let [method] = nearest(&lower, ["first-found", "kubernetes-internal-ip"], 1)[..] {
        return format!("Did you mean {method}?");
    }
    if value.parse::<std::net::IpAddr>().is_ok() {
        return format!("Did you mean can-reach={value}?");
    }
    if value.contains('/') {
        return format!("Did you mean cidr={value}?");
    }
    let name = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".*^$_-[]()|+,".contains(&byte));
    if name { format!("Did you mean interface={value}?") } else { ALL.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_type_instead() {
        for (typed, hint) in [
            ("eth1", "Did you mean interface=eth1?"),
            ("first-fond", "Did you mean first-found?"),
            ("interfce=eth0", "Did you mean interface=eth0?"),
            ("ens.*", "Did you mean interface=ens.*?"),
            ("interface=", "Name one: interface=^eth0$."),
            ("interface=eth0,", "Name one: interface=^eth0$."),
            ("skip-interface=", "Name one: skip-interface=^br-.*."),
            ("interface=[eth", "Use Go regexp syntax"),
            ("interface=*", "Use Go regexp syntax"),
            ("cidr=10.0.0.0/33", "Write networks with a prefix length"),
            ("cidr=10.0.0.0", "Add the prefix length, for example: cidr=10.0.0.0/24"),
            ("cidr=fd00::", "Add the prefix length, for example: cidr=fd00::/64"),
            ("10.0.0.0/24", "Did you mean cidr=10.0.0.0/24?"),
            ("10.0.0.1", "Did you mean can-reach=10.0.0.1?"),
            ("canReach=8.8.8.8", "Did you mean can-reach=8.8.8.8?"),
            ("cidrs=10.0.0.0/24", "Did you mean cidr=10.0.0.0/24?"),
            ("Interface=eth0", "Did you mean interface=eth0?"),
            ("can-reach=", "Write an address that every node can reach"),
            ("can-reach=127.0.0.1", "Write an address that is not on the node itself"),
            ("NodeInternalIP", "Did you mean kubernetes-internal-ip?"),
            ("kubernetes-internal-ips", "Did you mean kubernetes-internal-ip?"),
            ("", "For Calico's default write: --method first-found"),
            (" eth0", "Write it without blanks: --method 'eth0'"),
            ("host=x", "Methods are first-found"),
            ("\u{1b}[2J", "Methods are first-found"),
        ] {
            let mistake = method(typed).expect_err(typed);
            assert!(mistake.hint.starts_with(hint), "{typed:?}: {mistake:?}");
        }
    }

    #[test]
    fn methods_are_taken() {
        for typed in [
            "first-found",
            "kubernetes-internal-ip",
            "can-reach=10.0.0.1",
            "can-reach=api.example",
            "cidr=10.0.0.0/24,192.168.0.0/16",
            "interface=^eth0$,ens.*",
            "skip-interface=^br-.*",
            "interface=eth\\0",
        ] {
            assert!(method(typed).is_ok(), "{typed}");
        }
    }
}
