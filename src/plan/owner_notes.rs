//! Owners that will revert a change, and the snippet that makes it last.

use super::snippets::{EmitError, Form, Snippets};
use crate::calico::flavour::Flavour;
use crate::calico::owner::Owner;
use crate::edit::target::Target;
use crate::model::Install;

/// One owner's warning, and the text to paste where the change lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerNote {
    pub warning: String,
    pub snippet: Option<(Form, String)>,
}

/// One note for each owner of the target. Not for the operator: its Installation is the target.
pub fn notes(install: &Install, target: &Target, snippets: &Snippets) -> Vec<OwnerNote> {
    let durable = install.flavour.map(|flavour| flavour.durable_place());
    let owners = install.owners.iter().filter(|owner| !(target.is_installation() && matches!(owner, Owner::Installation { .. })));
    owners
        .map(|owner| {
            let when =
                if owner.reverts_by_itself() { "reverts this change automatically" } else { "reverts this change when it runs next" };
            let lasts =
                durable.filter(|_| !source_unknown(owner)).map(|durable| format!("; make it permanent in: {durable}")).unwrap_or_default();
            let (snippet, refused) = match form(owner, target, install.flavour).map(|form| (form, snippets.emit(form))) {
                Some((form, Ok(text))) => (Some((form, text)), String::new()),
                // It has a setting, and would not take this method in it.
                Some((_, Err(refused @ EmitError::NotAccepted { .. }))) => (None, format!(". {refused}")),
                Some((_, Err(_))) | None => (None, String::new()),
            };
            OwnerNote { warning: format!("{target} is managed by {owner}, which {when}{lasts}{refused}"), snippet }
        })
        .collect()
}

/// Owners that apply a repository or chart: where the setting stands there is unknown.
fn source_unknown(owner: &Owner) -> bool {
    matches!(
        owner,
        Owner::ArgoCd { .. }
            | Owner::FluxKustomization { .. }
            | Owner::FluxHelmRelease { .. }
            | Owner::Helm { .. }
            | Owner::ObjectSet { .. }
            | Owner::Labelled { .. }
    )
}

/// kops and k0s have their setting where Calico is of their own making, not for what they apply beside it.
fn form(owner: &Owner, target: &Target, flavour: Option<Flavour>) -> Option<Form> {
    Some(match (owner, target.is_installation()) {
        (Owner::HelmChartConfig { .. }, true) => Form::Rke2,
        (Owner::Kubespray, _) => Form::Kubespray,
        (Owner::Kops, false) if flavour == Some(Flavour::Kops) => Form::Kops,
        (Owner::K0s, false) if flavour == Some(Flavour::K0s) => Form::K0s,
        (Owner::ManagedResource, false) => Form::Gardener,
        (Owner::Helm { .. } | Owner::FluxHelmRelease { .. } | Owner::ClusterApi, true) => Form::Helm,
        (
            Owner::ArgoCd { .. } | Owner::FluxKustomization { .. } | Owner::ObjectSet { .. } | Owner::Labelled { .. } | Owner::Addon { .. },
            true,
        ) => Form::Installation,
        (
            Owner::ArgoCd { .. }
            | Owner::FluxKustomization { .. }
            | Owner::ObjectSet { .. }
            | Owner::Labelled { .. }
            | Owner::Addon { .. }
            | Owner::K0s
            | Owner::AddonManager,
            false,
        ) => Form::Kustomize,
        _ => return None,
    })
}
