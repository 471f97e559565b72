//! The scene on the device, and the pictures that camera and settings make of it. Tests and screenshots use it without a window.

pub(crate) mod comparison;
pub(crate) mod navigator;
pub(crate) mod pose;
pub(crate) mod progressive;
pub(crate) mod resolution;
pub(crate) mod settings;
pub(crate) mod shares;
mod surface;

use std::ops::Range;
use std::sync::Arc;
use web_time::Instant;

use glam::{DMat3, DVec2, DVec3};
pub(crate) use surface::PickedSurface;

use crate::camera::{Camera, Intrinsics, RenderOptions};
use crate::convert::OrientedBox;
use crate::gpu::{Buffer, Commands, Gpu, GpuError, KernelTime, waiting};
use crate::image::{Image, quantise};
use crate::kernels::{
    Alter, AlterArgs, AlterBuffers, ConvexMark, Display, DisplayArgs, DisplayBuffers, DisplayMode, HullEdges, Mark,
    RAMP, Wireframe, windows,
};
use crate::renderer::{GpuScene, Outputs, RenderedFrame, Renderer};
use crate::scene::Scene;
use crate::viewer::scene_view::settings::ViewSettings;

/// The pixels of a picture on the device, 8 bits a channel.
#[derive(Debug, Clone)]
pub struct PictureBuffer {
    /// RGBA, red lowest, `[rows, row_pixels]`.
    pub pixels: Buffer<u32>,
    /// Width and height.
    pub size: [u32; 2],
    /// The number of pixels from row to row, a multiple of 64.
    pub row_pixels: u32,
}

/// Rows of a picture are a multiple of this many pixels apart, because a copy into a texture asks for rows of 256 bytes.
pub(crate) const ROW_MULTIPLE: u32 = wgpu::COPY_BYTES_PER_ROW_ALIGNMENT / 4;

impl PictureBuffer {
    /// Makes a black picture.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn new(gpu: &Gpu, size: [u32; 2]) -> Result<Self, GpuError> {
        let row_pixels = size[0].next_multiple_of(ROW_MULTIPLE);
        Ok(Self { pixels: gpu.zeros("picture", u64::from(row_pixels) * u64::from(size[1]))?, size, row_pixels })
    }

    /// Writes one colour, sRGB, into some rows.
    fn fill_rows(&self, gpu: &Gpu, first_row: u32, rows: u32, colour: [f32; 3]) {
        let [red, green, blue] = colour.map(quantise);
        let pixel = u32::from_le_bytes([red, green, blue, u8::MAX]);
        let place = |row: u32| u64::from(row) * u64::from(self.row_pixels);
        self.pixels.write(gpu, place(first_row), &vec![pixel; self.row_pixels as usize * rows as usize]);
    }

    /// Reads the picture to the host, row-major RGBA.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost.
    pub fn read(&self, gpu: &Gpu) -> Result<Vec<[u8; 4]>, GpuError> {
        waiting::block_on(self.arrived(gpu))
    }

    /// The same as [`Self::read`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::read`].
    pub(crate) async fn arrived(&self, gpu: &Gpu) -> Result<Vec<[u8; 4]>, GpuError> {
        let rows = self.pixels.first_arrived(gpu, self.pixels.len()).await?;
        let row =
            |row: &[u32]| row.iter().take(self.size[0] as usize).map(|pixel| pixel.to_le_bytes()).collect::<Vec<_>>();
        Ok(rows.chunks(self.row_pixels as usize).take(self.size[1] as usize).flat_map(row).collect())
    }
}

/// The duration and the counts of a frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrameStats {
    /// The time from the request to the finished picture, in seconds.
    pub seconds: f64,
    /// The number of pairs of a convex and a tile that it can touch.
    pub num_instances: u32,
    /// The number of convexes that a tile can touch; for a picture drawn in parts, the largest of any part.
    pub num_visible: u32,
    /// The time that timing the kernels took besides, in seconds.
    pub seconds_of_timing: f64,
    /// The time of every kernel, if it was asked for and the device has timestamps.
    pub kernels: Vec<KernelTime>,
}

impl FrameStats {
    /// Returns the counts of a picture up to a strip that begins at this row, with the strip's own time.
    pub(crate) fn of_strip(mut self, first_row: u32, before: &Self) -> Self {
        if first_row > 0 {
            self.count(before);
        }
        self
    }

