//! Owners that will revert a change, and the snippet that makes it last.

use super::snippets::{Form, Snippets};
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
            let form = form(owner, target);
            let snippet = form.and_then(|form| Some((form, snippets.emit(form).ok()?)));
            OwnerNote { warning: format!("{target} is managed by {owner}, which {when}{lasts}"), snippet }
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
    )
}

fn form(owner: &Owner, target: &Target) -> Option<Form> {
    Some(match (owner, target.is_installation()) {
        (Owner::HelmChartConfig { .. }, true) => Form::Rke2,
        (Owner::Kubespray, _) => Form::Kubespray,
        (Owner::Helm { .. } | Owner::FluxHelmRelease { .. } | Owner::ClusterApi, true) => Form::Helm,
        (Owner::ArgoCd { .. } | Owner::FluxKustomization { .. } | Owner::ObjectSet { .. }, true) => Form::Installation,
        (Owner::ArgoCd { .. } | Owner::FluxKustomization { .. } | Owner::ObjectSet { .. } | Owner::AddonManager, false) => Form::Kustomize,
        _ => return None,
    })
}
