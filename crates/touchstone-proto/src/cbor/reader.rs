//! The reader.

use super::{ARRAY, BYTES, MAP, MAX_DEPTH, NEGATIVE, SIMPLE, TAG, TEXT, UNSIGNED};
use crate::error::Misbehaviour;

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
