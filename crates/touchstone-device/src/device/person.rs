//! The person: presses, the reset gesture, and what the device shows, sounds or vibrates.

use core::time::Duration;

use touchstone_proto::record::{DeviceRecord, Status};
use zeroize::Zeroizing;

use crate::{
    ports::{Entropy, Indicator, JoinStatus, Ports, Presence, Signal, Storage, Stored, Wifi},
    rules::{
        OwnerKid, arm::Arbiter, button::Press, contention::Contention, rhythm::Rhythm,
        window::Window,
    },
};

use super::{
    Device, LINK_SLOTS, Ownership,
    claim::{Claim, TouchMade},
    link::Established,
};

/// While armed, the waiting signal is given this often: well within the ten seconds that it must not exceed.
const WAITING_EVERY: Duration = Duration::from_secs(8);
/// No phone can make it come sooner after the last one: the signals counted at level L2 are at most 1.3 s apart, and these must never be taken for them.
const WAITING_PAUSE: Duration = Duration::from_secs(4);
const RESPOND_EVERY: Duration = Duration::from_secs(2);
/// How long one IDENTIFY{respond} lasts; the phone may ask again.
const RESPOND_FOR: Duration = Duration::from_secs(30);
/// How long a response that was stopped for the second time since the touch stays away. Once is a link that was lost; three runs would be three groups.
const RESPOND_AGAIN: Duration = Duration::from_secs(30);

/// A response under way.
pub(super) struct Response {
    pub(super) rhythm: Rhythm,
    /// A signal was given.
    begun: bool,
    /// Whom it answers.
    pub(super) owner: OwnerKid,
    /// When that session was authenticated.
    pub(super) since: Duration,
}

impl<P: Ports> Device<P> {
    /// Looks at the button.
    pub(super) fn sense(&mut self, now: Duration) {
        let pressed = self.ports.presence().is_pressed();
        match self.button.sample(now, pressed) {
            Some(Press::Began { began }) => self.pressed(now, began),
            Some(Press::Help) => {
                // A person who counts must hear nothing else.
                self.plays.stop();
                self.ports.indicator().signal(Signal::Help);
            }
            Some(Press::HelpEnded) => self.ports.indicator().signal(Signal::Off),
            Some(Press::Reset) => self.reset(now),
            None => {}
        }
    }

    fn pressed(&mut self, now: Duration, began: Duration) {
        self.window = Window::opened(now);
        if self.arbiter.answered_by(began) {
            self.touched(now, began);
        }
    }

    /// The touch answers the arm: its owner key gets the claim, and nobody else can use this touch.
    fn touched(&mut self, now: Duration, began: Duration) {
        let Some(arm) = self.arm.clone() else { return };
        // Dropped where it is: taking it out would leave its key there.
        self.arm = None;
        self.arbiter.touched();
        self.forget_power_cycle();
        self.waiting = None;
        self.respond_from = Duration::ZERO;
        self.respond_stopped = false;
        self.ports.indicator().signal(Signal::TouchAck);

        let kind = self.ports.presence().kind();
        let contended = self.contention.around(now, &arm.owner, arm.since);
        let limit = self.window.limit().unwrap_or(now);
        let mut claim = Claim::new(
            now,
            limit,
            arm.owner,
            arm.commit_id,
            arm.advert_key,
            arm.since,
        );
        claim.highest_others = arm
            .highest_others
            .max(self.contention.others(now, &arm.owner));
        claim.touch = Some(TouchMade {
            at: began,
            level: arm.level,
            kind,
            h_arm: arm.h_arm,
        });
        self.claim = Some(claim);

        if let Some(slot) = self.session_from(arm.handshake) {
            let mut n_d = Zeroizing::new([0; 16]);
            self.ports.entropy().fill(n_d.as_mut_slice());
            let queued = self.link_mut(slot).is_some_and(|link| {
                match link.session.touch(kind, u32::from(contended), &n_d) {
                    Ok(envelope) => link.queue(&envelope),
                    Err(_) => false,
                }
            });
            if !queued {
                self.drop_link(slot);
            }
        } else if let Some(slot) = self.session_of(&arm.owner) {
            // Its link was lost since ARM: the new session cannot confirm a touch made for the old one, only tell of it.
            if let Some(resumed) = self.resumed() {
                self.say(slot, &resumed);
                self.say_joining(slot);
            }
        }
    }

    /// What the claim's owner is told of it.
    pub(super) fn resumed(&mut self) -> Option<DeviceRecord> {
        let kind = self.ports.presence().kind();
        let claim = self.claim.as_ref()?;
        let contended = self.contention.around(self.now, &claim.owner, claim.since);
        let resumed = claim.resumed(self.now, self.join, kind, contended);
        Some(DeviceRecord::Resumed(resumed))
    }

    /// How far the join has come, for a claim with credentials.
    pub(super) fn say_joining(&mut self, slot: usize) {
        let joining = self
            .claim
            .as_ref()
            .is_some_and(|claim| claim.credentials.is_some());
        if joining && let Some(status) = status_of(self.join) {
            self.say_status(slot, status);
        }
    }

