//! A certificate authority of its own, the server's certificate, one client certificate, and the kubeconfig that knows them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;

use crate::users::{UNKNOWN, User};

pub(crate) struct Authority {
    pub ca_pem: String,
    pub server: Arc<rustls::ServerConfig>,
    pub client_pem: String,
    pub client_key_pem: String,
}

fn other(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

fn params(name: &str, hosts: &[&str], purpose: Option<ExtendedKeyUsagePurpose>) -> io::Result<CertificateParams> {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(hosts).map_err(other)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = purpose.into_iter().collect();
    Ok(params)
}

impl Authority {
    pub(crate) fn new() -> io::Result<Self> {
        let mut ca = params("sim-ca", &[], None)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let ca_key = KeyPair::generate().map_err(other)?;
        let ca_pem = ca.self_signed(&ca_key).map_err(other)?.pem();
        let issuer = Issuer::new(ca, ca_key);

        let issue = |params: CertificateParams| -> io::Result<(String, String)> {
            let key = KeyPair::generate().map_err(other)?;
            Ok((params.signed_by(&key, &issuer).map_err(other)?.pem(), key.serialize_pem()))
        };
        let (server_pem, server_key) =
            issue(params("kube-apiserver", &["127.0.0.1", "localhost"], Some(ExtendedKeyUsagePurpose::ServerAuth))?)?;
        let (client_pem, client_key_pem) = issue(params("certificate", &[], Some(ExtendedKeyUsagePurpose::ClientAuth))?)?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).map_err(other)?).map_err(other)?;
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(other)?;
        let mut server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(other)?
            .with_client_cert_verifier(clients)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(server_pem.as_bytes()).map_err(other)?],
                PrivateKeyDer::from_pem_slice(server_key.as_bytes()).map_err(other)?,
            )
            .map_err(other)?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { ca_pem, server: Arc::new(server), client_pem, client_key_pem })
    }

    /// Writes a kubeconfig with one context per user (named as the user) and one whose token nobody knows.
    pub(crate) fn write_kubeconfig(&self, path: &Path, url: &str, users: &[User]) -> io::Result<()> {
        use base64::Engine;
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let name_and_token = users.iter().map(|user| (user.name, user.token)).chain([(UNKNOWN, "no-such-token")]);
        let (mut contexts, mut credentials) = (Vec::new(), Vec::new());
        for (name, token) in name_and_token {
            contexts.push(serde_json::json!({"name": name, "context": {"cluster": "sim", "user": name}}));
            let user = if token.is_empty() {
                serde_json::json!({"client-certificate-data": base64(&self.client_pem), "client-key-data": base64(&self.client_key_pem)})
            } else {
                serde_json::json!({"token": token})
            };
            credentials.push(serde_json::json!({"name": name, "user": user}));
        }
        let config = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sim", "cluster": {"server": url, "certificate-authority-data": base64(&self.ca_pem)}}],
            "contexts": contexts,
            "users": credentials,
            "current-context": "admin",
        });
        // JSON is YAML, and quotes everything.
        std::fs::write(path, serde_json::to_string_pretty(&config)?)
    }
}
