//! The device role itself: where bytes, time and ports meet the rules.

use core::time::Duration;

use touchstone_proto::{
    HIGHEST_VERSION,
    advert::{self, Advert, AdvertFlags},
    device::Session,
    record::{DeviceRecord, Level, Status},
};

use crate::{
    identity::Identity,
    ports::{Entropy, JoinStatus, Ports, Storage, Wifi},
    rules::{
        OwnerKid,
        arm::Arbiter,
        bucket::{self, Bucket},
        button::Button,
        contention::{Contention, Handshake},
        count::Plays,
        rhythm::Rhythm,
        window::Window,
    },
};

use claim::{Arm, Claim};
use link::{Established, FAREWELL, Link, Phase};
pub use link::{LINK_SLOTS, LinkId};
use person::Response;
use power_cycle::PowerCycle;

mod claim;
mod commit;
mod handshake;
mod link;
mod person;
mod power_cycle;
mod records;
mod timers;

/// A device in the device role of TS/1, sans I/O, from one power-on to the next.
///
/// A power cut is dropping it; the next boot is a new one over the same [`Storage`]. `now` is the time since any origin that stays the same for
/// one `Device`; a time before the latest one counts as the latest one.
pub struct Device<P: Ports> {
    ports: P,
    identity: Identity,
    boot_id: [u8; 8],
    /// The advertised epoch at time zero.
    epoch_base: u32,
    now: Duration,
    ownership: Ownership,
    reset_epoch: u32,
    window: Window,
    bucket: Bucket,
    button: Button,
    arbiter: Arbiter,
    contention: Contention,
    handshakes: u32,
    /// Set exactly while the arbiter has somebody armed.
    arm: Option<Arm>,
    claim: Option<Claim>,
    power_cycle: PowerCycle,
    links: [Option<Link>; LINK_SLOTS],
    scan: Option<touchstone_proto::record::SeenNetworks>,
    scanning: bool,
    /// What was last reported about joining.
    join: JoinStatus,
    waiting: Option<Rhythm>,
    responding: Option<Response>,
    plays: Plays,
    /// The earliest time of the next signal of its kind: no phone shapes a pattern out of them.
    waiting_from: Duration,
    respond_from: Duration,
    /// A response to the latest touch was cut short.
    respond_stopped: bool,
}

/// Whose the device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ownership {
    Unowned,
    Owned {
        kid: OwnerKid,
        commit_id: [u8; 16],
    },
    /// Storage could not be read. Not the same as unowned: nobody can take the device over by damaging its storage.
    Unknown,
}

impl<P: Ports> Device<P> {
    /// A device that has just been powered on; an owned one starts joining its network.
    #[must_use]
    pub fn new(identity: Identity, mut ports: P, now: Duration) -> Self {
        let mut boot_id = [0; 8];
        let mut epoch = [0; 4];
        ports.entropy().fill(&mut boot_id);
        ports.entropy().fill(&mut epoch);
        let mut awaited = None;
        let (ownership, reset_epoch) = match ports.storage().load() {
            Ok(None) => (Ownership::Unowned, 0),
            Ok(Some(stored)) => {
                awaited = stored.power_cycle;
                match stored.ownership {
                    None => (Ownership::Unowned, stored.reset_epoch),
                    Some(ownership) => {
                        ports.wifi().join(&ownership.credentials);
                        let owned = Ownership::Owned {
                            kid: ownership.owner_kid,
                            commit_id: ownership.commit_id,
                        };
                        (owned, stored.reset_epoch)
                    }
                }
            }
            Err(_) => (Ownership::Unknown, 0),
        };
        let power_cycle = PowerCycle::at_power_on(now, identity.boot_count, awaited);
        let mut device = Self {
            ports,
            identity,
            boot_id,
            epoch_base: u32::from_be_bytes(epoch),
            now,
            ownership,
            reset_epoch,
            window: Window::opened(now),
            bucket: Bucket::full(now, bucket::HANDSHAKES),
            button: Button::new(),
            arbiter: Arbiter::new(),
            contention: Contention::new(),
            handshakes: 0,
            arm: None,
            claim: None,
            power_cycle,
            links: [const { None }; LINK_SLOTS],
            scan: None,
            scanning: false,
            join: JoinStatus::Idle,
            waiting: None,
            responding: None,
            plays: Plays::new(),
            waiting_from: Duration::ZERO,
            respond_from: Duration::ZERO,
            respond_stopped: false,
        };
        device.count_power_cycles(now);
        device
    }

