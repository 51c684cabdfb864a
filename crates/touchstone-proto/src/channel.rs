//! What both roles share once message_3 is there: the session's keys and its records (docs/PROTOCOL.md sections 5 and 6).

use core::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    advert::AdvertKey,
    attestation::{BINDER_CONTEXT, BINDER_LABEL},
    cbor::Writer,
    edhoc::Exporter,
    error::{Error, LocalError},
    message::{self, Envelope, Message},
    record::{Opener, Record, Sealed, Sealer},
};

/// EDHOC_Exporter labels, from the range for private use.
mod label {
    pub(super) const INITIATOR_KEY: u64 = 0x8001;
    pub(super) const RESPONDER_KEY: u64 = 0x8002;
    pub(super) const STATIC_IVS: u64 = 0x8003;
    pub(super) const TOUCH_KEY: u64 = 0x8004;
    pub(super) const ADVERT_KEY: u64 = 0x8005;
}

/// Which side we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The phone.
    Initiator,
    /// The device.
    Responder,
}

/// The keys of one session. Zeroized on drop.
pub(crate) struct Channel {
    sealer: Sealer,
    opener: Opener,
    touch_key: Zeroizing<[u8; 32]>,
    advert_key: AdvertKey,
    binder: [u8; 32],
    th_4: [u8; 32],
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("sealer", &self.sealer)
            .field("opener", &self.opener)
            .finish_non_exhaustive()
    }
}

impl Channel {
    /// Derives everything of a session of TS version `version`.
    pub(crate) fn new(
        exporter: &Exporter,
        th_4: &[u8; 32],
        version: u8,
        side: Side,
    ) -> Result<Self, LocalError> {
        let mut context = heapless::Vec::<u8, 16>::new();
        Writer::new(&mut context)
            .array(2)?
            .text("TS/1")?
            .uint(version.into())?;
        let key = |label: u64| -> Result<Zeroizing<[u8; 32]>, LocalError> {
            let mut key = Zeroizing::new([0; 32]);
            exporter.export(label, &context, key.as_mut_slice())?;
            Ok(key)
        };
        let mut ivs = Zeroizing::new([0; 24]);
        exporter.export(label::STATIC_IVS, &context, ivs.as_mut_slice())?;
        let (initiator_iv, responder_iv) = halves(&ivs);
        let mut binder = [0; 32];
        exporter.export(BINDER_LABEL, BINDER_CONTEXT, &mut binder)?;
        let initiator_key = key(label::INITIATOR_KEY)?;
        let responder_key = key(label::RESPONDER_KEY)?;
        let (sealer, opener) = match side {
            Side::Initiator => (
                Sealer::new(&initiator_key, initiator_iv),
                Opener::new(&responder_key, responder_iv),
            ),
            Side::Responder => (
                Sealer::new(&responder_key, responder_iv),
                Opener::new(&initiator_key, initiator_iv),
            ),
        };
        Ok(Self {
            sealer,
            opener,
            touch_key: key(label::TOUCH_KEY)?,
            advert_key: AdvertKey::new(*key(label::ADVERT_KEY)?),
            binder,
            th_4: *th_4,
        })
    }

    /// Seals a record.
    pub(crate) fn seal<R: Record>(&mut self, record: &R) -> Result<Sealed, LocalError> {
        self.sealer.seal(&record.encode()?)
    }

    /// Seals what is no record of ours.
    #[cfg(test)]
    pub(crate) fn seal_plaintext(&mut self, plaintext: &[u8]) -> Result<Sealed, LocalError> {
        self.sealer.seal(plaintext)
    }

    /// Counts records as opened that a test has thrown away.
    #[cfg(test)]
    pub(crate) fn skip_opened(&mut self, count: u32) {
        self.opener.skip(count);
    }

    /// Seals a record into an envelope of its own.
    pub(crate) fn envelope<R: Record>(&mut self, record: &R) -> Result<Envelope, LocalError> {
        message::envelope(&[Message::Record(&self.seal(record)?)])
    }

    /// Seals a record and returns the hash of its plaintext too.
    pub(crate) fn hashed_envelope<R: Record>(
        &mut self,
        record: &R,
    ) -> Result<(Envelope, [u8; 32]), LocalError> {
        let plaintext = record.encode()?;
        let sealed = self.sealer.seal(&plaintext)?;
        let hash = Sha256::digest(plaintext.as_slice()).into();
        Ok((message::envelope(&[Message::Record(&sealed)])?, hash))
    }

