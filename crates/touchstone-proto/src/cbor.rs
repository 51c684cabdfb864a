//! CBOR, deterministic encoding only (RFC 8949 section 4.2.1).
//!
//! The reader refuses whatever a deterministic encoder would not have written: longer heads than needed, indefinite
//! lengths, unordered maps. It never allocates and never recurses further than [`MAX_DEPTH`].

use crate::error::{LocalError, Misbehaviour};

/// The deepest nesting [`Reader::skip_item`] follows.
pub const MAX_DEPTH: usize = 8;

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

/// The type of the next item, by its major type (RFC 8949 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Major type 0 or 1.
    Integer,
    /// Major type 2.
    Bytes,
    /// Major type 3.
    Text,
    /// Major type 4.
    Array,
    /// Major type 5.
    Map,
    /// Major type 6.
    Tag,
    /// Major type 7: booleans, null and floating point numbers.
    Simple,
}

/// Reads a sequence of deterministically encoded items from a slice.
#[derive(Debug, Clone)]
pub struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Starts reading at the beginning of `bytes`.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub const fn remaining(&self) -> &'b [u8] {
        self.rest
    }

    /// True when everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Requires that everything has been read.
    ///
    /// # Errors
    /// [`Misbehaviour::TrailingData`] if something is left.
    pub fn end(&self) -> Result<(), Misbehaviour> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Misbehaviour::TrailingData)
        }
    }

    /// The type of the next item, without reading it.
    ///
    /// # Errors
    /// [`Misbehaviour::Truncated`] at the end of the input.
    pub fn peek(&self) -> Result<Type, Misbehaviour> {
        let first = self.rest.first().ok_or(Misbehaviour::Truncated)?;
        Ok(match first >> 5 {
            UNSIGNED | NEGATIVE => Type::Integer,
            BYTES => Type::Bytes,
            TEXT => Type::Text,
            ARRAY => Type::Array,
            MAP => Type::Map,
            TAG => Type::Tag,
            _ => Type::Simple,
        })
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else or not deterministic.
    pub fn uint(&mut self) -> Result<u64, Misbehaviour> {
        self.typed_head(UNSIGNED)
    }

    /// Reads an unsigned integer that fits the type asked for.
    ///
    /// # Errors
    /// As [`Self::uint`]; [`Misbehaviour::IntegerOutOfRange`] if it does not fit.
    pub fn uint_as<T: TryFrom<u64>>(&mut self) -> Result<T, Misbehaviour> {
        T::try_from(self.uint()?).map_err(|_| Misbehaviour::IntegerOutOfRange)
    }

    /// Reads a signed integer.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else, not deterministic or outside the range of `i64`.
    pub fn int(&mut self) -> Result<i64, Misbehaviour> {
        let mut ahead = self.clone();
        let (major, argument) = ahead.head()?;
        let magnitude = i64::try_from(argument).map_err(|_| Misbehaviour::IntegerOutOfRange);
        let value = match major {
            UNSIGNED => magnitude?,
            // -1 - n cannot overflow for n in 0..=i64::MAX.
            NEGATIVE => -1 - magnitude?,
            _ => return Err(Misbehaviour::WrongType),
        };
        *self = ahead;
        Ok(value)
    }

    /// Reads a byte string.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else or not deterministic.
    pub fn bytes(&mut self) -> Result<&'b [u8], Misbehaviour> {
        let mut ahead = self.clone();
        let length = ahead.typed_head(BYTES)?;
        let content = ahead.take(length)?;
        *self = ahead;
        Ok(content)
    }

    /// Reads a byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// As [`Self::bytes`]; [`Misbehaviour::WrongLength`] if it is shorter or longer.
    pub fn byte_array<const N: usize>(&mut self) -> Result<&'b [u8; N], Misbehaviour> {
        self.bytes()?
            .try_into()
            .map_err(|_| Misbehaviour::WrongLength)
    }

    /// Reads a text string.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else, not deterministic or not UTF-8.
    pub fn text(&mut self) -> Result<&'b str, Misbehaviour> {
        let mut ahead = self.clone();
        let length = ahead.typed_head(TEXT)?;
        let content = ahead.take(length)?;
        let text = core::str::from_utf8(content).map_err(|_| Misbehaviour::InvalidUtf8)?;
        *self = ahead;
        Ok(text)
    }

    /// Reads a boolean.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else.
    pub fn bool(&mut self) -> Result<bool, Misbehaviour> {
        match self.rest.split_first() {
            None => Err(Misbehaviour::Truncated),
            Some((0xf4, rest)) => {
                self.rest = rest;
                Ok(false)
            }
            Some((0xf5, rest)) => {
                self.rest = rest;
                Ok(true)
            }
            Some(_) => Err(Misbehaviour::WrongType),
        }
    }

    /// Reads the head of an array and requires exactly `length` elements, which follow.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else or has another length.
    pub fn array(&mut self, length: u64) -> Result<(), Misbehaviour> {
        if self.array_any()? == length {
            Ok(())
        } else {
            Err(Misbehaviour::WrongLength)
        }
    }

    /// Reads the head of an array and returns how many elements follow.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else.
    pub fn array_any(&mut self) -> Result<u64, Misbehaviour> {
        self.typed_head(ARRAY)
    }

    /// Reads the head of a map and requires exactly `length` pairs, which follow as keys and values.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else or has another length.
    pub fn map(&mut self, length: u64) -> Result<(), Misbehaviour> {
        if self.map_any()? == length {
            Ok(())
        } else {
            Err(Misbehaviour::WrongLength)
        }
    }

    /// Reads the head of a map and returns how many pairs follow.
    ///
    /// # Errors
    /// [`Misbehaviour`] if the next item is anything else.
    pub fn map_any(&mut self) -> Result<u64, Misbehaviour> {
        self.typed_head(MAP)
    }

    /// Reads one whole item of any type and returns its encoding.
    ///
    /// # Errors
    /// [`Misbehaviour`] if anything within it is not deterministic, or it is nested deeper than [`MAX_DEPTH`].
    pub fn skip_item(&mut self) -> Result<&'b [u8], Misbehaviour> {
        let mut ahead = self.clone();
        ahead.skip_nested(MAX_DEPTH)?;
        let length = self.rest.len().saturating_sub(ahead.rest.len());
        let (item, _) = self
            .rest
            .split_at_checked(length)
            .ok_or(Misbehaviour::Truncated)?;
        *self = ahead;
        Ok(item)
    }

    fn skip_nested(&mut self, depth: usize) -> Result<(), Misbehaviour> {
        let deeper = depth.checked_sub(1).ok_or(Misbehaviour::NestedTooDeep)?;
        match self.peek()? {
            Type::Integer => self.head().map(|_| ()),
            Type::Bytes => self.bytes().map(|_| ()),
            Type::Text => self.text().map(|_| ()),
            Type::Array => {
                for _ in 0..self.array_any()? {
                    self.skip_nested(deeper)?;
                }
                Ok(())
            }
            Type::Map => {
                let mut previous: &[u8] = &[];
                for _ in 0..self.map_any()? {
                    let before = self.rest;
                    self.skip_nested(deeper)?;
                    let length = before.len().saturating_sub(self.rest.len());
                    let (key, _) = before
                        .split_at_checked(length)
                        .ok_or(Misbehaviour::Truncated)?;
                    if key <= previous {
                        return Err(Misbehaviour::UnorderedMap);
                    }
                    previous = key;
                    self.skip_nested(deeper)?;
                }
                Ok(())
            }
            Type::Tag => {
                self.head()?;
                self.skip_nested(deeper)
            }
            Type::Simple => match self.rest.split_first() {
                // false, true, null; no message of ours holds a floating point number.
                Some((0xf4..=0xf6, rest)) => {
                    self.rest = rest;
                    Ok(())
                }
                Some((0xff, _)) => Err(Misbehaviour::IndefiniteLength),
                _ => Err(Misbehaviour::WrongType),
            },
        }
    }

    fn typed_head(&mut self, expected: u8) -> Result<u64, Misbehaviour> {
        let mut ahead = self.clone();
        let first = self.rest.first().ok_or(Misbehaviour::Truncated)?;
        if first >> 5 != expected {
            return Err(Misbehaviour::WrongType);
        }
        let (_, argument) = ahead.head()?;
        *self = ahead;
        Ok(argument)
    }

    /// Reads a head: major type and argument (RFC 8949 section 3).
    fn head(&mut self) -> Result<(u8, u64), Misbehaviour> {
        let (first, rest) = self.rest.split_first().ok_or(Misbehaviour::Truncated)?;
        self.rest = rest;
        let major = first >> 5;
        let argument = match first & 0x1f {
            short @ 0..=23 => u64::from(short),
            24 => {
                let [byte] = self.take_array()?;
                shortest(u64::from(byte), 24)?
            }
            25 => shortest(u64::from(u16::from_be_bytes(self.take_array()?)), 0x100)?,
            26 => shortest(u64::from(u32::from_be_bytes(self.take_array()?)), 0x1_0000)?,
            27 => shortest(u64::from_be_bytes(self.take_array()?), 0x1_0000_0000)?,
            31 if matches!(major, BYTES | TEXT | ARRAY | MAP | SIMPLE) => {
                return Err(Misbehaviour::IndefiniteLength);
            }
            _ => return Err(Misbehaviour::ReservedHead),
        };
        Ok((major, argument))
    }

    fn take(&mut self, length: u64) -> Result<&'b [u8], Misbehaviour> {
        let length = usize::try_from(length).map_err(|_| Misbehaviour::Truncated)?;
        let (content, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Misbehaviour::Truncated)?;
        self.rest = rest;
        Ok(content)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], Misbehaviour> {
        let (content, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Misbehaviour::Truncated)?;
        self.rest = rest;
        Ok(*content)
    }
}

