//! `lapidary render`: a saved scene to pictures and videos.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use glam::DVec3;
use lapidary::camera::{Camera, CameraError, RenderOptions};
use lapidary::camera_path::{self, CameraPath};
use lapidary::dataset::transforms::Transforms;
use lapidary::dataset::{Dataset, Split, file_stems};
use lapidary::gpu::{Gpu, GpuOptions};
use lapidary::render::{
    self, Destination, DrawBackend, ExrLayout, Files, Format, Job, Mode, Orbit, Shot, Video, with_suffix,
};
use lapidary::scene::Scene;
use lapidary::scene_file::Metadata;
use lapidary::text::counted;

use super::dataset::DatasetArgs;
use super::progress::Parts;
use super::signals::{self, Interrupted};
use super::trained::Photographs;
use super::{Colour, SharedArgs, Size, Switch, source};

/// Renders a saved scene from the cameras of a dataset, along a camera path, or on an orbit around it.
///
/// Images are written to --out, a video to --video. If no cameras are given, a video is an orbit, and images are the held-out
/// views of the training, or an orbit of a scene without cameras. docs/rendering.md describes the values of each mode.
#[derive(Debug, clap::Args)]
pub(crate) struct RenderArgs {
    /// Scene to render: a file, a checkpoint, or the folder of a training run
    scene: PathBuf,
    #[command(flatten)]
    cameras: CameraArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Background colour: red, green and blue, each 0 to 1 [default: the background of the training, else black]
    #[arg(long, allow_hyphen_values = true, value_name = "R,G,B")]
    background: Option<Colour>,
    /// Convexes nearer than this are not drawn, in scene units [default: as in the training, else 0.01]
    #[arg(long, value_parser = positive, allow_negative_numbers = true, value_name = "DEPTH")]
    near: Option<f64>,
    /// Whether to render with anti-aliasing [default: as the scene was trained]
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    antialias: Option<Switch>,
    /// Render on the processor with the reference implementation
    #[arg(long)]
    reference: bool,
    /// Render, read and encode one frame after another, which saves memory
    #[arg(long)]
    serial: bool,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    dataset_options: DatasetArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cameras")]
struct CameraArgs {
    /// Dataset whose cameras are used: COLMAP, Blender or nerfstudio
    #[arg(long, value_name = "DIR", conflicts_with_all = ["cameras", "path"])]
    dataset: Option<PathBuf>,
    /// Views of the dataset that are rendered
    #[arg(long, value_enum, default_value = "test", value_name = "SPLIT")]
    split: SplitArg,
    /// File of cameras: a transforms.json of NeRF, Blender or nerfstudio, or the cameras.json of 3DGS or of a training
    #[arg(long, value_name = "FILE", conflicts_with = "path")]
    cameras: Option<PathBuf>,
    /// Camera path of the viewer, nerfstudio, 3DGS (cameras.json) or SIBR (.lookat)
    #[arg(long, value_name = "FILE", conflicts_with = "orbit")]
    path: Option<PathBuf>,
    /// Render an orbit of N frames, 120 where no number is given. It goes around the point that the cameras of --dataset, of --cameras or of the training
    /// look at, at their distance and elevation, or on an arc where they stand on one side; without cameras it goes around the whole
    /// scene, with z up
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "120",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    orbit: Option<u32>,
    /// Render only the camera with this number, counted from 0
    #[arg(long, value_name = "INDEX")]
    view: Option<usize>,
    /// Elevation of the orbit above its centre, degrees [default: the median of the cameras, else 25]
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true, value_parser = elevation)]
    elevation: Option<f64>,
    /// Smaller field of view of the orbit, degrees [default: the median of the cameras, else 40]
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true, value_parser = fov)]
    fov: Option<f64>,
    /// Radius of the orbit [default: the median of the cameras, else the distance at which the scene fills the image]
    #[arg(long, value_name = "DISTANCE", allow_negative_numbers = true, value_parser = positive)]
    radius: Option<f64>,
    /// Centre of the orbit [default: the point that the cameras look at, else the middle of the scene]
    #[arg(long, value_name = "X,Y,Z", allow_hyphen_values = true, value_parser = vector)]
    centre: Option<DVec3>,
    /// Axis of the orbit, like 0,-1,0 [default: the up direction of the cameras, else z]
    #[arg(long, value_name = "X,Y,Z", allow_hyphen_values = true, value_parser = direction)]
    up: Option<DVec3>,
    /// Width and height in pixels [default: the size of the cameras or of the path, else 1280x720]
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// Factor that width and height are multiplied by
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive)]
    scale: f64,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// Folder for one image per camera, or a .png or .exr file for a single image
    #[arg(long, value_name = "DIR|FILE", required_unless_present = "video")]
    out: Option<PathBuf>,
    /// Video to write: .mp4 and .webm need ffmpeg, .gif does not
    #[arg(long, value_name = "FILE")]
    video: Option<PathBuf>,
    /// Frames a second of the video [default: the rate of the path, else 30]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    fps: Option<f64>,
    /// Quantities to render; the names of the files end in them, except for colour
    #[arg(long, value_enum, value_delimiter = ',', default_value = "colour", value_name = "MODES")]
    modes: Vec<ModeArg>,
    /// Format of the images in a folder
    #[arg(long, value_enum, default_value = "png", value_name = "FORMAT")]
    format: FormatArg,
    /// Bits per channel of a PNG
    #[arg(long, default_value = "8", value_name = "8|16", value_parser = ["8", "16"])]
    bits: String,
    /// Colours of EXR files in linear light, as EXR readers expect, in place of sRGB
    #[arg(long)]
    linear: bool,
    /// All modes in one EXR file for each camera, which is kept in it, too
    #[arg(long)]
    layers: bool,
    /// View depths that are mapped to both ends of the range of values [default: the depths of the scene]
    #[arg(long, value_name = "NEAR,FAR", value_parser = depth_range)]
    depth_range: Option<[f32; 2]>,
    /// Skip frames whose files exist already
    #[arg(long, conflicts_with = "video")]
    resume: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SplitArg {
    Train,
    Test,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ModeArg {
    #[value(alias = "color")]
    Colour,
    Depth,
    Normal,
    Alpha,
    Id,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatArg {
    Png,
    Exr,
}

/// Size of images whose cameras say none.
const SIZE: Size = Size { width: 1280, height: 720 };

/// Frames a second of a video, where nothing says another number.
const RATE: f64 = 30.0;

/// Frames of an orbit where no number is given: a video of four seconds.
const ORBIT_FRAMES: u32 = 120;

/// Images all around a scene that has no cameras.
const ORBIT_PICTURES: u32 = 8;

pub(crate) fn run(args: &RenderArgs, shared: &SharedArgs) -> anyhow::Result<()> {
    let begin = Instant::now();
    let (scene, metadata) = source::load(&args.scene, None, args.quiet)?;
    let trained = metadata.render_options();
    let (all, path_rate) = shots(args, &scene, &metadata)?;
    let files = args.output.out.as_deref().map(|out| files(&args.output, out, all.len())).transpose()?;
    let depth_range =
        args.output.depth_range.unwrap_or_else(|| render::depth_range(&scene, all.iter().map(|shot| &shot.camera)));
    let rate = args.output.fps.or(path_rate).unwrap_or(RATE);
    let videos = args.output.video.as_deref().map(|path| videos(&args.output, path, &all, rate)).transpose()?;
    let is_there = |shot: &Shot| args.output.resume && files.as_ref().is_some_and(|files| files.has(shot));
    let num_all = all.len();
    let shots: Vec<Shot> = all.into_iter().filter(|shot| !is_there(shot)).collect();
    let job = Job {
        options: RenderOptions {
            near: args.near.unwrap_or(trained.near),
            background: args.background.map_or(trained.background, |colour| colour.0),
            antialias: args.antialias.map_or(trained.antialias, Switch::is_on),
        },
        depth_range,
        files,
        videos: videos.unwrap_or_default(),
        is_serial: args.serial,
    };
    let summary = Summary { args, convexes: scene.len(), skipped: num_all - shots.len(), depth_range };
    if args.reference {
        let written = render_all(DrawBackend::Processor(&scene), &shots, job, args)?;
        return summary.print(&shots, written, begin, "the processor");
    }
    let gpu = Gpu::open(&GpuOptions { adapter: shared.adapter.clone(), ..GpuOptions::default() })?;
    let written = render_all(DrawBackend::gpu(&gpu, &scene)?, &shots, job, args)?;
    summary.print(&shots, written, begin, gpu.name())
}

/// Renders with the progress on stderr. A signal ends it between two frames, or after a moment where one takes long: every
/// image is a whole file at any time.
fn render_all(device: DrawBackend<'_>, shots: &[Shot], job: Job, args: &RenderArgs) -> anyhow::Result<usize> {
    let num_written = Arc::new(AtomicUsize::new(0));
    let (so_far, num_shots, is_video) = (Arc::clone(&num_written), shots.len(), args.output.video.is_some());
    signals::listen_briefly(move || {
        say!("{}", stopped(so_far.load(Ordering::Relaxed), num_shots, is_video));
        signals::EXIT_CODE
    });
    let parts = Parts::begin(format!("rendering {}", frames(shots)), shots.len() as u64, args.quiet);
    let report = |written: usize| {
        num_written.fetch_max(written, Ordering::Relaxed);
        parts.set(written as u64);
        !signals::asked()
    };
    Ok(render::render(device, shots, job, &report)?)
}

/// The message after a signal.
fn stopped(written: usize, num_shots: usize, is_video: bool) -> String {
    let next = if is_video { "there is no video" } else { "go on with --resume" };
    format!("stopped after {written} of {num_shots} frames; {next}")
}

/// How many frames there are, and their size.
fn frames(shots: &[Shot]) -> String {
    let size = |shot: &Shot| format!("{}×{} pixels", shot.camera.width, shot.camera.height);
    match shots {
        [] => "nothing left to do".to_owned(),
        [shot] => size(shot),
        [shot, ..] => format!("{} frames of {}", shots.len(), size(shot)),
    }
}

/// The summary that is printed at the end.
struct Summary<'a> {
    args: &'a RenderArgs,
    convexes: usize,
    skipped: usize,
    depth_range: [f32; 2],
}

impl Summary<'_> {
    fn print(&self, shots: &[Shot], written: usize, begin: Instant, device: &str) -> anyhow::Result<()> {
        let Self { args, convexes, skipped, depth_range } = self;
        let output = &args.output;
        if written < shots.len() {
            return Err(Interrupted(stopped(written, shots.len(), output.video.is_some())).into());
        }
        if args.quiet {
            return Ok(());
        }
        let targets: Vec<String> =
            output.out.iter().chain(&output.video).map(|path| path.display().to_string()).collect();
        let frames = frames(shots);
        let skipped = if *skipped > 0 { format!(", {skipped} were there") } else { String::new() };
        let seconds = begin.elapsed().as_secs_f64();
        tell!("{}: {frames}{skipped}, {convexes} convexes, {seconds:.1} s on {device}", targets.join(", "));
        if output.modes.contains(&ModeArg::Depth) {
            tell!("depth: {} to {}", depth_range[0], depth_range[1]);
        }
        Ok(())
    }
}

