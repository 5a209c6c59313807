//! Requests that change something: POST, PUT, PATCH and DELETE.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};

use super::admission::{self, Review};
use super::crd::{prune, validate};
use super::patch::Form;
use super::path::{Query, Target};
use super::status::Failure;
use super::{Answer, Api, Outcome, answer, template};
use crate::kinds::Kind;
use crate::store::{Deletion, Stored, Writer};

const LARGEST: usize = 3 << 20;

/// One writing request, taken apart.
pub(super) struct Change<'a> {
    pub api: &'a Arc<Api>,
    pub kind: &'static Kind,
    pub target: &'a Target,
    pub query: &'a Query,
    user: &'static str,
    manager: String,
    content_type: String,
    body: Vec<u8>,
}

/// `fieldManager`, else what the user agent calls itself.
fn manager(query: &Query, headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = agent.split(['/', ' ']).next().filter(|name| !name.is_empty()).unwrap_or("unknown");
    query.get("fieldManager").unwrap_or(named).to_string()
}

impl<'a> Change<'a> {
    pub(super) async fn read(
        api: &'a Arc<Api>,
        kind: &'static Kind,
        target: &'a Target,
        query: &'a Query,
        user: &'static str,
        request: Request<Incoming>,
    ) -> Result<Self, Failure> {
        if query.get("dryRun").is_some_and(|value| value != "All") {
            return Err(Failure::bad_request("Invalid value: dryRun: only \"All\" is supported"));
        }
        let manager = manager(query, request.headers());
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
        let body = Limited::new(request.into_body(), LARGEST).collect().await.map_err(|error| Failure::bad_request(error.to_string()))?;
        Ok(Self { api, kind, target, query, user, manager, content_type, body: body.to_bytes().to_vec() })
    }

    pub(super) fn namespace(&self) -> &str {
        self.target.namespace.as_deref().unwrap_or_default()
    }

