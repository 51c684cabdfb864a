//! A phone, a device and the keys of both, without I/O.

#![allow(dead_code)]

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_proto::{
    credentials::{Credentials, Network, Security},
    device::{self, EdhocToBeSigned, EvidenceToBeSigned, FactoryKey},
    error::Error,
    evidence::{Appraiser, Claims, DebugStatus, FirmwareVersion, Ueid},
    message::{Envelope, messages},
    owner::OwnerPublicKey,
    phone::{self, Attested, CredentialForm, Leaf, TouchMemory, Touched},
    record::{
        Actuator, Actuators, DeviceRecord, Level, Pace, PhoneRecord, PresenceKinds, PressKind,
        Status,
    },
    sas::Counts,
};

pub(crate) const NONCE: [u8; 16] = [0x4e; 16];
pub(crate) const N_P: [u8; 16] = [0x50; 16];
pub(crate) const N_D: [u8; 16] = [0x44; 16];

/// A factory key in memory.
#[derive(Clone)]
pub(crate) struct Factory(pub(crate) SigningKey);

impl Factory {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(crate) fn public(&self) -> [u8; 65] {
        sec1(&self.0)
    }
}

impl FactoryKey for Factory {
    fn sign_edhoc(&self, to_be_signed: &EdhocToBeSigned<'_>) -> [u8; 64] {
        sign(&self.0, to_be_signed.as_bytes())
    }

    fn sign_evidence(&self, to_be_signed: &EvidenceToBeSigned<'_>) -> [u8; 64] {
        sign(&self.0, to_be_signed.as_bytes())
    }
}

pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

pub(crate) fn sec1(key: &SigningKey) -> [u8; 65] {
    let point = key.verifying_key().to_sec1_point(false);
    point.as_bytes().try_into().unwrap()
}

/// An owner key in memory.
pub(crate) fn owner_key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

pub(crate) fn owner(seed: u8) -> OwnerPublicKey {
    OwnerPublicKey::from_sec1(&sec1(&owner_key(seed))).unwrap()
}

pub(crate) fn ueid(serial: u8) -> Ueid {
    let mut ueid = [serial; 17];
    ueid[0] = 1;
    ueid
}

/// As long as a real certificate; nothing here looks into it.
pub(crate) fn leaf(serial: u8) -> Vec<u8> {
    (0..435u32).map(|at| (at * 31) as u8 ^ serial).collect()
}

pub(crate) fn claims(serial: u8) -> Claims {
    Claims {
        nonce: [0; 16],
        ueid: ueid(serial),
        model_class: 0x0102,
        secure_boot: true,
        debug_status: DebugStatus::DisabledPermanently,
        boot_id: [0xb0; 8],
        firmware: FirmwareVersion {
            major: 1,
            minor: 4,
            patch: 2,
        },
        reset_epoch: 3,
        presence: PresenceKinds::NONE.with(PressKind::Press),
        actuators: Actuators {
            sound: true,
            light: true,
            vibration: false,
        },
        max_level: Level::L2,
        highest_version: 1,
        boot_count: 41,
    }
}

/// Says yes to everything.
pub(crate) struct Yes;

impl Appraiser for Yes {
    type Verdict = u16;
    type Error = std::convert::Infallible;

    fn appraise(&self, leaf_der: &[u8], claims: &Claims) -> Result<u16, Self::Error> {
        assert!(!leaf_der.is_empty());
        Ok(claims.model_class)
    }
}

/// Says no to everything.
pub(crate) struct No;

impl Appraiser for No {
    type Verdict = ();
    type Error = &'static str;

    fn appraise(&self, _: &[u8], _: &Claims) -> Result<(), Self::Error> {
        Err("no")
    }
}

/// A phone and a device that have got somewhere.
pub(crate) struct Pair {
    pub(crate) phone: phone::Session,
    pub(crate) device: device::Session,
    pub(crate) factory: Factory,
}

