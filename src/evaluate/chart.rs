//! Curves as SVG: in a report, or as a file of their own.

use crate::html::escape;

/// Size of a chart, and its borders left, right, above and below; units of the drawing.
const CHART: [f64; 2] = [480.0, 190.0];
const BORDERS: [f64; 4] = [52.0, 14.0, 10.0, 24.0];

/// Above each chart of a file, for its title.
const TITLE: f64 = 26.0;

/// The style of charts in a file of their own; a report has its own style.
const STYLE: &str = "rect { fill: #fff } text { fill: #78716c; font: 11px system-ui, sans-serif } .title { fill: #1c1917; font-weight: 600 } \
    .grid { stroke: #e7e5e4 } .series { fill: none; stroke-width: 1.8; stroke-linejoin: round } \
    .s0 { stroke: #0f766e } .s1 { stroke: #b45309 } circle.s0, tspan.s0 { fill: #0f766e; stroke: none } \
    circle.s1, tspan.s1 { fill: #b45309; stroke: none }";

/// The colours that a report has for lines.
const COLOURS: usize = 6;

/// A line of a chart: its name, and pairs of iteration and number.
pub type CurveSeries = (String, Vec<[f64; 2]>);

/// A chart of numbers over iterations.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The quantity, with its unit.
    pub title: &'static str,
    /// Whether the axis begins at zero, as for counts.
    pub from_zero: bool,
    /// The lines.
    pub series: Vec<CurveSeries>,
    /// The lines of another quantity, which has an axis at the right; the axis of iterations is the same.
    pub right: Vec<CurveSeries>,
}

impl Curve {
    /// All lines, those of the left axis first.
    fn all(&self) -> impl Iterator<Item = &CurveSeries> {
        self.series.iter().chain(&self.right)
    }
}

