//! The core against real devices, without I/O: a desk on which a test decides what the radio hears and when.

mod cancelling;
mod confusion;
mod counting;
mod delivering;
mod input;
mod names;
mod overlaps;
mod owned;
mod post_quantum;
mod power_cycles;
mod searching;
mod selecting;
mod unfinished;
mod unit;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::{Identity, LinkId};
use touchstone_flow::{A11yContext, ActionId, Input, Password, Screen, Step};
use touchstone_proto::owner::OwnerPublicKey;
use touchstone_trust::{Bundle, DevelopmentPolicy, Ueid};

use self::unit::Unit;
use super::{Action, Candidate, Core, Fact, Happening, LinkKey};
use crate::{
    policy::Policy,
    ports::{Entropy, OwnerKeyError, PeripheralId, RadioError, RadioState, Sighting},
    report::Report,
};

const FRAGMENT: usize = 244;
const STEP: Duration = Duration::from_millis(50);
const PASSWORD: &str = "correct horse battery staple";

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn bundle() -> Arc<Bundle> {
    static BUNDLE: OnceLock<Arc<Bundle>> = OnceLock::new();
    BUNDLE
        .get_or_init(|| Arc::new(unit::pki().bundle(DevelopmentPolicy::Announce)))
        .clone()
}

/// Never the same twice, and the same in every run.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let seed = count.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        for (octet, random) in out.iter_mut().zip(seed.iter().cycle()) {
            *octet = *random;
        }
    }
}

/// One address in the air.
struct Place {
    address: &'static str,
    unit: usize,
    rssi: i16,
    /// Whether it is heard and can be connected.
    reachable: bool,
    /// Whether advertisements are heard.
    heard: bool,
    /// The host tries to connect it in vain.
    out_of_reach: bool,
}

/// A fragment on its way.
struct Flying(LinkKey, Vec<u8>);

struct Desk {
    core: Core,
    policy: Policy,
    now: Duration,
    units: Vec<Unit>,
    places: Vec<Place>,
    links: BTreeMap<LinkKey, (usize, LinkId)>,
    /// Fragments to devices wait here while they are held.
    up: VecDeque<Flying>,
    holds_up: bool,
    /// Nothing that is sent to this unit arrives.
    deaf: Option<usize>,
    /// Nothing that this unit says arrives, although its link is lively.
    mute: Option<usize>,
    scanning: bool,
    connects: Vec<(Duration, String)>,
    keys: BTreeMap<Ueid, SigningKey>,
    forgotten: Vec<Ueid>,
    marked: Vec<(Ueid, Option<[u8; 16]>)>,
    /// What the key store answers to marks; `None` while it has not answered.
    mark: Option<Result<(), OwnerKeyError>>,
    saved: usize,
    screens: Vec<Screen>,
    /// Advertisements are changed on their way.
    tamper: fn(&mut Vec<u8>),
    report: Option<Report>,
}

impl Desk {
    fn new(units: u32) -> Self {
        Self::with(units, Policy::default(), |_, _| {})
    }

    fn with(units: u32, policy: Policy, change: fn(usize, &mut Identity)) -> Self {
        let now = seconds(1000.0);
        let addresses = ["one", "two", "three", "four", "five"];
        let mut desk = Self {
            core: Core::new(
                A11yContext::default(),
                policy.clone(),
                Arc::new(Counter::default()),
            ),
            policy,
            now,
            units: (1..=units).map(|number| Unit::new(number, now)).collect(),
            places: Vec::new(),
            links: BTreeMap::new(),
            up: VecDeque::new(),
            holds_up: false,
            deaf: None,
            mute: None,
            scanning: false,
            connects: Vec::new(),
            keys: BTreeMap::new(),
            forgotten: Vec::new(),
            marked: Vec::new(),
            mark: Some(Ok(())),
            saved: 0,
            screens: Vec::new(),
            tamper: |_| {},
            report: None,
        };
        for (unit, address) in (0..desk.units.len()).zip(addresses) {
            desk.place(address, unit);
        }
        for (index, unit) in desk.units.iter_mut().enumerate() {
            unit.change(now, |identity| change(index, identity));
        }
        desk.begin();
        desk
    }

