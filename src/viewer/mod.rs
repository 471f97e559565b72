//! The window. It is built only with the feature `viewer`, so that machines without a display need none of its libraries.
//!
//! It has four parts, each of which knows only those below it, and the session that they share:
//!
//! | part | what it knows |
//! |---|---|
//! | `window` | the event loop, the surface, the device and its loss; only here is winit known |
//! | `ui` | panels, overlays and keys: it reads the session and returns actions; only here is egui known |
//! | `session` | the state that the user changes; one function applies actions |
//! | `scene_view` | a camera and settings, and the picture that they make |
//! | `document`, `live` | what is open and where it came from; a training run |
//! | `background` | work on other threads, and waiting that a browser allows |

mod background;
mod document;
mod live;
mod scene_view;
mod session;
mod ui;
mod window;

pub use document::{
    ColouredPoint, ConvexMask, ConvexTable, CropBox, Document, EditList, EditState, ListedEdit, LoadPhotograph,
    NamedCamera, OpenDocument, OutlineKind, Photograph, Placement, SceneEdit, SelectionBox, SelectionShape,
};
pub use live::{LiveLink, LiveRate};
pub use scene_view::navigator::Navigator;
pub use scene_view::pose::Pose;
pub use scene_view::resolution::DynamicResolution;
pub use scene_view::settings::ViewSettings;
pub use scene_view::{FrameStats, PickedPoint, PictureBuffer, SceneView};
#[cfg(not(target_family = "wasm"))]
pub use window::run;
#[cfg(target_family = "wasm")]
pub use window::run_in_page;
pub use window::{CloseWindow, Launch, NoDisplay, OnOpen, StartLive, ViewerError, check_display};
