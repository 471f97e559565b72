//! The window and its loop: events in, frames out, and nothing at all while nothing changes.

mod device_loss;
mod placement;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use device_loss::{LOSING_VARIABLE, lose};
use winit::application::ApplicationHandler;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::window::{Fullscreen, Window, WindowId};

use crate::gpu::{Gpu, GpuError, GpuOptions};
use crate::viewer::document::{Open, Opener, Wake};
use crate::viewer::live::{Live, LiveSource};
use crate::viewer::painter::{Painting, Screen, Shown};
use crate::viewer::scene_view::Stage;
use crate::viewer::scene_view::progressive::{Next, Viewport};
use crate::viewer::scene_view::settings::Look;
use crate::viewer::session::settings::{Settings, Theme};
use crate::viewer::session::{Request, Session, free_name};
use crate::viewer::ui::keys::Action;
use crate::viewer::ui::panels::{self, Device};
use crate::viewer::ui::scene_area::{self, Studio};
use crate::viewer::{NoDisplay, reason};

/// Closes the window as its user would; may be called on any thread.
pub type Close = Box<dyn Fn() + Send>;

/// Is given a way to close the window, before it is there.
pub type OnOpen = Box<dyn FnOnce(Close)>;

/// Starts a trainer on the device of the window.
pub type StartLive = Box<dyn FnOnce(&Gpu) -> Result<Box<dyn LiveSource>, String>>;

/// What to open.
pub struct Launch {
    /// Scene, checkpoint, run or dataset; an empty window if nothing is said.
    pub path: Option<PathBuf>,
    /// Reads a path.
    pub open: Open,
    /// Which device.
    pub gpu: GpuOptions,
    /// A training run to watch.
    pub live: Option<StartLive>,
    /// Who may close the window besides its user, such as a signal.
    pub on_open: Option<OnOpen>,
    /// Width and height of the window in pixels; what is remembered if nothing is said.
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
    /// The device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The system's windows.
    #[error("the window failed: {0}; `lapidary render` works without one")]
    Window(String),
}

/// What other threads tell the loop.
#[derive(Debug, Clone, Copy)]
enum Call {
    /// There is something new to see.
    Wake,
    /// Close the window.
    Close,
}

/// Opens a window and returns when it is closed.
///
/// # Errors
/// [`ViewerError`]: no display, no device that can draw on it, or one that stays lost.
pub fn run(mut launch: Launch) -> Result<(), ViewerError> {
    let started = Instant::now();
    let event_loop =
        EventLoop::with_user_event().build().map_err(|error| NoDisplay(reason(&error.to_string()).to_owned()))?;
    if let Some(on_open) = launch.on_open.take() {
        let proxy = event_loop.create_proxy();
        on_open(Box::new(move || proxy.send_event(Call::Close).unwrap_or_default()));
    }
    let mut app = App::new(launch, started, event_loop.create_proxy());
    event_loop.run_app(&mut app).map_err(|error| ViewerError::Window(error.to_string()))?;
    app.fault.map_or(Ok(()), Err)
}

/// The window and all that is made for it; made anew when the device is lost.
struct Opened {
    window: Arc<Window>,
    gpu: Gpu,
    screen: Screen,
    stage: Stage,
    viewport: Viewport,
    context: egui::Context,
    input: egui_winit::State,
    kernels_are_shown: bool,
    kernels_timed: Instant,
    last_frame: Instant,
    was_moving: bool,
    /// Whether the window has been shown with a scene on the stage.
    is_announced: bool,
}

struct App {
    launch: Launch,
    started: Instant,
    proxy: EventLoopProxy<Call>,
    session: Session,
    settings_file: Option<PathBuf>,
    opened: Option<Opened>,
    due: Option<Instant>,
    had_picture: bool,
    losses: Vec<Instant>,
    /// Whether keys of the tests lose the device and the surface.
    may_lose: bool,
    /// Whether place or size of the window changed since they were noted.
    has_moved: bool,
    fault: Option<ViewerError>,
}

/// While training is watched, the window asks this often.
const LIVE_INTERVAL: Duration = Duration::from_millis(50);

