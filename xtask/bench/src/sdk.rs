//! The whole SDK in the simulator's living room, with a fence around what is not the SDK: whatever its ports do is done on their own behalf.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{
    FutureExt, Stream, StreamExt,
    future::{BoxFuture, LocalBoxFuture},
    stream::BoxStream,
};
use touchstone::{
    Cue, Network, OwnerPublicKey, Policy, Provisioner, Report, Screen, Stage,
    ports::{
        Clock, Entropy, Link, NetworkStore, OwnerKey, OwnerKeyError, PeripheralId, Ports, Radio,
        RadioError, RadioState, Sighting, TrustSource,
    },
    trust::{Bundle, BundleError},
};
use touchstone_sim::{HOME_PASSWORD, Nobody, Person, Room, Script, Spec};

use crate::heap::{Side, on_behalf};

fn outside<T>(work: impl FnOnce() -> T) -> T {
    on_behalf(Side::Other, work)
}

/// One set-up, from the first press to the end, in a room with this many new lamps; the last of them is the one wanted.
pub(crate) fn set_up(lamps: u32) -> Report {
    let room = Room::new(1);
    let mut wanted = room.unit(&Spec::lamp(1));
    for number in 2..=lamps {
        wanted = room.unit(&Spec::lamp(number));
    }
    let script = Script::new(&wanted, "Home", HOME_PASSWORD);
    let context = script.context;
    let person = Person::new(&room.world, &room.neighbourhood, script, Arc::new(Nobody));
    let ports = fenced(room.phone.ports());
    let stage: Arc<dyn Stage> = Arc::new(Fenced::new(person.clone()));
    let run: LocalBoxFuture<'_, Report> = on_behalf(Side::Phone, || {
        let (attempt, run) = Provisioner::new(ports, Policy::default()).attempt(context);
        outside(|| person.holds(attempt));
        run.run(stage).boxed_local()
    });
    let report = room.world.block_on(OnBehalf(run));
    person.leaves();
    report
}

/// Polled on the phone's behalf, and dropped as soon as it is done.
struct OnBehalf<F>(F);

impl<F: Future + Unpin> Future for OnBehalf<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        on_behalf(Side::Phone, || self.0.poll_unpin(context))
    }
}

fn fenced(ports: Ports) -> Ports {
    Ports {
        radio: Arc::new(Fenced::new(ports.radio)),
        owner: Arc::new(Fenced::new(ports.owner)),
        trust: Arc::new(Fenced::new(ports.trust)),
        networks: Arc::new(Fenced::new(ports.networks)),
        clock: Arc::new(Fenced::new(ports.clock)),
        entropy: Arc::new(Fenced::new(ports.entropy)),
    }
}

/// Something that is not the SDK's: called, polled and dropped on nobody's behalf.
struct Fenced<T>(Option<T>);

impl<T> Fenced<T> {
    fn new(inner: T) -> Self {
        Self(Some(inner))
    }

    fn inner(&self) -> &T {
        self.0.as_ref().expect("taken only when dropped")
    }

    fn inner_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("taken only when dropped")
    }
}

impl<T> Drop for Fenced<T> {
    fn drop(&mut self) {
        outside(|| drop(self.0.take()));
    }
}

impl<F: Future + Unpin> Future for Fenced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        outside(|| self.inner_mut().poll_unpin(context))
    }
}

impl<S: Stream + Unpin> Stream for Fenced<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        outside(|| self.inner_mut().poll_next_unpin(context))
    }
}

/// Asks for a future outside and keeps it there.
fn ask<'a, T: 'a>(ask: impl FnOnce() -> BoxFuture<'a, T>) -> BoxFuture<'a, T> {
    outside(|| {
        let asked: BoxFuture<'a, T> = Box::pin(Fenced::new(ask()));
        asked
    })
}

impl Radio for Fenced<Arc<dyn Radio>> {
    fn state(&self) -> BoxFuture<'_, RadioState> {
        ask(|| self.inner().state())
    }

    fn request(&self) -> BoxFuture<'_, RadioState> {
        ask(|| self.inner().request())
    }

    fn scan(&self) -> BoxFuture<'_, Result<BoxStream<'static, Sighting>, RadioError>> {
        let fence =
            |stream| -> BoxStream<'static, Sighting> { outside(|| Box::pin(Fenced::new(stream))) };
        ask(|| {
            let scan = self.inner().scan().map(move |stream| stream.map(fence));
            scan.boxed()
        })
    }

    fn connect(&self, id: &PeripheralId) -> BoxFuture<'_, Result<Box<dyn Link>, RadioError>> {
        let fence = |link| -> Box<dyn Link> { Box::new(Fenced::<Box<dyn Link>>::new(link)) };
        ask(|| {
            let connect = self.inner().connect(id).map(move |link| link.map(fence));
            connect.boxed()
        })
    }
}

impl Link for Fenced<Box<dyn Link>> {
    fn fragment_size(&self) -> usize {
        self.inner().fragment_size()
    }

    fn send<'a>(&'a mut self, fragment: &'a [u8]) -> BoxFuture<'a, Result<(), RadioError>> {
        ask(|| self.inner_mut().send(fragment))
    }

    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<u8>, RadioError>> {
        ask(|| self.inner_mut().receive())
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        let link = self.0.take().expect("taken only when dropped");
        ask(|| link.close())
    }
}

impl OwnerKey for Fenced<Arc<dyn OwnerKey>> {
    fn public(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<OwnerPublicKey, OwnerKeyError>> {
        ask(|| self.inner().public(ueid))
    }

    fn sign(
        &self,
        ueid: [u8; 17],
        message: Vec<u8>,
    ) -> BoxFuture<'_, Result<[u8; 64], OwnerKeyError>> {
        ask(|| self.inner().sign(ueid, message))
    }

    fn mark_sent(
        &self,
        ueid: [u8; 17],
        set_up: Option<[u8; 16]>,
    ) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        ask(|| self.inner().mark_sent(ueid, set_up))
    }

    fn sent(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<Option<[u8; 16]>, OwnerKeyError>> {
        ask(|| self.inner().sent(ueid))
    }

    fn forget(&self, ueid: [u8; 17]) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
        ask(|| self.inner().forget(ueid))
    }
}

impl TrustSource for Fenced<Arc<dyn TrustSource>> {
    fn bundle(&self) -> BoxFuture<'_, Result<Arc<Bundle>, BundleError>> {
        ask(|| self.inner().bundle())
    }
}

impl NetworkStore for Fenced<Arc<dyn NetworkStore>> {
    fn saved(&self) -> BoxFuture<'_, Vec<Network>> {
        ask(|| self.inner().saved())
    }

    fn save(&self, network: Network) -> BoxFuture<'_, ()> {
        ask(|| self.inner().save(network))
    }
}

impl Clock for Fenced<Arc<dyn Clock>> {
    fn now(&self) -> Duration {
        outside(|| self.inner().now())
    }

    fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
        ask(|| self.inner().sleep_until(deadline))
    }
}

impl Entropy for Fenced<Arc<dyn Entropy>> {
    fn fill(&self, out: &mut [u8]) {
        outside(|| self.inner().fill(out));
    }
}

impl Stage for Fenced<Person> {
    // The person remembers every screen, the SDK does not: what is kept is a copy.
    fn show(&self, screen: Screen) {
        outside(|| self.inner().show(screen.clone()));
    }

    fn cue(&self, cue: Cue) {
        outside(|| self.inner().cue(cue.clone()));
    }
}
