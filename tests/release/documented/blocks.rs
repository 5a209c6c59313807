//! Fenced blocks of a page.

pub(super) struct Block<'a> {
    /// The first word behind the fence.
    pub language: &'a str,
    /// With its last line break.
    pub text: &'a str,
}

/// Each with the place of its fence and behind its end.
fn places(page: &str) -> Vec<(usize, usize, Block<'_>)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &str, usize)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let next = at + line.len();
        if let Some(language) = line.strip_prefix("```") {
            match open.take() {
                Some((start, language, begin)) => found.push((start, next, Block { language, text: &page[begin..at] })),
                None => open = Some((at, language.split_whitespace().next().unwrap_or_default(), next)),
            }
        }
        at = next;
    }
    assert!(open.is_none(), "a block without an end");
    found
}

pub(super) fn blocks(page: &str) -> impl Iterator<Item = Block<'_>> {
    places(page).into_iter().map(|(_, _, block)| block)
}

pub(super) fn without(page: &str) -> String {
    let mut kept = String::new();
    let mut at = 0;
    for (start, end, _) in places(page) {
        kept += &page[at..start];
        at = end;
    }
    kept + &page[at..]
}