/// The images to render in the size that was asked for, and the frames a second of a path.
fn shots(args: &RenderArgs, scene: &Scene, metadata: &Metadata) -> anyhow::Result<(Vec<Shot>, Option<f64>)> {
    let cameras = &args.cameras;
    let size = cameras.size.unwrap_or(SIZE);
    let mut rate = None;
    let mut shots = if let Some(count) = cameras.orbit {
        render::numbered(orbit(args, scene, metadata)?.cameras(count, size.width, size.height))
    } else if let Some(path) = &cameras.path {
        let mut found = CameraPath::load(path).context("--path")?;
        found.frames_per_second = args.output.fps.unwrap_or(found.frames_per_second);
        rate = Some(found.frames_per_second);
        let said = found.size.map_or(SIZE, |[width, height]| Size { width, height });
        let size = cameras.size.unwrap_or(said);
        render::shots_along(&found, [size.width, size.height])
    } else if let Some(path) = &cameras.dataset {
        of_dataset(path, args)?
    } else if let Some(path) = &cameras.cameras {
        of_transforms(path, cameras)?
    } else {
        usual_shots(args, scene, metadata)?
    };
    if let Some(view) = cameras.view {
        let last = shots.len().saturating_sub(1);
        ensure!(view <= last, "--view {view}: the frames are numbered from 0 to {last}");
        shots = vec![shots.swap_remove(view)];
    }
    for shot in &mut shots {
        shot.camera = sized(&shot.camera, cameras);
        if let Err(error) = shot.camera.check() {
            let is_size = matches!(error, CameraError::Size { .. });
            return Err(error)
                .with_context(|| if is_size { "--size".to_owned() } else { format!("frame {}", shot.name) });
        }
    }
    Ok((shots, rate))
}

