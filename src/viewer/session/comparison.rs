//! Comparing what is rendered with another picture from the same camera: the photograph of a camera, or a second scene.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use web_time::{Duration, Instant};

use crate::constants::NEAR;
use crate::gpu::GpuError;
use crate::image::{Image, quantise};
use crate::scene::{Extent, Scene};
use crate::viewer::document::{Document, DocumentLoader, Fetched, Photograph};
use crate::viewer::scene_view::comparison::{ComparisonMode, difference};
use crate::viewer::scene_view::progressive::PictureRequest;
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::action::{ActionHost, SceneSide};
use crate::viewer::session::{NEAREST, Session};

/// The photograph of the entered camera.
#[derive(Debug)]
pub(crate) struct ComparedPhotograph {
    /// The index of the camera.
    pub camera: usize,
    /// The background behind transparent pixels.
    pub background: [f32; 3],
    /// The pixels over the background.
    pub pixels: Arc<Vec<[u8; 4]>>,
    /// Width and height.
    pub size: [usize; 2],
}

/// A second scene, which is drawn from the camera of the first.
#[derive(Debug)]
pub(crate) struct SecondScene {
    /// The path that it was read from.
    pub path: PathBuf,
    /// The scene.
    pub scene: Arc<Scene>,
    /// Whether it is yet to be uploaded.
    pub is_new: bool,
    antialias: bool,
    /// The background that it was trained before; without one it has that of the first.
    background: Option<[f32; 3]>,
    near: f64,
    generation: u64,
}

impl SecondScene {
    /// Returns the scene of a document, or why there is none.
    fn of(path: &Path, document: Document, generation: u64) -> Result<Self, String> {
        let scene = document.scene.filter(|scene| !scene.is_empty());
        let scene = scene.ok_or_else(|| format!("{}: there is no scene to compare with", path.display()))?;
        let near = document.near.unwrap_or_else(|| NEAR.min(Extent::of_scene(&scene).radius() * NEAREST));
        let Document { antialias, background, .. } = document;
        Ok(Self { path: path.to_path_buf(), scene, is_new: true, antialias, background, near, generation })
    }
}

/// The difference between a render and the picture that it is compared with.
#[derive(Debug)]
pub(crate) struct PictureDifference {
    /// The render, and that of the second scene unless a photograph was compared.
    requests: (PictureRequest, Option<PictureRequest>),
    /// The map of differences.
    pub pixels: Arc<Vec<[u8; 4]>>,
    /// Width and height.
    pub size: [usize; 2],
    /// The peak signal-to-noise ratio, in dB.
    pub psnr: f64,
}

/// What the render is compared with, and how both are shown.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The part of both pictures that is shown.
    pub mode: ComparisonMode,
    /// The time when the mode was chosen.
    since: Instant,
    /// The position of the line of a split, as a part of the width.
    pub split: f32,
    /// The photograph of the entered camera, once it has been read.
    pub photograph: Option<ComparedPhotograph>,
    /// The second scene; while there is one, photographs are not compared.
    pub second: Option<SecondScene>,
    /// Reads second scenes.
    pub loader: DocumentLoader,
    /// The difference of the last finished pictures.
    difference: Option<PictureDifference>,
}

impl Comparison {
    /// Nothing is compared yet.
    #[must_use]
    pub(crate) fn new(loader: DocumentLoader) -> Self {
        Self {
            mode: ComparisonMode::default(),
            since: Instant::now(),
            split: 0.5,
            photograph: None,
            second: None,
            loader,
            difference: None,
        }
    }

    /// Takes a mode.
    pub(super) fn show(&mut self, mode: ComparisonMode) {
        (self.mode, self.since) = (mode, Instant::now());
    }

    /// Forgets the photograph, unless it is that of this camera.
    pub(super) fn keep_photograph_of(&mut self, camera: Option<usize>) {
        self.photograph = self.photograph.take().filter(|photograph| Some(photograph.camera) == camera);
        self.difference = None;
    }

