//! The EAD items of remote attestation: Responder attests, background check (draft-ietf-lake-ra).
//!
//! The labels are not yet registered; this module is the only place that knows them.

use crate::{
    cbor::{Reader, Writer},
    edhoc::{
        Buffer,
        ead::{self, Ead, Item},
    },
    error::{Error, Incompatibility, LocalError, Misbehaviour},
};

/// EAD_1: the Initiator asks the Responder to attest itself.
pub const TRIGGER: u64 = 20;
/// EAD_2: the evidence formats the Responder has.
pub const PROPOSAL: u64 = 21;
/// EAD_3: the format chosen and a nonce.
pub const REQUEST: u64 = 22;
/// EAD_4: the evidence.
pub const EVIDENCE: u64 = 23;

/// CoAP content format `application/eat+cwt` (RFC 9782).
pub const EAT_CWT: u16 = 263;

/// EDHOC_Exporter label of the attestation binder.
pub const BINDER_LABEL: u64 = 2;
/// EDHOC_Exporter context of the attestation binder.
pub const BINDER_CONTEXT: &[u8] = b"attestation";

/// The value of the one item that `field` must or may have.
///
/// # Errors
/// An unknown critical item, or the item twice.
fn only<'a>(field: Ead<'a>, label: u64) -> Result<Option<Item<'a>>, Error> {
    field.refuse_unknown_critical(&[label])?;
    let mut items = field.items().filter(|item| item.label == label);
    let item = items.next();
    if items.next().is_some() {
        return Err(Misbehaviour::MalformedEvidence.into());
    }
    Ok(item)
}

fn value<'a>(field: Ead<'a>, label: u64) -> Result<&'a [u8], Error> {
    only(field, label)?
        .and_then(|item| item.value)
        .ok_or_else(|| Incompatibility::EvidenceFormat.into())
}

fn field(label: u64, value: Option<&[u8]>) -> Result<Buffer, LocalError> {
    let mut field = Buffer::new();
    let item = Item {
        label,
        critical: false,
        value,
    };
    ead::push(&mut field, &item)?;
    Ok(field)
}

/// EAD_1.
pub(crate) fn trigger() -> Result<Buffer, LocalError> {
    field(TRIGGER, None)
}

/// Requires the trigger in EAD_1.
pub(crate) fn read_trigger(ead_1: Ead<'_>) -> Result<(), Error> {
    match only(ead_1, TRIGGER)? {
        Some(Item { value: None, .. }) => Ok(()),
        Some(_) => Err(Misbehaviour::MalformedEvidence.into()),
        None => Err(Incompatibility::EvidenceFormat.into()),
    }
}

/// EAD_2.
pub(crate) fn proposal() -> Result<Buffer, LocalError> {
    let mut formats = heapless::Vec::<u8, 8>::new();
    Writer::new(&mut formats).array(1)?.uint(EAT_CWT.into())?;
    field(PROPOSAL, Some(&formats))
}

/// Requires our format among those proposed in EAD_2.
pub(crate) fn read_proposal(ead_2: Ead<'_>) -> Result<(), Error> {
    let mut reader = Reader::new(value(ead_2, PROPOSAL)?);
    let mut found = false;
    for _ in 0..reader.array_any()? {
        found |= reader.uint_as::<u16>()? == EAT_CWT;
    }
    reader.end()?;
    if found {
        Ok(())
    } else {
        Err(Incompatibility::EvidenceFormat.into())
    }
}

/// EAD_3.
pub(crate) fn request(nonce: &[u8; 16]) -> Result<Buffer, LocalError> {
    let mut request = heapless::Vec::<u8, 32>::new();
    Writer::new(&mut request)
        .array(2)?
        .uint(EAT_CWT.into())?
        .bytes(nonce)?;
    field(REQUEST, Some(&request))
}

/// The nonce in EAD_3.
pub(crate) fn read_request(ead_3: Ead<'_>) -> Result<[u8; 16], Error> {
    let mut reader = Reader::new(value(ead_3, REQUEST)?);
    reader.array(2)?;
    if reader.uint()? != u64::from(EAT_CWT) {
        return Err(Incompatibility::EvidenceFormat.into());
    }
    let nonce = *reader.byte_array()?;
    reader.end()?;
    Ok(nonce)
}

