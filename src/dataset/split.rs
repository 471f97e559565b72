//! What is trained on and what is held back.

use std::collections::HashSet;
use std::path::Path;

use super::error::DatasetError;
use super::{Split, View};
use crate::files;

/// Every n-th view by name is for testing, the first of them being one; none for 0.
pub(super) fn every(views: &mut [View], every: usize) {
    for (i, view) in views.iter_mut().enumerate() {
        view.split = if every > 0 && i % every == 0 { Split::Test } else { Split::Train };
    }
}

/// The views that a file names, one a line, are for testing. A name may lack its extension; lines may be empty or, with
/// a `#`, comments.
pub(super) fn by_file(views: &mut [View], path: &Path) -> Result<(), DatasetError> {
    let bytes = files::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, name)| !name.is_empty() && !name.starts_with('#'));
    let known: HashSet<&str> = views.iter().flat_map(|view| [view.name.as_str(), stem(&view.name)]).collect();
    let mut test = HashSet::new();
    for (line, name) in lines {
        if !known.contains(name) {
            let name: String = name.chars().take(80).collect();
            let reason = format!("`{name}` is no picture of the dataset");
            return Err(DatasetError::Text { path: path.into(), line, reason });
        }
        test.insert(name);
    }
    for view in views.iter_mut() {
        let is_test = test.contains(view.name.as_str()) || test.contains(stem(&view.name));
        view.split = if is_test { Split::Test } else { Split::Train };
    }
    Ok(())
}

/// The name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
