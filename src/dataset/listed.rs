//! Lists of file names in a `transforms.json`: which frames each of them means.

use std::collections::{BTreeSet, HashMap};

use super::names::split_extension;
use super::transforms::TransformsFrame;
use crate::text::quoted;

/// The frames that a list means.
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
        let paths = Paths::new(frames.iter().map(|frame| frame.file_path.as_str()));
        let (mut found, mut unmatched) = (BTreeSet::new(), Vec::new());
        for name in names {
            match paths.meant(name) {
                Meaning::Paths(indices) => found.extend(indices),
                Meaning::Unknown => unmatched.push(format!("`{}`", quoted(name))),
                Meaning::Ambiguous(indices) => {
                    let [one, other] = indices.map(|index| quoted(&frames[index].file_path));
                    unmatched.push(format!("`{}`, which may be {one} or {other}", quoted(name)));
                }
            }
        }
        let Some(first) = unmatched.first() else { return Ok(Self { frames: found, note: None }) };
        let (count, all) = (unmatched.len(), names.len());
        if found.is_empty() {
            return Err(format!("none of the {all} names of `{key}` is that of one frame, the first is {first}"));
        }
        let note = format!("{count} of {all} names of `{key}` are not that of one frame, the first is {first}");
        Ok(Self { frames: found, note: Some(note) })
    }
}

/// The paths that a name in a list means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Indices of the paths; there are several where one path is listed several times.
    Paths(Vec<usize>),
    /// Indices of two paths that the name fits equally well.
    Ambiguous([usize; 2]),
    /// No path fits.
    Unknown,
}

/// Paths of pictures, which names in a list mean.
pub(super) struct Paths<'a> {
    paths: Vec<Vec<&'a str>>,
    /// Indices of paths by the last part without its extension, in small letters.
    by_stem: HashMap<String, Vec<usize>>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(paths: impl Iterator<Item = &'a str>) -> Self {
        let paths: Vec<Vec<&str>> = paths.map(parts).collect();
        let mut by_stem: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, path) in paths.iter().enumerate() {
            by_stem.entry(stem_of(path)).or_default().push(index);
        }
        Self { paths, by_stem }
    }

    /// Finds exactly that path, or the only one that ends so, or else the only one that ends so in other capitals.
    pub(super) fn meant(&self, name: &str) -> Meaning {
        let name = parts(name);
        let Some(alike) = self.by_stem.get(&stem_of(&name)) else { return Meaning::Unknown };
        let those = |is_meant: &dyn Fn(&[&str]) -> bool| -> Vec<usize> {
            alike.iter().copied().filter(|index| is_meant(&self.paths[*index])).collect()
        };
        let exact = those(&|path| path == name);
        if !exact.is_empty() {
            return Meaning::Paths(exact);
        }
        let ends_so = those(&|path| ends_alike(path, &name, |a, b| a == b));
        let found = if ends_so.is_empty() {
            those(&|path| ends_alike(path, &name, |a, b| a.to_lowercase() == b.to_lowercase()))
        } else {
            ends_so
        };
        match found[..] {
            [] => Meaning::Unknown,
            [_] => Meaning::Paths(found),
            [one, other, ..] => Meaning::Ambiguous([one, other]),
        }
    }
}

/// Whether one path is the end of the other; the extension of the last part may be missing.
fn ends_alike(path: &[&str], name: &[&str], is_same: impl Fn(&str, &str) -> bool) -> bool {
    let pairs = path.iter().rev().zip(name.iter().rev()).enumerate();
    let mut same = pairs.map(|(i, (a, b))| {
        is_same(a, b) || (i == 0 && (is_same(split_extension(a).0, b) || is_same(a, split_extension(b).0)))
    });
    same.all(|is_same| is_same)
}

/// The last part without its extension, in small letters.
fn stem_of(path: &[&str]) -> String {
    split_extension(path.last().unwrap_or(&"")).0.to_lowercase()
}

/// The folders and the name of a path of any system, without what says nothing.
fn parts(path: &str) -> Vec<&str> {
    path.split(['/', '\\']).filter(|part| !["", ".", ".."].contains(part)).collect()
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
        assert!(
            note.starts_with("2 of 3 names of `test_filenames`")
                && note.ends_with("`a.png`, which may be front/a.png or back/a.png"),
            "{note}"
        );
        let message = list(&["gone.png", "a.png"], &paths).err().unwrap();
        assert!(message.contains("none of the 2 names") && message.contains("`gone.png`"), "{message}");
        assert!(list(&[], &paths).unwrap().frames.is_empty(), "an empty list holds nothing out");
    }
}
