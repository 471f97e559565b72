//! `lapidary info`: the GPUs of the machine and their abilities, or the content of a dataset or a scene.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lapidary::dataset::{Dataset, DatasetError, DatasetReport, SizeReport};
use lapidary::gpu::report::{self, AdapterReport};
use lapidary::gpu::{Gpu, GpuError, GpuOptions};
use lapidary::scene::{Extent, Similarity};
use lapidary::{text, train};
use serde::Serialize;

use super::dataset::DatasetArgs;
use super::source::MAX_PROVENANCE;
use super::{SharedArgs, source};

#[derive(Debug, clap::Args)]
pub(crate) struct InfoArgs {
    /// Path to describe instead: a dataset (a folder, a .zip, or a transforms.json), a scene, or the folder of a training run
    path: Option<PathBuf>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// Print one word for the device that other commands would use: `gpu`, `software` or `none`
    #[arg(long, conflicts_with_all = ["json", "path"])]
    check: bool,
    #[command(flatten)]
    dataset: DatasetArgs,
}

/// The JSON of `--json`.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    /// `null` when a window can be opened, else why not.
    no_window: Option<String>,
    adapters: Vec<AdapterReport>,
}

pub(crate) fn run(args: &InfoArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    if let Some(path) = &args.path {
        return describe(path, args);
    }
    // The same choice as every other command, so that a bad --adapter is refused here too.
    let chosen = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() });
    if args.check {
        tell!("{}", word(chosen.as_ref().ok()));
        return Ok(());
    }
    let adapters = report::adapters();
    if adapters.is_empty() {
        return Err(GpuError::NoAdapter.into());
    }
    // An adapter that is too small is what this command is there to show; nothing else went wrong.
    let chosen = match chosen {
        Err(GpuError::TooSmall { .. }) => None,
        other => Some(other?),
    };
    let report = Report { version: env!("CARGO_PKG_VERSION"), no_window: no_window(), adapters };
    if args.json {
        tell_json!(serde_json::to_string_pretty(&report)?);
    } else {
        tell_table!(table(&report, chosen.as_ref().map(Gpu::name)));
    }
    Ok(())
}

fn describe(path: &Path, args: &InfoArgs) -> anyhow::Result<()> {
    // A dataset may have a `cameras.json` of its own, so that this file alone makes no training.
    let has_cameras = path.join(source::CAMERAS_FILE).is_file();
    if source::is_scene(path) || (has_cameras && source::scene_file_of(path).is_file()) {
        return describe_scene(path, args.json);
    }
    let dataset = match Dataset::open(path, &args.dataset.options([0.0; 3])) {
        Err(DatasetError::NotADataset { .. }) if has_cameras => return describe_scene(path, args.json),
        opened => opened?,
    };
    let mut report = DatasetReport::of(&dataset);
    report.notes.extend(train::layout_of(&dataset).notes());
    if args.json {
        tell_json!(serde_json::to_string_pretty(&report)?);
    } else {
        tell_table!(described(&report.path, dataset_rows(&report)));
    }
    Ok(())
}

/// The JSON of `--json` about a scene.
#[derive(Debug, Serialize)]
struct SceneReport {
    path: String,
    kind: &'static str,
    convexes: usize,
    points_per_convex: usize,
    sh_degree: usize,
    /// World position that its points are stored relative to.
    origin: [f64; 3],
    /// Corners of a box around nearly all of it, world units.
    low: [f64; 3],
    high: [f64; 3],
    normalised_from_world: Option<Similarity>,
    background: [f32; 3],
    antialias: bool,
    provenance: Option<String>,
}

fn describe_scene(path: &Path, is_json: bool) -> anyhow::Result<()> {
    let file = source::scene_file_of(path);
    let (scene, about) = source::load(path, None, is_json)?;
    let extent = Extent::of_scene(&scene);
    let report = SceneReport {
        path: file.display().to_string(),
        kind: "scene",
        convexes: scene.len(),
        points_per_convex: scene.points_per_convex,
        sh_degree: scene.sh_degree,
        origin: scene.origin.to_array(),
        low: extent.low.to_array(),
        high: extent.high.to_array(),
        normalised_from_world: about.normalised_from_world,
        background: about.background,
        antialias: about.antialias,
        provenance: about.provenance,
    };
    if is_json {
        tell_json!(serde_json::to_string_pretty(&report)?);
    } else {
        tell_table!(described(&report.path, scene_rows(&report)));
    }
    Ok(())
}