    /// Opens a record and hashes its plaintext; no record for an unknown optional one.
    pub(crate) fn open<R: Record>(
        &mut self,
        sealed: &[u8],
    ) -> Result<(Option<R>, [u8; 32]), Error> {
        let plaintext = self.opener.open(sealed)?;
        let hash = Sha256::digest(plaintext.as_slice()).into();
        Ok((R::decode(&plaintext)?, hash))
    }

    /// How many records we have sealed.
    pub(crate) fn sealed(&self) -> u32 {
        self.sealer.count()
    }

    /// The counter of the record we expect next.
    pub(crate) fn next_counter(&self) -> u32 {
        self.opener.next_counter()
    }

    pub(crate) fn touch_key(&self) -> &[u8; 32] {
        &self.touch_key
    }

    pub(crate) fn advert_key(&self) -> &AdvertKey {
        &self.advert_key
    }

    /// The attestation binder.
    pub(crate) fn binder(&self) -> &[u8; 32] {
        &self.binder
    }

    pub(crate) fn th_4(&self) -> &[u8; 32] {
        &self.th_4
    }
}

fn halves(ivs: &[u8; 24]) -> ([u8; 12], [u8; 12]) {
    let (mut first, mut second) = ([0; 12], [0; 12]);
    let (low, high) = ivs.split_at(12);
    first.copy_from_slice(low);
    second.copy_from_slice(high);
    (first, second)
}

#[cfg(test)]
mod tests {
    use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};

    use super::*;
    use crate::{
        edhoc::{
            ConnectionId, CredentialRef, Ephemeral, Method, StaticSecret, Suite, initiator,
            responder::AwaitMessage1,
        },
        record::{DeviceRecord, PhoneRecord},
    };

    /// The exporter of some exchange.
    fn exporter() -> Exporter {
        let (method, suites) = (Method::StaticDhStaticDh, [Suite::Aes128CcmMac128P256]);
        let ephemeral = |seed| Ephemeral::from_bytes(&[seed; 32]).unwrap();
        let secret = |seed| StaticSecret::from_bytes(&[seed; 32]).unwrap();
        let id = |byte| ConnectionId::new(&[byte]).unwrap();
        let credential = CredentialRef {
            id_cred: &[0xa1, 0x04, 0x41, 7],
            cred: &[0x41, 7],
        };
        let (phone, message_1) =
            initiator::start(method, &suites, ephemeral(1), id(1), &[]).unwrap();
        let (_, message_2) = AwaitMessage1::new(&[method], &suites)
            .read(&message_1)
            .unwrap()
            .message_2_static_dh(&secret(2), ephemeral(3), id(2), credential, &[])
            .unwrap();
        let (phone, _) = phone
            .read(&message_2)
            .unwrap()
            .verify(credential.cred, &secret(2).public_key())
            .unwrap()
            .message_3_static_dh(&secret(4), credential, &[])
            .unwrap();
        phone.exporter()
    }

    #[test]
    fn each_direction_has_the_key_and_the_half_of_the_ivs_that_is_specified() {
        let exporter = exporter();
        let export = |label, out: &mut [u8]| {
            exporter.export(label, b"\x82\x64TS/1\x01", out).unwrap();
        };
        let mut ivs = [0; 24];
        export(0x8003, &mut ivs);
        let sealed = |label, iv: &[u8], plaintext: [u8; 16]| {
            let mut key = [0; 32];
            export(label, &mut key);
            let (mut text, nonce) = (plaintext.to_vec(), iv.try_into().unwrap());
            let tag = Aes256Gcm::new((&key).into())
                .encrypt_inout_detached(&nonce, &[], text.as_mut_slice().into())
                .unwrap();
            text.extend_from_slice(&tag);
            text
        };
        let mut plaintext = [0; 16];
        plaintext[1] = 0x80;
        let mut phone = Channel::new(&exporter, &[0; 32], 1, Side::Initiator).unwrap();
        plaintext[0] = 0x01;
        assert_eq!(
            phone.seal(&PhoneRecord::Prepare).unwrap().as_slice(),
            sealed(0x8001, &ivs[..12], plaintext)
        );
        let mut device = Channel::new(&exporter, &[0; 32], 1, Side::Responder).unwrap();
        plaintext[0] = 0x06;
        assert_eq!(
            device.seal(&DeviceRecord::Released).unwrap().as_slice(),
            sealed(0x8002, &ivs[12..], plaintext)
        );
    }
}
