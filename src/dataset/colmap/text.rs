//! COLMAP's text files. Source: COLMAP's documentation, "Output format". Faults are told with their line.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};

use super::{ColmapCamera, ColmapImage, camera, check_name, not_utf8, pose, unknown_model};
use crate::dataset::error::DatasetError;
use crate::dataset::finite_point;
use crate::dataset::lens::LensModel;
use crate::dataset::ply::PointCloud;
use crate::dataset::tree::Tree;
use crate::files::{self, FileError};
use crate::text::quoted;

/// Longest line, bytes: a picture's observations stand in one.
const MAX_LINE: u64 = 64 << 20;

/// A line and where it stands.
struct Line<'a> {
    path: &'a Path,
    /// Counted from 1.
    number: usize,
    /// The bytes as they stand in the file.
    bytes: &'a [u8],
    text: &'a str,
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
        let parsed = word.parse().or_else(|_| without_zeros(word).parse());
        parsed.map_err(|_| self.fault(format!("`{}` is not the number expected", quoted(word))))
    }

    fn numbers<const N: usize>(&self, first: usize) -> Result<[f64; N], DatasetError> {
        let mut values = [0.0; N];
        for (i, value) in values.iter_mut().enumerate() {
            *value = self.number(first + i)?;
        }
        Ok(values)
    }
}

impl Line<'_> {
    /// Whether it has words and is no comment.
    fn is_entry(&self) -> bool {
        self.words.first().is_some_and(|word| !word.starts_with('#'))
    }

    /// Whether it begins as the line of a picture does, and is not a list of places of points.
    fn is_picture(&self) -> bool {
        let is_number = |i: usize| self.words.get(i).is_some_and(|word| word.parse::<f64>().is_ok());
        let is_whole = |i: usize| self.words.get(i).is_some_and(|word| word.parse::<u64>().is_ok());
        let count = self.words.len();
        // A name may consist of numbers; that there are three for each point as well is too unlikely to mind.
        let is_points = count.is_multiple_of(3) && [0, 9, count.saturating_sub(1)].into_iter().all(is_number);
        count > 9 && is_whole(0) && (1..8).all(is_number) && is_whole(8) && !is_points
    }

    /// The picture that it describes.
    fn image(&self) -> Result<ColmapImage, DatasetError> {
        let fault = |reason: String| self.fault(reason);
        let view_from_world = pose(self.numbers(1)?, self.numbers(5)?).map_err(fault)?;
        let camera = self.number(8)?;
        let header = self.words.iter().take(9);
        // A name may contain blanks, also several in a row.
        let name = header.fold(self.text, |rest, word| rest.trim_start().strip_prefix(word).unwrap_or(rest)).trim();
        if name.contains(char::REPLACEMENT_CHARACTER) && std::str::from_utf8(self.bytes).is_err() {
            return Err(self.fault(not_utf8(self.word(0)?, name.as_bytes())));
        }
        Ok(ColmapImage { name: check_name(name).map_err(fault)?, camera, view_from_world })
    }
}

/// The whole number of a word such as `240.0`.
fn without_zeros(word: &str) -> &str {
    word.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0')).map_or(word, |(whole, _)| whole)
}

/// Calls `read` with every line, also with empty ones and comments.
fn for_each_line(
    tree: &Tree,
    inside: &str,
    mut read: impl FnMut(&Line<'_>) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    let path: PathBuf = tree.path_of(inside);
    let (mut input, _) = tree.stream(inside)?;
    let (mut bytes, mut number) = (Vec::new(), 0);
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
        let bytes = if number == 1 {
            let fault = |reason| DatasetError::Text { path: path.clone(), line: number, reason };
            files::without_byte_order_mark(&bytes).map_err(fault)?
        } else {
            &bytes
        };
        let text = String::from_utf8_lossy(bytes);
        read(&Line { path: &path, number, bytes, text: &text, words: text.split_whitespace().collect() })?;
    }
}

/// Calls `read` with every line that is no comment and has words.
fn for_each_entry(
    tree: &Tree,
    inside: &str,
    mut read: impl FnMut(&Line<'_>) -> Result<(), DatasetError>,
) -> Result<(), DatasetError> {
    for_each_line(tree, inside, |line| if line.is_entry() { read(line) } else { Ok(()) })
}

pub(super) fn cameras(tree: &Tree, inside: &str) -> Result<BTreeMap<u32, ColmapCamera>, DatasetError> {
    let mut cameras = BTreeMap::new();
    for_each_entry(tree, inside, |line| {
        let name = line.word(1)?;
        let model = LensModel::ALL.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name));
        let id = line.number(0)?;
        let (model, ..) = model.ok_or_else(|| line.fault(unknown_model(id, &format!("`{}`", quoted(name)))))?;
        let size = [line.number(2)?, line.number(3)?];
        let parameters = (4..line.words.len()).map(|i| line.number(i)).collect::<Result<Vec<f64>, _>>()?;
        let camera = camera(*model, size, &parameters).map_err(|reason| line.fault(reason))?;
        cameras.insert(id, camera);
        Ok(())
    })?;
    Ok(cameras)
}

/// How many lines a picture has.
#[derive(Clone, Copy)]
enum Lines {
    /// There is only the line of its pose, as some programs write.
    One,
    /// There is also the line of the places of points, which may be empty; it is not read.
    Two,
}

/// The pictures, each with a second line or none with one.
pub(super) fn images(tree: &Tree, inside: &str) -> Result<Vec<ColmapImage>, DatasetError> {
    let (mut images, mut lines, mut is_second) = (Vec::new(), None, false);
    for_each_line(tree, inside, |line| {
        if std::mem::take(&mut is_second) {
            let found = if line.is_picture() { Lines::One } else { Lines::Two };
            match (*lines.get_or_insert(found), found) {
                (Lines::Two, Lines::One) => return Err(line.fault(MIXTURE)),
                (_, Lines::Two) => return Ok(()),
                (Lines::One, Lines::One) => {}
            }
        }
        if line.is_entry() {
            images.push(line.image()?);
            is_second = !matches!(lines, Some(Lines::One));
        }
        Ok(())
    })?;
    Ok(images)
}

/// The fault of a file that has second lines for some pictures only.
const MIXTURE: &str = "expected the places of points, which every image before has in a line behind its own, and found \
                       another image";

pub(super) fn points(tree: &Tree, inside: &str) -> Result<PointCloud, DatasetError> {
    let (mut points, mut count) = (Vec::new(), 0);
    for_each_entry(tree, inside, |line| {
        count += 1;
        let colour = [line.number(4)?, line.number(5)?, line.number(6)?];
        points.extend(finite_point(line.numbers(1)?, colour));
        Ok(())
    })?;
    Ok(PointCloud::new(points, count, &tree.path_of(inside)))
}
