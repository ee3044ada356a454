//! A runner for futures in virtual time: while the future waits, the bench works.

use core::cell::RefCell;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use units::{Duration, Instant};

use crate::Bench;

/// Runs `future` to its end on the time of `bench`. Returns `None` where it waits for something that never comes:
/// nothing is due on the bench any more.
pub fn block_on<F: Future>(bench: &RefCell<Bench>, future: F) -> Option<F::Output> {
    block_on_within(bench, Duration::MAX, future)
}

/// The same, for at most `span` of bench time.
pub fn block_on_within<F: Future>(bench: &RefCell<Bench>, span: Duration, future: F) -> Option<F::Output> {
    let deadline: Instant = bench.borrow().now() + span;
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let next = bench.borrow().next_event().filter(|at| *at <= deadline)?;
        bench.borrow_mut().run_until(next);
    }
}
