//! What the user may do, asked before anything is begun.

use futures::future::join_all;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::RequestError;
use super::request::Api;
use crate::permissions::request::PermissionAnswer;
use crate::permissions::request::{ApiRequest, Resource, SELF_SUBJECT_ACCESS_REVIEWS, SELF_SUBJECT_REVIEWS};

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

#[derive(Deserialize)]
struct Myself {
    #[serde(default)]
    status: MyselfStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MyselfStatus {
    #[serde(default)]
    user_info: UserInfo,
}

#[derive(Default, Deserialize)]
struct UserInfo {
    #[serde(default)]
    username: String,
}

pub async fn ask(api: &Api, all: &[ApiRequest]) -> Result<Vec<PermissionAnswer>, RequestError> {
    join_all(all.iter().map(|asked| one(api, asked))).await.into_iter().collect()
}

/// As the API server knows the user; `None` where it is too old to say so.
pub async fn who_am_i(api: &Api) -> Result<Option<String>, RequestError> {
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    match create::<Myself>(api, &SELF_SUBJECT_REVIEWS, &body).await {
        Ok(myself) => Ok(Some(myself.status.user_info.username).filter(|name| !name.is_empty())),
        // Before Kubernetes 1.28 there is no such kind, and whoever may not ask it can still be told everything else.
        Err(error) if error.is_not_found() || matches!(error, RequestError::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn one(api: &Api, wanted: &ApiRequest) -> Result<PermissionAnswer, RequestError> {
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
    let review: Review = create(api, &SELF_SUBJECT_ACCESS_REVIEWS, &body).await?;
    Ok(PermissionAnswer { what: wanted.to_string(), allowed: review.status.allowed })
}

async fn create<T: DeserializeOwned>(api: &Api, resource: &Resource, body: &Value) -> Result<T, RequestError> {
    api.review(&resource.path(None, None), body, &resource.asked("create", None, None)).await
}
