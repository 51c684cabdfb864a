//! Polls btleplug's futures inside a tokio runtime, whoever polls them from outside.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use tokio::runtime::Handle;

/// A future that finds `runtime` as its current runtime.
///
/// btleplug and bluez-async spawn tasks and set timers from inside their futures; the SDK promises to work without a runtime of its own.
struct Within<'a, T> {
    runtime: Handle,
    /// `None` only while being dropped.
    future: Option<BoxFuture<'a, T>>,
}

/// `future`, polled within `runtime`.
pub(crate) fn within<'a, T: 'a>(
    runtime: &Handle,
    future: impl Future<Output = T> + Send + 'a,
) -> BoxFuture<'a, T> {
    Box::pin(Within {
        runtime: runtime.clone(),
        future: Some(Box::pin(future)),
    })
}

impl<T> Future for Within<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        let _entered = this.runtime.enter();
        match &mut this.future {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Within<'_, T> {
    fn drop(&mut self) {
        // What a cancelled future leaves behind (timers, guards that spawn) also needs the runtime.
        let _entered = self.runtime.enter();
        self.future = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_runs_although_the_caller_has_no_runtime() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let future = within(runtime.handle(), async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            7
        });
        assert_eq!(futures::executor::block_on(future), 7);
    }

    #[test]
    fn what_a_cancelled_future_drops_still_finds_the_runtime() {
        struct Spawns;
        impl Drop for Spawns {
            fn drop(&mut self) {
                tokio::spawn(async {});
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let guard = Spawns;
        drop(within(runtime.handle(), async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        }));
    }
}
