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
                signal().await;
                if counter.is_closed() {
                    break;
                }
                counter.send_modify(|count| *count += 1);
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

/// SIGHUP (closed terminal) and SIGTERM (cancelled pipeline) mean the same as Ctrl-C.
#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (hangup, terminate) = (signal(SignalKind::hangup()), signal(SignalKind::terminate()));
    let (Ok(mut hangup), Ok(mut terminate)) = (hangup, terminate) else { return std::future::pending().await };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        Some(()) = hangup.recv() => {}
        Some(()) = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
