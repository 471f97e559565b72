//! A window's surface, which pictures are presented on. Only with the feature `viewer`. It knows no windowing crate: every
//! type with a window handle serves.

use std::fmt;

use super::adapter;
use super::context::{Gpu, GpuOptions};
use super::error::GpuError;
use super::guard::guarded;

/// Why a surface has no texture to draw on at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// The window is hidden.
    Hidden,
    /// The surface was not ready or was made anew.
    NotReady,
}

/// The surface of one window.
pub(crate) struct WindowSurface {
    gpu: Gpu,
    create: Box<dyn Fn() -> Result<wgpu::Surface<'static>, String>>,
    surface: wgpu::Surface<'static>,
    configuration: wgpu::SurfaceConfiguration,
    is_lost: bool,
}

impl fmt::Debug for WindowSurface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowSurface").field("configuration", &self.configuration).finish_non_exhaustive()
    }
}

impl WindowSurface {
    /// Opens a device that can draw on `window`, and its surface of `size` pixels.
    ///
    /// # Errors
    /// The same as [`Gpu::open`], and [`GpuError::NoSurface`].
    pub(crate) async fn open<W>(options: &GpuOptions, window: W, size: [u32; 2]) -> Result<(Gpu, Self), GpuError>
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
            adapter::choose(&instance, options.adapter.as_ref(), |adapter| adapter.is_surface_supported(&surface))
                .await?;
        let configuration = configuration(&surface, &adapter, size)?;
        let gpu = Gpu::of_adapter(&adapter, options).await?;
        surface.configure(&gpu.device, &configuration);
        Ok((gpu.clone(), Self { gpu, create: Box::new(create), surface, configuration, is_lost: false }))
    }

    /// Changes the size to that of the window, in pixels; does nothing where the window has no area.
    pub(crate) fn resize(&mut self, size: [u32; 2]) {
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
    pub(crate) const fn size(&self) -> [u32; 2] {
        [self.configuration.width, self.configuration.height]
    }

    /// The format of its textures.
    #[must_use]
    pub(crate) const fn format(&self) -> wgpu::TextureFormat {
        self.configuration.format
    }

    /// Loses the surface before the next texture is acquired, as a driver would. Only builds for tests have it.
    #[cfg(debug_assertions)]
    pub(crate) fn lose(&mut self) {
        self.is_lost = true;
    }

    /// The next texture. wgpu panics where a surface could never be configured.
    fn next_texture(&self) -> Result<wgpu::CurrentSurfaceTexture, GpuError> {
        guarded(|| self.surface.get_current_texture())
    }

    /// The next texture of the surface, or why there is none; a surface that was lost is made anew.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost, or the surface for good.
    pub(crate) fn acquire(&mut self) -> Result<Result<wgpu::SurfaceTexture, Unavailable>, GpuError> {
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
                    _ => Ok(Err(Unavailable::NotReady)),
                }
            }
            Current::Occluded => Ok(Err(Unavailable::Hidden)),
            Current::Timeout => Ok(Err(Unavailable::NotReady)),
            Current::Outdated | Current::Validation => {
                self.gpu.check()?;
                self.surface.configure(&self.gpu.device, &self.configuration);
                Ok(Err(Unavailable::NotReady))
            }
            Current::Lost => {
                self.gpu.check()?;
                self.surface = (self.create)().map_err(GpuError::NoSurface)?;
                self.surface.configure(&self.gpu.device, &self.configuration);
                Ok(Err(Unavailable::NotReady))
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
    let plain = [wgpu::TextureFormat::Bgra8Unorm, wgpu::TextureFormat::Rgba8Unorm];
    // The best for the surface comes first.
    let formats = surface.get_capabilities(adapter).formats;
    if let Some(format) = formats.into_iter().find(|format| plain.contains(format)) {
        configuration.format = format;
    }
    configuration.present_mode = wgpu::PresentMode::AutoVsync;
    Ok(configuration)
}
