//! What can be wrong with a file, and what to do then.

/// Each message names the file (as it was given, an archive's entry behind a colon) and what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("no file was given to read from")]
    Nothing,
    #[error("{file}: {}", crate::text::without_number(source))]
    Unreadable { file: String, source: std::io::Error },
    #[error("{file}: the file is empty")]
    Empty { file: String },
    #[error("{file}: larger than {limit} MiB")]
    TooLarge { file: String, limit: u64 },
    #[error("{file}: cannot be unpacked: {problem}")]
    Archive { file: String, problem: String },
    #[error("{file}: the file is packed with {with}, which cannot be read")]
    Packed { file: String, with: &'static str },
    #[error("{file}: cannot be parsed: {problem}")]
    Syntax { file: String, problem: String },
    #[error("{file}: unrecognized file format{}{}", looks_like.map(|name| format!("; it looks like {name}")).unwrap_or_default(), recognised(seen))]
    Unknown { file: String, looks_like: Option<&'static str>, seen: Vec<String> },
    #[error("{file}: a snapshot of version {found:?}; this program reads {expected:?}", expected = crate::snapshot::API_VERSION)]
    Version { file: String, found: String },
    #[error("{file}: a snapshot cannot be read together with other files")]
    NotAlone { file: String },
    #[error("{file}: node {node:?} occurs twice, with different content")]
    Contradiction { file: String, node: String },
    #[error("two DaemonSets could be Calico's: {}", names.join(", "))]
    Ambiguous { names: Vec<String> },
    #[error("the files hold no nodes, no DaemonSet and no pods of Calico{}", recognised(seen))]
    NoCluster { seen: Vec<String> },
}

/// What was recognised all the same, one line each.
fn recognised(seen: &[String]) -> String {
    const MOST: usize = 10;
    let lines: String = seen.iter().take(MOST).map(|line| format!("\n  {line}")).collect();
    let more = seen.len().saturating_sub(MOST);
    if more > 0 { format!("{lines}\n  and {more} more") } else { lines }
}

impl ImportError {
    /// What to type instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Empty { .. } | Self::Unknown { .. } => "Formats that can be read: a saved snapshot, kubectl get -o yaml|json, \
                 calicoctl cluster diags, and the output of kubectl, calicoctl, birdcl, ip and ifconfig. \
                 Create one with: kubectl calico-fix status --save FILE.json"
                .to_owned(),
            other => crate::text::capital(other.short_hint()),
        }
    }

    fn short_hint(&self) -> &'static str {
        match self {
            Self::Nothing => "give a file: --from FILE, or - for standard input",
            Self::Unreadable { .. } => "check the name and the permissions of the file",
            Self::Empty { .. } | Self::Unknown { .. } => "create one with: kubectl calico-fix status --save FILE.json",
            Self::TooLarge { .. } => {
                "save fewer objects: kubectl get nodes -o json > nodes.json, kubectl get pods,events,daemonsets -n kube-system -o json > rest.json"
            }
            Self::Packed { .. } => "unpack it, then give the folder: --from FOLDER",
            Self::Archive { .. } => "collect it again: calicoctl cluster diags",
            Self::Syntax { .. } => "create it again: the file looks truncated or edited",
            Self::Version { .. } => "read it with the release that wrote it, or save it again: kubectl calico-fix status --save FILE",
            Self::NotAlone { .. } => "give the snapshot alone: --from FILE",
            Self::Contradiction { .. } => "give files of one cluster and one moment only",
            Self::Ambiguous { .. } => {
                "give a file that has only the DaemonSet that is meant: kubectl get daemonset NAME -n NAMESPACE -o yaml > FILE"
            }
            Self::NoCluster { .. } => "add them: kubectl get nodes,daemonsets,pods,events -A -o yaml > FILE",
        }
    }
}
