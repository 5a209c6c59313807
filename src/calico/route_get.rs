//! Where the kernel would send from: `ip route get` of a destination, and the rules that decide which table is asked (`ip rule`).

use super::interfaces::IpError;
use super::routes;
use crate::snapshot::family::Family;
use crate::snapshot::inspection::RouteLookup;
use crate::text::bounded::clean;

/// More than anybody compares at once.
pub const MAX_DESTINATIONS: usize = 16;
const MAX_RULES: usize = 256;
const MAX_WORDS: usize = 120;

/// What may be asked: nothing that `ip` could take for an option.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    Address(String),
    Name(String),
}

impl Destination {
    /// Of what stands behind `can-reach=`; none for what Calico itself asks nobody about.
    pub fn parse(text: &str) -> Option<Self> {
        match text.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_unspecified() || address.is_loopback() => None,
            Ok(_) => Some(Self::Address(text.to_owned())),
            Err(_) if text == "localhost" => None,
            Err(_) => is_domain_name(text).then(|| Self::Name(text.to_owned())),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Address(text) | Self::Name(text) => text,
        }
    }

    /// Two arguments of the script.
    pub fn arguments(&self) -> [&str; 2] {
        match self {
            Self::Address(text) => ["address", text],
            Self::Name(text) => ["name", text],
        }
    }
}

/// Go's `isDomainName` (net/dnsclient.go): digits and dots alone are none, and nothing else is looked up, in `/etc/hosts` neither.
pub fn is_domain_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let label =
        |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(letter) && !label.starts_with('-') && !label.ends_with('-');
    text.len() <= 254 && text.split('.').all(label) && text.bytes().any(|byte| !(byte.is_ascii_digit() || byte == b'.'))
}

/// The answer in JSON or text; iproute2 puts `cache` on a line of its own.
pub fn parse(text: &str) -> Result<RouteLookup, IpError> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let answer = if text.trim_start().starts_with('[') { text } else { first };
    // The family plays no part in what is read of it.
    let route = routes::parse(answer, Family::V4)?.into_iter().next().ok_or_else(|| super::interfaces::unrecognised(text))?;
    let refused = route.kind.filter(|kind| matches!(kind.as_str(), "unreachable" | "prohibit" | "blackhole" | "throw"));
    if let Some(kind) = refused {
        return Ok(RouteLookup { unreachable: Some(format!("the route is {kind}")), ..RouteLookup::default() });
    }
    let source = route.source.as_deref().and_then(|source| source.parse().ok()).ok_or_else(|| super::interfaces::unrecognised(text))?;
    Ok(RouteLookup { source: Some(source), device: route.device, unreachable: None })
}

/// What the kernel says where there is no way; connecting a socket fails with the same error.
pub fn refusal(complaint: &str) -> Option<String> {
    const KNOWN: [&str; 4] = ["Network is unreachable", "No route to host", "Permission denied", "Invalid argument"];
    let said = complaint.lines().filter_map(|line| line.split_once("RTNETLINK answers: ")).map(|(_, said)| said.trim());
    said.into_iter().find(|said| KNOWN.contains(said)).map(str::to_owned)
}

/// Rules beyond `from all lookup local`, `main` and `default`.
pub fn rules(text: &str) -> Vec<String> {
    let rule = |line: &str| {
        let (_, rule) = line.split_once(':')?;
        Some(rule.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let usual = |rule: &String| {
        let table = rule.strip_prefix("from all lookup ");
        table.is_some_and(|table| matches!(table, "local" | "main" | "default" | "255" | "254" | "253"))
    };
    text.lines().filter_map(rule).filter(|rule| !usual(rule)).map(|rule| clean(&rule, MAX_WORDS)).take(MAX_RULES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_kernel() {
        for (text, source, device) in [
            (
                r#"[{"dst":"8.8.8.8","gateway":"10.0.0.1","dev":"eth0","prefsrc":"10.0.0.11","flags":[],"uid":0,"cache":[]}]"#,
                "10.0.0.11",
                "eth0",
            ),
            (r#"[{"type":"local","dst":"10.0.0.11","dev":"lo","prefsrc":"10.0.0.11","flags":[],"cache":["local"]}]"#, "10.0.0.11", "lo"),
            ("8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.11 uid 0 \n    cache \n", "10.0.0.11", "eth0"),
            ("local 10.0.0.11 dev lo src 10.0.0.11 uid 0 \n    cache <local> \n", "10.0.0.11", "lo"),
            ("8.8.8.8 via 10.0.0.1 dev eth0  src 10.0.0.11 \n", "10.0.0.11", "eth0"),
            ("2001:db8::1 from :: via fe80::1 dev eth0 proto ra src 2001:db8:1::a metric 100 pref medium\n", "2001:db8:1::a", "eth0"),
        ] {
            let reach = parse(text).expect("parses");
            assert_eq!((reach.source, reach.device.as_deref()), (source.parse().ok(), Some(device)), "{text}");
        }
        assert_eq!(parse("unreachable 2001:db8::1 dev lo metric 4294967295 error -101\n").expect("parses").source, None);
        for text in ["", "[]", "8.8.8.8 dev eth0\n", "Usage: ip route", "[{"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn refusals_are_answers_and_other_errors_are_not() {
        assert_eq!(refusal("RTNETLINK answers: Network is unreachable\n").as_deref(), Some("Network is unreachable"));
        assert_eq!(refusal("Option -j is unknown\nRTNETLINK answers: No route to host").as_deref(), Some("No route to host"));
        assert_eq!(refusal("RTNETLINK answers: Operation not supported"), None);
        assert_eq!(refusal("ip: can't find 'get'"), None);
    }

    #[test]
    fn only_unusual_rules_count() {
        let text = "0:\tfrom all lookup local\n5210:\tfrom all fwmark 0x80000/0xff0000 lookup main\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n0:\tfrom all lookup local\n32766:\tfrom all lookup main\n";
        assert_eq!(rules(text), ["from all fwmark 0x80000/0xff0000 lookup main"]);
        assert_eq!(rules("0:  from all lookup 255\n32766:  from all lookup 254\n32767:  from all lookup 253\n"), [""; 0]);
    }

    #[test]
    fn only_addresses_and_names_are_asked_about() {
        for (text, expected) in [
            ("10.0.0.1", Some(["address", "10.0.0.1"])),
            ("2001:db8::1", Some(["address", "2001:db8::1"])),
            ("api.lan", Some(["name", "api.lan"])),
            ("-V", None),
            ("$(reboot)", None),
            ("10.0.0.1; reboot", None),
            ("127.0.0.1", None),
            ("", None),
            ("10.1", None),
        ] {
            assert_eq!(Destination::parse(text).as_ref().map(Destination::arguments), expected, "{text:?}");
        }
    }
}
