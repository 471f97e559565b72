//! The window. Built only with the feature `viewer`, so that headless machines need none of its libraries.

mod document;
mod live;
mod painter;
mod scene_view;
mod session;
mod ui;
mod window;

pub use document::{Content, LoadPicture, Open, Picture, Point, View};
pub use live::{LiveCommand, LiveRate, LiveSource, Progress};
pub use scene_view::navigator::Navigator;
pub use scene_view::pose::Pose;
pub use scene_view::resolution::Pace;
pub use scene_view::settings::{Crop, Look};
pub use scene_view::{Canvas, FrameFacts, Picked, Stage};
pub use window::{Close, Launch, OnOpen, StartLive, ViewerError, run};

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
