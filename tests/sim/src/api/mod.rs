//! From a request to an answer: who asks, which fault strikes, which part of the API it is.

mod admission;
mod crd;
mod definition;
mod discovery;
mod eviction;
mod exec;
pub(crate) mod exec_sandbox;
mod list;
mod logs;
mod openapi;
mod patch;
mod path;
pub(crate) mod playback;
mod protobuf;
mod review;
mod select;
mod status;
mod table;
mod template;
mod watch;
mod write;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::api::exec_sandbox::Tools;
use crate::fault::Effect;
use crate::scenario::world::Cluster;
use crate::server::RecordedRequest;
use crate::store::Writer;
use crate::users::{Act, User};
pub use admission::{Denial, Review, Webhook};
pub use crd::Operator;
use path::{Query, Target};
use playback::Playback;
pub use status::Failure;

pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;
pub(crate) type Answer = Response<Body>;
type Outcome = Result<Answer, Failure>;

pub(crate) struct Api {
    pub world: Arc<Cluster>,
    pub tools: Tools,
    pub requests: Arc<Mutex<Vec<RecordedRequest>>>,
    pub playback: Option<Playback>,
    /// Asks the listener to go away for a while.
    pub away: tokio::sync::mpsc::UnboundedSender<std::time::Duration>,
}

fn answer(code: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = code;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.headers_mut().insert("Cache-Control", HeaderValue::from_static("no-cache, private"));
    answer.headers_mut().insert("Audit-Id", HeaderValue::from_static("00000000-0000-4000-8000-000000000000"));
    answer
}

fn json(code: StatusCode, value: &serde_json::Value) -> Answer {
    answer(code, "application/json", value.to_string())
}

