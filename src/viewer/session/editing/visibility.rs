//! What pictures show: the part of a selection that is not hidden, and convexes that few images of the dataset show.

use std::time::{Duration, Instant};

use crate::camera::Camera;
use crate::gpu::GpuError;
use crate::viewer::document::ConvexMask;
use crate::viewer::scene_view::shares::SceneShares;
use crate::viewer::session::Session;
use crate::viewer::session::action::{ActionHost, SelectionMode};
use crate::viewer::session::editing::Editing;

/// The images that show every convex, as they are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ViewCount {
    /// The images that are counted.
    pub num_done: usize,
    /// The number of those that show each convex.
    counts: Vec<u32>,
    /// Convexes in fewer images than this are selected at the end.
    fewest: usize,
    mode: SelectionMode,
}

/// The time after which a frame is drawn between two images.
const PATIENCE: Duration = Duration::from_millis(60);

impl Editing {
    /// Lets go of what is on the device.
    pub(in crate::viewer::session) fn forget_device(&mut self) {
        self.shares = None;
    }
}

impl Session {
    /// Returns the convexes that make at least a part of some pixel in a camera's picture; none are told apart where there is no
    /// device.
    pub(super) fn seen_by(
        &mut self,
        camera: &Camera,
        host: &mut dyn ActionHost,
    ) -> Result<Option<ConvexMask>, GpuError> {
        let least = self.editing.numbers.share;
        let shares = self.shares(camera, host)?;
        Ok(shares.map(|shares| ConvexMask::from_fn(shares.len(), |index| shares[index] >= least)))
    }

    /// Begins to count how many images of the dataset show each convex.
    pub(super) fn begin_count(&mut self, mode: SelectionMode) {
        if self.document.cameras.is_empty() {
            self.notify("There are no cameras of a dataset; open the folder of the training".to_owned());
            return;
        }
        let fewest = self.editing.numbers.fewest;
        let counts = vec![0; self.editing.edits.num_convexes()];
        self.editing.counting = Some(ViewCount { num_done: 0, counts, fewest, mode });
    }

    /// Counts in a few more images, and selects when all are done.
    pub(super) fn go_on_counting(&mut self, host: &mut dyn ActionHost) -> Result<(), GpuError> {
        let Some(mut count) = self.editing.counting.take() else { return Ok(()) };
        let begun = Instant::now();
        while let Some(named) = self.document.cameras.get(count.num_done) {
            let camera = named.camera;
            let Some(shares) = self.shares(&camera, host)? else {
                self.notify_error("There is no device to draw the images on".to_owned());
                return Ok(());
            };
            count.counts.iter_mut().zip(&shares).for_each(|(count, share)| *count += u32::from(*share > 0.0));
            count.num_done += 1;
            if begun.elapsed() > PATIENCE {
                self.editing.counting = Some(count);
                return Ok(());
            }
        }
        self.editing.shares = None;
        let ViewCount { counts, fewest, mode, num_done } = count;
        let found = ConvexMask::from_fn(counts.len(), |index| (counts[index] as usize) < fewest);
        let words = format!("visible in fewer than {fewest} of {num_done} images");
        self.notify(format!("{} of {} convexes are {words}", found.count(), found.len()));
        self.select_found(&found, &words, mode);
        Ok(())
    }

    fn shares(&mut self, camera: &Camera, host: &mut dyn ActionHost) -> Result<Option<Vec<f32>>, GpuError> {
        let shown = self.selectable();
        let (Some(gpu), Some(scene)) = (host.gpu(), self.document.scene.clone()) else { return Ok(None) };
        let shares = match &mut self.editing.shares {
            Some(shares) => shares,
            none => none.insert(SceneShares::new(gpu, &scene)?),
        };
        shares.show(gpu, &scene, &shown);
        let found = shares.of(camera, &self.view);
        if found.is_err() {
            // The device may be lost.
            self.editing.shares = None;
        }
        found.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::session::action::{Action, EditAction};
    use crate::viewer::session::apply::tests::applied;
    use crate::viewer::session::editing::tests::{edit, with_row};

    #[test]
    fn counting_ends_by_escape_by_an_edit_and_without_a_device() {
        let count = EditAction::SelectByViews(SelectionMode::Replace);
        let mut session = with_row();
        let cameras = std::mem::take(&mut session.document.cameras);
        edit(&mut session, count.clone());
        assert!(session.editing.counting.is_none() && session.notices.last().unwrap().text.contains("no cameras"));
        session.document.cameras = cameras;
        edit(&mut session, count.clone());
        assert!(session.editing.counting.is_some());
        applied(&mut session, Action::Escape);
        assert_eq!(session.editing.counting, None);
        edit(&mut session, count.clone());
        edit(&mut session, EditAction::Select(crate::viewer::session::action::Criterion::Fainter, SelectionMode::Add));
        assert_eq!(session.editing.counting, None, "another scene");
        edit(&mut session, count);
        edit(&mut session, EditAction::GoOnCounting);
        assert_eq!(session.editing.counting, None);
        assert!(session.notices.last().unwrap().text.contains("no device"));
    }

    #[test]
    fn at_the_end_what_few_images_show_is_selected() {
        let mut session = with_row();
        let counts = vec![0, 1, 2, 0, 1, 2, 2, 2, 2, 2];
        session.editing.counting = Some(ViewCount { num_done: 2, counts, fewest: 1, mode: SelectionMode::Replace });
        edit(&mut session, EditAction::GoOnCounting);
        assert_eq!(crate::viewer::session::editing::tests::selected(&session), [0, 3]);
        let told = &session.editing.edits.edits().last().unwrap().text;
        assert_eq!(told, "select 2: visible in fewer than 1 of 2 images");
    }
}
