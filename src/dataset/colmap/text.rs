//! COLMAP's text files. Source: COLMAP's documentation, "Output format". Faults are told with their line.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};

use super::{ColmapCamera, ColmapImage, camera, check_name, pose};
use crate::dataset::error::DatasetError;
use crate::dataset::lens::LensModel;
use crate::dataset::tree::Tree;
use crate::dataset::{SfmPoint, finite_point};
use crate::files::FileError;

/// Longest line, bytes: a picture's observations stand in one.
const MAX_LINE: u64 = 64 << 20;

/// A line and where it stands.
struct Line<'a> {
    path: &'a Path,
    /// Counted from 1.
    number: usize,
    words: Vec<&'a str>,
}

impl Line<'_> {
    fn fault(&self, reason: impl Into<String>) -> DatasetError {
        DatasetError::Text { path: self.path.into(), line: self.number, reason: reason.into() }
    }

    fn word(&self, i: usize) -> Result<&str, DatasetError> {
        let num_words = self.words.len();
        self.words.get(i).copied().ok_or_else(|| self.fault(format!("{num_words} values, expected more")))
    }

    fn number<T: std::str::FromStr>(&self, i: usize) -> Result<T, DatasetError> {
        let word = self.word(i)?;
        word.parse().map_err(|_| self.fault(format!("`{}` is not the number expected", shortened(word))))
    }

    fn numbers<const N: usize>(&self, first: usize) -> Result<[f64; N], DatasetError> {
        let mut values = [0.0; N];
        for (i, value) in values.iter_mut().enumerate() {
            *value = self.number(first + i)?;
        }
        Ok(values)
    }
}

/// No more of a word than a message can bear.
fn shortened(word: &str) -> String {
    word.chars().take(40).collect()
}

/// What to read after a line.
enum Next {
    Line,
    LineAfterNext,
}

/// Calls `read` with every line that is no comment and has words; it says whether the line after it is to be skipped.
fn for_each_line(
    tree: &Tree,
    inside: &str,
    mut read: impl FnMut(&Line<'_>) -> Result<Next, DatasetError>,
) -> Result<(), DatasetError> {
    let path: PathBuf = tree.path_of(inside);
    let (mut input, _) = tree.stream(inside)?;
    let (mut bytes, mut number, mut next) = (Vec::new(), 0, Next::Line);
    loop {
        bytes.clear();
        number += 1;
        (&mut input).take(MAX_LINE).read_until(b'\n', &mut bytes).map_err(FileError::of("read", &path))?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.len() as u64 == MAX_LINE {
            let reason = format!("a line of more than {MAX_LINE} bytes");
            return Err(DatasetError::Text { path, line: number, reason });
        }
        if matches!(next, Next::LineAfterNext) {
            next = Next::Line;
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.first().is_some_and(|word| !word.starts_with('#')) {
            next = read(&Line { path: &path, number, words })?;
        }
    }
}

pub(super) fn cameras(tree: &Tree, inside: &str) -> Result<BTreeMap<u32, ColmapCamera>, DatasetError> {
    let mut cameras = BTreeMap::new();
    for_each_line(tree, inside, |line| {
        let name = line.word(1)?;
        let model = LensModel::ALL.iter().find(|(_, known, _)| *known == name);
        let (model, ..) = model.ok_or_else(|| line.fault(format!("`{}` is no camera model", shortened(name))))?;
        let size = [line.number(2)?, line.number(3)?];
        let parameters = (4..line.words.len()).map(|i| line.number(i)).collect::<Result<Vec<f64>, _>>()?;
        let camera = camera(*model, size, &parameters).map_err(|reason| line.fault(reason))?;
        cameras.insert(line.number(0)?, camera);
        Ok(Next::Line)
    })?;
    Ok(cameras)
}

/// Two lines a picture; the second, with the places of points, may be empty and is not read.
pub(super) fn images(tree: &Tree, inside: &str) -> Result<Vec<ColmapImage>, DatasetError> {
    let mut images = Vec::new();
    for_each_line(tree, inside, |line| {
        let view_from_world = pose(line.numbers(1)?, line.numbers(5)?).map_err(|reason| line.fault(reason))?;
        let camera = line.number(8)?;
        // A name may contain blanks.
        let name = line.words.get(9..).unwrap_or_default().join(" ");
        let name = check_name(&name).map_err(|reason| line.fault(reason))?;
        images.push(ColmapImage { name, camera, view_from_world });
        Ok(Next::LineAfterNext)
    })?;
    Ok(images)
}

pub(super) fn points(tree: &Tree, inside: &str) -> Result<Vec<SfmPoint>, DatasetError> {
    let mut points = Vec::new();
    for_each_line(tree, inside, |line| {
        let colour = [line.number(4)?, line.number(5)?, line.number(6)?];
        points.extend(finite_point(line.numbers(1)?, colour));
        Ok(Next::Line)
    })?;
    Ok(points)
}
