//! Faults by plan: which requests, how often, and what goes wrong.

mod hook;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

pub use hook::{Hook, Victim};

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Waits, then answers as always.
    Latency(Duration),
    /// 429 with `Retry-After` in seconds.
    TooManyRequests { retry_after: u32 },
    /// A Status of this code: 500, 503, …
    Status(u16),
    /// Half the true answer, then the connection is dropped.
    Reset,
    /// Half the true answer, cleanly ended.
    Truncated,
    /// No answer, for as long as the client waits.
    Hang,
    /// The true answer with this many bytes of padding added.
    Huge(usize),
    /// A watch or a followed log is cut after this long; without a word or with a proper end.
    Cut { after: Duration, cleanly: bool },
    /// 403, whatever the user's role says.
    Forbidden,
    /// Somebody else merges this into an object just before the request is looked at.
    EditedMeanwhile { kind: &'static str, namespace: String, name: String, patch: Value },
    /// The API server is gone for this long: connections break, new ones are refused.
    GoesAway(Duration),
    /// The hook runs before the request is looked at. A client that dies meanwhile may have it carried out or not.
    Before(Hook),
    /// The hook runs, then the connection breaks: the request is not carried out.
    Lost(Hook),
    /// The request is carried out, then the hook runs, then it is answered.
    After(Hook),
}

/// One planned fault. Latency adds up; of the others the first that matches wins.
#[derive(Debug)]
pub struct Fault {
    /// Part of the path with `*` for anything, query included.
    pattern: String,
    skip: AtomicU32,
    times: AtomicU32,
    /// Empty: every verb.
    verbs: &'static [&'static str],
    only_writes: bool,
    /// `None`: every user.
    user: Option<&'static str>,
    switch: Switch,
    pub effect: Effect,
}

/// Ends a fault that lasts.
#[derive(Clone, Debug, Default)]
pub struct Switch(Arc<AtomicBool>);

impl Switch {
    /// From now on the fault strikes nobody.
    pub fn off(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Fault {
    /// On every request whose path and query have `pattern` in them.
    pub fn always(pattern: &str, effect: Effect) -> Self {
        Self {
            pattern: pattern.into(),
            skip: 0.into(),
            times: u32::MAX.into(),
            verbs: &[],
            only_writes: false,
            user: None,
            switch: Switch::default(),
            effect,
        }
    }

    /// On the first `times` of them.
    pub fn times(pattern: &str, times: u32, effect: Effect) -> Self {
        Self { times: times.into(), ..Self::always(pattern, effect) }
    }

    /// On the `number`-th request of all, counted from 1, and on no other.
    pub fn nth(number: u32, effect: Effect) -> Self {
        Self::times("", 1, effect).after(number.saturating_sub(1))
    }

    /// On the `number`-th request that changes something: no dry run, review or exec.
    pub fn nth_write(number: u32, effect: Effect) -> Self {
        Self { only_writes: true, ..Self::nth(number, effect) }
    }

    /// Leaves the first `skip` alone.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip: skip.into(), ..self }
    }

    /// Only requests of these verbs, named as RBAC does: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    #[must_use]
    pub fn on(self, verbs: &'static [&'static str]) -> Self {
        Self { verbs, ..self }
    }

    /// Only requests of this user.
    #[must_use]
    pub fn of(self, user: &'static str) -> Self {
        Self { user: Some(user), ..self }
    }

    /// What ends it.
    pub fn switch(&self) -> Switch {
        self.switch.clone()
    }

    /// Whether it has struck as often as it was to.
    pub fn is_spent(&self) -> bool {
        self.times.load(Ordering::SeqCst) == 0
    }

    /// Whether the request is one of those meant; it counts for what is skipped.
    pub(crate) fn means(&self, user: &str, verb: &str, path_and_query: &str) -> bool {
        !self.switch.0.load(Ordering::SeqCst)
            && self.user.is_none_or(|wanted| wanted == user)
            && (self.verbs.is_empty() || self.verbs.contains(&verb))
            && (!self.only_writes || writes(verb, path_and_query))
            && contains(path_and_query, &self.pattern)
            && !take(&self.skip)
    }

    /// Whether it still has a strike left, which is spent.
    pub(crate) fn strikes(&self) -> bool {
        self.times.load(Ordering::SeqCst) == u32::MAX || take(&self.times)
    }
}

/// Whether such a request changes what is stored.
pub(crate) fn writes(verb: &str, path_and_query: &str) -> bool {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let asks =
        path.ends_with("/exec") || path.starts_with("/apis/authorization.k8s.io/") || path.starts_with("/apis/authentication.k8s.io/");
    !matches!(verb, "get" | "list" | "watch") && !asks && !query.split('&').any(|part| part.starts_with("dryRun=") && part.len() > 7)
}

fn take(counter: &AtomicU32) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

fn contains(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_only_what_it_names_and_only_so_often() {
        let fault = Fault::times("/pods/*/log", 2, Effect::Status(500)).after(1);
        let log = "/api/v1/namespaces/a/pods/b/log?container=c";
        let strikes = |fault: &Fault, verb: &str, path: &str| fault.means("admin", verb, path) && fault.strikes();
        let struck: Vec<bool> = [log, "/api/v1/pods", log, log, log].iter().map(|path| strikes(&fault, "get", path)).collect();
        assert_eq!(struck, [false, false, true, true, false]);
        assert!(fault.is_spent() && !Fault::times("/pods", 1, Effect::Forbidden).is_spent());
        let patches = Fault::always("/pods", Effect::Forbidden).on(&["patch"]);
        assert!(strikes(&patches, "patch", "/api/v1/pods") && !strikes(&patches, "list", "/api/v1/pods"));
        let second = Fault::nth_write(2, Effect::Forbidden);
        let requests = [
            ("get", "/api/v1/pods"),
            ("patch", "/apis/apps/v1/daemonsets/a?dryRun=All&fieldManager=b"),
            ("patch", "/apis/apps/v1/daemonsets/a?fieldManager=b"),
            ("create", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
            ("create", "/api/v1/namespaces/a/pods/b/exec?command=c"),
            ("delete", "/api/v1/namespaces/a/pods/b"),
            ("delete", "/api/v1/namespaces/a/pods/c"),
        ];
        let struck: Vec<_> = requests.iter().filter(|(verb, path)| strikes(&second, verb, path)).collect();
        assert_eq!(struck, [&("delete", "/api/v1/namespaces/a/pods/b")]);
    }

    #[test]
    fn a_fault_strikes_one_user_and_until_it_is_switched_off() {
        let fault = Fault::always("/pods", Effect::Status(503)).of("viewer");
        let struck = |user: &str| fault.means(user, "list", "/api/v1/pods") && fault.strikes();
        assert!(struck("viewer") && !struck("admin") && struck("viewer"));
        fault.switch().off();
        assert!(!struck("viewer"));
    }
}