fn scene_rows(report: &SceneReport) -> Vec<(&'static str, String)> {
    let digits = decimals(report);
    let place = |[x, y, z]: [f64; 3]| format!("{x:.digits$}, {y:.digits$}, {z:.digits$}");
    let mut rows = vec![
        ("kind", report.kind.to_owned()),
        ("convexes", report.convexes.to_string()),
        ("points", format!("{} each", report.points_per_convex)),
        ("SH degree", report.sh_degree.to_string()),
        ("extent", format!("{} to {}", place(report.low), place(report.high))),
    ];
    if report.origin != [0.0; 3] {
        let [x, y, z] = report.origin;
        rows.push(("origin", format!("{x}, {y}, {z}; the file holds places relative to it")));
    }
    if let Some(Similarity { scale, centre }) = report.normalised_from_world {
        let text = format!("{} · (world − ({}))", significant(scale), place(centre));
        rows.push(("training", format!("in normalised units: {text}")));
    }
    let [red, green, blue] = report.background;
    rows.push(("background", format!("{red}, {green}, {blue}")));
    rows.push(("antialias", if report.antialias { "on" } else { "off" }.to_owned()));
    rows.extend(report.provenance.iter().map(|from| ("from", text::shortened(from, MAX_PROVENANCE))));
    rows
}

/// Decimals of coordinates: three, and more where the extent is small, so that it has four digits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
fn decimals(report: &SceneReport) -> usize {
    let size = report.low.iter().zip(report.high).map(|(low, high)| high - low).fold(0.0, f64::max);
    if size > 0.0 { (3.0 - size.log10().floor()).clamp(3.0, 15.0) as usize } else { 3 }
}

/// A number with four decimals, or in scientific notation where they would not show it.
fn significant(value: f64) -> String {
    if (1e-3..1e6).contains(&value) { format!("{value:.4}") } else { format!("{value:.4e}") }
}

fn dataset_rows(report: &DatasetReport) -> Vec<(&'static str, String)> {
    let models = report.camera_models.iter().map(|(model, pictures)| format!("{model} ({pictures})"));
    let mut rows = vec![
        ("kind", report.kind.clone()),
        ("views", format!("{}: {} train, {} test", report.train + report.test, report.train, report.test)),
        ("images", sizes(&report.sizes)),
        ("cameras", models.collect::<Vec<_>>().join(", ")),
        ("undistorted", report.undistorted.to_string()),
        ("masks", masks(report)),
        ("points", points(report)),
    ];
    rows.extend(report.notes.iter().map(|note| ("note", note.clone())));
    rows
}

/// How many images have a mask, and how many have none where others have one.
fn masks(report: &DatasetReport) -> String {
    match report.train + report.test - report.masks {
        without if report.masks > 0 && without > 0 => format!("{}, and {without} images without one", report.masks),
        _ => report.masks.to_string(),
    }
}

/// How many points, and from which file.
fn points(report: &DatasetReport) -> String {
    match &report.findings.points_file {
        Some(file) => format!("{} from {file}", report.points),
        None => report.points.to_string(),
    }
}

/// A table under its title.
fn described(title: &str, rows: Vec<(&'static str, String)>) -> String {
    let mut table = format!("{}\n", text::message(title));
    for (what, value) in rows {
        // Writing to a string does not fail.
        writeln!(table, "   {what:<13}{}", text::message(&value)).unwrap_or_default();
    }
    table
}

/// The most frequent sizes.
fn sizes(sizes: &[SizeReport]) -> String {
    let size = |size: &SizeReport| {
        let ([width, height], [file_width, file_height]) = (size.loaded, size.file);
        let from = if size.loaded == size.file { String::new() } else { format!(" from {file_width}×{file_height}") };
        format!("{width}×{height}{from} ({})", size.pictures)
    };
    let shown = sizes.iter().take(4).map(size).collect::<Vec<_>>().join(", ");
    if sizes.len() > 4 { format!("{shown}, {} sizes more", sizes.len() - 4) } else { shown }
}

fn word(chosen: Option<&Gpu>) -> &'static str {
    match chosen {
        None => "none",
        Some(gpu) if gpu.is_software() => "software",
        Some(_) => "gpu",
    }
}

