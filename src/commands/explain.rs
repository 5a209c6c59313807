//! `explain`: from the registry to the screen.

use crate::cli::ExplainArgs;
use crate::diagnosis::explain::{explanation_for, explanations};
use crate::exit::{Failure, Outcome};
use crate::finding::code::Code;
use crate::render;
use crate::render::style::{ColorWhen, Style};

use crate::streams::Streams;

pub fn run(arguments: &ExplainArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let style = Style::of_stdout(ColorWhen::Auto);
    match &arguments.code {
        None => render::explain::list(explanations(), &style, &mut streams.out)?,
        Some(name) => {
            let code: Code = name.parse().map_err(|error| Failure::Usage { message: format!("{error}"), hint: Some(nearest(name)) })?;
            render::explain::write_explanation(explanation_for(code), &style, &mut streams.out)?;
        }
    }
    Ok(Outcome::Done)
}

fn nearest(name: &str) -> String {
    let words: Vec<&str> = name.split('-').filter(|word| word.len() > 2).collect();
    let near: Vec<&str> = Code::ALL.iter().map(|code| code.name()).filter(|code| words.iter().any(|word| code.contains(word))).collect();
    if near.is_empty() { "`explain` without a code lists them all.".to_owned() } else { format!("Did you mean {}?", near.join(", ")) }
}
