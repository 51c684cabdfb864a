//! The 12 bytes of service data a device advertises (docs/PROTOCOL.md section 2).
//!
//! Everything here is a hint from the air: nothing is decided by it except caution.

use core::fmt;

use hmac::Mac;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::mac::hmac_sha256;

/// Length of the service data in bytes.
pub const ADVERT_LENGTH: usize = 12;

/// What a device says about itself before any connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Advert {
    /// Highest TS version the device speaks.
    pub version: u8,
    /// State hints.
    pub flags: AdvertFlags,
    /// Product family; no serial number.
    pub model_class: u16,
    /// Counts seconds while armed or touched, else 0.
    pub epoch: u32,
    /// First bytes of HMAC-SHA-256(k_adv, epoch) while armed or touched, else zero.
    pub tag: [u8; 4],
}

/// State hints in an [`Advert`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AdvertFlags {
    /// The device answers handshakes now.
    pub window_open: bool,
    /// No owner is stored.
    pub unowned: bool,
    /// A session waits for a touch.
    pub armed: bool,
    /// A touch is claimed by a session.
    pub touched: bool,
    /// The device can do level L2.
    pub l2_capable: bool,
}

/// Service data that is not a TS/1 advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvertError;

impl fmt::Display for AdvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("service data is not a TS/1 advertisement")
    }
}

impl core::error::Error for AdvertError {}

const WINDOW_OPEN: u8 = 0x01;
const UNOWNED: u8 = 0x02;
const ARMED: u8 = 0x04;
const TOUCHED: u8 = 0x08;
const L2_CAPABLE: u8 = 0x10;
const RESERVED: u8 = 0xe0;

impl AdvertFlags {
    fn bits(self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        bit(self.window_open, WINDOW_OPEN)
            | bit(self.unowned, UNOWNED)
            | bit(self.armed, ARMED)
            | bit(self.touched, TOUCHED)
            | bit(self.l2_capable, L2_CAPABLE)
    }

    fn from_bits(bits: u8) -> Self {
        Self {
            window_open: bits & WINDOW_OPEN != 0,
            unowned: bits & UNOWNED != 0,
            armed: bits & ARMED != 0,
            touched: bits & TOUCHED != 0,
            l2_capable: bits & L2_CAPABLE != 0,
        }
    }
}

impl Advert {
    /// The service data to advertise.
    #[must_use]
    pub fn encode(&self) -> [u8; ADVERT_LENGTH] {
        let [m0, m1] = self.model_class.to_be_bytes();
        let [e0, e1, e2, e3] = self.epoch.to_be_bytes();
        let [t0, t1, t2, t3] = self.tag;
        [
            self.version,
            self.flags.bits(),
            m0,
            m1,
            e0,
            e1,
            e2,
            e3,
            t0,
            t1,
            t2,
            t3,
        ]
    }

    /// Reads service data.
    ///
    /// # Errors
    /// [`AdvertError`] for another length, version 0, or a reserved flag in version 1. Later versions may give the reserved flags a meaning.
    pub fn parse(service_data: &[u8]) -> Result<Self, AdvertError> {
        let &[version, flags, m0, m1, e0, e1, e2, e3, t0, t1, t2, t3] = service_data else {
            return Err(AdvertError);
        };
        if version == 0 || (version == 1 && flags & RESERVED != 0) {
            return Err(AdvertError);
        }
        Ok(Self {
            version,
            flags: AdvertFlags::from_bits(flags),
            model_class: u16::from_be_bytes([m0, m1]),
            epoch: u32::from_be_bytes([e0, e1, e2, e3]),
            tag: [t0, t1, t2, t3],
        })
    }
}

/// k_adv: the key under which a session's device advertises. Zeroized on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AdvertKey([u8; 32]);

impl AdvertKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Whether an advertisement was made under this key. A copied one is: look at its epoch too.
    #[must_use]
    pub fn matches(&self, advert: &Advert) -> bool {
        tag(self, advert.epoch).ct_eq(&advert.tag).into()
    }
}

impl fmt::Debug for AdvertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdvertKey(32 bytes)")
    }
}

/// The tag a session's device advertises in `epoch`; lets a phone know its own armed devices.
#[must_use]
pub fn tag(k_adv: &AdvertKey, epoch: u32) -> [u8; 4] {
    let mut mac = hmac_sha256(&k_adv.0);
    mac.update(&epoch.to_be_bytes());
    let mac: [u8; 32] = mac.finalize().into_bytes().into();
    let [t0, t1, t2, t3, ..] = mac;
    [t0, t1, t2, t3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADVERT: Advert = Advert {
        version: 1,
        flags: AdvertFlags {
            window_open: true,
            unowned: true,
            armed: false,
            touched: true,
            l2_capable: false,
        },
        model_class: 0x1234,
        epoch: 0x0102_0304,
        tag: [9, 8, 7, 6],
    };

    #[test]
    fn the_fields_lie_at_the_specified_offsets() {
        assert_eq!(
            ADVERT.encode(),
            [1, 0x0b, 0x12, 0x34, 1, 2, 3, 4, 9, 8, 7, 6]
        );
        assert_eq!(Advert::parse(&ADVERT.encode()), Ok(ADVERT));
    }

    #[test]
    fn each_flag_has_its_own_bit() {
        for bit in 0..5 {
            let flags = AdvertFlags::from_bits(1 << bit);
            assert_eq!(flags.bits(), 1 << bit);
        }
    }

    #[test]
    fn other_lengths_versions_and_reserved_flags_are_refused() {
        let good = ADVERT.encode();
        assert_eq!(Advert::parse(&good[..11]), Err(AdvertError));
        assert_eq!(Advert::parse(&[]), Err(AdvertError));
        let mut long = [0; 13];
        long[..12].copy_from_slice(&good);
        assert_eq!(Advert::parse(&long), Err(AdvertError));
        let mut zero = good;
        zero[0] = 0;
        assert_eq!(Advert::parse(&zero), Err(AdvertError));
        let mut reserved = good;
        reserved[1] |= 0x20;
        assert_eq!(Advert::parse(&reserved), Err(AdvertError));
    }

    #[test]
    fn a_later_version_is_still_recognised() {
        let mut later = ADVERT.encode();
        later[0] = 2;
        later[1] |= 0x80;
        assert_eq!(Advert::parse(&later).unwrap().version, 2);
    }

    #[test]
    fn the_tag_depends_on_key_and_epoch() {
        let [one, two] = [1, 2].map(|byte| AdvertKey::new([byte; 32]));
        assert_ne!(tag(&one, 1), tag(&one, 2));
        assert_ne!(tag(&one, 1), tag(&two, 1));
        let advert = Advert {
            epoch: 5,
            tag: tag(&one, 5),
            ..ADVERT
        };
        assert!(one.matches(&advert));
        assert!(!two.matches(&advert));
        assert!(!one.matches(&Advert { epoch: 6, ..advert }));
    }

    #[test]
    fn the_tag_is_the_start_of_the_hmac() {
        // Computed with Python's hmac module over key 0x01 * 32 and message 00000007.
        assert_eq!(tag(&AdvertKey::new([1; 32]), 7), TAG_OF_SEVEN);
    }

    const TAG_OF_SEVEN: [u8; 4] = hex_literal::hex!("7937ad63");

    proptest! {
        #[test]
        fn what_parses_encodes_to_the_same_bytes(mut data in any::<[u8; 12]>()) {
            data[0] = 1;
            data[1] &= 0x1f;
            prop_assert_eq!(Advert::parse(&data).unwrap().encode(), data);
        }
    }
}
