//! Claims end or become permanent (rule R-h).

use core::time::Duration;

use touchstone_proto::record::{DeviceRecord, ErrorCode, Status};

use crate::ports::{self, JoinStatus, Ports, Signal, Storage, Stored, Wifi};

use super::{Device, Ownership, claim::Arm, link::Established};

impl<P: Ports> Device<P> {
    /// The arbiter has nobody armed any more: forget the details and be quiet.
    pub(super) fn end_arm(&mut self, tell: Option<Status>) {
        self.arbiter.disarm();
        let Some(Arm { handshake, .. }) = self.arm else {
            return;
        };
        // Dropped where it is, like a claim: it has a key.
        self.arm = None;
        self.stop_waiting();
        self.forget_power_cycle();
        if let (Some(status), Some(slot)) = (tell, self.session_from(handshake)) {
            self.say_status(slot, status);
        }
    }

    /// The claim ends without CONFIRM: the network that it made the device join is left, its credentials are zeroized, and a stored owner's network
    /// is joined again.
    pub(super) fn end_claim(&mut self, tell: Option<Status>) {
        let Some(claim) = &self.claim else { return };
        let owner = claim.owner;
        let had_credentials = claim.credentials.is_some();
        // Dropped where it is: taking it out would leave a copy there.
        self.claim = None;
        self.stop_responding();
        self.plays.give_up();
        if had_credentials {
            self.ports.wifi().leave();
            self.join = JoinStatus::Idle;
            self.join_stored();
        }
        if let (Some(status), Some(slot)) = (tell, self.session_of(&owner)) {
            self.say_status(slot, status);
        }
    }

    fn join_stored(&mut self) {
        if !matches!(self.ownership, Ownership::Owned { .. }) {
            return;
        }
        if let Ok(Some(Stored {
            ownership: Some(ownership),
            ..
        })) = self.ports.storage().load()
        {
            self.ports.wifi().join(&ownership.credentials);
        }
    }

    /// CONFIRM: one write makes owner, credentials and commit_id permanent, or nothing is.
    pub(super) fn confirm(
        &mut self,
        now: Duration,
        slot: usize,
        session: &Established,
        commit_id: [u8; 16],
    ) {
        let held = self
            .claim
            .as_ref()
            .filter(|claim| claim.owner == session.owner && claim.commit_id == commit_id)
            .and_then(|claim| claim.credentials.as_ref());
        let Some(credentials) = held else {
            let again = self.claim.is_none()
                && self.ownership
                    == Ownership::Owned {
                        kid: session.owner,
                        commit_id,
                    };
            if again {
                self.say(slot, &DeviceRecord::Committed { commit_id });
            } else {
                self.unexpected(now, slot);
            }
            return;
        };
        let stored = Stored {
            reset_epoch: self.reset_epoch,
            ownership: Some(ports::Ownership {
                owner_kid: session.owner,
                credentials: credentials.clone(),
                commit_id,
            }),
            power_cycle: None,
        };
        if !self.store(&stored, commit_id) {
            self.say(slot, &DeviceRecord::Error(ErrorCode::Storage));
            return;
        }
        self.claim = None;
        self.stop_responding();
        self.ownership = Ownership::Owned {
            kid: session.owner,
            commit_id,
        };
        self.window.await_acknowledgement(now);
        self.say(slot, &DeviceRecord::Committed { commit_id });
        self.signal(Signal::Chime);
    }

    /// Whether the record is stored. A store that failed may still have written it; then it has to count, or the next boot would know an owner that this
    /// one denied.
    fn store(&mut self, stored: &Stored, commit_id: [u8; 16]) -> bool {
        if self.ports.storage().store(stored).is_ok() {
            return true;
        }
        let new =
            !matches!(self.ownership, Ownership::Owned { commit_id: old, .. } if old == commit_id);
        new && matches!(
            self.ports.storage().load(),
            Ok(Some(Stored { ownership: Some(ownership), .. })) if ownership.commit_id == commit_id
        )
    }

    /// FORGET: the stored owner gives the device away.
    pub(super) fn forget(&mut self, now: Duration, slot: usize, session: &Established) {
        if !self.is_stored_owner(&session.owner) {
            self.unexpected(now, slot);
            return;
        }
        let wiped = Stored {
            reset_epoch: self.reset_epoch,
            ownership: None,
            power_cycle: None,
        };
        if self.ports.storage().store(&wiped).is_err() {
            self.say(slot, &DeviceRecord::Error(ErrorCode::Storage));
            return;
        }
        self.ownership = Ownership::Unowned;
        self.power_cycle.wiped();
        self.end_arm(None);
        self.end_claim(None);
        self.ports.wifi().leave();
        self.join = JoinStatus::Idle;
        self.say_status(slot, Status::UnownedUnclaimed);
    }
}
