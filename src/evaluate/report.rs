//! `report.html`: metrics, curves and pictures in one file that needs neither a network nor other files.

use std::fmt::Write as _;

use super::album::{Album, Summary, Thumbnails, ViewMetrics};
use super::chart::{Curve, charts};
use super::photographs::MeasuredPhotograph;
use super::slider::pictures;
use super::suspects::suspects;
use crate::html::{escape, fill};
use crate::metrics::DIFFERENCE_RAMP;

/// The template of the page.
const TEMPLATE: &str = include_str!("../../assets/report.html");

/// The content of a report besides the metrics of the views. All of it is text, not markup.
#[derive(Debug, Clone, Default)]
pub struct EvaluationReport {
    /// The scene or the pictures that were evaluated.
    pub title: String,
    /// A sentence below the title.
    pub subtitle: String,
    /// Number of convexes, where it is a scene.
    pub num_convexes: Option<u64>,
    /// Curves of a training.
    pub curves: Vec<Curve>,
    /// Names and values of further facts: device, time, version.
    pub facts: Vec<(&'static str, String)>,
    /// The options of the training, one a line.
    pub options: Option<String>,
    /// Photographs that were measured against their renders.
    pub photographs: Vec<MeasuredPhotograph>,
    /// The number of photographs that there are to be measured.
    pub num_photographs: usize,
}

/// The name of this program, its version and, where the build knows it, its commit.
#[must_use]
pub fn program() -> String {
    let commit = option_env!("LAPIDARY_COMMIT").map_or_else(String::new, |commit| format!(", commit {commit}"));
    format!("lapidary {}{commit}", env!("CARGO_PKG_VERSION"))
}

impl EvaluationReport {
    /// The page.
    #[must_use]
    pub fn html(&self, album: &Album) -> String {
        let summary = album.summary();
        let ramp = DIFFERENCE_RAMP.map(|rgb| {
            let [r, g, b] = rgb.map(|channel| (channel * 100.0).round());
            format!("rgb({r}% {g}% {b}%)")
        });
        let values = [
            ("title", escape(&self.title)),
            ("subtitle", escape(&self.subtitle)),
            ("tiles", tiles(&summary, self.num_convexes)),
            ("about", self.about()),
            ("charts", charts(&self.curves)),
            ("table", table(&summary, &album.thumbnails)),
            ("suspects", suspects(&self.photographs, self.num_photographs, &album.thumbnails)),
            ("pictures", pictures(album)),
            ("ramp", ramp.join(", ")),
        ];
        fill(TEMPLATE, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    /// The facts, and the options to be opened.
    fn about(&self) -> String {
        let facts =
            self.facts.iter().map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)));
        let options = self.options.as_ref().map_or_else(String::new, |options| {
            format!("<details><summary>Options</summary><pre>{}</pre></details>", escape(options.trim()))
        });
        format!("<dl class=\"facts\">{}</dl>{options}", facts.collect::<String>())
    }
}

/// The metrics that the summary has, with the digits that mean something.
fn metrics_of(summary: &Summary) -> Vec<(&'static str, Vec<String>)> {
    type Get = fn(&ViewMetrics) -> Option<f64>;
    let all: [(&str, Option<f64>, usize, Get); 4] = [
        ("PSNR, dB", summary.psnr, 2, |view| Some(view.metrics.psnr)),
        ("SSIM", summary.ssim, 4, |view| Some(view.metrics.ssim)),
        ("LPIPS (VGG)", summary.lpips_vgg, 4, |view| view.metrics.lpips_vgg),
        ("LPIPS (VGG, normalised)", summary.lpips_vgg_normalised, 4, |view| view.metrics.lpips_vgg_normalised),
    ];
    let shown = all.into_iter().filter_map(|(name, mean, digits, get)| {
        let number = |value: f64| format!("{value:.digits$}");
        let views = summary.views.iter().map(|view| get(view).map_or_else(String::new, number));
        Some((name, std::iter::once(number(mean?)).chain(views).collect()))
    });
    shown.collect()
}

