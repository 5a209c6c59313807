//! Our own snapshots, as YAML or JSON.

use super::{ImportError, assemble};
use crate::observed::Observed;
use crate::snapshot::{API_VERSION, KIND, Snapshot, trim};

const GROUP: &str = "calico-fix/";
/// Our header comment and the first fields are well within this.
const HEAD: usize = 8 << 10;

/// The version that a file of ours claims; `None` when it is not ours. Reads the head only.
pub fn version(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    let at = head.find("apiVersion")?;
    let value = head[at + "apiVersion".len()..].trim_start_matches(['"', '\'', ' ', ':', '\t', '\r', '\n']);
    let version: String = value.chars().take_while(|c| c.is_ascii_alphanumeric() || "/.-_".contains(*c)).collect();
    version.starts_with(GROUP).then_some(version)
}

/// What was edited by hand is bounded and masked like what comes from a cluster.
pub fn read(file: &str, bytes: &[u8], version: &str) -> Result<Snapshot, ImportError> {
    if version != API_VERSION {
        return Err(ImportError::Version { file: file.into(), found: version.into() });
    }
    let json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let parsed: Result<Snapshot, String> = if json {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    } else {
        serde_yaml::from_slice(bytes).map_err(|error| error.to_string())
    };
    let mut snapshot = parsed.map_err(|problem| ImportError::Syntax { file: file.into(), problem })?;
    if snapshot.kind != KIND {
        let problem = format!("its kind is {:?}, not {KIND:?}", trim::bounded(&snapshot.kind));
        return Err(ImportError::Syntax { file: file.into(), problem });
    }
    if let Observed::Seen(nodes) = &mut snapshot.nodes {
        let whole = assemble::unique_nodes(std::mem::take(nodes)).map_err(|error| match error {
            ImportError::Contradiction { node, .. } => ImportError::Contradiction { file: file.into(), node },
            other => other,
        })?;
        *nodes = whole;
    }
    trim::snapshot(&mut snapshot);
    Ok(snapshot)
}
