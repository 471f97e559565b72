//! Waiting for the device. A program waits where it stands. A browser lets nobody wait: what the device has done is told there
//! between two events, so whoever draws in a browser awaits, and is polled again then.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Whether the program runs in a browser, where no call may wait.
pub(crate) const IS_BROWSER: bool = cfg!(target_family = "wasm");

/// Runs a future to its end. In a browser this never returns from a future that has to wait.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    pollster::block_on(future)
}

/// A value that a callback of the device brings.
#[derive(Debug)]
pub(super) struct Arrival<T>(Arc<Mutex<ArrivalState<T>>>);

#[derive(Debug)]
struct ArrivalState<T> {
    value: Option<T>,
    waker: Option<Waker>,
    /// Whether the callback is gone, called or not.
    is_over: bool,
}

/// Brings the value; dropped without, it says that none comes.
struct Bringer<T>(Arc<Mutex<ArrivalState<T>>>);

impl<T> Drop for Bringer<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_over = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl<T: Send + 'static> Arrival<T> {
    /// Returns an arrival, and the callback that brings it.
    pub(super) fn new() -> (Self, impl FnOnce(T) + Send + 'static) {
        let state = Arc::new(Mutex::new(ArrivalState { value: None, waker: None, is_over: false }));
        let bringer = Bringer(Arc::clone(&state));
        let bring = move |value| {
            bringer.0.lock().unwrap_or_else(PoisonError::into_inner).value = Some(value);
            drop(bringer);
        };
        (Self(state), bring)
    }

    /// The value, if it is there. It is given once.
    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).value.take()
    }
}

/// The value is awaited; `None` where the callback was dropped without a call.
impl<T: Send + 'static> Future for &Arrival<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = state.value.take();
        if value.is_some() || state.is_over {
            return Poll::Ready(value);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Calls a function that makes something on the device, and returns it, or the first error of that kind. In a browser errors are
/// told later: [`Gpu::check`](super::Gpu::check) has them.
pub(super) fn made<T>(
    device: &wgpu::Device,
    errors: wgpu::ErrorFilter,
    make: impl FnOnce() -> T,
) -> Result<T, wgpu::Error> {
    if IS_BROWSER {
        return Ok(make());
    }
    let scope = device.push_error_scope(errors);
    let made = make();
    block_on(scope.pop()).map_or(Ok(made), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_arrives_later_wakes_whoever_awaits_it() {
        let (arrival, bring) = Arrival::new();
        assert_eq!(arrival.take(), None);
        let bringing = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            bring(7);
        });
        assert_eq!(block_on(&arrival), Some(7));
        bringing.join().unwrap();
        assert_eq!(block_on(&arrival), None, "it is given once");
    }

    #[test]
    fn nobody_waits_for_a_callback_that_is_gone() {
        let (arrival, bring) = Arrival::<u32>::new();
        let dropping = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            drop(bring);
        });
        assert_eq!(block_on(&arrival), None);
        dropping.join().unwrap();
    }
}
