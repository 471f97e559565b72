//! A window's surface: pictures from the memory of the device, and the meshes of egui over them. Only with the feature
//! `viewer`. It knows no windowing crate: whatever has a window handle will do.

use std::fmt;

use super::adapter;
use super::buffer::Buffer;
use super::context::{Gpu, GpuOptions};
use super::error::GpuError;
use super::guard::guarded;

/// Rows of a picture that goes to the screen are this many pixels apart, or a multiple: a copy into a texture asks for
/// rows of 256 bytes.
pub const ROW_MULTIPLE: u32 = wgpu::COPY_BYTES_PER_ROW_ALIGNMENT / 4;

/// What egui wants drawn.
#[derive(Debug)]
pub struct Painting {
    /// Textures that are new, changed or no longer needed.
    pub textures: egui::TexturesDelta,
    /// Triangles in order.
    pub meshes: Vec<egui::ClippedPrimitive>,
    /// Device pixels per unit of the meshes.
    pub pixels_per_point: f32,
    /// Behind everything, sRGB.
    pub background: [f32; 3],
}

/// A picture that egui can place like any texture.
#[derive(Debug)]
pub struct ScreenPicture {
    texture: wgpu::Texture,
    id: egui::TextureId,
}

impl ScreenPicture {
    /// What egui knows it by.
    #[must_use]
    pub const fn id(&self) -> egui::TextureId {
        self.id
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> [u32; 2] {
        [self.texture.width(), self.texture.height()]
    }
}

/// What became of a painting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It is on the screen.
    Yes,
    /// The window is hidden: paint again when it is not.
    Hidden,
    /// The surface was not ready or was made anew: paint again soon.
    Again,
}

/// The surface of one window.
pub struct Screen {
    gpu: Gpu,
    create: Box<dyn Fn() -> Result<wgpu::Surface<'static>, String>>,
    surface: wgpu::Surface<'static>,
    configuration: wgpu::SurfaceConfiguration,
    painter: egui_wgpu::Renderer,
    is_lost: bool,
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("configuration", &self.configuration).finish_non_exhaustive()
    }
}

impl Screen {
    /// Opens a device that can draw on `window`, and its surface of `size` pixels.
    ///
    /// # Errors
    /// Those of [`Gpu::open`], and [`GpuError::NoSurface`].
    pub fn open<W>(options: &GpuOptions, window: W, size: [u32; 2]) -> Result<(Gpu, Self), GpuError>
    where
        W: Into<wgpu::SurfaceTarget<'static>> + Clone + 'static,
    {
        let instance = adapter::instance(options.checks);
        let create = {
            let instance = instance.clone();
            move || instance.create_surface(window.clone()).map_err(|error| error.to_string())
        };
        let surface = create().map_err(GpuError::NoSurface)?;
        let adapter =
            adapter::choose(&instance, options.adapter.as_ref(), |adapter| adapter.is_surface_supported(&surface))?;
        let configuration = configuration(&surface, &adapter, size)?;
        let gpu = Gpu::of_adapter(&adapter, options)?;
        let painter_options = egui_wgpu::RendererOptions { dithering: false, ..egui_wgpu::RendererOptions::default() };
        let painter = egui_wgpu::Renderer::new(&gpu.device, configuration.format, painter_options);
        let screen =
            Self { gpu: gpu.clone(), create: Box::new(create), surface, configuration, painter, is_lost: false };
        screen.surface.configure(&gpu.device, &screen.configuration);
        Ok((gpu, screen))
    }

    /// Follows the window to another size; nothing happens to a window without area.
    pub fn resize(&mut self, size: [u32; 2]) {
        let limit = self.gpu.limits().max_texture_dimension_2d;
        let [width, height] = size.map(|side| side.min(limit));
        if width == 0 || height == 0 || [width, height] == self.size() {
            return;
        }
        (self.configuration.width, self.configuration.height) = (width, height);
        self.surface.configure(&self.gpu.device, &self.configuration);
    }

    /// Width and height in pixels.
    #[must_use]
    pub const fn size(&self) -> [u32; 2] {
        [self.configuration.width, self.configuration.height]
    }

    /// A black picture; a side is at most what the device allows.
    pub fn picture(&mut self, size: [u32; 2]) -> ScreenPicture {
        let limit = self.gpu.limits().max_texture_dimension_2d;
        let [width, height] = size.map(|side| side.clamp(1, limit));
        let texture = self.gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            // The shaders of egui read sRGB values as they are.
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let id = self.painter.register_native_texture(&self.gpu.device, &view, wgpu::FilterMode::Linear);
        ScreenPicture { texture, id }
    }

    /// Forgets a picture.
    pub fn forget(&mut self, picture: &ScreenPicture) {
        self.painter.free_texture(&picture.id);
    }

