#![no_main]

use calico_fix::calico::{inspection, interfaces, routes};
use calico_fix::calico::route_get::{self, Destination};
use calico_fix::snapshot::family::Family;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = inspection::parse(text, &[Destination::Address("10.0.0.1".into()), Destination::Name("api.lan".into())]);
    let _ = (route_get::parse(text), route_get::refusal(text), route_get::rules(text));
    if let Ok(found) = interfaces::parse(text) {
        assert!(!found.is_empty());
        for entry in found.iter().flat_map(|interface| &interface.addresses) {
            assert!(entry.prefix_length <= if entry.address.is_ipv4() { 32 } else { 128 });
        }
    }
    for family in Family::ALL {
        let _ = routes::parse(text, family);
    }
});
