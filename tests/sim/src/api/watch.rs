//! Watches: what a selection holds now, if asked for, then every change of it, one JSON line each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::path::{Query, Target};
use super::select::{Fields, Labels};
use super::status::Failure;
use super::{Outcome, answer as respond, table};
use crate::kinds::Kind;
use crate::scenario::world::Cluster;
use crate::store::{Change, Feed, Stored, What};

/// A real server ends a watch after half an hour to an hour when the client sets no end.
const LONGEST: Duration = Duration::from_secs(1800);
/// Often enough to be seen in a test; a real server sends one a minute.
const BOOKMARK: Duration = Duration::from_secs(5);

struct Watch {
    world: Arc<Cluster>,
    kind: &'static Kind,
    namespace: Option<String>,
    labels: Labels,
    fields: Fields,
    table: bool,
    bookmarks: bool,
    feed: Option<Feed>,
    lines: VecDeque<Bytes>,
    end: Instant,
}

pub(super) fn answer(
    world: &Arc<Cluster>,
    kind: &'static Kind,
    target: &Target,
    name: Option<String>,
    query: &Query,
    headers: &HeaderMap,
) -> Outcome {
    let named = name.map(|name| format!("metadata.name={name}"));
    let selected = query.get("fieldSelector").map(Into::into);
    let fields = named.into_iter().chain(selected).collect::<Vec<String>>().join(",");
    let version = query.get("resourceVersion").unwrap_or("0");
    let version: u64 =
        version.parse().map_err(|_| Failure::bad_request(format!("Invalid value: {version:?}: invalid resource version")))?;
    let seconds = query.get("timeoutSeconds").and_then(|text| text.parse().ok()).map_or(LONGEST, Duration::from_secs);
    let mut watch = Watch {
        world: world.clone(),
        kind,
        namespace: target.namespace.clone(),
        labels: Labels::parse(query.get("labelSelector").unwrap_or_default())?,
        fields: Fields::parse(kind, &fields)?,
        table: table::wanted(headers),
        bookmarks: query.is_true("allowWatchBookmarks"),
        feed: None,
        lines: VecDeque::new(),
        end: Instant::now() + seconds,
    };
    watch.start(version, query.is_true("sendInitialEvents"));
    let lines = stream::unfold(watch, |mut watch| async move { watch.line().await.map(|line| (Ok(Frame::data(line)), watch)) });
    let mut streamed = respond(StatusCode::OK, "application/json", Bytes::new());
    *streamed.body_mut() = BodyExt::boxed_unsync(StreamBody::new(lines));
    Ok(streamed)
}

impl Watch {
    /// Without a version the state of now comes first, as events of things added.
    fn start(&mut self, version: u64, announced: bool) {
        let mut from = version;
        if version == 0 || announced {
            let (all, now) = self.world.store.snapshot(self.kind);
            from = now;
            self.lines = all.iter().filter(|stored| self.selects(stored)).map(|stored| self.event("ADDED", stored)).collect();
            if announced && self.bookmarks {
                self.lines.push_back(self.bookmark(from, true));
            }
        }
        match self.world.store.subscribe(from) {
            Ok(feed) => self.feed = Some(feed),
            Err(gone) => self.fail(&gone),
        }
    }

    fn selects(&self, stored: &Stored) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == stored.namespace)
            && self.labels.matches(stored)
            && self.fields.matches(stored)
    }

    fn event(&self, what: &str, stored: &Arc<Stored>) -> Bytes {
        let object = if self.table {
            table::build(self.kind, std::slice::from_ref(stored), &self.world, None)
        } else {
            stored.whole_value(self.kind)
        };
        line(what, &object)
    }

    fn bookmark(&self, version: u64, ends_the_start: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
        if ends_the_start {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        line("BOOKMARK", &json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata}))
    }

    /// The failure is an event, and the last one.
    fn fail(&mut self, failure: &Failure) {
        self.lines.push_back(line("ERROR", &failure.status()));
        self.feed = None;
    }

    fn take(&mut self, change: &Change) {
        if change.kind != self.kind {
            return;
        }
        // An object that enters or leaves the selection is added to it or deleted from it.
        let was = change.before.as_ref().is_some_and(|before| self.selects(before));
        let is = change.what != What::Deleted && self.selects(&change.object);
        let what = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return,
        };
        let line = self.event(what, &change.object);
        self.lines.push_back(line);
    }

    /// The next line; `None` at the end.
    async fn line(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            let feed = self.feed.as_mut()?;
            let pause = if self.bookmarks { BOOKMARK } else { LONGEST };
            let changes = tokio::select! {
                changes = feed.next() => changes,
                () = tokio::time::sleep_until(self.end) => return None,
                () = tokio::time::sleep(pause) => Ok(Vec::new()),
            };
            match changes {
                Ok(changes) if changes.is_empty() && self.bookmarks => {
                    // No further than what was sent, whatever has happened meanwhile.
                    let seen = feed.seen();
                    self.lines.push_back(self.bookmark(seen, false));
                }
                Ok(changes) => changes.iter().for_each(|change| self.take(change)),
                Err(gone) => self.fail(&gone),
            }
        }
    }
}

fn line(what: &str, object: &Value) -> Bytes {
    // `type` first, as the real one writes it.
    format!("{{\"type\":\"{what}\",\"object\":{object}}}\n").into()
}
