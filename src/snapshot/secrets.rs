//! What must never be kept: passwords, tokens, keys and certificates, wherever they turn up.

use serde_json::Value;

pub const MASK: &str = "(masked)";

/// Words that make the value of a variable or a field a secret.
const NAMES: [&str; 6] = ["password", "passwd", "token", "secret", "credential", "privatekey"];

/// Variables of this kind name a file, not a secret.
const PLACES: [&str; 3] = ["file", "path", "dir"];

/// Whether the value of an environment variable or ConfigMap key of this name could be a secret.
pub fn is_secret_variable(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (names_a_secret(&name) || name.contains("key")) && !PLACES.iter().any(|place| name.ends_with(place))
}

/// Whether a field of a custom resource could hold a secret or lead to one.
fn is_secret_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    names_a_secret(&name) || name.contains("cert") || name.ends_with("key")
}

fn names_a_secret(name: &str) -> bool {
    NAMES.iter().any(|word| name.contains(word))
}

/// Masks the secrets in every text of a tree; fields named like secrets lose their values whole.
pub fn mask_tree(value: &mut Value) {
    match value {
        Value::String(text) => mask_text(text),
        Value::Array(items) => items.iter_mut().for_each(mask_tree),
        Value::Object(fields) => {
            let names_secret = fields.get("name").and_then(Value::as_str).is_some_and(is_secret_variable);
            for (name, field) in fields {
                if is_secret_field(name) || (names_secret && name == "value") {
                    *field = Value::String(MASK.into());
                } else {
                    mask_tree(field);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks credentials in URLs, bearer tokens, JSON web tokens, PEM blocks and `password=…` in running text.
pub fn mask_text(text: &mut String) {
    for mask in [pem, url_credentials, bearer, web_tokens, assignments] {
        if let Some(masked) = mask(text) {
            *text = masked;
        }
    }
}

fn pem(text: &str) -> Option<String> {
    let start = text.find("-----BEGIN")?;
    // Without its end the block may go on to the end of the text.
    let end = text.rfind("-----END").map_or(text.len(), |end| {
        let after = end + "-----END".len();
        text[after..].find("-----").map_or(text.len(), |dashes| after + dashes + "-----".len())
    });
    Some(if end > start { format!("{}{MASK}{}", &text[..start], &text[end..]) } else { format!("{}{MASK}", &text[..start]) })
}

/// `https://user:password@host` keeps the host.
fn url_credentials(text: &str) -> Option<String> {
    let mut masked = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(scheme) = rest.find("://") {
        let (head, tail) = rest.split_at(scheme + "://".len());
        masked.push_str(head);
        let authority = tail.find(|c: char| c == '/' || c == ',' || c == '"' || c == '\'' || c.is_whitespace()).unwrap_or(tail.len());
        rest = tail;
        if let Some(at) = tail[..authority].rfind('@') {
            masked.push_str(MASK);
            rest = &tail[at..];
            found = true;
        }
    }
    found.then(|| masked + rest)
}

fn bearer(text: &str) -> Option<String> {
    mask_after(text, "bearer ")
}

fn assignments(text: &str) -> Option<String> {
    ["password=", "passwd=", "password: ", "token=", "secret="].iter().fold(None, |masked, marker| {
        let current = masked.as_deref().unwrap_or(text);
        mask_after(current, marker).or(masked)
    })
}

/// Masks the word that follows each `marker`.
fn mask_after(text: &str, marker: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let mut masked = String::new();
    let mut at = 0;
    while let Some(found) = lower[at..].find(marker) {
        let start = at + found + marker.len();
        let end = text[start..].find(|c: char| c.is_whitespace() || "&,;".contains(c)).map_or(text.len(), |length| start + length);
        masked.push_str(&text[at..start]);
        if end > start {
            masked.push_str(MASK);
        }
        at = end;
    }
    (at > 0).then(|| masked + &text[at..])
}

/// A JSON web token starts `eyJ` (`{"`) and has two dots.
fn web_tokens(text: &str) -> Option<String> {
    let mut masked = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find("eyJ") {
        let end = rest[start..].find(|c: char| !(c.is_ascii_alphanumeric() || "-_.=".contains(c))).map_or(rest.len(), |n| start + n);
        let token = &rest[start..end];
        masked.push_str(&rest[..start]);
        if token.len() > 40 && token.matches('.').count() == 2 {
            masked.push_str(MASK);
            found = true;
        } else {
            masked.push_str(token);
        }
        rest = &rest[end..];
    }
    found.then(|| masked + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_running_text_are_masked() {
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", "a".repeat(40));
        for (text, masked) in [
            ("https://root:hunter2@10.0.0.1:2379,https://a:b@c", "https://(masked)@10.0.0.1:2379,https://(masked)@c"),
            ("Authorization: Bearer abc.def ok", "Authorization: Bearer (masked) ok"),
            ("x -----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\ny", "x (masked)\ny"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII", "(masked)"),
            ("-----END X----- -----BEGIN Y-----\nMII", "-----END X----- (masked)"),
            ("dial ?user=a&Password=b&x=1", "dial ?user=a&Password=(masked)&x=1"),
            (&format!("token {token}, end"), "token (masked), end"),
        ] {
            let mut text = text.to_string();
            mask_text(&mut text);
            assert_eq!(text, masked);
        }
    }

    #[test]
    fn plain_text_stays() {
        for text in
            ["https://10.96.0.1:443/api?x=a@b", "eyJ", "BIRD is not ready: BGP not established with 10.0.0.3", "a@b://c", "ß bearer "]
        {
            let mut masked = text.to_string();
            mask_text(&mut masked);
            assert_eq!(masked, text);
        }
    }

    #[test]
    fn names_tell_secrets_from_places() {
        for name in ["ETCD_PASSWORD", "MY_TOKEN", "FELIX_SECRET_THING", "TLS_KEY", "etcd_key"] {
            assert!(is_secret_variable(name), "{name}");
        }
        for name in ["ETCD_KEY_FILE", "TOKEN_PATH", "IP", "CLUSTER_TYPE", "FELIX_TYPHACAFILE"] {
            assert!(!is_secret_variable(name), "{name}");
        }
    }

    #[test]
    fn trees_lose_their_secrets() {
        let mut tree = serde_json::json!({
            "password": {"secretKeyRef": {"name": "bgp", "key": "pw"}},
            "keepOriginalNextHop": true,
            "env": [{"name": "API_TOKEN", "value": "planted"}, {"name": "IP", "value": "none"}],
            "certificateManagement": {"caCert": "planted"},
            "note": "https://u:planted@h/",
        });
        mask_tree(&mut tree);
        let text = tree.to_string();
        assert!(!text.contains("planted") && !text.contains("pw"), "{text}");
        assert_eq!(tree["keepOriginalNextHop"], true);
        assert_eq!(tree["env"][1]["value"], "none");
    }
}
