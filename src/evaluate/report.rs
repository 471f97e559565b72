//! `report.html`: metrics, curves and pictures in one file that needs neither a network nor other files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::album::{Album, Summary, Thumbnails, ViewMetrics};
use super::chart::{Curve, charts};
use super::html::{escape, fill};
use super::log::{EvaluationLine, LogLine, TrainingLine};
use crate::metrics::{DIFFERENCE_RAMP, FULL_DIFFERENCE};

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
    /// Names and values of further facts.
    pub facts: Vec<(&'static str, String)>,
}

/// The curves of a training's log that have at least two points.
#[must_use]
pub fn curves_of(lines: &[LogLine]) -> Vec<Curve> {
    let training = |of: fn(&TrainingLine) -> f64| -> Vec<[f64; 2]> {
        let point = |line: &LogLine| match line {
            LogLine::Training(line) => Some([f64::from(line.iteration), of(line)]),
            LogLine::Evaluation(_) | LogLine::Replan(_) => None,
        };
        lines.iter().filter_map(point).collect()
    };
    // Means over different views must not be joined by a line.
    let evaluations = |of: fn(&EvaluationLine) -> f64| -> Vec<(String, Vec<[f64; 2]>)> {
        let mut by_views = BTreeMap::<usize, Vec<[f64; 2]>>::new();
        for line in lines {
            if let LogLine::Evaluation(line) = line {
                by_views.entry(line.test_views).or_default().push([f64::from(line.iteration), of(line)]);
            }
        }
        by_views.into_iter().map(|(views, points)| (format!("{views} views"), points)).take(2).collect()
    };
    let one = |points| vec![(String::new(), points)];
    let curves = [
        Curve {
            title: "Loss, training views",
            from_zero: false,
            series: one(training(|line| line.loss.map_or(f64::NAN, f64::from))),
        },
        Curve { title: "SSIM, training views", from_zero: false, series: one(training(|line| line.ssim.into())) },
        Curve { title: "PSNR, held-back views, dB", from_zero: false, series: evaluations(|line| line.test_psnr) },
        Curve { title: "Convexes", from_zero: true, series: one(training(|line| line.num_convexes.into())) },
    ];
    curves.into_iter().filter(|curve| curve.series.iter().any(|(_, points)| points.len() > 1)).collect()
}

