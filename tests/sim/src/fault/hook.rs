//! What a test does while a request is on its way: look, wait, or kill the client.

use std::fmt;
use std::io;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::server::RecordedRequest;

/// Called with the request that was struck; it may block, and the client waits for as long.
#[derive(Clone)]
pub struct Hook(Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl Hook {
    pub fn new(call: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }

    /// What it does, here and now.
    pub fn run(&self, request: &RecordedRequest) {
        (self.0)(request);
    }

    pub(crate) async fn call(&self, request: RecordedRequest) {
        let call = self.0.clone();
        let _ = tokio::task::spawn_blocking(move || call(&request)).await;
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

impl PartialEq for Hook {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Runs(u32),
    Gone,
}

/// A process that a fault may kill as `kill -9` does, at a request of its own.
#[derive(Clone, Default)]
pub struct Victim(Arc<(Mutex<State>, Condvar)>);

impl Victim {
    /// Kills the process, and waits until it is gone: nothing that is answered later reaches it.
    pub fn kill(&self) -> Hook {
        let victim = self.clone();
        Hook::new(move |_| {
            let (state, changed) = &*victim.0;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if let State::Runs(process) = *state {
                let _ = Command::new("kill").args(["-9", &process.to_string()]).status();
            }
            while matches!(*state, State::Runs(_)) {
                state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        })
    }

    /// Sends a signal (`INT`, `TERM`, `HUP`) and goes on at once.
    pub fn signal(&self, name: &'static str) -> Hook {
        let victim = self.clone();
        Hook::new(move |_| {
            if let State::Runs(process) = *victim.0.0.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
            }
        })
    }

    /// Runs the command to its end, killed or not; `status.code()` is `None` when it was killed.
    pub fn run(&self, command: &mut Command) -> io::Result<Output> {
        let child = {
            let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
            let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            *state = State::Runs(child.id());
            child
        };
        let output = child.wait_with_output();
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Gone;
        self.0.1.notify_all();
        output
    }
}
