//! One question to the API: bounded in time and size, tried again when that can help. Only what changes nothing is ever repeated.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::{JoinHandle, JoinSet};

use super::buffers::{Buffer, Buffers};
use super::clock::ServerClock;
use super::connect::{Connection, Route};
use super::error::{RequestError, Unreachable};
use super::failure;
use super::pages::{self, Keep, Page, Whole};
use super::timeout::{Deadline, Timeouts};
use crate::limits::{MAX_BODY, MAX_LIST_BYTES, MAX_PAGES};
use crate::permissions::request::{ApiRequest, Resource};
use crate::text::json;

const PAGE: u32 = 500;
/// In all, the first try included.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Api {
    client: kube::Client,
    route: Arc<Route>,
    clock: Arc<ServerClock>,
    timeouts: Timeouts,
    deadline: Option<Deadline>,
    buffers: Buffers,
}

impl Api {
    pub fn new(connection: &Connection) -> Self {
        Self::with_deadline(connection, None)
    }

    /// No request outlasts the deadline, and none is begun after it.
    pub fn with_deadline(connection: &Connection, deadline: Option<Deadline>) -> Self {
        Self {
            deadline,
            client: connection.client.clone(),
            route: connection.route.clone(),
            clock: connection.clock.clone(),
            timeouts: connection.timeouts,
            buffers: Buffers::default(),
        }
    }

    pub(super) fn client(&self) -> &kube::Client {
        &self.client
    }

