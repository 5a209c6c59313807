//! Plain words in everything a person reads: help, manual pages, explanations, messages, docs, schemas, playground.

mod lists;
mod texts;

use lists::WORDS;
use texts::{Text, every_text};

/// Words of the longest sentence.
const MOST: usize = 30;

/// The word as a whole, in either case. Both sides are lower case.
fn occurrences(text: &str, word: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .filter(|(at, found)| {
            !text[..*at].chars().next_back().is_some_and(is_word) && !text[at + found.len()..].chars().next().is_some_and(is_word)
        })
        .count()
}

#[test]
fn no_archaism_and_no_private_term() {
    let mut problems = Vec::new();
    for Text { place, text, .. } in every_text() {
        let text = text.to_lowercase();
        for (word, instead) in WORDS {
            if occurrences(&text, word) > 0 {
                problems.push(format!("{place}: {word:?}, write {instead:?}: {text}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn sentences(text: &str) -> impl Iterator<Item = String> {
    let mut sentences = Vec::new();
    for paragraph in text.split("\n\n").flat_map(|paragraph| paragraph.split('|')) {
        let mut sentence: Vec<&str> = Vec::new();
        for line in paragraph.lines() {
            let starts = |marks: &[&str]| marks.iter().any(|mark| line.trim_start().starts_with(mark));
            if starts(&["- ", "* ", "#"]) || line.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
                sentences.push(std::mem::take(&mut sentence).join(" "));
            }
            for word in line.split_whitespace() {
                sentence.push(word);
                if word.trim_end_matches(['"', ')', '*', '`']).ends_with(['.', '!', '?']) {
                    sentences.push(std::mem::take(&mut sentence).join(" "));
                }
            }
        }
        sentences.push(sentence.join(" "));
    }
    sentences.into_iter().filter(|sentence| !sentence.is_empty())
}

fn words(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

#[test]
fn no_long_sentence() {
    let mut problems = Vec::new();
    for Text { place, text, is_prose } in every_text() {
        for sentence in sentences(&text).filter(|sentence| is_prose && words(sentence) > MOST) {
            problems.push(format!("{place}: {} words: {sentence}", words(&sentence)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_search_finds_words_and_sentences() {
    assert_eq!((occurrences("mend it, and mended", "mend"), occurrences("amend", "mend")), (1, 0));
    assert_eq!(sentences("One. Two (2.) three\nfour.\n\n- a\n- b").collect::<Vec<_>>(), ["One.", "Two (2.)", "three four.", "- a", "- b"]);
    let all = every_text();
    for place in ["README.md", "CHANGELOG.md", "docs/", "man/", "schemas/", "explain ", "src/render/", "src/plan/", "examples/playground/"]
    {
        assert!(all.iter().any(|text| text.place.starts_with(place)), "nothing of {place} was read");
    }
}
