//! The curves of a training: what is drawn into one chart has one quantity, one size of pictures and one set of views.

use std::collections::BTreeMap;

use super::chart::{Curve, CurveSeries};
use super::log::{EvaluationLine, LogLine, TrainingLine};

/// The curves of a training's log that have at least two points.
///
/// The first one has the loss of the training views and the PSNR of the held-out views, each on an axis of its own, at the
/// same iterations: the loss is its mean since the evaluation before. Losses of pictures of different sizes are not joined,
/// nor means over different views.
#[must_use]
pub fn curves_of(lines: &[LogLine]) -> Vec<Curve> {
    let training: Vec<&TrainingLine> =
        lines.iter().filter_map(|line| if let LogLine::Training(line) = line { Some(line) } else { None }).collect();
    let evaluations: Vec<&EvaluationLine> =
        lines.iter().filter_map(|line| if let LogLine::Evaluation(line) = line { Some(line) } else { None }).collect();
    let convexes = training.iter().map(|line| [f64::from(line.iteration), line.num_convexes.into()]).collect();
    let curves = [
        both(&training, &evaluations),
        Curve {
            title: "Loss of the training views",
            from_zero: false,
            series: by_size(training.iter().map(|line| (line.halvings, point_of(line, line.loss)))),
            right: Vec::new(),
        },
        Curve { title: "Convexes", from_zero: true, series: vec![(String::new(), convexes)], right: Vec::new() },
    ];
    curves.into_iter().filter(|curve| curve.series.iter().any(|(_, points)| points.len() > 1)).collect()
}

/// Loss and PSNR at the iterations of the evaluations.
fn both(training: &[&TrainingLine], evaluations: &[&EvaluationLine]) -> Curve {
    let mut iterations: Vec<u32> = evaluations.iter().map(|line| line.iteration).collect();
    iterations.dedup();
    let before = std::iter::once(0).chain(iterations.iter().copied());
    let losses = before.zip(&iterations).filter_map(|(begin, end)| mean_loss(training, begin, *end));
    // Means over different views must not be joined by a line.
    let mut by_views = BTreeMap::<usize, Vec<[f64; 2]>>::new();
    for line in evaluations {
        by_views.entry(line.test_views).or_default().push([f64::from(line.iteration), line.test_psnr]);
    }
    let views = |(views, points)| (format!("PSNR of {views} held-out views, dB"), points);
    let named = |(size, points)| (format!("loss, {size}"), points);
    Curve {
        title: "Training and held-out views, at the same iterations",
        from_zero: false,
        series: by_size(losses).into_iter().map(named).collect(),
        right: by_views.into_iter().map(views).collect(),
    }
}

/// The mean loss of the iterations in `begin + 1..=end` whose pictures have the size of the last one.
fn mean_loss(training: &[&TrainingLine], begin: u32, end: u32) -> Option<(Option<u32>, [f64; 2])> {
    let within = |line: &&&TrainingLine| (begin + 1..=end).contains(&line.iteration);
    let halvings = training.iter().rfind(within)?.halvings;
    let (mut last, mut sum, mut count) = (begin, 0.0, 0.0);
    for line in training.iter().filter(within) {
        let number = f64::from(line.iteration.saturating_sub(last));
        last = line.iteration;
        if line.halvings == halvings {
            (sum, count) = (sum + number * f64::from(line.loss?), count + number);
        }
    }
    Some((halvings, [f64::from(end), sum / count]))
}

fn point_of(line: &TrainingLine, value: Option<f32>) -> [f64; 2] {
    [f64::from(line.iteration), value.map_or(f64::NAN, f64::from)]
}

/// A line of the chart for each size of pictures, the smallest first.
fn by_size(points: impl Iterator<Item = (Option<u32>, [f64; 2])>) -> Vec<CurveSeries> {
    let mut by_size = BTreeMap::<_, Vec<[f64; 2]>>::new();
    for (halvings, point) in points {
        by_size.entry(std::cmp::Reverse(halvings)).or_default().push(point);
    }
    by_size.into_iter().map(|(halvings, points)| (size_name(halvings.0), points)).collect()
}

fn size_name(halvings: Option<u32>) -> String {
    match halvings {
        None => "of images whose size is not recorded".to_owned(),
        Some(0) => "images in full size".to_owned(),
        Some(halvings) => format!("images of 1/{} of the sides", 1_u64 << halvings.min(32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ImageMetrics;

    fn training(iteration: u32, loss: f32, halvings: Option<u32>) -> LogLine {
        let loss = Some(loss);
        let (seconds, l1, ssim, num_convexes, memory_mib) = (1.0, 0.1, 0.5, 9, 5);
        LogLine::Training(TrainingLine { iteration, seconds, loss, l1, ssim, num_convexes, memory_mib, halvings })
    }

    fn evaluation(iteration: u32, views: usize) -> LogLine {
        let metrics = ImageMetrics { psnr: 20.0, ssim: 0.5, lpips_vgg: None, lpips_vgg_normalised: None };
        LogLine::Evaluation(EvaluationLine::of(&vec![metrics; views], iteration, 1.0, 9).unwrap())
    }

    #[test]
    fn curves_need_two_points_and_join_means_over_the_same_views() {
        let is_none = |lines: &[LogLine]| curves_of(lines).is_empty();
        assert!(is_none(&[]) && is_none(&[training(1, 0.5, Some(0))]), "a point is no curve");
        let full = Some(0);
        let lines = [
            training(10, 0.5, full),
            evaluation(10, 2),
            training(15, 0.25, full),
            training(20, 0.75, full),
            evaluation(20, 2),
            evaluation(20, 5),
        ];
        let [both, loss, convexes] = &curves_of(&lines)[..] else { panic!("{:?}", curves_of(&lines)) };
        assert_eq!((loss.title, convexes.from_zero), ("Loss of the training views", true));
        assert_eq!(loss.series[0].1, [[10.0, 0.5], [15.0, 0.25], [20.0, 0.75]]);
        let name = "loss, images in full size".to_owned();
        assert_eq!(both.series, [(name, vec![[10.0, 0.5], [20.0, 0.5]])], "at the iterations of the evaluations");
        let points = |count: usize| both.right.iter().find(|(name, _)| name.contains(&format!("of {count} "))).unwrap();
        assert_eq!(points(2).1, [[10.0, 20.0], [20.0, 20.0]]);
        assert_eq!(points(5).1, [[20.0, 20.0]], "other views are not joined");
    }

    #[test]
    fn losses_of_pictures_of_different_sizes_are_not_joined() {
        let lines = [
            training(10, 0.5, Some(1)),
            evaluation(10, 2),
            training(15, 0.9, Some(1)),
            training(20, 0.2, Some(0)),
            evaluation(20, 2),
            training(30, 0.1, Some(0)),
            evaluation(30, 2),
        ];
        let both = &curves_of(&lines)[0].series;
        assert_eq!(both[0], ("loss, images of 1/2 of the sides".to_owned(), vec![[10.0, 0.5]]));
        assert_eq!(both[1].1.len(), 2);
        assert!((both[1].1[0][1] - 0.2).abs() < 1e-6, "without the smaller images before it: {both:?}");
        let older = [training(1, 0.5, None), training(2, 0.4, None)];
        assert!(curves_of(&older)[0].series[0].0.contains("not recorded"));
    }
}