/// The shots where no cameras are asked for, with a note that tells which they are: an orbit for a video, else the views of the
/// training, or an orbit where there are none. A single file gets the first of them.
fn usual_shots(args: &RenderArgs, scene: &Scene, metadata: &Metadata) -> anyhow::Result<Vec<Shot>> {
    let Size { width, height } = args.cameras.size.unwrap_or(SIZE);
    let is_video = args.output.video.is_some();
    let is_single =
        args.output.out.as_deref().and_then(ending).is_some_and(|ending| ["png", "exr"].contains(&&*ending));
    let is_first = is_single && !is_video && args.cameras.view.is_none();
    let (mut shots, mut thing) = if is_video { (Vec::new(), "") } else { of_training(args) };
    let mut place = "the training";
    if shots.is_empty() {
        let count = match is_video {
            true => ORBIT_FRAMES,
            false if is_first => 1,
            false => ORBIT_PICTURES,
        };
        shots = render::numbered(orbit(args, scene, metadata)?.cameras(count, width, height));
        (thing, place) = ("view", "an orbit");
    }
    if !args.quiet {
        let first = if is_first && shots.len() > 1 { "the first of " } else { "" };
        let views = counted(shots.len(), thing);
        say!(
            "note: no cameras are given: taking {first}{views} of {place}; --orbit, --dataset, --cameras and --path give others"
        );
    }
    if is_first {
        shots.truncate(1);
    }
    Ok(shots)
}

