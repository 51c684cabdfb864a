//! External authorization data (RFC 9528 section 3.8).

use crate::cbor::{Reader, Type, Writer};
use crate::error::{Incompatibility, LocalError, Misbehaviour};

/// An EAD field: a sequence of items, possibly empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ead<'a>(&'a [u8]);

/// One EAD item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// The registered label, without the sign that marks it critical.
    pub label: u64,
    /// True if the exchange must end unless the item is understood.
    pub critical: bool,
    /// The value, if there is one.
    pub value: Option<&'a [u8]>,
}

impl<'a> Ead<'a> {
    /// Checks that `bytes` is a sequence of items.
    ///
    /// # Errors
    /// [`Misbehaviour`] if it is not.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Misbehaviour> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            read_item(&mut reader)?;
        }
        Ok(Self(bytes))
    }

    /// A field that was checked when it was received.
    pub(super) const fn already_parsed(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The encoding, as received.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The items in order, without padding (label 0, RFC 9528 section 3.8.1).
    pub fn items(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        let mut reader = Reader::new(self.0);
        core::iter::from_fn(move || read_item(&mut reader).ok()).filter(|item| item.label != 0)
    }

    /// Requires that every critical item has one of the labels in `known`.
    ///
    /// # Errors
    /// [`Incompatibility::CriticalEad`] with the first that has not.
    pub fn refuse_unknown_critical(&self, known: &[u64]) -> Result<(), Incompatibility> {
        match self
            .items()
            .find(|item| item.critical && !known.contains(&item.label))
        {
            Some(Item { label, .. }) => Err(Incompatibility::CriticalEad { label }),
            None => Ok(()),
        }
    }
}

fn read_item<'a>(reader: &mut Reader<'a>) -> Result<Item<'a>, Misbehaviour> {
    let label = reader.int()?;
    let value = match reader.peek() {
        Ok(Type::Bytes) => Some(reader.bytes()?),
        _ => None,
    };
    Ok(Item {
        label: label.unsigned_abs(),
        critical: label < 0,
        value,
    })
}

/// Appends one item to an EAD field.
///
/// # Errors
/// [`LocalError::MessageTooLong`] if it does not fit, [`LocalError::EadMalformed`] if the label cannot be written.
pub fn push<const N: usize>(
    field: &mut heapless::Vec<u8, N>,
    item: &Item<'_>,
) -> Result<(), LocalError> {
    let label = i64::try_from(item.label).map_err(|_| LocalError::EadMalformed)?;
    let mut writer = Writer::new(field);
    writer.int(if item.critical { -label } else { label })?;
    if let Some(value) = item.value {
        writer.bytes(value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_read_back_and_padding_is_skipped() {
        let items = [
            Item {
                label: 20,
                critical: false,
                value: None,
            },
            Item {
                label: 0,
                critical: false,
                value: Some(&[0; 5]),
            },
            Item {
                label: 4321,
                critical: true,
                value: Some(b"c"),
            },
        ];
        let mut field = heapless::Vec::<u8, 64>::new();
        for item in &items {
            push(&mut field, item).unwrap();
        }
        let ead = Ead::parse(&field).unwrap();
        assert!(ead.items().eq([items[0], items[2]]));
        assert_eq!(
            ead.refuse_unknown_critical(&[20]),
            Err(Incompatibility::CriticalEad { label: 4321 })
        );
        assert_eq!(ead.refuse_unknown_critical(&[4321]), Ok(()));
    }

    #[test]
    fn a_field_of_anything_but_labels_and_byte_strings_is_refused() {
        for bytes in [
            &[0x41, 0x00][..],
            &[0x01, 0x61, 0x41],
            &[0x01, 0x41, 0x00, 0x41, 0x00],
            &[0x01, 0xf6],
        ] {
            assert_eq!(
                Ead::parse(bytes),
                Err(Misbehaviour::WrongType),
                "{bytes:x?}"
            );
        }
        assert_eq!(
            Ead::parse(&[0x01, 0x42, 0x00]),
            Err(Misbehaviour::Truncated)
        );
        assert_eq!(
            Ead::parse(&[0x18, 0x01]),
            Err(Misbehaviour::NonMinimalInteger)
        );
    }
}
