//! The page around the viewer in a browser: its canvas, the scene that its address names or that lies in it, and files that are
//! dropped on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use js_sys::Uint8Array;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Document, DragEvent, Element, Event, HtmlCanvasElement, Response};
use winit::event::{DeviceId, Touch, WindowEvent};
use winit::event_loop::{EventLoop, EventLoopProxy};
use winit::platform::web::{EventLoopExtWebSys as _, WindowAttributesExtWebSys as _};
use winit::window::WindowAttributes;

use super::{App, Launch, LoopMessage};
use crate::dataset::DatasetOptions;
use crate::files;
use crate::gpu::{GpuError, GpuOptions};
use crate::viewer::document::Document as OpenedDocument;
use crate::viewer::window::ViewerError;

/// The canvas that is drawn on.
const CANVAS: &str = "lapidary";
/// The element that says what is being done, or why nothing is seen.
const STATUS: &str = "status";
/// The element that holds a scene in base64, or its address in `data-address`; `data-name` is the name of the file.
const SCENE: &str = "scene";

/// Starts the viewer on the page that loaded it, and returns at once. The page has a canvas with the identity `lapidary`. The scene is
/// that of an element `scene`, or of `?scene=` in the address.
pub fn run_in_page() {
    let event_loop = match EventLoop::with_user_event().build() {
        Ok(event_loop) => event_loop,
        Err(error) => return tell(&error.to_string()),
    };
    let proxy = event_loop.create_proxy();
    let launch = Launch {
        path: None,
        compare: None,
        open: Arc::new(|path: &Path| open(path)),
        gpu: GpuOptions::default(),
        live: None,
        on_open: None,
        size: None,
    };
    let app = App::new(launch, web_time::Instant::now(), event_loop.create_proxy());
    accept_drops(&proxy);
    spawn_local(async move {
        match own_scene().await {
            Ok(Some(path)) => {
                tell("");
                send(&proxy, path);
            }
            Ok(None) => tell(""),
            Err(error) => tell(&error),
        }
    });
    event_loop.spawn_app(app);
}

/// Opens a file that the page was given.
fn open(path: &Path) -> Result<OpenedDocument, String> {
    let (document, messages) =
        OpenedDocument::open(path, None, &DatasetOptions::default()).map_err(|error| error.to_string())?;
    messages.iter().for_each(|message| log::info!("{message}"));
    Ok(document)
}

fn send(proxy: &EventLoopProxy<LoopMessage>, path: PathBuf) {
    // An event loop that has ended opens nothing.
    proxy.send_event(LoopMessage::Open(path)).unwrap_or_default();
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn element(identity: &str) -> Option<Element> {
    document()?.get_element_by_id(identity)
}

/// Whether the viewer has ended: what it said last stays.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

/// Shows a sentence over the canvas, or none.
fn tell(sentence: &str) {
    if HAS_ENDED.load(Ordering::Relaxed) {
        return;
    }
    if let Some(status) = element(STATUS) {
        status.set_text_content(Some(sentence));
    }
}

/// Shows why the viewer has ended.
pub(super) fn tell_error(error: &ViewerError) {
    match error {
        ViewerError::Gpu(GpuError::NoAdapter) => tell(
            "This browser has WebGPU, but no graphics adapter for it: its graphics driver may be on the list of those that are not \
             used, or hardware acceleration is off.",
        ),
        error => tell(&error.to_string()),
    }
    HAS_ENDED.store(true, Ordering::Relaxed);
}

/// Draws on the canvas of the page.
pub(super) fn on_canvas(attributes: WindowAttributes) -> WindowAttributes {
    let canvas = element(CANVAS).and_then(|canvas| canvas.dyn_into::<HtmlCanvasElement>().ok());
    attributes.with_canvas(canvas).with_prevent_default(true).with_focusable(true)
}

/// Returns the same event; fingers are those of one screen. In a browser winit takes every finger for a device of its own, and two of
/// them would not belong together.
pub(super) fn of_one_screen(event: WindowEvent) -> WindowEvent {
    match event {
        WindowEvent::Touch(touch) => WindowEvent::Touch(Touch { device_id: DeviceId::dummy(), ..touch }),
        event => event,
    }
}

/// Returns the scene that the page holds, or that its address names, once it is here.
async fn own_scene() -> Result<Option<PathBuf>, String> {
    if let Some(scene) = element(SCENE) {
        let name = scene.get_attribute("data-name").unwrap_or_else(|| "scene.lapidary".to_owned());
        if let Some(address) = scene.get_attribute("data-address") {
            return read(&name, &address).await.map(Some);
        }
        let text = scene.text_content().unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim());
        let bytes = bytes.map_err(|error| format!("the scene of this page is damaged: {error}"))?;
        return Ok(Some(given(&name, bytes)));
    }
    let address = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let wanted = web_sys::UrlSearchParams::new_with_str(&address).ok().and_then(|asked| asked.get("scene"));
    let Some(wanted) = wanted else { return Ok(None) };
    let name = wanted.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or(&wanted);
    read(name, &wanted).await.map(Some)
}

