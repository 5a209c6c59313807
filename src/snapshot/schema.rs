//! The JSON schema of a snapshot, from its types.

use serde_json::Value;

use super::Snapshot;

pub fn snapshot_schema() -> Value {
    schemars::schema_for!(Snapshot).to_value()
}
