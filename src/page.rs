//! The viewer as a page for browsers: its files, and a single file that holds it together with a scene. Only builds with the feature
//! `web` have it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::html::{escape, fill};

/// The page as a template.
const TEMPLATE: &str = include_str!("../web/page.html");

/// The script that connects [`MODULE`] with the browser, as `wasm-bindgen` writes it.
pub const SCRIPT: &str = include_str!(concat!(env!("LAPIDARY_WEB"), "/lapidary.js"));

/// The viewer, compiled to WebAssembly.
pub const MODULE: &[u8] = include_bytes!(concat!(env!("LAPIDARY_WEB"), "/lapidary_bg.wasm"));

/// Nothing is loaded from outside of a page that is one file.
const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' \
                      'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'none'; base-uri 'none'; \
                      form-action 'none'\">";

/// Returns the page of a server that has [`SCRIPT`] as `lapidary.js` and [`MODULE`] as `lapidary_bg.wasm` beside it. `scene` is the
/// name of the file that it begins with, and its address.
#[must_use]
pub fn served(title: &str, scene: Option<(&str, &str)>) -> String {
    let scene = scene.map_or_else(String::new, |(name, address)| {
        format!("<script id=\"scene\" data-name=\"{}\" data-address=\"{}\"></script>\n", escape(name), escape(address))
    });
    let scripts = format!("{scene}<script src=\"lapidary.js\"></script>");
    fill(TEMPLATE, &[("policy", ""), ("title", &escape(title)), ("scripts", &scripts)])
}

/// Returns a page that is one file, with a title, and a scene: the name of its file, which says the format, and its bytes. It opens from
/// a disk, without a network.
///
/// # Errors
/// [`std::io::Error`] where there is no memory for it.
pub fn single_file(title: &str, name: &str, scene: &[u8]) -> std::io::Result<String> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(MODULE)?;
    let module = STANDARD.encode(packed.finish()?);
    // A tag in the script would end it.
    let script = SCRIPT.replace("</script", "<\\/script");
    let scripts = format!(
        "<script>{script}</script>\n<script id=\"module\" type=\"text/plain\">{module}</script>\n\
         <script id=\"scene\" type=\"text/plain\" data-name=\"{}\">{}</script>",
        escape(name),
        STANDARD.encode(scene)
    );
    Ok(fill(TEMPLATE, &[("policy", POLICY), ("title", &escape(title)), ("scripts", &scripts)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_one_file_loads_nothing_and_obeys_no_name() {
        let page = single_file("<b>\"gems\"</b>", "a\"><script>alert(1)</script>.lapidary", b"scene").unwrap();
        assert!(page.contains("<title>&lt;b&gt;&quot;gems&quot;&lt;/b&gt;</title>"));
        assert!(!page.contains("<script>alert") && !page.contains("src=\"lapidary.js\""));
        assert!(page.contains("connect-src 'none'") && page.contains(&STANDARD.encode(b"scene")));
        // The policy comes before every script.
        assert!(page.find("Content-Security-Policy").unwrap() < page.find("<script").unwrap());
        assert_eq!(page.matches("<script").count(), page.matches("</script>").count());
    }
}
