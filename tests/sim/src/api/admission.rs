//! Admission webhooks, as policy engines and injectors set them up: each is asked before a request's write is kept, in a dry run too.

use serde_json::Value;

use super::status::Failure;

/// What a webhook is asked about.
pub struct Review<'a> {
    pub user: &'a str,
    /// As RBAC names it: `create`, `update`, `patch`, `delete`.
    pub verb: &'static str,
    pub dry_run: bool,
    /// `None` of a creation.
    pub old: Option<&'a Value>,
    /// May be changed, but for a deletion, where it is the object that goes.
    pub object: &'a mut Value,
}

/// A refusal: 400 unless the webhook names another code, as policy engines do with 403.
#[derive(Clone, Debug)]
pub struct Denial {
    pub code: u16,
    pub message: String,
}

type Judge = Box<dyn Fn(&mut Review) -> Result<(), Denial> + Send + Sync>;

pub struct Webhook {
    name: &'static str,
    kind: &'static str,
    judge: Judge,
}

impl Webhook {
    pub fn new(name: &'static str, kind: &'static str, judge: impl Fn(&mut Review) -> Result<(), Denial> + Send + Sync + 'static) -> Self {
        Self { name, kind, judge: Box::new(judge) }
    }

    /// Refuses every write of the kind.
    pub fn denying(name: &'static str, kind: &'static str, code: u16, message: &'static str) -> Self {
        Self::new(name, kind, move |_| Err(Denial { code, message: message.into() }))
    }
}

/// Asks one webhook after the other; the first refusal counts (apiserver pkg/admission/plugin/webhook/errors/statuserror.go).
pub(super) fn review<'a>(webhooks: impl Iterator<Item = &'a Webhook>, kind: &str, review: &mut Review) -> Result<(), Failure> {
    for webhook in webhooks.filter(|webhook| webhook.kind == kind) {
        (webhook.judge)(review).map_err(|denial| {
            let message = format!("admission webhook {:?} denied the request: {}", webhook.name, denial.message);
            Failure::denied(denial.code.max(400), message)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn webhooks_change_refuse_and_are_asked_about_their_kind_alone() {
        let marks = Webhook::new("mark.example", "DaemonSet", |review| {
            review.object["metadata"]["labels"]["by"] = review.user.into();
            Ok(())
        });
        let denies = Webhook::denying("policy.example", "DaemonSet", 403, "no change on Fridays");
        let ask = |webhooks: &[&Webhook], kind: &str| {
            let mut object = json!({"metadata": {"labels": {}}});
            let mut about = Review { user: "admin", verb: "patch", dry_run: false, old: None, object: &mut object };
            let answer =
                review(webhooks.iter().copied(), kind, &mut about).map_err(|refusal| (refusal.code(), refusal.message().to_owned()));
            (answer, object["metadata"]["labels"]["by"] == "admin")
        };
        let refusal = "admission webhook \"policy.example\" denied the request: no change on Fridays";
        assert_eq!(ask(&[&marks, &denies], "DaemonSet"), (Err((403, refusal.to_owned())), true));
        assert_eq!(ask(&[&marks], "DaemonSet"), (Ok(()), true));
        assert_eq!(ask(&[&marks, &denies], "Pod"), (Ok(()), false));
    }
}
