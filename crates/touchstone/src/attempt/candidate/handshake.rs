//! From an open link to a device that has proved to be genuine.

use std::time::Duration;

use touchstone_flow::{NotGenuineReason, UpdateTarget};
use touchstone_proto::{
    Error, HIGHEST_VERSION,
    message::Envelope,
    owner::OwnerPublicKey,
    phone::{AppraiseFailure, CredentialForm, Leaf, Session},
};
use touchstone_trust::{LeafError, Refusal, claimed_key};
use zeroize::Zeroizing;

use super::{
    super::{Action, LinkKey},
    CLAIM, Candidate, Context, Happening, Identity, Shortfall, State,
    tags::Tags,
    wire::Wire,
};
use crate::policy::PostQuantum;

/// One draw in 2^32 is not a key.
const EPHEMERAL_TRIES: u8 = 4;
/// One byte; links are told apart by the host.
const C_I: u8 = 0;

impl Candidate {
    /// The link is open: message_1 goes out.
    pub(crate) fn connected(
        &mut self,
        now: Duration,
        key: LinkKey,
        fragment_size: usize,
        context: &Context<'_>,
    ) -> Vec<Happening> {
        let Some((session, hello)) = self.begin(context) else {
            return vec![self.lost("ephemeral key")];
        };
        self.wire = Some(Wire::new(now, key, fragment_size, session));
        self.state = State::AwaitMessage2;
        self.forget_session();
        self.send(now, &hello)
    }

    fn begin(&self, context: &Context<'_>) -> Option<(Session, Envelope)> {
        // A leaf we hold need not travel again.
        let form = if self.identity.is_some() && !self.by_value {
            CredentialForm::ByReference
        } else {
            CredentialForm::ByValue
        };
        (0..EPHEMERAL_TRIES).find_map(|_| {
            let mut ephemeral = Zeroizing::new([0; 32]);
            context.entropy.fill(ephemeral.as_mut());
            match context.post_quantum {
                PostQuantum::Off => Session::start(form, HIGHEST_VERSION, &ephemeral, C_I),
                PostQuantum::Prefer if self.hybrid_refused => {
                    Session::start_after_refusal(form, HIGHEST_VERSION, &ephemeral, C_I)
                }
                PostQuantum::Prefer | PostQuantum::Require => {
                    let mut seed = Zeroizing::new([0; 64]);
                    context.entropy.fill(seed.as_mut());
                    Session::start_hybrid(form, HIGHEST_VERSION, &ephemeral, &seed, C_I)
                }
            }
            .ok()
        })
    }

    /// In place of message_2: the device takes other suites, or so somebody says whom nobody has authenticated. `classical`: the classical one alone.
    pub(super) fn suite_refused(
        &mut self,
        now: Duration,
        classical: bool,
        context: &Context<'_>,
    ) -> Vec<Happening> {
        if context.post_quantum == PostQuantum::Require {
            return vec![self.doubt("hybrid suite refused")];
        }
        // Whoever refuses the classical one as well has the hybrid one after all.
        self.hybrid_refused = classical;
        if !classical {
            return vec![self.lost("suite refused")];
        }
        let (Some((session, hello)), Some(wire)) = (self.begin(context), &mut self.wire) else {
            return vec![self.lost("ephemeral key")];
        };
        wire.session = session;
        self.send(now, &hello)
    }

    /// The certificate has arrived: chain, profile, revocation and signature are checked before the phone says who it is.
    pub(super) fn leaf(&mut self, context: &Context<'_>) -> Result<Vec<Happening>, Error> {
        let Some(wire) = &mut self.wire else {
            return Ok(Vec::new());
        };
        let key = wire.key;
        let der = match (wire.session.leaf(), &self.identity) {
            (Some(Leaf::ByValue(der)), _) => der.to_vec(),
            (Some(Leaf::Reference(_)), Some(identity)) => identity.leaf_der.clone(),
            _ => return Ok(vec![self.lost("unknown leaf")]),
        };
        let leaf = match context.bundle.verify_leaf(&der) {
            Ok(leaf) => leaf,
            Err(refusal) => {
                // Certificates are public: one that is refused says nothing about who showed it, unless its key came along (rule A-g).
                let shown = claimed_key(&der).is_some_and(|key| wire.session.unmask(&der, &key));
                return Ok(vec![match refusal {
                    _ if !shown || self.identity.is_some() => self.doubt("not authentic"),
                    LeafError::Revoked => Happening::Revoked,
                    _ => Happening::NotGenuine(NotGenuineReason::Certificate),
                }]);
            }
        };
        wire.session.authenticate(&der, leaf.key(), leaf.ueid())?;
        let ueid = *leaf.ueid();
        self.expect_nothing();
        if self.ueid().is_some_and(|known| known != ueid) {
            if self.is_bound() {
                // Another device answers under this address. Ours is somewhere else, and what it holds stays with it.
                return Ok(vec![self.lost("another device")]);
            }
            self.become_another();
        }
        self.identity.get_or_insert(Identity {
            leaf_der: der,
            ueid,
            boot_id: None,
        });
        self.by_value = false;
        self.state = State::AwaitOwnerKey;
        let mut happenings = vec![Happening::Identified(key, ueid)];
        if context.post_quantum != PostQuantum::Off {
            let suite = if self.hybrid_refused {
                "classical"
            } else {
                "hybrid"
            };
            happenings.insert(0, Happening::KeyAgreement(suite));
        }
        Ok(happenings)
    }

