//! JSON of which every string need not be checked for UTF-8 again.

use serde::de::{DeserializeOwned, Error};

/// The text is checked once, as a whole: string by string takes several times as long.
pub(crate) fn utf8(json: &[u8]) -> Result<&str, serde_json::Error> {
    std::str::from_utf8(json).map_err(serde_json::Error::custom)
}

pub(crate) fn from_bytes<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_str(utf8(json)?)
}

#[cfg(test)]
mod tests {
    use super::from_bytes;

    #[test]
    fn what_is_not_utf8_is_an_error_that_says_where() {
        assert_eq!(from_bytes::<Vec<String>>(b"[\"x\"]").ok(), Some(vec!["x".to_owned()]));
        let error = from_bytes::<Vec<String>>(b"[\"\xff\"]").map_err(|error| error.to_string());
        assert_eq!(error, Err("invalid utf-8 sequence of 1 bytes from index 2".to_owned()));
    }
}
