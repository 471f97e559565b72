//! The header of a safetensors file.

use std::path::Path;

use crate::files::{self, FileError};

/// Longest header of a safetensors file, bytes; that of a checkpoint names every view.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// The metadata `format` of a safetensors file; `None` where it has none or cannot be read.
#[must_use]
pub fn format_of(path: &Path) -> Option<String> {
    let header = header_of(path).ok()??.json;
    header["__metadata__"]["format"].as_str().map(str::to_owned)
}

/// The part of a safetensors file before its data.
struct Header {
    json: serde_json::Value,
    /// Bytes of the whole file, if it holds the data that the header describes and nothing else.
    file_bytes: u64,
}

/// The header of a safetensors file; `None` where it has none.
fn header_of(path: &Path) -> Result<Option<Header>, FileError> {
    let start = files::head(path, 8)?;
    let Some(length) = start.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else { return Ok(None) };
    if length > MAX_HEADER_BYTES {
        return Ok(None);
    }
    let bytes = files::head(path, 8 + length)?;
    let header = bytes.get(8..).filter(|header| header.len() as u64 == length);
    let json: Option<serde_json::Value> = header.and_then(|header| serde_json::from_slice(header).ok());
    Ok(json.map(|json| {
        let entries = json.as_object().into_iter().flat_map(serde_json::Map::values);
        let data = entries.filter_map(|entry| entry["data_offsets"][1].as_u64()).max().unwrap_or(0);
        Header { file_bytes: data.saturating_add(8 + length), json }
    }))
}

/// The bytes of a safetensors file. One that is longer or shorter than its header says is refused unread, and of what has
/// no such header only the beginning is read: parsing it says what is wrong.
///
/// # Errors
/// [`FileError`] naming the file.
pub(crate) fn read_safetensors(path: &Path) -> Result<Vec<u8>, FileError> {
    let Some(Header { file_bytes, .. }) = header_of(path)? else { return files::head(path, 1 << 16) };
    let (_, found) = files::open(path)?;
    if found != file_bytes {
        let reason = format!("its header describes {file_bytes} bytes, and the file has {found}");
        return Err(FileError::of("read", path)(std::io::Error::other(reason)));
    }
    files::read_at_most(path, files::MAX_SCENE_BYTES)
}

/// The same file with the keys of its header in alphabetical order, so that equal scenes give equal bytes: safetensors
/// writes metadata in the order of a hash map, which differs from run to run.
pub(crate) fn with_sorted_header(mut bytes: Vec<u8>) -> Vec<u8> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return bytes };
    let header = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.get(..length));
    let json = header.and_then(|header| serde_json::from_slice::<serde_json::Value>(header).ok());
    let Some((header, json)) = header.zip(json) else { return bytes };
    // The header is padded with spaces, and sorting does not change its length.
    let mut sorted = json.to_string();
    sorted.extend(std::iter::repeat_n(' ', header.len().saturating_sub(sorted.len())));
    if sorted.len() == header.len() {
        bytes[8..8 + sorted.len()].copy_from_slice(sorted.as_bytes());
    }
    bytes
}
