//! The viewer of lapidary as a page. `make web` builds it; for any other target than WebAssembly there is nothing here.
#![cfg(target_family = "wasm")]

use wasm_bindgen::prelude::wasm_bindgen;

/// Starts the viewer on the page that loads this module.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    // A second start on the same page keeps the first logger.
    console_log::init_with_level(log::Level::Info).unwrap_or_default();
    lapidary::viewer::run_in_page();
}
