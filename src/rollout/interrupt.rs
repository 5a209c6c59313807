//! Counts SIGINT, SIGTERM and SIGHUP instead of exiting, so that a running rollout can be rolled back first.

use tokio::sync::watch;

#[derive(Clone)]
pub struct Interrupt(watch::Receiver<u32>);

impl Interrupt {
    /// Starts counting; from now on no signal ends the process.
    pub fn listen() -> Self {
        let (counter, seen) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let closed_terminal = signal().await;
                if counter.is_closed() {
                    break;
                }
                // A shell may send SIGHUP once more: it starts a rollback, and never aborts one.
                counter.send_modify(|count| *count = if closed_terminal { (*count).max(1) } else { *count + 1 });
            }
        });
        Self(seen)
    }

    pub fn signal_count(&self) -> u32 {
        *self.0.borrow()
    }

    /// Waits for a signal wait_for_more_than the first `after`.
    pub async fn wait_for_more_than(&self, after: u32) {
        let mut seen = self.0.clone();
        if seen.wait_for(|count| *count > after).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Waits for SIGINT, SIGTERM (a cancelled pipeline) or SIGHUP; `true` for SIGHUP (a closed terminal).
#[cfg(unix)]
async fn signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let (hangup, terminate) = (signal(SignalKind::hangup()), signal(SignalKind::terminate()));
    let (Ok(mut hangup), Ok(mut terminate)) = (hangup, terminate) else { return std::future::pending().await };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => false,
        Some(()) = hangup.recv() => true,
        Some(()) = terminate.recv() => false,
    }
}

#[cfg(not(unix))]
async fn signal() -> bool {
    match tokio::signal::ctrl_c().await {
        Ok(()) => false,
        Err(_) => std::future::pending().await,
    }
}
