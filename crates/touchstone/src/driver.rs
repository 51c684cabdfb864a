//! Runs an attempt over the host's ports.
//!
//! All decisions are in [`crate::attempt`]; this file only carries facts in and actions out, and never looks into either.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{
    FutureExt, StreamExt,
    channel::mpsc,
    future::{BoxFuture, pending, ready},
    select_biased,
    stream::{self, BoxStream, Fuse, FuturesUnordered},
};
use touchstone_flow::{Cue, Input, Screen};

use crate::{
    attempt::{Action, Core, Fact, LinkKey},
    ports::{Link, PeripheralId, Ports, RadioError},
    report::Report,
};

/// How long a finished attempt waits for its links to close.
const CLOSING: Duration = Duration::from_secs(3);

/// Where screens and cues go: the application's user interface.
pub trait Stage: Send + Sync {
    /// Renders this screen, whole; it replaces the one before.
    fn show(&self, screen: Screen);
    /// Says, plays or lets the person feel something. Optional: a host that drops every cue is still usable.
    fn cue(&self, cue: Cue);
}

pub(crate) struct Driver {
    ports: Ports,
    core: Core,
    person: Fuse<BoxStream<'static, Fact>>,
    facts: (mpsc::UnboundedSender<Fact>, mpsc::UnboundedReceiver<Fact>),
    tasks: FuturesUnordered<BoxFuture<'static, ()>>,
    links: BTreeMap<LinkKey, mpsc::UnboundedSender<Vec<u8>>>,
    scan: Option<mpsc::UnboundedSender<()>>,
}

impl Driver {
    pub(crate) fn new(ports: Ports, core: Core, inputs: mpsc::UnboundedReceiver<Input>) -> Self {
        Self {
            ports,
            core,
            // When every handle is gone the host has left, which is said once.
            person: inputs
                .map(Fact::Person)
                .chain(stream::once(ready(Fact::HostGone)))
                .chain(stream::pending())
                .boxed()
                .fuse(),
            facts: mpsc::unbounded(),
            tasks: FuturesUnordered::new(),
            links: BTreeMap::new(),
            scan: None,
        }
    }

    pub(crate) async fn run(mut self, stage: Arc<dyn Stage>) -> Report {
        let now = self.ports.clock.now();
        self.core.start(now);
        loop {
            while let Some(action) = self.core.poll_action() {
                self.perform(action, stage.as_ref());
            }
            if let Some(report) = self.core.report() {
                self.finish().await;
                return report;
            }
            let fact = self.next_fact().await;
            let now = self.ports.clock.now();
            self.core.handle(now, fact);
        }
    }

    async fn next_fact(&mut self) -> Fact {
        let mut alarm = match self.core.poll_timeout() {
            Some(deadline) => self.ports.clock.sleep_until(deadline),
            None => pending().boxed(),
        }
        .fuse();
        loop {
            select_biased! {
                fact = self.person.select_next_some() => return fact,
                fact = self.facts.1.select_next_some() => return fact,
                () = self.tasks.select_next_some() => {},
                () = alarm => return Fact::Timeout,
            }
        }
    }