/// The views that a training has left beside its scene, those of --split, and the name of one; all of them where none are held
/// back.
fn of_training(args: &RenderArgs) -> (Vec<Shot>, &'static str) {
    let views = source::views_beside(&args.scene);
    let is_there = |split: Split| views.iter().any(|(_, found, _)| *found == split);
    let (wanted, thing) = match args.cameras.split {
        SplitArg::Train => (Some(Split::Train), "training view"),
        SplitArg::Test if is_there(Split::Test) => (Some(Split::Test), "held-out view"),
        SplitArg::Test | SplitArg::All => (None, "view"),
    };
    let names: Vec<&str> = views.iter().map(|(name, ..)| name.as_str()).collect();
    let views = views.iter().zip(file_stems(&names)).filter(|((_, split, _), _)| wanted.is_none_or(|s| s == *split));
    (views.map(|((.., camera), name)| Shot { name, camera: *camera }).collect(), thing)
}

/// The camera with the size that is asked for.
fn sized(camera: &Camera, args: &CameraArgs) -> Camera {
    let wanted = args.size.unwrap_or(Size { width: camera.width, height: camera.height });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is checked after")]
    let side = |pixels: u32| (f64::from(pixels) * args.scale).round().max(1.0) as u32;
    camera.resized(side(wanted.width), side(wanted.height))
}

