//! What could not be seen.

use maud::{Markup, html};

use super::findings::gap;
use crate::finding::Gap;

pub(super) fn section(unseen: &[Gap]) -> Option<Markup> {
    let list = html! {
        p { "Items below are unknown, not healthy." }
        ul.unseen { @for missing in unseen { (gap(missing)) } }
    };
    (!unseen.is_empty()).then_some(list)
}