    /// The reset gesture: owner and Wi-Fi are wiped, and everybody who was connected has to begin anew.
    pub(super) fn reset(&mut self, now: Duration) {
        let epoch = match self.ownership {
            // Unreadable: perhaps only for the moment.
            Ownership::Unknown => match self.ports.storage().load() {
                Ok(Some(stored)) => stored.reset_epoch,
                Ok(None) | Err(_) => self.reset_epoch,
            },
            Ownership::Owned { .. } | Ownership::Unowned => self.reset_epoch,
        };
        let wiped = Stored {
            reset_epoch: epoch.saturating_add(1),
            ownership: None,
            power_cycle: None,
        };
        if self.ports.storage().store(&wiped).is_err() {
            self.ports.indicator().signal(Signal::Off);
            return;
        }
        self.ownership = Ownership::Unowned;
        self.reset_epoch = wiped.reset_epoch;
        self.power_cycle.wiped();
        self.plays.stop();
        self.end_arm(None);
        self.arbiter = Arbiter::new();
        // Whoever was about has lost link and claim, and counts again with the next handshake. The person's own earlier key is among them.
        self.contention = Contention::new();
        self.end_claim(None);
        for slot in 0..LINK_SLOTS {
            self.drop_link(slot);
        }
        self.ports.wifi().leave();
        self.join = JoinStatus::Idle;
        self.scan = None;
        self.window = Window::opened(now);
        self.ports.indicator().signal(Signal::Chime);
    }

    pub(super) fn start_waiting(&mut self, now: Duration) {
        let mut rhythm = Rhythm::starting(now, WAITING_EVERY, None);
        rhythm.postpone(self.waiting_from);
        self.waiting = Some(rhythm);
    }

    /// It is this device's turn among those that wait.
    pub(super) fn take_turn(&mut self, now: Duration) {
        let sooner = WAITING_EVERY.saturating_sub(WAITING_PAUSE);
        if self.waiting_from.saturating_sub(sooner) <= now
            && let Some(waiting) = &mut self.waiting
        {
            waiting.hurry(now);
        }
    }

    /// The phone speaks: neither it nor the device is to be talked over.
    pub(super) fn hold_signals(&mut self, now: Duration, session: &Established) {
        let armed = self
            .arm
            .as_ref()
            .is_some_and(|arm| arm.handshake == session.handshake);
        if let Some(waiting) = self.waiting.as_mut().filter(|_| armed) {
            waiting.hold(now);
        }
        if let Some(response) = self
            .responding
            .as_mut()
            .filter(|response| response.owner == session.owner)
        {
            // A second gap would make a third group of a phone's choice.
            if response.begun && self.respond_stopped {
                return;
            }
            self.respond_stopped |= response.begun;
            response.rhythm.hold(now);
            self.respond_from = self.respond_from.max(response.rhythm.next());
        }
    }

    pub(super) fn start_responding(&mut self, now: Duration, session: &Established) {
        let until = now.saturating_add(RESPOND_FOR);
        let mut rhythm = Rhythm::starting(now, RESPOND_EVERY, Some(until));
        rhythm.postpone(self.respond_from);
        self.responding = Some(Response {
            rhythm,
            begun: self
                .responding
                .as_ref()
                .is_some_and(|response| response.begun),
            owner: session.owner,
            since: session.since,
        });
    }

    pub(super) fn stop_waiting(&mut self) {
        if self.waiting.take().is_some() {
            self.signal(Signal::Off);
        }
    }

    pub(super) fn stop_responding(&mut self) {
        if let Some(response) = self.responding.take() {
            // Cut short and begun again, it is a group of a phone's choice.
            if response.begun {
                self.respond_from = if self.respond_stopped {
                    self.now.saturating_add(RESPOND_AGAIN)
                } else {
                    self.now
                };
                self.respond_stopped = true;
            }
            self.signal(Signal::Off);
        }
    }

    /// A signal that a phone can cause: none may cut counts that are played, or be counted with them.
    pub(super) fn signal(&mut self, signal: Signal) {
        if self.plays.quiet_until().is_none() {
            self.ports.indicator().signal(signal);
        }
    }

    /// Gives whatever signal is due.
    pub(super) fn give_signals(&mut self, now: Duration) {
        if let Some(signal) = self.plays.due(now) {
            self.ports.indicator().signal(signal);
        }
        if let Some(until) = self.plays.quiet_until() {
            if let Some(waiting) = &mut self.waiting {
                waiting.postpone(until);
            }
            if let Some(response) = &mut self.responding {
                response.rhythm.postpone(until);
            }
        }
        if self.waiting.as_mut().is_some_and(|rhythm| rhythm.due(now)) {
            self.waiting_from = now.saturating_add(WAITING_EVERY);
            self.signal(Signal::Waiting);
        }
        let Some(response) = &mut self.responding else {
            return;
        };
        if response.rhythm.due(now) {
            response.begun = true;
            self.respond_from = now.saturating_add(RESPOND_EVERY);
            self.signal(Signal::Respond);
        } else if response.rhythm.ended(now) {
            // Half a minute of it is no group.
            self.responding = None;
            self.signal(Signal::Off);
        }
    }
}

/// What a join status is on the wire.
pub(super) fn status_of(join: JoinStatus) -> Option<Status> {
    match join {
        JoinStatus::Idle => None,
        JoinStatus::Connecting => Some(Status::Connecting),
        JoinStatus::WrongPassword => Some(Status::WrongPassword),
        JoinStatus::NetworkNotFound => Some(Status::NetworkNotFound),
        JoinStatus::DhcpFailed => Some(Status::DhcpFailed),
        JoinStatus::NoInternet => Some(Status::NoInternet),
        JoinStatus::Joined { address } => Some(Status::Joined { address }),
    }
}
