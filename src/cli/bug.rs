//! Panics: bugs of the program, not faults of what it was given.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Where bugs are reported; empty where the package names no place.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// What a program ends with that has a bug; Rust's own number for it.
pub(super) const EXIT_CODE: u8 = 101;

/// Work that a panic ended.
#[derive(Debug, thiserror::Error)]
#[error("a bug of lapidary, not a fault of the input: {said}")]
pub(super) struct Bug {
    said: String,
}

impl Bug {
    fn of(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Self { said: text.unwrap_or("no reason is known").split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

/// Does some work; a panic of it is an error. What it was working on may be half changed after that.
pub(super) fn caught<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Bug::of(&*panic).into()))
}

/// Says of every panic from now on that it is a bug, and where to report it; but nothing of those that stand for an error of
/// the GPU, which that error tells.
pub(super) fn tell_of_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !lapidary::gpu::panics_are_errors() {
            tell(panic);
            say!("This is a bug of lapidary; {}", advice());
        }
    }));
}

fn advice() -> String {
    match REPOSITORY {
        "" => "please report it with these lines and the output of `lapidary info`.".to_owned(),
        repository => format!("please report it with these lines at {repository}/issues"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_that_says_what_the_panic_said() {
        let error = caught::<()>(|| panic!("row {}\n is missing", 7)).unwrap_err();
        assert!(error.is::<Bug>() && error.to_string().ends_with("the input: row 7 is missing"), "{error}");
        assert_eq!(caught(|| Ok(3)).unwrap(), 3);
    }
}