impl Api {
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>, certified: bool) -> std::io::Result<Answer> {
        let user = self.user(&request, certified);
        let recorded = self.record(&request, user.as_ref().ok().map_or("", |user| user.name));
        let place = request.uri().path_and_query().map_or("", |place| place.as_str()).to_string();
        let target = Target::parse(request.uri().path());
        let verb =
            target.as_ref().map_or("get", |target| target.verb(request.method(), &Query::parse(request.uri().query().unwrap_or_default())));
        let effect = self.strike(recorded.user.as_str(), verb, &place).await;
        match &effect {
            Some(Effect::Hang) => return std::future::pending().await,
            Some(Effect::TooManyRequests { retry_after }) => {
                let mut refused = Failure::too_many_requests(*retry_after).answer();
                refused.headers_mut().insert("Retry-After", (*retry_after).into());
                return Ok(refused);
            }
            Some(Effect::Status(code)) => return Ok(Failure::planned(*code).answer()),
            Some(Effect::GoesAway(how_long)) => {
                let _ = self.away.send(*how_long);
                return std::future::pending().await;
            }
            Some(Effect::Before(hook)) => hook.call(recorded.clone()).await,
            Some(Effect::Lost(hook)) => {
                hook.call(recorded).await;
                return Err(broken());
            }
            Some(Effect::Forbidden) => {
                let (name, target) = (user.as_ref().map_or("", |user| user.name), target.unwrap_or_default());
                let (group, resource) = (target.group.as_str(), target.resource());
                let refused = Failure::forbidden(name, verb, group, &resource, target.namespace.as_deref(), target.name.as_deref());
                return Ok(refused.answer());
            }
            Some(Effect::EditedMeanwhile { kind, namespace, name, patch }) => {
                let other = Writer::new("somebody-else");
                let _ = self.world.store.edit_as(other, kind, namespace, name, |object| patch::merge(object, patch));
            }
            _ => {}
        }
        let playback = self.playback.as_ref().filter(|_| recorded.method == "GET");
        if let Some(answer) = playback.and_then(|playback| playback.answer(&recorded.user, &place)) {
            return Ok(answer);
        }
        let outcome = match user {
            Ok(user) => self.clone().route(request, user).await,
            Err(failure) => Err(failure),
        };
        let whole = outcome.unwrap_or_else(|failure| failure.answer());
        // A stream has no end to wait for.
        if let Some(playback) = playback.filter(|_| whole.status().is_success() && whole.body().size_hint().exact().is_some()) {
            return playback.record(&recorded.user, &place, whole).await;
        }
        let whole = self.dated(match effect {
            Some(Effect::After(hook)) => {
                hook.call(recorded).await;
                whole
            }
            Some(effect) => spoil(whole, &effect).await,
            None => whole,
        });
        Ok(whole)
    }

    /// With the cluster's own time, where it has one; hyper adds the machine's otherwise.
    fn dated(&self, mut answer: Answer) -> Answer {
        if let Some(skew) = self.world.clock_skew {
            let date = (self.world.store.now() + skew).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            if let Ok(date) = date.parse() {
                answer.headers_mut().insert(DATE, date);
            }
        }
        answer
    }

    /// Waits out every latency and says which other fault applies.
    async fn strike(&self, user: &str, verb: &str, place: &str) -> Option<Effect> {
        let mut found = None;
        for fault in &self.world.faults() {
            if !fault.means(user, verb, place) {
                continue;
            }
            if let Effect::Latency(wait) = fault.effect {
                if fault.strikes() {
                    tokio::time::sleep(wait).await;
                }
            } else if found.is_none() && fault.strikes() {
                found = Some(fault.effect.clone());
            }
        }
        found
    }

    fn record(&self, request: &Request<Incoming>, user: &str) -> RecordedRequest {
        let headers =
            request.headers().iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let record = RecordedRequest {
            method: request.method().to_string(),
            path: request.uri().path().into(),
            query: request.uri().query().unwrap_or_default().into(),
            headers: headers.collect(),
            user: user.into(),
        };
        if let Ok(mut requests) = self.requests.lock() {
            requests.push(record.clone());
        }
        record
    }

    fn user(&self, request: &Request<Incoming>, certified: bool) -> Result<User, Failure> {
        const ANONYMOUS: User = User { name: "system:anonymous", token: "", rules: &[] };
        let bearer = request.headers().get(AUTHORIZATION).map(|value| value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")));
        let user = match bearer {
            Some(token) => self
                .world
                .users
                .iter()
                .find(|user| !user.token.is_empty() && token == Some(user.token))
                .ok_or_else(Failure::unauthorized)?,
            None if certified => self.world.users.iter().find(|user| user.name == "certificate").unwrap_or(&ANONYMOUS),
            None => &ANONYMOUS,
        };
        let Some(wanted) = request.headers().get("Impersonate-User").and_then(|value| value.to_str().ok()) else { return Ok(user.clone()) };
        if !user.may(Act { verb: "impersonate", resource: "users", name: wanted, ..Act::default() }) {
            return Err(Failure::forbidden(user.name, "impersonate", "", "users", None, Some(wanted)));
        }
        // Nobody else exists: an unknown name has no rights.
        let known = self.world.users.iter().find(|user| user.name == wanted);
        Ok(known.cloned().unwrap_or(User { name: String::from(wanted).leak(), token: "", rules: &[] }))
    }

    async fn route(self: Arc<Self>, request: Request<Incoming>, user: User) -> Outcome {
        let path = request.uri().path().to_string();
        let query = Query::parse(request.uri().query().unwrap_or_default());
        if request.method() == Method::GET
            && let Some(found) = discovery::answer(&self.world, &path).or_else(|| openapi::answer(&self.world, &path))
        {
            return Ok(found);
        }
        let target = Target::parse(&path).ok_or_else(Failure::no_such_page)?;
        if target.group == "authorization.k8s.io" || target.group == "authentication.k8s.io" {
            return review::answer(&user, &target, request).await;
        }
        if request.method() == Method::GET
            && let Some(answer) = definition::answer(&self.world, &user, &target)
        {
            return answer;
        }
        let Some(kind) = target.kind().filter(|kind| self.world.store.serves(kind)) else { return Err(Failure::no_such_page()) };
        let verb = target.verb(request.method(), &query);
        let resource = target.resource();
        let act = Act {
            verb,
            group: &target.group,
            resource: &resource,
            namespace: target.namespace.as_deref().unwrap_or_default(),
            name: target.name.as_deref().unwrap_or_default(),
        };
        if !user.may(act) {
            let namespace = target.namespace.as_deref();
            return Err(Failure::forbidden(user.name, verb, &target.group, &resource, namespace, target.name.as_deref()));
        }
        match (verb, target.subresource.as_deref(), target.name.as_deref()) {
            ("list", None, None) => list::answer(&self.world, kind, &target, &query, request.headers()),
            ("get", None, Some(name)) => self.get(kind, &target, name, request.headers()),
            ("get", Some("status"), Some(name)) if kind.status => self.get(kind, &target, name, request.headers()),
            ("get", Some("log"), Some(name)) if kind.plural == "pods" => logs::answer(&self.world, &target, name, &query).await,
            ("get" | "create", Some("exec"), Some(name)) if kind.plural == "pods" => {
                // Since 1.35 a websocket exec, a GET, needs `create` too.
                if !user.may(Act { verb: "create", ..act }) {
                    return Err(Failure::forbidden(user.name, "create", "", "pods/exec", target.namespace.as_deref(), Some(name)));
                }
                let name = name.to_string();
                exec::answer(self, target, name, query, request).await
            }
            ("watch", None, name) => {
                // A watch of one object is a list's with that name selected.
                let name = name.map(Into::into);
                watch::answer(&self.world, kind, &target, name, &query, request.headers())
            }
            ("create", None, None) => write::Change::read(&self, kind, &target, &query, user.name, request).await?.create(),
            ("create", Some("eviction"), Some(name)) if kind.plural == "pods" => {
                write::Change::read(&self, kind, &target, &query, user.name, request).await?.evict(name)
            }
            ("update", None, Some(name)) => write::Change::read(&self, kind, &target, &query, user.name, request).await?.update(name),
            ("patch", None, Some(name)) => write::Change::read(&self, kind, &target, &query, user.name, request).await?.patch(name),
            ("update", Some("status"), Some(name)) if kind.status => {
                write::Change::read(&self, kind, &target, &query, user.name, request).await?.update(name)
            }
            ("patch", Some("status"), Some(name)) if kind.status => {
                write::Change::read(&self, kind, &target, &query, user.name, request).await?.patch(name)
            }
            ("delete", None, Some(name)) => write::Change::read(&self, kind, &target, &query, user.name, request).await?.delete(name),
            _ => Err(Failure::not_simulated(request.method(), verb, &kind.qualified())),
        }
    }

    fn get(&self, kind: &crate::kinds::Kind, target: &Target, name: &str, headers: &hyper::HeaderMap) -> Outcome {
        let namespace = target.namespace.as_deref().unwrap_or_default();
        let stored = self.world.store.get(kind, namespace, name).ok_or_else(|| Failure::not_found(kind, name))?;
        if table::wanted(headers) {
            return Ok(json(StatusCode::OK, &table::build(kind, &[stored], &self.world, None)));
        }
        Ok(answer(StatusCode::OK, "application/json", stored.whole(kind)))
    }
}

