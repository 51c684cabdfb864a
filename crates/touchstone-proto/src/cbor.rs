//! CBOR, deterministic encoding only (RFC 8949 section 4.2.1).
//!
//! The reader refuses whatever a deterministic encoder would not have written: longer heads than needed, indefinite
//! lengths, unordered maps. It never allocates and never recurses further than [`MAX_DEPTH`].

mod reader;
mod writer;

pub use reader::{Reader, Type};
pub use writer::{Head, Writer};

/// The deepest nesting [`Reader::skip_item`] follows.
pub const MAX_DEPTH: usize = 8;

// Major types (RFC 8949 section 3.1).
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Misbehaviour;

    #[test]
    fn every_head_width_reads_back() {
        for value in [
            0,
            23,
            24,
            0xff,
            0x100,
            0xffff,
            0x1_0000,
            0xffff_ffff,
            0x1_0000_0000,
            i64::MAX,
        ] {
            for value in [value, -1 - value] {
                let head = Head::int(value);
                let mut reader = Reader::new(head.as_slice());
                assert_eq!(reader.int(), Ok(value));
                assert!(reader.is_empty());
            }
        }
    }

    #[test]
    fn longer_heads_than_needed_are_refused() {
        for bytes in [
            &[0x18, 0x17][..],
            &[0x19, 0, 0xff],
            &[0x1a, 0, 0, 0xff, 0xff],
            &[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            &[0x58, 0x01, 0x00],
            &[0x98, 0x01, 0x00],
        ] {
            assert_eq!(
                Reader::new(bytes).skip_item(),
                Err(Misbehaviour::NonMinimalInteger),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn indefinite_lengths_are_refused() {
        for bytes in [
            &[0x5f, 0xff][..],
            &[0x7f, 0xff],
            &[0x9f, 0xff],
            &[0xbf, 0xff],
            &[0xff],
        ] {
            assert_eq!(
                Reader::new(bytes).skip_item(),
                Err(Misbehaviour::IndefiniteLength),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn lengths_beyond_the_message_are_refused() {
        for bytes in [
            &[0x5a, 0x00, 0x01, 0x00, 0x00][..],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x7a, 0xff, 0xff, 0xff, 0xff, 0x41],
            &[0x42, 0x00],
            &[0x19, 0x01],
            &[],
        ] {
            assert_eq!(
                Reader::new(bytes).skip_item(),
                Err(Misbehaviour::Truncated),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn a_failed_read_leaves_the_reader_where_it_was() {
        let mut reader = Reader::new(&[0x42, 0x00]);
        assert_eq!(reader.bytes(), Err(Misbehaviour::Truncated));
        assert_eq!(reader.int(), Err(Misbehaviour::WrongType));
        assert_eq!(reader.remaining(), &[0x42, 0x00]);
    }

    #[test]
    fn map_keys_must_ascend() {
        assert!(
            Reader::new(&[0xa2, 0x01, 0x00, 0x02, 0x00])
                .skip_item()
                .is_ok()
        );
        assert_eq!(
            Reader::new(&[0xa2, 0x02, 0x00, 0x01, 0x00]).skip_item(),
            Err(Misbehaviour::UnorderedMap)
        );
        assert_eq!(
            Reader::new(&[0xa2, 0x01, 0x00, 0x01, 0x00]).skip_item(),
            Err(Misbehaviour::UnorderedMap)
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let mut bytes = [0x81; MAX_DEPTH + 1];
        bytes[MAX_DEPTH] = 0x00;
        assert_eq!(
            Reader::new(&bytes).skip_item(),
            Err(Misbehaviour::NestedTooDeep)
        );
        assert!(Reader::new(&bytes[1..]).skip_item().is_ok());
    }

    #[test]
    fn what_is_not_deterministic_within_an_item_is_refused_wherever_it_is() {
        // As an element, a key and a value.
        for bytes in [
            &[0x81, 0x18, 0x00][..],
            &[0xa1, 0x18, 0x00, 0x00],
            &[0xa1, 0x00, 0x18, 0x00],
        ] {
            assert_eq!(
                Reader::new(bytes).skip_item(),
                Err(Misbehaviour::NonMinimalInteger)
            );
        }
    }

    #[test]
    fn a_tag_is_skipped_with_what_it_holds() {
        for (bytes, skipped) in [
            (&[0xc1, 0x00, 0x05][..], Ok(&[0xc1, 0x00][..])),
            (&[0xd8, 0x18, 0x41, 0x00], Ok(&[0xd8, 0x18, 0x41, 0x00])),
            (&[0xc1], Err(Misbehaviour::Truncated)),
            (&[0xd8, 0x17, 0x00], Err(Misbehaviour::NonMinimalInteger)),
            (&[0xc1, 0x18, 0x00], Err(Misbehaviour::NonMinimalInteger)),
        ] {
            assert_eq!(Reader::new(bytes).skip_item(), skipped, "{bytes:x?}");
        }
    }

    #[test]
    fn floating_point_and_reserved_heads_are_refused() {
        assert_eq!(
            Reader::new(&[0xf9, 0x00, 0x00]).skip_item(),
            Err(Misbehaviour::WrongType)
        );
        assert_eq!(
            Reader::new(&[0x1c]).skip_item(),
            Err(Misbehaviour::ReservedHead)
        );
        assert_eq!(
            Reader::new(&[0x1f]).skip_item(),
            Err(Misbehaviour::ReservedHead)
        );
    }
}