    /// Lets the devices hear the last record and the host's radio close its links, within reason.
    async fn finish(&mut self) {
        self.scan = None;
        self.links.clear();
        let patience = self.ports.clock.now() + CLOSING;
        let mut alarm = self.ports.clock.sleep_until(patience).fuse();
        while !self.tasks.is_empty() {
            select_biased! {
                () = self.tasks.select_next_some() => {},
                () = alarm => return,
            }
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(task.boxed());
    }

    /// Runs a port call and reports its outcome as a fact.
    fn ask(&self, call: impl Future<Output = Fact> + Send + 'static) {
        let facts = self.facts.0.clone();
        self.spawn(call.map(move |fact| drop(facts.unbounded_send(fact))));
    }

    fn perform(&mut self, action: Action, stage: &dyn Stage) {
        match action {
            Action::Show(screen) => stage.show(*screen),
            Action::Cue(cue) => stage.cue(cue),
            Action::QueryRadio { request } => {
                let radio = self.ports.radio.clone();
                self.ask(async move {
                    Fact::Radio(if request {
                        radio.request().await
                    } else {
                        radio.state().await
                    })
                });
            }
            Action::StartScan => self.start_scan(),
            Action::StopScan => self.scan = None,
            Action::Connect(key, id) => self.connect(key, id),
            Action::Send(key, fragment) => {
                if let Some(link) = self.links.get(&key) {
                    drop(link.unbounded_send(fragment));
                }
            }
            Action::Close(key) => drop(self.links.remove(&key)),
            Action::LoadBundle => {
                let trust = self.ports.trust.clone();
                self.ask(async move { Fact::Bundle(trust.bundle().await) });
            }
            Action::LoadSaved => {
                let networks = self.ports.networks.clone();
                self.ask(async move { Fact::Saved(networks.saved().await) });
            }
            Action::SaveNetwork(network) => {
                let networks = self.ports.networks.clone();
                self.spawn(async move { networks.save(network).await });
            }
            Action::OwnerPublic(key, ueid) => {
                let owner = self.ports.owner.clone();
                self.ask(async move {
                    let known = match owner.public(ueid).await {
                        Ok(public) => owner.sent(ueid).await.map(|sent| (public, sent)),
                        Err(error) => Err(error),
                    };
                    Fact::OwnerPublic(key, known)
                });
            }
            Action::OwnerSign(key, ueid, message) => {
                let owner = self.ports.owner.clone();
                self.ask(async move { Fact::OwnerSigned(key, owner.sign(ueid, message).await) });
            }
            Action::MarkSent(ueid, set_up) => {
                let owner = self.ports.owner.clone();
                self.ask(async move {
                    let marked = owner.mark_sent(ueid, set_up).await;
                    Fact::SentMarked(ueid, set_up.is_some(), marked)
                });
            }
            Action::ForgetOwner(ueid) => {
                let owner = self.ports.owner.clone();
                self.spawn(async move { drop(owner.forget(ueid).await) });
            }
        }
    }

    fn start_scan(&mut self) {
        let (stop, mut stopped) = mpsc::unbounded::<()>();
        self.scan = Some(stop);
        let (radio, facts) = (self.ports.radio.clone(), self.facts.0.clone());
        self.spawn(async move {
            let mut sightings = match radio.scan().await {
                Ok(sightings) => sightings.fuse(),
                Err(error) => return drop(facts.unbounded_send(Fact::ScanEnded(Some(error)))),
            };
            loop {
                select_biased! {
                    _ = stopped.next() => return,
                    sighting = sightings.next() => match sighting {
                        Some(sighting) => drop(facts.unbounded_send(Fact::Sighting(sighting))),
                        None => return drop(facts.unbounded_send(Fact::ScanEnded(None))),
                    },
                }
            }
        });
    }

    fn connect(&mut self, key: LinkKey, id: PeripheralId) {
        let (sender, mut outgoing) = mpsc::unbounded();
        self.links.insert(key, sender);
        let (radio, facts) = (self.ports.radio.clone(), self.facts.0.clone());
        self.spawn(async move {
            let connected = select_biased! {
                connected = radio.connect(&id).fuse() => connected,
                // Nothing is sent before the link is there: it was given up.
                _ = outgoing.next() => return,
            };
            match connected {
                Ok(link) => {
                    drop(facts.unbounded_send(Fact::Connected(key, Ok(link.fragment_size()))));
                    carry(key, link, outgoing, facts).await;
                }
                Err(error) => drop(facts.unbounded_send(Fact::Connected(key, Err(error)))),
            }
        });
    }
}

/// Carries fragments both ways until the link breaks or the attempt lets go of it.
async fn carry(
    key: LinkKey,
    mut link: Box<dyn Link>,
    mut outgoing: mpsc::UnboundedReceiver<Vec<u8>>,
    facts: mpsc::UnboundedSender<Fact>,
) {
    enum Step {
        Send(Option<Vec<u8>>),
        Received(Result<Vec<u8>, RadioError>),
    }
    loop {
        let step = select_biased! {
            fragment = outgoing.next() => Step::Send(fragment),
            received = link.receive().fuse() => Step::Received(received),
        };
        let outcome = match step {
            Step::Send(Some(fragment)) => link.send(&fragment).await,
            Step::Send(None) => break,
            Step::Received(Ok(fragment)) => {
                drop(facts.unbounded_send(Fact::Fragment(key, fragment)));
                Ok(())
            }
            Step::Received(Err(error)) => Err(error),
        };
        if let Err(error) = outcome {
            drop(facts.unbounded_send(Fact::LinkLost(key, error)));
            break;
        }
    }
    link.close().await;
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use touchstone_flow::A11yContext;
    use touchstone_proto::{credentials::Network, owner::OwnerPublicKey};
    use touchstone_trust::{Bundle, BundleError};

    use super::*;
    use crate::{
        policy::Policy,
        ports::{
            Clock, Entropy, NetworkStore, OwnerKey, OwnerKeyError, Radio, RadioState, Sighting,
            TrustSource,
        },
    };

    const NOW: Duration = Duration::from_secs(100);

    /// A host whose time stands still; notes until when it was asked to sleep, and is asked for nothing else.
    #[derive(Default)]
    struct Host(Mutex<Vec<Duration>>);

    impl Clock for Host {
        fn now(&self) -> Duration {
            NOW
        }
        fn sleep_until(&self, deadline: Duration) -> BoxFuture<'static, ()> {
            self.0.lock().unwrap().push(deadline);
            pending().boxed()
        }
    }

