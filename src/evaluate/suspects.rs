//! The photographs of a report: those with the highest loss and those that are suspected of a fault.

use super::album::Thumbnails;
use super::photographs::{MeasuredPhotograph, PhotographFault, photograph_faults};
use crate::dataset::Split;
use crate::html::escape;
use crate::real::median;

/// Photographs with the highest loss that are listed in any case, and most that are listed.
const MIN_LISTED: usize = 12;
const MAX_LISTED: usize = 200;

/// The section about photographs, `all` of which could have been measured; nothing without any.
pub(super) fn suspects(photographs: &[MeasuredPhotograph], all: usize, thumbnails: &[Thumbnails]) -> String {
    if photographs.is_empty() {
        return String::new();
    }
    let faults = photograph_faults(photographs);
    let num_suspected = faults.iter().filter(|faults| !faults.is_empty()).count();
    let mut sorted: Vec<(&MeasuredPhotograph, &[PhotographFault])> =
        photographs.iter().zip(faults.iter().map(Vec::as_slice)).collect();
    sorted.sort_by(|(a, _), (b, _)| b.loss.total_cmp(&a.loss));
    let usual = median(photographs.iter().map(|photograph| photograph.sharpness[0])).unwrap_or(0.0);
    let listed = sorted.iter().enumerate().filter(|(i, (_, faults))| *i < MIN_LISTED || !faults.is_empty());
    let rows: String =
        listed.take(MAX_LISTED).map(|(_, (photograph, faults))| row(photograph, usual, faults, thumbnails)).collect();
    let heads: String = HEADS.map(|(name, why)| format!("<th title=\"{why}\"><button>{name}</button></th>")).concat();
    let which = if photographs.len() < all { format!("{} of {all}", photographs.len()) } else { all.to_string() };
    format!(
        "<h2>Photographs</h2>\n<p>{which} photographs were measured against their renders; {num_suspected} may be faulty. The \
         list has those with the highest loss, and all that are suspected.</p>\n<div class=\"wide\"><table>\
         <thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>"
    )
}

/// The columns, and what they mean.
const HEADS: [(&str, &str); 7] = [
    ("Photograph", "its name in the dataset"),
    ("Used for", "training, or held out for the evaluation"),
    ("Loss", "a weighted sum of L1 and 1 − SSIM, as in the training"),
    ("Sharpness", "variance of the Laplacian over its median"),
    ("Gain", "values of the photograph over those of the render"),
    ("Shift", "pixels by which the render has to be shifted to fit best"),
    ("Suspected", "what may be wrong with the photograph"),
];

fn row(
    photograph: &MeasuredPhotograph,
    usual_sharpness: f64,
    faults: &[PhotographFault],
    thumbnails: &[Thumbnails],
) -> String {
    let name = escape(&photograph.name);
    let card = thumbnails.iter().position(|card| card.name == photograph.name);
    let name = card.map_or_else(|| name.clone(), |card| format!("<a href=\"#view-{card}\">{name}</a>"));
    let split = if photograph.split == Split::Train { "training" } else { "held out" };
    let [right, down] = photograph.shift;
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    format!(
        "<tr><td>{name}</td><td>{split}</td><td>{:.4}</td><td>{:.2}</td><td>{:.2}</td><td>{:.1}</td><td>{}</td></tr>\n",
        photograph.loss,
        photograph.sharpness[0] / usual_sharpness.max(f64::MIN_POSITIVE),
        photograph.gain,
        right.hypot(down),
        escape(&faults.join("; "))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Evaluated;
    use crate::image::Image;
    use crate::metrics::ImageMetrics;

    #[test]
    fn photographs_are_listed_by_their_loss() {
        let photograph = |i: usize| {
            let render = Image::filled(8, 6, [0.5; 3]);
            let truth = Image::filled(8, 6, [0.5 + 0.001 * i as f32; 3]);
            let metrics = ImageMetrics::of(&render, &truth);
            let view = Evaluated { name: format!("<{i}>.png"), image: render, truth, metrics };
            MeasuredPhotograph::of(&view, Split::Train, 0.2)
        };
        let photographs: Vec<MeasuredPhotograph> = (0..30).map(photograph).collect();
        let html = suspects(&photographs, 40, &[]);
        assert!(html.contains("30 of 40 photographs were measured") && html.contains("; 0 may be faulty"));
        assert_eq!(html.matches("<tr><td>").count(), MIN_LISTED);
        let places = [29, 28, 18].map(|i| html.find(&format!("&lt;{i}&gt;.png")).unwrap());
        assert!(places.is_sorted() && !html.contains("&lt;17&gt;"), "{html}");
        assert!(suspects(&[], 0, &[]).is_empty());
    }
}
