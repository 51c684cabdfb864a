//! A phone without the SDK: one protocol session over one link, driven by hand.
//!
//! For benches and for tests that must do what the SDK never would. It has no person, no screen and no second try.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{Either, select},
};
use touchstone::ports::{Clock, Entropy, Link};
use touchstone_proto::{
    credentials::Credentials,
    frame::Framer,
    message,
    phone::{Attested, Confirmed, CredentialForm, Event, Leaf, Session, Touched},
    record::{
        Actuator, DeniedReason, IdentifyMode, Level, Pace, ReleaseReason, SeenNetworks, Status,
    },
};

use crate::{air, device::Unit, phone::Phone};

/// How late an answer may be before the phone asks for it again.
const ANSWER: Duration = Duration::from_secs(1);
/// How often it asks.
const POLLS: u32 = 3;
/// How often it says that it is still there while a person or the Wi-Fi takes its time.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BareError {
    /// The link, the frames or the messages broke, or the device fell silent.
    Broken(String),
    /// The certificate or the evidence is not good enough.
    NotGenuine(String),
    /// The device refused.
    Denied(DeniedReason),
    /// Something came that was not expected here.
    Unexpected(String),
}

impl fmt::Display for BareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for BareError {}

fn broken(error: impl fmt::Display) -> BareError {
    BareError::Broken(error.to_string())
}

/// An attested session.
pub struct BareSession {
    /// The protocol session itself.
    pub session: Session,
    link: Box<dyn Link>,
    framer: Framer,
    clock: Arc<dyn Clock>,
    events: VecDeque<Event>,
    attested: Option<Attested>,
    leaf: Vec<u8>,
    ueid: [u8; 17],
}

