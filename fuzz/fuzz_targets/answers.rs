//! No packet makes the reader of DNS answers panic, or read more than it may.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_nft::names::Answer;

fuzz_target!(|bytes: &[u8]| {
    if let Some(answer) = Answer::read(bytes) {
        assert!((1..=32).contains(&answer.addresses.len()));
        assert!(!answer.name.is_empty() && answer.name.len() <= 253);
        assert!(answer.name.bytes().all(|letter| !letter.is_ascii_uppercase() && letter.is_ascii_graphic()));
    }
    // As the answer of a server that a pod asked: behind headers that are whole.
    let length = u16::try_from(bytes.len() + 28).unwrap_or(u16::MAX).to_be_bytes();
    let datagram = u16::try_from(bytes.len() + 8).unwrap_or(u16::MAX).to_be_bytes();
    let ip = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 17, 0, 0, 10, 96, 0, 10, 10, 0, 0, 1];
    let udp = [0, 53, 156, 64, datagram[0], datagram[1], 0, 0];
    let _ = Answer::read(&[&ip[..], &udp, bytes].concat());
});