/// What a pair is made from.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) form: CredentialForm,
    pub(crate) serial: u8,
    pub(crate) owner: u8,
    /// Distinguishes the randomness of one session from another's.
    pub(crate) run: u8,
}

pub(crate) const SETUP: Setup = Setup {
    form: CredentialForm::ByValue,
    serial: 7,
    owner: 0x11,
    run: 1,
};

/// Hands every message of an envelope to the phone.
pub(crate) fn to_phone(
    phone: &mut phone::Session,
    envelope: &[u8],
) -> Result<Vec<phone::Event>, Error> {
    messages(envelope)
        .map(|message| phone.handle(message?))
        .collect()
}

/// Hands every message of an envelope to the device.
pub(crate) fn to_device(
    device: &mut device::Session,
    envelope: &[u8],
) -> Result<Vec<device::Event>, Error> {
    messages(envelope)
        .map(|message| device.handle(message?))
        .collect()
}

impl Setup {
    pub(crate) fn start(self) -> (Pair, Envelope) {
        let (phone, hello) = phone::Session::start(self.form, 1, &[self.run; 32], 0x01).unwrap();
        let pair = Pair {
            phone,
            device: device::Session::new(),
            factory: Factory::new(0x22),
        };
        (pair, hello)
    }

    /// After message_2: the phone has a leaf to look at.
    pub(crate) fn leaf_seen(self) -> Pair {
        let (mut pair, hello) = self.start();
        to_device(&mut pair.device, &hello).unwrap();
        let message_2 = pair
            .device
            .message_2(
                &leaf(self.serial),
                &[self.run ^ 0x80; 32],
                0x02,
                &pair.factory,
            )
            .unwrap();
        to_phone(&mut pair.phone, &message_2).unwrap();
        pair
    }

    /// After Sig_2: the phone has authenticated the device.
    pub(crate) fn authenticated(self) -> Pair {
        let mut pair = self.leaf_seen();
        let der = match pair.phone.leaf().unwrap() {
            Leaf::ByValue(der) => der.to_vec(),
            Leaf::Reference(_) => leaf(self.serial),
        };
        pair.phone
            .authenticate(&der, &pair.factory.public(), &ueid(self.serial))
            .unwrap();
        pair
    }

    /// The envelope with message_3 and PREPARE.
    pub(crate) fn message_3(self) -> (Pair, Envelope) {
        let mut pair = self.authenticated();
        let to_be_signed = pair
            .phone
            .ask_owner(&owner(self.owner), &NONCE)
            .unwrap()
            .to_vec();
        let signature = sign(&owner_key(self.owner), &to_be_signed);
        let envelope = pair.phone.owner_signed(&signature).unwrap();
        (pair, envelope)
    }

    /// After message_3: the device decides.
    pub(crate) fn owner_known(self) -> Pair {
        let (mut pair, envelope) = self.message_3();
        to_device(&mut pair.device, &envelope).unwrap();
        pair
    }

    /// After message_4.
    pub(crate) fn evidence_shown(self) -> Pair {
        let mut pair = self.owner_known();
        let message_4 = pair
            .device
            .message_4(&claims(self.serial), &pair.factory)
            .unwrap();
        let events = to_phone(&mut pair.phone, &message_4).unwrap();
        assert!(matches!(events[..], [phone::Event::Evidence(_)]));
        pair
    }

    /// After a positive appraisal.
    pub(crate) fn attested(self) -> (Pair, Attested) {
        let mut pair = self.evidence_shown();
        let (attested, _) = pair.phone.appraise(&Yes).unwrap();
        (pair, attested)
    }

    /// After ARMED.
    pub(crate) fn armed(self) -> (Pair, Attested) {
        let (mut pair, attested) = self.attested();
        pair.arm(&attested);
        (pair, attested)
    }

    /// After ARMED at level L2.
    pub(crate) fn armed_at_l2(self) -> (Pair, Attested) {
        let (mut pair, attested) = self.attested();
        pair.arm_at_l2(&attested, &N_P);
        (pair, attested)
    }

