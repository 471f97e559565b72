//! The command line in one line of text.

use std::ffi::OsString;

/// The command as it was given: the options in `config.toml` do not tell the dataset that they were for.
pub(super) fn given() -> String {
    line(std::env::args_os().skip(1))
}

fn line(words: impl Iterator<Item = OsString>) -> String {
    let words: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    format!("lapidary {}", words.join(" "))
}

/// A word in the quotes that a shell needs.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
    let is_whole = !word.is_empty() && word.chars().all(is_plain);
    if is_whole { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        let words = ["train", "it's", "写真", "a b"].map(OsString::from);
        assert_eq!(line(words.into_iter()), "lapidary train 'it'\\''s' 写真 'a b'");
    }
}
