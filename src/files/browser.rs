//! Files of a page in a browser: what it was given is in memory, and what it writes is offered as a download.

use std::collections::BTreeMap;
use std::io::{Cursor, Error, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

use super::FileError;

/// The bytes of a file, and the place to read on from.
pub(super) type InMemory = Cursor<Arc<[u8]>>;

static GIVEN: Mutex<BTreeMap<PathBuf, Arc<[u8]>>> = Mutex::new(BTreeMap::new());

/// Keeps the bytes of a file, which can be read under this name from then on.
pub fn give(path: &Path, bytes: Vec<u8>) {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into(), bytes.into());
}

fn given(path: &Path) -> Option<Arc<[u8]>> {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
}

/// Whether there is a file of this name.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    given(path).is_some()
}

/// Opens a file for reading, and says how many bytes it has.
///
/// # Errors
/// [`FileError`] naming `path`: the page was not given it.
pub fn open(path: &Path) -> Result<(InMemory, u64), FileError> {
    let missing = || FileError::of("read", path)(Error::new(ErrorKind::NotFound, "the page was not given this file"));
    let bytes = given(path).ok_or_else(missing)?;
    let length = bytes.len() as u64;
    Ok((Cursor::new(bytes), length))
}

/// A file that is written piece by piece, and offered as a download when it is finished.
#[derive(Debug)]
pub struct Download {
    bytes: Vec<u8>,
    path: PathBuf,
}

impl Download {
    /// An empty file.
    ///
    /// # Errors
    /// None in a browser.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        Ok(Self { bytes: Vec::new(), path: path.into() })
    }

    /// The path until it is finished.
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        &self.path
    }

    /// Offers the file as a download.
    ///
    /// # Errors
    /// [`FileError`] naming the file, where the browser refuses it.
    pub fn finish(self) -> Result<(), FileError> {
        let Self { bytes, path } = self;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let refused = |error: JsValue| Error::other(format!("the browser refused the download: {error:?}"));
        download(&name, &bytes).map_err(refused).map_err(FileError::of("write", &path))
    }
}

impl Write for Download {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Removes what an earlier program left half written: a page leaves nothing.
pub fn remove_unfinished(_: &Path) {}

/// Removes what this program has half written: a page leaves nothing.
pub fn discard_unfinished() {}

/// Lets the browser keep bytes as a file, as if a link to it had been clicked.
fn download(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or("there is no page")?;
    let blob = web_sys::Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&address)
}
