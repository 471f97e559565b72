//! Text that comes from files, made fit to be shown: names of pictures, metadata, whatever an error quotes.
//!
//! A terminal obeys control characters, and reads from right to left where it is told to. So what does not print is
//! shown as `\u{1b}`; letters of every language, and combinations of them, stay as they are.

use std::time::Duration;

/// Most characters of a text that is quoted.
const MAX_QUOTED: usize = 100;

/// Most characters of a word, or of a part of a path, in a message. Systems accept no longer names of files.
const MAX_WORD: usize = 255;

/// Most characters of a message: it has room for the longest path that systems accept.
const MAX_MESSAGE: usize = 5000;

/// What stands for characters that were left out.
const GAP: char = '…';

/// A text without anything that a terminal obeys, newlines included. Nothing is left out.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        push_escaped(&mut shown, c);
        shown
    })
}

/// [`escaped`], but newlines stay: for tables that we lay out.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// A name or another short text from a file, as a message or a table quotes it: [`escaped`], and a long one without its
/// middle.
#[must_use]
pub fn quoted(text: &str) -> String {
    shortened(text, MAX_QUOTED)
}

/// [`quoted`] for texts that may have so many characters.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    escaped(&cut(text, most))
}

/// A whole message, one line: [`escaped`]. Long words and long messages lose their middle, so that whatever they quote,
/// they can be read. Paths stay whole, because a file has to be found by its message.
#[must_use]
pub fn message(text: &str) -> String {
    let words = text.split_inclusive([' ', '/', '\\']).map(|word| cut(word, MAX_WORD + 1));
    escaped(&cut(&words.collect::<String>(), MAX_MESSAGE))
}

/// JSON of any layout that holds the same values, and nothing that a terminal obeys.
#[must_use]
pub fn escaped_json(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut shown, c| {
        // Outside of strings there is nothing else that does not print.
        if c == '\n' || is_printed(c) {
            shown.push(c);
        } else {
            shown.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
        shown
    })
}

/// A number and what it counts, `1 frame` or `2 frames`.
#[must_use]
pub fn counted(count: usize, thing: &str) -> String {
    let ending = match count {
        1 => "",
        _ if thing.ends_with('x') => "es",
        _ => "s",
    };
    format!("{count} {thing}{ending}")
}

/// The verb behind a number of things.
#[must_use]
pub const fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn push_escaped(shown: &mut String, c: char) {
    if is_printed(c) {
        shown.push(c);
    } else if matches!(c, '\n' | '\r' | '\t') {
        shown.extend(c.escape_default());
    } else {
        shown.extend(c.escape_unicode());
    }
}

/// Whether a character shows as itself and changes nothing about what stands around it.
fn is_printed(c: char) -> bool {
    match c {
        ' '..='~' => true,
        // Letters by their category that show nothing at all.
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{3164}'
        | '\u{ffa0}' => false,
        // Behind a letter accents and the like are printed too.
        _ => ['a', c].iter().collect::<String>().escape_debug().nth(1) == Some(c),
    }
}

/// A text of at most so many characters: the beginning and the end of a longer one.
fn cut(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let head = most / 2;
    let tail = most - head - 1;
    let (head, tail) = (text.chars().take(head), text.chars().skip(length - tail));
    head.chain([GAP]).chain(tail).collect()
}

/// The text of a time that is left, in the two largest units that say something: `40 s`, `3 min`, `2 h 5 min`, `3 d 4 h`.
#[must_use]
pub fn time_left(time: Duration) -> String {
    let seconds = time.as_secs();
    let minutes = (seconds + 30) / 60;
    match (seconds, minutes) {
        (0..90, _) => format!("{} s", seconds.max(1)),
        (_, 0..60) => format!("{minutes} min"),
        (_, 60..1440) => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        let points = |count| counted(count, "point");
        assert_eq!([points(0), points(1), points(2)], ["0 points", "1 point", "2 points"]);
    }

    #[test]
    fn control_characters_are_escaped() {
        let hostile = [
            ("\x1b[2Jgone", "\\u{1b}[2Jgone"),
            ("a\r\nb\tc\0", "a\\r\\nb\\tc\\u{0}"),
            ("\u{9b}31m\u{7f}\u{85}", "\\u{9b}31m\\u{7f}\\u{85}"),
            ("gnp.\u{202e}exe", "gnp.\\u{202e}exe"),
            ("\u{2066}\u{200e}\u{61c}", "\\u{2066}\\u{200e}\\u{61c}"),
            ("a\u{200b}b\u{feff}\u{ad}\u{3164}", "a\\u{200b}b\\u{feff}\\u{ad}\\u{3164}"),
            ("\u{2028}\u{e0041}", "\\u{2028}\\u{e0041}"),
        ];
        for (text, shown) in hostile {
            assert_eq!(escaped(text), shown);
            assert_eq!(quoted(text), shown);
            assert_eq!(message(text), shown);
        }
        assert_eq!(escaped_lines("a\nb\x1b"), "a\nb\\u{1b}");
    }

    #[test]
    fn names_of_people_stay_readable() {
        for name in ["日本語.jpg", "é e\u{301}", "Ünïcödé Ж ع क्षि", "😀 ❤\u{fe0f}", "it's \"C:\\a b\".png"]
        {
            assert_eq!(message(name), name);
        }
    }

    #[test]
    fn times_have_two_units() {
        let texts = [0, 89, 90, 3569, 3600, 90_000].map(|seconds| time_left(Duration::from_secs(seconds)));
        assert_eq!(texts, ["1 s", "89 s", "2 min", "59 min", "1 h 0 min", "1 d 1 h"]);
    }

    #[test]
    fn long_texts_keep_both_ends() {
        let long = format!("begin{}end", "é".repeat(100_000));
        let shown = quoted(&long);
        assert_eq!(shown.chars().count(), MAX_QUOTED);
        assert!(shown.starts_with("begin") && shown.contains(GAP) && shown.ends_with("end"));
        assert!(message(&format!("cannot read {long}: it")).chars().count() < MAX_WORD + 20);
        assert!(message(&"word ".repeat(100_000)).chars().count() <= MAX_MESSAGE);
        assert_eq!(quoted(&"a".repeat(MAX_QUOTED)), "a".repeat(MAX_QUOTED));
    }

    #[test]
    fn paths_stay_whole() {
        for separator in ["/", "\\"] {
            let path = format!("{separator}folder").repeat(500);
            let message = message(&format!("cannot read {path}: there is no such file"));
            assert!(message.contains(&path), "{message}");
        }
        assert_eq!(message(&"/folder".repeat(1000)).chars().count(), MAX_MESSAGE);
    }

    #[test]
    fn json_keeps_its_values() {
        let name = "\x1b\u{202e}\u{9b}\u{7f}\n\u{e0041}日本";
        let json = serde_json::to_string_pretty(&[name]).unwrap();
        let shown = escaped_json(&json);
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [name]);
        assert!(shown.contains("日本") && !shown.contains(['\x1b', '\u{202e}', '\u{9b}', '\u{7f}', '\u{e0041}']));
    }
}
