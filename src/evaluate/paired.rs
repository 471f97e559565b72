//! Two scenes on the same views: differences view by view, which say more than two means do.

use serde::Serialize;

use super::album::ViewMetrics;
use crate::metrics::ImageMetrics;

/// The figures of a view in two evaluations.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedView {
    /// The name of the view in the dataset.
    pub name: String,
    /// The figures of the first scene and of the second one.
    pub metrics: [ImageMetrics; 2],
}

/// The differences of one figure, the second scene less the first one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairedDifference {
    /// Their mean.
    pub mean: f64,
    /// The standard error of the mean; `None` of a single view.
    pub standard_error: Option<f64>,
    /// Views in which the second scene is better.
    pub num_better: usize,
    /// All views.
    pub num_views: usize,
}

/// The differences of all figures that both evaluations have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairedSummary {
    /// PSNR, dB.
    pub psnr: PairedDifference,
    /// Structural similarity.
    pub ssim: PairedDifference,
    /// LPIPS of VGG16 in the convention of 3DGS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lpips_vgg: Option<PairedDifference>,
    /// LPIPS of VGG16 with input in −1..=1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lpips_vgg_normalised: Option<PairedDifference>,
}

/// The views that both evaluations have, in the order of the first one.
#[must_use]
pub fn paired_views(first: &[ViewMetrics], second: &[ViewMetrics]) -> Vec<PairedView> {
    let other = |name: &str| second.iter().find(|view| view.name == name).map(|view| view.metrics);
    let pair =
        |view: &ViewMetrics| Some(PairedView { name: view.name.clone(), metrics: [view.metrics, other(&view.name)?] });
    first.iter().filter_map(pair).collect()
}

impl PairedSummary {
    /// The differences over some views; `None` without any.
    #[must_use]
    pub fn of(views: &[PairedView]) -> Option<Self> {
        let of = |figure: fn(&ImageMetrics) -> Option<f64>, is_higher_better: bool| {
            let difference = |view: &PairedView| Some(figure(&view.metrics[1])? - figure(&view.metrics[0])?);
            let differences: Option<Vec<f64>> = views.iter().map(difference).collect();
            PairedDifference::of(&differences?, is_higher_better)
        };
        Some(Self {
            psnr: of(|metrics| Some(metrics.psnr), true)?,
            ssim: of(|metrics| Some(metrics.ssim), true)?,
            lpips_vgg: of(|metrics| metrics.lpips_vgg, false),
            lpips_vgg_normalised: of(|metrics| metrics.lpips_vgg_normalised, false),
        })
    }
}

impl PairedDifference {
    fn of(differences: &[f64], is_higher_better: bool) -> Option<Self> {
        let count = differences.len() as f64;
        if differences.is_empty() {
            return None;
        }
        let mean = differences.iter().sum::<f64>() / count;
        let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
        let standard_error = (differences.len() > 1).then(|| (squares / (count - 1.0) / count).sqrt());
        let is_better = |difference: &&f64| if is_higher_better { **difference > 0.0 } else { **difference < 0.0 };
        let num_better = differences.iter().filter(is_better).count();
        Some(Self { mean, standard_error, num_better, num_views: differences.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(name: &str, psnr: f64, lpips_vgg: Option<f64>) -> ViewMetrics {
        ViewMetrics {
            name: name.to_owned(),
            metrics: ImageMetrics { psnr, ssim: 0.5, lpips_vgg, lpips_vgg_normalised: None },
        }
    }

    #[test]
    fn differences_are_those_of_the_same_views() {
        let first = [view("a", 20.0, Some(0.3)), view("b", 30.0, Some(0.2)), view("c", 25.0, Some(0.1))];
        let second =
            [view("c", 28.0, Some(0.2)), view("a", 21.0, Some(0.2)), view("b", 29.0, Some(0.1)), view("d", 0.0, None)];
        let views = paired_views(&first, &second);
        assert_eq!(views.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        let summary = PairedSummary::of(&views).unwrap();
        // 1, −1 and 3: variance 4, standard error √(4/3).
        assert!((summary.psnr.mean - 1.0).abs() < 1e-12 && summary.psnr.num_better == 2);
        assert!((summary.psnr.standard_error.unwrap() - (4.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!((summary.ssim.mean, summary.ssim.num_better), (0.0, 0));
        assert_eq!(summary.lpips_vgg.unwrap().num_better, 2, "lower is better");
        assert_eq!(summary.lpips_vgg_normalised, None);
        let one = PairedSummary::of(&views[..1]).unwrap();
        assert_eq!((one.psnr.standard_error, PairedSummary::of(&[])), (None, None));
    }
}
