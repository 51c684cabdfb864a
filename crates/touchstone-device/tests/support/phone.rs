//! The phone's side of one link, as dumb as it can be.

use std::collections::VecDeque;

use p256::{
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
};
use touchstone_device::LinkId;
use touchstone_proto::{
    HIGHEST_VERSION,
    credentials::Credentials,
    evidence::{Appraiser, Claims},
    frame::{FrameError, Framer},
    message,
    owner::OwnerPublicKey,
    phone::{Attested, Confirmed, CredentialForm, Event, Session, TouchMemory, Touched},
    record::{DeniedReason, ErrorCode, Level, Resumed, SeenNetworks, Status},
};

use super::{LEAF, TestKey, UEID};

/// What a phone heard.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Evidence,
    Refused(DeniedReason),
    Armed { epoch: u32 },
    Denied(DeniedReason),
    Networks(SeenNetworks),
    Touched { contended: u32 },
    PowerCycled { contended: u32 },
    TouchedToCount { contended: u32 },
    Resumed(Resumed),
    Status(Status),
    Committed([u8; 16]),
    Released,
    KeepAlive,
    Error(ErrorCode),
}

/// Accepts everything: these tests are about the device.
struct Gullible;

impl Appraiser for Gullible {
    type Verdict = ();
    type Error = core::convert::Infallible;

    fn appraise(&self, _: &[u8], _: &Claims) -> Result<(), Self::Error> {
        Ok(())
    }
}

pub(crate) struct Phone {
    pub(crate) link: LinkId,
    pub(crate) session: Session,
    pub(crate) heard: Vec<Heard>,
    pub(crate) attested: Option<Attested>,
    pub(crate) touched: Option<Touched>,
    pub(crate) memory: Option<TouchMemory>,
    pub(crate) claims: Option<Claims>,
    /// Its link is gone.
    pub(crate) lost: bool,
    /// Its session has failed.
    pub(crate) failed: bool,
    /// It stops before message_3.
    pub(crate) stalls: bool,
    arms: u8,
    owner: SigningKey,
    device_key: [u8; 65],
    framer: Framer,
    outbox: VecDeque<Vec<u8>>,
}

impl Phone {
    pub(crate) fn new(owner: u8, link: LinkId, fragment_size: usize, device_key: &TestKey) -> Self {
        let mut ephemeral = [owner; 32];
        ephemeral[31] = link.0 as u8;
        let (session, hello) =
            Session::start(CredentialForm::ByValue, HIGHEST_VERSION, &ephemeral, 7).unwrap();
        let mut phone = Self {
            link,
            session,
            heard: Vec::new(),
            attested: None,
            touched: None,
            memory: None,
            claims: None,
            lost: false,
            failed: false,
            stalls: false,
            arms: 0,
            owner: SigningKey::from_slice(&[owner; 32]).unwrap(),
            device_key: device_key.public(),
            framer: Framer::new(fragment_size),
            outbox: VecDeque::new(),
        };
        phone.send(&hello);
        phone
    }

    pub(crate) fn owner_key(&self) -> OwnerPublicKey {
        let key = p256::PublicKey::from(self.owner.verifying_key());
        OwnerPublicKey::from_sec1(key.to_sec1_point(false).as_bytes()).unwrap()
    }

    pub(crate) fn is_established(&self) -> bool {
        self.attested.is_some() && !self.lost
    }

    pub(crate) fn send(&mut self, envelope: &[u8]) {
        self.outbox.push_back(envelope.to_vec());
    }

    pub(crate) fn transmit(&mut self, out: &mut [u8]) -> Option<usize> {
        while let Some(envelope) = self.outbox.front() {
            match self.framer.send(envelope) {
                Ok(()) => {
                    self.outbox.pop_front();
                }
                Err(FrameError::Full) => break,
                Err(error) => panic!("{error}"),
            }
        }
        self.framer.poll_transmit(out)
    }