#[cfg(feature = "viewer")]
fn no_window() -> Option<String> {
    lapidary::viewer::check_display().err().map(|error| error.to_string())
}

#[cfg(not(feature = "viewer"))]
fn no_window() -> Option<String> {
    Some("this lapidary was built without the viewer".to_owned())
}

fn table(report: &Report, chosen: Option<&str>) -> String {
    let mut text = format!("lapidary {}\n", report.version);
    for adapter in &report.adapters {
        let mark = if Some(adapter.name.as_str()) == chosen { "  ← used" } else { "" };
        // Writing to a string does not fail.
        writeln!(text, "\n{}: {}{mark}", adapter.index, text::quoted(&adapter.name)).unwrap_or_default();
        for (what, value) in rows(adapter) {
            writeln!(text, "   {what:<11}{value}").unwrap_or_default();
        }
    }
    let window = report.no_window.as_deref().unwrap_or("can be opened");
    writeln!(text, "\nwindow: {window}").unwrap_or_default();
    text
}

fn rows(adapter: &AdapterReport) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("driver", adapter.driver.clone()),
        ("kind", format!("{}, {}", adapter.kind, adapter.backend)),
        (
            "memory",
            format!(
                "{}, largest buffer {}, largest binding {}",
                adapter.memory_bytes.map_or("size unknown".to_owned(), bytes),
                bytes(adapter.max_buffer_bytes),
                bytes(adapter.max_binding_bytes)
            ),
        ),
        (
            "kernels",
            format!(
                "{} threads, {} workgroup memory, {} storage buffers, subgroups of {}",
                adapter.max_workgroup_threads,
                bytes(adapter.max_workgroup_bytes.into()),
                adapter.max_storage_buffers,
                range(adapter.subgroup_size)
            ),
        ),
        ("uses", list(&adapter.features_used)),
        ("misses", list(&adapter.features_missing)),
        ("can", can(adapter).to_owned()),
    ];
    rows.extend(adapter.lacks.iter().map(|lack| ("too small", lack.clone())));
    rows
}

fn can(adapter: &AdapterReport) -> &'static str {
    match (adapter.can_render, adapter.can_train) {
        (true, true) => "render and train",
        (true, false) => "render",
        (false, true) => "train",
        (false, false) => "neither render nor train",
    }
}

fn range([smallest, largest]: [u32; 2]) -> String {
    if smallest == largest { smallest.to_string() } else { format!("{smallest} to {largest}") }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// A size that a person reads.
fn bytes(bytes: u64) -> String {
    let units = [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    units
        .iter()
        .find(|(_, unit)| bytes >= *unit)
        .map_or(format!("{bytes} B"), |(name, unit)| format!("{} {name}", Rounded(bytes as f64 / *unit as f64)))
}

/// Prints one decimal where there is something to see.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        write!(f, "{tenths}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_scenes_have_digits() {
        let report = |size: f64| SceneReport {
            path: "a".to_owned(),
            kind: "scene",
            convexes: 1,
            points_per_convex: 6,
            sh_degree: 0,
            origin: [0.0; 3],
            low: [0.0; 3],
            high: [size, 0.0, 0.0],
            normalised_from_world: Some(Similarity { scale: 5.0 / size, centre: [0.0; 3] }),
            background: [0.0; 3],
            antialias: false,
            provenance: None,
        };
        let row = |size: f64, i: usize| scene_rows(&report(size))[i].1.clone();
        assert_eq!(row(2.5, 4), "0.000, 0.000, 0.000 to 2.500, 0.000, 0.000");
        assert!(row(2.5e-7, 4).ends_with("0.0000002500, 0.0000000000, 0.0000000000"), "{}", row(2.5e-7, 4));
        assert!(row(2.5e-7, 5).contains("2.0000e7 · (world"), "{}", row(2.5e-7, 5));
    }

    #[test]
    fn sizes_are_rounded() {
        assert_eq!(
            [bytes(5), bytes(128 << 20), bytes(2047 << 20), bytes(16_384)],
            ["5 B", "128 MiB", "2 GiB", "16 KiB"]
        );
    }
}
