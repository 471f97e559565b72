//! One value of some kind for each parameter of a convex.
//!
//! The same struct is the scene (`Params<Vec<f32>>`), its gradients, the optimiser's moments, the learning rates and
//! the row widths, so that saving, pruning or stepping is one loop and a new parameter is one field.

/// One `T` per parameter, in the order of docs/spec.md §2.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Params<T> {
    /// World positions, relative to the scene's origin; a row is `[K, 3]`.
    pub points: T,
    /// Logarithm of the smoothness delta; a row is one value.
    pub log_delta: T,
    /// Logarithm of the sharpness sigma; a row is one value.
    pub log_sigma: T,
    /// Opacity before the sigmoid; a row is one value.
    pub raw_opacity: T,
    /// Spherical harmonics, DC first; a row is `[16, 3]`.
    pub sh: T,
}

/// The names of the parameters in files, buffers and messages.
pub const NAMES: Params<&str> =
    Params { points: "points", log_delta: "log_delta", log_sigma: "log_sigma", raw_opacity: "raw_opacity", sh: "sh" };

impl<T> Params<T> {
    /// Calls `f` on each value.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Params<U> {
        Params {
            points: f(self.points),
            log_delta: f(self.log_delta),
            log_sigma: f(self.log_sigma),
            raw_opacity: f(self.raw_opacity),
            sh: f(self.sh),
        }
    }

    /// Pairs each value with that of `other`.
    pub fn zip<U>(self, other: Params<U>) -> Params<(T, U)> {
        Params {
            points: (self.points, other.points),
            log_delta: (self.log_delta, other.log_delta),
            log_sigma: (self.log_sigma, other.log_sigma),
            raw_opacity: (self.raw_opacity, other.raw_opacity),
            sh: (self.sh, other.sh),
        }
    }

    /// Each value borrowed.
    pub fn as_ref(&self) -> Params<&T> {
        Params {
            points: &self.points,
            log_delta: &self.log_delta,
            log_sigma: &self.log_sigma,
            raw_opacity: &self.raw_opacity,
            sh: &self.sh,
        }
    }

    /// Each value borrowed mutably.
    pub fn as_mut(&mut self) -> Params<&mut T> {
        Params {
            points: &mut self.points,
            log_delta: &mut self.log_delta,
            log_sigma: &mut self.log_sigma,
            raw_opacity: &mut self.raw_opacity,
            sh: &mut self.sh,
        }
    }

    /// The values in order.
    pub fn into_array(self) -> [T; 5] {
        // Named one by one, so that the compiler refuses to leave a new parameter out.
        let Self { points, log_delta, log_sigma, raw_opacity, sh } = self;
        [points, log_delta, log_sigma, raw_opacity, sh]
    }

    /// The values in order, each with its name.
    pub fn into_named(self) -> [(&'static str, T); 5] {
        NAMES.zip(self).into_array()
    }
}

impl<T, E> Params<Result<T, E>> {
    /// The values, or the first error.
    ///
    /// # Errors
    /// The first error in the order of the fields.
    pub fn transpose(self) -> Result<Params<T>, E> {
        Ok(Params {
            points: self.points?,
            log_delta: self.log_delta?,
            log_sigma: self.log_sigma?,
            raw_opacity: self.raw_opacity?,
            sh: self.sh?,
        })
    }
}