    pub(crate) fn receive(&mut self, fragment: &[u8]) {
        let Some(envelope) = self.framer.receive(fragment).expect("malformed fragment") else {
            return;
        };
        let envelope = envelope.to_vec();
        for message in message::messages(&envelope) {
            match self.session.handle(message.expect("malformed envelope")) {
                Ok(event) => self.event(event),
                Err(error) => {
                    self.failed = true;
                    panic!("the device sent something wrong: {error}");
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        let heard = match event {
            Event::Leaf => {
                if !self.stalls {
                    self.answer();
                }
                return;
            }
            Event::Evidence(claims) => {
                self.claims = Some(claims);
                self.attested = Some(self.session.appraise(&Gullible).unwrap().0);
                Heard::Evidence
            }
            Event::Refused(reason) => Heard::Refused(reason),
            Event::Armed { epoch, .. } => {
                self.memory = self.session.touch_memory();
                Heard::Armed { epoch }
            }
            Event::Denied(reason) => Heard::Denied(reason),
            Event::Networks(networks) => Heard::Networks(networks),
            Event::Touched {
                touched,
                memory,
                contended,
                ..
            } => {
                self.touched = Some(touched);
                self.memory = Some(memory);
                Heard::Touched { contended }
            }
            Event::PowerCycled { contended } => Heard::PowerCycled { contended },
            Event::TouchedToCount { contended, .. } => Heard::TouchedToCount { contended },
            Event::Resumed(resumed) => Heard::Resumed(resumed),
            Event::Status(status) => Heard::Status(status),
            Event::Committed { commit_id } => Heard::Committed(commit_id),
            Event::Released => Heard::Released,
            Event::KeepAlive { .. } => Heard::KeepAlive,
            Event::PeerError(code) => Heard::Error(code),
            _ => return,
        };
        self.heard.push(heard);
    }

    /// message_3.
    fn answer(&mut self) {
        self.session
            .authenticate(&LEAF, &self.device_key, &UEID)
            .unwrap();
        let owner = self.owner_key();
        let to_be_signed = self.session.ask_owner(&owner, &[0xaa; 16]).unwrap();
        let signature: Signature = self.owner.sign(to_be_signed);
        let signature: [u8; 64] = signature.to_bytes().into();
        let envelope = self.session.owner_signed(&signature).unwrap();
        self.send(&envelope);
    }

    /// Goes on after stalling.
    pub(crate) fn go_on(&mut self) {
        self.stalls = false;
        self.answer();
    }

    pub(crate) fn arm(&mut self, level: Level) {
        let attested = self.attested.as_ref().expect("not attested");
        let envelope = self
            .session
            .arm(attested, level, &[self.link.0 as u8 ^ self.arms; 16])
            .unwrap();
        self.arms = self.arms.wrapping_add(0x11);
        self.send(&envelope);
    }

    /// CRED, the first or a corrected one.
    pub(crate) fn credentials(&mut self, credentials: &Credentials) {
        let envelope = match (self.attested.take(), self.touched.take()) {
            (Some(attested), Some(touched)) => self.session.send_credentials(
                attested,
                touched,
                Confirmed::by_the_persons_press(),
                credentials,
            ),
            _ => self.session.correct_credentials(credentials),
        }
        .unwrap();
        self.send(&envelope);
    }

    /// Takes up the power cycle that answers the ARM of `earlier`.
    pub(crate) fn take_up(&mut self, memory: &TouchMemory) {
        let (touched, memory) = self.session.take_up_power_cycle(memory).unwrap();
        self.touched = Some(touched);
        self.memory = Some(memory);
    }

    /// Takes up the touch that `earlier` asked for.
    pub(crate) fn resume(&mut self, memory: &TouchMemory, resumed: &Resumed) {
        self.touched = Some(self.session.resume_touched(memory, resumed).unwrap());
    }
}
