//! Takes secrets out of text before it is kept: at DEBUG Calico logs whole configurations.

use crate::calico::text::find_ignoring_case;

const MASK: &str = "***";
const KEYS: [&str; 9] = ["password", "passwd", "secret", "token", "authorization", "bearer", "apikey", "api-key", "credential"];
/// Shorter runs are names and paths.
const BLOB: usize = 40;

/// Masks a log line by line: certificates and keys go over many.
#[derive(Default)]
pub struct Masker {
    /// Lines so far of a block whose end has not come.
    inside: usize,
}

/// A block that is longer was cut, and its end will not come.
const LONGEST_BLOCK: usize = 400;

impl Masker {
    pub fn line(&mut self, text: &str) -> String {
        if self.inside > 0 {
            let Some((_, after)) = text.split_once("-----END ") else {
                self.inside = if self.inside < LONGEST_BLOCK { self.inside + 1 } else { 0 };
                return MASK.to_owned();
            };
            self.inside = 0;
            return mask(after.split_once("-----").map_or("", |(_, after)| after));
        }
        let open = text.rfind("-----BEGIN ").filter(|begin| !text[*begin..].contains("-----END "));
        self.inside = usize::from(open.is_some());
        mask(text)
    }
}

pub fn mask(text: &str) -> String {
    let text = certificates(text);
    let text = url_credentials(&text);
    let text = KEYS.iter().fold(text, |text, key| keyed(&text, key));
    blobs(&text)
}

/// `-----BEGIN … -----END …-----`, or to the end where it was cut.
fn certificates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        out.push_str(&rest[..begin]);
        out.push_str(MASK);
        rest = rest[begin..].find("-----END ").map_or("", |end| {
            let tail = &rest[begin + end + "-----END ".len()..];
            tail.find("-----").map_or("", |close| &tail[close + 5..])
        });
    }
    out.push_str(rest);
    out
}

/// `https://user:password@host`
fn url_credentials(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let authority = after.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?' | '#')).unwrap_or(after.len());
        rest = match after[..authority].rfind('@') {
            Some(end) => {
                out.push_str(MASK);
                &after[end..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

/// `Key=value`, `"key": "value"`, `Authorization: Bearer value`
fn keyed(text: &str, key: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_ignoring_case(rest, key) {
        let (before, after) = rest.split_at(at + key.len());
        out.push_str(before);
        // `…/serviceaccounts/calico-node/token": dial tcp` is the end of a path, not a key.
        let in_path = before[..at].ends_with('/') && after.starts_with(['"', ' ']);
        let value = if in_path { 0 } else { value_start(after, key == "bearer") };
        out.push_str(&after[..value]);
        rest = &after[value..];
        let length = value_length(rest);
        if value > 0 && length > 0 {
            out.push_str(MASK);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

/// Where the value begins behind a key; 0 when the key is only a word in a sentence.
fn value_start(after: &str, blank_separates: bool) -> usize {
    let name = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(after.len());
    let quotes = |text: &str| text.len() - text.trim_start_matches(['"', '\'', '\\']).len();
    let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let mut at = name + quotes(&after[name..]);
    let gap = blanks(&after[at..]);
    match after[at + gap..].chars().next() {
        Some(':' | '=') => at += gap + 1,
        _ if blank_separates && gap > 0 => at += gap,
        _ => return 0,
    }
    at += blanks(&after[at..]);
    at + quotes(&after[at..])
}

fn value_length(rest: &str) -> usize {
    let word = |text: &str| {
        text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ',' | ';' | '}' | ']' | ')')).unwrap_or(text.len())
    };
    let first = word(rest);
    let scheme = rest[..first].eq_ignore_ascii_case("bearer") || rest[..first].eq_ignore_ascii_case("basic");
    match rest[first..].strip_prefix(' ') {
        Some(value) if scheme => first + 1 + word(value),
        _ => first,
    }
}

/// Long runs of base64 letters of every sort: tokens and keys that nothing announces.
fn blobs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(run);
        let mixed = [char::is_lowercase as fn(char) -> bool, char::is_uppercase, char::is_numeric].iter().all(|sort| word.contains(*sort));
        out.push_str(if run >= BLOB && mixed && !is_path(word) { MASK } else { word });
        let gap = tail.find(inside).unwrap_or(tail.len());
        out.push_str(&tail[..gap]);
        rest = &tail[gap..];
    }
    out
}

/// `/calico/bgp/v1/host/AMZ-SIN8-OpsResPool-33-63/ip_addr_v4`: base64 has a slash in 64 letters, and it seldom begins with one.
fn is_path(word: &str) -> bool {
    const LONGEST_PART: usize = 24;
    let slashes = word.bytes().filter(|byte| *byte == b'/').count();
    word.starts_with('/') && slashes * LONGEST_PART >= word.len() && !word.contains(['+', '='])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_over_many_lines_goes_whole() {
        let mut masker = Masker::default();
        let text = "cert=-----BEGIN CERTIFICATE-----\nMIIC\nAAAA\n-----END CERTIFICATE----- then\nplain";
        let masked: Vec<String> = text.lines().map(|line| masker.line(line)).collect();
        assert_eq!(masked, ["cert=***", "***", "***", " then", "plain"]);
        // One that never ends does not hide the rest of the log.
        masker.line("-----BEGIN CERTIFICATE-----");
        let hidden = (0..10_000).take_while(|_| masker.line("plain") != "plain").count();
        assert_eq!(hidden, LONGEST_BLOCK);
    }

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let blob = "aGVsbG8gd29ybGQ5".repeat(5);
        for (text, masked) in [
            (
                "Using autodetected IPv4 address on interface eth0: 10.0.0.2/24",
                "Using autodetected IPv4 address on interface eth0: 10.0.0.2/24",
            ),
            ("etcd https://root:hunter2@10.0.0.9:2379/health", "etcd https://***@10.0.0.9:2379/health"),
            ("EtcdPassword=hunter2 next=1", "EtcdPassword=*** next=1"),
            ("{\"password\": \"hunter2\", \"a\": 1}", "{\"password\": \"***\", \"a\": 1}"),
            ("token:\"abc def\"", "token:\"*** def\""),
            ("Authorization: Bearer abc.def", "Authorization: ***"),
            ("bearer abc.def gone", "bearer *** gone"),
            ("K8sToken:abc, K8sAPIRoot:x", "K8sToken:***, K8sAPIRoot:x"),
            ("the token expired", "the token expired"),
            ("dir=\"/var/run/secrets/kubernetes.io/serviceaccount\"", "dir=\"/var/run/secrets/kubernetes.io/serviceaccount\""),
            ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- after", "*** after"),
            ("-----BEGIN CERTIFICATE-----abc", "***"),
            ("token=", "token="),
            ("Post \"https://10.96.0.1/x/token\": dial tcp 10.96.0.1:443", "Post \"https://10.96.0.1/x/token\": dial tcp 10.96.0.1:443"),
            ("/x/token=abc", "/x/token=***"),
            (
                "Get Key: /calico/bgp/v1/host/AMZ-SIN8-OpsResPool-33-63/ip_addr_v4",
                "Get Key: /calico/bgp/v1/host/AMZ-SIN8-OpsResPool-33-63/ip_addr_v4",
            ),
            ("/9j4AAQSkZJRgABAQEASABIAAD2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYI", "***"),
        ] {
            assert_eq!(mask(text), masked, "{text}");
        }
        assert_eq!(mask(&format!("key {blob} end")), "key *** end");
    }
}
