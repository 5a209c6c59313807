//! From a request to a plan: the object as it is, as it would be, and what the server says of that.

use serde_json::{Value, json};

use crate::cli::change::DryRun;
use crate::cluster::error::RequestError;
use crate::cluster::request::Api;
use crate::cluster::write::{self, Run, WriteError};
use crate::edit::patch::join;
use crate::edit::target::Target;
use crate::plan::request::ChangeRequest;
use crate::plan::{Plan, PlanError};

pub struct DryRunResult {
    pub plan: Plan,
    pub object: Value,
    pub after: Value,
    /// The server itself has said what it would make of the patch.
    pub by_server: bool,
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error("{0}")]
    Request(RequestError),
    #[error("error: {0}")]
    Plan(#[from] PlanError),
    /// The server took something else for the change than what was asked.
    #[error("error: the server would not make this change: {0}")]
    NotTaken(String),
}

/// `None` where the object has all of it already.
pub async fn dry_run(
    api: &Api,
    request: &ChangeRequest,
    target: &Target,
    mode: DryRun,
    field_manager: &str,
) -> Result<Option<DryRunResult>, PrepareError> {
    // A dry run is of one version: where the object moves on between the two requests they are made once more.
    const TRIES: u32 = 5;
    for left in (0..TRIES).rev() {
        let object = write::read(api, target).await.map_err(PrepareError::Request)?;
        let Some(plan) = request.plan(&object)? else { return Ok(None) };
        if mode == DryRun::Client {
            let after = edited(&plan, &object);
            return Ok(Some(DryRunResult { plan, object, after, by_server: false, warnings: Vec::new() }));
        }
        let version = json!({"metadata": {"resourceVersion": plan.target.resource_version}});
        match write::patch(api, target, &join(plan.patch.clone(), &version), field_manager, Run::Dry).await {
            Ok(written) if !plan.patch_kind().holds(&written.object, &plan.patch) => {
                return Err(PrepareError::NotTaken(
                    written.warnings.first().cloned().unwrap_or_else(|| "a field is missing in its answer".to_owned()),
                ));
            }
            Ok(written) => {
                return Ok(Some(DryRunResult { plan, object, after: written.object, by_server: true, warnings: written.warnings }));
            }
            Err(WriteError::Conflict(_)) if left > 0 => {}
            // Who may not write can still be shown what would be written.
            Err(WriteError::Refused(error @ RequestError::Forbidden { .. })) => {
                let after = edited(&plan, &object);
                let warnings = vec![format!("the server-side dry run failed: {error}")];
                return Ok(Some(DryRunResult { plan, object, after, by_server: false, warnings }));
            }
            Err(error) => return Err(PrepareError::Request(error.request().clone())),
        }
    }
    Err(PrepareError::NotTaken("the object changes faster than it can be read".to_owned()))
}

fn edited(plan: &Plan, object: &Value) -> Value {
    let mut after = object.clone();
    plan.patch_kind().apply(&mut after, &plan.patch);
    after
}