    /// Adds the counts of another part of the picture.
    fn count(&mut self, part: &Self) {
        self.num_instances = self.num_instances.saturating_add(part.num_instances);
        self.num_visible = self.num_visible.max(part.num_visible);
    }
}

/// The point of the scene that is seen at a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PickedPoint {
    /// The point, in world units.
    pub point: DVec3,
    /// The index of the convex that contributes most.
    pub convex: u32,
    /// The surface around the pixel, where there is one.
    pub surface: Option<PickedSurface>,
}

/// The side of the patch of pixels that says where a surface is: it fits a tile.
const PATCH: u32 = 15;

/// The kernels for one number of points.
#[derive(Debug)]
struct Kernels {
    points_per_convex: u32,
    renderer: Renderer,
    mark: Mark,
    alter: Alter,
    hull_edges: HullEdges,
    wireframe: Wireframe,
    display: Display,
}

/// What was computed from the scene for showing it.
#[derive(Debug, Default)]
struct Derived {
    /// The scene with what is hidden and selected while it is edited.
    marked: Option<GpuScene>,
    /// The altered scene, and the settings that it was computed for.
    altered: Option<(GpuScene, ViewSettings)>,
    hull_edges: Option<Buffer<u32>>,
}

/// Some rows of a picture, and how they are drawn.
#[derive(Debug)]
struct PictureRows<'a> {
    camera: Camera,
    first_row: u32,
    settings: &'a ViewSettings,
    depth_range: [f32; 2],
}

/// A scene on the device, and the kernels that make pictures of it.
#[derive(Debug)]
pub struct SceneView {
    gpu: Gpu,
    kernels: Option<Kernels>,
    scene: Option<Arc<GpuScene>>,
    derived: Derived,
    args: Buffer<DisplayArgs>,
    alter_args: Buffer<AlterArgs>,
    edges: Option<Buffer<u32>>,
}