    /// The API server's time.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// One object, or any other answer that is JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, asked: &ApiRequest) -> Result<T, RequestError> {
        let body = self.read(path, asked, self.timeouts.get, MAX_BODY).await?;
        decode(&body, asked)
    }

    /// An answer that is text, of at most `most` bytes.
    pub async fn text(&self, path: &str, asked: &ApiRequest, most: usize) -> Result<String, RequestError> {
        let body = self.read(path, asked, self.timeouts.list, most).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// An answer chunk by chunk, cut after `most` bytes; the time limit is on the wait for each chunk. Returns its length.
    pub async fn stream(
        &self,
        path: &str,
        asked: &ApiRequest,
        most: u64,
        take: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<u64, RequestError> {
        let limit = self.timeouts.list;
        let timed_out = || RequestError::TimedOut { asked: Box::new(asked.clone()), limit };
        let mut pause = FIRST_PAUSE;
        let mut left = ATTEMPTS;
        // Only what has not begun to come can be asked for again.
        let mut body = loop {
            left -= 1;
            match with_timeout(limit, self.answer(path, asked)).await.ok_or_else(timed_out)? {
                Ok(body) => break body,
                Err((error, _)) if left == 0 || !is_retryable(&error) => return Err(error),
                Err((_, wait)) => tokio::time::sleep(wait.unwrap_or(pause).min(LONGEST_PAUSE)).await,
            }
            pause *= 2;
        };
        let mut length = 0;
        while let Some(frame) = with_timeout(limit, body.frame()).await.ok_or_else(timed_out)? {
            let frame = frame.map_err(|error| failure::transport_error(&error, asked, &self.route))?;
            if let Some(chunk) = frame.data_ref() {
                // The server was asked for no more than this, and need not heed it.
                let room = usize::try_from(most.saturating_sub(length)).unwrap_or(usize::MAX);
                let chunk = chunk.get(..chunk.len().min(room)).unwrap_or_default();
                take(chunk);
                length += chunk.len() as u64;
                if length >= most {
                    break;
                }
            }
        }
        Ok(length)
    }

    /// The body of an answer that is no error.
    async fn answer(&self, path: &str, asked: &ApiRequest) -> Result<kube::client::Body, (RequestError, Option<Duration>)> {
        let unreadable = |error: http::Error| (RequestError::Unreadable { asked: Box::new(asked.clone()), why: error.to_string() }, None);
        let request =
            Request::get(path).header(header::ACCEPT, "application/json, */*").body(kube::client::Body::empty()).map_err(unreadable)?;
        let response = self.client.send(request).await.map_err(|error| (failure::transport_error(&error, asked, &self.route), None))?;
        self.clock.observe(response.headers(), jiff::Timestamp::now());
        let (status, wait) = (response.status(), retry_after(response.headers()));
        if status.is_success() {
            return Ok(response.into_body());
        }
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Err((failure::http_error(status.as_u16(), &body, asked, &self.route), wait))
    }

    /// A whole list, page by page: `keep` cuts each object down, or drops it, as soon as it is parsed.
    pub async fn list<T: DeserializeOwned + 'static, R: Send + 'static>(
        &self,
        kind: &Resource,
        query: &Query<'_>,
        keep: impl Fn(T) -> Option<R> + Clone + Send + 'static,
    ) -> Result<Vec<R>, RequestError> {
        self.list_by(kind, query, Whole::then(keep)).await
    }

    /// As `list`, with objects that are not parsed whole.
    pub(super) async fn list_by<K: Keep>(&self, kind: &Resource, query: &Query<'_>, keep: K) -> Result<Vec<K::Kept>, RequestError> {
        let asked = kind.list(query.namespace);
        let base = kind.path(query.namespace, None);
        // A list that changes too much to go on in it is read once more from the start, then in one piece.
        for limit in [PAGE, PAGE] {
            match self.pages(&base, query, limit, &asked, &keep).await {
                Err(error) if error.is_gone() => {}
                other => return other,
            }
        }
        self.pages(&base, query, 0, &asked, &keep).await
    }

    async fn pages<K: Keep>(
        &self,
        base: &str,
        query: &Query<'_>,
        limit: u32,
        asked: &ApiRequest,
        keep: &K,
    ) -> Result<Vec<K::Kept>, RequestError> {
        let endless = |why: String| RequestError::Unreadable { asked: Box::new(asked.clone()), why };
        let parsed = async |parser: JoinHandle<Result<Page<K::Kept>, serde_json::Error>>| match parser.await {
            Ok(page) => page.map_err(|error| endless(error.to_string())),
            Err(error) => Err(endless(error.to_string())),
        };
        let mut all = Vec::new();
        let mut token = String::new();
        let mut bytes = 0;
        let mut coming = self.fetch(query.path(base, limit, &token), asked);
        // The page before, while it is parsed: `token` stands at its beginning.
        let mut before: Option<JoinHandle<_>> = None;
        for seen in 1..=MAX_PAGES {
            let body = coming.body().await.unwrap_or_else(|why| Err(endless(why)))?;
            bytes += body.len();
            if bytes > MAX_LIST_BYTES {
                return Err(endless(format!("the list is larger than {} MiB", MAX_LIST_BYTES >> 20)));
            }
            let is_last = seen >= query.most_pages.and_then(|most| usize::try_from(most).ok()).unwrap_or(MAX_PAGES);
            // The next page is on its way while this one is parsed.
            let early = pages::early_token(&body).filter(|next| !is_last && *next != token);
            let ahead = early.map(|next| (self.fetch(query.path(base, limit, &next), asked), next));
            let keep = keep.clone();
            let parser = tokio::task::spawn_blocking(move || pages::read(&body, keep));
            // Two pages of a list are parsed at once, and no more: each is held whole.
            if let Some(parser) = before.take() {
                let page = parsed(parser).await?;
                if page.next != token {
                    return Err(endless("a page gives two continue tokens".to_owned()));
                }
                all.extend(page.objects);
            }
            if let Some((ahead, next)) = ahead {
                before = Some(parser);
                (coming, token) = (ahead, next);
                continue;
            }
            let Page { objects, next } = parsed(parser).await?;
            all.extend(objects);
            if next.is_empty() || query.most_pages.is_some() && is_last {
                return Ok(all);
            }
            if next == token {
                return Err(endless("the server gave the same continue token twice, so the list would never end".to_owned()));
            }
            coming = self.fetch(query.path(base, limit, &next), asked);
            token = next;
        }
        Err(endless(format!("the list has more than {MAX_PAGES} pages")))
    }

    /// Begins to read a page on another thread.
    fn fetch(&self, path: String, asked: &ApiRequest) -> Coming {
        let (api, asked) = (self.clone(), asked.clone());
        let mut task = JoinSet::new();
        task.spawn(async move { api.read(&path, &asked, api.timeouts.list, MAX_BODY).await });
        Coming(task)
    }

    async fn read(&self, path: &str, asked: &ApiRequest, limit: Option<Duration>, most: usize) -> Result<Buffer, RequestError> {
        let request = || Request::get(path).header(header::ACCEPT, "application/json, */*").body(kube::client::Body::empty());
        self.ask(&request, asked, limit, most).await
    }

    /// A review: posted, answered, and not kept.
    pub(super) async fn review<T: DeserializeOwned>(&self, path: &str, question: &Value, asked: &ApiRequest) -> Result<T, RequestError> {
        let body = question.to_string().into_bytes();
        let request = || Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body.clone().into());
        decode(&self.ask(&request, asked, self.timeouts.get, MAX_BODY).await?, asked)
    }

    async fn ask(
        &self,
        request: &NewRequest<'_>,
        asked: &ApiRequest,
        limit: Option<Duration>,
        most: usize,
    ) -> Result<Buffer, RequestError> {
        let patiently = async {
            let mut pause = FIRST_PAUSE;
            for left in (0..ATTEMPTS).rev() {
                let (error, wait) = match with_timeout(limit, self.exchange(request(), asked, most)).await {
                    None => return Err(RequestError::TimedOut { asked: Box::new(asked.clone()), limit }),
                    Some(Ok(answer)) => return Ok(answer.body),
                    Some(Err(failed)) => failed,
                };
                if left == 0 || !is_retryable(&error) {
                    return Err(error);
                }
                tokio::time::sleep(wait.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                pause *= 2;
            }
            Err(RequestError::TimedOut { asked: Box::new(asked.clone()), limit })
        };
        match Deadline::bound(self.deadline, patiently).await {
            Some(answer) => answer,
            None => Err(self.past_deadline(asked)),
        }
    }

    fn past_deadline(&self, asked: &ApiRequest) -> RequestError {
        let limit = self.deadline.map(|deadline| deadline.limit).unwrap_or_default();
        RequestError::PastDeadline { asked: Box::new(asked.clone()), limit }
    }

    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// One request and its answer. With a refusal comes the pause that the server asks for.
    pub(super) async fn exchange(
        &self,
        request: http::Result<Request<kube::client::Body>>,
        asked: &ApiRequest,
        most: usize,
    ) -> Result<Answer, (RequestError, Option<Duration>)> {
        let unreadable = |why: String| (RequestError::Unreadable { asked: Box::new(asked.clone()), why }, None);
        let request = request.map_err(|error| unreadable(error.to_string()))?;
        let response = self.client.send(request).await.map_err(|error| (failure::transport_error(&error, asked, &self.route), None))?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.clock.observe(&headers, Timestamp::now());
        let mut limited = Limited::new(response.into_body(), most);
        let mut body = self.buffers.take(announced_length(&headers).min(most));
        while let Some(frame) = limited.frame().await {
            match frame {
                Ok(frame) => body.extend(frame.data_ref().map_or(&[], |data| data.as_ref())),
                Err(error) if error.is::<LengthLimitError>() => return Err(unreadable(format!("it is larger than {most} bytes"))),
                Err(error) => {
                    let error = error.downcast::<kube::Error>().map_or_else(kube::Error::Service, |error| *error);
                    return Err((failure::transport_error(&error, asked, &self.route), None));
                }
            }
        }
        if status.is_success() {
            Ok(Answer { headers, body })
        } else {
            Err((failure::http_error(status.as_u16(), &body, asked, &self.route), retry_after(&headers)))
        }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }
}

/// Made for each try: a body is used up by sending it.
type NewRequest<'a> = dyn Fn() -> http::Result<Request<kube::client::Body>> + Sync + 'a;

pub(super) struct Answer {
    pub headers: HeaderMap,
    pub body: Buffer,
}

/// Which part of a collection, always the newest: with `resourceVersion=0` a server may answer from a cache that lags, where a fault of
/// this minute is not seen yet, and ignores `limit`, so that all objects come in one answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    pub namespace: Option<&'a str>,
    pub label_selector: Option<&'a str>,
    pub field_selector: Option<&'a str>,
    /// The list may be longer than anyone needs.
    pub most_pages: Option<u32>,
}

