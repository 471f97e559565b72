//! Everything that the user can do, as values.

use std::path::PathBuf;

use glam::{DVec2, DVec3};

use crate::camera::Camera;
use crate::gpu::{Gpu, GpuError};
use crate::image::Image;
use crate::kernels::DisplayMode;
use crate::run::FinishWithin;
use crate::viewer::document::{CropBox, Handle, PathPurpose, Placement, SceneEdit};
use crate::viewer::live::LiveRate;
use crate::viewer::scene_view::PickedPoint;
use crate::viewer::scene_view::comparison::ComparisonMode;
use crate::viewer::scene_view::progressive::PictureRequest;
use crate::viewer::scene_view::settings::ViewSettings;
use crate::viewer::session::camera_path::PathOutput;
use crate::viewer::session::editing::{EditNumbers, SavedFile};
use crate::viewer::session::settings::Movement;

/// The effect of a key, a button, a slider or the pointer. [`super::Session::apply`] applies it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Opens a path.
    Open(PathBuf),
    /// Shows what the scene is about.
    FrameSubject,
    /// Shows the whole scene.
    FrameEverything,
    /// Moves to the first view of the document.
    GoHome,
    /// Looks at the pivot from a direction of the world.
    LookFrom(DVec3),
    /// Moves to the view before.
    ViewBack,
    /// Moves to the view that was left by going back.
    ViewForward,
    /// Changes between orbit and fly.
    ToggleMovement,
    /// Sets the motion of a drag.
    SetMovement(Movement),
    /// Takes back all roll, and keeps the camera upright.
    Level,
    /// Keeps the camera upright, or does not.
    SetUpright(bool),
    /// Makes the direction to the top of the picture up.
    UpIsHere,
    /// Makes a direction of the world up.
    SetUp(DVec3),
    /// Sets the vertical field of view, in radians.
    SetFieldOfView(f64),
    /// Sets the speed of flying, in world units per second.
    SetSpeed(f64),
    /// Moves the camera.
    Move(Motion),
    /// Makes the point that is seen at a pixel of a camera's picture the pivot.
    PickPivot(Camera, DVec2),
    /// Sets the ratio of width to height of the area of the picture.
    SetAspect(f64),
    /// Shows a quantity.
    Mode(DisplayMode),
    /// Draws the edges of hulls over the picture, or does not.
    ToggleHulls,
    /// Sets how the scene is shown, but for the crop box.
    SetView(ViewSettings),
    /// Sets the crop box; a step of the same drag as the last one takes its place.
    SetCrop(Option<CropBox>, bool),
    /// Shows only what is in a box around the subject, or everything again.
    ToggleCrop,
    /// Looks through the camera of the dataset that is so many places after this one.
    Step(isize),
    /// Looks through a camera of the dataset.
    EnterCamera(usize),
    /// Returns from a camera of the dataset to a free one.
    LeaveCamera,
    /// Shows the next of render, other picture, split, difference and both in turn.
    NextComparison,
    /// Shows render, other picture, split, difference or both in turn.
    Compare(ComparisonMode),
    /// Reads a scene to compare with.
    CompareWith(PathBuf),
    /// Forgets the scene that is compared with.
    StopComparing,
    /// Asks the user for a path.
    Ask(PathPurpose),
    /// Takes what the user has typed so far for a path.
    TypePath(String),
    /// Takes the path that was typed.
    AnswerPath,
    /// Moves the line of a split to a part of the width.
    SetSplit(f32),
    /// Draws the cameras of the dataset, or does not.
    ToggleFrusta,
    /// Draws a grid on the ground, or does not.
    ToggleGrid,
    /// Sets the size of drawn cameras, in parts of the usual one.
    SetFrustumSize(f64),
    /// Adds a key frame at the camera.
    AddKey,
    /// Moves a key frame to a time in seconds.
    RetimeKey(usize, f64),
    /// Removes a key frame.
    RemoveKey(usize),
    /// Shows a time of the camera path, in seconds.
    Scrub(f64),
    /// Plays the camera path, or stops.
    TogglePlay,
    /// Stops playing the camera path.
    StopPlaying,
    /// Writes the camera path to a file.
    SavePath,
    /// Removes all key frames.
    ClearPath,
    /// Changes or renders the camera path.
    Path(PathAction),
    /// Goes to a bookmark, or changes the bookmarks.
    Bookmark(BookmarkAction),
    /// Writes the picture to a file.
    Screenshot,
    /// Writes the camera to a file.
    SaveCamera,
    /// Opens or closes the panel at the side.
    TogglePanel,
    /// Changes between light and dark.
    ToggleTheme,
    /// Fills the screen, or does not.
    ToggleFullscreen,
    /// Opens or closes the list of shortcuts.
    ToggleHelp,
    /// Closes the list of shortcuts, or leaves the camera.
    Escape,
    /// Edits the scene.
    Edit(EditAction),
    /// Measures the kernels while frames are drawn, or does not.
    TimeKernels(bool),
    /// Pauses training, or resumes it.
    TogglePause,
    /// Makes the training write a checkpoint.
    SaveTraining,
    /// Makes the training write a checkpoint and end.
    StopTraining,
    /// Makes the training come to a good end earlier.
    FinishTraining(FinishWithin),
    /// Sets how often the scene of the training is taken.
    SetLiveRate(LiveRate),
}

