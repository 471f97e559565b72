//! Words of the notes on a dataset.

/// A number of things, `1 frame` or `2 frames`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The verb behind a number of things.
pub(super) const fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// A path for a message.
pub(super) fn short(path: &str) -> String {
    path.chars().take(80).collect()
}
