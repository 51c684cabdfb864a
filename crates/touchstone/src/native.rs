//! Time and randomness of a host with an operating system.

use std::time::{Duration, Instant};

use futures::{FutureExt, future::BoxFuture};

use crate::ports::{Clock, Entropy};

/// Time since it was made. Waiting needs a tokio runtime around the attempt.
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
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

/// The operating system's random numbers.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the operating system has none: without randomness no key may be made, and there is nothing to fall back to.
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("the operating system has random numbers");
    }
}
