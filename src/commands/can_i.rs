//! `can-i`: asks for every permission that the commands use, and shows the answers.

use std::collections::BTreeSet;
use std::io::Write;

use crate::calico::flavour::flavour;
use crate::calico::owner::{Owner, owners};
use crate::cli::can_i::CanIArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cli::output::PageFormat;
use crate::cluster::discover::{DiscoverError, NAMESPACES, discover};
use crate::cluster::request::Api;
use crate::cluster::{GatherError, ReadOptions, RequestError, connect, permissions};
use crate::exit::{Failure, Outcome};
use crate::permissions::report::{Answered, PermissionQuery, Report, judge};
use crate::permissions::role::Manifest;
use crate::permissions::table::{InstallFacts, PERMISSIONS, Permission};
use crate::render::style::Style;
use crate::render::{self, data};
use crate::snapshot::objects::DaemonSet;
use crate::verb::Verb;

use crate::streams::Streams;

const VERB: Verb = Verb::CanI;

/// For `kubectl apply -f -`.
pub(super) fn manifest(arguments: &CanIArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let wanted: BTreeSet<Manifest> = arguments.manifest.iter().map(|name| Manifest::from(*name)).collect();
    let texts: Vec<&str> = wanted.into_iter().map(Manifest::text).collect();
    write!(streams.out, "{}", texts.join("---\n"))?;
    Ok(Outcome::Done)
}

pub(super) async fn run(flags: &ConnectionFlags, arguments: &CanIArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let api = Api::new(&connect(flags, VERB).await?);
    let around = around(&api, flags, arguments).await?;
    let named = &arguments.commands;
    let verbs: Vec<Verb> = Verb::JUDGED.into_iter().filter(|verb| named.is_empty() || named.contains(verb)).collect();
    let asked = PermissionQuery { verbs: &verbs, changes: !arguments.no_change, exec: !arguments.no_exec };
    let (user, answers) = futures::future::try_join(permissions::who_am_i(&api), answers(&api, &around, asked)).await?;
    print(&judge(&around, asked, &answers, user), arguments, streams)
}

async fn answers<'a>(api: &Api, around: &InstallFacts, asked: PermissionQuery<'_>) -> Result<Vec<Answered<'a>>, RequestError> {
    let needs: Vec<&Permission> = PERMISSIONS.iter().filter(|need| asked.covers(need, around)).collect();
    let wanted: Vec<_> = needs.iter().flat_map(|need| need.asked(around).into_iter().map(move |asked| (*need, asked))).collect();
    let told = permissions::ask(api, &wanted.iter().map(|(_, asked)| asked.clone()).collect::<Vec<_>>()).await?;
    let mut answers: Vec<Answered<'_>> = Vec::new();
    for ((need, _), right) in wanted.into_iter().zip(told) {
        match answers.last_mut().filter(|last| std::ptr::eq(last.need, need)) {
            Some(last) => last.allowed |= right.allowed,
            None => answers.push(Answered { need, right: right.what, allowed: right.allowed }),
        }
    }
    Ok(answers)
}

/// If the DaemonSet may not be read, permissions are checked in the namespace that most clusters use.
async fn around(api: &Api, flags: &ConnectionFlags, arguments: &CanIArgs) -> Result<InstallFacts, Failure> {
    let wanted = ReadOptions { namespace: flags.namespace.clone(), daemon_set: arguments.daemonset.clone(), ..ReadOptions::default() };
    match discover(api, &wanted).await {
        Ok(set) => Ok(of_set(&set)),
        Err(GatherError::Request(RequestError::Forbidden { .. }) | GatherError::Discover(DiscoverError::Hidden { .. })) => {
            let namespace = flags.namespace.clone().unwrap_or_else(|| NAMESPACES[0].to_owned());
            Ok(InstallFacts { namespace, ..InstallFacts::default() })
        }
        Err(error) => Err(error.into()),
    }
}

fn of_set(set: &DaemonSet) -> InstallFacts {
    let installation = owners(set, flavour(set, &[], &[]), &[]).into_iter().find_map(|owner| match owner {
        Owner::Installation { name } => Some(name),
        _ => None,
    });
    let meta = &set.metadata;
    InstallFacts { namespace: meta.namespace.clone().unwrap_or_default(), daemon_set: Some(meta.name.clone()), installation }
}

fn print(report: &Report, arguments: &CanIArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    match arguments.output {
        PageFormat::Json => data::json(report, &mut streams.out)?,
        PageFormat::Yaml => data::yaml(report, &mut streams.out)?,
        PageFormat::Table | PageFormat::Wide => {
            let wide = arguments.output == PageFormat::Wide;
            render::can_i::write(report, wide, &Style::of_stdout(arguments.color()), &mut streams.out)?;
        }
    }
    Ok(if report.is_all() { Outcome::Done } else { Outcome::Findings })
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Self::ReadFailed { message: error.to_string(), hint: error.hint() }
    }
}
