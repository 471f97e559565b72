//! The table of `lapidary eval A B`.

use std::path::PathBuf;

use lapidary::evaluate::{PairedDifference, PairedSummary, PairedView};
use lapidary::metrics::ImageMetrics;
use lapidary::text;

/// A figure of the table.
struct Column {
    name: &'static str,
    digits: usize,
    value: fn(&ImageMetrics) -> Option<f64>,
    difference: Option<PairedDifference>,
}

/// Prints both scenes and their difference for each view, then the mean of the differences with its standard error.
pub(super) fn print(scenes: [&PathBuf; 2], views: &[PairedView], differences: &PairedSummary) {
    let columns = columns(differences);
    let names: Vec<String> = views.iter().map(|view| text::quoted(&view.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(10, 48);
    tell!("A: {}", scenes[0].display());
    tell!("B: {}", scenes[1].display());
    let heads = columns.iter().map(|column| format!("  {:>9} A {:>10}B {:>10}", column.name, "", "B − A"));
    tell!("{:width$}{}", "", heads.collect::<String>());
    for (name, view) in names.iter().zip(views) {
        let cells = columns.iter().map(|column| {
            let [a, b] = view.metrics.map(|metrics| (column.value)(&metrics).unwrap_or(f64::NAN));
            let digits = column.digits;
            format!("  {a:>11.digits$} {b:>11.digits$} {:>+10.digits$}", b - a)
        });
        tell!("{name:width$}{}", cells.collect::<String>());
    }
    for column in columns.iter() {
        let Some(PairedDifference { mean, standard_error, num_better, num_views }) = column.difference else {
            continue;
        };
        let digits = column.digits + 1;
        let error = standard_error.map_or_else(String::new, |error| format!(" ± {error:.digits$}"));
        tell!(
            "{}: B − A is {mean:+.digits$}{error} (mean, standard error); B is better in {num_better} of {num_views}",
            column.name.trim()
        );
    }
}

/// The figures that were measured.
fn columns(differences: &PairedSummary) -> Vec<Column> {
    let PairedSummary { psnr, ssim, lpips_vgg, lpips_vgg_normalised } = *differences;
    let column = |name, digits, value, difference| Column { name, digits, value, difference };
    let all = [
        column("PSNR, dB", 2, |metrics: &ImageMetrics| Some(metrics.psnr), Some(psnr)),
        column("SSIM", 4, |metrics: &ImageMetrics| Some(metrics.ssim), Some(ssim)),
        column("LPIPS", 4, |metrics: &ImageMetrics| metrics.lpips_vgg, lpips_vgg),
        column("LPIPS −1..1", 4, |metrics: &ImageMetrics| metrics.lpips_vgg_normalised, lpips_vgg_normalised),
    ];
    all.into_iter().filter(|column| column.difference.is_some()).collect()
}
