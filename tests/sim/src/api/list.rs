//! Lists: selected, cut into pages, as objects or as a table.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::path::{Query, Target};
use super::select::{Fields, Labels};
use super::status::Failure;
use super::{Outcome, table};
use crate::kinds::Kind;
use crate::scenario::world::Cluster;
use crate::store::Stored;

const TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided \
token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and \
now may show up in the list.";

/// The page that was asked for.
pub(super) struct Page {
    pub next: Option<String>,
    pub remaining: Option<usize>,
    pub version: u64,
}

pub(super) fn answer(world: &Cluster, kind: &Kind, target: &Target, query: &Query, headers: &HeaderMap) -> Outcome {
    let labels = Labels::parse(query.get("labelSelector").unwrap_or_default())?;
    let fields = Fields::parse(kind, query.get("fieldSelector").unwrap_or_default())?;
    let selected = query.get("labelSelector").is_some() || query.get("fieldSelector").is_some();
    let limit = query.get("limit").map_or(Ok(0), |text| text.parse::<usize>().map_err(|_| Failure::bad_request("invalid limit")))?;
    // Later pages are of the same moment as the first.
    let (all, version, after) = match query.get("continue").map(start_of).transpose()? {
        Some((Some(version), after)) => match world.store.snapshot_at(kind, version) {
            Some(all) => (all, version, Some(after)),
            None => return Err(Failure::expired(TOO_OLD).continued(token(None, &after))),
        },
        Some((None, after)) => {
            let (all, version) = world.store.snapshot(kind);
            (all, version, Some(after))
        }
        None => {
            let (all, version) = world.store.snapshot(kind);
            (all, version, None)
        }
    };

    let namespace = target.namespace.as_deref();
    let mut items: Vec<Arc<Stored>> = all
        .into_iter()
        .filter(|stored| namespace.is_none_or(|namespace| stored.namespace == namespace))
        .filter(|stored| after.as_ref().is_none_or(|after| key(kind, stored) >= *after))
        .filter(|stored| labels.matches(stored) && fields.matches(stored))
        .collect();
    let mut page = Page { next: None, remaining: None, version };
    if limit > 0 && items.len() > limit {
        // With a selector the server does not know how many would match.
        page.remaining = (!selected).then(|| items.len() - limit);
        page.next = Some(token(Some(version), &format!("{}\0", key(kind, &items[limit - 1]))));
        items.truncate(limit);
    }
    if table::wanted(headers) {
        return Ok(super::json(StatusCode::OK, &table::build(kind, &items, world, Some(&page))));
    }
    Ok(super::answer(StatusCode::OK, "application/json", text(kind, &items, &page)))
}

fn text(kind: &Kind, items: &[Arc<Stored>], page: &Page) -> String {
    let mut text = String::with_capacity(items.iter().map(|stored| stored.json.len() + 1).sum::<usize>() + 256);
    text.push_str(&format!(
        r#"{{"kind":"{}List","apiVersion":"{}","metadata":{},"items":["#,
        kind.kind,
        kind.api_version(),
        metadata(kind, page)
    ));
    for (at, stored) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(std::str::from_utf8(&stored.json).unwrap_or("null"));
    }
    text.push_str("]}");
    text
}

pub(super) fn metadata(kind: &Kind, page: &Page) -> Value {
    let mut metadata = json!({"resourceVersion": page.version.to_string()});
    if let Some(next) = &page.next {
        metadata["continue"] = next.clone().into();
    } else if kind.custom {
        metadata["continue"] = "".into();
    }
    if let Some(remaining) = page.remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    metadata
}

fn key(kind: &Kind, stored: &Stored) -> String {
    if kind.namespaced { format!("/{}/{}", stored.namespace, stored.name) } else { format!("/{}", stored.name) }
}

/// As etcd's key range; without a version the rest is of whatever moment it is read in.
fn token(version: Option<u64>, start: &str) -> String {
    let rv = version.map_or(-1, u64::cast_signed);
    URL_SAFE_NO_PAD.encode(format!(r#"{{"v":"meta.k8s.io/v1","rv":{rv},"start":{}}}"#, Value::from(start)))
}

fn start_of(token: &str) -> Result<(Option<u64>, String), Failure> {
    let invalid = |why: String| Failure::bad_request(format!("continue key is not valid: {why}"));
    let bytes = URL_SAFE_NO_PAD.decode(token).or_else(|_| URL_SAFE.decode(token)).map_err(|error| invalid(error.to_string()))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    let start = value["start"].as_str().ok_or_else(|| invalid("no start".into()))?;
    Ok((value["rv"].as_u64(), start.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_one_a_real_server_gave() {
        let recorded = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NTM1LCJzdGFydCI6Ii9ub2RlLTFcdTAwMDAifQ";
        assert_eq!(start_of(recorded).expect("reads"), (Some(535), "/node-1\0".into()));
        assert_eq!(token(Some(535), "/node-1\0"), recorded);
        assert_eq!(start_of(&token(None, "/a/b")).expect("reads"), (None, "/a/b".into()));
        assert!(start_of("not a token").is_err());
    }
}
