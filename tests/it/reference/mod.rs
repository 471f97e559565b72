//! The reference twin against the vectors, against difference quotients, and against what must not change a picture.

mod antialias;
mod fuzz;
mod gradients;
mod hull;
mod invariance;
mod vectors;
mod visibility;
