//! Objects of trees, read by way of text: the reader of snapshots serves here too. One of trees, for every type, would be as large again.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::text::json;

/// The error tells no place: the text's is nowhere to be seen.
pub(crate) fn from_tree<T: DeserializeOwned>(tree: &Value) -> Result<T, String> {
    let text = serde_json::to_vec(tree).map_err(|error| error.to_string())?;
    json::from_bytes(&text).map_err(|error| without_place(&error))
}

/// What an error says, without `at line 1 column 2`.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(bare, _)| bare).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::from_tree;

    #[test]
    fn an_error_names_no_place_that_nobody_can_find() {
        assert_eq!(from_tree::<Vec<u8>>(&json!([1, 2])), Ok(vec![1, 2]));
        assert_eq!(from_tree::<Vec<u8>>(&json!([1, "x"])), Err("invalid type: string \"x\", expected u8".to_owned()));
    }
}
