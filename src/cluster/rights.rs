//! What the user may do, asked before anything is begun.

use futures::future::join_all;
use http::{Request, header};
use serde::Deserialize;
use serde_json::json;

use super::error::RequestError;
use super::request::{Api, MAX_BODY, decode, within};
use super::resource::{Asked, SELF_SUBJECT_ACCESS_REVIEWS};
use crate::plan::preflight::Right;

#[derive(Deserialize)]
struct Review {
    #[serde(default)]
    status: ReviewStatus,
}

#[derive(Default, Deserialize)]
struct ReviewStatus {
    #[serde(default)]
    allowed: bool,
}

pub async fn ask(api: &Api, all: &[Asked]) -> Result<Vec<Right>, RequestError> {
    join_all(all.iter().map(|asked| one(api, asked))).await.into_iter().collect()
}

async fn one(api: &Api, wanted: &Asked) -> Result<Right, RequestError> {
    let (resource, group) = wanted.resource.split_once('.').unwrap_or((&wanted.resource, ""));
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": wanted.verb, "group": group, "resource": resource, "subresource": subresource,
            "namespace": wanted.namespace.as_deref().unwrap_or_default(), "name": wanted.name.as_deref().unwrap_or_default(),
        }},
    });
    let asked = SELF_SUBJECT_ACCESS_REVIEWS.asked("create", None, None);
    let path = SELF_SUBJECT_ACCESS_REVIEWS.path(None, None);
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body.to_string().into_bytes().into());
    let limit = api.timeouts().get;
    let answer = within(limit, api.exchange(request, &asked, limit, MAX_BODY)).await;
    let answer = answer.ok_or_else(|| RequestError::TimedOut { asked: Box::new(asked.clone()), limit })?.map_err(|(error, _)| error)?;
    let review: Review = decode(&answer.body, &asked)?;
    Ok(Right { what: wanted.to_string(), allowed: review.status.allowed })
}