    /// Whether something of this attempt hangs on the device itself, not on its address.
    fn is_bound(&self) -> bool {
        self.claim.is_some() || self.confirming || self.earlier.is_some() || self.excluded
    }

    fn become_another(&mut self) {
        self.identity = None;
        self.verdict = None;
        self.networks = None;
        self.tags = Tags::default();
        self.forget_touch();
    }

    /// The host has the owner key, durable from now on.
    pub(crate) fn owner(&mut self, owner: OwnerPublicKey, context: &Context<'_>) -> Vec<Happening> {
        let (Some(wire), Some(identity), State::AwaitOwnerKey) =
            (&mut self.wire, &self.identity, self.state)
        else {
            return Vec::new();
        };
        let mut nonce = [0; 16];
        context.entropy.fill(&mut nonce);
        match wire.session.ask_owner(&owner, &nonce) {
            Ok(message) => {
                let action = Action::OwnerSign(wire.key, identity.ueid, message.to_vec());
                self.state = State::AwaitSignature;
                vec![Happening::Act(action)]
            }
            Err(error) => vec![self.failed(error)],
        }
    }

    /// The host has signed: message_3 and PREPARE go out together.
    pub(crate) fn signed(&mut self, now: Duration, signature: &[u8; 64]) -> Vec<Happening> {
        let (Some(wire), State::AwaitSignature) = (&mut self.wire, self.state) else {
            return Vec::new();
        };
        match wire.session.owner_signed(signature) {
            Ok(envelope) => {
                self.state = State::AwaitEvidence;
                self.send(now, &envelope)
            }
            Err(error) => vec![self.failed(error)],
        }
    }

    pub(super) fn evidence(
        &mut self,
        now: Duration,
        context: &Context<'_>,
    ) -> Result<Happening, Error> {
        let (Some(wire), Some(identity)) = (&mut self.wire, &mut self.identity) else {
            return Ok(self.lost("no identity"));
        };
        let (attested, verdict) = match wire.session.appraise(context.bundle) {
            Ok(accepted) => accepted,
            Err(AppraiseFailure::Evidence(error)) => return Err(error),
            Err(AppraiseFailure::Appraiser(refusal)) => return Ok(refused(refusal)),
        };
        // A claim lives within one boot.
        let same_boot = identity.boot_id.replace(*verdict.boot_id()) == Some(*verdict.boot_id());
        let advert_key = wire.session.advert_key();
        if !same_boot {
            self.tags = Tags::default();
            self.arm_stands = false;
        }
        self.tags.session(advert_key);
        // At level L2 nothing of the touch is left: neither did the device keep it, nor was it worth anything yet.
        let uncounted = self.claim.as_ref().is_some_and(|c| c.memory.is_none());
        let touch_is_void = (!same_boot || uncounted) && self.is_touched() && !self.confirming;
        if uncounted && !touch_is_void {
            self.claim = None;
        }
        // The device may have stored what it was asked to before it lost power, or be ours from an earlier day.
        if (same_boot && self.claim.is_some())
            || self.confirming
            || self.earlier.is_some()
            || self.unfinished
        {
            self.claim_until = Some(now + CLAIM);
        }
        self.owned = false;
        self.attested = Some(attested);
        self.verdict = Some(verdict);
        self.state = State::Attested;
        self.doubts = 0;
        self.expect_nothing();
        Ok(if touch_is_void {
            self.claim_until = None;
            Happening::ClaimGone
        } else {
            Happening::Attested
        })
    }
}

fn refused(refusal: Refusal) -> Happening {
    match refusal {
        Refusal::UpdateRequired { .. } | Refusal::VersionTooOld { .. } => {
            Happening::UpdateRequired(UpdateTarget::Device)
        }
        Refusal::Leaf(LeafError::Revoked) => Happening::Revoked,
        // What it lacks says nothing against its being genuine.
        Refusal::NoActuators | Refusal::Level => Happening::LevelUnavailable(Shortfall::Demanded),
        _ => Happening::NotGenuine(NotGenuineReason::Policy),
    }
}
