//! A device role and a phone session face to face: no air, no clock, no scheduler, so that each step can be measured by itself.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use touchstone_device::{Device, Identity, LinkId, Suites};
use touchstone_proto::{
    HIGHEST_VERSION,
    evidence::{DebugStatus, FirmwareVersion},
    frame::Framer,
    gatt, message,
    owner::OwnerPublicKey,
    phone::{Attested, CredentialForm, Event, Leaf, Session},
    record::{Actuators, Level},
};
use touchstone_sim::factory;
use touchstone_trust::{Bundle, DevelopmentPolicy};

use crate::{
    heap::{Side, on_behalf},
    ports::{BenchPorts, Random},
};

/// The MTU all figures are stated for.
pub(crate) const MTU: u16 = 247;
/// When everything happens.
pub(crate) const NOW: Duration = Duration::from_secs(1_000);
pub(crate) const LINK: LinkId = LinkId(0);
const MODEL: u16 = 1;

/// What one side does in one go. A fragment's framing belongs to the step that makes or reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Phone: makes message_1.
    Message1,
    /// Device: reads message_1, makes message_2.
    Message2,
    /// Phone: reads message_2, verifies the certificate up to the root and the device's signature, makes message_3 with the owner key, and PREPARE.
    Message3,
    /// Device: reads message_3 and PREPARE, verifies the owner's signature, signs evidence, makes message_4.
    Message4,
    /// Phone: reads message_4, verifies and judges the evidence.
    Verdict,
    /// Phone: makes ARM.
    Arm,
    /// Device: reads ARM.
    Armed,
}

impl Step {
    pub(crate) fn side(self) -> Side {
        match self {
            Self::Message1 | Self::Message3 | Self::Verdict | Self::Arm => Side::Phone,
            Self::Message2 | Self::Message4 | Self::Armed => Side::Device,
        }
    }
}

/// Looks on while steps are done.
pub(crate) trait Observer {
    fn observe<T>(&mut self, step: Step, work: impl FnOnce() -> T) -> T;
}

/// Sees nothing.
pub(crate) struct Blind;

impl Observer for Blind {
    fn observe<T>(&mut self, _step: Step, work: impl FnOnce() -> T) -> T {
        work()
    }
}

/// The fragments one step has made.
pub(crate) type Flight = Vec<Vec<u8>>;

/// Who takes part.
pub(crate) struct Pair {
    pub(crate) identity: Identity,
    key: SigningKey,
    owner: SigningKey,
    bundle: Bundle,
}

/// What flew, up to ARM.
pub(crate) struct Handshake {
    /// Steps that send something, in order.
    pub(crate) flights: Vec<(Step, Flight)>,
    /// The phone's session at its end.
    pub(crate) session: Session,
}

impl Handshake {
    /// The fragments made in this step.
    pub(crate) fn flight(&self, step: Step) -> &[Vec<u8>] {
        self.flights
            .iter()
            .find(|(made_in, _)| *made_in == step)
            .map_or(&[], |(_, flight)| flight)
    }
}

impl Pair {
    /// A kitchen lamp of the development factory, and a phone that trusts that factory and wants the best of these suites.
    pub(crate) fn new(suites: Suites) -> anyhow::Result<Self> {
        let pki = factory();
        let ueid = pki.ueid(1);
        let leaf = pki.leaf(&ueid, MODEL);
        let identity = Identity {
            leaf: leaf.certificate.iter().copied().collect(),
            ueid,
            model_class: MODEL,
            firmware: FirmwareVersion {
                major: 1,
                minor: 4,
                patch: 2,
            },
            secure_boot: true,
            debug_status: DebugStatus::DisabledPermanently,
            actuators: Actuators {
                sound: true,
                light: true,
                vibration: false,
            },
            max_level: Level::L1,
            boot_count: 1,
            short_boots: 0,
            suites,
        };
        Ok(Self {
            identity,
            key: leaf.key,
            owner: SigningKey::from_slice(&[0x42; 32]).context("an owner key")?,
            bundle: pki.bundle(DevelopmentPolicy::Announce),
        })
    }

    /// A device that has just been switched on, with a phone connected and subscribed.
    pub(crate) fn device(&self, seed: u64) -> anyhow::Result<Device<BenchPorts>> {
        let ports = BenchPorts::new(self.key.clone(), seed);
        let mut device = Device::new(self.identity.clone(), ports, NOW);
        ensure!(
            device.connected(NOW, LINK, gatt::fragment_size(usize::from(MTU))),
            "a new device has a free slot"
        );
        Ok(device)
    }

