//! Limits on everything that is read from a server, a file or a program, each with its reason.
//! What a limit cuts off is an error or a gap that names the limit, never an answer.

use std::time::Duration;

pub const MIB: u64 = 1 << 20;

/// One answer of the API server. A page of 500 nodes with a hundred images each is about 10 MB.
pub const MAX_BODY: usize = 64 << 20;
/// Objects on one page. 500 are asked for; a server may ignore that, and `{}` takes 3 bytes here and a kilobyte in memory.
pub const MAX_PAGE_ITEMS: usize = 50_000;
/// Pages of one list: 500,000 objects. A cluster has at most 5,000 nodes and 150,000 pods (Kubernetes, "Considerations for large clusters").
pub const MAX_PAGES: usize = 1_000;
/// All pages of one list.
pub const MAX_LIST_BYTES: usize = 1 << 30;

/// One log. The kubelet rotates at 10 MiB by default; a node's whole DEBUG log of a day is smaller.
pub const MAX_LOG: u64 = 256 * MIB;

/// What one exec prints. A node with hundreds of interfaces prints some 100 KiB.
pub const MAX_EXEC: usize = 1 << 20;
/// One message of an exec. The kubelet and the API server copy in blocks of 32 KiB.
pub const MAX_EXEC_MESSAGE: usize = 256 << 10;
/// All execs of one look. 5,000 nodes of 100 KiB are 500 MiB. A BGP session takes four times as much memory as it is printed with.
pub const MAX_EXEC_TOTAL: u64 = 512 << 20;

/// Reading a cluster as a whole, unless `--deadline` says otherwise. 5,000 nodes take about a minute.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// Reading one of several clusters: a cluster that does not answer must not hide the others.
pub const FLEET_DEADLINE: Duration = Duration::from_secs(60);
/// Clusters read at once. Each has some ten connections, and macOS allows a process 256 files.
pub const CLUSTERS_AT_ONCE: usize = 16;

/// One file, or one entry of an archive unpacked.
pub const MAX_FILE: u64 = 512 * MIB;
/// A packed file that is no tar, or one entry of a tar, unpacked: gzip packs a thousand times.
pub const MAX_UNPACKED: u64 = 96 * MIB;
/// A packed snapshot of ours may be larger than that, and unpacks to some twenty times its size. What is larger than `MOST_BY_RATIO` and
/// unpacks to more than `MAX_RATIO` times its size is a bomb.
pub const MAX_RATIO: u64 = 200;
pub const MOST_BY_RATIO: u64 = 32 * MIB;
/// The YAML of others may hold aliases. What they make of a document is at most this many times its size, and a mebibyte.
pub const YAML_EXPANSION: usize = 32;

/// A kubeconfig. One with a thousand contexts and certificates is 4 MB.
pub const MAX_KUBECONFIG: u64 = 16 * MIB;
/// A file with a token. The API server takes headers of up to 1 MiB.
pub const MAX_TOKEN: u64 = MIB;
/// What a credential plugin prints: a token and a certificate are some kilobytes.
pub const MAX_CREDENTIAL: u64 = MIB;
/// A credential plugin that cannot ask anybody.
pub const PLUGIN_TIMEOUT: Duration = Duration::from_secs(60);
/// A credential plugin that can: a sign-in in a browser takes minutes.
pub const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(300);

/// Blocks of this size are looked at before more is read.
const BLOCK: usize = 64 << 10;

/// What a bounded read came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Bounded {
    Text(Vec<u8>),
    /// Neither UTF-8 nor nearly so: a device, a program, an image.
    Binary,
    TooLarge,
}

/// Reads at most `limit` bytes. Stops at the first block that is not text, so that `/dev/zero` costs one block.
pub fn read_text(reader: &mut dyn std::io::Read, limit: u64) -> std::io::Result<Bounded> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        let room = (limit + 1).saturating_sub(start as u64).min(BLOCK as u64);
        let count = (&mut *reader).take(room).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Ok(Bounded::TooLarge);
        }
        if is_binary(bytes.get(start..).unwrap_or_default()) {
            return Ok(Bounded::Binary);
        }
        if count == 0 {
            return Ok(Bounded::Text(bytes));
        }
    }
}

/// More than a quarter of it is no text. Logs in other encodings than UTF-8 have less.
fn is_binary(block: &[u8]) -> bool {
    let invalid: usize = block.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    let control = block.iter().filter(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b)).count();
    (invalid + control) * 4 > block.len() && block.len() > 64
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, repeat};

    use super::*;

    #[test]
    fn endless_inputs_end_early() {
        let noise: Vec<u8> = (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (name, reader, expected) in [
            ("zeros", &mut repeat(0) as &mut dyn Read, Bounded::Binary),
            ("noise", &mut Cursor::new(noise), Bounded::Binary),
            ("endless text", &mut repeat(b'y'), Bounded::TooLarge),
            ("text", &mut Cursor::new(b"kind: Node\n".to_vec()), Bounded::Text(b"kind: Node\n".to_vec())),
            ("Latin-1", &mut Cursor::new(b"k\xe4se and more of it\n".repeat(10)), Bounded::Text(b"k\xe4se and more of it\n".repeat(10))),
        ] {
            assert_eq!(read_text(reader, 1 << 20).expect("reads"), expected, "{name}");
        }
    }
}
