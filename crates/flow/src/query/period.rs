//! Stretches of time, as people ask for them.

use crate::record::{Seen, Window, WindowError};
use jiff::Timestamp;
use std::str::FromStr;

/// A stretch of time whose ends may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Its first moment; without one it has no beginning.
    pub since: Option<Timestamp>,
    /// The first moment after it; without one it has no end.
    pub until: Option<Timestamp>,
}

impl Period {
    /// The period up to, and without, `until`, as far back as `since` says: it counts from `until`, and from `now`
    /// where there is none.
    ///
    /// # Errors
    /// When nothing lies between them.
    pub fn new(since: Option<Since>, until: Option<Timestamp>, now: Timestamp) -> Result<Self, WindowError> {
        let end = until.unwrap_or(now);
        let since = since.map(|since| since.before(end));
        match since {
            Some(since) if since >= end => Err(WindowError { from: since, to: end }),
            _ => Ok(Self { since, until }),
        }
    }

    /// Whether something of it was seen in the period.
    ///
    /// A record says when its first and its last connection was seen, and no more of those between: of one that begins
    /// before the period and ends in it, all are counted.
    #[must_use]
    pub fn has(self, seen: &Seen) -> bool {
        self.since.is_none_or(|since| seen.last >= since) && self.until.is_none_or(|until| seen.first < until)
    }

    /// Whether it and `window` have a moment in common.
    #[must_use]
    pub fn meets(self, window: Window) -> bool {
        self.since.is_none_or(|since| window.to() > since)
            && self.until.is_none_or(|until| window.from() < until)
    }
}

/// The beginning of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many seconds before its end.
    Ago(i64),
    /// This moment.
    Moment(Timestamp),
}

impl Since {
    /// The moment that is meant, where the period ends at `end`.
    #[must_use]
    pub fn before(self, end: Timestamp) -> Timestamp {
        match self {
            Self::Moment(moment) => moment,
            Self::Ago(seconds) => {
                let second = end.as_second().saturating_sub(seconds);
                Timestamp::from_second(second).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

/// A text that says no beginning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a time such as `14d`, `12h` or `30m` nor a moment such as `2026-11-01T00:00:00Z`")]
pub struct SinceError(String);

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        read(text).ok_or_else(|| SinceError(text.chars().take(80).collect()))
    }
}

fn read(text: &str) -> Option<Since> {
    if let Ok(moment) = text.parse() {
        return Some(Since::Moment(moment));
    }
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let (number, seconds) =
        units.into_iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    // A century is more than anybody keeps records for.
    let number: i64 = number.parse().ok().filter(|number| (1..=36_500).contains(number))?;
    Some(Since::Ago(number * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_and_moments_are_read() {
        assert_eq!("14d".parse(), Ok(Since::Ago(1_209_600)));
        assert_eq!("30m".parse(), Ok(Since::Ago(1_800)));
        let moment = "2026-11-01T00:00:00Z";
        assert_eq!(moment.parse(), Ok(Since::Moment(at(moment))));
        for text in ["", "d", "-1d", "0h", "1w", "yesterday", "99999999999999d"] {
            let error = text.parse::<Since>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is neither")), "{error}");
        }
    }

    #[test]
    fn a_period_counts_back_from_its_end() {
        let (now, noon) = (at("2026-11-01T13:00:00Z"), at("2026-11-01T12:00:00Z"));
        let hour = Some(Since::Ago(3_600));
        let period = Period::new(hour, None, now).unwrap();
        assert_eq!(period, Period { since: Some(noon), until: None });
        let period = Period::new(hour, Some(noon), now).unwrap();
        assert_eq!(period, Period { since: Some(at("2026-11-01T11:00:00Z")), until: Some(noon) });
        assert!(Period::new(Some(Since::Moment(now)), Some(noon), now).is_err());
        assert!(Period::new(Some(Since::Moment(now)), None, now).is_err());
    }

    #[test]
    fn what_was_seen_partly_in_a_period_is_of_it() {
        let period =
            Period { since: Some(at("2026-11-01T12:00:00Z")), until: Some(at("2026-11-01T13:00:00Z")) };
        let has = |first: &str, last: &str| {
            let mut seen = Seen::at(at(first), 1);
            seen.last = at(last);
            period.has(&seen)
        };
        assert!(has("2026-11-01T11:59:00Z", "2026-11-01T12:00:00Z"));
        assert!(!has("2026-11-01T11:59:00Z", "2026-11-01T11:59:59Z"));
        assert!(has("2026-11-01T12:59:59Z", "2026-11-01T14:00:00Z"));
        assert!(!has("2026-11-01T13:00:00Z", "2026-11-01T14:00:00Z"));
    }
}
