//! `lapidary view --serve`: the viewer for browsers and a scene, over HTTP.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use lapidary::{convert, page};
use tiny_http::{Header, Method, Request, Response, Server};

use super::{signals, source};

/// The number of requests that are answered at a time.
const THREADS: usize = 4;

/// The name of the scene on the server.
const SCENE: &str = "scene.lapidary";

/// The rules of the page: everything comes from this server.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src \
                      'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page and the scene that are served.
struct Site {
    /// The first part of every path, `/` or `/TOKEN/`.
    root: String,
    page: String,
    scene: Vec<u8>,
}

/// Serves the viewer with the scene at a path until a signal comes.
pub(super) fn run(path: &Path, address: SocketAddr) -> anyhow::Result<()> {
    let (scene, metadata) = source::load(path, None, false)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let scene = convert::compact_bytes(&scene, &metadata, path)?;
    let root = if address.ip().is_loopback() { "/".to_owned() } else { format!("/{}/", token()?) };
    let site = Arc::new(Site { root, page: page::served(&name, Some((&format!("{name}.lapidary"), SCENE))), scene });
    let server = Server::http(address).map_err(|error| anyhow!("{address} cannot be served at: {error}"))?;
    let server = Arc::new(server);
    let bound = server.server_addr().to_ip().unwrap_or(address);
    tell!("http://{bound}{} shows {}; Ctrl-C ends", site.root, path.display());
    let stopped = Arc::clone(&server);
    signals::listen(move || (0..THREADS).for_each(|_| stopped.unblock()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    answer(&site, request);
                }
            });
        }
    });
    Ok(())
}

/// A secret that nobody guesses, for links to an address that others can reach.
fn token() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("{error}")).context("this system has no random numbers")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn answer(site: &Site, request: Request) {
    let name = request.url().split('?').next().and_then(|path| path.strip_prefix(&site.root)).map(str::to_owned);
    let found: Option<(&str, &[u8])> = match name.as_deref() {
        Some("" | "index.html") => Some(("text/html; charset=utf-8", site.page.as_bytes())),
        Some("lapidary.js") => Some(("text/javascript; charset=utf-8", page::SCRIPT.as_bytes())),
        Some("lapidary_bg.wasm") => Some(("application/wasm", page::MODULE)),
        Some(SCENE) => Some(("application/octet-stream", &site.scene)),
        _ => None,
    };
    let answered = match found {
        _ if !matches!(request.method(), Method::Get | Method::Head) => {
            request.respond(Response::from_string("only GET is answered").with_status_code(405))
        }
        None => request.respond(Response::from_string("there is nothing here").with_status_code(404)),
        Some((kind, bytes)) => {
            let headers = [
                ("Content-Type", kind),
                ("Content-Security-Policy", POLICY),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                ("Cache-Control", "no-store"),
            ];
            let headers = headers.into_iter().filter_map(|(field, value)| Header::from_bytes(field, value).ok());
            let response = headers.fold(Response::from_data(bytes), Response::with_header);
            request.respond(response)
        }
    };
    // A reader who has gone needs no answer.
    answered.unwrap_or_default();
}