impl Query<'_> {
    fn path(&self, base: &str, limit: u32, token: &str) -> String {
        let limit = if limit == 0 { String::new() } else { limit.to_string() };
        let pairs = [
            ("limit", limit.as_str()),
            ("labelSelector", self.label_selector.unwrap_or_default()),
            ("fieldSelector", self.field_selector.unwrap_or_default()),
            ("continue", token),
        ];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={}", crate::permissions::request::escaped(value))).collect();
        format!("{base}?{}", pairs.join("&"))
    }
}

/// A page on its way. It is no longer waited for when this is dropped.
struct Coming(JoinSet<Result<Buffer, RequestError>>);

impl Coming {
    async fn body(&mut self) -> Result<Result<Buffer, RequestError>, String> {
        match self.0.join_next().await {
            Some(Ok(read)) => Ok(read),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("it was read before".to_owned()),
        }
    }
}

/// What an answer says of its own length, believed up to 8 MiB.
fn announced_length(headers: &HeaderMap) -> usize {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    announced.unwrap_or(0).min(8 << 20)
}

pub(super) fn decode<T: DeserializeOwned>(body: &[u8], asked: &ApiRequest) -> Result<T, RequestError> {
    json::from_bytes(body).map_err(|error| RequestError::Unreadable { asked: Box::new(asked.clone()), why: error.to_string() })
}

pub(super) async fn with_timeout<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.ok(),
        None => Some(work.await),
    }
}

/// Too many requests, a server that restarts, a connection that broke: these pass. A refusal does not.
pub(super) fn is_retryable(error: &RequestError) -> bool {
    matches!(error, RequestError::Server { code: 429 | 503 | 504, .. } | RequestError::Unreachable { kind: Unreachable::Dropped, .. })
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
