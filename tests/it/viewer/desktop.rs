//! A virtual display, and a keyboard and a pointer for it.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _,
    CreateWindowAux, EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT,
    PropMode, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// The left Shift key.
pub(crate) const SHIFT: u32 = 0xffe1;

/// The left Ctrl key.
pub(crate) const CTRL: u32 = 0xffe3;

/// The Del key.
pub(crate) const DELETE: u32 = 0xffff;

/// The Esc key.
pub(crate) const ESCAPE: u32 = 0xff1b;

/// The Enter key.
pub(crate) const ENTER: u32 = 0xff0d;

/// The Home key.
pub(crate) const HOME: u32 = 0xff50;

/// A time that no frame in motion takes.
const FRAME: Duration = Duration::from_millis(250);

/// A display without a screen.
pub(crate) struct Desktop {
    server: Child,
    name: String,
}

impl Desktop {
    /// Starts Xvfb, or returns `None` if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Self { server, name: format!(":{}", number.trim()) })
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

/// The pixels of the window.
#[derive(Clone)]
pub(crate) struct Screenshot {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pixels: Vec<[u8; 4]>,
}

impl Screenshot {
    pub(crate) fn num_colours(&self) -> usize {
        self.pixels.iter().collect::<HashSet<_>>().len()
    }

    /// Returns the part of the pixels that have this colour.
    pub(crate) fn part_of(&self, [red, green, blue]: [u8; 3]) -> f64 {
        let is_it = |pixel: &&[u8; 4]| **pixel == [red, green, blue, 255];
        self.pixels.iter().filter(is_it).count() as f64 / self.pixels.len() as f64
    }

    /// Returns the part of the pixels between two columns that are as the function says.
    pub(crate) fn part_between(&self, [from, end]: [usize; 2], is_it: impl Fn([u8; 4]) -> bool) -> f64 {
        let rows = self.pixels.chunks(self.width.into());
        let found = rows.flat_map(|row| &row[from..end]).filter(|pixel| is_it(**pixel)).count();
        found as f64 / ((end - from) * usize::from(self.height)) as f64
    }

    /// Returns the middle of the first square of one colour with a side of so many pixels, left of the panel.
    pub(crate) fn square_of(&self, side: usize, [red, green, blue]: [u8; 3]) -> Option<(i16, i16)> {
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        let is_it = |x: usize, y: usize| self.pixels[y * width + x] == [red, green, blue, 255];
        let is_square = |x: usize, y: usize| (0..side).all(|row| (0..side).all(|column| is_it(x + column, y + row)));
        let places = (0..height - side).flat_map(|y| (0..width - side).map(move |x| (x, y)));
        let (x, y) = places.into_iter().find(|(x, y)| is_square(*x, *y))?;
        Some(((x + side / 2).try_into().unwrap(), (y + side / 2).try_into().unwrap()))
    }

    /// Returns the part of the pixels whose colour differs by more than rounding.
    pub(crate) fn part_that_differs(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let differs = |(a, b): &(&[u8; 4], &[u8; 4])| (0..3).any(|i| a[i].abs_diff(b[i]) > 8);
        self.pixels.iter().zip(&other.pixels).filter(differs).count() as f64 / self.pixels.len() as f64
    }
}

/// The program in its window.
pub(crate) struct Viewer {
    program: Child,
    lines: Arc<Mutex<Vec<String>>>,
    seen: usize,
    x: RustConnection,
    root: Window,
    window: Window,
    own: Window,
    pictures: Option<PathBuf>,
}

impl Viewer {
    /// Starts in `folder`, in a window of this size, and opens `path`.
    pub(crate) fn start(desktop: &Desktop, folder: &Path, path: &Path, size: &str) -> Self {
        Self::launch(desktop, folder, &["view", "--size", size, path.to_str().unwrap()])
    }

