//! One read of the API: bounded in time and size, tried again when that can help. Only reads are ever repeated.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};

use super::clock::ServerClock;
use super::connect::{Connection, Route};
use super::error::{RequestError, Unreachable};
use super::failure;
use super::timeout::{Deadline, Timeouts};
use crate::limits::{MAX_BODY, MAX_LIST_BYTES, MAX_PAGE_ITEMS, MAX_PAGES};
use crate::permissions::request::{ApiRequest, Resource};

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
            match with_timeout(limit, self.answer(path, asked, limit)).await.ok_or_else(timed_out)? {
                Ok(body) => break body,
                Err((error, _)) if left == 0 || !is_retryable(&error) => return Err(error),
                Err((_, wait)) => tokio::time::sleep(wait.unwrap_or(pause).min(LONGEST_PAUSE)).await,
            }
            pause *= 2;
        };
        let mut length = 0;
        while let Some(frame) = with_timeout(limit, body.frame()).await.ok_or_else(timed_out)? {
            let frame = frame.map_err(|error| failure::transport_error(&error, asked, limit, &self.route))?;
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
    async fn answer(
        &self,
        path: &str,
        asked: &ApiRequest,
        limit: Option<Duration>,
    ) -> Result<kube::client::Body, (RequestError, Option<Duration>)> {
        let unreadable = |error: http::Error| (RequestError::Unreadable { asked: Box::new(asked.clone()), why: error.to_string() }, None);
        let request =
            Request::get(path).header(header::ACCEPT, "application/json, */*").body(kube::client::Body::empty()).map_err(unreadable)?;
        let response =
            self.client.send(request).await.map_err(|error| (failure::transport_error(&error, asked, limit, &self.route), None))?;
        self.clock.observe(response.headers(), jiff::Timestamp::now());
        let (status, wait) = (response.status(), retry_after(response.headers()));
        if status.is_success() {
            return Ok(response.into_body());
        }
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Err((failure::http_error(status.as_u16(), &body, asked, &self.route), wait))
    }

    /// A whole list, page by page: `keep` cuts each object down, or drops it, before the next page is asked for.
    pub async fn list<T: DeserializeOwned, R>(
        &self,
        kind: &Resource,
        query: &Query<'_>,
        mut keep: impl FnMut(T) -> Option<R>,
    ) -> Result<Vec<R>, RequestError> {
        let asked = kind.list(query.namespace);
        let base = kind.path(query.namespace, None);
        // A list that changes too much to go on in it is read once more from the start, then in one piece.
        for limit in [PAGE, PAGE] {
            match self.pages(&base, query, limit, &asked, &mut keep).await {
                Err(error) if error.is_gone() => {}
                other => return other,
            }
        }
        self.pages(&base, query, 0, &asked, &mut keep).await
    }

    async fn pages<T: DeserializeOwned, R>(
        &self,
        base: &str,
        query: &Query<'_>,
        limit: u32,
        asked: &ApiRequest,
        keep: &mut impl FnMut(T) -> Option<R>,
    ) -> Result<Vec<R>, RequestError> {
        let endless = |why: String| RequestError::Unreadable { asked: Box::new(asked.clone()), why };
        let mut all = Vec::new();
        let mut token = String::new();
        let mut bytes = 0;
        for seen in 1..=MAX_PAGES {
            let body = self.read(&query.path(base, limit, &token), asked, self.timeouts.list, MAX_BODY).await?;
            bytes += body.len();
            if bytes > MAX_LIST_BYTES {
                return Err(endless(format!("the list is larger than {} MiB", MAX_LIST_BYTES >> 20)));
            }
            let page: Page<T> = decode(&body, asked)?;
            all.extend(page.items.0.into_iter().filter_map(&mut *keep));
            let next = page.metadata.r#continue.unwrap_or_default();
            if next.is_empty() || query.most_pages.is_some_and(|most| seen >= usize::try_from(most).unwrap_or(MAX_PAGES)) {
                return Ok(all);
            }
            if next == token {
                return Err(endless("the server gave the same continue token twice, so the list would never end".to_owned()));
            }
            token = next;
        }
        Err(endless(format!("the list has more than {MAX_PAGES} pages")))
    }

    async fn read(&self, path: &str, asked: &ApiRequest, limit: Option<Duration>, most: usize) -> Result<Vec<u8>, RequestError> {
        match Deadline::bound(self.deadline, self.read_patiently(path, asked, limit, most)).await {
            Some(read) => read,
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

    async fn read_patiently(&self, path: &str, asked: &ApiRequest, limit: Option<Duration>, most: usize) -> Result<Vec<u8>, RequestError> {
        let mut pause = FIRST_PAUSE;
        for left in (0..ATTEMPTS).rev() {
            let (error, wait) = match with_timeout(limit, self.once(path, asked, limit, most)).await {
                None => return Err(RequestError::TimedOut { asked: Box::new(asked.clone()), limit }),
                Some(Ok(body)) => return Ok(body),
                Some(Err(failed)) => failed,
            };
            if left == 0 || !is_retryable(&error) {
                return Err(error);
            }
            tokio::time::sleep(wait.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause *= 2;
        }
        Err(RequestError::TimedOut { asked: Box::new(asked.clone()), limit })
    }

    async fn once(
        &self,
        path: &str,
        asked: &ApiRequest,
        limit: Option<Duration>,
        most: usize,
    ) -> Result<Vec<u8>, (RequestError, Option<Duration>)> {
        let request = Request::get(path).header(header::ACCEPT, "application/json, */*").body(kube::client::Body::empty());
        self.exchange(request, asked, limit, most).await.map(|answer| answer.body)
    }

    /// One request and its answer. With a refusal comes the pause that the server asks for.
    pub(super) async fn exchange(
        &self,
        request: http::Result<Request<kube::client::Body>>,
        asked: &ApiRequest,
        limit: Option<Duration>,
        most: usize,
    ) -> Result<Answer, (RequestError, Option<Duration>)> {
        let unreadable = |why: String| (RequestError::Unreadable { asked: Box::new(asked.clone()), why }, None);
        let request = request.map_err(|error| unreadable(error.to_string()))?;
        let response =
            self.client.send(request).await.map_err(|error| (failure::transport_error(&error, asked, limit, &self.route), None))?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.clock.observe(&headers, Timestamp::now());
        let body = match Limited::new(response.into_body(), most).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(unreadable(format!("it is larger than {most} bytes"))),
            Err(error) => {
                let error = error.downcast::<kube::Error>().map_or_else(kube::Error::Service, |error| *error);
                return Err((failure::transport_error(&error, asked, limit, &self.route), None));
            }
        };
        if status.is_success() {
            Ok(Answer { headers, body: body.to_vec() })
        } else {
            Err((failure::http_error(status.as_u16(), &body, asked, &self.route), retry_after(&headers)))
        }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }
}

pub(super) struct Answer {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Which part of a collection.
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

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMeta,
    #[serde(default = "Items::default")]
    items: Items<T>,
}

/// A page's objects, counted while they are read. Go writes `null` for none.
struct Items<T>(Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counted<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Counted<T> {
            type Value = Items<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of objects")
            }

            fn visit_unit<E>(self) -> Result<Items<T>, E> {
                Ok(Items::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Items<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    if all.len() == MAX_PAGE_ITEMS {
                        return Err(A::Error::custom(format!("a page has more than {MAX_PAGE_ITEMS} objects")));
                    }
                    all.push(item);
                }
                Ok(Items(all))
            }
        }
        deserializer.deserialize_any(Counted(PhantomData))
    }
}

#[derive(Default, Deserialize)]
struct PageMeta {
    #[serde(default)]
    r#continue: Option<String>,
}

pub(super) fn decode<T: DeserializeOwned>(body: &[u8], asked: &ApiRequest) -> Result<T, RequestError> {
    serde_json::from_slice(body).map_err(|error| RequestError::Unreadable { asked: Box::new(asked.clone()), why: error.to_string() })
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
