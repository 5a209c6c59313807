//! `completion`: prints the script of each shell, and answers the scripts at each press of the Tab key.

mod answer;
mod install;
mod scripts;
mod values;

use std::ffi::OsString;
use std::io::Write;

use crate::cli::Invocation;
use crate::cli::completion::{CompletionArgs, CompletionFor};
use crate::exit::{Failure, Outcome};

use crate::streams::Streams;
use answer::Form;
pub use answer::{Question, answer};

pub fn run(name: Invocation, arguments: &CompletionArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    if arguments.install {
        return install::install(name, arguments.of, streams);
    }
    streams.out.write_all(&script(name, arguments.of))?;
    Ok(Outcome::Done)
}

fn script(name: Invocation, of: CompletionFor) -> Vec<u8> {
    match scripts::script_for(of) {
        Some(script) => script.as_bytes().to_vec(),
        // Its completer has no protocol to ask over: what clap makes knows words and flags, and no names of a cluster.
        None => {
            let mut script = Vec::new();
            clap_complete::generate(clap_complete::Shell::Elvish, &mut name.command(), name.program(), &mut script);
            script
        }
    }
}

/// The request of a script. No person types this command.
pub fn question(arguments: &[OsString]) -> Option<Question> {
    let called = arguments.first().map(|path| std::path::Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned());
    // kubectl asks a program of this name; a link to this one will do.
    if called.as_deref() == Some("kubectl_complete-calico_fix") {
        return Some(Question::new(Invocation::Plugin, arguments.get(1..).unwrap_or_default(), Form::Value));
    }
    let name = Invocation::of(arguments.first().map(OsString::as_os_str));
    let words = arguments.get(2..).unwrap_or_default();
    match arguments.get(1)?.to_str()? {
        "__complete" => Some(Question::new(name, words, Form::Value)),
        "__complete-word" => Some(Question::new(name, words, Form::Word)),
        // For shells that drop a word that is empty.
        "__complete-next" => Some(Question::new(name, &[words, &[OsString::new()]].concat(), Form::Word)),
        _ => None,
    }
}
