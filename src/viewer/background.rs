//! Work beside the window: on a thread of its own or, in a browser, which gives a page only one thread, between two events.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Asks the window for another frame; may be called on any thread.
pub(crate) type RequestRedraw = Arc<dyn Fn() + Send + Sync>;

/// Work that was begun.
#[derive(Debug)]
pub(crate) struct BackgroundWork {
    #[cfg(not(target_family = "wasm"))]
    thread: std::thread::JoinHandle<()>,
}

#[cfg(not(target_family = "wasm"))]
impl BackgroundWork {
    /// Begins to call a function.
    pub(crate) fn start(call: impl FnOnce() + Send + 'static) -> Self {
        Self { thread: std::thread::spawn(call) }
    }

    /// Begins to run a future.
    pub(crate) fn start_async<F: Future<Output = ()>>(make: impl FnOnce() -> F + Send + 'static) -> Self {
        Self::start(move || crate::gpu::waiting::block_on(make()))
    }

    /// Whether it is done.
    #[must_use]
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until it is done, and returns whether it did not panic.
    pub(crate) fn wait(self) -> bool {
        self.thread.join().is_ok()
    }
}

#[cfg(target_family = "wasm")]
impl BackgroundWork {
    /// Begins to call a function.
    pub(crate) fn start(call: impl FnOnce() + Send + 'static) -> Self {
        Self::start_async(move || async move { call() })
    }

    /// Begins to run a future.
    pub(crate) fn start_async<F: Future<Output = ()> + 'static>(make: impl FnOnce() -> F + Send + 'static) -> Self {
        wasm_bindgen_futures::spawn_local(make());
        Self {}
    }

    /// Whether it is done: a page that is left does not ask.
    #[must_use]
    pub(crate) fn is_finished(&self) -> bool {
        true
    }

    /// Returns at once: no page can wait.
    pub(crate) fn wait(self) -> bool {
        true
    }
}

/// A future that the window polls in its frames.
pub(crate) struct Polled<T>(Pin<Box<dyn Future<Output = T>>>);

impl<T> std::fmt::Debug for Polled<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Polled")
    }
}

impl<T> Polled<T> {
    /// Takes a future that was not begun.
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Returns the result, once it is there; until then another frame is asked for when there is more to do. Outside of browsers the
    /// first call returns it.
    pub(crate) fn poll(&mut self, request_redraw: &RequestRedraw) -> Option<T> {
        let waker = Waker::from(Arc::new(Redrawing(Arc::clone(request_redraw))));
        match self.0.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }
}

/// Wakes whoever polls by a frame.
struct Redrawing(RequestRedraw);

impl Wake for Redrawing {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_future_that_waits_asks_for_a_frame_when_there_is_more_to_do() {
        let frames = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&frames);
        let request_redraw: RequestRedraw = Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let mut has_waited = false;
        let mut polled = Polled::new(std::future::poll_fn(move |context| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(7);
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!((polled.poll(&request_redraw), frames.load(Ordering::SeqCst)), (None, 1));
        assert_eq!(polled.poll(&request_redraw), Some(7));
    }

    #[test]
    fn work_is_waited_for() {
        let done = Arc::new(AtomicUsize::new(0));
        let of_work = Arc::clone(&done);
        let work = BackgroundWork::start_async(move || async move {
            of_work.store(3, Ordering::SeqCst);
        });
        assert!(work.wait());
        assert_eq!(done.load(Ordering::SeqCst), 3);
    }
}