    /// What the two pictures are called.
    #[must_use]
    pub(crate) const fn names(&self) -> [&'static str; 2] {
        if self.second.is_some() { ["A", "B"] } else { ["render", "photograph"] }
    }

    /// The part of the width from which on the other picture is seen now; nothing where the difference of both is.
    #[must_use]
    pub(crate) fn other_from(&self) -> Option<f32> {
        self.mode.other_from(self.split, self.since.elapsed())
    }

    /// The time until another picture is to be shown, though nothing changes.
    #[must_use]
    pub(crate) fn next_change(&self) -> Option<Duration> {
        self.mode.next_change(self.since.elapsed())
    }
}

impl Session {
    /// Returns whether more than the render alone is shown.
    #[must_use]
    pub(crate) const fn is_compared(&self) -> bool {
        let has_other = self.comparison.second.is_some() || self.entered_camera.is_some();
        has_other && !matches!(self.comparison.mode, ComparisonMode::Own)
    }

    /// Returns whether it is a photograph that the render is compared with.
    const fn compares_photographs(&self) -> bool {
        self.is_compared() && self.comparison.second.is_none()
    }

    /// Returns the photograph of the entered camera, if it is what is compared and has been read.
    #[must_use]
    pub(crate) fn compared_photograph(&self) -> Option<&ComparedPhotograph> {
        let photograph = self.comparison.photograph.as_ref().filter(|_| self.compares_photographs())?;
        (self.entered_camera == Some(photograph.camera)).then_some(photograph)
    }

    /// Returns the picture of the second scene that belongs to a picture of the first, if it is shown: the same camera and
    /// settings, but for those that belong to a scene.
    #[must_use]
    pub(crate) fn second_request(&self, own: &PictureRequest) -> Option<PictureRequest> {
        let second = self.comparison.second.as_ref().filter(|_| self.is_compared())?;
        let SecondScene { antialias, near, generation, .. } = *second;
        let background = second.background.unwrap_or(own.settings.background);
        let settings = ViewSettings { antialias, near, background, ..own.settings };
        Some(PictureRequest { settings, generation, ..*own })
    }

    /// Reads a scene to compare with.
    pub(crate) fn compare_with(&mut self, path: &Path) {
        self.comparison.loader.start(path);
    }

    /// Takes the second scene, once it has been read. Where it cannot be, the first one stays as it is.
    pub(super) fn receive_second(&mut self) {
        let Some((path, read)) = self.comparison.loader.take() else { return };
        self.generation += 1;
        match read.and_then(|document| SecondScene::of(&path, document, self.generation)) {
            Ok(second) => {
                let (name, convexes) = (path.display().to_string(), second.scene.len());
                self.settings.remember(&path);
                (self.comparison.second, self.comparison.difference) = (Some(second), None);
                if self.comparison.mode == ComparisonMode::Own {
                    self.comparison.show(ComparisonMode::Split);
                }
                self.notify(format!("Compared with {name}: {convexes} convexes"));
            }
            Err(reason) => self.notify_error(format!("Nothing to compare with: {reason}")),
        }
    }

    /// Forgets the second scene.
    pub(crate) fn stop_comparing(&mut self) {
        (self.comparison.second, self.comparison.difference) = (None, None);
        self.comparison.show(ComparisonMode::Own);
    }

    /// Takes a mode; enters the nearest camera if a photograph is to be seen and no camera is entered yet.
    pub(super) fn compare(&mut self, mode: ComparisonMode) {
        if self.entered_camera.is_none() && self.comparison.second.is_none() {
            let position = self.navigator.pose().position;
            let away = |index: &usize| (self.document.cameras[*index].camera.position() - position).length_squared();
            let nearest = (0..self.document.cameras.len()).min_by(|a, b| away(a).total_cmp(&away(b)));
            let Some(nearest) = nearest else { return };
            self.enter_camera(nearest);
        }
        self.comparison.show(mode);
    }

