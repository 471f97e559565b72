//! JSON as programs write it. Errors name the key at which the fault stands.

use serde::de::DeserializeOwned;

use crate::files;

/// Numbers that Python writes and JSON does not have.
const NO_NUMBERS: [&str; 5] = ["NaN", "-Infinity", "Infinity", "nan", "inf"];

/// Reads a whole file.
///
/// # Errors
/// A sentence with key, line and column.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let text = files::without_byte_order_mark(bytes)?;
    let mut json = serde_json::Deserializer::from_slice(text);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let reason = reason(text, error.inner());
        // Of the keys that frames and files share the path is not known, and the reader writes `?` for it.
        let path = error.path().to_string();
        match path.trim_end_matches(['?', '.']) {
            "" => reason,
            path => format!("{path}: {reason}"),
        }
    })?;
    json.end().map_err(|error| reason(text, &error))?;
    Ok(parsed)
}

fn reason(text: &[u8], error: &serde_json::Error) -> String {
    match number_at(text, error) {
        Some(word) if error.is_syntax() => {
            format!("{word} is no number in JSON, at line {} column {}", error.line(), error.column())
        }
        _ => plain(&error.to_string()),
    }
}

/// A message of the reader with words of JSON in the place of Rust's types.
fn plain(message: &str) -> String {
    let Some((before, expected)) = message.split_once("expected ") else {
        return message
            .replace("data did not match any variant of untagged enum Part", "expected numbers or rows of four");
    };
    let before = before.replace("type: map", "type: an object").replace("type: sequence", "type: a list");
    let (word, rest) =
        expected.split_once([' ', ',']).map_or((expected, ""), |(word, _)| (word, &expected[word.len()..]));
    let expected = match word {
        "f64" | "f32" => format!("a number{rest}"),
        "u8" | "u32" | "u64" | "usize" | "i32" | "i64" => format!("a whole number{rest}"),
        "struct" => format!("an object{}", rest.trim_start().find(' ').map_or("", |at| &rest.trim_start()[at..])),
        _ => expected.replacen("a sequence", "a list", 1).replacen("a map", "an object", 1),
    };
    format!("{before}expected {expected}")
}

/// The word that stands where a number was expected.
fn number_at(text: &[u8], error: &serde_json::Error) -> Option<&'static str> {
    let line = text.split(|byte| *byte == b'\n').nth(error.line().checked_sub(1)?)?;
    // The reader stops at the word, or one or two letters into it.
    let near = error.column().saturating_sub(3)..=error.column();
    near.filter_map(|at| line.get(at..))
        .find_map(|rest| NO_NUMBERS.into_iter().find(|word| rest.starts_with(word.as_bytes())))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Frame {
        pose: Vec<Vec<f64>>,
    }

    #[test]
    fn the_key_is_named() {
        let message = parse::<Vec<Frame>>(b"[{\"pose\": [[1]]}, {\"pose\": [[1], [\"a\"]]}]").unwrap_err();
        assert!(message.starts_with("[1].pose[1][0]: invalid type"), "{message}");
        for word in ["NaN", "-Infinity", "Infinity"] {
            let message = parse::<Vec<Frame>>(format!("[{{\"pose\":\n [[1, {word}]]}}]").as_bytes()).unwrap_err();
            assert!(message.starts_with(&format!("[0].pose[0][1]: {word} is no number")), "{message}");
            assert!(message.contains("line 2"), "{message}");
        }
    }

    #[test]
    fn types_have_the_names_of_json() {
        for (json, words) in [
            (&b"[3]"[..], "expected an object at line"),
            (b"[{\"pose\": 3}]", "expected a list at line"),
            (b"[{\"pose\": [[{}]]}]", "invalid type: an object, expected a number at line"),
        ] {
            let message = parse::<Vec<Frame>>(json).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn byte_order_marks_are_read_over_or_named() {
        assert_eq!(parse::<Vec<u8>>(b"\xef\xbb\xbf[1]").unwrap(), [1]);
        for utf16 in [&b"\xff\xfe[\0]\0"[..], b"\xfe\xff\0[\0]", b"[\0]\0"] {
            assert!(parse::<Vec<u8>>(utf16).unwrap_err().contains("UTF-16"));
        }
        assert!(parse::<Vec<u8>>(b"[1] 2").is_err());
        assert!(parse::<Vec<u8>>(b"").is_err());
    }
}
