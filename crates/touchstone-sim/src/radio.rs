//! The SDK's radio over the simulated air.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures::{
    FutureExt, Stream, StreamExt,
    future::{BoxFuture, poll_fn, ready},
    stream::BoxStream,
};
use touchstone::ports::{Link, PeripheralId, Radio, RadioError, RadioState, Sighting};

use crate::{
    air::{Direction, LinkNumber, PhoneId, State},
    clock::SimClock,
    world::World,
};

/// How long a person takes to answer a system dialog.
const DIALOG: Duration = Duration::from_secs(2);

/// A phone's Bluetooth.
pub struct SimRadio {
    world: World,
    phone: PhoneId,
    state: Arc<Mutex<States>>,
}

/// What the radio says now, and after it was asked for more.
struct States {
    now: RadioState,
    granted: RadioState,
}

impl SimRadio {
    /// A radio that is on.
    #[must_use]
    pub fn new(world: &World, phone: PhoneId) -> Self {
        Self {
            world: world.clone(),
            phone,
            state: Arc::new(Mutex::new(States {
                now: RadioState::On,
                granted: RadioState::On,
            })),
        }
    }

    /// Sets what the radio says of itself, and what it will say once the person has answered a request.
    pub fn set_state(&self, now: RadioState, granted: RadioState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = States { now, granted };
    }

    fn now(&self) -> RadioState {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .now
    }
}

impl Radio for SimRadio {
    fn state(&self) -> BoxFuture<'_, RadioState> {
        ready(self.now()).boxed()
    }

    fn request(&self) -> BoxFuture<'_, RadioState> {
        async move {
            SimClock::new(&self.world).sleep(DIALOG).await;
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.now = state.granted;
            state.now
        }
        .boxed()
    }

    fn scan(&self) -> BoxFuture<'_, Result<BoxStream<'static, Sighting>, RadioError>> {
        if self.now() != RadioState::On {
            return ready(Err(RadioError::Unusable(self.now()))).boxed();
        }
        let scan = Scan {
            key: self.world.with(|inner| inner.start_scan(self.phone)),
            world: self.world.clone(),
        };
        ready(Ok(scan.boxed())).boxed()
    }

    fn connect(&self, id: &PeripheralId) -> BoxFuture<'_, Result<Box<dyn Link>, RadioError>> {
        if self.now() != RadioState::On {
            return ready(Err(RadioError::Unusable(self.now()))).boxed();
        }
        let connecting = Connecting {
            key: self.world.with(|inner| inner.start_connect(self.phone, id)),
            world: self.world.clone(),
        };
        async move {
            let link = poll_fn(|context| connecting.poll(context)).await?;
            Ok(Box::new(link) as Box<dyn Link>)
        }
        .boxed()
    }
}

/// A scan; dropping it ends it.
struct Scan {
    world: World,
    key: u64,
}

impl Stream for Scan {
    type Item = Sighting;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Sighting>> {
        self.world.with(|inner| {
            let Some(scanner) = inner.air.scanners.get_mut(&self.key) else {
                return Poll::Ready(None);
            };
            match scanner.heard.pop_front() {
                Some(sighting) => Poll::Ready(Some(sighting)),
                None => {
                    scanner.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        let _scanner = self
            .world
            .with(|inner| inner.air.scanners.remove(&self.key));
    }
}

/// A connection attempt; dropping it abandons it.
struct Connecting {
    world: World,
    key: u64,
}

impl Connecting {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Result<SimLink, RadioError>> {
        self.world.with(|inner| {
            let Some(pending) = inner.air.connecting.get_mut(&self.key) else {
                return Poll::Ready(Err(RadioError::LinkLost));
            };
            match pending.outcome.take() {
                None => {
                    pending.waker = Some(context.waker().clone());
                    Poll::Pending
                }
                Some(None) => Poll::Ready(Err(RadioError::LinkLost)),
                Some(Some(number)) => {
                    let fragment_size = inner
                        .air
                        .links
                        .get(&number)
                        .map_or(18, |link| link.fragment_size);
                    Poll::Ready(Ok(SimLink {
                        world: self.world.clone(),
                        number,
                        fragment_size,
                    }))
                }
            }
        })
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        let _pending = self.world.with(|inner| {
            let pending = inner.air.connecting.remove(&self.key);
            // A link that nobody has taken is closed.
            if let Some(Some(Some(number))) = pending.as_ref().map(|pending| pending.outcome) {
                inner.close(number, Direction::Up);
            }
            pending
        });
    }
}

/// A phone's end of a link; dropping it closes it.
pub struct SimLink {
    world: World,
    number: LinkNumber,
    fragment_size: usize,
}

impl SimLink {
    /// The link's number in the air log.
    #[must_use]
    pub fn number(&self) -> LinkNumber {
        self.number
    }
}

impl Link for SimLink {
    fn fragment_size(&self) -> usize {
        self.fragment_size
    }

    fn send<'a>(&'a mut self, fragment: &'a [u8]) -> BoxFuture<'a, Result<(), RadioError>> {
        assert!(
            fragment.len() <= self.fragment_size,
            "a fragment of {} bytes exceeds the MTU",
            fragment.len()
        );
        let sent = self.world.with(|inner| {
            let link = inner
                .air
                .links
                .get_mut(&self.number)
                .ok_or(RadioError::LinkLost)?;
            match link.state {
                State::Gone | State::Closing(_) => Err(RadioError::LinkLost),
                // A write without response into a dead link succeeds; only the supervision timeout tells.
                State::Silent => Ok(()),
                State::Open => {
                    link.up.push_back(fragment.to_vec());
                    inner.expect_exchange(self.number);
                    Ok(())
                }
            }
        });
        ready(sent).boxed()
    }

    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<u8>, RadioError>> {
        poll_fn(|context| {
            self.world.with(|inner| {
                let Some(link) = inner.air.links.get_mut(&self.number) else {
                    return Poll::Ready(Err(RadioError::LinkLost));
                };
                if let Some(fragment) = link.inbox.pop_front() {
                    return Poll::Ready(Ok(fragment));
                }
                if link.state == State::Gone {
                    return Poll::Ready(Err(RadioError::LinkLost));
                }
                link.receiver = Some(context.waker().clone());
                Poll::Pending
            })
        })
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.world
            .with(|inner| inner.close(self.number, Direction::Up));
        poll_fn(move |context| {
            self.world
                .with(|inner| match inner.air.links.get_mut(&self.number) {
                    Some(link) if link.state != State::Gone => {
                        link.closer = Some(context.waker().clone());
                        Poll::Pending
                    }
                    _ => Poll::Ready(()),
                })
        })
        .boxed()
    }
}

impl Drop for SimLink {
    fn drop(&mut self) {
        self.world
            .with(|inner| inner.close(self.number, Direction::Up));
    }
}
