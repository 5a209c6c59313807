//! Which cluster, as whom: kubectl's loading rules and overrides (client-go `clientcmd`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster, Context, ExecAuthCluster, Kubeconfig, KubeconfigError};

use super::connect::ProcessEnv;
use super::error::ConnectError;
use crate::cli::connection::{ConnectionFlags, Secret};
use crate::limits::MAX_KUBECONFIG;

/// A context with every override applied.
pub(super) struct Chosen {
    pub context: Option<String>,
    pub namespace: String,
    pub server: String,
    pub cluster: Cluster,
    pub auth: AuthInfo,
}

/// The files as kubectl merges them, read once for every context that is asked.
#[derive(Debug)]
pub(super) struct MergedConfig {
    pub config: Kubeconfig,
    /// Where it was looked for.
    pub looked: Vec<PathBuf>,
}

impl MergedConfig {
    pub(super) fn read(flags: &ConnectionFlags, around: &ProcessEnv) -> Result<Self, ConnectError> {
        let (config, looked) = load(flags.kubeconfig.as_deref(), around.variable("KUBECONFIG"), around.home.as_deref())?;
        Ok(Self { config, looked })
    }

    pub(super) fn choose(&self, flags: &ConnectionFlags) -> Result<Chosen, ConnectError> {
        pick(&self.config, &self.looked, flags)
    }
}

pub(super) fn choose(flags: &ConnectionFlags, around: &ProcessEnv) -> Result<Chosen, ConnectError> {
    MergedConfig::read(flags, around)?.choose(flags)
}

/// An explicit file must be there; of the others those that are missing are passed over, and the first to set a value wins.
pub(super) fn load(
    explicit: Option<&Path>,
    listed: Option<OsString>,
    home: Option<&Path>,
) -> Result<(Kubeconfig, Vec<PathBuf>), ConnectError> {
    if let Some(path) = explicit.filter(|path| !path.as_os_str().is_empty()) {
        let config = read(path)?.ok_or_else(|| ConnectError::NoSuchFile { path: path.to_owned() })?;
        return Ok((config, vec![path.to_owned()]));
    }
    let paths: Vec<PathBuf> = match listed.filter(|list| !list.is_empty()) {
        Some(list) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => home.map(|home| home.join(".kube").join("config")).into_iter().collect(),
    };
    let mut merged = Kubeconfig::default();
    for path in &paths {
        if let Some(next) = read(path)? {
            merged = merged.merge(next).map_err(|error| ConnectError::BadConfig { path: path.clone(), why: error.to_string() })?;
        }
    }
    Ok((merged, paths))
}

fn read(path: &Path) -> Result<Option<Kubeconfig>, ConnectError> {
    let bad = |why: String| ConnectError::BadConfig { path: path.to_owned(), why };
    // A pipe (`<(…)`) has no length; a device never ends.
    if let Ok(metadata) = std::fs::metadata(path) {
        if is_device(&metadata) {
            return Err(bad("it is a device, not a file".to_owned()));
        }
        if metadata.len() > MAX_KUBECONFIG {
            return Err(bad(format!("it is larger than {} MiB", MAX_KUBECONFIG >> 20)));
        }
    }
    match Kubeconfig::read_from(path) {
        Ok(mut config) => {
            // An empty value in one file must not hide the next file's: kubectl merges only what is set.
            config.current_context = filled(config.current_context);
            Ok(Some(config))
        }
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(KubeconfigError::ReadConfig(error, _)) => Err(bad(error.to_string())),
        // The parser's own message quotes the file, and with it tokens.
        Err(KubeconfigError::Parse(error)) => Err(bad(match error.location() {
            Some(at) => format!("yaml: line {}, column {}: this is not a kubeconfig", at.line(), at.column()),
            None => "yaml: this is not a kubeconfig".to_owned(),
        })),
        Err(error) => Err(bad(error.to_string())),
    }
}