    /// A new attempt with the same keys and devices, up to the scan.
    fn begin(&mut self) {
        let entropy = Counter(AtomicU64::new(self.now.as_secs() * 1000));
        self.core = Core::new(
            A11yContext::default(),
            self.policy.clone(),
            Arc::new(entropy),
        );
        for (unit, link) in std::mem::take(&mut self.links).into_values() {
            self.units[unit].device.disconnected(self.now, link);
        }
        self.scanning = false;
        self.report = None;
        self.screens.clear();
        self.core.start(self.now);
        self.settle();
        self.press(ActionId::ConnectDevice);
    }

    fn place(&mut self, address: &'static str, unit: usize) {
        self.places.push(Place {
            address,
            unit,
            rssi: -50 - i16::try_from(self.places.len()).unwrap(),
            reachable: true,
            heard: true,
            out_of_reach: false,
        });
    }

    fn at(&mut self, address: &str) -> &mut Place {
        self.places
            .iter_mut()
            .find(|place| place.address == address)
            .unwrap()
    }

    fn tell(&mut self, fact: Fact) {
        self.core.handle(self.now, fact);
        self.settle();
    }

    /// Carries out everything until nothing more happens at this time.
    fn settle(&mut self) {
        let mut rounds = 0;
        loop {
            rounds += 1;
            assert!(rounds < 200, "busy at {:?}: {:?}", self.now, self.step());
            let mut idle = true;
            while let Some(action) = self.core.poll_action() {
                idle = false;
                self.perform(action);
            }
            if !self.holds_up {
                while let Some(Flying(key, fragment)) = self.up.pop_front() {
                    idle = false;
                    let link = self.links.get(&key);
                    if let Some((unit, link)) = link.filter(|link| Some(link.0) != self.deaf) {
                        self.units[*unit]
                            .device
                            .received(self.now, *link, &fragment);
                    }
                }
            }
            idle &= !self.collect();
            if self.core.poll_timeout().is_some_and(|due| due <= self.now) {
                idle = false;
                self.core.handle(self.now, Fact::Timeout);
            }
            self.report = self.report.take().or(self.core.report());
            if idle {
                return;
            }
        }
    }

    /// What the devices have to say; whether there was anything.
    fn collect(&mut self) -> bool {
        let mut facts = Vec::new();
        for (key, (unit, link)) in &self.links {
            let mut out = [0; 512];
            while let Some(length) = self.units[*unit].device.poll_transmit(*link, &mut out) {
                let is_control = out[0] & 0x20 != 0;
                if is_control || self.mute != Some(*unit) {
                    facts.push(Fact::Fragment(*key, out[..length].to_vec()));
                }
            }
        }
        for (unit, device) in self.units.iter_mut().enumerate() {
            while let Some(link) = device.device.poll_disconnect() {
                let key = self.links.iter().find(|(_, l)| **l == (unit, link));
                if let Some((key, _)) = key.map(|(key, link)| (*key, *link)) {
                    self.links.remove(&key);
                    facts.push(Fact::LinkLost(key, RadioError::LinkLost));
                }
            }
        }
        let any = !facts.is_empty();
        for fact in facts {
            self.core.handle(self.now, fact);
        }
        any
    }

