//! The writer.

use super::{ARRAY, BYTES, MAP, NEGATIVE, TEXT, UNSIGNED};
use crate::error::LocalError;

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
