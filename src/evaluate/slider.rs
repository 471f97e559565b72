//! The pictures of a report: of each view the render and the truth, one over the other with a line to drag between them, and
//! the map of their difference. All of it is enlarged together.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::album::{Album, Thumbnails};
use crate::html::escape;
use crate::metrics::FULL_DIFFERENCE;

/// The section with the pictures of an album.
pub(super) fn pictures(album: &Album) -> String {
    if album.thumbnails.is_empty() {
        return String::new();
    }
    let shown = album.thumbnails.len();
    let all = album.summary().views.len();
    let which = if shown == all { String::new() } else { format!("{shown} of {all} views. ") };
    let mut text = format!(
        "<h2>Images</h2>\n<p>{which}Drag the line between render and truth. A double tap, a pinch or the buttons enlarge; \
         then a drag moves the image. Difference: <span class=\"ramp\"></span> 0 to {FULL_DIFFERENCE} of the range and \
         more.</p>\n"
    );
    for (i, thumbnails) in album.thumbnails.iter().enumerate() {
        text.push_str(&view_html(i, thumbnails));
    }
    text
}

fn view_html(index: usize, thumbnails: &Thumbnails) -> String {
    let [width, height] = thumbnails.size;
    let img = |jpeg: &[u8], what: &str| {
        let data = STANDARD.encode(jpeg);
        format!(r#"<img src="data:image/jpeg;base64,{data}" alt="{what}" decoding="async" draggable="false">"#)
    };
    let [image, truth, difference] = &thumbnails.pictures;
    let [image, truth, difference] = [img(image, "render"), img(truth, "truth"), img(difference, "difference")];
    let metrics = &thumbnails.metrics;
    let lpips = metrics.lpips_vgg.map_or_else(String::new, |lpips| format!(", LPIPS {lpips:.4}"));
    format!(
        "<figure class=\"view\" id=\"view-{index}\"><figcaption><b>{}</b> PSNR {:.2} dB, SSIM {:.4}{lpips}</figcaption>\
         <div class=\"stages\" style=\"--ratio: {width} / {height}\">\
         <div class=\"stage pair\">{truth}<div class=\"over\">{image}</div><div class=\"line\"></div><span>render</span><span>truth</span></div>\
         <div class=\"stage\">{difference}<span>difference</span></div></div>\
         <div class=\"tools\"><input type=\"range\" min=\"0\" max=\"1000\" value=\"500\" aria-label=\"render at the left, \
         truth at the right\"><button aria-label=\"smaller\">−</button><output>1×</output><button aria-label=\"larger\">+</button>\
         </div></figure>\n",
        escape(&thumbnails.name),
        metrics.psnr,
        metrics.ssim
    )
}
