//! Ctrl-C and its kin, while a change is under way: asked for, not obeyed at once, since what was begun must be put back.

use tokio::sync::watch;

#[derive(Clone)]
pub struct Interrupt(watch::Receiver<u32>);

impl Interrupt {
    /// From now on signals are counted and end nothing by themselves.
    pub fn listen() -> Self {
        let (count, seen) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                signal().await;
                if count.is_closed() {
                    break;
                }
                count.send_modify(|times| *times += 1);
            }
        });
        Self(seen)
    }

    pub fn times(&self) -> u32 {
        *self.0.borrow()
    }

    /// Waits for a signal beyond the first `after`.
    pub async fn beyond(&self, after: u32) {
        let mut seen = self.0.clone();
        if seen.wait_for(|times| *times > after).await.is_err() {
            std::future::pending().await
        }
    }
}

/// A closed terminal and a pipeline that is cancelled are meant as Ctrl-C is.
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
