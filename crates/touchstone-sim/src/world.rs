//! The world: one virtual clock, one queue of events, one air, and an executor that only ever runs on the calling thread.
//!
//! It never reads the host's clock, never sleeps and starts no thread: with the same seed the same things happen in the same order.

use std::{
    collections::BinaryHeap,
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use crate::{
    air::{Air, Log, Settings, fault::Fault},
    peripheral::{DeviceId, Peripheral},
    queue::{Event, Scheduled},
};

/// How long [`World::block_on`] waits in virtual time before it gives up.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);

/// A running task that is not the one waited for.
struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    alarm: Arc<Alarm>,
}

/// Everything that happens, behind one lock. Wakers are called only after the lock is released.
pub(crate) struct Inner {
    pub(crate) now: Duration,
    pub(crate) rng: fastrand::Rng,
    pub(crate) air: Air,
    queue: BinaryHeap<Scheduled>,
    order: u64,
    waking: Vec<Waker>,
}

/// A handle on the world; clones share it.
#[derive(Clone)]
pub struct World {
    seed: u64,
    inner: Arc<Mutex<Inner>>,
    tasks: Arc<Mutex<Vec<Task>>>,
}

/// Nothing can happen any more, or not within the time given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalled {
    /// The world's seed: the same seed stalls again.
    pub seed: u64,
    /// Virtual time at which the waiting ended.
    pub at: Duration,
    /// Whether events were still to come.
    pub out_of_time: bool,
}

