//! A device and its phones in virtual time, over ports in memory.

mod phone;
mod ports;

use std::time::Duration;

use touchstone_device::{
    Device, Identity, LinkId, Suites,
    ports::{JoinStatus, Signal},
};
use touchstone_proto::{
    credentials::{Credentials, Network, Security},
    evidence::{DebugStatus, FirmwareVersion},
    record::{Actuator, Actuators, IdentifyMode, Level, Pace, PressKind, ReleaseReason},
};

pub(crate) use phone::{Heard, Phone};
pub(crate) use ports::{ADDRESS, Handle, StorageFault, TestKey, TestPorts};

pub(crate) const UEID: [u8; 17] = [0x01, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
pub(crate) const LEAF: [u8; 300] = [0x30; 300];
/// Fragment size of ATT_MTU 247.
pub(crate) const FRAGMENT: usize = 242;

pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn identity(boot_count: u32) -> Identity {
    Identity {
        leaf: LEAF.iter().copied().collect(),
        ueid: UEID,
        model_class: 0x0102,
        firmware: FirmwareVersion {
            major: 1,
            minor: 2,
            patch: 3,
        },
        secure_boot: true,
        debug_status: DebugStatus::DisabledPermanently,
        actuators: Actuators {
            sound: true,
            light: true,
            vibration: false,
        },
        max_level: Level::L2,
        boot_count,
        short_boots: 0,
        suites: Suites::default(),
    }
}

pub(crate) fn network(ssid: &str, passphrase: &str) -> Credentials {
    let network =
        Network::personal(ssid.as_bytes(), Security::Wpa2Psk, passphrase.as_bytes()).unwrap();
    Credentials::new([network]).unwrap()
}

/// A device, the world behind its ports, and every phone that ever connected.
pub(crate) struct Room {
    pub(crate) now: Duration,
    pub(crate) device: Device<TestPorts>,
    pub(crate) world: Handle,
    pub(crate) phones: Vec<Phone>,
    key: TestKey,
    boots: u32,
    /// What the firmware tells the next boots of those before them.
    pub(crate) short_boots: u32,
    links: u32,
}

/// Index into [`Room::phones`].
pub(crate) type Who = usize;

impl Room {
    /// A device that has just been switched on, its button released.
    pub(crate) fn new() -> Self {
        Self::with_world(Handle::new(1))
    }

    pub(crate) fn with_world(world: Handle) -> Self {
        let key = TestKey::new(0x77);
        let now = s(1_000);
        let device = Device::new(identity(1), TestPorts::new(key.clone(), &world), now);
        let mut room = Self {
            now,
            device,
            world,
            phones: Vec::new(),
            key,
            boots: 1,
            short_boots: 0,
            links: 0,
        };
        room.wait(ms(100));
        room
    }

    /// The same with a device that has no button: it is switched off and on.
    pub(crate) fn without_button() -> Self {
        let world = Handle::new(1);
        world.with(|world| world.kind = PressKind::PowerCycle);
        Self::with_world(world)
    }

    /// A device with this identity.
    #[allow(dead_code)]
    pub(crate) fn with_identity(identity: Identity) -> Self {
        let mut room = Self::new();
        let ports = TestPorts::new(room.key.clone(), &room.world);
        room.device = Device::new(identity, ports, room.now);
        room.wait(ms(100));
        room
    }

    /// Power goes and comes back: all links break, and only storage survives.
    pub(crate) fn power_cut(&mut self) {
        for phone in &mut self.phones {
            phone.lost = true;
        }
        self.boots += 1;
        self.world.with(|world| world.join = JoinStatus::Idle);
        let ports = TestPorts::new(self.key.clone(), &self.world);
        let identity = Identity {
            short_boots: self.short_boots,
            ..identity(self.boots)
        };
        self.device = Device::new(identity, ports, self.now);
        self.wait(ms(100));
    }

    /// Connects the phone with this owner key and lets the handshake run as far as it goes.
    pub(crate) fn connect(&mut self, owner: u8) -> Who {
        let who = self.dial(owner, FRAGMENT);
        self.settle();
        who
    }

    /// The same, and fails unless the session is established.
    pub(crate) fn session(&mut self, owner: u8) -> Who {
        let who = self.connect(owner);
        assert!(self.phones[who].is_established(), "no session");
        self.phones[who]
            .heard
            .retain(|heard| *heard != Heard::Evidence);
        who
    }

    /// Connects; message_1 waits in the phone.
    pub(crate) fn dial(&mut self, owner: u8, fragment_size: usize) -> Who {
        self.links += 1;
        let link = LinkId(self.links);
        let mut phone = Phone::new(owner, link, fragment_size, &self.key);
        phone.lost = !self.device.connected(self.now, link, fragment_size);
        self.phones.push(phone);
        self.phones.len() - 1
    }

    /// Breaks a link; both sides notice.
    pub(crate) fn hang_up(&mut self, who: Who) {
        self.phones[who].lost = true;
        self.device.disconnected(self.now, self.phones[who].link);
        self.settle();
    }

    /// Exchanges fragments until nothing moves, without any time passing.
    pub(crate) fn settle(&mut self) {
        loop {
            self.device.poll(self.now);
            let mut moved = false;
            for who in 0..self.phones.len() {
                moved |= self.exchange(who);
            }
            while let Some(link) = self.device.poll_disconnect() {
                for phone in self.phones.iter_mut().filter(|phone| phone.link == link) {
                    phone.lost = true;
                }
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    fn exchange(&mut self, who: Who) -> bool {
        let mut moved = false;
        let mut buffer = [0; 512];
        let phone = &mut self.phones[who];
        while !phone.lost
            && let Some(length) = phone.transmit(&mut buffer)
        {
            moved = true;
            self.device
                .received(self.now, phone.link, &buffer[..length]);
        }
        while !phone.lost
            && let Some(length) = self.device.poll_transmit(phone.link, &mut buffer)
        {
            moved = true;
            phone.receive(&buffer[..length]);
        }
        moved
    }

    /// Lets time pass, as far as the device's own timers go step by step.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.settle();
        for _ in 0..100_000 {
            match self.device.poll_timeout() {
                Some(due) if due < end => {
                    assert!(due > self.now, "a timer that does not run out");
                    self.now = due;
                    self.settle();
                }
                _ => {
                    self.now = end;
                    self.settle();
                    return;
                }
            }
        }
        panic!("the timers do not end");
    }

    /// Lets time pass while this phone keeps its session alive.
    pub(crate) fn keep(&mut self, who: Who, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.keep_alive(who);
            self.wait((end - self.now).min(s(10)));
        }
    }

    /// Presses the button for as long as this, and releases it.
    pub(crate) fn press(&mut self, duration: Duration) {
        self.hold(true);
        self.wait(duration);
        self.hold(false);
        self.wait(ms(60));
    }

    /// Sets the raw level of the button.
    pub(crate) fn hold(&mut self, pressed: bool) {
        self.world.with(|world| world.pressed = pressed);
        self.settle();
    }

    /// An ordinary touch, at a person's pace.
    pub(crate) fn touch(&mut self) {
        self.wait(s(1));
        self.press(ms(120));
    }

    pub(crate) fn arm(&mut self, who: Who) {
        self.arm_at(who, Level::L1);
    }

    pub(crate) fn arm_at(&mut self, who: Who, level: Level) {
        self.phones[who].arm(level);
        self.settle();
    }

    #[allow(dead_code)]
    pub(crate) fn reveal(&mut self, who: Who, signal: Actuator, pace: Pace) {
        let envelope = self.phones[who].session.reveal(signal, pace).unwrap();
        self.phones[who].send(&envelope);
        self.settle();
    }

    pub(crate) fn identify(&mut self, who: Who, mode: IdentifyMode) {
        let envelope = self.phones[who].session.identify(mode).unwrap();
        self.phones[who].send(&envelope);
        self.settle();
    }

    pub(crate) fn keep_alive(&mut self, who: Who) {
        let envelope = self.phones[who].session.keep_alive().unwrap();
        self.phones[who].send(&envelope);
        self.settle();
    }

    pub(crate) fn rescan(&mut self, who: Who) {
        let envelope = self.phones[who].session.rescan().unwrap();
        self.phones[who].send(&envelope);
        self.settle();
    }

    pub(crate) fn forget(&mut self, who: Who) {
        let envelope = self.phones[who].session.forget().unwrap();
        self.phones[who].send(&envelope);
        self.settle();
    }

    pub(crate) fn release(&mut self, who: Who, reason: ReleaseReason) {
        let envelope = self.phones[who].session.release(reason).unwrap();
        self.phones[who].send(&envelope);
        self.settle();
    }

    pub(crate) fn credentials(&mut self, who: Who, credentials: &Credentials) {
        self.phones[who].credentials(credentials);
        self.settle();
    }

    pub(crate) fn confirm(&mut self, who: Who) {
        let envelope = self.phones[who].session.confirm().unwrap();
        self.phones[who].send(&envelope);
        self.settle();
    }

    /// The Wi-Fi reports something.
    pub(crate) fn wifi(&mut self, join: JoinStatus) {
        self.world.with(|world| world.join = join);
        self.settle();
    }

    /// What a phone heard since it was last asked.
    pub(crate) fn heard(&mut self, who: Who) -> Vec<Heard> {
        std::mem::take(&mut self.phones[who].heard)
    }

    pub(crate) fn is_lost(&self, who: Who) -> bool {
        self.phones[who].lost
    }

    /// How often the device gave this signal since signals were last taken.
    pub(crate) fn count(&self, signal: Signal) -> usize {
        self.world.with(|world| {
            world
                .signals
                .iter()
                .filter(|given| **given == signal)
                .count()
        })
    }

    /// An armed session.
    pub(crate) fn armed(&mut self, owner: u8) -> Who {
        let who = self.session(owner);
        self.arm(who);
        let heard = self.heard(who);
        assert!(
            heard
                .iter()
                .any(|heard| matches!(heard, Heard::Armed { .. })),
            "{heard:?}"
        );
        who
    }

    /// A session that holds the claim.
    pub(crate) fn touched(&mut self, owner: u8) -> Who {
        let who = self.armed(owner);
        self.touch();
        assert_eq!(self.heard(who), [Heard::Touched { contended: 0 }]);
        who
    }

    /// A session whose L2 touch waits for the counts.
    #[allow(dead_code)]
    pub(crate) fn touched_at_l2(&mut self, owner: u8) -> Who {
        let who = self.session(owner);
        self.arm_at(who, Level::L2);
        self.touch();
        let heard = self.heard(who);
        assert!(
            matches!(
                heard[..],
                [Heard::Armed { .. }, Heard::TouchedToCount { .. }]
            ),
            "{heard:?}"
        );
        who
    }

    /// A session whose credentials were accepted and joined.
    pub(crate) fn joined(&mut self, owner: u8) -> Who {
        let who = self.touched(owner);
        self.credentials(who, &network("Home", "correct horse"));
        self.wifi(JoinStatus::Joined { address: ADDRESS });
        self.heard(who);
        who
    }

    /// An owned device, and the session that made it so.
    pub(crate) fn owned(&mut self, owner: u8) -> Who {
        let who = self.joined(owner);
        self.confirm(who);
        assert!(matches!(self.heard(who)[..], [Heard::Committed(_)]));
        who
    }

    /// How often the factory key was used.
    #[allow(dead_code)]
    pub(crate) fn signatures(&self) -> usize {
        self.key.signatures()
    }

    /// SSID of what is stored.
    pub(crate) fn stored_ssid(&self) -> Option<Vec<u8>> {
        self.world.with(|world| {
            let ownership = world.stored.as_ref()?.ownership.as_ref()?;
            Some(
                ownership.credentials.networks()[0]
                    .ssid()
                    .as_bytes()
                    .to_vec(),
            )
        })
    }
}