/// EAD_4.
pub(crate) fn evidence(sign1: &[u8]) -> Result<Buffer, LocalError> {
    field(EVIDENCE, Some(sign1))
}

/// The evidence in EAD_4; `None` when the device refuses and shows none.
pub(crate) fn read_evidence(ead_4: Ead<'_>) -> Result<Option<&[u8]>, Error> {
    match only(ead_4, EVIDENCE)? {
        Some(Item {
            value: Some(value), ..
        }) => Ok(Some(value)),
        Some(_) => Err(Misbehaviour::MalformedEvidence.into()),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; 16] = [0xaa; 16];

    fn parsed(bytes: &[u8]) -> Ead<'_> {
        Ead::parse(bytes).unwrap()
    }

    #[test]
    fn the_items_are_as_small_as_specified() {
        assert_eq!(trigger().unwrap().as_slice(), [0x14]);
        assert_eq!(
            proposal().unwrap().as_slice(),
            [0x15, 0x44, 0x81, 0x19, 0x01, 0x07]
        );
        let mut request_bytes = std::vec![0x16, 0x55, 0x82, 0x19, 0x01, 0x07, 0x50];
        request_bytes.extend(NONCE);
        assert_eq!(request(&NONCE).unwrap().as_slice(), request_bytes);
        assert_eq!(evidence(&[1]).unwrap().as_slice(), [0x17, 0x41, 0x01]);
    }

    #[test]
    fn every_item_reads_back() {
        read_trigger(parsed(&trigger().unwrap())).unwrap();
        read_proposal(parsed(&proposal().unwrap())).unwrap();
        assert_eq!(read_request(parsed(&request(&NONCE).unwrap())), Ok(NONCE));
        assert_eq!(
            read_evidence(parsed(&evidence(&[1]).unwrap())),
            Ok(Some(&[1][..]))
        );
    }

    #[test]
    fn our_format_may_be_one_of_several_proposed() {
        read_proposal(parsed(&[0x15, 0x46, 0x83, 0x01, 0x19, 0x01, 0x07, 0x02])).unwrap();
    }

    #[test]
    fn a_missing_item_means_no_common_format() {
        let missing = Error::from(Incompatibility::EvidenceFormat);
        assert_eq!(read_trigger(parsed(&[])), Err(missing));
        assert_eq!(read_proposal(parsed(&[])), Err(missing));
        assert_eq!(read_proposal(parsed(&[0x15])), Err(missing));
        assert_eq!(
            read_proposal(parsed(&[0x15, 0x42, 0x81, 0x01])),
            Err(missing)
        );
        assert_eq!(read_request(parsed(&[])), Err(missing));
        assert_eq!(read_evidence(parsed(&[])), Ok(None));
    }

    #[test]
    fn repeated_and_malformed_items_are_refused() {
        let malformed = Error::from(Misbehaviour::MalformedEvidence);
        assert_eq!(read_trigger(parsed(&[0x14, 0x14])), Err(malformed));
        assert_eq!(read_trigger(parsed(&[0x14, 0x40])), Err(malformed));
        assert_eq!(read_evidence(parsed(&[0x17])), Err(malformed));
        let two = [0x17, 0x41, 0x01, 0x17, 0x41, 0x01];
        assert_eq!(read_evidence(parsed(&two)), Err(malformed));
        assert!(read_proposal(parsed(&[0x15, 0x40])).is_err());
        assert!(read_proposal(parsed(&[0x15, 0x45, 0x81, 0x19, 0x01, 0x07, 0x00])).is_err());
        assert!(read_request(parsed(&[0x16, 0x44, 0x82, 0x19, 0x01, 0x07])).is_err());
        // One byte more than the request.
        let mut longer = request(&NONCE).unwrap().to_vec();
        longer[1] += 1;
        longer.push(0);
        assert!(read_request(parsed(&longer)).is_err());
    }

    #[test]
    fn unknown_critical_items_abort_and_others_are_skipped() {
        // Label -40 is critical, 40 is not.
        assert_eq!(
            read_trigger(parsed(&[0x14, 0x38, 0x27])),
            Err(Incompatibility::CriticalEad { label: 40 }.into())
        );
        read_trigger(parsed(&[0x14, 0x18, 0x28])).unwrap();
    }
}
