//! Why an image could not be pulled, by the words of registries and container runtimes.

use crate::text::bounded::find_ignoring_case;

/// Texts of registries (Docker Hub, distribution), containerd, CRI-O and dockerd inside the kubelet's messages; a telling one stands before
/// what it comes with.
const CAUSES: [(&str, &str); 22] = [
    ("toomanyrequests", "the registry's pull rate limit is reached"),
    ("429 too many requests", "the registry's pull rate limit is reached"),
    ("no matching manifest for", "the image is not built for the node's CPU architecture"),
    ("no match for platform", "the image is not built for the node's CPU architecture"),
    ("no space left on device", "the node's disk is full"),
    ("x509: ", "the node does not trust the registry's certificate"),
    ("server gave http response to https client", "the registry speaks HTTP where HTTPS is expected"),
    ("manifest unknown", "the registry has no such tag"),
    ("manifest for ", "the registry has no such tag"),
    (": not found", "the registry has no such image or tag"),
    ("name unknown", "the registry has no such image"),
    ("no basic auth credentials", "the registry asks for credentials"),
    ("pull access denied", "the registry has no such image, or asks for credentials"),
    ("insufficient_scope", "the registry has no such image, or asks for credentials"),
    ("unauthorized", "the registry refuses the credentials"),
    ("403 forbidden", "the registry refuses access"),
    ("no such host", "the node cannot resolve the registry's name"),
    ("temporary failure in name resolution", "the node cannot resolve the registry's name"),
    ("connection refused", "the registry does not answer"),
    ("i/o timeout", "the registry does not answer"),
    ("tls handshake timeout", "the registry does not answer in time"),
    ("deadline exceeded", "the registry does not answer in time"),
];

/// The cause, as a clause.
pub fn cause(text: &str) -> Option<&'static str> {
    CAUSES.iter().find(|(says, _)| find_ignoring_case(text, says).is_some()).map(|(_, cause)| *cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_registries_and_runtimes() {
        let pull = "Failed to pull image \"docker.io/calico/cni:v3.15.0\": rpc error: code = Unknown desc = ";
        for (says, expected) in [
            (
                "failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/calico/cni/manifests/sha256:05: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
                "rate limit",
            ),
            ("Error response from daemon: manifest for calico/cni:v3.99.0 not found: manifest unknown: manifest unknown", "no such tag"),
            (
                "failed to resolve reference \"docker.io/calico/cni:v3.99.0\": docker.io/calico/cni:v3.99.0: not found",
                "no such image or tag",
            ),
            ("no matching manifest for linux/arm64/v8 in the manifest list entries", "CPU architecture"),
            ("pull access denied for rancher/x, repository does not exist or may require 'docker login'", "or asks for credentials"),
            (
                "failed to do request: Head \"https://harbor/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
                "certificate",
            ),
            ("failed to do request: Head \"https://quay.io/v2/\": dial tcp: lookup quay.io on 10.0.0.2:53: no such host", "resolve"),
            ("dial tcp 34.1.2.3:443: i/o timeout", "does not answer"),
            ("write /var/lib/containerd/x: no space left on device", "disk is full"),
        ] {
            let found = cause(&format!("{pull}{says}"));
            assert!(found.is_some_and(|cause| cause.contains(expected)), "{says}: {found:?}");
        }
        assert_eq!(cause("Back-off pulling image \"docker.io/calico/node:v3.26.1\""), None);
        assert_eq!(cause("Error: ErrImagePull"), None);
    }
}
