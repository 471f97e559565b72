//! The views that are trained on and the views that are held out.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::listed::{Meaning, Paths};
use super::names::split_extension;
use super::{Split, TEST_EVERY, View};
use crate::files;
use crate::text::{are, counted, quoted};

/// Every n-th view by name is for testing, the first of them being one; none for 0.
/// A single view is trained on unless all are held out. Says where that is so.
pub(super) fn every(views: &mut [View], every: usize) -> Option<String> {
    let (mut pictures, mut panoramas) = (0.., HashMap::new());
    for view in views.iter_mut() {
        let mut next = || pictures.next().unwrap_or(0);
        // The faces of a panorama stay together.
        let i: usize =
            if view.face().is_some() { *panoramas.entry(view.listed_name()).or_insert_with(next) } else { next() };
        view.split = if every > 0 && i.is_multiple_of(every) { Split::Test } else { Split::Train };
    }
    let is_single = pictures.next() == Some(1);
    match views {
        all if is_single && every > 1 => {
            all.iter_mut().for_each(|view| view.split = Split::Train);
            Some("there is only one image: it is trained on, and none is held out".to_owned())
        }
        _ => None,
    }
}

/// A list of pictures for testing that lies in a dataset.
pub(super) struct TestList {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// The views that a list in a dataset names are for testing, those of it that are there; an empty list holds out none. Where it
/// names no view, every [`TEST_EVERY`]-th is. Says what was done.
pub(super) fn by_list(views: &mut [View], list: &TestList) -> Option<String> {
    let path = list.path.display();
    let text = String::from_utf8_lossy(&list.bytes);
    let names: Vec<&str> = names_in(&text).map(|(_, name)| name).collect();
    let listed = listed_names(views);
    let known = KnownNames::of(&listed);
    let test: HashSet<&str> = names.iter().filter_map(|name| known.meant(name).ok()).flatten().collect();
    if test.is_empty() && !names.is_empty() {
        let note = every(views, TEST_EVERY);
        return Some(
            note.unwrap_or_else(|| format!("{path} names no image that is here: every {TEST_EVERY}th is held out")),
        );
    }
    let count = hold_back(views, &test);
    Some(format!("{} {} held out, as {path} says", counted(count, "image"), are(count)))
}

/// The views that a file names, one a line, are for testing. A name may lack its extension or folders, or have other
/// capitals, where only one picture is called so; lines may be empty or, with a `#`, comments.
pub(super) fn by_file(views: &mut [View], path: &Path) -> Result<(), DatasetError> {
    let bytes = files::read(path)?;
    let text =
        files::without_byte_order_mark(&bytes).map_err(|reason| DatasetError::Content { path: path.into(), reason })?;
    let text = String::from_utf8_lossy(text);
    let listed = listed_names(views);
    let known = KnownNames::of(&listed);
    let mut test = HashSet::new();
    for (line, name) in names_in(&text) {
        test.extend(known.meant(name).map_err(|reason| DatasetError::Text { path: path.into(), line, reason })?);
    }
    hold_back(views, &test);
    Ok(())
}

/// The names of a list, with the numbers of their lines.
fn names_in(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines().map(str::trim)).filter(|(_, name)| !name.is_empty() && !name.starts_with('#'))
}

/// Makes the views of these names, and no others, views for testing; returns how many there are.
fn hold_back(views: &mut [View], test: &HashSet<&str>) -> usize {
    for view in views.iter_mut() {
        view.split = if test.contains(view.listed_name().as_str()) { Split::Test } else { Split::Train };
    }
    views.iter().filter(|view| view.split == Split::Test).count()
}

/// The names of all pictures, in order.
fn listed_names(views: &[View]) -> Vec<String> {
    views.iter().map(View::listed_name).collect::<BTreeSet<String>>().into_iter().collect()
}

/// The names that a line may mean.
struct KnownNames<'a> {
    names: &'a [String],
    by_stem: HashMap<&'a str, Vec<usize>>,
    paths: Paths<'a>,
}

impl<'a> KnownNames<'a> {
    /// Takes sorted names.
    fn of(names: &'a [String]) -> Self {
        let mut by_stem: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, name) in names.iter().enumerate() {
            by_stem.entry(split_extension(name).0).or_default().push(i);
        }
        Self { names, by_stem, paths: Paths::new(names.iter().map(String::as_str)) }
    }

    /// The pictures that a line means, or a sentence where it means none or one of several.
    fn meant(&self, name: &str) -> Result<Vec<&'a str>, String> {
        let exact = self.names.binary_search_by(|known| known.as_str().cmp(name)).ok();
        let found: Vec<usize> =
            exact.into_iter().chain(self.by_stem.get(name).into_iter().flatten().copied()).collect();
        let those = |found: Vec<usize>| found.into_iter().map(|i| self.names[i].as_str()).collect();
        if !found.is_empty() {
            return Ok(those(found));
        }
        match self.paths.meant(name) {
            Meaning::Paths(found) => Ok(those(found)),
            Meaning::Ambiguous([one, other]) => {
                let [name, one, other] = [name, &self.names[one], &self.names[other]].map(quoted);
                Err(format!("`{name}` is ambiguous: it may be {one} or {other}"))
            }
            Meaning::Unknown => Err(format!("`{}` is no image of the dataset", quoted(name))),
        }
    }
}
