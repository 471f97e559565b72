//! One dispatcher per shader.
