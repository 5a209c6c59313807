use proptest::prelude::*;

use super::*;

#[test]
fn patterns_that_go_and_rust_read_alike() {
    for (pattern, name, expected) in [
        ("eth.*", "eth0", true),
        ("eth", "veth1", true),
        ("^eth0$", "eth0.100", false),
        ("", "anything", true),
        ("a)|(b", "b", true),
        ("e{1}th", "eth0", true),
        ("[[:digit:]]{2}", "ens192", true),
        ("[]a]", "lan", true),
        ("[^]]", "x", true),
        ("[a-]", "br-1", true),
        ("[\\w-]+", "br-1", true),
        ("(?i)ETH.*", "eth0", true),
        ("(?i:ETH)0", "eth0", true),
        ("(?P<x>eth)0", "eth0", true),
        ("(?U)eth.*", "eth0", true),
        ("\\Aeth0\\z", "eth0", true),
        ("\\x65th0", "eth0", true),
        ("^(?:eth|en[ospx])\\S+", "eno1", true),
        ("ens*", "en", true),
        ("x$y^z", "xyz", false),
        ("\\bwl", "wlo1", true),
        ("()", "eth0", true),
        ("a*?b", "b", true),
        ("\\Qeth0\\E", "eth0", true),
        ("\\Qe.h\\E0", "eth0", false),
        ("^\\Qgw+1\\E$", "gw+1", true),
        ("\\Q\\Eeth", "eth0", true),
        ("\\Qab\\E+$", "abbb", true),
        ("x{", "x{", true),
        ("x{}", "x", false),
        ("e{2", "ee", false),
        ("e{,2}", "e{,2}", true),
        ("^e{01}$", "e{01}", true),
        ("\\pL+0$", "eth0", true),
        ("^\\p{L}+\\pN$", "eth0", true),
        ("^\\p{^Lu}+$", "eth0", true),
        ("^\\PL+$", "eth0", false),
    ] {
        match join([pattern]) {
            Pattern::Matches(regex) => assert_eq!(regex.is_match(name), expected, "{pattern:?} on {name:?}"),
            other => panic!("{pattern:?}: {other:?}"),
        }
    }
}

#[test]
fn patterns_that_go_refuses() {
    for pattern in [
        "+",
        "*eth",
        "\\",
        "\\pX",
        "[eth",
        "eth0)",
        "eth**",
        "e+*",
        "e{1}{2}",
        "e{1001}",
        "a{2,1}",
        "(?P<n",
        "eth0|*",
        "\\8",
        "(?!x)eth",
        "(?<!x)eth",
        "(?x)eth",
        "(?u)e",
        "(?R)e",
        "[[:foo:]]",
        "\\u0065",
        "[z-a]",
        "\\xg0",
        "(?P<>a)",
        "\\Z",
        "\\C",
        "eth(0",
    ] {
        assert!(matches!(join([pattern]), Pattern::Refused(_)), "{pattern:?}: {:?}", join([pattern]));
    }
}

#[test]
fn patterns_that_may_differ_are_unknown() {
    let long = "x".repeat(LONGEST);
    for pattern in [
        "eth\\0",
        "\\07",
        "\\012",
        "[\\d-z]",
        "(?P<a>x)(?P<a>y)",
        "\\<eth",
        "eth\\>",
        "\\b{start}",
        "[[a-z]]",
        "[a-z&&e]",
        "[a--b]",
        "[a~~b]",
        "(?<n>x)",
        "\\p{Greek}",
        "\\pM",
        "[\\pL]",
        "é",
        "(?ii)x",
        "(?)x",
        "(e{100}){100}",
        "[a-c-e]",
        &long,
    ] {
        assert!(matches!(join([pattern]), Pattern::Unknown(_)), "{pattern:?}: {:?}", join([pattern]));
    }
}

#[test]
fn pieces_are_joined_before_they_are_read() {
    assert!(matches!(join(["eth(", "x)"]), Pattern::Matches(regex) if regex.is_match("ethx")));
    assert!(matches!(join(["eth{1", "2}"]), Pattern::Matches(regex) if regex.is_match("eth{1") && !regex.is_match("eth1")));
    assert!(matches!(join(["ens3", "wg0"]), Pattern::Matches(regex) if regex.is_match("wg0")));
}

proptest! {
    #[test]
    fn nothing_panics_and_what_is_understood_compiles(pattern in "[-a-c\\\\\\[\\](){}?*+|^$.:<>0-9PQpdwix,&~]{0,24}") {
        let understood = Scan::new(&pattern).pattern().ok();
        prop_assert!(understood.is_none_or(|written| Regex::new(&written).is_ok()), "{pattern}");
    }
}