impl SceneView {
    /// Makes a view without a scene.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn new(gpu: &Gpu) -> Result<Self, GpuError> {
        Ok(Self {
            gpu: gpu.clone(),
            kernels: None,
            scene: None,
            derived: Derived::default(),
            args: gpu.uniform("display.args", &DisplayArgs::default())?,
            alter_args: gpu.uniform("alter.args", &AlterArgs::default())?,
            edges: None,
        })
    }

    /// Shows another scene.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn set_scene(&mut self, scene: &Scene) -> Result<(), GpuError> {
        // The old scene is freed first, so that both need not fit the memory.
        (self.scene, self.derived) = (None, Derived::default());
        self.set_gpu_scene(Arc::new(GpuScene::upload(&self.gpu, scene)?))
    }

    /// Shows no scene.
    pub(crate) fn clear(&mut self) {
        (self.scene, self.derived) = (None, Derived::default());
    }

    /// Shows another scene that is on the device already.
    ///
    /// # Errors
    /// Returns [`GpuError`] when its kernels do not compile.
    pub fn set_gpu_scene(&mut self, scene: Arc<GpuScene>) -> Result<(), GpuError> {
        self.derived = Derived::default();
        let points = scene.points_per_convex;
        if self.kernels.as_ref().is_none_or(|kernels| kernels.points_per_convex != points) {
            self.kernels = Some(Kernels {
                points_per_convex: points,
                renderer: Renderer::new(&self.gpu, points)?,
                mark: Mark::new(&self.gpu)?,
                alter: Alter::new(&self.gpu, points)?,
                hull_edges: HullEdges::new(&self.gpu, points)?,
                wireframe: Wireframe::new(&self.gpu, points)?,
                display: Display::new(&self.gpu, points)?,
            });
        }
        self.scene = Some(scene);
        Ok(())
    }

    /// Shows some convexes in another way until another scene is shown: a mark for each convex, or none for all as they are.
    ///
    /// # Errors
    /// Returns [`GpuError`] when there is no memory.
    pub fn set_marks(&mut self, marks: &[ConvexMark]) -> Result<(), GpuError> {
        let kept = std::mem::take(&mut self.derived).marked;
        let Self { gpu, kernels: Some(kernels), scene: Some(scene), .. } = self else { return Ok(()) };
        if marks.len() != scene.num_convexes as usize || marks.iter().all(|mark| *mark == ConvexMark::Plain) {
            return Ok(());
        }
        let numbers: Vec<u32> = marks.iter().map(|mark| *mark as u32).collect();
        let numbers = gpu.upload("marks", &numbers)?;
        // The memory of the last marks holds these as well.
        let marked = kept.map_or_else(|| marked_copy(gpu, scene), Ok)?;
        for window in windows(gpu, Mark::ROW_WIDTH, scene.num_convexes) {
            let mut commands = Commands::new(gpu, "mark");
            kernels.mark.record(&mut commands, TINT, &window, &numbers, [&scene.params, &marked.params])?;
            commands.submit();
        }
        self.derived.marked = Some(marked);
        Ok(())
    }

    /// The number of convexes of the scene.
    #[must_use]
    pub fn num_convexes(&self) -> u32 {
        self.scene.as_ref().map_or(0, |scene| scene.num_convexes)
    }

    /// Draws rows `first_row..first_row + rows` of the picture of `camera` into a buffer, which has the camera's size.
    /// With `time_kernels` they are drawn twice, the second time with a timestamp at every kernel. Waits until they are drawn.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    pub fn draw(
        &mut self,
        camera: &Camera,
        settings: &ViewSettings,
        depth_range: [f32; 2],
        buffer: &PictureBuffer,
        [first_row, rows]: [u32; 2],
        time_kernels: bool,
    ) -> Result<FrameStats, GpuError> {
        waiting::block_on(self.drawn(camera, settings, depth_range, buffer, [first_row, rows], time_kernels))
    }

    /// The same as [`Self::draw`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::draw`].
    pub(crate) async fn drawn(
        &mut self,
        camera: &Camera,
        settings: &ViewSettings,
        depth_range: [f32; 2],
        buffer: &PictureBuffer,
        [first_row, rows]: [u32; 2],
        time_kernels: bool,
    ) -> Result<FrameStats, GpuError> {
        let start = Instant::now();
        self.prepare(settings)?;
        let mut stats = FrameStats::default();
        // A binding shows the whole of what is drawn at once.
        let most = self.gpu.binding_elements::<[f32; 4]>() / u64::from(camera.width.max(1));
        let most = u32::try_from(most).unwrap_or(u32::MAX).max(1);
        let end = first_row.saturating_add(rows).min(camera.height);
        let mut at = first_row;
        while at < end {
            let rows = most.min(end - at);
            let part = PictureRows { camera: strip(camera, at, rows), first_row: at, settings, depth_range };
            let drawn = self.draw_part(&part, buffer, time_kernels).await?;
            stats.count(&drawn);
            stats.kernels.extend(drawn.kernels);
            stats.seconds_of_timing += drawn.seconds_of_timing;
            at += rows;
        }
        stats.seconds = start.elapsed().as_secs_f64() - stats.seconds_of_timing;
        Ok(stats)
    }

    async fn draw_part(
        &mut self,
        part: &PictureRows<'_>,
        buffer: &PictureBuffer,
        time_kernels: bool,
    ) -> Result<FrameStats, GpuError> {
        let Self { gpu, kernels: Some(kernels), scene: Some(scene), derived, args, edges, .. } = self else {
            // The buffer may hold the picture of a scene that is no longer open.
            buffer.fill_rows(&self.gpu, part.first_row, part.camera.height, part.settings.background);
            return Ok(FrameStats::default());
        };
        let shown = derived.shown(scene);
        let PictureRows { camera, settings, .. } = part;
        let options =
            RenderOptions { near: settings.near, background: settings.background, antialias: settings.antialias };
        let outputs = Outputs { inspection: settings.mode.inspects(), ..Outputs::default() };
        let frame = kernels.renderer.drawn(shown, camera, &options, outputs).await?;
        let made = frame.buffers();
        let num_pixels = u64::from(camera.width) * u64::from(camera.height);
        if settings.draws_hulls() && edges.as_ref().is_none_or(|edges| edges.len() < num_pixels) {
            *edges = Some(gpu.zeros("edges", num_pixels)?);
        }
        let arguments = display_args(part, shown.origin, &frame, buffer);
        let buffers = DisplayBuffers {
            args,
            num_pixels,
            rgba: made.rgba,
            depth: made.depth,
            inspection: made.inspection,
            first_instance_from_tile: made.first_instance_from_tile,
            edges: edges.as_ref().filter(|_| settings.draws_hulls()),
            canvas: &buffer.pixels,
            first_pixel: u64::from(part.first_row) * u64::from(buffer.row_pixels),
        };
        if let (Some(hull_edges), Some(edges)) = (&derived.hull_edges, buffers.edges) {
            let mut commands = Commands::new(gpu, "clear edges");
            commands.clear(edges);
            commands.submit();
            for window in windows(gpu, 3 * shown.points_per_convex, shown.num_convexes) {
                args.write(gpu, 0, &[of_window(arguments, &window)]);
                let mut commands = Commands::new(gpu, "wireframe");
                kernels.wireframe.record(&mut commands, buffers, &window, &shown.params, hull_edges)?;
                commands.submit();
            }
        }
        let mut convexes: Vec<Range<u64>> = windows(gpu, 3 * shown.points_per_convex, shown.num_convexes).collect();
        // Only normals need all of them.
        convexes.truncate(if settings.mode == DisplayMode::Normal { usize::MAX } else { 1 });
        convexes.resize(convexes.len().max(1), 0..0);
        for window in convexes {
            args.write(gpu, 0, &[of_window(arguments, &window)]);
            let (points, size) = (&shown.params.points, made.size);
            let mut commands = Commands::new(gpu, "display");
            kernels.display.record(&mut commands, buffers, &window, points, size, buffer.row_pixels)?;
            commands.submit();
        }
        // Waits for the picture as well.
        let num_visible = kernels.renderer.counted_visible(&frame).await?;
        let timing = Instant::now();
        let timed = if time_kernels { kernels.renderer.profile(shown, &frame)? } else { None };
        let stats = FrameStats {
            seconds: 0.0,
            seconds_of_timing: timing.elapsed().as_secs_f64(),
            num_instances: frame.num_instances(),
            num_visible,
            kernels: timed.unwrap_or_default(),
        };
        kernels.renderer.recycle(frame);
        Ok(stats)
    }

    /// Returns the point that is seen at a pixel of the camera's picture, or nothing if the pixel is nearly transparent.
    ///
    /// # Errors
    /// The same as [`Self::draw`].
    pub fn pick(
        &mut self,
        camera: &Camera,
        settings: &ViewSettings,
        pixel: DVec2,
    ) -> Result<Option<PickedPoint>, GpuError> {
        waiting::block_on(self.picked(camera, settings, pixel))
    }

    /// The same as [`Self::pick`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::pick`].
    pub(crate) async fn picked(
        &mut self,
        camera: &Camera,
        settings: &ViewSettings,
        pixel: DVec2,
    ) -> Result<Option<PickedPoint>, GpuError> {
        self.prepare(settings)?;
        let Self { gpu, kernels: Some(kernels), scene: Some(scene), derived, .. } = self else { return Ok(None) };
        let shown = derived.shown(scene);
        let spot = Camera {
            intrinsics: Intrinsics {
                cx: camera.intrinsics.cx - pixel.x + 0.5 * f64::from(PATCH),
                cy: camera.intrinsics.cy - pixel.y + 0.5 * f64::from(PATCH),
                ..camera.intrinsics
            },
            width: PATCH,
            height: PATCH,
            ..*camera
        };
        let outputs = Outputs { inspection: true, ..Outputs::default() };
        let options = RenderOptions { near: settings.near, antialias: settings.antialias, ..RenderOptions::default() };
        let frame = kernels.renderer.drawn(shown, &spot, &options, outputs).await?;
        let pictures = frame.arrived(gpu).await?;
        kernels.renderer.recycle(frame);
        let middle = (PATCH * PATCH / 2) as usize;
        let inspection = pictures.inspection.and_then(|inspection| inspection.get(middle).copied());
        let (Some([_, _, _, alpha]), Some(depth), Some([convex, _])) =
            (pictures.rgba.get(middle), pictures.depth.get(middle), inspection)
        else {
            return Ok(None);
        };
        if *alpha < 0.1 {
            return Ok(None);
        }
        let point = camera.position() + camera.ray(pixel) * f64::from(depth / alpha);
        let patch =
            pictures.rgba.iter().zip(&pictures.depth).map(|(rgba, depth)| (f64::from(*depth), f64::from(rgba[3])));
        let surface = PickedSurface::of_patch(camera, pixel, PATCH as usize, &patch.collect::<Vec<_>>());
        Ok(point.is_finite().then_some(PickedPoint { point, convex, surface }))
    }

    /// Draws the whole picture of `camera` and reads it to the host.
    ///
    /// # Errors
    /// The same as [`Self::draw`].
    pub fn picture(
        &mut self,
        camera: &Camera,
        settings: &ViewSettings,
        depth_range: [f32; 2],
    ) -> Result<Image, GpuError> {
        waiting::block_on(self.image(camera, settings, depth_range))
    }

    /// The same as [`Self::picture`], for whoever may run in a browser: there it is awaited, elsewhere it waits.
    ///
    /// # Errors
    /// The same as [`Self::draw`].
    pub(crate) async fn image(
        &mut self,
        camera: &Camera,
        settings: &ViewSettings,
        depth_range: [f32; 2],
    ) -> Result<Image, GpuError> {
        let buffer = PictureBuffer::new(&self.gpu, [camera.width, camera.height])?;
        self.drawn(camera, settings, depth_range, &buffer, [0, camera.height], false).await?;
        let pixels = buffer.arrived(&self.gpu).await?;
        let data = pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).map(|byte| f32::from(byte) / 255.0).collect();
        Ok(Image::new(camera.width as usize, camera.height as usize, data))
    }

    /// Computes what the settings need besides the scene.
    fn prepare(&mut self, settings: &ViewSettings) -> Result<(), GpuError> {
        let Self { gpu, kernels: Some(kernels), scene: Some(scene), derived, alter_args, .. } = self else {
            return Ok(());
        };
        let degree = settings.sh_degree.min(scene.sh_degree);
        let altered_settings = ViewSettings { mode: Default::default(), sh_degree: degree, ..*settings };
        let is_as_stored = settings.is_unaltered() && degree == scene.sh_degree;
        let changes_points = settings.scale != 1.0;
        if is_as_stored {
            derived.hull_edges = derived.hull_edges.take().filter(|_| derived.altered.is_none());
            derived.altered = None;
        } else if derived.altered.as_ref().is_none_or(|(_, made_for)| !same_alteration(made_for, &altered_settings)) {
            derived.hull_edges = derived.hull_edges.take().filter(|_| !changes_points && derived.altered.is_none());
            let marked = derived.marked.as_ref().unwrap_or(scene);
            let altered = alter(gpu, &kernels.alter, marked, &altered_settings, alter_args)?;
            derived.altered = Some((altered, altered_settings));
        }
        if settings.draws_hulls() && derived.hull_edges.is_none() {
            let shown = derived.shown(scene);
            let hull_edges = gpu.zeros("hull_edges", shown.num_convexes.max(1).into())?;
            for window in windows(gpu, 3 * shown.points_per_convex, shown.num_convexes) {
                alter_args.write(gpu, 0, &[alter_arguments(settings, shown.origin, &window)]);
                let mut commands = Commands::new(gpu, "hull edges");
                kernels.hull_edges.record(&mut commands, alter_args, &window, &shown.params.points, &hull_edges)?;
                commands.submit();
            }
            derived.hull_edges = Some(hull_edges);
        }
        Ok(())
    }
}