fn shortest(value: u64, least: u64) -> Result<u64, Misbehaviour> {
    if value >= least {
        Ok(value)
    } else {
        Err(Misbehaviour::NonMinimalInteger)
    }
}

/// The head of one item, at most nine bytes.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    bytes: [u8; 9],
    length: usize,
}

impl Head {
    /// The head of an integer.
    pub fn int(value: i64) -> Self {
        // For negative numbers the argument is -1 - value, which is the bitwise complement.
        if value < 0 {
            Self::new(NEGATIVE, (!value).unsigned_abs())
        } else {
            Self::new(UNSIGNED, value.unsigned_abs())
        }
    }

    /// The head of an unsigned integer.
    pub fn uint(value: u64) -> Self {
        Self::new(UNSIGNED, value)
    }

    /// The head of a byte string of `length` bytes.
    pub fn bytes(length: usize) -> Self {
        Self::new(BYTES, widen(length))
    }

    /// The head of a text string of `length` bytes.
    pub fn text(length: usize) -> Self {
        Self::new(TEXT, widen(length))
    }

    /// The head of an array of `length` elements.
    pub fn array(length: usize) -> Self {
        Self::new(ARRAY, widen(length))
    }

    /// The head of a map of `length` pairs.
    pub fn map(length: usize) -> Self {
        Self::new(MAP, widen(length))
    }

