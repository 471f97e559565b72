//! Lists of file names in a `transforms.json`: which frames each of them means.

use std::collections::{BTreeSet, HashMap};

use super::transforms::TransformsFrame;

/// What a list means.
pub(super) struct Listed {
    /// Indices of the frames.
    pub(super) frames: BTreeSet<usize>,
    /// What the user should know: names that mean no frame.
    pub(super) note: Option<String>,
}

impl Listed {
    /// Finds the frames of a list called `key`. A name means the frame of that path, or else the only frame whose path ends
    /// so: programs write `0001.png` for `images/0001.png`, and paths of another disk.
    ///
    /// # Errors
    /// A sentence, where a list of names means no frame at all.
    pub(super) fn new(key: &str, names: &[String], frames: &[TransformsFrame]) -> Result<Self, String> {
        let paths: Vec<Vec<&str>> = frames.iter().map(|frame| parts(&frame.file_path)).collect();
        let mut by_stem: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, path) in paths.iter().enumerate() {
            by_stem.entry(stem(path.last().unwrap_or(&""))).or_default().push(index);
        }
        let (mut found, mut unmatched) = (BTreeSet::new(), Vec::new());
        for name in names {
            let name_parts = parts(name);
            let alike = by_stem.get(stem(name_parts.last().unwrap_or(&""))).map_or(&[][..], Vec::as_slice);
            match meant(&name_parts, alike, &paths) {
                Some(indices) => found.extend(indices),
                None => unmatched.push(name.chars().take(80).collect::<String>()),
            }
        }
        let Some(first) = unmatched.first() else { return Ok(Self { frames: found, note: None }) };
        let (count, all) = (unmatched.len(), names.len());
        if found.is_empty() {
            return Err(format!("none of the {all} names of `{key}` is that of one frame, the first is `{first}`"));
        }
        let note = format!("{count} of {all} names of `{key}` are not that of one frame, the first is {first}");
        Ok(Self { frames: found, note: Some(note) })
    }
}

/// The frames of exactly that path, or the only one of which one path is the end of the other.
fn meant(name: &[&str], alike: &[usize], paths: &[Vec<&str>]) -> Option<Vec<usize>> {
    let exact: Vec<usize> = alike.iter().copied().filter(|index| paths[*index] == name).collect();
    if !exact.is_empty() {
        return Some(exact);
    }
    let ends_alike = |index: &usize| {
        let pairs = paths[*index].iter().rev().zip(name.iter().rev());
        pairs.enumerate().all(|(i, (a, b))| a == b || (i == 0 && (stem(a) == *b || *a == stem(b))))
    };
    let found: Vec<usize> = alike.iter().copied().filter(ends_alike).collect();
    (found.len() == 1).then_some(found)
}

/// The folders and the name of a path of any system, without what says nothing.
fn parts(path: &str) -> Vec<&str> {
    path.split(['/', '\\']).filter(|part| !["", ".", ".."].contains(part)).collect()
}

/// A name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(paths: &[&str]) -> Vec<TransformsFrame> {
        let frame = |path: &&str| TransformsFrame { file_path: (*path).to_owned(), ..TransformsFrame::default() };
        paths.iter().map(frame).collect()
    }

    fn list(names: &[&str], paths: &[&str]) -> Result<Listed, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Listed::new("test_filenames", &names, &frames(paths))
    }

    #[test]
    fn names_mean_the_frame_of_that_path_or_the_only_one_that_ends_so() {
        let paths = ["images/0001.png", "./images/0002.png", "front/a.png", "back/a.png", "a.png", "images/b"];
        for (name, expected) in [
            ("images/0001.png", &[0][..]),
            ("0001.png", &[0]),
            ("0001", &[0]),
            ("/elsewhere/images/0001.png", &[0]),
            ("D:\\data\\images\\0002.png", &[1]),
            ("./back/a.png", &[3]),
            ("a.png", &[4]),
            ("b.png", &[5]),
        ] {
            let listed = list(&[name], &paths).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(listed.frames.into_iter().collect::<Vec<_>>(), expected, "{name}");
            assert_eq!(listed.note, None);
        }
    }

    #[test]
    fn names_that_mean_nothing_or_several_frames_are_counted() {
        let paths = ["front/a.png", "back/a.png", "images/0001.png"];
        let listed = list(&["a.png", "0001.png", "gone.png"], &paths).unwrap();
        assert_eq!(listed.frames.into_iter().collect::<Vec<_>>(), [2]);
        let note = listed.note.unwrap();
        assert!(note.starts_with("2 of 3 names of `test_filenames`") && note.ends_with("a.png"), "{note}");
        let message = list(&["gone.png", "a.png"], &paths).err().unwrap();
        assert!(message.contains("none of the 2 names") && message.contains("`gone.png`"), "{message}");
        assert!(list(&[], &paths).unwrap().frames.is_empty(), "an empty list holds nothing back");
    }
}
