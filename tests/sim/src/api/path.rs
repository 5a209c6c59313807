//! Request paths and queries taken apart.

use hyper::Method;

use crate::kinds::Kind;

/// A decoded query string; a key may come several times (`command`).
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(key), decode(value))
        });
        Self(pairs.collect())
    }

    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The first value, when it is not empty.
    pub(super) fn get<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.all(key).next().filter(|value| !value.is_empty())
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value == "true" || value == "1")
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex =
            (*first == b'%').then(|| tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())).flatten();
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `/apis/G/V/namespaces/NS/RESOURCE/NAME/SUBRESOURCE`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub group: String,
    pub version: String,
    pub namespace: Option<String>,
    pub plural: String,
    pub name: Option<String>,
    pub subresource: Option<String>,
}

impl Target {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let parts: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() && *rest != ["status"] => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let [plural, rest @ ..] = rest else { return None };
        let (name, subresource) = match rest {
            [] => (None, None),
            [name] => (Some(*name), None),
            [name, subresource] => (Some(*name), Some(*subresource)),
            _ => return None,
        };
        Some(Self {
            group: group.into(),
            version: version.into(),
            namespace: namespace.map(Into::into),
            plural: (*plural).into(),
            name: name.map(Into::into),
            subresource: subresource.map(Into::into),
        })
    }

    pub(super) fn kind(&self) -> Option<&'static Kind> {
        Kind::find(&self.group, &self.version, &self.plural)
    }

    /// As RBAC names it: `pods/log`.
    pub(super) fn resource(&self) -> String {
        match &self.subresource {
            Some(subresource) => format!("{}/{subresource}", self.plural),
            None => self.plural.clone(),
        }
    }

    pub(super) fn verb(&self, method: &Method, query: &Query) -> &'static str {
        match (method.as_str(), &self.name) {
            ("GET" | "HEAD", _) if query.is_true("watch") => "watch",
            ("GET" | "HEAD", Some(_)) => "get",
            ("GET" | "HEAD", None) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", Some(_)) => "delete",
            ("DELETE", None) => "deletecollection",
            _ => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        let target = Target::parse("/api/v1/namespaces/kube-system/pods/a%2Db/log").expect("a target");
        assert_eq!(
            (target.namespace.as_deref(), target.name.as_deref(), target.resource()),
            (Some("kube-system"), Some("a-b"), "pods/log".into())
        );
        let target = Target::parse("/api/v1/namespaces/kube-system").expect("a target");
        assert_eq!((target.plural.as_str(), target.name.as_deref(), target.namespace), ("namespaces", Some("kube-system"), None));
        assert_eq!(Target::parse("/apis/apps/v1"), None);
    }

    #[test]
    fn a_query_keeps_repeated_keys_and_odd_escapes() {
        let query = Query::parse("command=sh&command=-c&command=a%20b+c&x=%zz&y=%2");
        assert_eq!(query.all("command").collect::<Vec<_>>(), ["sh", "-c", "a b c"]);
        assert_eq!((query.get("x"), query.get("y")), (Some("%zz"), Some("%2")));
    }
}
