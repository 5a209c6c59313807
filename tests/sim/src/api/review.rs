//! What a user may do, asked by that user.

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::path::Target;
use super::status::Failure;
use super::{Outcome, json, protobuf};
use crate::users::{Act, User};

const LARGEST: usize = 1 << 20;

pub(super) async fn answer(user: &User, target: &Target, request: Request<Incoming>) -> Outcome {
    let method = request.method().clone();
    if method != Method::POST || target.name.is_some() {
        return Err(Failure::not_simulated(&method, "this", &target.plural));
    }
    let body =
        Limited::new(request.into_body(), LARGEST).collect().await.map_err(|error| Failure::bad_request(error.to_string()))?.to_bytes();
    let asked = match protobuf::review(&body) {
        Some(review) => review,
        None => serde_json::from_slice(&body).map_err(|error| {
            Failure::bad_request(format!("the object provided is unrecognized (must be of type {}): {error}", target.plural))
        })?,
    };
    match target.plural.as_str() {
        "selfsubjectaccessreviews" => Ok(json(StatusCode::CREATED, &access(user, &asked))),
        "selfsubjectreviews" => {
            let status = json!({"userInfo": {"username": user.name, "groups": ["system:authenticated"]}});
            Ok(json(
                StatusCode::CREATED,
                &json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "status": status}),
            ))
        }
        other => Err(Failure::not_simulated(&method, "create", other)),
    }
}

fn access(user: &User, asked: &Value) -> Value {
    let attributes = &asked["spec"]["resourceAttributes"];
    let text = |key: &str| attributes[key].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_string(),
        subresource => format!("{}/{subresource}", text("resource")),
    };
    // Paths that are no resource: discovery is everybody's (system:discovery), the rest the administrator's.
    let allowed = match asked["spec"]["nonResourceAttributes"]["path"].as_str() {
        Some(path) => {
            ["/version", "/api", "/apis", "/healthz", "/livez", "/readyz"].contains(&path)
                || user.may(Act { verb: "get", group: "*", resource: "*", ..Act::default() })
        }
        None => user.may(Act {
            verb: text("verb"),
            group: text("group"),
            resource: &resource,
            namespace: text("namespace"),
            name: text("name"),
        }),
    };
    json!({
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": asked["spec"],
        "status": {"allowed": allowed},
    })
}