    /// The encoding.
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }

    fn new(major: u8, argument: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = argument.to_be_bytes();
        let first = major << 5;
        let (bytes, length) = match argument {
            0..=23 => ([first | h, 0, 0, 0, 0, 0, 0, 0, 0], 1),
            24..=0xff => ([first | 24, h, 0, 0, 0, 0, 0, 0, 0], 2),
            0x100..=0xffff => ([first | 25, g, h, 0, 0, 0, 0, 0, 0], 3),
            0x1_0000..=0xffff_ffff => ([first | 26, e, f, g, h, 0, 0, 0, 0], 5),
            _ => ([first | 27, a, b, c, d, e, f, g, h], 9),
        };
        Self { bytes, length }
    }
}

fn widen(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Appends deterministically encoded items to a bounded vector.
#[derive(Debug)]
pub struct Writer<'a, const N: usize> {
    out: &'a mut heapless::Vec<u8, N>,
}

impl<'a, const N: usize> Writer<'a, N> {
    /// Appends to `out`.
    pub fn new(out: &'a mut heapless::Vec<u8, N>) -> Self {
        Self { out }
    }

    /// Appends an integer.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`] if it does not fit, as do all methods of this type.
    pub fn int(&mut self, value: i64) -> Result<&mut Self, LocalError> {
        self.raw(Head::int(value).as_slice())
    }

    /// Appends an unsigned integer.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn uint(&mut self, value: u64) -> Result<&mut Self, LocalError> {
        self.raw(Head::uint(value).as_slice())
    }

    /// Appends a byte string.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn bytes(&mut self, value: &[u8]) -> Result<&mut Self, LocalError> {
        self.bytes_head(value.len())?.raw(value)
    }

    /// Appends the head of a byte string of `length` bytes; the caller appends the bytes.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn bytes_head(&mut self, length: usize) -> Result<&mut Self, LocalError> {
        self.raw(Head::bytes(length).as_slice())
    }

    /// Appends a text string.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn text(&mut self, value: &str) -> Result<&mut Self, LocalError> {
        self.raw(Head::text(value.len()).as_slice())?
            .raw(value.as_bytes())
    }

    /// Appends a boolean.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn bool(&mut self, value: bool) -> Result<&mut Self, LocalError> {
        self.raw(&[if value { 0xf5 } else { 0xf4 }])
    }

    /// Appends the head of an array; the caller appends `length` items.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn array(&mut self, length: usize) -> Result<&mut Self, LocalError> {
        self.raw(Head::array(length).as_slice())
    }

    /// Appends the head of a map; the caller appends `length` keys and values in bytewise order of the keys.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn map(&mut self, length: usize) -> Result<&mut Self, LocalError> {
        self.raw(Head::map(length).as_slice())
    }

    /// Appends bytes that are already encoded.
    ///
    /// # Errors
    /// [`LocalError::MessageTooLong`].
    pub fn raw(&mut self, encoded: &[u8]) -> Result<&mut Self, LocalError> {
        self.out
            .extend_from_slice(encoded)
            .map_err(|_| LocalError::MessageTooLong)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
