//! Netlink attributes: length, type, value, padded to four bytes, and nested.

/// `NLA_F_NESTED`: the value is attributes itself.
const NESTED: u16 = 1 << 15;
/// `NLA_TYPE_MASK`: the bits of the type that are no flags.
const TYPE_MASK: u16 = 0x3fff;

/// Attributes being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    bytes: Vec<u8>,
}

impl Attributes {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds raw bytes.
    pub(crate) fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        self.push(kind, value);
        self
    }

    /// Adds a text with its terminator.
    pub(crate) fn text(self, kind: u16, value: &str) -> Self {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes)
    }

    /// Adds a big-endian number of 16 bits.
    pub(crate) fn u16(self, kind: u16, value: u16) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// Adds a big-endian number of 32 bits.
    pub(crate) fn u32(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// Adds a big-endian number of 64 bits.
    pub(crate) fn u64(self, kind: u16, value: u64) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    /// Adds attributes as the value of one.
    pub(crate) fn nested(self, kind: u16, value: &Self) -> Self {
        self.bytes(kind | NESTED, &value.bytes)
    }

    /// Adds all of `other`.
    pub(crate) fn append(mut self, other: &Self) -> Self {
        self.bytes.extend_from_slice(&other.bytes);
        self
    }

    /// What is written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn push(&mut self, kind: u16, value: &[u8]) {
        // INVARIANT: callers keep values under 64 KiB: names are short, and elements are split.
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// An attribute as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    /// Its type, without flags.
    pub(crate) kind: u16,
    /// Its value.
    pub(crate) value: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// The value as attributes.
    pub(crate) fn nested(self) -> impl Iterator<Item = Attribute<'a>> {
        parse(self.value)
    }

    /// The value as a text, up to its terminator.
    pub(crate) fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.value).ok()?.split('\0').next()
    }

    /// The value as a big-endian number of 16 bits.
    pub(crate) fn u16(self) -> Option<u16> {
        self.value.try_into().ok().map(u16::from_be_bytes)
    }

    /// The value as a big-endian number of 32 bits.
    pub(crate) fn u32(self) -> Option<u32> {
        self.value.try_into().ok().map(u32::from_be_bytes)
    }
}

/// The attributes in `bytes`, as far as they are whole.
pub(crate) fn parse(mut bytes: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(bytes.get(0..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?) & TYPE_MASK;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Attribute { kind, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let inner = Attributes::new().u32(7, 5).text(8, "ab");
        let outer = Attributes::new().u16(1, 9).nested(2, &inner);
        let read: Vec<Attribute<'_>> = parse(outer.as_bytes()).collect();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].kind, read[0].value), (1, [0, 9].as_slice()));
        let inside: Vec<Attribute<'_>> = read[1].nested().collect();
        assert_eq!((read[1].kind, inside[0].u32(), inside[1].text()), (2, Some(5), Some("ab")));
    }

    #[test]
    fn what_is_cut_short_is_left_out() {
        let whole = Attributes::new().u32(1, 5);
        assert_eq!(parse(&whole.as_bytes()[..6]).count(), 0);
        assert_eq!(parse(&[2, 0, 0, 0]).count(), 0);
    }
}
