//! A line of shell, as far as documents use it: quotes, comments, pipes, substitutions.

/// The commands of this plugin in it, also those inside quotes and `$(…)`.
pub(super) fn ours(line: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for segment in segments(line) {
        let start = segment.iter().position(|word| word == "calico-fix").filter(|at| {
            *at == 0 || segment[at - 1] == "kubectl" || ["do", "until", "then", "if", "!"].contains(&segment[at - 1].as_str())
        });
        for nested in segment.iter().filter(|word| word.contains("calico-fix ")) {
            found.extend(ours(nested));
        }
        if let Some(at) = start {
            let from = if at > 0 && segment[at - 1] == "kubectl" { at - 1 } else { at };
            found.push(segment[from..].to_vec());
        }
    }
    found
}

/// One simple command's words.
pub(super) fn split(line: &str) -> Vec<String> {
    segments(line).into_iter().next().unwrap_or_default()
}

fn segments(line: &str) -> Vec<Vec<String>> {
    let mut segments: Vec<Vec<String>> = vec![Vec::new()];
    let (mut word, mut begun, mut quote) = (String::new(), false, None);
    let mut redirected = false;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => (quote, begun) = (Some(letter), true),
            (None, '#') if !begun && word.is_empty() => break,
            (None, ' ' | '\t' | '|' | ';' | '&' | '>' | '<' | '(' | ')') => {
                if begun || !word.is_empty() {
                    let done = std::mem::take(&mut word);
                    begun = false;
                    if !std::mem::take(&mut redirected) {
                        segments.last_mut().expect("one").push(done);
                    }
                }
                match letter {
                    // What a process is read from is no file.
                    '(' => {
                        redirected = false;
                        segments.push(Vec::new());
                    }
                    '|' | ';' | '&' | ')' => segments.push(Vec::new()),
                    '>' | '<' => redirected = true,
                    _ => {}
                }
            }
            (None, c) => word.push(c),
        }
    }
    if (begun || !word.is_empty()) && !redirected {
        segments.last_mut().expect("one").push(word);
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

#[test]
fn words_of_a_line() {
    for (line, words) in [
        ("kubectl calico-fix status -o html > calico.html   # a page", "kubectl calico-fix status -o html"),
        ("kubectl calico-fix status -o json | jq -r '.x | .y'", "kubectl calico-fix status -o json"),
        ("timeout 600 sh -c 'until kubectl calico-fix status; do sleep 10; done'", "kubectl calico-fix status"),
        ("calico-fix node status --node NODE || code=$?", "calico-fix node status --node NODE"),
        ("source <(kubectl calico-fix completion bash)", "kubectl calico-fix completion bash"),
        ("cargo run -- status --from x", ""),
    ] {
        assert_eq!(ours(line).iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" / "), words, "{line}");
    }
}
