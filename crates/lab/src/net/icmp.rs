//! ICMP echo requests (RFC 792, RFC 4443).

/// Echo request and reply of ICMP.
pub(crate) const ECHO_V4: (u8, u8) = (8, 0);
/// Echo request and reply of ICMPv6.
pub(crate) const ECHO_V6: (u8, u8) = (128, 129);

/// A message of `kind` with an identifier and some data. For ICMPv6 the kernel writes the checksum,
/// which covers addresses too.
pub(crate) fn message(v4: bool, kind: u8, identifier: u16) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    bytes.extend(identifier.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(b"sekisho!");
    if v4 {
        let sum = checksum(&bytes).to_be_bytes();
        if let Some(place) = bytes.get_mut(2..4) {
            place.copy_from_slice(&sum);
        }
    }
    bytes
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_its_checksum_sums_to_zero() {
        assert_eq!(checksum(&message(true, 8, 0x1234)), 0);
        assert_ne!(message(true, 8, 1)[2..4], [0, 0]);
    }
}
