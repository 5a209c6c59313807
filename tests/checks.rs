//! Every check: a case that fires and its healthy twin.

#[path = "checks/address_on_virtual_interface.rs"]
mod address_on_virtual_interface;
#[path = "checks/build.rs"]
mod build;
#[path = "checks/judge.rs"]
mod judge;
