//! The UUIDs of the TS/1 GATT service (docs/PROTOCOL.md section 1).

/// The Touchstone service; also the key of the advertised service data.
pub const SERVICE: u128 = 0x4be0_d8ac_bf3f_43a1_bd3b_96da_c687_73f8;
/// Phone to device: write without response.
pub const UP: u128 = 0x44c2_6156_d329_4e26_8111_2de7_73b9_3b6e;
/// Device to phone: notify.
pub const DOWN: u128 = 0xa0d7_805c_fad7_4d95_88e3_89fb_4bb3_f1f2;

/// Bytes of an ATT packet that a fragment cannot use: the ATT header, and two in reserve.
pub const ATT_OVERHEAD: usize = 5;
/// The smallest fragment a link may use: ATT_MTU 23.
pub const MIN_FRAGMENT: usize = 18;
/// The largest fragment a link may use: the longest attribute value.
pub const MAX_FRAGMENT: usize = 512;

/// The fragment size of a link, in bytes, for its negotiated ATT_MTU: `min(ATT_MTU - 5, 512)`, never below 18.
#[must_use]
pub fn fragment_size(att_mtu: usize) -> usize {
    att_mtu
        .saturating_sub(ATT_OVERHEAD)
        .clamp(MIN_FRAGMENT, MAX_FRAGMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_size_follows_the_mtu_within_its_bounds() {
        assert_eq!(fragment_size(0), 18);
        assert_eq!(fragment_size(23), 18);
        assert_eq!(fragment_size(247), 242);
        assert_eq!(fragment_size(517), 512);
        assert_eq!(fragment_size(65535), 512);
    }
}