fn tiles(summary: &Summary, num_convexes: Option<u64>) -> String {
    let mut tiles: Vec<(&str, String)> =
        metrics_of(summary).into_iter().map(|(name, mut values)| (name, values.swap_remove(0))).collect();
    tiles.extend(num_convexes.map(|number| ("convexes", grouped(number))));
    tiles.push((if summary.views.len() == 1 { "view" } else { "views" }, grouped(summary.views.len() as u64)));
    tiles.iter().map(|(name, value)| format!(r#"<div class="tile"><b>{value}</b><span>{name}</span></div>"#)).collect()
}

/// Thin spaces between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('\u{2009}');
        }
        grouped.push(digit);
    }
    grouped
}

fn table(summary: &Summary, thumbnails: &[Thumbnails]) -> String {
    if summary.views.is_empty() {
        return "<p>There is no view to compare.</p>".to_owned();
    }
    let metrics = metrics_of(summary);
    let head = |name: &str| format!("<th><button>{name}</button></th>");
    let heads: String = std::iter::once("View").chain(metrics.iter().map(|(name, _)| *name)).map(head).collect();
    let mut rows = String::new();
    for (i, view) in summary.views.iter().enumerate() {
        let name = escape(&view.name);
        let card = thumbnails.iter().position(|card| card.name == view.name);
        let name = card.map_or_else(|| name.clone(), |card| format!("<a href=\"#view-{card}\">{name}</a>"));
        let cells: String = metrics.iter().map(|(_, values)| format!("<td>{}</td>", values[i + 1])).collect();
        // Writing to a string does not fail.
        writeln!(rows, "<tr><td>{name}</td>{cells}</tr>").unwrap_or_default();
    }
    format!("<h2>Views</h2>\n<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Split;
    use crate::evaluate::Evaluated;
    use crate::image::Image;
    use crate::metrics::ImageMetrics;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([7, 1_234, 1_234_567].map(grouped), ["7", "1\u{2009}234", "1\u{2009}234\u{2009}567"]);
    }

    #[test]
    fn names_of_views_cannot_become_markup_and_nothing_is_fetched() {
        let image = Image::filled(8, 6, [0.5; 3]);
        let metrics = ImageMetrics::of(&image, &image);
        let name = "<script>alert('{{tiles}}')</script>.png".to_owned();
        let mut album = Album::new(1);
        let view = Evaluated { name, image: image.clone(), truth: image, metrics };
        album.add(&view, None).unwrap();
        let curves = vec![Curve {
            title: "Convexes",
            from_zero: true,
            series: vec![("<b>".into(), vec![[0.0, 1.0], [1.0, f64::NAN]])],
            right: Vec::new(),
        }];
        let facts = vec![("scene", "<i>\"a\"".to_owned())];
        let report = EvaluationReport {
            title: "<u>".into(),
            subtitle: "&".into(),
            num_convexes: Some(1_000),
            curves,
            facts,
            options: Some("<s> = 1".into()),
            photographs: vec![MeasuredPhotograph::of(&view, Split::Train, 0.2)],
            num_photographs: 7,
        };
        let page = report.html(&album);
        assert!(page.contains("&lt;script&gt;alert(&#39;{{tiles}}&#39;)&lt;/script&gt;.png"));
        for markup in ["<script>alert", "<b></span>", "<i>", "<u>", "<s>"] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(!charts(&report.curves).contains("NaN"), "what is not finite is left out");
        for address in ["http:", "https:", "src=\"/", "url(", "@import"] {
            assert!(!page.contains(address), "{address}");
        }
        assert_eq!(page.matches("data:image/jpeg;base64,").count(), 3);
        assert!(page.contains("1 of 7 photographs"), "{page}");
        assert!(page.contains("1\u{2009}000") && page.contains("120.00"), "{page}");
    }
}
