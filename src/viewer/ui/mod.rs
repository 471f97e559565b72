//! What egui draws: the panel at the side, and what lies over the picture.

pub(crate) mod keys;
pub(crate) mod overlay;
pub(crate) mod panels;
pub(crate) mod plot;
pub(crate) mod scene_area;
