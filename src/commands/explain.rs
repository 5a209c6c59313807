//! `explain`: prints the explanation of one code, or the list of all codes.

use crate::cli::ExplainArgs;
use crate::diagnosis::explain::{explanation_for, explanations};
use crate::exit::{Failure, Outcome};
use crate::finding::code::Code;
use crate::render;
use crate::render::style::{ColorWhen, Style};

use crate::streams::Streams;
use crate::text::nearest::nearest;

pub(super) fn run(arguments: &ExplainArgs, streams: &mut Streams) -> Result<Outcome, Failure> {
    let style = Style::of_stdout(ColorWhen::Auto);
    match &arguments.code {
        None => render::explain::list(explanations(), &style, &mut streams.out)?,
        Some(name) => {
            let code: Code = name.parse().map_err(|error| Failure::Usage { message: format!("{error}"), hint: Some(suggestion(name)) })?;
            render::explain::write_explanation(explanation_for(code), &style, &mut streams.out)?;
        }
    }
    Ok(Outcome::Done)
}

fn suggestion(name: &str) -> String {
    match nearest(name, Code::ALL.iter().map(|code| code.name()), 3).as_slice() {
        [] => "List all codes with: kubectl calico-fix explain".to_owned(),
        near => format!("Did you mean {}?", near.join(", ")),
    }
}