impl App {
    fn new(launch: Launch, started: Instant, proxy: EventLoopProxy<Call>) -> Self {
        let settings_file = Settings::path();
        let settings = settings_file.as_deref().map(Settings::load).unwrap_or_default();
        let wake: Wake = {
            let proxy = proxy.clone();
            // A loop that has ended needs no waking.
            Arc::new(move || proxy.send_event(Call::Wake).unwrap_or_default())
        };
        let opener = Opener::new(Arc::clone(&launch.open), Arc::clone(&wake));
        let mut session = Session::new(settings, opener, wake);
        if let Some(path) = &launch.path {
            session.open(path);
        }
        Self {
            launch,
            started,
            proxy,
            session,
            settings_file,
            opened: None,
            due: None,
            had_picture: false,
            losses: Vec::new(),
            may_lose: std::env::var_os(LOSING_VARIABLE).is_some(),
            has_moved: true,
            fault: None,
        }
    }

    fn open_window(&mut self, event_loop: &ActiveEventLoop) -> Result<(), ViewerError> {
        let window = event_loop
            .create_window(self.attributes(event_loop))
            .map_err(|error| ViewerError::Window(error.to_string()))?;
        self.open_device(Arc::new(window))?;
        if let (Some(start), Some(opened)) = (self.launch.live.take(), &self.opened) {
            let source = start(&opened.gpu).map_err(ViewerError::Window)?;
            self.session.live = Some(Live::new(source, self.session.settings.live_rate));
        }
        Ok(())
    }

    fn open_device(&mut self, window: Arc<Window>) -> Result<(), ViewerError> {
        let size = window.inner_size();
        let (gpu, screen) = Screen::open(&self.launch.gpu, Arc::clone(&window), [size.width, size.height])?;
        let context = egui::Context::default();
        let proxy = self.proxy.clone();
        context.set_request_repaint_callback(move |info| {
            // Later repaints are told by the output of the frame.
            if info.delay.is_zero() {
                proxy.send_event(Call::Wake).unwrap_or_default();
            }
        });
        let side = usize::try_from(gpu.limits().max_texture_dimension_2d).ok();
        let id = egui::ViewportId::ROOT;
        #[expect(clippy::cast_possible_truncation, reason = "a small factor")]
        let scale = window.scale_factor() as f32;
        let input = egui_winit::State::new(context.clone(), id, &window, Some(scale), None, side);
        let stage = Stage::new(&gpu)?;
        log::info!("drawing with {} after {:.2} s", gpu.name(), self.started.elapsed().as_secs_f64());
        // Textures of another context are gone.
        self.session.thumbnails.iter_mut().for_each(|thumbnail| *thumbnail = None);
        self.session.photograph = None;
        self.session.scene_is_new = true;
        let now = Instant::now();
        self.opened = Some(Opened {
            window,
            gpu,
            screen,
            stage,
            viewport: Viewport::default(),
            context,
            input,
            kernels_are_shown: false,
            kernels_timed: now,
            last_frame: now,
            was_moving: false,
            is_announced: false,
        });
        Ok(())
    }

    /// One frame; a lost device is opened again.
    fn redraw(&mut self, event_loop: &ActiveEventLoop) {
        match self.frame(event_loop) {
            Ok(()) => {}
            Err(GpuError::OutOfMemory { label, bytes }) => {
                self.session.complain(GpuError::OutOfMemory { label, bytes }.to_string());
                if let Some(opened) = &mut self.opened {
                    opened.viewport.invalidate();
                }
                self.due = None;
            }
            Err(fault) => self.recover(event_loop, fault),
        }
    }

