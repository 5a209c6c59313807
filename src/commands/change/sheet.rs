//! A change on its way to a yes: shown, checked, asked about, and shown again where the object has changed.

use std::io::Write;

use super::prepare::{Prepared, prepare};
use super::{Carried, Setting, Told, carry_out, rights, show};
use crate::cluster::request::Api;
use crate::exit::{Failure, Outcome};
use crate::finding::Report;
use crate::plan::place::Place;
use crate::plan::preflight::{self, Blocker};
use crate::plan::wish::Wish;
use crate::prompt::{self, Answer};
use crate::render::change as page;
use crate::render::style::{Style, Tone};
use crate::text;

use crate::streams::Streams;

/// What stays the same from the first difference shown to the last.
pub struct Sheet<'a> {
    pub setting: &'a Setting<'a>,
    pub wish: &'a Wish,
    pub place: Place,
    pub api: Api,
    pub report: Report,
    pub heard: u32,
}

pub enum Again {
    Shown(Box<Prepared>),
    Done(Outcome),
}

/// A sick cluster writes the status of its DaemonSet all the time: as long as nothing else has changed that is no reason to ask again.
const STATUS_TRIES: u32 = 10;

impl Sheet<'_> {
    /// Before anything was sent a signal simply ends it.
    async fn interruptible<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            result = work => Ok(result),
            () = self.setting.interrupt.beyond(self.heard) => Err(Failure::Interrupted),
        }
    }

    pub async fn prepare(&self) -> Result<Option<Prepared>, Failure> {
        let arguments = self.setting.arguments;
        Ok(self.interruptible(prepare(&self.api, self.wish, &self.place, arguments.dry_run, &arguments.field_manager)).await??)
    }

    pub fn present(&self, shown: &Prepared, streams: &mut Streams) -> Result<(), Failure> {
        if self.setting.human {
            let style = Style::of_stdout(self.setting.color);
            writeln!(streams.out)?;
            show::diff(&self.place, shown, &style, &mut streams.out)?;
            writeln!(streams.out)?;
            match self.wish.is_lent() {
                true => page::lent(&shown.plan, &style, &mut streams.out)?,
                false => page::meaning(&shown.plan, &self.report, &style, &mut streams.out)?,
            }
            streams.out.flush()?;
        }
        for warning in &shown.warnings {
            writeln!(streams.err, "Warning: {}", text::clean(warning))?;
        }
        for note in self.setting.notes {
            writeln!(streams.err, "Warning: {}", text::clean(&note.warning))?;
            if let Some((form, snippet)) = note.snippet.as_ref().filter(|_| self.setting.human) {
                writeln!(streams.err, "  as --emit {} has it:", form.name())?;
                snippet.lines().try_for_each(|line| writeln!(streams.err, "    {}", text::clean(line)))?;
            }
        }
        Ok(())
    }

    pub async fn check(&self, shown: &Prepared, told: &mut Told, streams: &mut Streams) -> Result<(), Failure> {
        let snapshot = self.setting.snapshot;
        let rights = self.interruptible(rights::ask(&self.api, snapshot, self.wish, &self.place)).await?;
        let rights = rights.map_err(|error| Failure::NotApplied { message: error.to_string(), hint: error.hint() })?;
        if let Some(remark) = preflight::held_up(snapshot, self.wish) {
            writeln!(streams.err, "{}", Style::of_stderr(self.setting.color).paint(Tone::Doubtful, &text::clean(&remark)))?;
        }
        let mut found = preflight::blockers(snapshot, self.wish, &shown.object, &rights);
        found.extend_from_slice(self.setting.blockers);
        self.weigh(&found, told, streams)
    }

    /// What stands against it ends it, unless each such thing is overridden by name.
    pub fn weigh(&self, found: &[Blocker], told: &mut Told, streams: &mut Streams) -> Result<(), Failure> {
        let Setting { arguments, color, .. } = *self.setting;
        told.blockers = found.iter().map(|blocker| format!("{}: {}", blocker.code, blocker.message)).collect();
        let style = Style::of_stderr(color);
        let (word, tone) = if arguments.force { ("overridden", Tone::Doubtful) } else { ("blocked", Tone::Bad) };
        for blocker in found {
            writeln!(streams.err, "{}: {}", style.paint(tone, &format!("{word} ({})", blocker.code)), text::clean(&blocker.message))?;
        }
        if found.is_empty() || arguments.force {
            return Ok(());
        }
        Err(Failure::NotApplied {
            message: "error: nothing was changed".to_owned(),
            hint: Some("Mend what stands against it, or go on in spite of it with --force.".to_owned()),
        })
    }

    pub async fn asked(&self, streams: &mut Streams) -> Result<bool, Failure> {
        streams.flush()?;
        let terminal = |source| Failure::Files { what: "the terminal".to_owned(), source };
        let answer = self.interruptible(tokio::task::spawn_blocking(prompt::confirm)).await?;
        match answer.map_err(|error| terminal(std::io::Error::other(error)))?.map_err(terminal)? {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::Interrupted => Err(Failure::Interrupted),
            Answer::NoTerminal => Err(Failure::NotApplied {
                message: "nothing was changed: there is no terminal to ask at".to_owned(),
                hint: Some("Apply without asking with --yes, or look only with --dry-run=server.".to_owned()),
            }),
        }
    }

    /// The object had changed: what is there now is tried again where it reads the same, else shown, and asked about anew.
    pub async fn again(&self, shown: &Prepared, told: &mut Told, streams: &mut Streams) -> Result<Again, Failure> {
        for _ in 0..STATUS_TRIES {
            let Some(now) = self.prepare().await? else {
                writeln!(streams.err, "{} has this already: somebody else has made the change", self.place)?;
                return Ok(Again::Done(Outcome::Done));
            };
            if !show::reads_alike(shown, &now) {
                let message = format!("{} was changed by somebody else since it was shown", self.place);
                if self.setting.arguments.yes {
                    return Err(Failure::NotApplied {
                        message: format!("error: {message}; nothing was changed"),
                        hint: Some("Look at the new difference, and run it again.".to_owned()),
                    });
                }
                writeln!(streams.err, "{message}; this is the difference now:")?;
                return Ok(Again::Shown(Box::new(now)));
            }
            if let Carried::Done(outcome) = carry_out(self, &now, told, streams).await? {
                return Ok(Again::Done(outcome));
            }
        }
        Err(Failure::NotApplied {
            message: format!("error: {} changes faster than it can be patched; nothing was changed", self.place),
            hint: None,
        })
    }
}
