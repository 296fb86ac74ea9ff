//! Versions of the specification.

use super::failure::{Code, Failure};
use std::fmt;

/// A version of the specification that the plugin speaks: those in which plugins can be chained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// The first with chains.
    V0_3_0,
    /// A correction.
    V0_3_1,
    /// The first with CHECK.
    V0_4_0,
    /// The first without the family beside an address.
    V1_0_0,
    /// The first with GC and STATUS.
    V1_1_0,
}

impl Version {
    /// All, ascending.
    pub(super) const ALL: [Self; 5] = [Self::V0_3_0, Self::V0_3_1, Self::V0_4_0, Self::V1_0_0, Self::V1_1_0];
    /// The latest.
    pub(super) const LATEST: Self = Self::V1_1_0;

    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V0_3_0 => "0.3.0",
            Self::V0_3_1 => "0.3.1",
            Self::V0_4_0 => "0.4.0",
            Self::V1_0_0 => "1.0.0",
            Self::V1_1_0 => "1.1.0",
        }
    }

    /// The version of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// The version that a configuration names; one that names none is of 0.1.0, says the specification.
    ///
    /// # Errors
    ///
    /// Where the plugin does not speak it.
    pub(super) fn configured(name: Option<&str>) -> Result<Self, Failure> {
        let name = name.unwrap_or("0.1.0");
        Self::of(name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Failure::new(Code::Version, format!("version `{name}` of the CNI specification is not supported"))
                .with_details(format!("set `cniVersion` of the network to one of {known}"))
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
