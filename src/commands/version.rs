//! `version`: prints the versions of the plugin, the API server and Calico.

use std::io::Write;

use serde::Serialize;

use crate::calico::detect::RELEASES;
use crate::cli::VersionArgs;
use crate::cli::connection::ConnectionFlags;
use crate::cli::output::DataFormat;
use crate::cli::status::SourceArgs;
use crate::diagnosis::{Scope, diagnose};
use crate::exit::{Failure, Outcome};
use crate::render::data;
use crate::text;

use super::source;
use crate::streams::Streams;
use crate::verb::Verb;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client_version: Client,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calico_version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    version: &'static str,
    commit: &'static str,
    target: &'static str,
    /// The API that it was built with. Older and newer servers work as well.
    kubernetes_api: &'static str,
    /// Releases whose behaviour is known. A newer one is treated as the newest.
    calico_releases: Releases,
}

#[derive(Serialize)]
struct Releases {
    oldest: String,
    newest: String,
}

impl Default for Versions {
    fn default() -> Self {
        let client = Client {
            version: env!("CALICO_FIX_VERSION"),
            commit: env!("CALICO_FIX_COMMIT"),
            target: env!("CALICO_FIX_TARGET"),
            kubernetes_api: env!("CALICO_FIX_KUBERNETES"),
            calico_releases: Releases { oldest: RELEASES.0.to_string(), newest: RELEASES.1.to_string() },
        };
        Self { client_version: client, server_version: None, calico_version: None }
    }
}

pub(super) fn client(arguments: &VersionArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    print(&Versions::default(), arguments, streams)?;
    Ok(Outcome::Done)
}

/// As kubectl does, prints what is known even if the server does not answer.
pub(super) async fn run(flags: &ConnectionFlags, arguments: &VersionArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let wanted = SourceArgs { daemonset: arguments.daemonset.clone(), no_exec: true, max_concurrent: 1, ..SourceArgs::default() };
    let seen = source::read(flags, &wanted, &super::node_selection::NodeSelection::All, Verb::Version).await;
    let mut versions = Versions::default();
    if let Ok(snapshot) = &seen {
        let cluster = diagnose(snapshot, &Scope::default()).cluster;
        (versions.server_version, versions.calico_version) = (cluster.kubernetes_version, cluster.calico_version);
    }
    print(&versions, arguments, streams)?;
    seen?;
    Ok(if versions.calico_version.is_some() { Outcome::Done } else { Outcome::Inconclusive })
}

fn print(versions: &Versions, arguments: &VersionArgs, streams: &mut Streams) -> std::io::Result<()> {
    let out = &mut streams.out;
    match arguments.output {
        Some(DataFormat::Json) => return data::json(versions, out),
        Some(DataFormat::Yaml) => return data::yaml(versions, out),
        None => {}
    }
    let Client { version, commit, target, kubernetes_api, calico_releases } = &versions.client_version;
    writeln!(out, "Client Version: {version} ({commit}, {target})")?;
    writeln!(out, "Knows: Calico {} to {}, Kubernetes API {kubernetes_api}", calico_releases.oldest, calico_releases.newest)?;
    if arguments.client {
        return Ok(());
    }
    for (label, version) in [("Server", &versions.server_version), ("Calico", &versions.calico_version)] {
        writeln!(out, "{label} Version: {}", version.as_deref().map_or("?".into(), text::clean))?;
    }
    Ok(())
}