    fn writer(&self) -> Writer<'_> {
        Writer { manager: &self.manager, subresource: self.target.subresource.as_deref(), dry_run: self.is_dry_run(), applied: None }
    }

    pub(super) fn json(&self) -> Result<Value, Failure> {
        if self.content_type.contains("protobuf") {
            return Err(Failure::unsupported_media_type("application/json"));
        }
        serde_json::from_slice(&self.body).map_err(|error| Failure::bad_request(format!("error decoding: {error}")))
    }

    /// The object sent, of the kind and place that the path says.
    fn object(&self) -> Result<Value, Failure> {
        let mut object = self.json()?;
        let (kind, wanted) = (object["kind"].as_str().unwrap_or_default(), self.kind.kind);
        if !object.is_object() || (!kind.is_empty() && kind != wanted) {
            let message = format!("the API version in the data ({kind}) does not match the expected kind ({wanted})");
            return Err(Failure::bad_request(message));
        }
        object["kind"] = wanted.into();
        object["apiVersion"] = self.kind.api_version().into();
        if self.kind.namespaced {
            let sent = object["metadata"]["namespace"].as_str().unwrap_or_default();
            if !sent.is_empty() && sent != self.namespace() {
                return Err(Failure::bad_request("the namespace of the provided object does not match the namespace sent on the request"));
            }
            object["metadata"]["namespace"] = self.namespace().into();
        }
        Ok(object)
    }

    fn is_dry_run(&self) -> bool {
        self.query.get("dryRun").is_some()
    }

    fn review(&self, verb: &'static str, old: Option<&Value>, object: &mut Value, dry_run: bool) -> Result<(), Failure> {
        let webhooks = self.api.world.webhooks();
        admission::review(webhooks.iter().map(AsRef::as_ref), self.kind.kind, &mut Review { user: self.user, verb, dry_run, old, object })
    }

    /// Webhooks, defaults, pruning and validation; what the client should be warned of.
    fn admit(&self, old: Option<&Value>, object: &mut Value, patched: bool) -> Result<Vec<String>, Failure> {
        if self.target.subresource.is_some() {
            return Ok(Vec::new());
        }
        let verb = if old.is_none() {
            "create"
        } else if patched {
            "patch"
        } else {
            "update"
        };
        self.review(verb, old, object, self.is_dry_run())?;
        if !self.kind.custom {
            if old.is_none_or(|old| old["spec"] != object["spec"]) {
                template::set_defaults(self.kind, object);
                template::validate(self.kind, old, object)?;
            }
            return Ok(Vec::new());
        }
        let operator = self.api.world.operator;
        let sent = object.to_string();
        let unknown: Vec<String> =
            prune(self.kind, operator, object).into_iter().map(|field| format!("unknown field \"{field}\"")).collect();
        let checked = self.query.get("fieldValidation").unwrap_or("Warn");
        if checked == "Strict" && !unknown.is_empty() {
            let why = format!("strict decoding error: {}", unknown.join(", "));
            let kind = self.kind.kind;
            return Err(if patched {
                Failure::invalid_patch(&format!("Invalid value: {sent:?}: {why}"))
            } else {
                Failure::bad_request(format!("{kind} in version {:?} cannot be handled as a {kind}: {why}", self.kind.version))
            });
        }
        validate(self.kind, operator, object)?;
        Ok(if checked == "Ignore" { Vec::new() } else { unknown })
    }

    fn done(&self, code: StatusCode, stored: &Stored, warnings: &[String]) -> Answer {
        let mut done = answer(code, "application/json", stored.whole(self.kind));
        for warning in warnings {
            if let Ok(value) = format!("299 - {warning:?}").parse() {
                done.headers_mut().append("Warning", value);
            }
        }
        done
    }

    pub(super) fn create(&self) -> Outcome {
        let mut object = self.object()?;
        let warnings = self.admit(None, &mut object, false)?;
        let stored = self.api.world.store.create_stored(self.kind, object, self.writer())?;
        Ok(self.done(StatusCode::CREATED, &stored, &warnings))
    }

    pub(super) fn update(&self, name: &str) -> Outcome {
        let object = self.object()?;
        let versioned = object["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty());
        if self.kind.custom && !versioned {
            let message = "Invalid value: 0: must be specified for an update".to_string();
            return Err(Failure::invalid(self.kind, name, &[("metadata.resourceVersion", "FieldValueInvalid", message)]));
        }
        self.change(name, false, |_| Ok(object))
    }

    pub(super) fn patch(&self, name: &str) -> Outcome {
        let form = Form::of(self.kind, &self.content_type)?;
        let patch = self.json()?;
        self.change(name, true, |old| {
            let patched = form.apply(old, &patch)?;
            match template::mistyped(self.kind, &patched) {
                Some(wanted) => Err(Failure::invalid_patch(&format!("Invalid value: {:?}: {wanted}", form.shown(&patch)))),
                None => Ok(patched),
            }
        })
    }

    fn change(&self, name: &str, patched: bool, change: impl FnOnce(Value) -> Result<Value, Failure>) -> Outcome {
        let mut warnings = Vec::new();
        let stored = self.api.world.store.change(self.kind, self.namespace(), name, self.writer(), |old| {
            let mut object = change(old.clone())?;
            if object["metadata"]["name"].as_str() != Some(name) {
                let sent = object["metadata"]["name"].as_str().unwrap_or_default();
                let message = format!("the name of the object ({sent}) does not match the name on the URL ({name})");
                return Err(Failure::bad_request(message));
            }
            let sent = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
            if !sent.is_empty() && Some(sent) != old["metadata"]["resourceVersion"].as_str() {
                return Err(Failure::conflict(self.kind, name));
            }
            warnings = self.admit(Some(&old), &mut object, patched)?;
            Ok(object)
        })?;
        Ok(self.done(StatusCode::OK, &stored, &warnings))
    }

    /// What `DeleteOptions` ask, in the query or the body.
    fn deletion(&self) -> Result<Deletion, Failure> {
        let options = if self.body.is_empty() { Value::Null } else { self.json()? };
        let text = |value: &Value| value.as_str().map(Into::into);
        let grace = self.query.get("gracePeriodSeconds").and_then(|text| text.parse().ok());
        Ok(Deletion {
            grace: options["gracePeriodSeconds"].as_i64().or(grace),
            uid: text(&options["preconditions"]["uid"]),
            version: text(&options["preconditions"]["resourceVersion"]),
            dry_run: self.query.get("dryRun").is_some() || options["dryRun"].is_array(),
        })
    }

    pub(super) fn delete(&self, name: &str) -> Outcome {
        let how = self.deletion()?;
        if let Some(stored) = self.api.world.store.get(self.kind, self.namespace(), name) {
            self.review("delete", None, &mut stored.whole_value(self.kind), how.dry_run)?;
        }
        let (stored, gone) = self.api.world.store.delete_stored(self.kind, self.namespace(), name, &how)?;
        if !gone && !how.dry_run {
            self.end_later(name);
        }
        if self.kind.kind == "Pod" || !gone {
            return Ok(self.done(StatusCode::OK, &stored, &[]));
        }
        let details = match self.kind.group {
            "" => json!({"name": name, "kind": self.kind.plural, "uid": stored.value()["metadata"]["uid"]}),
            group => json!({"name": name, "group": group, "kind": self.kind.plural, "uid": stored.value()["metadata"]["uid"]}),
        };
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
        Ok(super::json(StatusCode::OK, &status))
    }

    /// Where no kubelet acts, the pod is gone a moment later all the same.
    pub(super) fn end_later(&self, name: &str) {
        if !self.api.world.is_unattended() {
            return;
        }
        let (api, kind, namespace, name) = (self.api.clone(), self.kind, self.namespace().to_string(), name.to_string());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let _ = api.world.store.delete_stored(kind, &namespace, &name, &Deletion::now());
        });
    }
}