    pub(super) fn fetch_photograph(&mut self) {
        let Some(camera) = self.entered_camera.filter(|_| self.compares_photographs()) else { return };
        let background = self.view.background;
        let is_kept = |kept: &ComparedPhotograph| kept.camera == camera && kept.background == background;
        if self.comparison.photograph.as_ref().is_some_and(is_kept) {
            return;
        }
        match self.photographs.whole(camera) {
            Fetched::Pending => {}
            Fetched::Ready(photograph) => self.keep_photograph(camera, &photograph),
            Fetched::Failed(reason) => {
                self.notify_error(reason);
                self.comparison.show(ComparisonMode::Own);
            }
        }
    }

    fn keep_photograph(&mut self, camera: usize, photograph: &Photograph) {
        let background = self.view.background;
        let pixels = Arc::new(photograph.over(background));
        let size = [photograph.width, photograph.height];
        self.comparison.photograph = Some(ComparedPhotograph { camera, background, pixels, size });
        self.comparison.difference = None;
    }

    /// Returns the difference that belongs to a picture of the first scene, once it has been measured.
    #[must_use]
    pub(crate) fn difference_of(&self, own: &PictureRequest) -> Option<&PictureDifference> {
        let difference = self.comparison.difference.as_ref().filter(|_| self.is_compared())?;
        (difference.requests == (*own, self.second_request(own))).then_some(difference)
    }

    /// Returns whether a finished picture has yet to be compared.
    #[must_use]
    pub(crate) fn wants_difference(&self, own: &PictureRequest) -> bool {
        let has_other = self.compared_photograph().is_some() || self.second_request(own).is_some();
        has_other && self.difference_of(own).is_none()
    }

    /// Compares the pixels of a finished picture with the photograph, or with those of the second scene.
    pub(crate) fn measure_difference(&mut self, own: PictureRequest, render: &[[u8; 4]], second: Option<&[[u8; 4]]>) {
        let photograph = self.compared_photograph();
        let Some(other) = second.or(photograph.map(|photograph| &photograph.pixels[..])) else { return };
        let Some((pixels, psnr)) = difference(render, other) else { return };
        match photograph {
            Some(photograph) => log::info!("view {}: PSNR {psnr:.2} dB", photograph.camera),
            None => log::info!("both scenes: PSNR {psnr:.2} dB"),
        }
        let size = [own.camera.width, own.camera.height].map(|side| side as usize);
        let requests = (own, self.second_request(&own));
        self.comparison.difference = Some(PictureDifference { requests, pixels: Arc::new(pixels), size, psnr });
    }

    /// Draws what is seen, without anything over it.
    pub(super) fn seen(&self, host: &mut dyn ActionHost) -> Result<Image, GpuError> {
        let own = self.picture_request(self.camera(host.picture_size()));
        let render = host.picture(SceneSide::First, &own)?;
        let second = match self.second_request(&own) {
            Some(request) => Some(bytes_of(&host.picture(SceneSide::Second, &request)?)),
            None => None,
        };
        let photograph = self.compared_photograph().map(|photograph| &photograph.pixels[..]);
        Ok(self.compared(render, second.as_deref().or(photograph)))
    }

    /// Returns the parts of render, other picture and difference that are seen.
    fn compared(&self, render: Image, other: Option<&[[u8; 4]]>) -> Image {
        let Some(other) = other.filter(|other| other.len() == render.width * render.height) else { return render };
        let Some(line) = self.comparison.other_from() else {
            let pixels = difference(&bytes_of(&render), other).map(|(pixels, _)| pixels);
            return Image::new(render.width, render.height, pixels.iter().flatten().flat_map(colour).collect());
        };
        let pixels = render.data.chunks_exact(3).zip(other).enumerate().flat_map(|(at, (rendered, other))| {
            let is_render = ((at % render.width) as f32 + 0.5) / (render.width as f32) < line;
            if is_render { [rendered[0], rendered[1], rendered[2]] } else { colour(other) }
        });
        Image::new(render.width, render.height, pixels.collect())
    }
}

