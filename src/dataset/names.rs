//! Finds the file that a picture's name means where the disk spells it otherwise: with other capitals, blanks or endings, or
//! in another folder.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

use crate::image::{EXTENSIONS, UNREAD_EXTENSIONS};

/// A path without its extension, and the extension: what stands behind the last dot of its last part.
pub(super) fn split_extension(path: &str) -> (&str, Option<&str>) {
    match path.rsplit_once('.').filter(|(_, extension)| !extension.contains('/')) {
        Some((stem, extension)) => (stem, Some(extension)),
        None => (path, None),
    }
}

/// Whether a file is a picture by its name, also one of a kind that cannot be read. What is behind another dot is part of
/// the name.
pub(super) fn is_picture(file: &str) -> bool {
    let is_known = |extension: &str| {
        EXTENSIONS.iter().chain(&UNREAD_EXTENSIONS).any(|known| extension.eq_ignore_ascii_case(known))
    };
    split_extension(file).1.is_some_and(is_known)
}

/// The name without the ending of a picture.
fn without_ending(name: &str) -> &str {
    if is_picture(name) { split_extension(name).0 } else { name }
}

/// The name in a form in which capitals, the number of blanks and the way to write an accent do not count.
fn plain(name: &str) -> String {
    let composed: String = name.nfc().collect();
    composed.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The file that a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closest<'a> {
    /// One file fits best.
    File(&'a str),
    /// These two fit equally well.
    Ambiguous([&'a str; 2]),
    /// None fits.
    Nothing,
}

/// The pictures below a folder, by their names.
pub(super) struct NameIndex<'a> {
    by_stem: HashMap<String, Vec<&'a str>>,
}

impl<'a> NameIndex<'a> {
    /// An index of paths with `/`; those that are no pictures are left out.
    pub(super) fn new(files: &'a [String]) -> Self {
        let mut by_stem: HashMap<String, Vec<&str>> = HashMap::new();
        for file in files.iter().filter(|file| is_picture(file)) {
            let name = file.rsplit('/').next().unwrap_or(file);
            by_stem.entry(plain(without_ending(name))).or_default().push(file);
        }
        Self { by_stem }
    }

    /// The file whose name is that of a path, and whose folders are most alike, counted from the last; of several, the
    /// one with the same ending.
    pub(super) fn closest(&self, path: &str, is_free: impl Fn(&str) -> bool) -> Closest<'a> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let files = self.by_stem.get(&plain(without_ending(name)));
        let mut best: Option<((usize, bool), &str)> = None;
        let mut equal = None;
        for file in files.into_iter().flatten().filter(|file| is_free(file)) {
            let similarity = similarity(path, file);
            match best {
                Some((most, _)) if similarity < most => {}
                Some((most, _)) if similarity == most => equal = Some(*file),
                _ => (best, equal) = (Some((similarity, *file)), None),
            }
        }
        match (best, equal) {
            (Some((_, file)), None) => Closest::File(file),
            (Some((_, file)), Some(other)) => Closest::Ambiguous([file, other]),
            (None, _) => Closest::Nothing,
        }
    }
}

/// A path of any system as a relative one with `/`, without what says nothing or leads upwards.
pub(super) fn relative(path: &str) -> String {
    let is_name = |part: &&str| !["", ".", ".."].contains(part) && !part.ends_with(':');
    path.split(['/', '\\']).filter(is_name).collect::<Vec<_>>().join("/")
}

/// Whether the folders of one path are the last ones of the other, whatever their names are.
pub(super) fn ends_alike(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|path| path.rsplit('/').skip(1).map(plain));
    one.zip(other).all(|(a, b)| a == b)
}

/// A path, and what is left of it without its first folder, its first two, and so on.
pub(super) fn tails(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| Some(path.split_once('/')?.1))
}

/// How many folders two paths have in common, from the last one on, and whether the names are the same with their endings.
fn similarity(one: &str, other: &str) -> (usize, bool) {
    let [mut one, mut other] = [one, other].map(|path| path.rsplit('/').map(plain));
    let is_same_name = one.next() == other.next();
    (one.zip(other).take_while(|(a, b)| a == b).count(), is_same_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closest(path: &str, files: &[&str]) -> Option<String> {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        match NameIndex::new(&files).closest(path, |_| true) {
            Closest::File(file) => Some(file.to_owned()),
            Closest::Ambiguous([one, other]) => Some(format!("{one} or {other}")),
            Closest::Nothing => None,
        }
    }

    #[test]
    fn capitals_blanks_endings_and_folders_may_differ() {
        for (path, file) in [
            ("a.png", "A.PNG"),
            ("a  b (1).png", "a b (1).png"),
            ("a.jpg", "a.png"),
            ("K\u{fc}che.png", "Ku\u{308}che.png"),
            ("left/a.png", "a.png"),
            ("a.png", "left/deep/a.png"),
            ("home/x/left/a.png", "left/a.png"),
            ("frame.00012", "frame.00012.png"),
        ] {
            assert_eq!(closest(path, &[file, "b.png", "notes/a.txt"]).as_deref(), Some(file), "{path}");
        }
        assert_eq!(closest("frame.00012", &["frame.00013.png", "frame.png"]), None);
    }

    #[test]
    fn paths_of_any_system_are_relative_ones_that_end_alike() {
        for path in ["/x/data/images/a.png", "C:\\data\\images\\a.png", "./../data//images/a.png", "data/images/a.png"]
        {
            let path = relative(path);
            assert!(path.ends_with("data/images/a.png") && !path.starts_with('/') && !path.contains(':'), "{path}");
            assert!(
                ends_alike(&path, "images/b.png") && ends_alike("Images/a.png", &path) && ends_alike(&path, "a.png")
            );
            assert!(!ends_alike(&path, "masks/a.png") && !ends_alike(&path, "other/images/a.png"));
        }
        assert_eq!(tails("a/b/c.png").collect::<Vec<_>>(), ["a/b/c.png", "b/c.png", "c.png"]);
    }

    #[test]
    fn the_longest_common_tail_wins_and_a_tie_is_ambiguous() {
        let files = ["left/a.png", "right/a.png", "right/a.jpg"];
        assert_eq!(closest("x/left/a.jpg", &files).as_deref(), Some("left/a.png"));
        assert_eq!(closest("x/right/a.jpg", &files).as_deref(), Some("right/a.jpg"));
        assert_eq!(closest("a.png", &files).as_deref(), Some("left/a.png or right/a.png"));
        assert_eq!(closest("a.jpg", &files).as_deref(), Some("right/a.jpg"));
    }
}
