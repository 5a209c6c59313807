#![no_main]

use calico_fix::calico::bird;
use calico_fix::calico::family::Family;
use calico_fix::calico::session::Session;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let Ok(bird) = bird::parse(texts.0, texts.1) else { return };
    for row in &bird.protocols {
        assert!(!row.name.is_empty() && !row.info.chars().any(char::is_control));
        for family in Family::ALL {
            if let Some(session) = Session::from_protocol(row, family) {
                assert_eq!(Family::of(session.address), family);
                let _ = session.last_error();
            }
        }
    }
});
