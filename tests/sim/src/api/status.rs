//! Failures as Kubernetes words them: a `Status` body, or plain text where the real one has plain text.

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Answer, answer};
use crate::kinds::{Kind, qualified};

/// A refusal: an API `Status`.
#[derive(Clone, Debug)]
pub struct Failure {
    code: u16,
    /// `None`: the answer is plain text, not a Status.
    reason: Option<&'static str>,
    message: String,
    details: Option<Value>,
    /// How a list can go on all the same.
    next: Option<String>,
    nosniff: bool,
}

fn details(name: Option<&str>, group: &str, kind: &str) -> Value {
    let mut map = Map::new();
    if let Some(name) = name {
        map.insert("name".into(), name.into());
    }
    if !group.is_empty() {
        map.insert("group".into(), group.into());
    }
    map.insert("kind".into(), kind.into());
    map.into()
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason: Some(reason), message: message.into(), details: None, next: None, nosniff: false }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// By an admission webhook.
    pub fn denied(code: u16, message: String) -> Self {
        Self::new(code, if code == 403 { "Forbidden" } else { "BadRequest" }, message)
    }

    /// `resource` carries the subresource.
    pub fn forbidden(user: &str, verb: &str, group: &str, resource: &str, namespace: Option<&str>, name: Option<&str>) -> Self {
        let plural = resource.split('/').next().unwrap_or_default();
        let name = name.filter(|_| verb != "list");
        let what = match name {
            Some(name) => format!("{} {name:?}", qualified(group, plural)),
            None => qualified(group, plural),
        };
        let scope = namespace.map_or_else(|| "at the cluster scope".to_string(), |namespace| format!("in the namespace {namespace:?}"));
        let message = format!("{what} is forbidden: User {user:?} cannot {verb} resource {resource:?} in API group {group:?} {scope}");
        Self { details: Some(details(name, group, plural)), nosniff: true, ..Self::new(403, "Forbidden", message) }
    }

    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.qualified());
        Self { details: Some(details(Some(name), kind.group, kind.plural)), ..Self::new(404, "NotFound", message) }
    }

    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.qualified());
        Self { details: Some(details(Some(name), kind.group, kind.plural)), ..Self::new(409, "AlreadyExists", message) }
    }

    fn not_fulfilled(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.qualified());
        Self { details: Some(details(Some(name), kind.group, kind.plural)), ..Self::new(409, "Conflict", message) }
    }

    pub fn conflict(kind: &Kind, name: &str) -> Self {
        Self::not_fulfilled(kind, name, "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// `what`: `UID` or `ResourceVersion`.
    pub fn precondition(kind: &Kind, name: &str, what: &str, wanted: &str, found: &str) -> Self {
        let why = format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}");
        Self::not_fulfilled(kind, name, &why)
    }

    /// Each cause: the field, its reason, and the message without the field.
    pub fn invalid(kind: &Kind, name: &str, causes: &[(impl AsRef<str>, &str, String)]) -> Self {
        let all: Vec<String> = causes.iter().map(|(field, _, message)| format!("{}: {message}", field.as_ref())).collect();
        let all = if let [one] = all.as_slice() { one.clone() } else { format!("[{}]", all.join(", ")) };
        let qualified = if kind.group.is_empty() { kind.kind.to_string() } else { format!("{}.{}", kind.kind, kind.group) };
        let message = format!("{qualified} {name:?} is invalid: {all}");
        let mut details = details(Some(name), kind.group, kind.kind);
        let cause = |(field, reason, message): &(_, &str, String)| {
            let field: &dyn AsRef<str> = field;
            json!({"reason": reason, "message": message, "field": field.as_ref()})
        };
        details["causes"] = causes.iter().map(cause).collect();
        Self { details: Some(details), ..Self::new(422, "Invalid", message) }
    }

    /// A patch refused by strict validation: the real one leaves name and kind empty.
    pub fn invalid_patch(message: &str) -> Self {
        let details = json!({"causes": [{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]});
        Self { details: Some(details), ..Self::new(422, "Invalid", format!(" \"\" is invalid: patch: {message}")) }
    }

    /// A patch that cannot be applied: all the real one says of a failed `test`.
    pub fn unprocessable() -> Self {
        Self { details: Some(json!({})), ..Self::new(422, "Invalid", "the server rejected our request due to an error in our request") }
    }

    pub fn unsupported_media_type(accepted: &str) -> Self {
        let message = format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// The HTTP code.
    pub fn code(&self) -> u16 {
        self.code
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn no_such_page() -> Self {
        Self { code: 404, reason: None, message: "404 page not found\n".into(), details: None, next: None, nosniff: true }
    }

    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub fn continued(self, next: String) -> Self {
        Self { next: Some(next), ..self }
    }

    pub fn too_many_requests(seconds: u32) -> Self {
        let details = json!({"retryAfterSeconds": seconds});
        Self { details: Some(details), ..Self::new(429, "TooManyRequests", "too many requests, please try again later") }
    }

    /// An eviction that a disruption budget does not allow.
    pub fn over_budget(budget: &str, needed: usize, healthy: usize) -> Self {
        let why = format!("The disruption budget {budget} needs {needed} healthy pods and has {healthy} currently");
        let details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
        let message = "Cannot evict pod as it would violate the pod's disruption budget.";
        Self { details: Some(details), ..Self::new(429, "TooManyRequests", message) }
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalError", message)
    }

    /// What a kubelet answers itself is passed on as plain text.
    pub fn of_kubelet(message: impl Into<String>) -> Self {
        Self { code: 500, reason: None, message: message.into(), details: None, next: None, nosniff: true }
    }

    /// The kubelet could not be reached: a Status without a reason.
    pub fn proxied(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    pub fn planned(code: u16) -> Self {
        match code {
            500 => Self::internal("Internal error occurred: fault by plan"),
            503 => Self::new(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => Self::new(504, "Timeout", "request did not complete within the allotted timeout"),
            code => Self::new(code, "", "fault by plan"),
        }
    }

    /// What this server cannot do, said as such.
    pub fn not_simulated(method: &Method, verb: &str, resource: &str) -> Self {
        Self::new(405, "MethodNotAllowed", format!("the simulated API server does not support {verb} ({method}) on {resource}"))
    }

    /// The `Status` object.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if let Some(reason) = self.reason.filter(|reason| !reason.is_empty()) {
            status["reason"] = reason.into();
        }
        if let Some(next) = &self.next {
            status["metadata"]["continue"] = next.as_str().into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status
    }

    pub(crate) fn answer(self) -> Answer {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut refused = match self.reason {
            None => answer(code, "text/plain; charset=utf-8", self.message),
            Some(_) => super::json(code, &self.status()),
        };
        if self.nosniff {
            refused.headers_mut().insert("X-Content-Type-Options", hyper::header::HeaderValue::from_static("nosniff"));
        }
        refused
    }
}