    /// One handshake from message_1 to ARM; each seed draws other random numbers on both sides.
    pub(crate) fn handshake(
        &self,
        seed: u64,
        form: CredentialForm,
        observer: &mut impl Observer,
    ) -> anyhow::Result<Handshake> {
        let mut device = self.device(seed)?;
        let mut random = Random(!seed);
        let mut phone = observer.observe(Step::Message1, || {
            Phone::start(self.identity.suites, form, &mut random)
        })?;
        let message_1 = phone.transmit();
        let message_2 = observer.observe(Step::Message2, || answer(&mut device, &message_1));
        let message_3 = observer.observe(Step::Message3, || {
            phone.receive(&message_2, |phone| phone.own(self, &mut random))
        })?;
        let message_4 = observer.observe(Step::Message4, || answer(&mut device, &message_3));
        observer.observe(Step::Verdict, || {
            phone.receive(&message_4, |phone| phone.judge(&self.bundle))
        })?;
        let arm = observer.observe(Step::Arm, || phone.arm(&mut random))?;
        let armed = observer.observe(Step::Armed, || answer(&mut device, &arm));
        ensure!(
            device
                .advertisement(NOW)
                .is_some_and(|advert| advert.flags.armed),
            "the device is armed"
        );
        Ok(Handshake {
            flights: vec![
                (Step::Message1, message_1),
                (Step::Message2, message_2),
                (Step::Message3, message_3),
                (Step::Message4, message_4),
                (Step::Arm, arm),
                (Step::Armed, armed),
            ],
            session: phone.session,
        })
    }
}

/// Hands fragments to the device and takes what it has to say to them.
fn answer(device: &mut Device<BenchPorts>, fragments: &[Vec<u8>]) -> Flight {
    for fragment in fragments {
        device.received(NOW, LINK, fragment);
    }
    collect(|out| device.poll_transmit(LINK, out))
}

/// Keeps fragments on nobody's behalf: a radio would have sent them.
fn collect(mut next: impl FnMut(&mut [u8]) -> Option<usize>) -> Flight {
    let mut flight = Flight::new();
    let mut out = [0; gatt::MAX_FRAGMENT];
    while let Some(length) = next(&mut out) {
        on_behalf(Side::Other, || flight.push(out[..length].to_vec()));
    }
    flight
}

struct Phone {
    session: Session,
    framer: Framer,
    attested: Option<Attested>,
}

impl Phone {
    fn start(suites: Suites, form: CredentialForm, random: &mut Random) -> anyhow::Result<Self> {
        let (ephemeral, c_i) = (random.draw(), 0x05);
        let (session, hello) = if suites == Suites::WithHybrid {
            Session::start_hybrid(form, HIGHEST_VERSION, &ephemeral, &random.draw(), c_i)
        } else {
            Session::start(form, HIGHEST_VERSION, &ephemeral, c_i)
        }?;
        let mut framer = Framer::new(gatt::fragment_size(usize::from(MTU)));
        framer.send(&hello)?;
        Ok(Self {
            session,
            framer,
            attested: None,
        })
    }

    fn transmit(&mut self) -> Flight {
        collect(|out| self.framer.poll_transmit(out))
    }

    /// Reads fragments, does `then` after the message in them, and takes what is to be sent.
    fn receive(
        &mut self,
        fragments: &[Vec<u8>],
        then: impl FnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<Flight> {
        let mut heard = false;
        for fragment in fragments {
            let Some(envelope) = self.framer.receive(fragment)? else {
                continue;
            };
            for message in message::messages(envelope) {
                heard |= matches!(
                    self.session.handle(message?)?,
                    Event::Leaf | Event::Evidence(_)
                );
            }
        }
        ensure!(heard, "the device has answered");
        then(self)?;
        Ok(self.transmit())
    }

    /// message_3.
    fn own(&mut self, pair: &Pair, random: &mut Random) -> anyhow::Result<()> {
        let shown = match self.session.leaf() {
            Some(Leaf::ByValue(der)) => der.to_vec(),
            Some(Leaf::Reference(_)) => pair.identity.leaf.to_vec(),
            None => bail!("the device has shown its certificate"),
        };
        let leaf = pair.bundle.verify_leaf(&shown)?;
        self.session.authenticate(&shown, leaf.key(), leaf.ueid())?;
        let point = pair.owner.verifying_key().to_sec1_point(false);
        let owner = OwnerPublicKey::from_sec1(point.as_bytes())?;
        let to_be_signed = self.session.ask_owner(&owner, &random.draw())?;
        let signature: Signature = pair.owner.sign(to_be_signed);
        let message_3 = self.session.owner_signed(&signature.to_bytes().into())?;
        self.framer.send(&message_3)?;
        Ok(())
    }

    fn judge(&mut self, bundle: &Bundle) -> anyhow::Result<()> {
        let (attested, _verdict) = self.session.appraise(bundle)?;
        self.attested = Some(attested);
        Ok(())
    }

    fn arm(&mut self, random: &mut Random) -> anyhow::Result<Flight> {
        let attested = self.attested.as_ref().context("the device is attested")?;
        let arm = self.session.arm(attested, Level::L1, &random.draw())?;
        self.framer.send(&arm)?;
        Ok(self.transmit())
    }
}