impl BareSession {
    /// Connects to `unit` and runs the handshake up to the verdict on its evidence. With a known leaf (DER) the device need not send it again.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn open(
        phone: &Phone,
        unit: &Unit,
        known_leaf: Option<Vec<u8>>,
    ) -> Result<Self, BareError> {
        let ports = phone.ports();
        let bundle = ports.trust.bundle().await.map_err(broken)?;
        let link = ports
            .radio
            .connect(&air::name(unit.id()))
            .await
            .map_err(broken)?;
        let form = if known_leaf.is_some() {
            CredentialForm::ByReference
        } else {
            CredentialForm::ByValue
        };
        let (session, hello) =
            Session::start(form, 1, &draw(&*ports.entropy), 0x05).map_err(broken)?;
        let mut this = Self {
            session,
            framer: Framer::new(link.fragment_size()),
            link,
            clock: ports.clock,
            events: VecDeque::new(),
            attested: None,
            leaf: Vec::new(),
            ueid: [0; 17],
        };
        this.tell(&hello).await?;
        this.expect(|event| matches!(event, Event::Leaf).then_some(()))
            .await?;
        this.leaf = match (this.session.leaf(), known_leaf) {
            (Some(Leaf::ByValue(der)), _) => der.to_vec(),
            (Some(Leaf::Reference(_)), Some(known)) => known,
            _ => return Err(BareError::Unexpected("leaf".into())),
        };
        let leaf = bundle
            .verify_leaf(&this.leaf)
            .map_err(|error| BareError::NotGenuine(error.to_string()))?;
        this.ueid = *leaf.ueid();
        this.session
            .authenticate(&this.leaf, leaf.key(), leaf.ueid())
            .map_err(|error| BareError::NotGenuine(error.to_string()))?;
        let owner = ports.owner.public(this.ueid).await.map_err(broken)?;
        let to_be_signed = this
            .session
            .ask_owner(&owner, &draw(&*ports.entropy))
            .map_err(broken)?
            .to_vec();
        let signature = ports
            .owner
            .sign(this.ueid, to_be_signed)
            .await
            .map_err(broken)?;
        let message_3 = this.session.owner_signed(&signature).map_err(broken)?;
        this.tell(&message_3).await?;
        this.expect(|event| matches!(event, Event::Evidence(_)).then_some(()))
            .await?;
        let (attested, _verdict) = this
            .session
            .appraise(&*bundle)
            .map_err(|error| BareError::NotGenuine(error.to_string()))?;
        this.attested = Some(attested);
        Ok(this)
    }

    /// The device's certificate, DER.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// Asks for a touch.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn arm(&mut self, n_p: [u8; 16]) -> Result<(), BareError> {
        self.arm_at(Level::L1, n_p).await
    }

    /// Asks for a touch at this level.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn arm_at(&mut self, level: Level, n_p: [u8; 16]) -> Result<(), BareError> {
        let attested = self
            .attested
            .as_ref()
            .ok_or_else(|| BareError::Unexpected("arm".into()))?;
        let arm = self.session.arm(attested, level, &n_p).map_err(broken)?;
        self.tell(&arm).await?;
        self.expect(|event| matches!(event, Event::Armed { .. }).then_some(()))
            .await
    }

    /// Waits for the networks that the device sees.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn networks(&mut self) -> Result<SeenNetworks, BareError> {
        self.wait(|event| {
            if let Event::Networks(networks) = event {
                Some(networks.clone())
            } else {
                None
            }
        })
        .await
    }

    /// Waits for the touch.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn touched(&mut self) -> Result<Touched, BareError> {
        loop {
            match self.next(KEEP_ALIVE).await? {
                Some(Event::Touched { touched, .. }) => return Ok(touched),
                Some(_) => {}
                None => self.keep_alive().await?,
            }
        }
    }

    /// Waits for the touch at level L2.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn touched_to_count(&mut self) -> Result<(), BareError> {
        self.wait(|event| matches!(event, Event::TouchedToCount { .. }).then_some(()))
            .await
    }

    /// Lets the device give its signals to count.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn reveal(&mut self, signal: Actuator, pace: Pace) -> Result<(), BareError> {
        let reveal = self.session.reveal(signal, pace).map_err(broken)?;
        self.tell(&reveal).await?;
        self.expect(|event| matches!(event, Event::Status(Status::Counting)).then_some(()))
            .await
    }

    /// Lets the device respond.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn respond(&mut self) -> Result<(), BareError> {
        let identify = self
            .session
            .identify(IdentifyMode::Respond)
            .map_err(broken)?;
        self.tell(&identify).await?;
        self.expect(|event| matches!(event, Event::Status(Status::Responding)).then_some(()))
            .await
    }

    /// Sends credentials, waits until the device has joined, makes it permanent and lets go.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn deliver(
        &mut self,
        touched: Touched,
        credentials: &Credentials,
    ) -> Result<(), BareError> {
        let attested = self
            .attested
            .take()
            .ok_or_else(|| BareError::Unexpected("deliver".into()))?;
        let confirmed = Confirmed::by_the_persons_press();
        let sealed = self
            .session
            .send_credentials(attested, touched, confirmed, credentials)
            .map_err(broken)?;
        self.tell(&sealed).await?;
        self.expect(|event| matches!(event, Event::Status(Status::Accepted)).then_some(()))
            .await?;
        self.wait(|event| matches!(event, Event::Status(Status::Joined { .. })).then_some(()))
            .await?;
        let confirm = self.session.confirm().map_err(broken)?;
        self.tell(&confirm).await?;
        self.expect(|event| matches!(event, Event::Committed { .. }).then_some(()))
            .await?;
        self.release(ReleaseReason::Done).await
    }

    /// Lets the device go and waits for its word.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn release(&mut self, reason: ReleaseReason) -> Result<(), BareError> {
        let release = self.session.release(reason).map_err(broken)?;
        self.tell(&release).await?;
        self.expect(|event| matches!(event, Event::Released).then_some(()))
            .await
    }

    /// Closes the link.
    pub async fn close(self) {
        self.link.close().await;
    }

    /// Sends an envelope as it is.
    ///
    /// # Errors
    /// [`BareError::Broken`].
    pub async fn tell(&mut self, envelope: &[u8]) -> Result<(), BareError> {
        self.framer.send(envelope).map_err(broken)?;
        self.flush().await
    }

    /// Waits for an answer that no person paces; asks again when it is late.
    ///
    /// # Errors
    /// [`BareError`]; a refusal ends the waiting.
    pub async fn expect<T>(
        &mut self,
        mut pick: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T, BareError> {
        let mut polls = 0;
        loop {
            match self.next(ANSWER).await? {
                Some(Event::Denied(reason) | Event::Refused(reason)) => {
                    return Err(BareError::Denied(reason));
                }
                Some(event) => {
                    polls = 0;
                    if let Some(picked) = pick(&event) {
                        return Ok(picked);
                    }
                }
                None if polls == POLLS => return Err(BareError::Broken("no answer".into())),
                None => {
                    polls += 1;
                    self.framer.poll();
                    self.flush().await?;
                }
            }
        }
    }

    /// Waits for something that a person or the Wi-Fi paces.
    ///
    /// # Errors
    /// [`BareError`].
    pub async fn wait<T>(
        &mut self,
        mut pick: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T, BareError> {
        loop {
            match self.next(KEEP_ALIVE).await? {
                Some(event) => {
                    if let Some(picked) = pick(&event) {
                        return Ok(picked);
                    }
                }
                None => self.keep_alive().await?,
            }
        }
    }

    async fn keep_alive(&mut self) -> Result<(), BareError> {
        let keep_alive = self.session.keep_alive().map_err(broken)?;
        self.tell(&keep_alive).await
    }

    async fn flush(&mut self) -> Result<(), BareError> {
        let mut out = [0; 512];
        while let Some(length) = self.framer.poll_transmit(&mut out) {
            self.link.send(&out[..length]).await.map_err(broken)?;
        }
        Ok(())
    }

    /// The next event, or nothing within `patience`.
    async fn next(&mut self, patience: Duration) -> Result<Option<Event>, BareError> {
        let deadline = self.clock.now() + patience;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let alarm = self.clock.sleep_until(deadline);
            let fragment = match select(self.link.receive(), alarm.fuse()).await {
                Either::Left((fragment, _)) => fragment.map_err(broken)?,
                Either::Right(_) => return Ok(None),
            };
            let envelope = self.framer.receive(&fragment).map_err(broken)?;
            if let Some(envelope) = envelope {
                for message in message::messages(envelope) {
                    let event = self
                        .session
                        .handle(message.map_err(broken)?)
                        .map_err(broken)?;
                    self.events.push_back(event);
                }
            }
            self.flush().await?;
        }
    }
}

fn draw<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
