//! SCTP by hand (RFC 9260), since kernels often lack it: an INIT, and what answers it.

/// The kinds of chunk that a lab speaks.
const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
const ABORT: u8 = 6;

/// What a packet begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Somebody opens an association; the tag that answers must carry.
    Init(u32),
    /// Somebody listens.
    InitAck,
    /// Nobody listens.
    Abort,
}

/// A packet's ports and first chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) source: u16,
    pub(crate) destination: u16,
    pub(crate) chunk: Chunk,
}

/// Reads a packet; `None` for any that a lab does not send.
pub(crate) fn parse(bytes: &[u8]) -> Option<Packet> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let port = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let chunk = match *bytes.get(12)? {
        INIT => Chunk::Init(word(16)?),
        INIT_ACK => Chunk::InitAck,
        ABORT => Chunk::Abort,
        _ => return None,
    };
    Some(Packet { source: port(0)?, destination: port(2)?, chunk })
}

/// Opens an association.
pub(crate) fn init(source: u16, destination: u16) -> Vec<u8> {
    packet(source, destination, 0, &handshake(INIT, &[]))
}

/// Says that somebody listens. `to` is the packet that asked.
pub(crate) fn init_ack(to: &Packet, tag: u32) -> Vec<u8> {
    // A state cookie (parameter 7) is what the kind requires.
    let cookie = [0, 7, 0, 12, b's', b'e', b'k', b'i', b's', b'h', b'o', b'!'];
    packet(to.destination, to.source, tag, &handshake(INIT_ACK, &cookie))
}

/// Says that nobody listens.
pub(crate) fn abort(to: &Packet, tag: u32) -> Vec<u8> {
    packet(to.destination, to.source, tag, &[ABORT, 0, 0, 4])
}

/// INIT and INIT ACK have one form: tag, window, streams out and in, first sequence number.
fn handshake(kind: u8, parameters: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + parameters.len()).unwrap_or(u16::MAX);
    let mut chunk = vec![kind, 0];
    chunk.extend(length.to_be_bytes());
    chunk.extend(0x5e4b_1540_u32.to_be_bytes());
    chunk.extend(65536_u32.to_be_bytes());
    chunk.extend([0, 1, 0, 1]);
    chunk.extend(1_u32.to_be_bytes());
    chunk.extend(parameters);
    chunk
}

fn packet(source: u16, destination: u16, tag: u32, chunk: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(source.to_be_bytes());
    bytes.extend(destination.to_be_bytes());
    bytes.extend(tag.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(chunk);
    // INVARIANT: right, or connection tracking calls the packet invalid (S36).
    let sum = crc32c(&bytes).to_le_bytes();
    if let Some(place) = bytes.get_mut(8..12) {
        place.copy_from_slice(&sum);
    }
    bytes
}

/// CRC-32C, bit by bit: packets are few and small.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32c() {
        // RFC 3720, B.4: 32 bytes of zeroes, and the usual check value.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn what_is_sent_is_read() {
        let asked = parse(&init(1000, 38412)).unwrap();
        assert_eq!(asked, Packet { source: 1000, destination: 38412, chunk: Chunk::Init(0x5e4b_1540) });
        let answer = parse(&init_ack(&asked, 7)).unwrap();
        assert_eq!(answer, Packet { source: 38412, destination: 1000, chunk: Chunk::InitAck });
        assert_eq!(parse(&abort(&asked, 7)).unwrap().chunk, Chunk::Abort);
        assert_eq!(parse(&[0; 11]), None);
    }
}
