//! What a file looks like that holds nothing of Calico.

use super::documents::is_list;
use crate::text::bounded::clean;

/// First bytes of formats that people send by mistake (the `magic` database of file(1)).
const FIRST_BYTES: [(&[u8], &str); 14] = [
    (b"\x89PNG", "a PNG picture: copy the text instead"),
    (b"\xff\xd8\xff", "a JPEG picture: copy the text instead"),
    (b"GIF8", "a GIF picture: copy the text instead"),
    (b"%PDF", "a PDF document: copy the text instead"),
    (b"PK\x03\x04", "a ZIP archive or an office document: unpack it first"),
    (b"\xfd7zXZ", "an xz archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"SQLite format 3", "an SQLite database"),
];

/// Words near the beginning of a text.
const EARLY: [(&str, &str); 6] = [
    ("<!doctype html", "an HTML page: save the snapshot with --save, not with -o html"),
    ("<html", "an HTML page: save the snapshot with --save, not with -o html"),
    ("-----begin ", "a key or a certificate"),
    ("kind: config\n", "a kubeconfig: use it with --kubeconfig"),
    ("kind: plan\n", "a plan: apply it with kubectl calico-fix apply FILE"),
    ("#!/", "a script"),
];

const NEAR: usize = 2_000;

pub(super) fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    let by_bytes = FIRST_BYTES.iter().find(|(first, _)| bytes.starts_with(first)).map(|(_, name)| *name);
    by_bytes.or_else(|| {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(NEAR)]).to_lowercase();
        let json = (text.trim_start().starts_with('{') || is_list(&text)).then_some("JSON without a Kubernetes object");
        EARLY.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| *name).or(json)
    })
}

/// How a text begins, so that its reader recognises it.
pub(super) fn first_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(NEAR)]);
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    Some(format!("its first line is {:?}", clean(line.trim(), 60)))
}

#[cfg(test)]
mod tests {
    use super::looks_like;

    #[test]
    fn a_foreign_file_is_named() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Some("a PNG picture")),
            (b"PK\x03\x04\x14", Some("a ZIP archive")),
            (b"<!DOCTYPE html><html>", Some("an HTML page")),
            (b"apiVersion: v1\nkind: Config\nclusters: []\n", Some("a kubeconfig")),
            (b"-----BEGIN CERTIFICATE-----\n", Some("a key or a certificate")),
            (b"{\"a\": 1}\n", Some("JSON without a Kubernetes object")),
            (b"[{\"a\": 1}]\n", Some("JSON without a Kubernetes object")),
            (b"[workspace]\nmembers = []\n", None),
            (b"Dear all,\nnothing works.\n", None),
            (b"", None),
        ] {
            let seen = looks_like(bytes);
            assert_eq!(seen.is_some(), expected.is_some(), "{bytes:?}");
            assert!(seen.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{seen:?}");
        }
    }
}