fn orbit(args: &RenderArgs, scene: &Scene, metadata: &Metadata) -> anyhow::Result<Orbit> {
    let cameras = &args.cameras;
    let views = match (&cameras.dataset, &cameras.cameras) {
        (Some(path), _) => {
            let dataset = dataset(path, args)?;
            dataset.views.iter().map(|view| view.camera).collect()
        }
        (None, Some(path)) => of_transforms(path, cameras)?.into_iter().map(|shot| shot.camera).collect(),
        (None, None) => Vec::new(),
    };
    let orbit = match views.is_empty() {
        true => source::orbit(&args.scene, scene, metadata),
        false => Orbit::of(&views, scene),
    };
    Ok(Orbit {
        centre: cameras.centre.unwrap_or(orbit.centre),
        up: cameras.up.unwrap_or(orbit.up),
        radius: cameras.radius.or(orbit.radius),
        elevation: cameras.elevation.unwrap_or(orbit.elevation),
        fov: cameras.fov.unwrap_or(orbit.fov),
        ..orbit
    })
}

/// A dataset, read as by the training that left the scene where nothing else is given.
fn dataset(path: &Path, args: &RenderArgs) -> anyhow::Result<Dataset> {
    let photographs = Photographs::of(&args.scene, Some(path), &args.dataset_options)?.context("--dataset")?;
    photographs.open([0.0; 3], !args.quiet)
}

/// Views of a dataset, named after their images.
fn of_dataset(path: &Path, args: &RenderArgs) -> anyhow::Result<Vec<Shot>> {
    let dataset = dataset(path, args)?;
    let is_wanted = |split: Split| match args.cameras.split {
        SplitArg::Train => split == Split::Train,
        SplitArg::Test => split == Split::Test,
        SplitArg::All => true,
    };
    let views = dataset.views.iter().zip(dataset.file_stems()).filter(|(view, _)| is_wanted(view.split));
    let shots: Vec<Shot> = views.map(|(view, name)| Shot { name, camera: view.camera }).collect();
    ensure!(
        !shots.is_empty(),
        "{} has no views for {}; choose another --split, or hold some out with --test-every",
        path.display(),
        if args.cameras.split == SplitArg::Train { "training" } else { "testing" }
    );
    Ok(shots)
}

fn of_transforms(path: &Path, args: &CameraArgs) -> anyhow::Result<Vec<Shot>> {
    let size = args.size.map(|size| [size.width, size.height]);
    if let Some(cameras) = camera_path::cameras_of_others(path, size).context("--cameras")? {
        return Ok(render::numbered(cameras));
    }
    let transforms = Transforms::load(path).context(
        "--cameras reads a transforms.json of NeRF, Blender or nerfstudio, cameras.json of 3DGS, nerfstudio's camera path, \
         and .lookat of SIBR",
    )?;
    let size = size.map(|[width, height]| (width, height));
    Ok(render::numbered(transforms.cameras(path, size).context("--cameras")?))
}

/// The ending of a file's name in lower case. A folder may be called anything.
fn ending(out: &Path) -> Option<String> {
    let ending = out.extension().filter(|_| !out.is_dir());
    ending.map(|ending| ending.to_string_lossy().to_lowercase())
}

/// The destination and the format of the images.
fn files(args: &OutputArgs, out: &Path, num_shots: usize) -> anyhow::Result<Files> {
    let png = if args.bits == "16" { Format::Png16 } else { Format::Png8 };
    let exr = Format::Exr(ExrLayout { is_linear: args.linear, is_layered: args.layers });
    let (destination, format) = match ending(out).as_deref() {
        Some("png") => (Destination::File(out.into()), Some(png)),
        Some("exr") => (Destination::File(out.into()), Some(exr)),
        Some(other @ ("jpg" | "jpeg" | "webp" | "tif" | "tiff" | "hdr" | "gif" | "mp4" | "webm")) => {
            bail!("--out {}: images are .png or .exr, not .{other}; videos go to --video", out.display())
        }
        _ => (Destination::Folder(out.into()), None),
    };
    if let Destination::Folder(folder) = &destination {
        lapidary::files::create_folder(folder)?;
    } else {
        ensure!(
            num_shots == 1,
            "--out {} is one image, and there are {num_shots}; choose one with --view, or give a folder",
            out.display()
        );
    }
    let of_folder = match args.format {
        FormatArg::Png => png,
        FormatArg::Exr => exr,
    };
    let format = format.unwrap_or(of_folder);
    let unused = if args.linear { "--linear" } else { "--layers" };
    ensure!(
        matches!(format, Format::Exr(_)) || !(args.linear || args.layers),
        "{unused} is for EXR files: --format exr, or --out FILE.exr"
    );
    Ok(Files { destination, format, modes: modes(args) })
}

