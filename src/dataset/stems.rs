//! File names for the pictures of views, which lie beside each other in one folder.

use std::collections::{HashMap, HashSet};

/// Suffixes that lapidary puts behind the stem of a picture's file: pictures of one view must not be taken for those of
/// another.
const SUFFIXES: [&str; 6] = ["_truth", "_difference", "_depth", "_normal", "_alpha", "_id"];

/// Longest stem, bytes: with suffix and ending it is shorter than any disk's limit.
const MAX_BYTES: usize = 200;

/// The stem of a file for a picture of a dataset: its path in one word, without the ending. Two pictures may have the same
/// one; [`file_stems`] tells them apart.
#[must_use]
pub fn file_stem(name: &str) -> String {
    shortened(in_one_word(split_ending(name).0))
}

/// The same as [`file_stem`] with the ending behind it: `left_0001_jpg` of `left/0001.jpg`.
#[must_use]
pub fn file_stem_with_ending(name: &str) -> String {
    let (stem, ending) = split_ending(name);
    shortened(in_one_word(&ending.map_or_else(|| stem.to_owned(), |ending| format!("{stem}_{ending}"))))
}

/// Stems for files of all pictures of a dataset, each different, also where capitals do not count: as [`file_stem`]
/// where only one picture has it, else with the ending, and where that is not enough with a number.
#[must_use]
pub fn file_stems(names: &[&str]) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for form in names.iter().flat_map(|name| forms(&file_stem(name))) {
        *counts.entry(form).or_default() += 1;
    }
    let is_clear = |stem: &String| forms(stem).iter().all(|form| counts.get(form) == Some(&1));
    let mut taken = HashSet::new();
    let stem = |name: &&str| {
        let short = Some(file_stem(name)).filter(is_clear);
        let stem = short.unwrap_or_else(|| file_stem_with_ending(name));
        let numbered = (2..).map(|number: u64| format!("{stem}_{number}"));
        let is_free = |stem: &String| forms(stem).iter().all(|form| !taken.contains(form));
        let free = std::iter::once(stem.clone()).chain(numbered).find(is_free).unwrap_or_default();
        taken.extend(forms(&free));
        free
    };
    names.iter().map(stem).collect()
}

/// A stem with everything that may be behind it, as a disk sees it that does not tell capitals.
fn forms(stem: &str) -> Vec<String> {
    let stem = stem.to_lowercase();
    std::iter::once("").chain(SUFFIXES).map(|suffix| format!("{stem}{suffix}")).collect()
}

/// The name and its ending. What begins with a digit is a number: `frame.00012` has no ending.
fn split_ending(name: &str) -> (&str, Option<&str>) {
    let is_ending = |ending: &str| {
        ending.len() <= 5
            && ending.starts_with(|c: char| c.is_ascii_alphabetic())
            && ending.chars().all(char::is_alphanumeric)
    };
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && is_ending(ending) => (stem, Some(ending)),
        _ => (name, None),
    }
}

fn in_one_word(name: &str) -> String {
    name.replace(['/', '\\', ':'], "_")
}

/// The end of a stem that is too long: there the names of files are.
fn shortened(stem: String) -> String {
    let first = (stem.len().saturating_sub(MAX_BYTES)..=stem.len()).find(|i| stem.is_char_boundary(*i));
    stem.get(first.unwrap_or(0)..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_differ_have_files_that_differ() {
        for (names, stems) in [
            (&["a.png", "left/b.jpg", "frame.00012"][..], &["a", "left_b", "frame.00012"][..]),
            (&["a.png", "a.jpg", "b.png"], &["a_png", "a_jpg", "b"]),
            (&["frame.00012", "frame.00013", "frame.png"], &["frame.00012", "frame.00013", "frame"]),
            (&["A.png", "a.png"], &["A_png", "a_png_2"]),
            (&["a/b.png", "a_b.png"], &["a_b_png", "a_b_png_2"]),
            (&["a.png", "a_truth.png"], &["a_png", "a_truth_png"]),
            (&["../../etc/passwd.png", ".png"], &[".._.._etc_passwd", ".png"]),
        ] {
            assert_eq!(file_stems(names), stems);
        }
    }

    #[test]
    fn long_names_are_cut_and_still_differ() {
        let names = ["left", "right"].map(|folder| format!("{folder}{}/é.png", "/long".repeat(100)));
        let stems = file_stems(&[&names[0], &names[1]]);
        assert!(stems.iter().all(|stem| stem.len() < 220 && stem.contains("_é")), "{stems:?}");
        assert_ne!(stems[0], stems[1]);
    }
}
