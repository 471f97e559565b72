//! The window and its event loop: events in, frames out, and nothing at all while nothing changes.

mod device_loss;
mod dialogs;
mod drawn_scene;
mod frame;
#[cfg(target_family = "wasm")]
mod page;
mod placement;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use web_time::{Duration, Instant};

use device_loss::LostDevices;
use drawn_scene::DrawnScene;
use frame::Drawing;
use winit::application::ApplicationHandler;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::window::{Window, WindowId};

use crate::gpu::{Gpu, GpuError, GpuOptions};
use crate::viewer::background::{Polled, RequestRedraw};
use crate::viewer::document::{ChoosePath, DocumentLoader, OpenDocument, PathChooser};
use crate::viewer::live::{self, Live, LiveLink};
use crate::viewer::scene_view::progressive::Redraw;
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::Session;
use crate::viewer::session::settings::Settings;
use crate::viewer::ui::{self, Interface, Screen, Shown};

/// Why no window can be opened here.
#[derive(Debug, thiserror::Error)]
#[error("no display was found ({0}); `lapidary render` makes images without one")]
pub struct NoDisplay(String);

/// Asks the system whether a window could be opened.
///
/// # Errors
/// Returns [`NoDisplay`] with the system's reason.
pub fn check_display() -> Result<(), NoDisplay> {
    match EventLoop::new() {
        Ok(_) => Ok(()),
        Err(error) => Err(NoDisplay(reason(&error.to_string()).to_owned())),
    }
}

/// Returns the reason in a message of winit, which begins with a position in its own source.
fn reason(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.rsplit_once(": ").map_or(line, |(_, reason)| reason).trim_end_matches('.')
}

/// Closes the window as its user would; may be called on any thread.
pub type CloseWindow = Box<dyn Fn() + Send>;

/// Receives a way to close the window, before the window is opened.
pub type OnOpen = Box<dyn FnOnce(CloseWindow)>;

/// Starts a training run on the device of the window.
pub type StartLive = Box<dyn FnOnce(&Gpu) -> Result<LiveLink, String>>;

/// The arguments of a window.
pub struct Launch {
    /// The path of a scene, checkpoint, run or dataset; without one the window is empty.
    pub path: Option<PathBuf>,
    /// The path of a second scene to compare with.
    pub compare: Option<PathBuf>,
    /// Opens paths: this one and those that are dropped on the window.
    pub open: OpenDocument,
    /// The device.
    pub gpu: GpuOptions,
    /// A training run to show.
    pub live: Option<StartLive>,
    /// Receives a way to close the window, for a signal for example.
    pub on_open: Option<OnOpen>,
    /// Width and height of the window in pixels; without them they are the last ones.
    pub size: Option<[u32; 2]>,
}

