//! Values as other tools write them.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, net::IpAddr};

/// A whole number that is written as one, as text, or with a fraction of nothing: protobuf's JSON writes 64
/// bits as text, and Cloud Logging keeps all numbers as doubles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole(pub(super) u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
                // Up to here a double has every whole number.
                const EXACT: f64 = 9_007_199_254_740_992.0;
                if number.fract() == 0.0 && (0.0..=EXACT).contains(&number) {
                    format!("{number}").parse().map(Whole).map_err(|_| wrong(number))
                } else {
                    Err(wrong(number))
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                text.parse().map(Whole).map_err(|_| wrong(short(text)))
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// A value, or what stands for none: Hubble leaves out what it does not know, `jq` writes `null`.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

fn wrong<E: de::Error>(text: impl fmt::Display) -> E {
    E::custom(format!("`{text}` is no whole number"))
}

/// As much of a text as a message quotes.
pub(super) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The address of a text; `None` where it is empty, or `-`.
///
/// # Errors
/// When it is none.
pub(super) fn address(text: &str) -> Result<Option<IpAddr>, String> {
    match text {
        "" | "-" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("`{}` is no address", short(text))),
    }
}

/// An address, or the empty text for none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Address(pub(super) Option<IpAddr>);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Address, E> {
                address(text).map(Address).map_err(E::custom)
            }
        }
        from.deserialize_str(Visitor)
    }
}