/// The colour that selected convexes are mixed with, sRGB, and its part: yellow, which few captures are full of.
const TINT: [f32; 4] = [1.0, 0.85, 0.0, 0.65];

impl Derived {
    /// The scene as it is drawn.
    fn shown<'a>(&'a self, scene: &'a GpuScene) -> &'a GpuScene {
        self.altered.as_ref().map(|(altered, _)| altered).or(self.marked.as_ref()).unwrap_or(scene)
    }
}

/// Returns a scene in the same memory, but for opacities and colours.
fn marked_copy(gpu: &Gpu, scene: &GpuScene) -> Result<GpuScene, GpuError> {
    let mut marked = sharing(scene, scene.sh_degree);
    marked.params.raw_opacity = gpu.zeros("marked.raw_opacity", scene.params.raw_opacity.len())?;
    marked.params.sh = gpu.zeros("marked.sh", scene.params.sh.len())?;
    Ok(marked)
}

/// Returns a scene in the same memory.
fn sharing(scene: &GpuScene, sh_degree: u32) -> GpuScene {
    GpuScene {
        origin: scene.origin,
        params: scene.params.as_ref().map(Clone::clone),
        num_convexes: scene.num_convexes,
        points_per_convex: scene.points_per_convex,
        sh_degree,
    }
}

