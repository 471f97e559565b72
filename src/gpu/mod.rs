//! The only place that creates wgpu objects.
