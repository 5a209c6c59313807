//! Cuts pod specifications and the state of containers down to what judging needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bounds::{bound, message, word, words};
use super::{MAX_ITEMS, MAX_MESSAGE};
use crate::snapshot::objects::{CALICO_NODE, Container, ContainerState, ContainerStatus, EnvVar, PodSpec, Probe};
use crate::snapshot::secrets::{MASK, is_read_variable, is_secret_variable, mask_arguments, mask_text};

/// Starts of the names of variables in which a pod of an older revision may differ where it matters, and those that tell of an installation
/// whose DaemonSet was not seen; the DaemonSet keeps all of them.
const POD_VARIABLES: [&str; 7] =
    ["IP", "NODEIP", "CALICO_STARTUP_LOGLEVEL", "CALICO_NETWORKING_BACKEND", "DATASTORE_TYPE", "ETCD_ENDPOINTS", "FELIX_HEALTH"];

pub(super) fn pod_spec(spec: &mut PodSpec) {
    let terms = &mut spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms;
    for term in terms.iter_mut() {
        term.match_fields.retain(|field| field.key == "metadata.name");
        term.match_fields.truncate(1);
        for field in &mut term.match_fields {
            word(&mut field.operator);
            field.values.truncate(1);
            field.values.iter_mut().for_each(word);
        }
    }
    terms.retain(|term| !term.match_fields.is_empty());
    terms.truncate(1);
    [&mut spec.node_name, &mut spec.service_account_name].into_iter().flatten().for_each(word);
    spec.containers.retain(|container| container.name == CALICO_NODE);
    spec.containers.truncate(1);
    spec.containers.shrink_to_fit();
    spec.containers.iter_mut().map(Arc::make_mut).for_each(container);
}

fn container(container: &mut Container) {
    word(&mut container.image);
    container.env.truncate(MAX_ITEMS);
    let referred = referred(&container.env);
    container.env_from.truncate(MAX_ITEMS);
    for EnvVar { name, value, .. } in &mut container.env {
        word(name);
        if let Some(value) = value {
            variable(is_read_variable(name) || referred.contains(name), value);
        }
    }
    let probes = [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe];
    probes.into_iter().flatten().for_each(probe);
    words(&mut container.resources.requests);
    words(&mut container.resources.limits);
}

/// Variables that the value of one that is read refers to, as `$(NAME)`.
fn referred(env: &[EnvVar]) -> BTreeSet<String> {
    let values = env.iter().filter(|variable| is_read_variable(&variable.name)).filter_map(|variable| variable.value.as_deref());
    let parts = values.flat_map(|value| value.split("$(").skip(1)).filter_map(|rest| rest.split_once(')'));
    parts.map(|(name, _)| name.to_owned()).filter(|name| !is_secret_variable(name)).collect()
}

pub(super) fn variable(is_read: bool, value: &mut String) {
    if !is_read && !value.is_empty() {
        *value = MASK.into();
    } else {
        bound(value, MAX_MESSAGE);
        mask_text(value);
    }
}

/// A kept value may refer to others as `$(NAME)`; those stay too.
pub(super) fn keep_needed_variables(env: &mut Vec<EnvVar>) {
    let needed = |name: &str| POD_VARIABLES.iter().any(|prefix| name.starts_with(prefix));
    let referred: Vec<String> = env
        .iter()
        .filter(|variable| needed(&variable.name))
        .filter_map(|variable| variable.value.clone())
        .filter(|value| value.contains("$("))
        .collect();
    env.retain(|variable| needed(&variable.name) || referred.iter().any(|value| value.contains(&format!("$({})", variable.name))));
}

fn probe(probe: &mut Probe) {
    if let Some(exec) = &mut probe.exec {
        exec.command.truncate(MAX_ITEMS);
        exec.command.iter_mut().for_each(|argument| bound(argument, MAX_MESSAGE));
        mask_arguments(&mut exec.command);
    }
    if let Some(http) = &mut probe.http_get {
        [&mut http.host, &mut http.path, &mut http.scheme].into_iter().flatten().for_each(word);
    }
}

pub(super) fn container_status(status: &mut ContainerStatus) {
    for state in [&mut status.state, &mut status.last_state] {
        container_state(state);
    }
}

fn container_state(state: &mut ContainerState) {
    if let Some(waiting) = &mut state.waiting {
        waiting.reason.iter_mut().for_each(word);
        waiting.message.iter_mut().for_each(message);
    }
    if let Some(terminated) = &mut state.terminated {
        terminated.reason.iter_mut().for_each(word);
        terminated.message.iter_mut().for_each(message);
    }
}