impl std::fmt::Debug for Launch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launch").field("path", &self.path).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Why the window could not be opened, or had to close.
#[derive(Debug, thiserror::Error)]
pub enum ViewerError {
    /// There is no display.
    #[error(transparent)]
    NoDisplay(#[from] NoDisplay),
    /// The device failed.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The window system failed.
    #[error("the window failed: {0}; `lapidary render` works without one")]
    Window(String),
}

/// A message of another thread, or of the page in a browser, to the event loop.
#[derive(Debug, Clone)]
enum LoopMessage {
    /// A file is to be opened.
    #[cfg(target_family = "wasm")]
    Open(PathBuf),
    /// A frame is to be drawn.
    Redraw,
    /// The window is to be closed.
    #[cfg(not(target_family = "wasm"))]
    Close,
}

#[cfg(target_family = "wasm")]
pub use page::run_in_page;

/// Opens a window and returns when it is closed.
///
/// # Errors
/// Returns [`ViewerError`] when there is no display, no device that can draw on it, or one that stays lost.
#[cfg(not(target_family = "wasm"))]
pub fn run(mut launch: Launch) -> Result<(), ViewerError> {
    let started = Instant::now();
    let event_loop =
        EventLoop::with_user_event().build().map_err(|error| NoDisplay(reason(&error.to_string()).to_owned()))?;
    if let Some(on_open) = launch.on_open.take() {
        let proxy = event_loop.create_proxy();
        on_open(Box::new(move || proxy.send_event(LoopMessage::Close).unwrap_or_default()));
    }
    let mut app = App::new(launch, started, event_loop.create_proxy());
    event_loop.run_app(&mut app).map_err(|error| ViewerError::Window(error.to_string()))?;
    app.error.map_or(Ok(()), Err)
}

/// The window and everything that is made for it; made anew when the device is lost.
struct OpenWindow {
    window: Arc<Window>,
    input: egui_winit::State,
    interface: Interface,
    drawing: Drawing,
    last_frame: Instant,
}

/// A device that is being opened, and what is drawn on with it.
type Opening = Polled<Result<(Gpu, Screen), GpuError>>;

struct App {
    launch: Launch,
    started: Instant,
    proxy: EventLoopProxy<LoopMessage>,
    session: Session,
    settings_file: Option<PathBuf>,
    opened: Option<OpenWindow>,
    /// The window whose device is being opened.
    opening: Option<(Arc<Window>, Opening)>,
    /// The interface of a device that was lost, until another one is open.
    lost_interface: Option<Interface>,
    /// The time of the next frame.
    due: Option<Instant>,
    had_picture: bool,
    lost_devices: LostDevices,
    /// Whether place or size of the window changed since they were kept.
    has_moved: bool,
    error: Option<ViewerError>,
}

impl App {
    fn new(launch: Launch, started: Instant, proxy: EventLoopProxy<LoopMessage>) -> Self {
        let settings_file = Settings::path();
        let settings = settings_file.as_deref().map(Settings::load).unwrap_or_default();
        let request_redraw: RequestRedraw = Arc::new(redraw_by(proxy.clone()));
        let loader = DocumentLoader::new(Arc::clone(&launch.open), Arc::clone(&request_redraw));
        let mut session = Session::new(settings, loader, Arc::clone(&request_redraw));
        let choose: ChoosePath = Arc::new(dialogs::choose);
        session.chooser = PathChooser::new(choose, request_redraw);
        if let Some(path) = &launch.path {
            session.open(path);
        }
        if let Some(path) = &launch.compare {
            session.compare_with(path);
        }
        Self {
            launch,
            started,
            proxy,
            session,
            settings_file,
            opened: None,
            opening: None,
            lost_interface: None,
            due: None,
            had_picture: false,
            lost_devices: LostDevices::default(),
            has_moved: true,
            error: None,
        }
    }

    fn open_window(&mut self, event_loop: &ActiveEventLoop) -> Result<(), ViewerError> {
        let window = event_loop
            .create_window(self.attributes(event_loop))
            .map_err(|error| ViewerError::Window(error.to_string()))?;
        self.open_device(Arc::new(window))?;
        if let (Some(start), Some(opened)) = (self.launch.live.take(), &self.opened) {
            let LiveLink { events, control } = start(&opened.drawing.gpu).map_err(ViewerError::Window)?;
            let link = LiveLink { events: live::waking(events, redraw_by(self.proxy.clone())), control };
            self.session.live = Some(Live::new(link, self.session.settings.live_rate));
        }
        Ok(())
    }

    /// Begins to open a device for a window; outside of browsers it is open then.
    fn open_device(&mut self, window: Arc<Window>) -> Result<(), ViewerError> {
        let (options, target, size) = (self.launch.gpu.clone(), Arc::clone(&window), window.inner_size());
        let opening = async move { Screen::open(&options, target, [size.width, size.height]).await };
        self.opening = Some((window, Polled::new(opening)));
        self.receive_device()
    }