fn colour(pixel: &[u8; 4]) -> [f32; 3] {
    [pixel[0], pixel[1], pixel[2]].map(|byte| f32::from(byte) / 255.0)
}

fn bytes_of(image: &Image) -> Vec<[u8; 4]> {
    let bytes = |pixel: &[f32]| [quantise(pixel[0]), quantise(pixel[1]), quantise(pixel[2]), u8::MAX];
    image.data.chunks_exact(3).map(bytes).collect()
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;
    use crate::scene::{Params, Scene};
    use crate::viewer::scene_view::pose::Pose;
    use crate::viewer::session::action::Action;
    use crate::viewer::session::apply::tests::{NoWindow, applied};
    use crate::viewer::session::tests::{session, session_opening};

    /// A session with so many cameras, which opens scenes of six corners before white, and nothing at `bad`.
    fn opening(cameras: usize) -> Session {
        session_opening(cameras, |path| {
            if path.ends_with("bad") {
                return Err("bad: this is no scene".to_owned());
            }
            let mut scene = Scene::empty(6, 1);
            let points = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
            let (log_delta, log_sigma, raw_opacity) = (&[1.0], &[1.0], &[2.0]);
            scene.push(Params { points: &points, log_delta, log_sigma, raw_opacity, sh: &[0.1; 48] });
            let scene = (!path.ends_with("dataset")).then(|| Arc::new(scene));
            Ok(Document { scene, antialias: true, background: Some([1.0; 3]), near: Some(0.3), ..Document::default() })
        })
    }

    /// Waits until the second scene that was asked for has been read.
    fn wait(session: &mut Session) {
        for _ in 0..1000 {
            session.receive();
            if session.comparison.loader.pending().is_none() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("nothing was read");
    }

    fn request(session: &Session) -> PictureRequest {
        session.picture_request(session.camera([4, 1]))
    }

    #[test]
    fn a_second_scene_is_drawn_from_the_same_camera_with_its_own_settings() {
        let mut session = opening(2);
        let own = request(&session);
        assert_eq!(session.second_request(&own), None);
        applied(&mut session, Action::CompareWith("other".into()));
        wait(&mut session);
        assert_eq!((session.comparison.mode, session.entered_camera), (ComparisonMode::Split, None));
        session.view.min_opacity = 0.2;
        let own = request(&session);
        let second = session.second_request(&own).unwrap();
        let expected = ViewSettings { antialias: true, near: 0.3, background: [1.0; 3], ..own.settings };
        assert_eq!((second.settings, second.camera), (expected, own.camera));
        assert_ne!(own.settings.background, second.settings.background);
        assert_eq!(session.comparison.second.as_ref().unwrap().scene.points_per_convex, 6);
        applied(&mut session, Action::Compare(ComparisonMode::Own));
        assert_eq!(session.second_request(&request(&session)), None, "it is not seen");
        applied(&mut session, Action::NextComparison);
        assert_eq!((session.comparison.mode, session.entered_camera), (ComparisonMode::Other, None));
        session.set_document(Document { path: Some("new".into()), ..Document::default() });
        assert!(session.second_request(&request(&session)).is_some(), "another first scene is compared as well");
        applied(&mut session, Action::StopComparing);
        assert_eq!((session.comparison.mode, session.is_compared()), (ComparisonMode::Own, false));
    }

    #[test]
    fn a_second_scene_that_is_gone_is_told_once_and_the_first_stays() {
        let mut session = opening(1);
        session.document.scene = Some(Arc::new(Scene::empty(4, 0)));
        let before = session.document_number;
        for (path, reason) in [("bad", "this is no scene"), ("dataset", "dataset: there is no scene to compare with")] {
            let told = session.notices.len();
            applied(&mut session, Action::CompareWith(path.into()));
            wait(&mut session);
            let notice = session.notices.last().unwrap();
            assert!(notice.is_error && notice.text.contains(reason), "{}", notice.text);
            assert_eq!(session.notices.len(), told + 1);
            assert_eq!((session.comparison.mode, session.document_number), (ComparisonMode::Own, before));
            assert!(session.comparison.second.is_none() && session.document.scene.is_some());
        }
    }

    #[test]
    fn the_difference_belongs_to_both_pictures() {
        let mut session = opening(1);
        applied(&mut session, Action::CompareWith("other".into()));
        wait(&mut session);
        let own = request(&session);
        assert!(session.wants_difference(&own) && session.difference_of(&own).is_none());
        let (grey, off) = ([100, 100, 100, 255], [100, 110, 100, 255]);
        session.measure_difference(own, &[grey; 4], Some(&[grey, grey, grey, off]));
        let psnr = session.difference_of(&own).unwrap().psnr;
        assert!((psnr + 10.0 * (100.0f64 / 12.0 / (255.0 * 255.0)).log10()).abs() < 1e-9, "{psnr}");
        assert!(!session.wants_difference(&own));
        let pose = Pose { position: DVec3::splat(9.0), ..*session.navigator.pose() };
        session.navigator.set(pose);
        assert!(session.wants_difference(&request(&session)), "another camera");
    }

    #[test]
    fn a_camera_that_is_moved_keeps_the_second_scene_and_leaves_a_photograph() {
        let mut session = opening(2);
        applied(&mut session, Action::NextComparison);
        assert_eq!((session.entered_camera, session.comparison.mode), (Some(0), ComparisonMode::Other));
        applied(&mut session, Action::LeaveCamera);
        assert_eq!(session.comparison.mode, ComparisonMode::Own);
        applied(&mut session, Action::CompareWith("other".into()));
        wait(&mut session);
        applied(&mut session, Action::LeaveCamera);
        assert_eq!(session.comparison.mode, ComparisonMode::Split);
    }

    #[test]
    fn a_picture_is_saved_as_it_is_compared() {
        let mut session = session(1);
        let render = || Image::new(4, 1, vec![0.0; 12]);
        let own = render();
        assert_eq!(session.compared(render(), None), own, "nothing is compared");
        let white = [[255; 4]; 4];
        (session.entered_camera, session.comparison.split) = (Some(0), 0.5);
        for (mode, expected) in [
            (ComparisonMode::Own, [0.0; 4]),
            (ComparisonMode::Other, [1.0; 4]),
            (ComparisonMode::Flicker, [1.0; 4]),
            (ComparisonMode::Split, [0.0, 0.0, 1.0, 1.0]),
        ] {
            session.comparison.show(mode);
            let found = session.compared(render(), Some(&white));
            assert_eq!(found.data.iter().step_by(3).copied().collect::<Vec<f32>>(), expected, "{mode:?}");
        }
        session.comparison.show(ComparisonMode::Difference);
        let (pixels, _) = difference(&[[0, 0, 0, 255]; 4], &white).unwrap();
        let expected: Vec<f32> = pixels.iter().flat_map(colour).collect();
        assert_eq!(session.compared(render(), Some(&white)).data, expected);
        assert_eq!(session.compared(render(), Some(&white[..3])), own, "another size");
    }

    #[test]
    fn a_screenshot_asks_for_both_scenes() {
        let mut session = opening(0);
        let mut host = NoWindow { draws: true, ..NoWindow::default() };
        applied(&mut session, Action::CompareWith("other".into()));
        wait(&mut session);
        let seen = session.seen(&mut host).unwrap();
        assert_eq!(host.drawn, [SceneSide::First, SceneSide::Second]);
        assert_eq!((seen.width, seen.height), (640, 480), "as large as it is seen");
        assert_eq!((seen.data[0], seen.data[3 * 639]), (0.0, 1.0), "the first on the left, the second on the right");
    }
}
