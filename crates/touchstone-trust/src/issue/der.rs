//! The few DER forms a certificate needs (X.690 section 10).

use super::IssueError;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// An element of this tag around the parts.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Result<Vec<u8>, IssueError> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).map_err(|_| IssueError::TooLong)?;
    let [high, low] = length.to_be_bytes();
    let mut out = vec![tag];
    match (high, low) {
        (0, 0x00..=0x7f) => out.push(low),
        (0, _) => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    out.extend(content);
    Ok(out)
}

/// A non-negative INTEGER from big-endian octets, in its shortest form.
pub(super) fn unsigned(octets: &[u8]) -> Result<Vec<u8>, IssueError> {
    let start = octets
        .iter()
        .position(|octet| *octet != 0)
        .unwrap_or(octets.len());
    let digits = &octets[start..];
    let sign: &[u8] = match digits.first() {
        Some(0x01..=0x7f) => &[],
        _ => &[0],
    };
    element(INTEGER, &[sign, digits])
}
