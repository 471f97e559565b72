//! The user interface. It reads the session and the picture, and returns actions; it changes nothing itself. Only here is
//! egui known.

mod keys;
mod overlay;
mod painter;
mod panels;
mod path_entry;
mod plot;
mod scene_area;
mod textures;

use std::time::Duration;

pub(crate) use painter::{LayerTextures, Painting, Screen, Shown};
use textures::Textures;

use crate::gpu::{Gpu, GpuError};
use crate::viewer::scene_view::progressive::{PictureRequest, ProgressivePicture};
use crate::viewer::session::Session;
use crate::viewer::session::action::Action;
use crate::viewer::session::settings::Theme;

/// The device and the picture, as the panel shows them.
#[derive(Debug)]
pub(crate) struct DeviceStats<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The picture and its statistics.
    pub picture: &'a ProgressivePicture,
    /// The number of convexes on the device.
    pub num_convexes: u32,
}

/// A texture with the picture of the scene, and the part of the height that it fills from the top.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PicturePart {
    /// The texture.
    pub texture: egui::TextureId,
    /// The part of the height, 0..=1.
    pub height: f32,
}

/// The picture of the scene in this frame.
#[derive(Debug)]
pub(crate) struct DrawnPicture {
    /// The camera that it was drawn with, and how.
    pub request: PictureRequest,
    /// The textures that make it, from below.
    pub parts: Vec<PicturePart>,
    /// The textures of the second scene, if it is compared.
    pub other: Vec<PicturePart>,
    /// Whether the scene is drawn for the first time after this frame, which takes long.
    pub is_preparing: bool,
}

/// The window, as the user interface needs it while a frame is laid out.
pub(crate) trait FrameHost {
    /// The state that is shown.
    fn session(&self) -> &Session;

    /// The device and the picture.
    fn device(&self) -> DeviceStats<'_>;

    /// Applies an action of the user.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    fn apply(&mut self, action: Action) -> Result<(), GpuError>;

    /// Moves the camera on by so many seconds, and draws the picture for an area of `size` pixels.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    fn draw(&mut self, size: [u32; 2], seconds: f64) -> Result<DrawnPicture, GpuError>;
}

/// The result of the layout of a frame.
pub(crate) struct LaidOut {
    /// The triangles and textures to draw.
    pub painting: Painting,
    /// What egui asks of the window: cursor, clipboard and links.
    pub platform: egui::PlatformOutput,
    /// The time after which egui wants another frame.
    pub repaint_after: Option<Duration>,
}

/// egui for one window.
#[derive(Debug)]
pub(crate) struct Interface {
    context: egui::Context,
    textures: Textures,
}

/// The name that egui has for the only window.
pub(crate) const VIEWPORT: egui::ViewportId = egui::ViewportId::ROOT;

impl Interface {
    /// Makes an interface. `request_redraw` is called when egui wants a frame at once.
    #[must_use]
    pub(crate) fn new(request_redraw: impl Fn() + Send + Sync + 'static) -> Self {
        let context = egui::Context::default();
        context.set_request_repaint_callback(move |info| {
            // Later repaints are in the output of the frame.
            if info.delay.is_zero() {
                request_redraw();
            }
        });
        Self { context, textures: Textures::default() }
    }

    /// The context, for the crate that reads the events of the window.
    #[must_use]
    pub(crate) const fn context(&self) -> &egui::Context {
        &self.context
    }

    /// Copies from another interface which sections are open and how far they are scrolled.
    pub(crate) fn take_layout_of(&self, other: &Self) {
        let memory = other.context.memory(Clone::clone);
        self.context.memory_mut(|own| *own = memory);
    }

    /// Lays out a frame: shows the panel, applies the actions of the user, lets the picture be drawn, and draws over it.
    /// `seconds` have passed since the last frame.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    pub(crate) fn lay_out(
        &mut self,
        mut input: egui::RawInput,
        seconds: f64,
        host: &mut dyn FrameHost,
    ) -> Result<LaidOut, GpuError> {
        self.context.set_theme(match host.session().settings.theme {
            Theme::Dark => egui::ThemePreference::Dark,
            Theme::Light => egui::ThemePreference::Light,
            Theme::System => egui::ThemePreference::System,
        });
        if takes_tab(&mut input) {
            host.apply(Action::TogglePanel)?;
        }
        let context = self.context.clone();
        let mut result = Ok(());
        let mut is_first = true;
        let mut output = context.run_ui(input, |ui| {
            // If egui lays a frame out twice, time passes once.
            let seconds = if is_first { seconds } else { 0.0 };
            is_first = false;
            result = self.show(ui, seconds, host);
        });
        if let Err(error) = result {
            output.textures_delta.clear();
            return Err(error);
        }
        let pixels_per_point = output.pixels_per_point;
        let meshes = context.tessellate(output.shapes, pixels_per_point);
        let painting = Painting { textures: output.textures_delta, meshes, pixels_per_point, background: [0.0; 3] };
        let repaint_after = output.viewport_output.get(&VIEWPORT).map(|viewport| viewport.repaint_delay);
        Ok(LaidOut { painting, platform: output.platform_output, repaint_after })
    }

    fn show(&mut self, ui: &mut egui::Ui, seconds: f64, host: &mut dyn FrameHost) -> Result<(), GpuError> {
        self.textures.forget_other_documents(host.session().document_number);
        let mut actions = Vec::new();
        if host.session().settings.panel {
            egui::Panel::right("panel").default_size(300.0).size_range(300.0..=460.0).show(ui, |ui| {
                actions = panels::show(ui, host.session(), &host.device(), &mut self.textures);
            });
        } else if host.session().times_kernels {
            actions.push(Action::TimeKernels(false));
        }
        let area = egui::CentralPanel::default().frame(egui::Frame::NONE);
        area.show(ui, |ui| scene_area::show(ui, host, &mut self.textures, actions, seconds)).inner
    }
}

/// Returns whether Tab was pressed, and keeps it from egui, which would give the keyboard to a button that every shortcut
/// would then go to.
fn takes_tab(input: &mut egui::RawInput) -> bool {
    let is_tab = |event: &egui::Event| matches!(event, egui::Event::Key { key: egui::Key::Tab, .. });
    let is_press =
        |event: &egui::Event| is_tab(event) && matches!(event, egui::Event::Key { pressed: true, repeat: false, .. });
    let is_pressed = input.events.iter().any(is_press);
    input.events.retain(|event| !is_tab(event));
    is_pressed
}

#[cfg(test)]
mod tests {
    use egui::{Event, Key, Modifiers, RawInput};

    #[test]
    fn tab_is_kept_from_egui_and_nothing_else() {
        let key =
            |key: Key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
        let mut input = RawInput { events: vec![key(Key::A), key(Key::Tab)], ..RawInput::default() };
        assert!(super::takes_tab(&mut input));
        assert_eq!(input.events, [key(Key::A)]);
        assert!(!super::takes_tab(&mut input));
    }
}
