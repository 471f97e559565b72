//! What happens when the device is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winit::event::KeyEvent;
use winit::event_loop::ActiveEventLoop;
use winit::keyboard::{KeyCode, PhysicalKey};
use winit::window::Window;

use super::{App, Opened, ViewerError};
use crate::gpu::GpuError;

/// Devices lost within this time are too many if there are more than [`MAX_LOSSES`].
const LOSS_TIME: Duration = Duration::from_secs(60);
const MAX_LOSSES: usize = 3;

/// How long to wait before each attempt to open a lost device again: a driver that was reset takes its time.
const ATTEMPTS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// For tests: where this variable is set, F9 loses the device and F10 the surface.
pub(super) const LOSING_VARIABLE: &str = "LAPIDARY_TEST_LOSSES";

impl App {
    /// Opens a lost device again, with what was on it from the memory of the host.
    pub(super) fn recover(&mut self, event_loop: &ActiveEventLoop, fault: GpuError) {
        let now = Instant::now();
        self.losses.retain(|loss| now.duration_since(*loss) < LOSS_TIME);
        self.losses.push(now);
        let Some(opened) = self.opened.take() else { return };
        // A trainer shares the device that is gone.
        let is_hopeless = self.losses.len() > MAX_LOSSES || self.session.live.is_some();
        let window = Arc::clone(&opened.window);
        // What is unfolded and how far it is scrolled.
        let memory = opened.context.memory(Clone::clone);
        drop(opened);
        let result = if is_hopeless { Err(fault.into()) } else { self.open_device_again(&window) };
        match result {
            Ok(()) => {
                if let Some(opened) = &self.opened {
                    opened.context.memory_mut(|new| *new = memory);
                }
                self.session.complain("The GPU was lost and has been opened again".into());
                self.request_redraw();
            }
            Err(error) => self.fail(event_loop, error),
        }
    }

    fn open_device_again(&mut self, window: &Arc<Window>) -> Result<(), ViewerError> {
        let mut result = Ok(());
        for pause in ATTEMPTS {
            std::thread::sleep(pause);
            result = self.open_device(Arc::clone(window));
            if result.is_ok() {
                break;
            }
        }
        result
    }

    pub(super) fn fail(&mut self, event_loop: &ActiveEventLoop, error: ViewerError) {
        self.fault = Some(error);
        event_loop.exit();
    }
}

/// What the keys of the tests do.
pub(super) fn lose(opened: &mut Opened, key: &KeyEvent) {
    match key.physical_key {
        PhysicalKey::Code(KeyCode::F9) if key.state.is_pressed() => opened.gpu.lose(),
        PhysicalKey::Code(KeyCode::F10) if key.state.is_pressed() => opened.screen.lose(),
        _ => return,
    }
    log::debug!("lost what {:?} loses", key.physical_key);
    opened.window.request_redraw();
}
