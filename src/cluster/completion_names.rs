//! Names for completion: quick, few, kept for a moment, and silent about everything that goes wrong.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use http::{Request, header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::connect::{ProcessEnv, connect_from};
use super::kubeconfig;
use super::request::{Api, decode};
use crate::cli::connection::ConnectionFlags;
use crate::permissions::request::{NODES, Resource};
use crate::verb::Verb;

/// With the start of a credential plugin, which may have to ask somewhere too.
const LIMIT: Duration = Duration::from_secs(1);
/// A node that has just joined can be typed out.
const FRESH: Duration = Duration::from_secs(30);
/// A server that does not answer is not waited for at every press of the key.
const FRESH_FAILURE: Duration = Duration::from_secs(10);
/// More than anyone reads through.
const MOST: usize = 5000;
const MAX_BODY: usize = 16 << 20;
/// The names without the objects.
const NAMES_ONLY: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

const NAMESPACES: Resource = Resource { group: "", version: "v1", plural: "namespaces" };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nodes,
    Namespaces,
}

impl Kind {
    fn resource(self) -> &'static Resource {
        match self {
            Self::Nodes => &NODES,
            Self::Namespaces => &NAMESPACES,
        }
    }
}

/// What a kubeconfig knows; nothing is asked.
#[derive(Debug, Default)]
pub struct Known {
    pub contexts: Vec<String>,
    pub clusters: Vec<String>,
    pub users: Vec<String>,
}

pub fn known(flags: &ConnectionFlags, around: &ProcessEnv) -> Known {
    let Ok((config, _)) = kubeconfig::load(flags.kubeconfig.as_deref(), around.variable("KUBECONFIG"), around.home.as_deref()) else {
        return Known::default();
    };
    Known {
        contexts: config.contexts.into_iter().map(|named| named.name).collect(),
        clusters: config.clusters.into_iter().map(|named| named.name).collect(),
        users: config.auth_infos.into_iter().map(|named| named.name).collect(),
    }
}

/// From the cache in this folder, else from the cluster; the old ones, or none, where that does not answer.
pub async fn names(flags: &ConnectionFlags, kind: Kind, around: &ProcessEnv, folder: Option<&Path>) -> Vec<String> {
    let kept = folder.and_then(|folder| Some(Kept { path: folder.join(key(flags, kind, around)?) }));
    if let Some(names) = kept.as_ref().and_then(Kept::fresh) {
        return names;
    }
    let asked = tokio::time::timeout(LIMIT, ask(flags, kind, around)).await.ok().flatten();
    let failed = asked.is_none();
    let names = asked.or_else(|| kept.as_ref().and_then(Kept::old)).unwrap_or_default();
    if let Some(kept) = kept {
        kept.keep(&names, failed);
    }
    names
}

async fn ask(flags: &ConnectionFlags, kind: Kind, around: &ProcessEnv) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Object>,
    }
    #[derive(Deserialize)]
    struct Object {
        metadata: Meta,
    }
    #[derive(Deserialize)]
    struct Meta {
        name: String,
    }
    let connection = connect_from(flags, Verb::Completion, around).await.ok()?;
    let resource = kind.resource();
    let asked = resource.list(None);
    let path = format!("{}?limit={MOST}&resourceVersion=0", resource.path(None, None));
    let request = Request::get(path).header(header::ACCEPT, NAMES_ONLY).body(kube::client::Body::empty());
    let answer = Api::new(&connection).exchange(request, &asked, MAX_BODY).await.ok()?;
    let list: List = decode(&answer.body, &asked).ok()?;
    Some(list.items.into_iter().map(|object| object.metadata.name).filter(|name| is_name(name)).take(MOST).collect())
}

/// What Kubernetes allows; anything else would be typed into a shell.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}

/// One file for each server and user that may see other names.
fn key(flags: &ConnectionFlags, kind: Kind, around: &ProcessEnv) -> Option<String> {
    let chosen = kubeconfig::choose(flags, around).ok()?;
    let parts = [chosen.context, Some(chosen.server), flags.user.clone(), chosen.auth.impersonate];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_deref().unwrap_or("\0"));
        digest.update("\0");
    }
    let digest: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{}-{digest}", kind.resource().plural))
}

/// Names line by line; a failure is a file of its own beside it.
struct Kept {
    path: PathBuf,
}

impl Kept {
    fn fresh(&self) -> Option<Vec<String>> {
        if age(&self.path).is_some_and(|age| age < FRESH) || age(&self.failure()).is_some_and(|age| age < FRESH_FAILURE) {
            return Some(self.old().unwrap_or_default());
        }
        None
    }

    fn old(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(&self.path).ok()?;
        Some(text.lines().filter(|name| is_name(name)).map(str::to_owned).collect())
    }

    fn failure(&self) -> PathBuf {
        self.path.with_extension("failed")
    }

    /// Where it cannot be kept, it is asked for again next time.
    fn keep(&self, names: &[String], failed: bool) {
        let path = if failed { self.failure() } else { self.path.clone() };
        let text = if failed { String::new() } else { names.iter().map(|name| format!("{name}\n")).collect() };
        let _ = self.path.parent().map(|folder| -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.persist(path)?;
            Ok(())
        });
    }
}

/// A stamp from the future is no age.
fn age(path: &Path) -> Option<Duration> {
    SystemTime::now().duration_since(fs::metadata(path).ok()?.modified().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_shell_would_read_is_a_name() {
        for (name, expected) in
            [("node-1.example.org", true), ("a b", false), ("$(reboot)", false), ("", false), ("a\tb", false), ("a\u{1b}[2J", false)]
        {
            assert_eq!(is_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn what_was_kept_is_used_while_it_is_fresh_and_a_failure_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept { path: folder.path().join("deep").join("nodes-1") };
        assert_eq!(kept.fresh(), None);
        kept.keep(&["a".into(), "b".into()], false);
        assert_eq!(kept.fresh(), Some(vec!["a".into(), "b".into()]));
        let old = SystemTime::now() - FRESH * 2;
        fs::File::options().write(true).open(&kept.path).expect("opens").set_modified(old).expect("ages");
        assert_eq!(kept.fresh(), None);
        kept.keep(&[], true);
        assert_eq!(kept.fresh(), Some(vec!["a".into(), "b".into()]), "the old ones, and no question");
    }
}