impl World {
    /// An empty world. The same seed always plays the same way.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let inner = Inner {
            // Not zero, so that "never" and "at the beginning" cannot be confused by the code under test.
            now: Duration::from_secs(1_000),
            rng: fastrand::Rng::with_seed(seed),
            air: Air::new(),
            queue: BinaryHeap::new(),
            order: 0,
            waking: Vec::new(),
        };
        Self {
            seed,
            inner: Arc::new(Mutex::new(inner)),
            tasks: Arc::default(),
        }
    }

    /// The seed this world was made with.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Virtual time.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// A number that depends on the seed and on `purpose` only: seeds a source of randomness that nobody else advances.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> u64 {
        let mut mixed = fastrand::Rng::with_seed(self.seed);
        for byte in purpose.bytes() {
            mixed = fastrand::Rng::with_seed(mixed.u64(..).wrapping_add(u64::from(byte)));
        }
        mixed.u64(..)
    }

    /// Changes how links made from now on behave.
    pub fn set_air(&self, settings: Settings) {
        self.with(|inner| inner.air.settings = settings);
    }

    /// Plans one thing to go wrong in the air.
    pub fn plan(&self, fault: Fault) {
        self.with(|inner| inner.air.plan.push(fault));
    }

    /// How many planned faults have not happened.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.lock().air.plan.pending()
    }

    /// Everything that has been in the air so far.
    #[must_use]
    pub fn log(&self) -> Log {
        self.lock().air.log.clone()
    }

    /// Places a peripheral in the world. `rssi` is what a phone receives of it, in dBm.
    pub fn add(&self, peripheral: impl Peripheral + 'static, rssi: i16) -> DeviceId {
        self.with(|inner| {
            let device = inner.air.add(Box::new(peripheral), rssi);
            inner.service(device);
            device
        })
    }

    /// Moves a peripheral nearer or farther.
    pub fn set_rssi(&self, device: DeviceId, rssi: i16) {
        self.with(|inner| inner.air.device_mut(device).rssi = rssi);
    }

    /// Lets the peripheral look at its ports now: something in its surroundings has changed.
    pub fn nudge(&self, device: DeviceId) {
        self.with(|inner| inner.service(device));
    }

    /// Switches a peripheral's power. Its links break, and the phones notice after their supervision timeout.
    pub fn set_power(&self, device: DeviceId, on: bool) {
        self.with(|inner| inner.set_power(device, on));
    }

    /// Runs `action` at the virtual time `at`.
    pub fn at(&self, at: Duration, action: impl FnOnce(&World) + Send + 'static) {
        self.with(|inner| inner.schedule(at, Event::Act(Box::new(action))));
    }

    /// Runs `action` after `delay` of virtual time.
    pub fn after(&self, delay: Duration, action: impl FnOnce(&World) + Send + 'static) {
        let at = self.now() + delay;
        self.at(at, action);
    }

    /// Starts a task that runs whenever [`World::block_on`] does.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.lock_tasks().push(Task {
            future: Some(Box::pin(future)),
            alarm: Arc::new(Alarm::ringing()),
        });
    }

    /// Runs `future` to its end in virtual time.
    ///
    /// # Panics
    /// When it cannot end; the message names the seed.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future, PATIENCE) {
            Ok(output) => output,
            Err(stalled) => panic!("{stalled}"),
        }
    }

    /// Runs `future` to its end, or until `patience` of virtual time has passed.
    ///
    /// # Errors
    /// [`Stalled`] when nothing can happen any more, or nothing did in time.
    pub fn try_block_on<F: Future>(
        &self,
        future: F,
        patience: Duration,
    ) -> Result<F::Output, Stalled> {
        let mut future = pin!(future);
        let alarm = Arc::new(Alarm::ringing());
        let waker = Waker::from(alarm.clone());
        let limit = self.now().saturating_add(patience);
        loop {
            while alarm.take() {
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
                {
                    return Ok(output);
                }
                self.run_tasks();
            }
            if self.run_tasks() {
                continue;
            }
            self.step(limit)?;
        }
    }

    /// Ends everything: what was still to come, and who was there, is dropped with all it holds. The log stays.
    ///
    /// People and devices hold their world, and it them; a host that plays many worlds ends each.
    pub fn end(&self) {
        let queue = self.with(|inner| std::mem::take(&mut inner.queue));
        drop(queue);
        let tasks = std::mem::take(&mut *self.lock_tasks());
        drop(tasks);
        // Last: whoever lets go of a link above still finds its device.
        let hosts = self.with(|inner| std::mem::take(&mut inner.air.hosts));
        drop(hosts);
    }

    /// Lets `duration` of virtual time pass.
    pub fn run_for(&self, duration: Duration) {
        let limit = self.now() + duration;
        loop {
            if self.run_tasks() {
                continue;
            }
            if self.step(limit).is_err() {
                break;
            }
        }
        self.with(|inner| inner.now = limit);
    }

    /// Locks the world, and wakes whoever is to be woken after the lock is released.
    pub(crate) fn with<T>(&self, body: impl FnOnce(&mut Inner) -> T) -> T {
        let (output, waking) = {
            let mut inner = self.lock();
            let output = body(&mut inner);
            (output, std::mem::take(&mut inner.waking))
        };
        for waker in waking {
            waker.wake();
        }
        output
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_tasks(&self) -> MutexGuard<'_, Vec<Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls every task whose alarm rings; whether there was one.
    fn run_tasks(&self) -> bool {
        let mut ran = false;
        let mut index = 0;
        loop {
            let (mut future, alarm) = {
                let mut tasks = self.lock_tasks();
                let Some(task) = tasks.get_mut(index) else {
                    return ran;
                };
                index += 1;
                if !task.alarm.take() {
                    continue;
                }
                let Some(future) = task.future.take() else {
                    continue;
                };
                (future, task.alarm.clone())
            };
            ran = true;
            let waker = Waker::from(alarm);
            if future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
                && let Some(task) = self.lock_tasks().get_mut(index - 1)
            {
                task.future = Some(future);
            }
        }
    }

    /// Advances to the next event, unless it lies beyond `limit`.
    fn step(&self, limit: Duration) -> Result<(), Stalled> {
        let action = self.with(|inner| {
            let next = inner.queue.peek().map(|scheduled| scheduled.at);
            match next {
                Some(at) if at <= limit => {}
                other => {
                    return Err(Stalled {
                        seed: self.seed,
                        at: inner.now,
                        out_of_time: other.is_some(),
                    });
                }
            }
            let Some(scheduled) = inner.queue.pop() else {
                return Ok(None);
            };
            inner.now = inner.now.max(scheduled.at);
            Ok(inner.handle(scheduled.event))
        })?;
        if let Some(action) = action {
            action(self);
        }
        Ok(())
    }
}

impl Inner {
    /// Puts an event into the queue; events of the same instant keep the order in which they were scheduled.
    pub(crate) fn schedule(&mut self, at: Duration, event: Event) {
        self.order += 1;
        self.queue.push(Scheduled {
            at: at.max(self.now),
            order: self.order,
            event,
        });
    }

    /// Wakes `waker` when the lock is released.
    pub(crate) fn wake(&mut self, waker: Option<Waker>) {
        self.waking.extend(waker);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = if self.out_of_time {
            "it takes too long"
        } else {
            "nothing can happen any more"
        };
        write!(
            f,
            "{why} at {:?} of virtual time (seed {})",
            self.at, self.seed
        )
    }
}

impl std::error::Error for Stalled {}

/// A waker that only remembers that it was called.
struct Alarm(AtomicBool);

impl Alarm {
    fn ringing() -> Self {
        Self(AtomicBool::new(true))
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
