//! The compact scene: `.lapidary`, a scene for sharing in about a seventh of the bytes.
//!
//! A zip file. `scene.json` holds the metadata of a scene file and the number of convexes; every other entry is one table of
//! whole numbers, see [`quantise`]. Deflate is what every language reads without another package; Zstandard would save up to a
//! tenth more. See docs/formats.md.

mod bytes;
mod quantise;

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use quantise::Layout;

use super::ConvertError;
use crate::files;
use crate::scene::Scene;
use crate::scene_file::{self, Metadata};

/// The name of these files in messages.
const WHAT: &str = "a compact scene";

/// Value of the key `format`.
const FORMAT: &str = "lapidary-compact-scene";

/// Value of the key `version`; raised when an older reader would misread the file.
const VERSION: u32 = 1;

/// The entry of the metadata.
const HEAD: &str = "scene.json";

/// Most bytes of that entry.
const MAX_HEAD_BYTES: u64 = 1 << 24;

/// The entries may have so many times the bytes of their file, so that a small file cannot fill the memory. Those of trained
/// scenes have about twice as many.
const MAX_EXPANSION: u64 = 16;

/// The strongest compression of deflate.
const LEVEL: i64 = 9;

/// What `scene.json` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    num_convexes: usize,
    /// Keys and values as in a scene file.
    scene: BTreeMap<String, String>,
}

/// Writes a scene with its numbers rounded.
pub(super) fn write(scene: &Scene, metadata: &Metadata, path: &Path) -> Result<(), ConvertError> {
    Ok(files::write_atomically(path, &packed(scene, metadata, path)?)?)
}

/// The bytes of a scene with its numbers rounded. Errors name `path`.
pub(super) fn packed(scene: &Scene, metadata: &Metadata, path: &Path) -> Result<Vec<u8>, ConvertError> {
    let entries = entries(scene, metadata).map_err(|reason| ConvertError::content(path, WHAT, reason))?;
    let zipped =
        |method| zipped(&entries, method).map_err(|error| ConvertError::content(path, WHAT, error.to_string()));
    let mut bytes = zipped(CompressionMethod::Deflated)?;
    // Convexes that are all the same can be packed more tightly than a reader allows.
    if expands_too_much(entries.iter().map(|(_, entry)| entry.len() as u64).sum(), bytes.len()) {
        bytes = zipped(CompressionMethod::Stored)?;
    }
    Ok(bytes)
}

/// The names and the contents of the entries.
fn entries(scene: &Scene, metadata: &Metadata) -> Result<Vec<(&'static str, Vec<u8>)>, String> {
    let keys = scene_file::entries(scene, metadata)?;
    let head = Head {
        format: FORMAT.to_owned(),
        version: VERSION,
        num_convexes: scene.len(),
        scene: keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    };
    let head = serde_json::to_vec_pretty(&head).map_err(|error| error.to_string())?;
    let values = quantise::tables_of(scene);
    let layouts = quantise::layouts(scene.points_per_convex, scene.sh_degree);
    let tables =
        layouts.iter().zip(&values).map(|(table, values)| (table.name, bytes::from_integers(values, table.columns)));
    Ok([(HEAD, head)].into_iter().chain(tables).collect())
}

/// The bytes of a zip file. Its entries have no times, so equal scenes are equal files.
fn zipped(entries: &[(&'static str, Vec<u8>)], method: CompressionMethod) -> ZipResult<Vec<u8>> {
    let level = (method == CompressionMethod::Deflated).then_some(LEVEL);
    let options = SimpleFileOptions::default().compression_method(method).compression_level(level);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, entry) in entries {
        zip.start_file(*name, options.large_file(entry.len() as u64 > u64::from(u32::MAX)))?;
        zip.write_all(entry)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Whether entries are so much longer than their file that a small file could fill the memory.
fn expands_too_much(entry_bytes: u64, file_bytes: usize) -> bool {
    entry_bytes > MAX_EXPANSION.saturating_mul(file_bytes as u64)
}

/// Reads a scene; its values are not yet checked.
pub(super) fn read(path: &Path) -> Result<(Scene, Metadata), ConvertError> {
    let bytes = files::read_at_most(path, files::MAX_SCENE_BYTES)?;
    parse(&bytes).map_err(|reason| ConvertError::content(path, WHAT, reason))
}

fn parse(bytes: &[u8]) -> Result<(Scene, Metadata), String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let claimed = archive.decompressed_size().unwrap_or(u128::MAX);
    if expands_too_much(u64::try_from(claimed).unwrap_or(u64::MAX), bytes.len()) {
        return Err(format!("its entries claim more than {MAX_EXPANSION} times the bytes of the file"));
    }
    let head = entry(&mut archive, HEAD, |found| found <= MAX_HEAD_BYTES)?;
    let head: Head = serde_json::from_slice(&head).map_err(|error| format!("`{HEAD}`: {error}"))?;
    if head.format != FORMAT || head.version != VERSION {
        let Head { format, version, .. } = head;
        return Err(format!("it is {format} of version {version}, expected {FORMAT} of version {VERSION}"));
    }
    let (empty, metadata) = scene_file::parse_entries(|key| head.scene.get(key).map(String::as_str))?;
    let layouts = quantise::layouts(empty.points_per_convex, empty.sh_degree);
    let mut tables = layouts.map(|_| Vec::new());
    for (table, values) in layouts.iter().zip(&mut tables) {
        *values = integers(&mut archive, table, head.num_convexes)?;
    }
    Ok((quantise::scene_of(&tables, empty), metadata))
}

/// The whole numbers of one table.
fn integers(archive: &mut ZipArchive<Cursor<&[u8]>>, table: &Layout, rows: usize) -> Result<Vec<i32>, String> {
    let numbers = rows.checked_mul(table.columns).ok_or_else(|| format!("it claims {rows} convexes"))?;
    let is_whole = |found: u64| (1..=4).any(|planes| (numbers as u64).checked_mul(planes) == Some(found));
    let bytes = entry(archive, table.name, is_whole)?;
    Ok(bytes::to_integers(&bytes, numbers, table.columns))
}

/// The bytes of an entry whose length passes.
fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    is_length: impl Fn(u64) -> bool,
) -> Result<Vec<u8>, String> {
    let mut entry = archive.by_name(name).map_err(|error| format!("entry `{name}`: {error}"))?;
    let claimed = entry.size();
    if !is_length(claimed) {
        return Err(format!("entry `{name}` has {claimed} bytes, which does not fit the rest of the file"));
    }
    let mut bytes = Vec::new();
    let read = entry.by_ref().take(claimed).read_to_end(&mut bytes);
    read.map_err(|error| format!("entry `{name}`: {error}"))?;
    Ok(bytes)
}
