//! Virtual time and seeded randomness as ports of the SDK.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use touchstone::ports::{Clock, Entropy};

use crate::{queue::Event, world::World};

/// The world's clock.
#[derive(Clone)]
pub struct SimClock(World);

impl SimClock {
    /// The clock of this world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self(world.clone())
    }

    /// Resolves after `duration` of virtual time.
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.0.now() + duration)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        Sleep {
            world: self.0.clone(),
            deadline,
            waker: None,
        }
        .boxed()
    }
}

struct Sleep {
    world: World,
    deadline: Duration,
    waker: Option<Arc<Mutex<Option<Waker>>>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.world.now() >= self.deadline {
            return Poll::Ready(());
        }
        match &self.waker {
            Some(slot) => {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone())
            }
            None => {
                let slot = Arc::new(Mutex::new(Some(context.waker().clone())));
                self.waker = Some(slot.clone());
                let deadline = self.deadline;
                self.world
                    .with(|inner| inner.schedule(deadline, Event::Wake(slot)));
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        // The event stays in the queue and wakes nobody.
        if let Some(slot) = &self.waker {
            slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

/// Randomness that follows from the world's seed; the same every time.
pub struct SimEntropy(Mutex<fastrand::Rng>);

impl SimEntropy {
    /// A source of its own for `purpose`; different purposes give different bytes.
    #[must_use]
    pub fn new(world: &World, purpose: &str) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(world.derive(purpose))))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, out: &mut [u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill(out);
    }
}
