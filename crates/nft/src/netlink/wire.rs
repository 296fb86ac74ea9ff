//! Messages to the kernel and from it, as bytes.

/// `struct nlmsghdr`: length, type, flags, sequence, port.
const HEADER: usize = 16;
/// `struct nfgenmsg`: family, version, resource.
pub(crate) const GENERIC: usize = 4;
const NLMSG_ERROR: u16 = 2;
pub(super) const NLM_F_REQUEST: u16 = 0x1;

/// A message to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Subsystem and number.
    pub(crate) kind: u16,
    /// `NLM_F_*` beyond those that every request has.
    pub(crate) flags: u16,
    /// The protocol family.
    pub(crate) family: u8,
    /// The attributes.
    pub(crate) body: Vec<u8>,
    /// What it asks for, in words that follow "refused to".
    pub(crate) what: String,
}

impl Message {
    /// Writes it as a request with `flags` and a sequence number.
    pub(super) fn write(&self, into: &mut Vec<u8>, flags: u16, sequence: u32) {
        self.write_for(0, into, flags, sequence);
    }

    /// Likewise, about one resource of the subsystem.
    pub(super) fn write_for(&self, resource: u16, into: &mut Vec<u8>, flags: u16, sequence: u32) {
        let kind = (self.kind, NLM_F_REQUEST | self.flags | flags);
        write(into, kind, sequence, (self.family, resource), &self.body);
    }
}

/// Writes a message: type and flags, sequence, family and resource, attributes.
pub(super) fn write(
    into: &mut Vec<u8>,
    (kind, flags): (u16, u16),
    sequence: u32,
    (family, resource): (u8, u16),
    body: &[u8],
) {
    // INVARIANT: a message's attributes are far below 4 GiB.
    let length = u32::try_from(HEADER + GENERIC + body.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&length.to_ne_bytes());
    into.extend_from_slice(&kind.to_ne_bytes());
    into.extend_from_slice(&flags.to_ne_bytes());
    into.extend_from_slice(&sequence.to_ne_bytes());
    into.extend_from_slice(&0_u32.to_ne_bytes());
    into.extend_from_slice(&[family, 0]);
    into.extend_from_slice(&resource.to_be_bytes());
    into.extend_from_slice(body);
    into.resize(into.len().next_multiple_of(4), 0);
}

/// A message from the kernel.
pub(crate) struct Answer<'a> {
    pub(crate) kind: u16,
    pub(super) flags: u16,
    pub(super) sequence: u32,
    /// The port of the socket that asked for it.
    pub(super) port: u32,
    pub(crate) payload: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The messages in what one read returned.
    pub(crate) fn all(mut bytes: &'a [u8]) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let u32_at = |at| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
            let u16_at = |at| Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
            let length = usize::try_from(u32_at(0)?).ok()?;
            let payload = bytes.get(HEADER..length)?;
            let (kind, flags, sequence) = (u16_at(4)?, u16_at(6)?, u32_at(8)?);
            let answer = Self { kind, flags, sequence, port: u32_at(12)?, payload };
            bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
            Some(answer)
        })
    }

    /// The error number of an acknowledgement, 0 for success; `None` when it is none.
    pub(super) fn errno(&self) -> Option<i32> {
        if self.kind != NLMSG_ERROR {
            return None;
        }
        Some(-i32::from_ne_bytes(self.payload.get(0..4)?.try_into().ok()?))
    }
}