/// A change of the camera path, or its rendering.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PathAction {
    /// Lets two key frames change places.
    Swap(usize, usize),
    /// Lets the path lead back to its beginning, or not.
    SetLoop(bool),
    /// Replaces the key frames by the cameras of the dataset.
    ThroughCameras,
    /// Sets the frames a second.
    SetRate(f64),
    /// Sets the size and the kind of the files.
    SetOutput(PathOutput),
    /// Renders the path to a new file or folder in the current folder, or ends the rendering.
    ToggleRender,
}

/// A change of the bookmarks, or the use of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BookmarkAction {
    /// Keeps the present view.
    Add,
    /// Moves to a view that was kept.
    GoTo(usize),
    /// Gives a view another name.
    Rename(usize, String),
    /// Forgets a view.
    Remove(usize),
}

/// The effect of a drag with the left button.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Turns the camera.
    #[default]
    Look,
    /// Turns the camera; a click selects a convex.
    Click,
    /// Selects what is in a rectangle.
    Rectangle,
    /// Selects what is in a free outline.
    Lasso,
    /// Selects what is in a sphere.
    Sphere,
    /// Selects what is in a box.
    Box,
    /// Makes three clicked places the ground.
    Ground,
    /// Measures the distance of two clicked places.
    Measure,
    /// Moves, turns and scales by handles at the axes of the world.
    Place,
}

/// The effect of a new selection on the last one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SelectionMode {
    /// It takes its place.
    #[default]
    Replace,
    /// It is added to it.
    Add,
    /// It is removed from it.
    Remove,
}

/// A part of a drag with a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DrawStep {
    /// The button is pressed.
    Begin,
    /// The pointer moves.
    Go,
    /// The button is let go of.
    End,
}

/// A rule that selects convexes by the numbers of the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Criterion {
    /// All convexes.
    All,
    /// Faint ones.
    Fainter,
    /// Large ones.
    Larger,
    /// Those in few pictures of the dataset.
    SeenByFewer,
    /// Those outside of the cameras' reach.
    BeyondCameras,
    /// Those in the sphere.
    Sphere,
    /// Those in the box.
    Box,
}

/// An edit of the scene, or what prepares one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EditAction {
    /// Takes a tool, or puts it away.
    SetTool(Tool),
    /// Draws with the tool at a pixel of a camera's picture.
    Draw(DrawStep, Camera, DVec2, SelectionMode),
    /// Selects the convex that is seen at a pixel of a camera's picture.
    Pick(Camera, DVec2, SelectionMode),
    /// Selects by a rule.
    Select(Criterion, SelectionMode),
    /// Selects the convexes that few images of the dataset show, once they are counted.
    SelectByViews(SelectionMode),
    /// Lets an outline take only what is seen, or all behind it.
    ToggleSeen,
    /// Counts for a while which convexes the images show.
    GoOnCounting,
    /// Selects nothing.
    SelectNone,
    /// Selects what is not selected.
    Invert,
    /// Hides, shows or deletes.
    Change(SceneEdit),
    /// Places the scene in the world that it is saved in; a step of the same drag as the last one takes its place.
    Place(Placement, bool),
    /// Places the scene on the ground that was found.
    TakeGround,
    /// Drags a handle to a pixel of a camera's picture.
    DragHandle(DrawStep, Handle, Camera, DVec2),
    /// Scales the scene so that the measured distance is this long.
    SetLength(f64),
    /// Takes back the last edit.
    Undo,
    /// Makes the edit that was taken back hold again.
    Redo,
    /// Makes exactly the first so many edits hold.
    GoTo(usize),
    /// Sets the numbers of the panel.
    SetNumbers(EditNumbers),
    /// Sets the file to save to.
    SetFile(SavedFile),
    /// Writes the edited scene.
    Save,
}

/// A motion of the camera. Angles are in radians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Motion {
    /// Turns around the pivot.
    Orbit(DVec2),
    /// Turns in its place.
    Look(DVec2),
    /// Turns about the view direction.
    Roll(f64),
    /// Follows a pointer by a part of the picture's height.
    Pan(DVec2),
    /// Comes nearer to the pivot by steps.
    Dolly(f64),
    /// Narrows the field of view by steps.
    Zoom(f64),
    /// Flies right, up and forward until the next call.
    Fly(DVec3),
    /// Multiplies the speed of flying.
    Accelerate(f64),
}

/// One of two scenes that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SceneSide {
    /// The scene of the document.
    First,
    /// The scene that it is compared with.
    Second,
}

/// The window and its device, as actions need them.
pub(crate) trait ActionHost {
    /// Returns the point that is seen at a pixel of the camera's picture.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    fn pick(&mut self, camera: &Camera, settings: &ViewSettings, pixel: DVec2)
    -> Result<Option<PickedPoint>, GpuError>;

    /// The size of the picture in the window, in pixels.
    fn picture_size(&self) -> [u32; 2];

    /// Draws a picture of one of the scenes without anything over it.
    ///
    /// # Errors
    /// Returns [`GpuError`] when the device was lost or has no memory.
    fn picture(&mut self, side: SceneSide, request: &PictureRequest) -> Result<Image, GpuError>;

    /// Makes the window fill the screen, or no longer.
    fn toggle_fullscreen(&mut self);

    /// The device of the window.
    fn gpu(&self) -> Option<&Gpu>;
}
