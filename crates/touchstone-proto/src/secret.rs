//! Byte strings that must not be printed, compared or left in memory.

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret of at most `N` bytes: zeroized on drop, `Debug` prints its length only.
///
/// It never implements `PartialEq`: secrets are compared in constant time or not at all.
#[derive(Clone)]
pub struct SecretBytes<const N: usize> {
    bytes: heapless::Vec<u8, N>,
}

impl<const N: usize> SecretBytes<N> {
    /// Copies `bytes`; `None` when there are more than `N` of them.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let bytes = heapless::Vec::from_slice(bytes).ok()?;
        Some(Self { bytes })
    }

    /// Copies both, one after the other; `None` when they are more than `N` bytes together.
    #[must_use]
    pub(crate) fn concatenation(first: &[u8], second: &[u8]) -> Option<Self> {
        let mut secret = Self::new(first)?;
        secret.bytes.extend_from_slice(second).ok()?;
        Some(secret)
    }

    /// No bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            bytes: heapless::Vec::new(),
        }
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl<const N: usize> Zeroize for SecretBytes<N> {
    fn zeroize(&mut self) {
        // The spare capacity may hold remains of a longer value.
        self.bytes.resize(N, 0).ok();
        self.bytes.as_mut_slice().zeroize();
        self.bytes.clear();
    }
}

impl<const N: usize> Drop for SecretBytes<N> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for SecretBytes<N> {}

impl<const N: usize> fmt::Debug for SecretBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_bytes_are_refused() {
        assert!(SecretBytes::<3>::new(b"abcd").is_none());
        assert_eq!(SecretBytes::<4>::new(b"abcd").unwrap().expose(), b"abcd");
    }

    #[test]
    fn debug_shows_the_length_only() {
        let secret = SecretBytes::<8>::new(b"hunter2").unwrap();
        assert_eq!(std::format!("{secret:?}"), "SecretBytes(7 bytes)");
    }

    #[test]
    fn zeroize_empties_it() {
        let mut secret = SecretBytes::<8>::new(b"hunter2").unwrap();
        secret.zeroize();
        assert!(secret.is_empty());
    }
}