/// Breaks a whole answer.
async fn spoil(whole: Answer, effect: &Effect) -> Answer {
    let (mut head, body) = whole.into_parts();
    // A stream has no end to wait for.
    if body.size_hint().exact().is_none() {
        let (after, cleanly) = match effect {
            Effect::Cut { after, cleanly } => (*after, *cleanly),
            Effect::Reset | Effect::Truncated => (std::time::Duration::from_millis(20), *effect == Effect::Truncated),
            _ => return Response::from_parts(head, body),
        };
        return Response::from_parts(head, cut(body, after, cleanly));
    }
    let Ok(bytes) = body.collect().await.map(http_body_util::Collected::to_bytes) else { return Response::from_parts(head, empty()) };
    head.headers.remove("content-length");
    let half = bytes.slice(..bytes.len() / 2);
    let body = match effect {
        Effect::Reset => {
            // The pause lets the first half leave before the connection goes.
            let parts = futures::stream::iter([Ok(Frame::data(half)), Err(broken())]).then(|part| async {
                if part.is_err() {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                part
            });
            StreamBody::new(parts).boxed_unsync()
        }
        Effect::Truncated => Full::new(half).map_err(|never| match never {}).boxed_unsync(),
        Effect::Huge(size) => {
            let chunk = Bytes::from(vec![b' '; 64 * 1024]);
            let padding = futures::stream::iter(std::iter::repeat_n(chunk, size.div_ceil(64 * 1024)));
            // White space after `{` keeps the JSON valid.
            let start = bytes.slice(..bytes.len().min(1));
            let rest = bytes.slice(bytes.len().min(1)..);
            let all = futures::stream::iter([start]).chain(padding).chain(futures::stream::iter([rest]));
            StreamBody::new(all.map(|data| Ok(Frame::data(data)))).boxed_unsync()
        }
        _ => Full::new(bytes).map_err(|never| match never {}).boxed_unsync(),
    };
    Response::from_parts(head, body)
}

fn broken() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset by plan")
}

/// Passes a stream on until its time has come.
fn cut(body: Body, after: std::time::Duration, cleanly: bool) -> Body {
    let end = tokio::time::Instant::now() + after;
    let parts = futures::stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match tokio::time::timeout_at(end, body.frame()).await {
            Ok(Some(frame)) => Some((frame, Some(body))),
            Ok(None) => None,
            Err(_) if cleanly => None,
            Err(_) => Some((Err(broken()), None)),
        }
    });
    StreamBody::new(parts).boxed_unsync()
}

fn empty() -> Body {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()
}
