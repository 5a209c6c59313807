//! The annotation `projectcalico.org/Interfaces`, from 3.31.0: `[{"name":"eth0","addresses":["10.0.0.5"]}]`.

use std::net::IpAddr;

use serde::Deserialize;

pub const ANNOTATION: &str = "projectcalico.org/Interfaces";

/// Ascending by index, without those that the default exclusions hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    pub name: String,
    pub addresses: Vec<IpAddr>,
}

impl Annotated {
    /// `None` where it cannot be read, as when it was cut.
    pub fn parse(text: &str) -> Option<Vec<Self>> {
        #[derive(Deserialize)]
        struct Entry {
            name: String,
            #[serde(default)]
            addresses: Vec<String>,
        }
        let entries: Vec<Entry> = serde_json::from_str(text).ok()?;
        let read = |text: &String| text.split_once('/').map_or(text.as_str(), |(address, _)| address).parse().ok();
        let parsed =
            entries.into_iter().map(|entry| Self { name: entry.name, addresses: entry.addresses.iter().filter_map(read).collect() });
        Some(parsed.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_or_not_at_all() {
        let parsed =
            Annotated::parse(r#"[{"name":"eth0","addresses":["10.0.0.5","fd00::5"]},{"name":"eth1"},{"name":"x","addresses":["?"]}]"#);
        let names: Vec<(String, usize)> = parsed.expect("reads").into_iter().map(|one| (one.name, one.addresses.len())).collect();
        assert_eq!(names, [("eth0".to_owned(), 2), ("eth1".to_owned(), 0), ("x".to_owned(), 0)]);
        for text in ["", "{}", r#"[{"name":"eth0","addresses":["10.0.0.5"#, "[1]"] {
            assert_eq!(Annotated::parse(text), None, "{text}");
        }
    }
}
