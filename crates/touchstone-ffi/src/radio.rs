//! A radio that the application drives itself: the SDK asks through a trait, and the application answers by calling back.
//!
//! Nothing here waits in the application's code, and nothing in the application's code waits for the SDK.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{
    FutureExt, StreamExt,
    channel::{mpsc, oneshot},
    future::BoxFuture,
    stream::BoxStream,
};
use touchstone::ports::{Link, PeripheralId, Radio, RadioError, Sighting};

use crate::HostError;

pub use touchstone::ports::RadioState;

/// Smallest and largest fragment the SDK can use, in bytes.
const FRAGMENT: std::ops::RangeInclusive<u32> = 18..=512;

/// Whether the application's radio can be used.
#[uniffi::remote(Enum)]
pub enum RadioState {
    /// Ready to scan.
    On,
    /// Present but switched off.
    Off,
    /// The person has not yet been asked for permission.
    NeedsPermission,
    /// The person has not yet been asked for location, which old systems want for a Bluetooth scan.
    NeedsLocation,
    /// The person, or a policy, has refused.
    Blocked,
    /// Location is switched off, and the system cannot scan without it.
    LocationOff,
    /// The machine has no Bluetooth adapter.
    Missing,
}

/// Why a link is not there, or no more.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum LinkFault {
    /// The device did not answer, or the link broke.
    Lost,
    /// The peripheral has no Touchstone service.
    NoService,
    /// Anything else.
    Other {
        /// In the application's words, for reports; never shown or spoken.
        reason: String,
    },
}

/// What the SDK asks of an application's Bluetooth. Every method returns at once; answers go to the HostRadio by the number of the question.
#[uniffi::export(foreign)]
pub trait RadioHost: Send + Sync {
    /// Whether the radio can be used now.
    fn state(&self) -> Result<RadioState, HostError>;
    /// Ask the person for permission, or to switch Bluetooth on. Answer with HostRadio.answered when the dialog is closed.
    fn request_access(&self, request: u64) -> Result<(), HostError>;
    /// Scan for the service data of Touchstone and report with HostRadio.sighting, every advertisement, duplicates included.
    fn start_scan(&self, scan: u64) -> Result<(), HostError>;
    /// End this scan.
    fn stop_scan(&self, scan: u64) -> Result<(), HostError>;
    /// Connect to a sighted peripheral, ask for the largest MTU, discover the service, subscribe to the down characteristic; then call
    /// HostRadio.connected. Whatever fails on the way, or later, is HostRadio.lost.
    fn connect(&self, link: u64, peripheral: String) -> Result<(), HostError>;
    /// Write this fragment without response to the up characteristic, after those handed over before.
    fn write(&self, link: u64, fragment: Vec<u8>) -> Result<(), HostError>;
    /// Disconnect once everything handed over is written, or give up connecting. Asked exactly once for each connect that did not throw.
    fn disconnect(&self, link: u64) -> Result<(), HostError>;
}

/// The SDK's end of an application's Bluetooth. Answers that nobody waits for any more are ignored.
#[derive(uniffi::Object)]
pub struct HostRadio {
    host: Arc<dyn RadioHost>,
    waiting: Arc<Mutex<Waiting>>,
}

type Received = Result<Vec<u8>, RadioError>;

/// Who waits for what, by the number of the question.
#[derive(Default)]
struct Waiting {
    last: u64,
    requests: HashMap<u64, oneshot::Sender<RadioState>>,
    scans: HashMap<u64, mpsc::UnboundedSender<Sighting>>,
    connecting: HashMap<u64, oneshot::Sender<Result<u32, RadioError>>>,
    links: HashMap<u64, mpsc::UnboundedSender<Received>>,
}

#[uniffi::export]
impl HostRadio {
    /// A radio over this application's Bluetooth.
    #[uniffi::constructor]
    pub fn new(host: Arc<dyn RadioHost>) -> Arc<Self> {
        Arc::new(Self {
            host,
            waiting: Arc::default(),
        })
    }

    /// The person has answered this request; the state of the radio now.
    pub fn answered(&self, request: u64, state: RadioState) {
        if let Some(asked) = self.lock().requests.remove(&request) {
            let _ = asked.send(state);
        }
    }

    /// An advertisement. The peripheral is the application's name for it, the strength is in dBm, and the service data is that of the Touchstone service
    /// exactly as received.
    pub fn sighting(
        &self,
        scan: u64,
        peripheral: String,
        rssi: Option<i16>,
        service_data: Vec<u8>,
    ) {
        if let Some(scan) = self.lock().scans.get(&scan) {
            drop(scan.unbounded_send(Sighting {
                id: PeripheralId(peripheral),
                rssi,
                service_data,
            }));
        }
    }

    /// This scan has ended by itself, or could not begin. The SDK may start another.
    pub fn scan_ended(&self, scan: u64) {
        drop(self.lock().scans.remove(&scan));
    }

