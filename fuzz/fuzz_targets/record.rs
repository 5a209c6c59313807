#![no_main]

use calico_fix::plan::record::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(record) = Record::parse(text) {
        let _ = (record.is_finished(), record.as_patch());
    }
});
