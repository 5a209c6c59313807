//! A living cluster on a thread of its own, for whoever drives it from outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Pace;
use crate::scenario::world::Cluster;
use crate::simulation::Simulation;

/// How long a write of a user waits for controllers and kubelets, at most.
const ANSWERS: Duration = Duration::from_millis(5);

/// Advances the cluster until it is dropped.
pub struct BackgroundSimulation {
    live: Arc<Mutex<Simulation>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BackgroundSimulation {
    pub fn start(cluster: Arc<Cluster>, pace: f64) -> Self {
        let live = Simulation::new(cluster);
        let pace = Pace::new(live.now(), pace);
        let live = Arc::new(Mutex::new(live));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (live.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                let due = {
                    let mut live = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    live.advance(pace.now());
                    live.next_due()
                };
                let pause = due.map_or(ANSWERS, |due| pace.until(due));
                std::thread::sleep(pause.clamp(Duration::from_millis(1), ANSWERS));
            }
        });
        Self { live, stop, thread: Some(thread) }
    }

    /// Time stands still while this is held.
    pub fn hold(&self) -> MutexGuard<'_, Simulation> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Timestamp {
        self.hold().now()
    }
}

impl Drop for BackgroundSimulation {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the cluster stopped living");
        }
    }
}
