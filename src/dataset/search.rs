//! All pictures of a model at once: which file each name means, which are missing, and which files no name means.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::DatasetOptions;
use super::folders::{PictureFolder, folders_of};
use super::names::{Closest, NameIndex, ends_alike, is_picture};
use super::tree::{Tree, TreeFile};
use crate::text::quoted;

/// The files of pictures and the number that the sides of each are still to be divided by; `None` where one is missing.
pub(super) type FoundPictures = Vec<Option<(TreeFile, u32)>>;

/// A name that two files fit equally well.
#[derive(Debug)]
pub(super) struct AmbiguousName {
    /// Place in the list of names.
    pub(super) index: usize,
    /// Two of the files.
    pub(super) files: [String; 2],
}

impl AmbiguousName {
    /// A sentence that names both files.
    pub(super) fn sentence(&self, names: &[&str]) -> String {
        let ([one, other], name) = (&self.files, quoted(names.get(self.index).unwrap_or(&"")));
        format!("`{name}` may be {} or {}", quoted(one), quoted(other))
    }
}

/// The pictures that names mean.
pub(super) struct Search {
    /// The picture of each name.
    pub(super) pictures: FoundPictures,
    /// Places in the list of names whose files are called otherwise, or lie in another folder.
    pub(super) renamed: Vec<usize>,
    /// Names that were not found because several files fit equally well.
    pub(super) ambiguous: Vec<AmbiguousName>,
    /// Pictures of the first folder that no name means, sorted.
    pub(super) unused: Vec<String>,
}

impl Search {
    /// Looks for pictures in folders; in a later one what no earlier one has.
    pub(super) fn new(folders: &[PictureFolder], names: &[&str]) -> Self {
        let mut search =
            Self { pictures: vec![None; names.len()], renamed: Vec::new(), ambiguous: Vec::new(), unused: Vec::new() };
        for (i, folder) in folders.iter().enumerate() {
            let files = folder.files();
            let used = search.look_into(folder, names, &files);
            if i == 0 {
                let is_unused = |file: &&String| is_picture(file) && !used.contains(file.as_str());
                search.unused = files.iter().filter(is_unused).cloned().collect();
            }
        }
        search.ambiguous.retain(|name| search.pictures[name.index].is_none());
        search.ambiguous.dedup_by_key(|name| name.index);
        search
    }

    /// Takes the pictures of one folder and returns which of its files they are. A file that a name means exactly is not
    /// taken for another name, nor one that several names may mean.
    fn look_into(&mut self, folder: &PictureFolder, names: &[&str], files: &[String]) -> HashSet<String> {
        let open: Vec<usize> = (0..names.len()).filter(|i| self.pictures[*i].is_none()).collect();
        let (exact, others): (Vec<usize>, Vec<usize>) = open.into_iter().partition(|i| folder.has(names[*i]));
        let mut used: HashSet<String> = exact.iter().map(|i| names[*i].to_owned()).collect();
        let index = NameIndex::new(files);
        let is_free = |file: &str| !used.contains(file);
        let mut ambiguous = Vec::new();
        let other_file = |i: &usize| {
            let converted = folder.with_other_ending(names[*i]).filter(|file| is_free(file));
            let is_renamed = converted.is_none();
            // `right/1.png` is not `left/1.png`, even where that is missing.
            let is_meant = |file: &str| is_free(file) && ends_alike(names[*i], file);
            let closest = || match index.closest(names[*i], is_meant) {
                Closest::File(file) => Some(file.to_owned()),
                Closest::Ambiguous(files) => {
                    ambiguous.push(AmbiguousName { index: *i, files: files.map(str::to_owned) });
                    None
                }
                Closest::Nothing => None,
            };
            Some((*i, converted.or_else(closest)?, is_renamed))
        };
        let found: Vec<(usize, String, bool)> = others.iter().filter_map(other_file).collect();
        self.ambiguous.extend(ambiguous);
        let mut num_names: HashMap<&str, usize> = HashMap::new();
        found.iter().for_each(|(_, file, _)| *num_names.entry(file).or_default() += 1);
        let clear = found.iter().filter(|(_, file, _)| num_names.get(file.as_str()) == Some(&1));
        for (i, file, is_renamed) in clear {
            self.pictures[*i] = Some((folder.place(file), folder.divisor));
            self.renamed.extend(is_renamed.then_some(*i));
            used.insert(file.clone());
        }
        for i in exact {
            self.pictures[i] = Some((folder.place(names[i]), folder.divisor));
        }
        used
    }
}

/// The pictures of paths relative to the dataset, each in its own folder. A file of another ending is taken for a path
/// only where no other path means it.
pub(super) fn by_paths(tree: &Arc<Tree>, paths: &[Option<String>], options: &DatasetOptions) -> FoundPictures {
    let mut pictures: FoundPictures = vec![None; paths.len()];
    for stage in 0..2 {
        let mut named: HashSet<String> = paths.iter().flatten().cloned().collect();
        let mut wanted: HashMap<String, HashSet<&str>> = HashMap::new();
        let mut converted = Vec::new();
        for (i, path) in paths.iter().enumerate().filter_map(|(i, path)| Some((i, path.as_deref()?))) {
            if pictures[i].is_some() {
                continue;
            }
            let (folders, name) = folders_of(tree, path, options);
            let folder = &folders[stage];
            if folder.has(name) {
                let place = folder.place(name);
                named.insert(place.inside.clone());
                pictures[i] = Some((place, folder.divisor));
            } else if let Some(place) = folder.with_other_ending(name).map(|other| folder.place(&other)) {
                wanted.entry(place.inside.clone()).or_default().insert(path);
                converted.push((i, place, folder.divisor));
            }
        }
        let is_clear = |place: &TreeFile| {
            !named.contains(&place.inside) && wanted.get(&place.inside).is_some_and(|paths| paths.len() == 1)
        };
        for (i, place, divisor) in converted.into_iter().filter(|(_, place, _)| is_clear(place)) {
            pictures[i] = Some((place, divisor));
        }
    }
    pictures
}
