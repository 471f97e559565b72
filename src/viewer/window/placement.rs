//! Keeps place and size of the window from one start to the next.

#[cfg(not(target_family = "wasm"))]
use winit::dpi::{LogicalSize, PhysicalPosition, PhysicalSize};
use winit::event_loop::ActiveEventLoop;
use winit::window::{Window, WindowAttributes};

use super::{App, OpenWindow};

impl App {
    /// Returns the attributes of a window that is as large as the page lets its canvas be.
    #[cfg(target_family = "wasm")]
    #[expect(clippy::unused_self, reason = "elsewhere it has a place and a size")]
    pub(super) fn attributes(&self, _: &ActiveEventLoop) -> WindowAttributes {
        super::page::on_canvas(Window::default_attributes())
    }

    /// Returns the attributes of a window with the size that was asked for, or with its last place and size.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn attributes(&self, event_loop: &ActiveEventLoop) -> WindowAttributes {
        let mut attributes =
            Window::default_attributes().with_title("lapidary").with_min_inner_size(LogicalSize::new(320.0, 240.0));
        attributes = match self.launch.size {
            Some([width, height]) => attributes.with_inner_size(PhysicalSize::new(width, height)),
            None => {
                let [width, height] = self.session.settings.window;
                attributes
                    .with_inner_size(LogicalSize::new(width, height))
                    .with_maximized(self.session.settings.maximized)
            }
        };
        let position = self.session.settings.position;
        if let Some([x, y]) = position.filter(|position| is_on_a_monitor(event_loop, *position)) {
            attributes = attributes.with_position(PhysicalPosition::new(x, y));
        }
        attributes
    }

    /// Keeps place and size of the window while it does not fill the screen, and whether it does.
    pub(super) fn note_placement(&mut self) {
        let Some(OpenWindow { window, .. }) = &self.opened else { return };
        if !std::mem::take(&mut self.has_moved) || window.fullscreen().is_some() {
            return;
        }
        let settings = &mut self.session.settings;
        settings.maximized = window.is_maximized();
        if settings.maximized || window.is_minimized() == Some(true) {
            return;
        }
        let size = window.inner_size().to_logical::<f64>(window.scale_factor());
        settings.window = [size.width, size.height];
        settings.position = window.outer_position().ok().map(|corner| [corner.x, corner.y]);
    }
}

/// Returns whether a window with this corner could be seen and moved.
#[cfg(not(target_family = "wasm"))]
fn is_on_a_monitor(event_loop: &ActiveEventLoop, [x, y]: [i32; 2]) -> bool {
    // The title is a little inside of the corner.
    let (x, y) = (i64::from(x) + 60, i64::from(y) + 10);
    event_loop.available_monitors().any(|monitor| {
        let (corner, size) = (monitor.position(), monitor.size());
        let within = |at: i64, from: i32, length: u32| (0..i64::from(length)).contains(&(at - i64::from(from)));
        within(x, corner.x, size.width) && within(y, corner.y, size.height)
    })
}
