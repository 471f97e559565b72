//! The reference twin against the vectors, against difference quotients, and against what must not change a picture.

mod vectors;