impl EvaluationReport {
    /// The page.
    #[must_use]
    pub fn html(&self, album: &Album) -> String {
        let summary = album.summary();
        let facts =
            self.facts.iter().map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)));
        let ramp = DIFFERENCE_RAMP.map(|rgb| {
            let [r, g, b] = rgb.map(|channel| (channel * 100.0).round());
            format!("rgb({r}% {g}% {b}%)")
        });
        let values = [
            ("title", escape(&self.title)),
            ("subtitle", escape(&self.subtitle)),
            ("tiles", tiles(&summary, self.num_convexes)),
            ("charts", charts(&self.curves)),
            ("table", table(&summary, &album.thumbnails)),
            ("pictures", pictures(album)),
            ("facts", facts.collect()),
            ("ramp", ramp.join(", ")),
        ];
        fill(TEMPLATE, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
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

fn pictures(album: &Album) -> String {
    if album.thumbnails.is_empty() {
        return String::new();
    }
    let shown = album.thumbnails.len();
    let all = album.summary().views.len();
    let which = if shown == all { String::new() } else { format!("{shown} of {all} views. ") };
    let mut text = format!(
        "<h2>Pictures</h2>\n<p>{which}Picture (point at it to see the truth in its place), truth, and how far apart they \
         are: <span class=\"ramp\"></span> 0 to {FULL_DIFFERENCE} of the range and more.</p>\n"
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
        format!(
            r#"<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" alt="{what}" loading="lazy">"#
        )
    };
    let [image, truth, difference] = &thumbnails.pictures;
    let [image, over, truth, difference] =
        [img(image, "picture"), img(truth, ""), img(truth, "truth"), img(difference, "difference")];
    let metrics = &thumbnails.metrics;
    let lpips = metrics.lpips_vgg.map_or_else(String::new, |lpips| format!(", LPIPS {lpips:.4}"));
    format!(
        "<figure class=\"view\" id=\"view-{index}\"><figcaption><b>{}</b> PSNR {:.2} dB, SSIM {:.4}{lpips}</figcaption>\
         <div class=\"three\"><span class=\"flip\" tabindex=\"0\">{image}{over}</span><span>{truth}</span><span>{difference}\
         </span></div></figure>\n",
        escape(&thumbnails.name),
        metrics.psnr,
        metrics.ssim
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Evaluated;
    use crate::image::Image;
    use crate::metrics::ImageMetrics;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([7, 1_234, 1_234_567].map(grouped), ["7", "1\u{2009}234", "1\u{2009}234\u{2009}567"]);
    }

    #[test]
    fn curves_need_two_points_and_join_means_over_the_same_views() {
        let training = |iteration| {
            LogLine::Training(TrainingLine {
                iteration,
                seconds: 1.0,
                loss: Some(0.2),
                l1: 0.1,
                ssim: 0.5,
                num_convexes: 9,
                memory_mib: 5,
            })
        };
        let metrics = ImageMetrics { psnr: 20.0, ssim: 0.5, lpips_vgg: None, lpips_vgg_normalised: None };
        let evaluation = |iteration, views: usize| {
            LogLine::Evaluation(EvaluationLine::of(&vec![metrics; views], iteration, 1.0, 9).unwrap())
        };
        assert!(curves_of(&[]).is_empty() && curves_of(&[training(1)]).is_empty(), "a point is no curve");
        let lines = [training(10), evaluation(10, 2), training(20), evaluation(20, 2), evaluation(20, 5)];
        let titles: Vec<&str> = curves_of(&lines).iter().map(|curve| curve.title).collect();
        assert_eq!(titles.len(), 4, "{titles:?}");
        let loss = &curves_of(&lines)[0].series[0].1;
        assert!(loss.iter().zip([10.0, 20.0]).all(|(point, at)| point[0] == at && (point[1] - 0.2).abs() < 1e-6));
        let psnr = &curves_of(&lines)[2].series;
        assert_eq!(psnr[0], ("2 views".to_owned(), vec![[10.0, 20.0], [20.0, 20.0]]));
        assert_eq!(psnr[1], ("5 views".to_owned(), vec![[20.0, 20.0]]), "of its own, not joined");
    }

    #[test]
    fn names_of_views_cannot_become_markup_and_nothing_is_fetched() {
        let image = Image::filled(8, 6, [0.5; 3]);
        let metrics = ImageMetrics::of(&image, &image);
        let name = "<script>alert('{{tiles}}')</script>.png".to_owned();
        let mut album = Album::new(1);
        album.add(&Evaluated { name, image: image.clone(), truth: image, metrics }, None).unwrap();
        let curves = vec![Curve {
            title: "Convexes",
            from_zero: true,
            series: vec![("<b>".into(), vec![[0.0, 1.0], [1.0, f64::NAN]])],
        }];
        let facts = vec![("scene", "<i>\"a\"".to_owned())];
        let report =
            EvaluationReport { title: "<u>".into(), subtitle: "&".into(), num_convexes: Some(1_000), curves, facts };
        let page = report.html(&album);
        assert!(page.contains("&lt;script&gt;alert(&#39;{{tiles}}&#39;)&lt;/script&gt;.png"));
        for markup in ["<script>alert", "<b></span>", "<i>", "<u>"] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(!charts(&report.curves).contains("NaN"), "what is not finite is left out");
        for address in ["http:", "https:", "src=\"/", "url(", "@import"] {
            assert!(!page.contains(address), "{address}");
        }
        assert_eq!(page.matches("data:image/jpeg;base64,").count(), 4);
        assert!(page.contains("1\u{2009}000") && page.contains("120.00"), "{page}");
    }
}