    fn frame(&mut self, event_loop: &ActiveEventLoop) -> Result<(), GpuError> {
        self.session.receive();
        self.note_window();
        let Self { session, opened: Some(opened), .. } = self else { return Ok(()) };
        let size = opened.window.inner_size();
        if size.width == 0 || size.height == 0 {
            self.due = None;
            return Ok(());
        }
        opened.screen.resize([size.width, size.height]);
        take_scene(session, opened)?;

        let now = Instant::now();
        // After a rest the time since the last frame says nothing about a motion that begins now.
        let seconds = if opened.was_moving { now.duration_since(opened.last_frame).as_secs_f64() } else { 1.0 / 60.0 };
        opened.last_frame = now;
        opened.context.set_theme(match session.settings.theme {
            Theme::Dark => egui::ThemePreference::Dark,
            Theme::Light => egui::ThemePreference::Light,
            Theme::System => egui::ThemePreference::System,
        });
        let mut input = opened.input.take_egui_input(&opened.window);
        if takes_tab(&mut input) {
            session.act(Action::TogglePanel);
        }
        let mut next = Ok(Next::Done);
        let context = opened.context.clone();
        let mut is_first = true;
        let mut output = context.run_ui(input, |ui| {
            // Where egui lays a frame out twice, time passes once.
            let seconds = if is_first { seconds } else { 0.0 };
            is_first = false;
            next = layout(ui, session, opened, seconds);
        });
        let next = match next {
            Ok(next) => next,
            Err(fault) => {
                output.textures_delta.clear();
                return Err(fault);
            }
        };
        opened.input.handle_platform_output_with_event_loop(&opened.window, event_loop, output.platform_output);
        let pixels_per_point = output.pixels_per_point;
        let meshes = context.tessellate(output.shapes, pixels_per_point);
        let painting = Painting { textures: output.textures_delta, meshes, pixels_per_point, background: [0.0; 3] };
        let shown = opened.screen.show(painting)?;
        opened.was_moving = next == Next::Now;
        if let Some(live) = session.live.as_mut().filter(|_| shown == Shown::Yes && opened.is_announced) {
            live.shown();
        }
        opened.is_announced = opened.stage.num_convexes() > 0;
        let pause = output.viewport_output.get(&egui::ViewportId::ROOT).map(|viewport| viewport.repaint_delay);
        let from_egui =
            pause.and_then(|pause| now.checked_add(pause)).filter(|_| pause < Some(Duration::from_secs(3600)));
        let ours = match (shown, next) {
            (Shown::Hidden, _) => None,
            (Shown::Again, _) => Some(now + Duration::from_millis(16)),
            (Shown::Yes, Next::Done) => None,
            (Shown::Yes, Next::Now) => Some(now),
            (Shown::Yes, Next::At(time)) => Some(time),
        };
        let live = session.live.as_ref().map(|_| now + LIVE_INTERVAL);
        self.due = [ours, from_egui, live].into_iter().flatten().min();
        if !self.had_picture && opened.viewport.finished().is_some() && session.content.scene.is_some() {
            self.had_picture = true;
            log::info!("first picture after {:.2} s", self.started.elapsed().as_secs_f64());
        }
        self.serve_requests()
    }

    /// Does what the session asked of the window.
    fn serve_requests(&mut self) -> Result<(), GpuError> {
        let requests = std::mem::take(&mut self.session.requests);
        for request in requests {
            match request {
                Request::Screenshot => self.screenshot()?,
                Request::Fullscreen => {
                    if let Some(Opened { window, .. }) = &self.opened {
                        let is_full = window.fullscreen().is_some();
                        window.set_fullscreen((!is_full).then_some(Fullscreen::Borderless(None)));
                    }
                }
            }
            self.request_redraw();
        }
        Ok(())
    }

    /// The picture without anything over it, as large as it is in the window.
    fn screenshot(&mut self) -> Result<(), GpuError> {
        let Self { session, opened: Some(opened), .. } = self else { return Ok(()) };
        let size = match opened.viewport.finished() {
            Some(canvas) => canvas.size,
            None => opened.screen.size(),
        };
        let camera = session.camera(size);
        let pose = session.navigator.pose();
        let depth_range = session.extent.depth_range(pose.position, pose.forward());
        let image = opened.stage.picture(&camera, &session.look, depth_range)?;
        let path = free_name(std::path::Path::new("."), "view", "png");
        match image.save_png(&path) {
            Ok(()) => session.notify(format!("Saved {} ({}×{})", path.display(), image.width, image.height)),
            Err(error) => session.complain(error.to_string()),
        }
        Ok(())
    }

    fn request_redraw(&self) {
        if let Some(opened) = &self.opened {
            opened.window.request_redraw();
        }
    }