    /// Starts the program with these arguments in `folder`; another build of it where `LAPIDARY` names one.
    pub(crate) fn launch(desktop: &Desktop, folder: &Path, args: &[&str]) -> Self {
        let program = std::env::var_os("LAPIDARY").unwrap_or(env!("CARGO_BIN_EXE_lapidary").into());
        let mut program = Command::new(program)
            .args(args)
            .current_dir(folder)
            .env("DISPLAY", &desktop.name)
            .env("XDG_CONFIG_HOME", folder.join("settings"))
            .env("RUST_LOG", "lapidary=trace")
            .env("LAPIDARY_TEST_LOSSES", "1")
            .env_remove("WAYLAND_DISPLAY")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (kept, stderr) = (Arc::clone(&lines), program.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let (x, screen) = RustConnection::connect(Some(&desktop.name)).unwrap();
        let root = x.setup().roots[screen].root;
        let own = x.generate_id().unwrap();
        x.create_window(0, own, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &CreateWindowAux::new()).unwrap();
        let pictures = std::env::var_os("LAPIDARY_SCREENSHOTS").map(PathBuf::from);
        let mut viewer = Self { program, lines, seen: 0, x, root, window: 0, own, pictures };
        viewer.window = viewer.find_window();
        viewer
    }

    fn find_window(&mut self) -> Window {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(40) {
            let tree = self.x.query_tree(self.root).unwrap().reply().unwrap();
            let is_ours = |window: &Window| {
                let name = self.x.get_property(false, *window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64);
                name.unwrap().reply().is_ok_and(|name| name.value == b"lapidary")
            };
            if let Some(window) = tree.children.into_iter().find(is_ours) {
                return window;
            }
            assert!(self.program.try_wait().unwrap().is_none(), "{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no window appeared: {}", self.log());
    }

    fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Waits for a new line that holds `part`.
    pub(crate) fn wait_for(&mut self, part: &str, patience: Duration) {
        let start = Instant::now();
        while start.elapsed() < patience {
            let found = self.lines.lock().unwrap().iter().skip(self.seen).position(|line| line.contains(part));
            if let Some(found) = found {
                self.seen += found + 1;
                return;
            }
            assert!(self.program.try_wait().unwrap().is_none(), "it ended: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("`{part}` did not come: {}", self.log());
    }

    /// Returns the lines so far that hold `part`.
    pub(crate) fn lines_with(&self, part: &str) -> Vec<String> {
        self.lines.lock().unwrap().iter().filter(|line| line.contains(part)).cloned().collect()
    }

    /// Returns the number of lines so far that hold `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.lines_with(part).len()
    }

    /// Waits until nothing has been logged for a while: the picture is refined.
    pub(crate) fn rest(&self) {
        let (start, mut last, mut since) = (Instant::now(), usize::MAX, Instant::now());
        while start.elapsed() < Duration::from_secs(30) && since.elapsed() < Duration::from_millis(1200) {
            let count = self.lines.lock().unwrap().len();
            if count != last {
                (last, since) = (count, Instant::now());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Gives the window the keyboard: there is no window manager that would.
    pub(crate) fn focus(&self) {
        self.x.set_input_focus(InputFocus::PARENT, self.window, 0u32).unwrap();
        self.x.sync().unwrap();
    }

    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) {
        self.x.xtest_fake_input(kind, detail, 0, self.root, x, y, 0).unwrap();
        self.x.sync().unwrap();
        std::thread::sleep(Duration::from_millis(15));
    }

    /// Returns the code of a key, and whether Shift must be held.
    fn code(&self, symbol: u32) -> (u8, bool) {
        let (low, high) = (self.x.setup().min_keycode, self.x.setup().max_keycode);
        let map = self.x.get_keyboard_mapping(low, high - low + 1).unwrap().reply().unwrap();
        let per_code = usize::from(map.keysyms_per_keycode);
        let at = map.keysyms.chunks(per_code).enumerate().find_map(|(index, symbols)| {
            let column = symbols.iter().take(2).position(|found| *found == symbol)?;
            Some((index, column == 1))
        });
        let (index, shift) = at.unwrap();
        (low + u8::try_from(index).unwrap(), shift)
    }

    fn press(&self, symbol: u32, held: Duration) {
        let (code, shift) = self.code(symbol);
        self.holding(if shift { &[SHIFT] } else { &[] }, || {
            self.fake(KEY_PRESS_EVENT, code, 0, 0);
            std::thread::sleep(held);
            self.fake(KEY_RELEASE_EVENT, code, 0, 0);
        });
    }

    /// Does something while keys such as [`SHIFT`] are held.
    pub(crate) fn holding(&self, modifiers: &[u32], act: impl FnOnce()) {
        let codes: Vec<u8> = modifiers.iter().map(|symbol| self.code(*symbol).0).collect();
        codes.iter().for_each(|code| self.fake(KEY_PRESS_EVENT, *code, 0, 0));
        act();
        codes.iter().for_each(|code| self.fake(KEY_RELEASE_EVENT, *code, 0, 0));
    }

    /// Presses a key that has no character, by the number that X11 has for it.
    pub(crate) fn symbol(&self, symbol: u32) {
        self.press(symbol, Duration::from_millis(30));
    }

    pub(crate) fn key(&self, key: char) {
        self.press(key.into(), Duration::from_millis(30));
    }

    /// Types a text of plain characters, and Enter.
    pub(crate) fn enter(&self, text: &str) {
        text.chars().for_each(|key| self.key(key));
        self.symbol(ENTER);
    }

    pub(crate) fn hold(&self, key: char, held: Duration) {
        self.press(key.into(), held);
    }

    pub(crate) fn tab(&self) {
        self.press(0xff09, Duration::from_millis(30));
    }

    pub(crate) fn right_arrow(&self) {
        self.press(0xff53, Duration::from_millis(30));
    }

    /// A function key, F1 to F12.
    pub(crate) fn function_key(&self, number: u32) {
        self.press(0xffbd + number, Duration::from_millis(30));
    }

    /// Presses a function key while another key is held.
    pub(crate) fn function_key_while(&self, held: char, number: u32) {
        let (code, _) = self.code(held.into());
        self.fake(KEY_PRESS_EVENT, code, 0, 0);
        std::thread::sleep(Duration::from_millis(150));
        self.function_key(number);
        self.fake(KEY_RELEASE_EVENT, code, 0, 0);
    }

    pub(crate) fn drag(&self, from: (i16, i16), to: (i16, i16), button: u8) {
        self.drag_with_pauses(from, to, button, FRAME);
    }

    /// Drags with a pause after the button is pressed, and one before it is let go of.
    pub(crate) fn drag_with_pauses(&self, from: (i16, i16), to: (i16, i16), button: u8, pause: Duration) {
        self.fake(MOTION_NOTIFY_EVENT, 0, from.0, from.1);
        self.fake(BUTTON_PRESS_EVENT, button, 0, 0);
        // A frame may take long, and a button that is pressed and let go of within one is a click.
        std::thread::sleep(pause);
        for step in 1..=10 {
            let between = |a: i16, b: i16| a + (b - a) * step / 10;
            self.fake(MOTION_NOTIFY_EVENT, 0, between(from.0, to.0), between(from.1, to.1));
        }
        std::thread::sleep(pause);
        self.fake(BUTTON_RELEASE_EVENT, button, 0, 0);
    }

    /// Clicks with the left button.
    pub(crate) fn click(&self, at: (i16, i16)) {
        self.fake(MOTION_NOTIFY_EVENT, 0, at.0, at.1);
        self.fake(BUTTON_PRESS_EVENT, 1, 0, 0);
        self.fake(BUTTON_RELEASE_EVENT, 1, 0, 0);
        // Two clicks in short order are a double click.
        std::thread::sleep(2 * FRAME);
    }

    /// Turns the wheel away from the user.
    pub(crate) fn wheel(&self, at: (i16, i16), clicks: usize) {
        self.fake(MOTION_NOTIFY_EVENT, 0, at.0, at.1);
        for _ in 0..clicks {
            self.fake(BUTTON_PRESS_EVENT, 4, 0, 0);
            self.fake(BUTTON_RELEASE_EVENT, 4, 0, 0);
        }
    }

    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.x.configure_window(self.window, &ConfigureWindowAux::new().width(width).height(height)).unwrap();
        self.x.sync().unwrap();
    }

    /// Takes the window from the screen and puts it there again.
    pub(crate) fn hide_and_show(&self) {
        self.x.unmap_window(self.window).unwrap();
        self.x.sync().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        self.x.map_window(self.window).unwrap();
        self.x.sync().unwrap();
    }

    pub(crate) fn move_to(&self, x: i32, y: i32) {
        self.x.configure_window(self.window, &ConfigureWindowAux::new().x(x).y(y)).unwrap();
        self.x.sync().unwrap();
    }

    /// Returns the position of the upper left corner on the screen.
    pub(crate) fn place(&self) -> (i16, i16) {
        let at = self.x.translate_coordinates(self.window, self.root, 0, 0).unwrap().reply().unwrap();
        (at.dst_x, at.dst_y)
    }

    /// Reads the pixels of the window, and keeps them as a file in the folder that `LAPIDARY_SCREENSHOTS` names.
    pub(crate) fn screenshot(&self, name: &str) -> Screenshot {
        let geometry = self.x.get_geometry(self.window).unwrap().reply().unwrap();
        let (width, height) = (geometry.width, geometry.height);
        let image = self.x.get_image(ImageFormat::Z_PIXMAP, self.window, 0, 0, width, height, u32::MAX);
        let data = image.unwrap().reply().unwrap().data;
        let pixels: Vec<[u8; 4]> = data.chunks_exact(4).map(|bgra| [bgra[2], bgra[1], bgra[0], 255]).collect();
        if let Some(folder) = &self.pictures {
            let values = pixels.iter().flat_map(|pixel| pixel[..3].iter().map(|byte| f32::from(*byte) / 255.0));
            let image = lapidary::image::Image::new(width.into(), height.into(), values.collect());
            image.save_png(&folder.join(format!("{name}.png"))).unwrap();
        }
        Screenshot { width, height, pixels }
    }

    fn atom(&self, name: &str) -> u32 {
        self.x.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
    }

    fn tell(&self, kind: &str, data: [u32; 5]) {
        let message = ClientMessageEvent::new(32, self.window, self.atom(kind), data);
        self.x.send_event(false, self.window, EventMask::NO_EVENT, message).unwrap();
        self.x.sync().unwrap();
    }

    /// Drops a file as a file manager does, by the XDND protocol.
    pub(crate) fn drop_file(&self, path: &Path) {
        let (selection, list) = (self.atom("XdndSelection"), self.atom("text/uri-list"));
        self.x.set_selection_owner(self.own, selection, 0u32).unwrap();
        self.tell("XdndEnter", [self.own, 5 << 24, list, 0, 0]);
        let (at, copy) = ((200 << 16) | 200, self.atom("XdndActionCopy"));
        self.tell("XdndPosition", [self.own, 0, at, 0, copy]);
        let (status, finished) = (self.atom("XdndStatus"), self.atom("XdndFinished"));
        let text = format!("file://{}\r\n", path.display());
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            match self.x.poll_for_event().unwrap() {
                Some(Event::SelectionRequest(request)) => {
                    let (window, property) = (request.requestor, request.property);
                    self.x.change_property8(PropMode::REPLACE, window, property, list, text.as_bytes()).unwrap();
                    let answer = SelectionNotifyEvent {
                        response_type: SELECTION_NOTIFY_EVENT,
                        sequence: 0,
                        time: request.time,
                        requestor: window,
                        selection: request.selection,
                        target: request.target,
                        property,
                    };
                    self.x.send_event(false, window, EventMask::NO_EVENT, answer).unwrap();
                    self.x.sync().unwrap();
                }
                Some(Event::ClientMessage(message)) if message.type_ == status => {
                    assert_eq!(message.data.as_data32()[1] & 1, 1, "the drop was refused");
                    self.tell("XdndDrop", [self.own, 0, 0, 0, 0]);
                }
                Some(Event::ClientMessage(message)) if message.type_ == finished => return,
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        panic!("the drop was not finished: {}", self.log());
    }

    /// Returns the processor time that the program has taken so far, user and system.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.program.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(10 * ticks)
    }

    /// Sends a signal, as `TERM`, to the program.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.program.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Closes the window as a window manager does; the program ends with this exit code.
    pub(crate) fn close(self, code: i32) {
        self.tell("WM_PROTOCOLS", [self.atom("WM_DELETE_WINDOW"), 0, 0, 0, 0]);
        assert_eq!(self.end().0, Some(code));
    }

    /// Waits for the end, and returns the exit code and the whole log.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "it did not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        };
        // The last lines are still on their way.
        std::thread::sleep(Duration::from_millis(100));
        let log = self.log();
        println!("{log}");
        (status.code(), log)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // It may have ended already.
        self.program.kill().unwrap_or_default();
        self.program.wait().unwrap();
    }
}
