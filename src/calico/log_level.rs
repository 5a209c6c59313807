//! The setting that makes calico-node's start log at DEBUG, and the annotation that keeps the operator from reverting it.

/// node/pkg/lifecycle/startup `ConfigureLogging`.
pub const LEVEL: &str = "CALICO_STARTUP_LOGLEVEL";
pub const DEBUG: &str = "DEBUG";
/// operator pkg/controller/utils, `IgnoreObject`.
pub const IGNORE: &str = "unsupported.operator.tigera.io/ignore";