    /// The link is ready; the fragment size is the negotiated ATT_MTU less 5.
    pub fn connected(&self, link: u64, fragment_size: u32) {
        if let Some(asked) = self.lock().connecting.remove(&link) {
            drop(asked.send(Ok(fragment_size)));
        }
    }

    /// A notification of the down characteristic, exactly as received. In order, none left out.
    pub fn received(&self, link: u64, fragment: Vec<u8>) {
        if let Some(link) = self.lock().links.get(&link) {
            drop(link.unbounded_send(Ok(fragment)));
        }
    }

    /// The link is gone, or never came to be.
    pub fn lost(&self, link: u64, fault: LinkFault) {
        let mut waiting = self.lock();
        if let Some(asked) = waiting.connecting.remove(&link) {
            drop(asked.send(Err(fault.clone().into())));
        }
        if let Some(link) = waiting.links.remove(&link) {
            drop(link.unbounded_send(Err(fault.into())));
        }
    }
}

impl HostRadio {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }

    fn number(&self) -> u64 {
        let mut waiting = self.lock();
        waiting.last += 1;
        waiting.last
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Radio for HostRadio {
    fn state(&self) -> BoxFuture<'_, RadioState> {
        // An application that cannot tell has no radio the SDK could use.
        async { self.host.state().unwrap_or(RadioState::Missing) }.boxed()
    }

    fn request(&self) -> BoxFuture<'_, RadioState> {
        async {
            let request = self.number();
            let (asked, answer) = oneshot::channel();
            self.lock().requests.insert(request, asked);
            let _forget = OnDrop(|| drop(self.lock().requests.remove(&request)));
            match self.host.request_access(request) {
                Ok(()) => answer.await.unwrap_or(RadioState::Missing),
                Err(_) => self.state().await,
            }
        }
        .boxed()
    }

    fn scan(&self) -> BoxFuture<'_, Result<BoxStream<'static, Sighting>, RadioError>> {
        async {
            let scan = self.number();
            let (heard, sightings) = mpsc::unbounded();
            self.lock().scans.insert(scan, heard);
            let (host, waiting) = (self.host.clone(), self.waiting.clone());
            let stop = OnDrop(move || {
                lock(&waiting).scans.remove(&scan);
                drop(host.stop_scan(scan));
            });
            self.host.start_scan(scan)?;
            let sightings = sightings.inspect(move |_| {
                let _as_long_as_the_stream = &stop;
            });
            Ok(sightings.boxed())
        }
        .boxed()
    }

    fn connect(&self, id: &PeripheralId) -> BoxFuture<'_, Result<Box<dyn Link>, RadioError>> {
        let peripheral = id.0.clone();
        async move {
            let link = self.number();
            let (asked, answer) = oneshot::channel();
            let (from, received) = mpsc::unbounded();
            {
                // Before the question: what the device notifies may come with the answer.
                let mut waiting = self.lock();
                waiting.connecting.insert(link, asked);
                waiting.links.insert(link, from);
            }
            let waiting = self.waiting.clone();
            let forget = OnDrop(move || {
                let mut waiting = lock(&waiting);
                waiting.connecting.remove(&link);
                waiting.links.remove(&link);
            });
            self.host.connect(link, peripheral)?;
            let host = self.host.clone();
            let disconnect = OnDrop(move || {
                drop(host.disconnect(link));
            });
            let size = answer.await.unwrap_or(Err(RadioError::LinkLost))?;
            let size = size.clamp(*FRAGMENT.start(), *FRAGMENT.end());
            Ok(Box::new(HostLink {
                host: self.host.clone(),
                link,
                fragment_size: usize::try_from(size).unwrap_or(usize::MAX),
                received,
                _disconnect: Box::new((disconnect, forget)),
            }) as Box<dyn Link>)
        }
        .boxed()
    }
}

/// A link of the application's; dropping it disconnects.
struct HostLink {
    host: Arc<dyn RadioHost>,
    link: u64,
    fragment_size: usize,
    received: mpsc::UnboundedReceiver<Received>,
    _disconnect: Box<dyn Send>,
}

impl Link for HostLink {
    fn fragment_size(&self) -> usize {
        self.fragment_size
    }

    fn send<'a>(&'a mut self, fragment: &'a [u8]) -> BoxFuture<'a, Result<(), RadioError>> {
        async { Ok(self.host.write(self.link, fragment.to_vec())?) }.boxed()
    }

    fn receive(&mut self) -> BoxFuture<'_, Result<Vec<u8>, RadioError>> {
        async {
            self.received
                .next()
                .await
                .unwrap_or(Err(RadioError::LinkLost))
        }
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { drop(self) }.boxed()
    }
}

/// Does something when it goes out of scope.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl From<LinkFault> for RadioError {
    fn from(fault: LinkFault) -> Self {
        match fault {
            LinkFault::Lost => Self::LinkLost,
            LinkFault::NoService => Self::NoService,
            LinkFault::Other { reason } => Self::Other(reason),
        }
    }
}

impl From<HostError> for RadioError {
    fn from(error: HostError) -> Self {
        Self::Other(error.to_string())
    }
}

#[cfg(test)]
mod tests;