    fn perform(&mut self, action: Action) {
        let fact = match action {
            Action::Show(screen) => return self.screens.push(*screen),
            Action::Cue(_) => return,
            Action::QueryRadio { .. } => Fact::Radio(RadioState::On),
            Action::StartScan => return self.scanning = true,
            Action::StopScan => return self.scanning = false,
            Action::Connect(key, id) => {
                self.connects.push((self.now, id.0.clone()));
                let unit = self
                    .places
                    .iter()
                    .find(|place| place.address == id.0 && place.reachable && !place.out_of_reach)
                    .map(|place| place.unit);
                let link = LinkId(u32::try_from(self.connects.len()).unwrap());
                match unit {
                    Some(unit) if self.units[unit].device.connected(self.now, link, FRAGMENT) => {
                        self.links.insert(key, (unit, link));
                        Fact::Connected(key, Ok(FRAGMENT))
                    }
                    _ => Fact::Connected(key, Err(RadioError::Other(format!("{id} is away")))),
                }
            }
            Action::Send(key, fragment) => return self.up.push_back(Flying(key, fragment)),
            Action::Close(key) => {
                // The host sends what was queued before.
                let (mine, others) = std::mem::take(&mut self.up)
                    .into_iter()
                    .partition(|flying| flying.0 == key);
                self.up = others;
                if let Some((unit, link)) = self.links.remove(&key) {
                    for Flying(_, fragment) in mine {
                        self.units[unit].device.received(self.now, link, &fragment);
                    }
                    self.units[unit].device.disconnected(self.now, link);
                }
                return;
            }
            Action::LoadBundle => Fact::Bundle(Ok(bundle())),
            Action::LoadSaved => Fact::Saved(Vec::new()),
            Action::SaveNetwork(_) => return self.saved += 1,
            Action::OwnerPublic(key, ueid) => {
                let secret = self.key(ueid);
                let point = secret.verifying_key().to_sec1_point(false);
                Fact::OwnerPublic(
                    key,
                    Ok((
                        OwnerPublicKey::from_sec1(point.as_bytes()).unwrap(),
                        self.sent(ueid),
                    )),
                )
            }
            Action::OwnerSign(key, ueid, message) => {
                let signature: Signature = self.key(ueid).sign(&message);
                Fact::OwnerSigned(key, Ok(signature.to_bytes().into()))
            }
            Action::MarkSent(ueid, sent) => {
                self.marked.push((ueid, sent));
                match self.mark.clone() {
                    Some(outcome) => Fact::SentMarked(ueid, sent.is_some(), outcome),
                    None => return,
                }
            }
            Action::ForgetOwner(ueid) => {
                self.keys.remove(&ueid);
                return self.forgotten.push(ueid);
            }
        };
        self.core.handle(self.now, fact);
    }

    /// What the key store remembers.
    fn sent(&self, ueid: Ueid) -> Option<[u8; 16]> {
        let last = self.marked.iter().rfind(|(marked, _)| *marked == ueid);
        last.and_then(|(_, set_up)| *set_up)
    }

    fn key(&mut self, ueid: Ueid) -> SigningKey {
        let mut secret = [9; 32];
        secret[..16].copy_from_slice(&ueid[1..]);
        self.keys
            .entry(ueid)
            .or_insert_with(|| SigningKey::from_slice(&secret).unwrap())
            .clone()
    }