    /// Takes the device that is being opened, once it is open.
    fn receive_device(&mut self) -> Result<(), ViewerError> {
        let Some((_, opening)) = &mut self.opening else { return Ok(()) };
        let request_redraw: RequestRedraw = Arc::new(redraw_by(self.proxy.clone()));
        let Some(opened) = opening.poll(&request_redraw) else { return Ok(()) };
        let Some((window, _)) = self.opening.take() else { return Ok(()) };
        let (gpu, screen) = opened?;
        let interface = Interface::new(redraw_by(self.proxy.clone()));
        if let Some(lost) = self.lost_interface.take() {
            interface.take_layout_of(&lost);
        }
        let side = usize::try_from(gpu.limits().max_texture_dimension_2d).ok();
        #[expect(clippy::cast_possible_truncation, reason = "a small factor")]
        let scale = window.scale_factor() as f32;
        let context = interface.context().clone();
        let input = egui_winit::State::new(context, ui::VIEWPORT, &window, Some(scale), None, side);
        let first = DrawnScene::new(&gpu, Arc::clone(&request_redraw))?;
        log::info!("drawing with {} after {:.2} s", gpu.name(), self.started.elapsed().as_secs_f64());
        self.session.upload_again();
        let now = Instant::now();
        let drawing = Drawing {
            gpu,
            screen,
            first,
            second: None,
            kernels_timed: now,
            was_moving: false,
            is_announced: false,
            postponed: VecDeque::new(),
            comparing: None,
            request_redraw,
        };
        self.opened = Some(OpenWindow { window, input, interface, drawing, last_frame: now });
        Ok(())
    }

    /// Draws a frame, and opens a lost device again.
    fn redraw(&mut self, event_loop: &ActiveEventLoop) {
        match self.frame(event_loop) {
            Ok(()) => {}
            Err(GpuError::OutOfMemory { label, bytes }) => {
                self.session.notify_error(GpuError::OutOfMemory { label, bytes }.to_string());
                if let Some(opened) = &mut self.opened {
                    opened.drawing.first.picture.invalidate();
                }
                self.due = None;
            }
            Err(error) => self.recover(event_loop, error),
        }
    }

    fn frame(&mut self, event_loop: &ActiveEventLoop) -> Result<(), GpuError> {
        self.session.receive();
        self.note_placement();
        let Self { session, opened: Some(opened), .. } = self else { return Ok(()) };
        let OpenWindow { window, input, interface, drawing, last_frame } = opened;
        let size = window.inner_size();
        if size.width == 0 || size.height == 0 {
            self.due = None;
            return Ok(());
        }
        drawing.screen.resize([size.width, size.height]);
        drawing.take_scene(session)?;
        drawing.apply_postponed(session, window)?;

        let now = Instant::now();
        // After a rest the time since the last frame says nothing about a motion that begins now.
        let seconds = if drawing.was_moving { now.duration_since(*last_frame).as_secs_f64() } else { 1.0 / 60.0 };
        *last_frame = now;
        let events = input.take_egui_input(window);
        let mut host = frame::Host { session: &mut *session, drawing: &mut *drawing, window, next: Redraw::NotNeeded };
        let laid_out = interface.lay_out(events, seconds, &mut host)?;
        let next = host.next;
        input.handle_platform_output_with_event_loop(window, event_loop, laid_out.platform);
        let shown = drawing.screen.show(laid_out.painting)?;
        drawing.was_moving = next == Redraw::AtOnce;
        if let Some(live) = session.live.as_mut().filter(|_| shown == Shown::Yes && drawing.is_announced) {
            live.resume_after_first_picture();
        }
        drawing.is_announced = drawing.first.num_convexes() > 0;
        let for_interface = laid_out
            .repaint_after
            .filter(|pause| *pause < Duration::from_secs(3600))
            .and_then(|pause| now.checked_add(pause));
        let for_picture = match (shown, next) {
            (Shown::Hidden, _) | (Shown::Yes, Redraw::NotNeeded) => None,
            (Shown::Again, _) => Some(now + Duration::from_millis(16)),
            (Shown::Yes, Redraw::AtOnce) => Some(now),
            (Shown::Yes, Redraw::At(time)) => Some(time),
        };
        let for_live = session.live.as_ref().and_then(|live| live.next_request(now));
        self.due = [for_picture, for_interface, for_live].into_iter().flatten().min();
        if !self.had_picture && drawing.first.picture.finished().is_some() && session.document.scene.is_some() {
            self.had_picture = true;
            log::info!("first picture after {:.2} s", self.started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    fn request_redraw(&self) {
        if let Some(opened) = &self.opened {
            opened.window.request_redraw();
        }
    }

    /// Keeps placement and settings for the next start.
    fn save_settings(&mut self) {
        self.note_placement();
        let Self { session, settings_file: Some(file), .. } = self else { return };
        session.settings.view = ViewSettings { background: session.settings.view.background, ..session.view };
        session.settings.keep_upright = session.navigator.keep_upright;
        if let Err(error) = session.settings.save(file) {
            log::warn!("{error}");
        }
    }
}

/// Returns a function that asks the event loop for a frame.
fn redraw_by(proxy: EventLoopProxy<LoopMessage>) -> impl Fn() + Send + Sync + 'static {
    // An event loop that has ended draws no more frames.
    move || proxy.send_event(LoopMessage::Redraw).unwrap_or_default()
}

impl ApplicationHandler<LoopMessage> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.opened.is_none()
            && self.opening.is_none()
            && let Err(error) = self.open_window(event_loop)
        {
            self.fail(event_loop, error);
            return;
        }
        self.request_redraw();
    }

