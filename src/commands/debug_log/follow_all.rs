//! Follows the logs of the new containers on every node with the raised level, and reports their starts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::follow_node::{FollowEvent, Followed, Node, StopMode};
use super::save::{Place, Saving};
use crate::cluster::Connection;
use crate::exit::Failure;
use crate::render::style::Tone;
use crate::rollout::{DuringChange, Rollout, RolloutError};
use crate::snapshot::Snapshot;
use crate::snapshot::objects::DaemonSet;
use crate::startup::log_source::LogSource;

pub(super) struct Follower<'a> {
    pub connection: &'a Connection,
    pub snapshot: &'a Snapshot,
    pub attempts: u16,
    pub timeout: Duration,
    savings: RefCell<BTreeMap<String, Saving>>,
    followed: RefCell<Vec<Followed>>,
}

impl<'a> Follower<'a> {
    /// Fails before anything is changed if the logs cannot be saved.
    pub(super) fn new(
        connection: &'a Connection,
        snapshot: &'a Snapshot,
        (attempts, timeout): (u16, Duration),
        place: &Place,
        nodes: &[String],
    ) -> Result<Self, Failure> {
        place.suits(nodes.len())?;
        let savings = nodes.iter().map(|node| Ok((node.clone(), place.begin(&format!("{node}.debug"))?)));
        let savings = RefCell::new(savings.collect::<Result<_, Failure>>()?);
        Ok(Self { connection, snapshot, attempts, timeout, savings, followed: RefCell::default() })
    }

    /// What has come, of however many nodes; their logs are kept.
    pub(super) fn finish(self, place: &Place) -> Result<Vec<Followed>, Failure> {
        let followed = self.followed.into_inner();
        for (node, saving) in self.savings.into_inner() {
            let of_it = |one: &&Followed| one.subject.node.as_ref() == Some(&node);
            let any = followed.iter().find(of_it).is_some_and(|one| !one.subject.logs.is_empty());
            place.end(saving, any)?;
        }
        Ok(followed)
    }

    async fn follow(&self, rollout: &mut Rollout<'_>, set: &DaemonSet) -> Result<(), RolloutError> {
        let (end, ending) = watch::channel(StopMode::Continue);
        let (say, mut news) = mpsc::unbounded_channel();
        let nodes: Vec<Node> =
            rollout.target_nodes().iter().map(|name| self.node(name, rollout, set, say.clone(), ending.clone())).collect();
        drop(say);
        let mut savings = self.savings.take();
        let mut work: FuturesUnordered<_> =
            savings.iter_mut().filter_map(|(name, saving)| Some(nodes.iter().find(|node| node.name == *name)?.follow(saving))).collect();
        let deadline = tokio::time::sleep(self.timeout);
        tokio::pin!(deadline);
        let mut result = Ok(());
        loop {
            let (interrupt, signals_handled) = rollout.signals();
            let ends = *end.borrow();
            tokio::select! {
                biased;
                () = interrupt.wait_for_more_than(signals_handled) => {
                    rollout.acknowledge_signals();
                    result = Err(RolloutError::Interrupted);
                    end.send_replace(StopMode::Now);
                }
                Some(told) = news.recv() => tell(rollout, told),
                done = work.next() => match done {
                    Some(Ok(one)) => self.followed.borrow_mut().push(one),
                    Some(Err(stop)) => {
                        result = Err(stop);
                        end.send_replace(StopMode::Now);
                    }
                    None => break,
                },
                () = &mut deadline, if ends == StopMode::Continue => {
                    let line = format!("not finished within {}s. The explanation covers the lines that have arrived", self.timeout.as_secs());
                    rollout.message(Tone::Doubtful, &line);
                    end.send_replace(StopMode::Drain);
                }
            }
        }
        drop(work);
        while let Ok(told) = news.try_recv() {
            tell(rollout, told);
        }
        self.savings.replace(savings);
        result
    }

    fn node<'n>(
        &'n self,
        name: &str,
        rollout: &Rollout<'_>,
        set: &'n DaemonSet,
        say: mpsc::UnboundedSender<FollowEvent>,
        ending: watch::Receiver<StopMode>,
    ) -> Node<'n> {
        Node {
            connection: self.connection,
            api: rollout.api(),
            set,
            name: name.to_owned(),
            old: rollout.old_pod(name).cloned(),
            source: LogSource::for_node(self.snapshot, name),
            attempts: self.attempts,
            say,
            ending,
        }
    }
}

fn tell(rollout: &mut Rollout<'_>, news: FollowEvent) {
    match news {
        FollowEvent::Waits(text) => rollout.waiting(&text),
        FollowEvent::Line(tone, text) => rollout.message(tone, &text),
    }
}

impl DuringChange for Follower<'_> {
    fn run<'a>(&'a self, rollout: &'a mut Rollout<'_>, set: &'a DaemonSet) -> LocalBoxFuture<'a, Result<(), RolloutError>> {
        Box::pin(self.follow(rollout, set))
    }
}
