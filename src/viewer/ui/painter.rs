//! Draws on a window: pictures from the memory of the device, and the meshes of egui over them.

use crate::gpu::{Gpu, GpuError, GpuOptions, Unavailable, WindowSurface, guarded};
use crate::real::to_u32;
use crate::viewer::scene_view::PictureBuffer;
use crate::viewer::scene_view::progressive::{PictureLayer, ProgressivePicture};
use crate::viewer::ui::PicturePart;

/// The output of egui that is to be drawn.
#[derive(Debug)]
pub(crate) struct Painting {
    /// Textures that are new, changed or no longer needed.
    pub(crate) textures: egui::TexturesDelta,
    /// Triangles in order.
    pub(crate) meshes: Vec<egui::ClippedPrimitive>,
    /// Device pixels per unit of the meshes.
    pub(crate) pixels_per_point: f32,
    /// The colour behind everything, sRGB.
    pub(crate) background: [f32; 3],
}

/// A picture that egui can place like any texture.
#[derive(Debug)]
struct ScreenPicture {
    texture: wgpu::Texture,
    id: egui::TextureId,
    /// The size that was asked for; the texture may be smaller.
    size: [u32; 2],
}

/// The textures of the layers of a progressive picture.
#[derive(Debug, Default)]
pub(crate) struct LayerTextures {
    coarse: Option<ScreenPicture>,
    full: Option<ScreenPicture>,
}

impl LayerTextures {
    /// Copies a layer that was drawn to its texture.
    pub(crate) fn copy(&mut self, screen: &mut Screen, picture: &ProgressivePicture, layer: PictureLayer) {
        let Some(buffer) = picture.layer(layer) else { return };
        let texture = match layer {
            PictureLayer::Coarse => &mut self.coarse,
            PictureLayer::Full => &mut self.full,
        };
        if let Some(old) = texture.take_if(|texture| texture.size != buffer.size) {
            screen.forget(&old);
        }
        let texture = texture.get_or_insert_with(|| screen.picture(buffer.size));
        screen.copy(buffer, texture);
    }

    /// Frees the textures.
    pub(crate) fn forget(self, screen: &mut Screen) {
        [self.coarse, self.full].iter().flatten().for_each(|texture| screen.forget(texture));
    }

    /// Returns the textures that make a picture, from below.
    #[must_use]
    pub(crate) fn parts(&self, picture: &ProgressivePicture) -> Vec<PicturePart> {
        let part = |(layer, height): (PictureLayer, f32)| {
            let texture = match layer {
                PictureLayer::Coarse => self.coarse.as_ref(),
                PictureLayer::Full => self.full.as_ref(),
            };
            texture.map(|texture| PicturePart { texture: texture.id, height })
        };
        picture.visible_layers().into_iter().filter_map(part).collect()
    }
}

/// Whether a painting was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It is on the screen.
    Yes,
    /// The window is hidden: paint again when it is not.
    Hidden,
    /// The surface was not ready or was made anew: paint again soon.
    Again,
}

/// The surface of one window, and the painter that draws on it.
pub(crate) struct Screen {
    gpu: Gpu,
    surface: WindowSurface,
    painter: egui_wgpu::Renderer,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("surface", &self.surface).finish_non_exhaustive()
    }
}

impl Screen {
    /// Opens a device that can draw on `window`, and its surface of `size` pixels.
    ///
    /// # Errors
    /// The same as [`Gpu::open`], and [`GpuError::NoSurface`].
    pub(crate) async fn open<W>(options: &GpuOptions, window: W, size: [u32; 2]) -> Result<(Gpu, Self), GpuError>
    where
        W: Into<wgpu::SurfaceTarget<'static>> + Clone + 'static,
    {
        let (gpu, surface) = WindowSurface::open(options, window, size).await?;
        let painter_options = egui_wgpu::RendererOptions { dithering: false, ..egui_wgpu::RendererOptions::default() };
        let painter = egui_wgpu::Renderer::new(gpu.device(), surface.format(), painter_options);
        Ok((gpu.clone(), Self { gpu, surface, painter }))
    }

    /// Changes the size to that of the window, in pixels; does nothing where the window has no area.
    pub(crate) fn resize(&mut self, size: [u32; 2]) {
        self.surface.resize(size);
    }

    /// Width and height in pixels.
    #[must_use]
    pub(crate) const fn size(&self) -> [u32; 2] {
        self.surface.size()
    }

    /// A black picture; a side is at most what the device allows.
    fn picture(&mut self, size: [u32; 2]) -> ScreenPicture {
        let limit = self.gpu.limits().max_texture_dimension_2d;
        let [width, height] = size.map(|side| side.clamp(1, limit));
        let texture = self.gpu.device().create_texture(&wgpu::TextureDescriptor {
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
        let id = self.painter.register_native_texture(self.gpu.device(), &view, wgpu::FilterMode::Linear);
        ScreenPicture { texture, id, size }
    }

    /// Frees a picture.
    fn forget(&mut self, picture: &ScreenPicture) {
        self.painter.free_texture(&picture.id);
    }

    /// Copies a picture from the memory of the device to the upper left corner of a texture. Pixels outside of either are
    /// left out.
    fn copy(&self, buffer: &PictureBuffer, picture: &ScreenPicture) {
        let PictureBuffer { pixels, size, row_pixels } = buffer;
        let [width, height] =
            [size[0].min(picture.texture.width()).min(*row_pixels), size[1].min(picture.texture.height())];
        let rows = to_u32(pixels.len() / u64::from(*(row_pixels.max(&1))));
        let extent = wgpu::Extent3d { width, height: height.min(rows), depth_or_array_layers: 1 };
        if extent.width == 0 || extent.height == 0 {
            return;
        }
        let source = wgpu::TexelCopyBufferInfo {
            buffer: pixels.raw(),
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(*row_pixels * 4),
                rows_per_image: None,
            },
        };
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_texture(source, picture.texture.as_image_copy(), extent);
        self.gpu.queue().submit([encoder.finish()]);
    }

    /// Draws a painting and shows it.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost, or the surface for good.
    pub(crate) fn show(&mut self, painting: Painting) -> Result<Shown, GpuError> {
        let Painting { mut textures, meshes, pixels_per_point, background } = painting;
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
        for (id, deltas) in &textures.set {
            for delta in deltas {
                self.painter.update_texture(device, queue, *id, delta);
            }
        }
        let freed: Vec<egui::TextureId> = textures.free.iter().copied().collect();
        // egui panics on a delta that is dropped before it was cleared.
        textures.clear();
        // A painter without a device panics.
        self.gpu.check()?;
        let target = match self.surface.acquire()? {
            Ok(target) => target,
            Err(why) => {
                self.free(&freed);
                return Ok(match why {
                    Unavailable::Hidden => Shown::Hidden,
                    Unavailable::NotReady => Shown::Again,
                });
            }
        };
        let screen = egui_wgpu::ScreenDescriptor { size_in_pixels: self.size(), pixels_per_point };
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
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

    /// Loses the surface before the next painting, as a driver would.
    #[cfg(debug_assertions)]
    pub(crate) fn lose(&mut self) {
        self.surface.lose();
    }
}