    /// After TOUCH at level L2.
    pub(crate) fn to_count(self) -> (Pair, Attested) {
        let (mut pair, attested) = self.armed_at_l2();
        pair.touch_to_count();
        (pair, attested)
    }

    /// After REVEAL; with what the device is to play.
    pub(crate) fn revealed(self) -> (Pair, Attested, Counts) {
        let (mut pair, attested) = self.to_count();
        let counts = pair.reveal();
        (pair, attested, counts)
    }

    /// After TOUCH.
    pub(crate) fn touched(self) -> (Pair, Attested, Touched, TouchMemory) {
        let (mut pair, attested) = self.armed();
        let touch = pair.device.touch(PressKind::Press, 0, &N_D).unwrap();
        let (touched, memory) = pair.phone_touched(&touch);
        (pair, attested, touched, memory)
    }
}

impl Pair {
    pub(crate) fn arm(&mut self, attested: &Attested) {
        let arm = self.phone.arm(attested, Level::L1, &N_P).unwrap();
        self.tell_device(&arm);
        self.device_says(&DeviceRecord::Armed {
            epoch: 9,
            level: Level::L1,
        });
    }

    pub(crate) fn arm_at_l2(&mut self, attested: &Attested, n_p: &[u8; 16]) {
        let arm = self.phone.arm(attested, Level::L2, n_p).unwrap();
        self.tell_device(&arm);
        self.device_says(&DeviceRecord::Armed {
            epoch: 9,
            level: Level::L2,
        });
    }

    pub(crate) fn touch_to_count(&mut self) {
        let touch = self.device.touch(PressKind::Press, 0, &N_D).unwrap();
        let event = to_phone(&mut self.phone, &touch).unwrap().pop();
        assert!(
            matches!(event, Some(phone::Event::TouchedToCount { .. })),
            "{event:?}"
        );
    }

    pub(crate) fn reveal(&mut self) -> Counts {
        let reveal = self.phone.reveal(Actuator::Sound, Pace::Normal).unwrap();
        match to_device(&mut self.device, &reveal).unwrap().pop() {
            Some(device::Event::Reveal {
                counts,
                signal: Actuator::Sound,
                pace: Pace::Normal,
            }) => {
                self.device_says(&DeviceRecord::Status(Status::Counting));
                counts
            }
            other => panic!("no counts but {other:?}"),
        }
    }

    pub(crate) fn phone_touched(&mut self, envelope: &[u8]) -> (Touched, TouchMemory) {
        match to_phone(&mut self.phone, envelope).unwrap().pop() {
            Some(phone::Event::Touched {
                touched, memory, ..
            }) => (touched, memory),
            other => panic!("no touch but {other:?}"),
        }
    }

    /// Hands an envelope with one record to the device.
    pub(crate) fn tell_device(&mut self, envelope: &[u8]) -> PhoneRecord {
        match to_device(&mut self.device, envelope).unwrap().pop() {
            Some(device::Event::Record(record)) => record,
            other => panic!("no record but {other:?}"),
        }
    }

    /// Seals a record and hands it to the phone.
    pub(crate) fn device_says(&mut self, record: &DeviceRecord) -> phone::Event {
        let envelope = self.device.seal(record).unwrap();
        to_phone(&mut self.phone, &envelope).unwrap().pop().unwrap()
    }

    /// As [`device_says`](Self::device_says), where the phone may object.
    pub(crate) fn device_tries(&mut self, record: &DeviceRecord) -> Result<phone::Event, Error> {
        let envelope = self.device.seal(record)?;
        to_phone(&mut self.phone, &envelope).map(|mut events| events.pop().unwrap())
    }
}

pub(crate) fn home() -> Credentials {
    Credentials::new([
        Network::personal(b"Home", Security::Wpa2Psk, b"correct horse battery").unwrap(),
    ])
    .unwrap()
}