    /// A phone has connected and subscribed. `fragment_size` in bytes: see [`touchstone_proto::gatt::fragment_size`]. `false` refuses the link: no free
    /// slot.
    #[must_use]
    pub fn connected(&mut self, now: Duration, link: LinkId, fragment_size: usize) -> bool {
        let now = self.advance(now);
        if let Some(slot) = self.slot_of(link) {
            self.drop_link(slot);
            self.vacate(slot);
        }
        let Some(free) = self.links.iter_mut().find(|slot| slot.is_none()) else {
            return false;
        };
        let session = Session::taking(self.identity.suites());
        *free = Some(Link::new(now, link, fragment_size, session));
        true
    }

    /// The link is gone. What the session held lives on as the rules say.
    pub fn disconnected(&mut self, now: Duration, link: LinkId) {
        self.advance(now);
        if let Some(slot) = self.slot_of(link) {
            self.drop_link(slot);
            self.vacate(slot);
        }
    }

    /// A phone wrote one fragment.
    pub fn received(&mut self, now: Duration, link: LinkId, fragment: &[u8]) {
        let now = self.advance(now);
        // The person first: a press that was there before this fragment must not look younger than what the fragment asks for.
        self.sense(now);
        if let Some(slot) = self.slot_of(link)
            && self.fragment(now, slot, fragment).is_err()
        {
            self.drop_link(slot);
        }
        self.give_signals(now);
        self.pump();
    }

    /// Looks at the ports and runs the timers. The host calls it whenever a port may have changed, and at [`Device::poll_timeout`].
    pub fn poll(&mut self, now: Duration) {
        let now = self.advance(now);
        self.sense(now);
        self.watch_wifi();
        self.give_signals(now);
        self.pump();
    }

