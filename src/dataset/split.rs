//! The views that are trained on and the views that are held back.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::error::DatasetError;
use super::listed::{Meaning, Paths};
use super::names::split_extension;
use super::{Split, View};
use crate::files;
use crate::text::quoted;

/// Every n-th view by name is for testing, the first of them being one; none for 0.
/// A single view is trained on unless all are held back. Says where that is so.
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
            Some("there is only one picture: it is trained on, and none is held back".to_owned())
        }
        _ => None,
    }
}

/// The views that a file names, one a line, are for testing. A name may lack its extension or folders, or have other
/// capitals, where only one picture is called so; lines may be empty or, with a `#`, comments.
pub(super) fn by_file(views: &mut [View], path: &Path) -> Result<(), DatasetError> {
    let bytes = files::read(path)?;
    let text =
        files::without_byte_order_mark(&bytes).map_err(|reason| DatasetError::Content { path: path.into(), reason })?;
    let text = String::from_utf8_lossy(text);
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, name)| !name.is_empty() && !name.starts_with('#'));
    let listed: Vec<String> = views.iter().map(View::listed_name).collect();
    let names: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let paths = Paths::new(names.iter().copied());
    let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
    for name in &names {
        by_name.entry(split_extension(name).0).or_default().push(name);
    }
    let mut test: HashSet<&str> = HashSet::new();
    for (line, name) in lines {
        if names.binary_search(&name).is_ok() || by_name.contains_key(name) {
            test.extend(names.binary_search(&name).ok().map(|i| names[i]));
            test.extend(by_name.get(name).into_iter().flatten());
        } else {
            let reason = match paths.meant(name) {
                Meaning::Paths(found) => {
                    test.extend(found.into_iter().map(|i| names[i]));
                    continue;
                }
                Meaning::Ambiguous([one, other]) => {
                    let [name, one, other] = [name, names[one], names[other]].map(quoted);
                    format!("`{name}` is ambiguous: it may be {one} or {other}")
                }
                Meaning::Unknown => format!("`{}` is no picture of the dataset", quoted(name)),
            };
            return Err(DatasetError::Text { path: path.into(), line, reason });
        }
    }
    for (view, name) in views.iter_mut().zip(&listed) {
        view.split = if test.contains(name.as_str()) { Split::Test } else { Split::Train };
    }
    Ok(())
}