    /// Remembers window and settings.
    fn save_settings(&mut self) {
        self.note_window();
        let Self { session, settings_file: Some(file), .. } = self else { return };
        session.settings.look = Look { background: session.settings.look.background, ..session.look };
        session.settings.keep_upright = session.navigator.keep_upright;
        if let Err(error) = session.settings.save(file) {
            log::warn!("{error}");
        }
    }
}

/// Whether Tab was pressed. egui must not see it: it would give the keyboard to a button, and every shortcut would go there.
fn takes_tab(input: &mut egui::RawInput) -> bool {
    let is_tab = |event: &egui::Event| matches!(event, egui::Event::Key { key: egui::Key::Tab, .. });
    let is_press =
        |event: &egui::Event| is_tab(event) && matches!(event, egui::Event::Key { pressed: true, repeat: false, .. });
    let is_pressed = input.events.iter().any(is_press);
    input.events.retain(|event| !is_tab(event));
    is_pressed
}

/// Puts on the stage what has been read, or what the trainer gave.
fn take_scene(session: &mut Session, opened: &mut Opened) -> Result<(), GpuError> {
    if std::mem::take(&mut session.scene_is_new) {
        let begun = Instant::now();
        match &session.content.scene {
            Some(scene) => opened.stage.set_scene(scene)?,
            None => opened.stage = Stage::new(&opened.gpu)?,
        }
        opened.viewport.invalidate();
        log::info!("scene on the GPU in {:.2} s", begun.elapsed().as_secs_f64());
    }
    if let Some(live) = &mut session.live {
        let (scene, message) = live.poll(Instant::now());
        if let Some(scene) = scene {
            log::debug!("the trainer's scene, {} convexes", scene.num_convexes);
            opened.stage.set_gpu_scene(Arc::new(scene))?;
            session.generation += 1;
        }
        if let Some(message) = message {
            session.notify(message);
        }
    }
    Ok(())
}

/// The panel and the picture.
fn layout(ui: &mut egui::Ui, session: &mut Session, opened: &mut Opened, seconds: f64) -> Result<Next, GpuError> {
    let Opened { gpu, screen, stage, viewport, kernels_are_shown, kernels_timed, was_moving, is_announced, .. } =
        opened;
    if session.settings.panel {
        let mut device = Device { gpu, viewport, num_convexes: stage.num_convexes(), times_kernels: kernels_are_shown };
        egui::Panel::right("panel").default_size(300.0).size_range(260.0..=460.0).show(ui, |ui| {
            panels::show(ui, session, &mut device);
        });
    } else {
        *kernels_are_shown = false;
    }
    // A timed frame is drawn twice: seldom, and never where that would be felt.
    let is_cheap = viewport.last.seconds < 0.02 || !*was_moving;
    let times_kernels = *kernels_are_shown && is_cheap && kernels_timed.elapsed() > Duration::from_secs(1);
    if times_kernels {
        *kernels_timed = Instant::now();
    }
    let frame = egui::Frame::NONE;
    let is_announced = *is_announced;
    let mut studio = Studio { gpu, screen, stage, viewport, is_announced, times_kernels, seconds };
    egui::CentralPanel::default().frame(frame).show(ui, |ui| scene_area::show(ui, session, &mut studio)).inner
}

impl ApplicationHandler<Call> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.opened.is_none()
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

    fn user_event(&mut self, event_loop: &ActiveEventLoop, call: Call) {
        match call {
            Call::Wake => self.request_redraw(),
            Call::Close => event_loop.exit(),
        }
    }

    fn exiting(&mut self, _: &ActiveEventLoop) {
        // Not every system tells of every move.
        self.has_moved = true;
        self.save_settings();
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some(opened) = &mut self.opened else { return };
        if event == WindowEvent::RedrawRequested {
            self.redraw(event_loop);
            return;
        }
        if opened.input.on_window_event(&opened.window, &event).repaint {
            opened.window.request_redraw();
        }
        match event {
            WindowEvent::CloseRequested => event_loop.exit(),
            WindowEvent::KeyboardInput { event, .. } if self.may_lose => lose(opened, &event),
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