/// A video of each mode.
fn videos(args: &OutputArgs, file: &Path, shots: &[Shot], rate: f64) -> anyhow::Result<Vec<(Mode, Video)>> {
    let size = |shot: &Shot| [shot.camera.width, shot.camera.height];
    let first = shots.first().map_or([1, 1], size);
    if let Some(other) = shots.iter().find(|shot| size(shot) != first) {
        let [width, height] = first;
        let [other_width, other_height] = size(other);
        bail!(
            "frames of a video have one size, and here are {width}×{height} and {other_width}×{other_height}; give --size"
        );
    }
    let modes = modes(args);
    let path = |mode: Mode| if modes.len() == 1 { file.into() } else { with_suffix(file, mode) };
    modes.iter().map(|mode| Ok((*mode, Video::create(&path(*mode), first, rate)?))).collect()
}

/// The modes, each of them once.
fn modes(args: &OutputArgs) -> Vec<Mode> {
    let mut modes = Vec::new();
    for arg in &args.modes {
        let mode = match arg {
            ModeArg::Colour => Mode::Colour,
            ModeArg::Depth => Mode::Depth,
            ModeArg::Normal => Mode::Normal,
            ModeArg::Alpha => Mode::Alpha,
            ModeArg::Id => Mode::Id,
        };
        if !modes.contains(&mode) {
            modes.push(mode);
        }
    }
    modes
}

/// Finite numbers, divided by commas.
fn numbers<const N: usize>(text: &str) -> Option<[f64; N]> {
    let parts: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    <[f64; N]>::try_from(parts?).ok().filter(|numbers| numbers.iter().all(|number| number.is_finite()))
}

#[expect(clippy::cast_possible_truncation, reason = "depths are f32")]
fn depth_range(text: &str) -> Result<[f32; 2], String> {
    let range = numbers(text).map(|range: [f64; 2]| range.map(|depth| depth as f32));
    range
        .filter(|[near, far]| *near >= 0.0 && far > near && far.is_finite())
        .ok_or_else(|| "expected two growing depths, like 1,8".to_owned())
}

fn vector(text: &str) -> Result<DVec3, String> {
    numbers(text).map(DVec3::from_array).ok_or_else(|| "expected three numbers, like 0,0,1.5".to_owned())
}

fn direction(text: &str) -> Result<DVec3, String> {
    vector(text)?.try_normalize().ok_or_else(|| "expected a direction, like 0,-1,0".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    within(text, f64::MIN_POSITIVE, f64::MAX).ok_or_else(|| "expected a number above 0".to_owned())
}

fn elevation(text: &str) -> Result<f64, String> {
    within(text, -90.0, 90.0).ok_or_else(|| "expected degrees from -90 to 90".to_owned())
}

fn fov(text: &str) -> Result<f64, String> {
    within(text, 0.1, 179.0).ok_or_else(|| "expected degrees from 0.1 to 179".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    within(text, 0.1, 1000.0).ok_or_else(|| "expected frames a second from 0.1 to 1000".to_owned())
}

fn within(text: &str, low: f64, high: f64) -> Option<f64> {
    text.parse().ok().filter(|value| (low..=high).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_ranges_grow_and_directions_have_a_length() {
        assert_eq!(depth_range("1,2.5"), Ok([1.0, 2.5]));
        assert!(["2,1", "-1,2", "1", "1,inf"].iter().all(|wrong| depth_range(wrong).is_err()));
        assert_eq!(direction("0,-2,0"), Ok(DVec3::NEG_Y));
        assert!(direction("0,0,0").is_err() && vector("1,2").is_err());
    }
}
