//! The words of a message, with each command that it offers as one word: a command broken over two lines cannot be pasted.

/// Split at blanks, but a command behind a colon (`Finish it with: kubectl calico-fix undo`) is one word up to the end of its sentence.
pub fn words_and_commands(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut in_command = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let begins = word == "kubectl" && words.last().is_some_and(|last| last.ends_with(':'));
        match words.last_mut().filter(|_| in_command) {
            Some(command) => {
                command.push(' ');
                command.push_str(word);
            }
            None => words.push(word.to_owned()),
        }
        in_command = (in_command || begins) && !word.ends_with(['.', ',', ';', ')']);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words_and_commands;

    #[test]
    fn a_command_ends_with_its_sentence() {
        for (text, expected) in [
            ("a  b", &["a", "b"][..]),
            ("Finish it with: kubectl calico-fix undo", &["Finish", "it", "with:", "kubectl calico-fix undo"]),
            ("Try: kubectl get x -o yaml. Then wait", &["Try:", "kubectl get x -o yaml.", "Then", "wait"]),
            ("kubectl calico-fix is here", &["kubectl", "calico-fix", "is", "here"]),
            ("See: kubectl", &["See:", "kubectl"]),
        ] {
            assert_eq!(words_and_commands(text), expected);
        }
    }
}
