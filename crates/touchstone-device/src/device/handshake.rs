//! Fragments in, and the key exchange: whom the device answers (rules R-f and R-g, and the owner lock).

use core::time::Duration;

use touchstone_proto::{
    HIGHEST_VERSION,
    device::Event,
    error::{Error, LocalError},
    evidence::Claims,
    message::{self, Envelope, Message},
    record::{DeniedReason, DeviceRecord},
};
use zeroize::Zeroizing;

use crate::{
    ports::{Entropy, Ports, Presence},
    rules::{OwnerKid, contention::Handshake, count::Count},
};

use super::{
    Device, LINK_SLOTS, Ownership,
    link::{Established, LINGER, Phase},
};

/// The link has to go.
pub(super) struct Drop;

impl From<Error> for Drop {
    fn from(_: Error) -> Self {
        Self
    }
}

/// How often a random scalar is drawn before giving up; one in 2^32 draws is out of range.
const DRAWS: usize = 4;

impl<P: Ports> Device<P> {
    pub(super) fn fragment(
        &mut self,
        now: Duration,
        slot: usize,
        fragment: &[u8],
    ) -> Result<(), Drop> {
        let Some(link) = self.link_mut(slot).filter(|link| !link.is_dropped()) else {
            return Ok(());
        };
        let Some(envelope) = link.framer.receive(fragment).map_err(|_| Drop)? else {
            return Ok(());
        };
        let envelope = Envelope::from_slice(envelope).map_err(|_| Drop)?;
        for message in message::messages(&envelope) {
            self.message(now, slot, message?)?;
        }
        Ok(())
    }

    fn message(&mut self, now: Duration, slot: usize, message: Message<'_>) -> Result<(), Drop> {
        let Some(phase) = self.link(slot).map(|link| link.phase) else {
            return Ok(());
        };
        match phase {
            Phase::Closing | Phase::Dropped => return Ok(()),
            // Before anything is read: an attempt that fails costs as much as one that does not, and silence is silence.
            Phase::AwaitHello if !self.window.is_open(now) || !self.bucket.take(now) => {
                return Err(Drop);
            }
            Phase::AwaitHello | Phase::AwaitMessage3(_) | Phase::Established(_) => {}
        }
        let Some(link) = self.link_mut(slot) else {
            return Ok(());
        };
        match link.session.handle(message) {
            Ok(event) => {
                link.heard = now;
                self.event(now, slot, event)
            }
            // Whatever is not authentic, readable or in its place costs the sender the link; nobody else notices.
            Err(_) => self.farewell(now, slot),
        }
    }

    /// Tells the phone why its link ends, where that is allowed.
    fn farewell(&mut self, now: Duration, slot: usize) -> Result<(), Drop> {
        let silent = !self.window.is_open(now);
        let Some(link) = self.link_mut(slot) else {
            return Ok(());
        };
        let Some(farewell) = link.session.farewell() else {
            return Err(Drop);
        };
        if (silent && link.established().is_none()) || !link.queue(&farewell) {
            return Err(Drop);
        }
        // A refused suite is not the end: the phone may choose another, for another token and within the same 10 s.
        if !link.session.awaits_hello() {
            self.close(slot);
        }
        Ok(())
    }

    fn event(&mut self, now: Duration, slot: usize, event: Event) -> Result<(), Drop> {
        match event {
            Event::Hello { hybrid, .. } => self.hello(now, slot, hybrid),
            Event::Owner { kid, nonce, .. } => self.owner(now, slot, kid, nonce),
            Event::Record(record) => self.record(now, slot, record),
            Event::Reveal {
                counts,
                signal,
                pace,
            } => self.reveal(now, slot, Count::new(counts, signal, pace)),
            _ => Ok(()),
        }
    }

    /// message_1, in the window and with a token taken for it.
    fn hello(&mut self, now: Duration, slot: usize, hybrid: bool) -> Result<(), Drop> {
        self.handshakes = self.handshakes.wrapping_add(1);
        let handshake = Handshake(self.handshakes);
        self.contention.began(now, handshake);
        self.note_contention(now);

        let c_r = u8::try_from(slot).unwrap_or_default();
        let Self {
            links,
            ports,
            identity,
            ..
        } = self;
        let Some(Some(link)) = links.get_mut(slot) else {
            return Ok(());
        };
        link.phase = Phase::AwaitMessage3(handshake);
        for _ in 0..DRAWS {
            let mut ephemeral = Zeroizing::new([0; 32]);
            ports.entropy().fill(ephemeral.as_mut_slice());
            let answer = match hybrid {
                #[cfg(feature = "ml-kem")]
                true => {
                    let mut m = Zeroizing::new([0; 32]);
                    ports.entropy().fill(m.as_mut_slice());
                    let key = ports.factory_key();
                    link.session
                        .message_2_hybrid(&identity.leaf, &ephemeral, &m, c_r, key)
                }
                _ => link
                    .session
                    .message_2(&identity.leaf, &ephemeral, c_r, ports.factory_key()),
            };
            match answer {
                Ok(message_2) if link.queue(&message_2) => return Ok(()),
                Err(Error::Local(LocalError::InvalidSecret)) => {}
                Ok(_) | Err(_) => break,
            }
        }
        Err(Drop)
    }