    impl Entropy for Host {
        fn fill(&self, _: &mut [u8]) {
            unreachable!()
        }
    }

    impl Radio for Host {
        fn state(&self) -> BoxFuture<'_, RadioState> {
            unreachable!()
        }
        fn scan(&self) -> BoxFuture<'_, Result<BoxStream<'static, Sighting>, RadioError>> {
            unreachable!()
        }
        fn connect(&self, _: &PeripheralId) -> BoxFuture<'_, Result<Box<dyn Link>, RadioError>> {
            unreachable!()
        }
    }

    impl OwnerKey for Host {
        fn public(&self, _: [u8; 17]) -> BoxFuture<'_, Result<OwnerPublicKey, OwnerKeyError>> {
            unreachable!()
        }
        fn sign(&self, _: [u8; 17], _: Vec<u8>) -> BoxFuture<'_, Result<[u8; 64], OwnerKeyError>> {
            unreachable!()
        }
        fn mark_sent(
            &self,
            _: [u8; 17],
            _: Option<[u8; 16]>,
        ) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
            unreachable!()
        }
        fn sent(&self, _: [u8; 17]) -> BoxFuture<'_, Result<Option<[u8; 16]>, OwnerKeyError>> {
            unreachable!()
        }
        fn forget(&self, _: [u8; 17]) -> BoxFuture<'_, Result<(), OwnerKeyError>> {
            unreachable!()
        }
    }

    impl TrustSource for Host {
        fn bundle(&self) -> BoxFuture<'_, Result<Arc<Bundle>, BundleError>> {
            unreachable!()
        }
    }

    impl NetworkStore for Host {
        fn saved(&self) -> BoxFuture<'_, Vec<Network>> {
            unreachable!()
        }
        fn save(&self, _: Network) -> BoxFuture<'_, ()> {
            unreachable!()
        }
    }

    #[test]
    fn what_is_still_to_be_closed_or_stored_has_three_seconds() {
        let host = Arc::new(Host::default());
        let ports = Ports {
            radio: host.clone(),
            owner: host.clone(),
            trust: host.clone(),
            networks: host.clone(),
            clock: host.clone(),
            entropy: host.clone(),
        };
        let core = Core::new(A11yContext::default(), Policy::default(), host.clone());
        let mut driver = Driver::new(ports, core, mpsc::unbounded().1);
        driver.spawn(pending());
        assert!(driver.finish().now_or_never().is_none());
        assert_eq!(*host.0.lock().unwrap(), [NOW + Duration::from_secs(3)]);
    }
}