fn same_alteration(a: &ViewSettings, b: &ViewSettings) -> bool {
    (a.scale, a.min_opacity, a.crop, a.sh_degree) == (b.scale, b.min_opacity, b.crop, b.sh_degree)
}

/// Returns a scene that shares the parameters that the settings do not change.
fn alter(
    gpu: &Gpu,
    kernel: &Alter,
    scene: &GpuScene,
    settings: &ViewSettings,
    alter_args: &Buffer<AlterArgs>,
) -> Result<GpuScene, GpuError> {
    let mut altered = sharing(scene, settings.sh_degree);
    if settings.is_unaltered() {
        return Ok(altered);
    }
    altered.params.points = gpu.zeros("altered.points", scene.params.points.len())?;
    altered.params.log_delta = gpu.zeros("altered.log_delta", scene.params.log_delta.len())?;
    altered.params.raw_opacity = gpu.zeros("altered.raw_opacity", scene.params.raw_opacity.len())?;
    let (from, to) = (AlterBuffers::of(&scene.params), AlterBuffers::of(&altered.params));
    for window in windows(gpu, 3 * scene.points_per_convex, scene.num_convexes) {
        alter_args.write(gpu, 0, &[alter_arguments(settings, scene.origin, &window)]);
        let mut commands = Commands::new(gpu, "alter");
        kernel.record(&mut commands, alter_args, &window, from, to)?;
        commands.submit();
    }
    Ok(altered)
}