    /// Lets time pass.
    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.now += STEP;
            for unit in &mut self.units {
                unit.device.poll(self.now);
            }
            if self.scanning && self.now.subsec_millis().is_multiple_of(200) {
                self.advertise();
            }
            self.settle();
        }
    }

    fn advertise(&mut self) {
        let mut heard = Vec::new();
        for place in self
            .places
            .iter()
            .filter(|place| place.reachable && place.heard)
        {
            if let Some(advert) = self.units[place.unit].device.advertisement(self.now) {
                let mut service_data = advert.encode().to_vec();
                (self.tamper)(&mut service_data);
                heard.push((place.address, place.rssi, service_data));
            }
        }
        for (address, rssi, service_data) in heard {
            self.hear(address, rssi, service_data);
        }
    }

    fn hear(&mut self, address: &str, rssi: i16, service_data: Vec<u8>) {
        self.tell(Fact::Sighting(Sighting {
            id: PeripheralId(address.to_owned()),
            rssi: Some(rssi),
            service_data,
        }));
    }

    fn step(&self) -> &Step {
        &self.screens.last().unwrap().step
    }

    fn shown(&self, test: impl Fn(&Step) -> bool) -> bool {
        self.screens.iter().any(|screen| test(&screen.step))
    }

    fn press(&mut self, action: ActionId) {
        self.run(seconds(1.0));
        let seq = self.screens.last().unwrap().seq;
        self.tell(Fact::Person(Input::Press { action, seq }));
    }

    fn touch(&mut self, unit: usize) {
        self.units[unit].body.borrow_mut().pressed = true;
        self.run(seconds(0.2));
        self.units[unit].body.borrow_mut().pressed = false;
        self.run(STEP);
    }

    /// Breaks every link to this unit; it stays away until it is put back.
    fn lose(&mut self, unit: usize) {
        for place in self.places.iter_mut().filter(|place| place.unit == unit) {
            place.reachable = false;
        }
        self.cut(unit);
    }

    fn bring_back(&mut self, unit: usize) {
        for place in self.places.iter_mut().filter(|place| place.unit == unit) {
            place.reachable = true;
        }
    }

    /// Breaks every link to this unit for a moment.
    fn cut(&mut self, unit: usize) {
        let keys: Vec<LinkKey> = self
            .links
            .iter()
            .filter(|(_, (which, _))| *which == unit)
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            let (_, link) = self.links.remove(&key).unwrap();
            self.up.retain(|flying| flying.0 != key);
            self.units[unit].device.disconnected(self.now, link);
            self.tell(Fact::LinkLost(key, RadioError::LinkLost));
        }
    }

    /// Up to the prompt.
    fn prompted(units: u32) -> Self {
        let mut desk = Self::new(units);
        desk.run(seconds(5.0));
        assert!(
            matches!(desk.step(), Step::AwaitPresence { .. }),
            "{:?}",
            desk.step()
        );
        desk
    }

    /// Up to the question which network.
    fn asked(units: u32) -> Self {
        let mut desk = Self::prompted(units);
        desk.touch(0);
        desk.run(seconds(3.0));
        assert!(
            matches!(desk.step(), Step::ChooseNetwork { .. }),
            "{:?}",
            desk.step()
        );
        desk
    }

    /// The device confirmed, and the password typed.
    fn decide(&mut self, password: &str) {
        self.press(ActionId::UseNetwork);
        self.type_password(password);
    }

    fn type_password(&mut self, password: &str) {
        let password = Password::new(password.to_owned());
        self.tell(Fact::Person(Input::Password(password)));
        self.press(self.screens.last().unwrap().primary.id);
    }

    /// Up to a device that joins and takes its time.
    fn joining(units: u32) -> Self {
        let mut desk = Self::asked(units);
        desk.units[0].body.borrow_mut().join = touchstone_device::ports::JoinStatus::Connecting;
        desk.decide(PASSWORD);
        desk.run(STEP);
        assert!(
            matches!(desk.step(), Step::Joining { .. }),
            "{:?}",
            desk.step()
        );
        desk
    }

    /// What a device could say, without its saying it.
    fn happens(&mut self, index: usize, happening: Happening) {
        self.core.happened(self.now, index, vec![happening]);
        self.tell(Fact::Timeout);
    }

    /// One more candidate; nobody is behind it.
    fn ghost(&mut self) -> usize {
        let id = PeripheralId("ghost".to_owned());
        self.core.candidates.push(Candidate::new(99, id));
        self.core.candidates.len() - 1
    }

    fn joins(&self, unit: usize) -> usize {
        self.units[unit].body.borrow().joins.len()
    }

    fn assert_done(&mut self) {
        self.run(seconds(4.0));
        assert!(
            matches!(self.step(), Step::Done { .. }),
            "{:?}",
            self.step()
        );
        assert!(self.units[0].is_owned());
    }
}

/// A device that was set up before.
fn owned_desk(units: u32) -> Desk {
    let mut desk = Desk::asked(units);
    desk.decide(PASSWORD);
    desk.assert_done();
    desk.units[0].reboot(desk.now);
    desk.forgotten.clear();
    desk
}

#[test]
fn one_touch_and_one_press_connect_a_device() {
    let mut desk = Desk::asked(1);
    desk.decide(PASSWORD);
    desk.assert_done();
    assert_eq!((desk.saved, desk.joins(0)), (1, 1));
    assert!(desk.forgotten.is_empty());
    let marks: Vec<bool> = desk.marked.iter().map(|(_, mark)| mark.is_some()).collect();
    assert_eq!(marks, [true, false]);
}
