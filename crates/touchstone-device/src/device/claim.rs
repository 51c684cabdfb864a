//! What an arm and a claim remember.

use core::time::Duration;

use touchstone_proto::{
    advert::AdvertKey,
    credentials::Credentials,
    record::{Level, PressKind, Resumed, ResumedState},
};

use crate::{
    ports::JoinStatus,
    rules::{OwnerKid, contention::Handshake},
};

/// How long a claim lasts without KEEPALIVE.
const CLAIM: Duration = Duration::from_secs(10 * 60);
/// How long IDENTIFY{off} may keep an armed device quiet.
const QUIET: Duration = Duration::from_secs(60);

/// The session that waits for a touch. Outlives its link.
#[derive(Clone)]
pub(crate) struct Arm {
    pub(crate) owner: OwnerKid,
    /// The session in which ARM came.
    pub(crate) handshake: Handshake,
    pub(crate) level: Level,
    pub(crate) h_arm: [u8; 32],
    /// Names the set-up if this arm is answered.
    pub(crate) commit_id: [u8; 16],
    pub(crate) advert_key: AdvertKey,
    /// The latest handshake of this owner.
    pub(crate) since: Duration,
    /// Most handshakes of other keys at one time since ARM.
    pub(crate) highest_others: u8,
    /// The end of the one time this arm may be kept quiet.
    quiet_until: Option<Duration>,
}

impl Arm {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn new(
        owner: OwnerKid,
        handshake: Handshake,
        level: Level,
        h_arm: [u8; 32],
        commit_id: [u8; 16],
        advert_key: AdvertKey,
        since: Duration,
        others: u8,
    ) -> Self {
        Self {
            owner,
            handshake,
            level,
            h_arm,
            commit_id,
            advert_key,
            since,
            highest_others: others,
            quiet_until: None,
        }
    }

    /// Until when the waiting signal may be kept back. Asking again does not prolong it: no phone can make a device wait unnoticed.
    pub(crate) fn quiet_until(&mut self, now: Duration) -> Duration {
        *self.quiet_until.get_or_insert(now.saturating_add(QUIET))
    }
}

/// What one owner key holds, until CONFIRM, RELEASE or too long a silence. In memory only.
pub(crate) struct Claim {
    pub(crate) owner: OwnerKid,
    pub(crate) commit_id: [u8; 16],
    pub(crate) advert_key: AdvertKey,
    /// The touch it comes from; `None` for the stored owner changing its networks.
    pub(crate) touch: Option<TouchMade>,
    pub(crate) since: Duration,
    /// Most handshakes of other keys at one time since ARM.
    pub(crate) highest_others: u8,
    pub(crate) alive_until: Duration,
    pub(crate) credentials: Option<Credentials>,
}

/// The touch behind a claim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TouchMade {
    pub(crate) at: Duration,
    pub(crate) level: Level,
    pub(crate) kind: PressKind,
    pub(crate) h_arm: [u8; 32],
}

impl Claim {
    /// A claim made now, which nothing renews beyond `limit`.
    pub(crate) fn new(
        now: Duration,
        limit: Duration,
        owner: OwnerKid,
        commit_id: [u8; 16],
        advert_key: AdvertKey,
        since: Duration,
    ) -> Self {
        Self {
            owner,
            commit_id,
            advert_key,
            touch: None,
            since,
            highest_others: 0,
            alive_until: now.saturating_add(CLAIM).min(limit),
            credentials: None,
        }
    }

    /// Whether it comes from a touch at level L2 and no credentials have followed it: nothing but the counts speaks for it.
    pub(crate) fn awaits_counts(&self) -> bool {
        self.credentials.is_none() && self.touch.is_some_and(|touch| touch.level == Level::L2)
    }

    /// A KEEPALIVE of its owner.
    pub(crate) fn renew(&mut self, now: Duration, limit: Duration) {
        self.alive_until = self.alive_until.max(now.saturating_add(CLAIM).min(limit));
    }

    /// What a new session of its owner is told.
    pub(crate) fn resumed(
        &self,
        now: Duration,
        join: JoinStatus,
        kind: PressKind,
        contended: u8,
    ) -> Resumed {
        let state = match (&self.credentials, join) {
            (None, _) => ResumedState::Touched,
            (Some(_), JoinStatus::Idle) => ResumedState::Accepted,
            (Some(_), JoinStatus::Connecting) => ResumedState::Joining,
            (Some(_), JoinStatus::Joined { .. } | JoinStatus::NoInternet) => ResumedState::Joined,
            (
                Some(_),
                JoinStatus::WrongPassword | JoinStatus::NetworkNotFound | JoinStatus::DhcpFailed,
            ) => ResumedState::JoinFailed,
        };
        let touch_age = self
            .touch
            .map_or(Duration::ZERO, |touch| now.saturating_sub(touch.at));
        Resumed {
            state,
            level: self.touch.map_or(Level::L1, |touch| touch.level),
            kind: self.touch.map_or(kind, |touch| touch.kind),
            contended: u32::from(self.highest_others.max(contended)),
            touch_age: Duration::from_secs(touch_age.as_secs()),
            h_arm: self.touch.map(|touch| touch.h_arm),
            commit_id: self.commit_id,
        }
    }
}
