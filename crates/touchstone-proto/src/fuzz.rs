//! Doors for the fuzz targets (docs/FUZZING.md) and the second decoder (`examples/wire.rs`) to what is private here.

use crate::{
    cbor::Writer,
    edhoc::{Buffer, Ead, PublicKey},
    error::Error,
    evidence::{self, Claims, Sign1},
    record::{DeviceRecord, Opener, PhoneRecord, Record, Sealer},
};

/// A plaintext of any record.
pub type Plaintext = heapless::Vec<u8, { crate::record::MAX_PLAINTEXT }>;

/// Seals `plaintext` under the right key, opens it as the device would and encodes what was read; no record for an unknown optional one.
///
/// # Errors
/// What the device finds wrong with it.
pub fn phone_record(plaintext: &[u8]) -> Result<Option<(PhoneRecord, Plaintext)>, Error> {
    record(plaintext)
}

/// As [`phone_record`], for the other direction.
///
/// # Errors
/// What the phone finds wrong with it.
pub fn device_record(plaintext: &[u8]) -> Result<Option<(DeviceRecord, Plaintext)>, Error> {
    record(plaintext)
}

fn record<R: Record>(plaintext: &[u8]) -> Result<Option<(R, Plaintext)>, Error> {
    let sealed = Sealer::new(&[7; 32], [9; 12]).seal(plaintext)?;
    let opened = Opener::new(&[7; 32], [9; 12]).open(&sealed)?;
    let Some(record) = R::decode(&opened)? else {
        return Ok(None);
    };
    let encoded = record.encode()?;
    Ok(Some((record, (*encoded).clone())))
}

/// The plaintext of a record.
///
/// # Errors
/// [`LocalError::MessageTooLong`](crate::error::LocalError) for credentials that fit no record.
pub fn encode_phone_record(record: &PhoneRecord) -> Result<Plaintext, Error> {
    Ok((*record.encode()?).clone())
}

/// As [`encode_phone_record`], for the other direction.
///
/// # Errors
/// None: records of a device always fit.
pub fn encode_device_record(record: &DeviceRecord) -> Result<Plaintext, Error> {
    Ok((*record.encode()?).clone())
}

/// Verifies evidence.
///
/// # Errors
/// What the phone finds wrong with it.
pub fn evidence(sign1: &[u8], binder: &[u8; 32], key: &PublicKey) -> Result<Claims, Error> {
    evidence::verify(sign1, binder, key)
}

/// Reads the payload of evidence.
///
/// # Errors
/// What the phone finds wrong with it.
pub fn claims(payload: &[u8]) -> Result<Claims, Error> {
    Ok(Claims::read(payload)?)
}

/// The payload of evidence.
///
/// # Errors
/// None: claims always fit.
pub fn encode_claims(claims: &Claims) -> Result<Sign1, Error> {
    let mut payload = Sign1::new();
    claims.write(&mut Writer::new(&mut payload))?;
    Ok(payload)
}

/// Reads an EAD field as each of the four attestation items.
pub fn attestation(field: Ead<'_>) -> [bool; 4] {
    use crate::attestation::{read_evidence, read_proposal, read_request, read_trigger};
    [
        read_trigger(field).is_ok(),
        read_proposal(field).is_ok(),
        read_request(field).is_ok(),
        read_evidence(field).is_ok(),
    ]
}

/// The four attestation fields with this nonce and evidence, in order.
///
/// # Errors
/// [`LocalError::MessageTooLong`](crate::error::LocalError) for evidence that fits no message.
pub fn attestation_fields(nonce: &[u8; 16], evidence: &[u8]) -> Result<[Buffer; 4], Error> {
    use crate::attestation;
    Ok([
        attestation::trigger()?,
        attestation::proposal()?,
        attestation::request(nonce)?,
        attestation::evidence(evidence)?,
    ])
}