    /// Copies the first rows of `pixels` (RGBA of 8 bits each, red lowest, `row_pixels` from row to row, a multiple of
    /// [`ROW_MULTIPLE`]) to the upper left corner of a picture. What is outside of either is left out.
    pub fn fill(&self, picture: &ScreenPicture, pixels: &Buffer<u32>, row_pixels: u32, size: [u32; 2]) {
        let [width, height] =
            [size[0].min(picture.texture.width()).min(row_pixels), size[1].min(picture.texture.height())];
        let rows = u32::try_from(pixels.len() / u64::from(row_pixels.max(1))).unwrap_or(u32::MAX);
        let extent = wgpu::Extent3d { width, height: height.min(rows), depth_or_array_layers: 1 };
        if extent.width == 0 || extent.height == 0 {
            return;
        }
        let source = wgpu::TexelCopyBufferInfo {
            buffer: pixels.raw(),
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(row_pixels * 4),
                rows_per_image: None,
            },
        };
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_texture(source, picture.texture.as_image_copy(), extent);
        self.gpu.queue.submit([encoder.finish()]);
    }

    /// Draws and shows.
    ///
    /// # Errors
    /// [`GpuError`] when the device was lost, or the surface for good.
    pub fn show(&mut self, painting: Painting) -> Result<Shown, GpuError> {
        let Painting { mut textures, meshes, pixels_per_point, background } = painting;
        let (device, queue) = (&self.gpu.device, &self.gpu.queue);
        for (id, deltas) in &textures.set {
            for delta in deltas {
                self.painter.update_texture(device, queue, *id, delta);
            }
        }
        let freed: Vec<egui::TextureId> = textures.free.iter().copied().collect();
        // egui wants to be sure that nothing was overlooked.
        textures.clear();
        // A painter without a device panics.
        self.gpu.check()?;
        let target = match self.acquire()? {
            Ok(target) => target,
            Err(why) => {
                self.free(&freed);
                return Ok(why);
            }
        };
        let screen = egui_wgpu::ScreenDescriptor { size_in_pixels: self.size(), pixels_per_point };
        let (device, queue) = (&self.gpu.device, &self.gpu.queue);
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("screen") });
        let mut lists = guarded(|| self.painter.update_buffers(device, queue, &mut encoder, &meshes, &screen))?;
        let view = target.texture.create_view(&wgpu::TextureViewDescriptor::default());
        let [r, g, b] = background.map(f64::from);
        let mut pass = encoder
            .begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("screen"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a: 1.0 }),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..wgpu::RenderPassDescriptor::default()
            })
            .forget_lifetime();
        self.painter.render(&mut pass, &meshes, &screen);
        drop(pass);
        lists.push(encoder.finish());
        queue.submit(lists);
        queue.present(target);
        self.free(&freed);
        self.gpu.check()?;
        Ok(Shown::Yes)
    }

    fn free(&mut self, ids: &[egui::TextureId]) {
        for id in ids {
            self.painter.free_texture(id);
        }
    }

    /// Loses the surface before the next painting: for trying out what then happens.
    #[doc(hidden)]
    pub fn lose(&mut self) {
        self.is_lost = true;
    }

    /// A surface that never could be configured panics.
    fn next_texture(&self) -> Result<wgpu::CurrentSurfaceTexture, GpuError> {
        guarded(|| self.surface.get_current_texture())
    }

    /// The next texture of the surface, or why there is none; a surface that was lost is made anew.
    fn acquire(&mut self) -> Result<Result<wgpu::SurfaceTexture, Shown>, GpuError> {
        use wgpu::CurrentSurfaceTexture as Current;
        let current = if std::mem::take(&mut self.is_lost) { Current::Lost } else { self.next_texture()? };
        match current {
            Current::Success(target) => Ok(Ok(target)),
            Current::Suboptimal(target) => {
                // A configured surface must have no texture out.
                drop(target);
                self.surface.configure(&self.gpu.device, &self.configuration);
                match self.next_texture()? {
                    Current::Success(target) | Current::Suboptimal(target) => Ok(Ok(target)),
                    _ => Ok(Err(Shown::Again)),
                }
            }
            Current::Occluded => Ok(Err(Shown::Hidden)),
            Current::Timeout => Ok(Err(Shown::Again)),
            Current::Outdated | Current::Validation => {
                self.gpu.check()?;
                self.surface.configure(&self.gpu.device, &self.configuration);
                Ok(Err(Shown::Again))
            }
            Current::Lost => {
                self.gpu.check()?;
                self.surface = (self.create)().map_err(GpuError::NoSurface)?;
                self.surface.configure(&self.gpu.device, &self.configuration);
                Ok(Err(Shown::Again))
            }
        }
    }
}

fn configuration(
    surface: &wgpu::Surface<'_>,
    adapter: &wgpu::Adapter,
    size: [u32; 2],
) -> Result<wgpu::SurfaceConfiguration, GpuError> {
    let none = || GpuError::NoSurface(format!("adapter `{}` cannot draw on it", adapter.get_info().name));
    let limit = adapter.limits().max_texture_dimension_2d;
    let [width, height] = size.map(|side| side.clamp(1, limit));
    let mut configuration = surface.get_default_config(adapter, width, height).ok_or_else(none)?;
    // egui blends in sRGB, so the format must not convert.
    let formats = surface.get_capabilities(adapter).formats;
    let plain = [wgpu::TextureFormat::Bgra8Unorm, wgpu::TextureFormat::Rgba8Unorm];
    if let Some(format) = plain.into_iter().find(|format| formats.contains(format)) {
        configuration.format = format;
    }
    configuration.present_mode = wgpu::PresentMode::AutoVsync;
    Ok(configuration)
}
