//! The SDK's clock on tokio.

use std::time::{Duration, Instant};

use futures::{FutureExt, future::BoxFuture};
use touchstone::ports::Clock;

/// Time since the program began.
pub(crate) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        let wait = deadline.saturating_sub(self.start.elapsed());
        tokio::time::sleep(wait).boxed()
    }
}
