//! Which file a picture's name means where the disk spells it otherwise: with other capitals, blanks or endings, or in
//! another folder.

use std::collections::HashMap;

/// Endings of pictures, also of kinds that cannot be read: what is behind another dot is part of the name.
const ENDINGS: [&str; 14] =
    ["png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "heic", "heif", "avif", "gif", "exr", "jxl", "dng"];

/// Whether a file is a picture, by its name.
pub(super) fn is_picture(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending.to_lowercase().as_str()))
}

/// The name without the ending of a picture.
fn without_ending(name: &str) -> &str {
    if is_picture(name) { name.rsplit_once('.').map_or(name, |(stem, _)| stem) } else { name }
}

/// What is left of a name where capitals and the number of blanks do not count.
fn plain(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
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
    /// one with the same ending. `None` where there is none, or several are equally alike.
    pub(super) fn closest(&self, path: &str, is_free: impl Fn(&str) -> bool) -> Option<&'a str> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let files = self.by_stem.get(&plain(without_ending(name)))?;
        let mut best: Option<((usize, bool), &str)> = None;
        let mut is_only = true;
        for file in files.iter().filter(|file| is_free(file)) {
            let likeness = likeness(path, file);
            match best {
                Some((most, _)) if likeness < most => {}
                Some((most, _)) if likeness == most => is_only = false,
                _ => (best, is_only) = (Some((likeness, *file)), true),
            }
        }
        best.filter(|_| is_only).map(|(_, file)| file)
    }
}

/// How many folders two paths have in common, from the last one on, and whether the names are the same with their endings.
fn likeness(one: &str, other: &str) -> (usize, bool) {
    let [mut one, mut other] = [one, other].map(|path| path.rsplit('/').map(plain));
    let is_same_name = one.next() == other.next();
    (one.zip(other).take_while(|(a, b)| a == b).count(), is_same_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closest(path: &str, files: &[&str]) -> Option<String> {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        NameIndex::new(&files).closest(path, |_| true).map(str::to_owned)
    }

    #[test]
    fn capitals_blanks_endings_and_folders_may_differ() {
        for (path, file) in [
            ("a.png", "A.PNG"),
            ("a  b (1).png", "a b (1).png"),
            ("a.jpg", "a.png"),
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
    fn the_longest_common_tail_wins_and_a_tie_is_nothing() {
        let files = ["left/a.png", "right/a.png", "right/a.jpg"];
        assert_eq!(closest("x/left/a.jpg", &files).as_deref(), Some("left/a.png"));
        assert_eq!(closest("x/right/a.jpg", &files).as_deref(), Some("right/a.jpg"));
        assert_eq!(closest("a.png", &files), None, "both folders have one");
        assert_eq!(closest("a.jpg", &files).as_deref(), Some("right/a.jpg"));
    }
}
