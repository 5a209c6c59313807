#![no_main]

use calico_fix::calico::events;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &str| {
    for reason in ["Unhealthy", "Killing", "BackOff"] {
        let _ = events::parse(reason, message);
        let _ = events::parse(reason, &format!("Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with {message}"));
    }
});