    fn new_events(&mut self, _: &ActiveEventLoop, cause: StartCause) {
        if matches!(cause, StartCause::ResumeTimeReached { .. }) {
            self.due = None;
            self.request_redraw();
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, message: LoopMessage) {
        match message {
            LoopMessage::Redraw if self.opening.is_some() => match self.receive_device() {
                Ok(()) => self.request_redraw(),
                Err(error) => self.fail(event_loop, error),
            },
            LoopMessage::Redraw => self.request_redraw(),
            #[cfg(not(target_family = "wasm"))]
            LoopMessage::Close => event_loop.exit(),
            #[cfg(target_family = "wasm")]
            LoopMessage::Open(path) => {
                self.session.open(&path);
                self.request_redraw();
            }
        }
    }

    fn exiting(&mut self, _: &ActiveEventLoop) {
        // Not every system reports every move.
        self.has_moved = true;
        self.save_settings();
        // A file that is being written is still wanted.
        self.session.saver.wait();
        self.session.path_rendering.under_way = None;
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some(opened) = &mut self.opened else { return };
        #[cfg(target_family = "wasm")]
        let event = page::of_one_screen(event);
        if event == WindowEvent::RedrawRequested {
            self.redraw(event_loop);
            return;
        }
        if opened.input.on_window_event(&opened.window, &event).repaint {
            opened.window.request_redraw();
        }
        #[cfg(debug_assertions)]
        device_loss::lose_by_key(opened, &event);
        match event {
            WindowEvent::CloseRequested if self.session.may_lose_edits() => event_loop.exit(),
            WindowEvent::CloseRequested => self.request_redraw(),
            WindowEvent::DroppedFile(path) => self.session.open(&path),
            WindowEvent::Moved(_) => self.has_moved = true,
            WindowEvent::Resized(_) => {
                self.has_moved = true;
                self.request_redraw();
            }
            WindowEvent::Occluded(false) | WindowEvent::ScaleFactorChanged { .. } => {
                self.request_redraw();
            }
            _ => {}
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        match self.due {
            Some(due) if due <= Instant::now() => {
                self.due = None;
                event_loop.set_control_flow(ControlFlow::Wait);
                self.request_redraw();
            }
            Some(due) => event_loop.set_control_flow(ControlFlow::WaitUntil(due)),
            None => event_loop.set_control_flow(ControlFlow::Wait),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn window_errors_are_shortened_to_the_cause() {
        assert_eq!(super::reason("os error at lib/x.rs:7: DISPLAY is not set.\nmore"), "DISPLAY is not set");
        assert_eq!(super::reason("not supported"), "not supported");
    }
}
