//! What several test modules share.

pub(crate) mod compare;
pub(crate) mod device;
pub(crate) mod renderers;
pub(crate) mod source;
pub(crate) mod toys;
pub(crate) mod vectors;
