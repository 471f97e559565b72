//! The window. Built only with the feature `viewer`, so that headless machines need none of its libraries.

mod app;
mod compare;
mod content;
mod keys;
mod live;
mod look;
mod navigator;
mod overlay;
mod pace;
mod panels;
mod plot;
mod pose;
mod scene_area;
mod session;
mod settings;
mod stage;
mod track;
mod viewport;

pub use app::{Close, Launch, OnOpen, StartLive, ViewerError, run};
pub use content::{Content, LoadPicture, Open, Picture, Point, View};
pub use live::{LiveCommand, LiveRate, LiveSource, Progress};
pub use look::{Crop, Look};
pub use navigator::Navigator;
pub use pace::Pace;
pub use pose::Pose;
pub use stage::{Canvas, FrameFacts, Picked, Stage};

/// Why no window can be opened here.
#[derive(Debug, thiserror::Error)]
#[error("no display was found ({0}); `lapidary render` makes pictures without one")]
pub struct NoDisplay(String);

/// Asks the system whether a window could be opened.
///
/// # Errors
/// [`NoDisplay`] with the system's reason.
pub fn check_display() -> Result<(), NoDisplay> {
    match winit::event_loop::EventLoop::new() {
        Ok(_) => Ok(()),
        Err(error) => Err(NoDisplay(reason(&error.to_string()).to_owned())),
    }
}

/// winit puts the place in its own source before the reason.
fn reason(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.rsplit_once(": ").map_or(line, |(_, reason)| reason).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reason_is_what_a_user_can_act_on() {
        assert_eq!(super::reason("os error at lib/x.rs:7: DISPLAY is not set.\nmore"), "DISPLAY is not set");
        assert_eq!(super::reason("not supported"), "not supported");
    }
}
