//! A container's whole log, chunk by chunk.

use super::connect::Connection;
use super::error::RequestError;
use super::request::Api;
use crate::limits::MAX_LOG;
use crate::permissions::request::{ApiRequest, PODS};
use crate::snapshot::objects::{CALICO_NODE, Pod};

/// Which of a container's runs, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// As far as it has come.
    Current,
    /// On and on, until the container ends.
    Followed,
    Previous,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// To its end.
    Whole,
    /// The log is longer than what is read.
    Cut,
    /// There is no such container, or its log is gone.
    Absent,
}

/// Hands on calico-node's log, with the kubelet's timestamps. Where it breaks off in between, what was handed on stays.
pub async fn log(connection: &Connection, pod: &Pod, which: Which, take: &mut (dyn FnMut(&[u8]) + Send)) -> Result<Read, RequestError> {
    let api = Api::new(connection);
    let namespace = pod.metadata.namespace.as_deref();
    let asked = ApiRequest { resource: "pods/log".into(), ..PODS.get(namespace, &pod.metadata.name) };
    let mut path = PODS.path(namespace, Some(&pod.metadata.name));
    path += &format!("/log?container={CALICO_NODE}&timestamps=true&limitBytes={MAX_LOG}");
    path += match which {
        Which::Current => "",
        Which::Followed => "&follow=true",
        Which::Previous => "&previous=true",
    };
    match api.stream(&path, &asked, MAX_LOG, take).await {
        Ok(length) if length >= MAX_LOG => Ok(Read::Cut),
        Ok(_) => Ok(Read::Whole),
        Err(error) if super::logs::is_absent(&error) => Ok(Read::Absent),
        Err(error) => Err(error),
    }
}