#[expect(clippy::cast_possible_truncation, reason = "shaders work in f32 and count in u32")]
fn alter_arguments(settings: &ViewSettings, origin: DVec3, window: &Range<u64>) -> AlterArgs {
    // Without a box every place is its middle.
    let (axes, centre, half) = match settings.crop.map(|crop| crop.oriented()) {
        Some(OrientedBox { centre, half_size, rotation }) => (rotation, centre - origin, half_size),
        None => (DMat3::ZERO, DVec3::ZERO, DVec3::ONE),
    };
    let row = |axis: DVec3| axis.extend(-axis.dot(centre)).as_vec4().to_array();
    let opacity = settings.min_opacity;
    let raw_threshold = if opacity <= 0.0 { f32::MIN } else { (opacity / (1.0 - opacity).max(1e-6)).ln() };
    AlterArgs {
        box_from_world: [row(axes.x_axis), row(axes.y_axis), row(axes.z_axis)],
        crop_half: half.as_vec3().extend(0.0).to_array(),
        num_convexes: (window.end - window.start) as u32,
        scale: settings.scale,
        raw_threshold,
        padding: 0,
    }
}

/// Returns the camera of some rows of a picture.
fn strip(camera: &Camera, first_row: u32, rows: u32) -> Camera {
    let intrinsics = Intrinsics { cy: camera.intrinsics.cy - f64::from(first_row), ..camera.intrinsics };
    Camera { intrinsics, height: rows, ..*camera }
}

/// Returns the same arguments for some of the convexes.
#[expect(clippy::cast_possible_truncation, reason = "shaders count in u32")]
fn of_window(arguments: DisplayArgs, window: &Range<u64>) -> DisplayArgs {
    let (first_convex, num_convexes) = (window.start as u32, (window.end - window.start) as u32);
    DisplayArgs { first_convex, num_convexes, ..arguments }
}

#[expect(clippy::cast_possible_truncation, reason = "shaders work in f32")]
fn display_args(part: &PictureRows<'_>, origin: DVec3, frame: &RenderedFrame, buffer: &PictureBuffer) -> DisplayArgs {
    let PictureRows { settings, depth_range, .. } = part;
    let camera = part.camera.relative_to(origin);
    let rotation = camera.view_from_world.matrix3.transpose();
    let row = |i: usize| {
        let [x, y, z] = rotation.col(i).to_array().map(|value| value as f32);
        [x, y, z, camera.view_from_world.translation[i] as f32]
    };
    let Intrinsics { fx, fy, cx, cy } = camera.intrinsics;
    let [red, green, blue] = settings.background;
    DisplayArgs {
        view_from_world: [row(0), row(1), row(2)],
        focal_principal: [fx as f32, fy as f32, cx as f32, cy as f32],
        background: [red, green, blue, 1.0],
        size: [camera.width, camera.height],
        num_tiles: frame.buffers().num_tiles,
        depth_range: settings.depth_range.unwrap_or(*depth_range),
        max_count: settings.max_count.max(1.0),
        edges: f32::from(u8::from(settings.draws_hulls())),
        mode: settings.mode.index(),
        row_pixels: buffer.row_pixels,
        num_convexes: 0,
        first_convex: 0,
        ramp: RAMP,
    }
}
