#![no_main]

use calico_fix::calico::bird;
use calico_fix::calico::session::Session;
use calico_fix::snapshot::family::Family;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let Ok(bird) = bird::parse(texts.0, texts.1) else { return };
    for row in &bird.protocols {
        assert!(!row.name.is_empty() && !row.info.chars().any(char::is_control));
        for family in Family::ALL {
            if let Some(session) = Session::from_protocol(row, family) {
                assert_eq!(Family::from_address(session.address), family);
                let _ = session.last_error();
            }
        }
    }
});
