//! The language of the source: names of public types are unique, and doc comments are sentences or noun phrases.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::source::{rust_files, shader_files};

/// First words that make a doc comment a fragment: the reader would have to guess what it is about.
const FRAGMENTS: &[&str] = &[
    "Of",
    "That of",
    "Those of",
    "Its",
    "What it",
    "What is",
    "Whoever",
    "Likewise",
    "Now",
    "See the module",
    "As",
    "For",
    "From",
    "In",
    "By",
    "With",
    "Without",
    "On",
    "At",
    "And",
    "Or",
    "But",
    "Also",
    "Where",
];

/// The name of the type that a line declares for others to use.
fn public_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
    let (kind, name) = rest.trim_start().split_once(' ')?;
    let is_type = ["struct", "enum", "trait", "union", "type"].contains(&kind);
    is_type.then(|| name.split(|c: char| !c.is_alphanumeric() && c != '_').next()).flatten()
}

/// First lines of the paragraphs of doc comments, with their line numbers, counted from 1.
fn paragraphs(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut is_inside = false;
    let mut is_code = false;
    for (index, line) in source.lines().enumerate() {
        let text = line.trim_start().strip_prefix("///").or_else(|| line.trim_start().strip_prefix("//!"));
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        if text.is_some_and(|text| text.starts_with("```")) {
            is_code = !is_code;
        }
        if let Some(text) = text.filter(|_| !is_inside && !is_code) {
            found.push((index + 1, text));
        }
        is_inside = text.is_some();
    }
    found
}

/// The first words of a fragment that a paragraph begins with.
fn fragment(paragraph: &str) -> Option<&'static str> {
    FRAGMENTS.iter().copied().find(|words| {
        paragraph.strip_prefix(words).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '\''))
    })
}

#[test]
fn no_two_public_types_share_a_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in rust_files("src") {
        let source = fs::read_to_string(&file).unwrap();
        for name in source.lines().filter_map(public_type) {
            places.entry(name.to_owned()).or_default().push(file.display().to_string());
        }
    }
    assert!(places.len() > 100, "only {} types were found", places.len());
    let twice: Vec<String> = places
        .iter()
        .filter(|(_, files)| files.len() > 1)
        .map(|(name, files)| format!("`{name}`: {}", files.join(", ")))
        .collect();
    assert!(twice.is_empty(), "public types that share a name:\n{}", twice.join("\n"));
}

#[test]
fn doc_comments_do_not_begin_as_fragments() {
    let files: Vec<_> = rust_files("src").into_iter().chain(shader_files()).collect();
    let mut faults = Vec::new();
    for file in &files {
        let source = fs::read_to_string(file).unwrap();
        let inside = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        faults.extend(paragraphs(&source).into_iter().filter_map(|(line, text)| {
            fragment(text).map(|words| format!("{}:{line} begins with \"{words}\": {text}", inside.display()))
        }));
    }
    assert!(faults.is_empty(), "{} fragments:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_check_itself_finds_types_and_fragments() {
    assert_eq!(public_type("    pub(super) struct Item<'a> {"), Some("Item"));
    assert_eq!(public_type("pub type Pair = (u32, u32);"), Some("Pair"));
    assert_eq!(public_type("struct Private;"), None);
    assert_eq!(public_type("pub const fn structure() {"), None);
    let source = "/// Returns x\n/// for y.\n///\n/// For z.\n/// ```\n/// Of code\n/// ```\nfn f() {}\n";
    assert_eq!(paragraphs(source), [(1, "Returns x"), (4, "For z.")]);
    assert_eq!(fragment("Of a training."), Some("Of"));
    assert_eq!(fragment("Offers nothing."), None);
    assert_eq!(fragment("That of the cameras."), Some("That of"));
}