/// Reads a file at an address.
async fn read(name: &str, address: &str) -> Result<PathBuf, String> {
    let bytes = fetch(address).await.map_err(|reason| format!("{address} cannot be read: {reason}"))?;
    Ok(given(name, bytes))
}

fn given(name: &str, bytes: Vec<u8>) -> PathBuf {
    let path = PathBuf::from(name);
    files::give(&path, bytes);
    path
}

/// Reads an address piece by piece, and tells how much is here.
async fn fetch(address: &str) -> Result<Vec<u8>, String> {
    let words =
        |error: JsValue| error.as_string().unwrap_or_else(|| String::from(js_sys::Object::from(error).to_string()));
    let window = web_sys::window().ok_or("there is no page")?;
    let response = JsFuture::from(window.fetch_with_str(address)).await.map_err(words)?;
    let response: Response = response.dyn_into().map_err(words)?;
    if !response.ok() {
        return Err(format!("the server says {} {}", response.status(), response.status_text()));
    }
    let length = response.headers().get("content-length").ok().flatten();
    let length: Option<f64> = length.and_then(|length| length.parse().ok()).filter(|length| *length > 0.0);
    let body = response.body().ok_or("it is empty")?;
    let reader: web_sys::ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(words)?;
        let field = |name: &str| js_sys::Reflect::get(&piece, &JsValue::from_str(name)).map_err(words);
        if field("done")?.is_truthy() {
            return Ok(bytes);
        }
        bytes.extend(Uint8Array::new(&field("value")?).to_vec());
        let megabytes = bytes.len() as f64 / 1e6;
        tell(&match length {
            Some(length) => format!(
                "Loading the scene: {megabytes:.1} of {:.1} MB, {:.0} %",
                length / 1e6,
                (100.0 * bytes.len() as f64 / length).min(100.0)
            ),
            None => format!("Loading the scene: {megabytes:.1} MB"),
        });
    }
}

/// Opens the first file that is dropped on the page.
fn accept_drops(proxy: &EventLoopProxy<LoopMessage>) {
    let Some(document) = document() else { return };
    let allow = Closure::<dyn Fn(Event)>::new(|event: Event| event.prevent_default());
    let proxy = proxy.clone();
    let drop = Closure::<dyn Fn(DragEvent)>::new(move |event: DragEvent| {
        event.prevent_default();
        let files = event.data_transfer().and_then(|transfer| transfer.files());
        let Some(file) = files.and_then(|files| files.get(0)) else { return };
        let proxy = proxy.clone();
        spawn_local(async move {
            match JsFuture::from(file.array_buffer()).await {
                Ok(buffer) => send(&proxy, given(&file.name(), Uint8Array::new(&buffer).to_vec())),
                Err(_) => tell(&format!("{} cannot be read", file.name())),
            }
        });
    });
    let listen = |name: &str, listener: &js_sys::Function| document.add_event_listener_with_callback(name, listener);
    let listening =
        listen("dragover", allow.as_ref().unchecked_ref()).and_then(|()| listen("drop", drop.as_ref().unchecked_ref()));
    if listening.is_err() {
        log::warn!("files cannot be dropped on this page");
    }
    // The page needs them until it is left.
    allow.forget();
    drop.forget();
}