    /// When [`Device::poll`] must be called even if nothing changes; may lie in the past, then at once.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.next_deadline()
    }

    /// The next fragment for `link`, written to the front of `out`, which holds at least the link's fragment size.
    pub fn poll_transmit(&mut self, link: LinkId, out: &mut [u8]) -> Option<usize> {
        let slot = self.slot_of(link)?;
        self.pump();
        let link = self.link_mut(slot)?;
        if link.is_dropped() {
            return None;
        }
        link.framer.poll_transmit(out)
    }

    /// A link the device wants ended; each is named once and its slot is then free.
    pub fn poll_disconnect(&mut self) -> Option<LinkId> {
        let slot = self
            .links
            .iter_mut()
            .find(|slot| slot.as_ref().is_some_and(Link::is_dropped))?;
        slot.take().map(|link| link.id)
    }

    /// What to advertise now; `None` outside the window, when the device is silent. The tag changes every second while armed or touched.
    #[must_use]
    pub fn advertisement(&self, now: Duration) -> Option<Advert> {
        let now = self.now.max(now);
        let armed = self.arm.is_some();
        let touched = self
            .claim
            .as_ref()
            .is_some_and(|claim| claim.touch.is_some());
        let window_open = self.window.is_open(now);
        if !window_open && !armed && !touched {
            return None;
        }
        let key = if touched {
            self.claim.as_ref().map(|claim| &claim.advert_key)
        } else {
            self.arm.as_ref().map(|arm| &arm.advert_key)
        };
        let (epoch, tag) = key.map_or((0, [0; 4]), |key| {
            let epoch = self.epoch(now);
            (epoch, advert::tag(key, epoch))
        });
        Some(Advert {
            version: HIGHEST_VERSION,
            flags: AdvertFlags {
                window_open,
                unowned: self.ownership == Ownership::Unowned,
                armed,
                touched,
                l2_capable: self.identity.highest_level() >= Level::L2,
            },
            model_class: self.identity.model_class,
            epoch,
            tag,
        })
    }

    /// Whether another link would be accepted: advertise connectably only then.
    #[must_use]
    pub fn has_free_slot(&self) -> bool {
        self.links.iter().any(Option::is_none)
    }

    /// The ports.
    pub fn ports(&self) -> &P {
        &self.ports
    }

    /// The ports.
    pub fn ports_mut(&mut self) -> &mut P {
        &mut self.ports
    }

    /// Ends this boot, as a power cut does, and gives the ports back.
    #[must_use]
    pub fn into_ports(self) -> P {
        self.ports
    }

    fn epoch(&self, now: Duration) -> u32 {
        let seconds = u32::try_from(now.as_secs() & u64::from(u32::MAX)).unwrap_or_default();
        self.epoch_base.wrapping_add(seconds)
    }

    fn owner_kid(&self) -> Option<&OwnerKid> {
        match &self.ownership {
            Ownership::Owned { kid, .. } => Some(kid),
            Ownership::Unowned | Ownership::Unknown => None,
        }
    }

    fn is_stored_owner(&self, kid: &OwnerKid) -> bool {
        self.owner_kid() == Some(kid)
    }

    fn slot_of(&self, id: LinkId) -> Option<usize> {
        self.links
            .iter()
            .position(|slot| slot.as_ref().is_some_and(|link| link.id == id))
    }

    fn link(&self, slot: usize) -> Option<&Link> {
        self.links.get(slot)?.as_ref()
    }

    fn link_mut(&mut self, slot: usize) -> Option<&mut Link> {
        self.links.get_mut(slot)?.as_mut()
    }

    fn vacate(&mut self, slot: usize) {
        if let Some(slot) = self.links.get_mut(slot) {
            *slot = None;
        }
    }

    /// Ends a link from this side, and its session with it. An arm or a claim made in it stays, except at level L2.
    fn drop_link(&mut self, slot: usize) {
        let now = self.now;
        let Some(link) = self.link_mut(slot) else {
            return;
        };
        let phase = link.phase;
        link.end();
        self.session_ended(now, phase);
    }

    /// The same, as soon as what is queued has had time to leave.
    fn close(&mut self, slot: usize) {
        let now = self.now;
        let Some(link) = self.link_mut(slot) else {
            return;
        };
        let phase = link.phase;
        link.phase = Phase::Closing;
        link.closes_at = Some(now.saturating_add(FAREWELL));
        link.session = Session::new();
        self.session_ended(now, phase);
    }

    fn session_ended(&mut self, now: Duration, phase: Phase) {
        match phase {
            Phase::AwaitMessage3(handshake) => self.contention.ended(now, handshake),
            Phase::Established(session) => self.end_level_2(&session),
            Phase::AwaitHello | Phase::Closing | Phase::Dropped => {}
        }
    }

    /// Level L2 never survives its session: neither an arm, nor a touch for which no credentials were accepted.
    fn end_level_2(&mut self, session: &Established) {
        let is_armed = |arm: &Arm| arm.level == Level::L2 && arm.handshake == session.handshake;
        if self.arm.as_ref().is_some_and(is_armed) {
            self.end_arm(None);
        }
        let is_touched = |claim: &Claim| claim.awaits_counts() && claim.owner == session.owner;
        if self.claim.as_ref().is_some_and(is_touched) {
            self.end_claim(None);
        }
    }

    /// The live session of `owner`.
    fn session_of(&self, owner: &OwnerKid) -> Option<usize> {
        self.slot_where(|established| established.owner == *owner)
    }

    /// The live session that came out of `handshake`.
    fn session_from(&self, handshake: Handshake) -> Option<usize> {
        self.slot_where(|established| established.handshake == handshake)
    }

    fn slot_where(&self, matches: impl Fn(&Established) -> bool) -> Option<usize> {
        self.links.iter().position(|slot| {
            slot.as_ref()
                .and_then(Link::established)
                .is_some_and(&matches)
        })
    }

    /// Seals a record and queues it. A session that cannot take it any more is lost with its link.
    fn say(&mut self, slot: usize, record: &DeviceRecord) {
        let Some(link) = self.link_mut(slot) else {
            return;
        };
        let queued = match link.session.seal(record) {
            Ok(envelope) => link.queue(&envelope),
            Err(_) => false,
        };
        if !queued {
            self.drop_link(slot);
        }
    }

    fn say_status(&mut self, slot: usize, status: Status) {
        self.say(slot, &DeviceRecord::Status(status));
    }

    fn pump(&mut self) {
        for slot in 0..LINK_SLOTS {
            if let Some(link) = self.link_mut(slot)
                && !link.is_dropped()
                && !link.pump()
            {
                self.drop_link(slot);
            }
        }
    }
}
