//! What is trained on and what is held back.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::error::DatasetError;
use super::{Split, View};
use crate::files;

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

/// The views that a file names, one a line, are for testing. A name may lack its extension; lines may be empty or, with
/// a `#`, comments.
pub(super) fn by_file(views: &mut [View], path: &Path) -> Result<(), DatasetError> {
    let bytes = files::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    // Some editors put a mark before the text.
    let text = text.trim_start_matches('\u{feff}');
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, name)| !name.is_empty() && !name.starts_with('#'));
    let names: Vec<String> = views.iter().map(View::listed_name).collect();
    let known: HashSet<&str> = names.iter().flat_map(|name| [name.as_str(), stem(name)]).collect();
    let mut test = HashSet::new();
    for (line, name) in lines {
        if !known.contains(name) {
            let name: String = name.chars().take(80).collect();
            let reason = format!("`{name}` is no picture of the dataset");
            return Err(DatasetError::Text { path: path.into(), line, reason });
        }
        test.insert(name);
    }
    for (view, name) in views.iter_mut().zip(&names) {
        let is_test = test.contains(name.as_str()) || test.contains(stem(name));
        view.split = if is_test { Split::Test } else { Split::Train };
    }
    Ok(())
}

/// The name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
