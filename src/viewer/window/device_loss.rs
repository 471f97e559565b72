//! Opens a device again after it was lost.

use std::sync::Arc;
use web_time::{Duration, Instant};

use winit::event_loop::ActiveEventLoop;
use winit::window::Window;

use super::{App, ViewerError};
use crate::gpu::GpuError;
use crate::gpu::waiting::IS_BROWSER;

/// The time within which more than [`MAX_LOSSES`] lost devices are too many.
const LOSS_TIME: Duration = Duration::from_secs(60);
const MAX_LOSSES: usize = 3;

/// The pauses before each attempt to open a lost device again: a driver that was reset takes its time.
const ATTEMPTS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// The times when devices were lost.
#[derive(Debug, Default)]
pub(super) struct LostDevices(Vec<Instant>);

impl LostDevices {
    /// Adds a loss, and returns whether there were too many of late.
    fn add(&mut self, now: Instant) -> bool {
        self.0.retain(|loss| now.duration_since(*loss) < LOSS_TIME);
        self.0.push(now);
        self.0.len() > MAX_LOSSES
    }
}

impl App {
    /// Opens a lost device again, and uploads the scene from the memory of the host.
    pub(super) fn recover(&mut self, event_loop: &ActiveEventLoop, error: GpuError) {
        let are_too_many = self.lost_devices.add(Instant::now());
        let Some(lost) = self.opened.take() else { return };
        let window = Arc::clone(&lost.window);
        self.lost_interface = Some(lost.interface);
        drop((lost.input, lost.drawing));
        // A trainer shares the device that is gone.
        let is_hopeless = are_too_many || self.session.live.is_some();
        let result = if is_hopeless { Err(error.into()) } else { self.open_device_again(&window) };
        match result {
            Ok(()) => {
                self.session.notify_error("The GPU was lost and has been opened again".into());
                self.request_redraw();
            }
            Err(error) => self.fail(event_loop, error),
        }
    }

    fn open_device_again(&mut self, window: &Arc<Window>) -> Result<(), ViewerError> {
        let mut result = Ok(());
        for pause in ATTEMPTS {
            // Nobody sleeps in a browser.
            if !IS_BROWSER {
                std::thread::sleep(pause);
            }
            result = self.open_device(Arc::clone(window));
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Closes the window with an error.
    pub(super) fn fail(&mut self, event_loop: &ActiveEventLoop, error: ViewerError) {
        #[cfg(target_family = "wasm")]
        super::page::tell_error(&error);
        self.error = Some(error);
        event_loop.exit();
    }
}

/// Loses the device with F9 and the surface with F10, if the environment variable `LAPIDARY_TEST_LOSSES` is set. Only builds
/// for tests have these keys.
#[cfg(debug_assertions)]
pub(super) fn lose_by_key(opened: &mut super::OpenWindow, event: &winit::event::WindowEvent) {
    use winit::keyboard::{KeyCode, PhysicalKey};
    let winit::event::WindowEvent::KeyboardInput { event: key, .. } = event else { return };
    if !key.state.is_pressed() || std::env::var_os("LAPIDARY_TEST_LOSSES").is_none() {
        return;
    }
    match key.physical_key {
        PhysicalKey::Code(KeyCode::F9) => opened.drawing.gpu.lose(),
        PhysicalKey::Code(KeyCode::F10) => opened.drawing.screen.lose(),
        _ => return,
    }
    log::debug!("lost what {:?} loses", key.physical_key);
    opened.window.request_redraw();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_losses_within_a_minute_are_too_many() {
        let (mut lost, start) = (LostDevices::default(), Instant::now());
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!([0, 10, 20].map(|seconds| lost.add(after(seconds))), [false; 3]);
        assert!(lost.add(after(30)));
        assert!(!lost.add(after(300)), "old losses are forgotten");
    }
}