#[cfg(unix)]
fn is_device(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_char_device() || metadata.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &std::fs::Metadata) -> bool {
    false
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn pick(config: &Kubeconfig, looked: &[PathBuf], flags: &ConnectionFlags) -> Result<Chosen, ConnectError> {
    let server = filled(flags.server.clone());
    let nothing = config.contexts.is_empty() && config.clusters.is_empty();
    if nothing && server.is_none() {
        return Err(ConnectError::NoConfig { looked: looked.to_owned() });
    }
    let (name, context) = context(config, flags, server.is_some())?;
    let cluster_name = filled(flags.cluster.clone()).unwrap_or_else(|| context.cluster.clone());
    let found = config.clusters.iter().find(|named| named.name == cluster_name).and_then(|named| named.cluster.clone());
    let mut cluster = match found {
        Some(cluster) => cluster,
        None if server.is_some() && flags.cluster.is_none() => Cluster::default(),
        None => {
            let known = config.clusters.iter().map(|named| named.name.clone()).collect();
            return Err(ConnectError::UnknownCluster { name: cluster_name, known });
        }
    };
    let user = filled(flags.user.clone()).or_else(|| filled(context.user.clone()));
    let found =
        user.as_ref().and_then(|user| config.auth_infos.iter().find(|named| named.name == *user)).and_then(|named| named.auth_info.clone());
    let mut auth = match (found, filled(flags.user.clone())) {
        (Some(auth), _) => auth,
        // A context may name a user that is not there, as kubectl has it; a flag may not.
        (None, None) => AuthInfo::default(),
        (None, Some(name)) => {
            let known = config.auth_infos.iter().map(|named| named.name.clone()).collect();
            return Err(ConnectError::UnknownUser { name, known });
        }
    };
    override_cluster(&mut cluster, flags, server);
    override_auth(&mut auth, flags)?;
    let server = filled(cluster.server.clone()).ok_or(ConnectError::NoServer { cluster: cluster_name })?;
    let server = with_scheme(server, &cluster, &auth);
    cluster.server = Some(server.clone());
    Ok(Chosen { context: name, namespace: filled(context.namespace).unwrap_or_else(|| "default".into()), server, cluster, auth })
}

fn context(config: &Kubeconfig, flags: &ConnectionFlags, has_server: bool) -> Result<(Option<String>, Context), ConnectError> {
    let known = || config.contexts.iter().map(|named| named.name.clone()).collect();
    match flags.one_context().map(str::to_owned).or_else(|| config.current_context.clone()) {
        Some(name) => match config.contexts.iter().find(|named| named.name == name).and_then(|named| named.context.clone()) {
            Some(context) => Ok((Some(name), context)),
            None => Err(ConnectError::UnknownContext { name, known: known() }),
        },
        None if has_server || flags.cluster.is_some() => Ok((None, Context::default())),
        None => Err(ConnectError::NoCurrentContext { known: known() }),
    }
}

fn override_cluster(cluster: &mut Cluster, flags: &ConnectionFlags, server: Option<String>) {
    let name = filled(flags.tls_server_name.clone());
    if name.is_some() || server.is_some() {
        // The configured name belongs to the configured server.
        cluster.tls_server_name = name;
    }
    if server.is_some() {
        cluster.server = server;
    }
    if let Some(insecure) = flags.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(insecure);
        if insecure {
            cluster.certificate_authority = None;
            cluster.certificate_authority_data = None;
        }
    }
    if let Some(path) = &flags.certificate_authority {
        cluster.certificate_authority = Some(path.display().to_string());
        cluster.certificate_authority_data = None;
    }
    if flags.disable_compression.is_some() {
        cluster.disable_compression = flags.disable_compression;
    }
}

fn override_auth(auth: &mut AuthInfo, flags: &ConnectionFlags) -> Result<(), ConnectError> {
    if let Some(token) = flags.token.as_ref().map(Secret::reveal).filter(|token| !token.is_empty()) {
        // A token outranks whatever else the user has; a certificate may stay beside it.
        *auth = AuthInfo {
            token: Some(token.to_owned().into()),
            token_file: None,
            exec: None,
            auth_provider: None,
            username: None,
            password: None,
            ..std::mem::take(auth)
        };
    }
    if let Some(path) = &flags.client_certificate {
        auth.client_certificate = Some(path.display().to_string());
        auth.client_certificate_data = None;
    }
    if let Some(path) = &flags.client_key {
        auth.client_key = Some(path.display().to_string());
        auth.client_key_data = None;
    }
    if let Some(user) = filled(flags.impersonate.clone()) {
        auth.impersonate = Some(user);
    }
    if let Some(uid) = filled(flags.impersonate_uid.clone()) {
        auth.impersonate_uid = Some(uid);
    }
    if !flags.impersonate_groups.is_empty() {
        auth.impersonate_groups = Some(flags.impersonate_groups.clone());
    }
    if !flags.impersonate_extra.is_empty() {
        let mut extra = std::collections::HashMap::<String, Vec<String>>::new();
        for (key, value) in &flags.impersonate_extra {
            extra.entry(key.clone()).or_default().push(value.clone());
        }
        auth.impersonate_user_extra = Some(extra);
    }
    let rest = auth.impersonate_uid.is_some() || auth.impersonate_groups.is_some() || auth.impersonate_user_extra.is_some();
    if rest && auth.impersonate.is_none() {
        return Err(ConnectError::Invalid("requesting uid, groups or user-extra without impersonating a user: add --as".into()));
    }
    Ok(())
}

/// client-go takes `host:port` for http, unless anything about TLS is configured.
fn with_scheme(server: String, cluster: &Cluster, auth: &AuthInfo) -> String {
    if server.contains("://") {
        return server;
    }
    let tls = cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || auth.client_certificate.is_some()
        || auth.client_certificate_data.is_some();
    format!("{}://{server}", if tls { "https" } else { "http" })
}

impl Chosen {
    /// In DER, or `None` for the system's own.
    pub(super) fn root_certificates(&self) -> Result<Option<Vec<Vec<u8>>>, ConnectError> {
        let invalid = |why: String| ConnectError::Invalid(format!("unable to load the certificate authority: {why}"));
        let pem = ExecAuthCluster::try_from(&self.cluster).map_err(|error| invalid(error.to_string()))?.certificate_authority_data;
        let Some(pem) = pem else { return Ok(None) };
        let blocks = pem::parse_many(pem).map_err(|_| invalid("it is not PEM".into()))?;
        let certificates: Vec<_> = blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE").map(pem::Pem::into_contents).collect();
        if certificates.is_empty() { Err(invalid("it holds no certificate".into())) } else { Ok(Some(certificates)) }
    }

    pub(super) fn authority(&self) -> String {
        match (&self.cluster.certificate_authority_data, &self.cluster.certificate_authority) {
            _ if self.cluster.insecure_skip_tls_verify == Some(true) => "nothing".into(),
            (Some(_), _) => "the certificate authority in the kubeconfig".into(),
            (None, Some(path)) => format!("the certificate authority {path}"),
            (None, None) => "the system's certificate authorities".into(),
        }
    }
}

#[cfg(test)]
mod tests;