    /// A valid message_3: the owner lock decides.
    fn owner(
        &mut self,
        now: Duration,
        slot: usize,
        kid: OwnerKid,
        nonce: [u8; 16],
    ) -> Result<(), Drop> {
        let Some(Phase::AwaitMessage3(handshake)) = self.link(slot).map(|link| link.phase) else {
            return Err(Drop);
        };
        self.contention.authenticated(now, handshake, &kid);
        let stored_owner = self.is_stored_owner(&kid);
        if !stored_owner && !self.window.is_open(now) {
            return Err(Drop);
        }
        // The same owner key has moved to a new link: it is neither busy nor contention.
        for other in (0..LINK_SLOTS).filter(|other| *other != slot) {
            let same = self
                .link(other)
                .and_then(super::Link::established)
                .is_some_and(|established| established.owner == kid);
            if same {
                self.drop_link(other);
            }
        }
        if let Some(arm) = self.arm.as_mut().filter(|arm| arm.owner == kid) {
            arm.since = now;
        }
        if let Some(claim) = self.claim.as_mut().filter(|claim| claim.owner == kid) {
            claim.since = now;
        }
        self.note_contention(now);

        let denied = match self.ownership {
            Ownership::Unknown => Some(DeniedReason::Locked),
            Ownership::Owned { .. } if !stored_owner => Some(DeniedReason::Owned),
            Ownership::Owned { .. } | Ownership::Unowned => None,
        };
        let claims = self.claims(nonce);
        let Self { links, ports, .. } = self;
        let Some(Some(link)) = links.get_mut(slot) else {
            return Ok(());
        };
        link.phase = Phase::Established(Established {
            handshake,
            owner: kid,
            since: now,
            refused: false,
            wants_networks: false,
        });
        let message_4 = match denied {
            None => link.session.message_4(&claims, ports.factory_key())?,
            Some(reason) => link.session.refuse(reason)?,
        };
        if denied.is_some() {
            if !link.queue(&message_4) {
                return Err(Drop);
            }
            self.refused(now, slot);
            return Ok(());
        }
        self.welcome(now, slot, &kid, message_4)
    }

    /// message_4, and with it what an owner that was here before has to know before it asks for anything.
    fn welcome(
        &mut self,
        now: Duration,
        slot: usize,
        kid: &OwnerKid,
        message_4: Envelope,
    ) -> Result<(), Drop> {
        let committed = match self.ownership {
            Ownership::Owned {
                kid: stored,
                commit_id,
            } if stored == *kid => Some(DeviceRecord::Committed { commit_id }),
            _ => None,
        };
        let advert_key = self.link(slot).and_then(|link| link.session.k_adv());
        let claim = self.claim.as_mut().filter(|claim| claim.owner == *kid);
        let resumed = claim.is_some();
        if let (Some(claim), Some(advert_key)) = (claim, advert_key) {
            claim.advert_key = advert_key;
        }
        let resumed = resumed.then(|| self.resumed()).flatten();
        let link = self.link_mut(slot).ok_or(Drop)?;
        let mut envelope = message_4;
        for record in [&committed, &resumed].into_iter().flatten() {
            let sealed = link.session.seal(record)?;
            envelope = message::join(&envelope, &sealed).map_err(|_| Drop)?;
        }
        if let Some(touch) = self.power_cycled(now, slot, kid)? {
            envelope = message::join(&envelope, &touch).map_err(|_| Drop)?;
        }
        let link = self.link_mut(slot).ok_or(Drop)?;
        if !link.queue(&envelope) {
            return Err(Drop);
        }
        if resumed.is_some() {
            self.say_joining(slot);
        }
        Ok(())
    }

    /// The session was told that it is over; what crosses that on the way is still read.
    pub(super) fn refused(&mut self, now: Duration, slot: usize) {
        if let Some(link) = self.link_mut(slot) {
            link.closes_at = Some(now.saturating_add(LINGER));
            if let Some(established) = link.established_mut() {
                established.refused = true;
            }
        }
    }

    fn claims(&mut self, nonce: [u8; 16]) -> Claims {
        let presence = self.ports.presence().kinds();
        let max_level = self.highest_level();
        Claims {
            nonce,
            ueid: self.identity.ueid,
            model_class: self.identity.model_class,
            secure_boot: self.identity.secure_boot,
            debug_status: self.identity.debug_status,
            boot_id: self.boot_id,
            firmware: self.identity.firmware,
            reset_epoch: self.reset_epoch,
            presence,
            actuators: self.identity.actuators,
            max_level,
            highest_version: HIGHEST_VERSION,
            boot_count: self.identity.boot_count,
        }
    }
}