/// The charts of a report, evenly divided.
pub(super) fn charts(curves: &[Curve]) -> String {
    if curves.is_empty() {
        return String::new();
    }
    let figure = |curve: &Curve| {
        let (title, [width, height]) = (escape(curve.title), CHART);
        let legend: String = legend(curve, |i, name| format!(r#" <span class="s{i}">● {name}</span>"#));
        let drawing = drawing(curve, &axes(curve, &curve.series), right_axis(curve).as_ref());
        format!(
            r#"<figure><figcaption><b>{title}</b>{legend}</figcaption><svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">{drawing}</svg></figure>"#
        )
    };
    format!("<h2>Training</h2>\n<div class=\"charts\">{}</div>", curves.iter().map(figure).collect::<String>())
}

/// A file with one chart below the other, with logarithmic axes: a power is a straight line, its exponent the slope.
/// Points that are not above zero are left out.
#[must_use]
pub fn growth_svg(curves: &[Curve]) -> String {
    let [width, height] = CHART;
    let chart = |(i, curve): (usize, &Curve)| {
        let legend: String = legend(curve, |i, name| format!(r#" <tspan class="s{i}">● {name}</tspan>"#));
        format!(
            "<g transform=\"translate(0 {})\"><text x=\"12\" y=\"17\"><tspan class=\"title\">{}</tspan>{legend}</text>\
             <g transform=\"translate(0 {TITLE})\">{}</g></g>\n",
            i as f64 * (TITLE + height),
            escape(curve.title),
            drawing(curve, &growth_axes(curve), None)
        )
    };
    let all = curves.len() as f64 * (TITLE + height);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {all}\">\n<style>{STYLE}</style>\n\
         <rect width=\"{width}\" height=\"{all}\"/>\n{}</svg>\n",
        curves.iter().enumerate().map(chart).collect::<String>()
    )
}

fn legend(curve: &Curve, name: impl Fn(usize, String) -> String) -> String {
    let names = curve.all().enumerate().filter(|(_, (name, _))| !name.is_empty());
    names.map(|(i, (text, _))| name(i % COLOURS, escape(text))).collect()
}

/// The scale of one side of a chart.
struct Axis {
    ends: [f64; 2],
    /// Values with a label.
    ticks: Vec<(f64, String)>,
    is_logarithmic: bool,
}

impl Axis {
    /// The place of a value: 0 at the one end, 1 at the other.
    fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.is_logarithmic { value.log10() } else { value };
        let [low, high] = self.ends.map(scale);
        (scale(value) - low) / (high - low).max(f64::MIN_POSITIVE)
    }

    fn evenly(ticks: &[f64], ends: [f64; 2]) -> Self {
        let shown = ticks.iter().filter(|tick| **tick <= ends[1]);
        let ticks = shown.map(|tick| (*tick, number(*tick, step_of(ticks)))).collect();
        Self { ends, ticks, is_logarithmic: false }
    }

    /// Between powers of ten, or twice and five times those, around all values.
    fn multiplying((low, high): (f64, f64)) -> Self {
        let steps: Vec<f64> = (-9..=12).flat_map(|power| [1.0, 2.0, 5.0].map(|x| x * 10f64.powi(power))).collect();
        let low = steps.iter().rev().find(|step| **step <= low * 1.000_001).copied().unwrap_or(1e-9);
        let high = steps.iter().find(|step| **step >= high * 0.999_999 && **step > low).copied().unwrap_or(5e12);
        let is_wide = high / low > 300.0;
        let is_shown = |step: &f64| (low..=high).contains(step) && (!is_wide || is_power_of_ten(*step));
        let ticks = steps.into_iter().filter(is_shown).map(|step| (step, number(step, step))).collect();
        Self { ends: [low, high], ticks, is_logarithmic: true }
    }
}

fn is_power_of_ten(value: f64) -> bool {
    let power = value.log10();
    (power - power.round()).abs() < 1e-6
}

/// Least and greatest number on an axis.
fn range<'s>(series: impl Iterator<Item = &'s CurveSeries>, axis: usize, is_shown: fn(&f64) -> bool) -> (f64, f64) {
    let points = series.flat_map(|(_, points)| points);
    let values = points.filter(|point| point.iter().all(is_shown)).map(|point| point[axis]);
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// The axes of some lines of a chart: iterations, which end at the last one of all lines, and the number.
fn axes(curve: &Curve, series: &[CurveSeries]) -> [Axis; 2] {
    let is_shown = |value: &f64| value.is_finite();
    let (low, high) = range(series.iter(), 1, is_shown);
    let low = if curve.from_zero { low.min(0.0) } else { low };
    let last = range(curve.all(), 0, is_shown).1;
    let (x_ticks, y_ticks) = (ticks((0.0, last), 6), ticks((low, high), 4));
    let ends = [y_ticks.first().copied().unwrap_or(0.0), y_ticks.last().copied().unwrap_or(1.0)];
    [Axis::evenly(&x_ticks, [0.0, last]), Axis::evenly(&y_ticks, ends)]
}

fn right_axis(curve: &Curve) -> Option<Axis> {
    let [_, axis] = axes(curve, &curve.right);
    (!curve.right.is_empty()).then_some(axis)
}

fn growth_axes(curve: &Curve) -> [Axis; 2] {
    let is_shown = |value: &f64| value.is_finite() && *value > 0.0;
    [0, 1].map(|axis| Axis::multiplying(range(curve.series.iter(), axis, is_shown)))
}

fn drawing(curve: &Curve, [x_axis, y_axis]: &[Axis; 2], right_axis: Option<&Axis>) -> String {
    let [left, mut right, above, below] = BORDERS;
    if right_axis.is_some() {
        right = left;
    }
    let x_of = |x: f64| left + x_axis.place(x) * (CHART[0] - left - right);
    let y_of = |axis: &Axis, y: f64| CHART[1] - below - axis.place(y) * (CHART[1] - above - below);
    let mut svg = String::new();
    for (tick, label) in &y_axis.ticks {
        let (y, end, text_x) = (y_of(y_axis, *tick), CHART[0] - right, left - 8.0);
        svg += &format!(
            r#"<line class="grid" x1="{left}" x2="{end}" y1="{y:.1}" y2="{y:.1}"/><text x="{text_x}" y="{:.1}" text-anchor="end">{label}</text>"#,
            y + 4.0
        );
    }
    for (axis, (tick, label)) in right_axis.iter().flat_map(|axis| axis.ticks.iter().map(move |tick| (axis, tick))) {
        let (x, y) = (CHART[0] - right + 8.0, y_of(axis, *tick) + 4.0);
        svg += &format!(r#"<text x="{x}" y="{y:.1}">{label}</text>"#);
    }
    for (tick, label) in &x_axis.ticks {
        svg += &format!(r#"<text x="{:.1}" y="{}" text-anchor="middle">{label}</text>"#, x_of(*tick), CHART[1] - 7.0);
    }
    let of_left = curve.series.iter().map(|series| (series, y_axis));
    let of_right = right_axis.into_iter().flat_map(|axis| curve.right.iter().map(move |series| (series, axis)));
    for (i, ((_, series), axis)) in of_left.chain(of_right).enumerate() {
        svg += &line_of(i % COLOURS, series.iter().map(|[x, y]| [x_of(*x), y_of(axis, *y)]));
    }
    svg
}

/// The line through some places, in a colour of the style.
fn line_of(colour: usize, places: impl Iterator<Item = [f64; 2]>) -> String {
    let places: Vec<[f64; 2]> = places.filter(|place| place.iter().all(|side| side.is_finite())).collect();
    let line: Vec<String> = places.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
    let mut svg = format!(r#"<polyline class="series s{colour}" points="{}"/>"#, line.join(" "));
    // Dots where they do not become a line themselves.
    for [x, y] in places.iter().filter(|_| places.len() <= 40) {
        svg += &format!(r#"<circle class="s{colour}" cx="{x:.1}" cy="{y:.1}" r="2.2"/>"#);
    }
    svg
}

/// Round numbers, evenly apart, from at or below the lowest to at or above the highest value; about so many.
fn ticks((low, high): (f64, f64), number: u32) -> Vec<f64> {
    let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
    let span = if high > low { high - low } else { high.abs().max(1.0) * 0.1 };
    let rough = span / f64::from(number);
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough).unwrap_or(span);
    let first = (low / step).floor();
    let mut ticks: Vec<f64> = Vec::new();
    // At most twice the number, whatever rounding does.
    for i in 0..=2 * number {
        ticks.push((first + f64::from(i)) * step);
        if ticks.len() > 1 && (first + f64::from(i)) * step >= high {
            break;
        }
    }
    ticks
}

fn step_of(ticks: &[f64]) -> f64 {
    ticks.windows(2).next().map_or(1.0, |pair| pair[1] - pair[0])
}

/// A tick with as many digits as its neighbours differ in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
fn number(value: f64, step: f64) -> String {
    let (value, step, unit) = match step {
        step if step >= 1e5 => (value / 1e6, step / 1e6, "M"),
        step if step >= 1e3 => (value / 1e3, step / 1e3, "k"),
        step => (value, step, ""),
    };
    let digits = (-(step.log10() + 1e-9).floor()).clamp(0.0, 9.0) as usize;
    if value == 0.0 { "0".to_owned() } else { format!("{value:.digits$}{unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_all() {
        assert_eq!(ticks((0.0, 30_000.0), 6), [0.0, 5_000.0, 10_000.0, 15_000.0, 20_000.0, 25_000.0, 30_000.0]);
        assert_eq!(ticks((21.3, 24.9), 4), [21.0, 22.0, 23.0, 24.0, 25.0]);
        for range in [(3.0, 3.0), (0.0, 0.0), (f64::NAN, 1.0), (-1e300, 1e300), (1e-9, 1.1e-9)] {
            let ticks = ticks(range, 4);
            assert!(
                (2..=9).contains(&ticks.len()) && ticks.iter().all(|tick| tick.is_finite()),
                "{range:?}: {ticks:?}"
            );
        }
        let texts = [(5_000.0, 5_000.0), (0.05, 0.05), (20.5, 0.5), (1_200_000.0, 200_000.0), (0.0, 2.0), (30.0, 10.0)];
        assert_eq!(texts.map(|(value, step)| number(value, step)), ["5k", "0.05", "20.5", "1.2M", "0", "30"]);
    }

    #[test]
    fn a_power_is_a_straight_line_between_round_numbers() {
        let cube = |x: f64| [x, 0.02 * x.powi(3)];
        let curve = Curve {
            title: "a<b",
            from_zero: false,
            series: vec![("frame".into(), [1.0, 10.0, 100.0].map(cube).to_vec()), (String::new(), vec![[0.0, -1.0]])],
            right: Vec::new(),
        };
        let [x_axis, y_axis] = growth_axes(&curve);
        assert_eq!((x_axis.ends, y_axis.ends), ([1.0, 100.0], [0.02, 20_000.0]));
        let places = [1.0, 10.0, 100.0].map(|x| x_axis.place(x) - y_axis.place(cube(x)[1]));
        assert!(places.iter().all(|off| off.abs() < 1e-9), "{places:?}");
        let labels: Vec<&str> = y_axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0.1", "1", "10", "100", "1k", "10k"]);
        let svg = growth_svg(&[curve.clone(), curve]);
        assert!(svg.contains("a&lt;b") && svg.matches("<polyline").count() == 4);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn each_quantity_has_an_axis_of_its_own() {
        let curve = Curve {
            title: "both",
            from_zero: false,
            series: vec![("loss".into(), vec![[0.0, 0.1], [10.0, 0.3]])],
            right: vec![("psnr<".into(), vec![[5.0, 20.0], [20.0, 30.0]])],
        };
        let ([x_axis, y_axis], right) = (axes(&curve, &curve.series), right_axis(&curve).unwrap());
        assert_eq!((x_axis.ends, right.ends), ([0.0, 20.0], [20.0, 30.0]), "one axis of iterations");
        assert!(y_axis.ends[1] < 0.5, "{:?}", y_axis.ends);
        let page = charts(&[curve]);
        assert!(page.contains("● psnr&lt;") && page.contains(r#"<polyline class="series s1""#), "{page}");
    }
}
