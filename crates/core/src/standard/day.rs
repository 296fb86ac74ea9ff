//! Days, on which exceptions end.

use std::{fmt, str::FromStr};
use thiserror::Error;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// What is no day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a day such as `2027-03-31`")]
pub struct DayError(String);

impl Day {
    /// The day of these numbers.
    ///
    /// # Errors
    /// When the calendar has no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DayError> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            1..=12 => 31,
            _ => 0,
        };
        let day_of = Self { year, month, day };
        if (1..=last).contains(&day) { Ok(day_of) } else { Err(DayError(day_of.to_string())) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let error = || DayError(text.to_owned());
        let digits = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        let &[year, month, day] = parts.as_slice() else { return Err(error()) };
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(error());
        }
        let (year, month, day) = (year.parse(), month.parse(), day.parse());
        let (Ok(year), Ok(month), Ok(day)) = (year, month, day) else { return Err(error()) };
        Self::new(year, month, day).map_err(|_| error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for (text, is_day) in [
            ("2026-11-30", true),
            ("2028-02-29", true),
            ("2026-02-29", false),
            ("2100-02-29", false),
            ("2026-11-31", false),
            ("2026-13-01", false),
            ("2026-1-01", false),
            ("26-01-01", false),
            ("2026-01-00", false),
            ("+026-01-01", false),
            ("tomorrow", false),
        ] {
            let day: Result<Day, _> = text.parse();
            assert_eq!(day.is_ok(), is_day, "{text}");
            if let Ok(day) = day {
                assert_eq!(day.to_string(), text);
            }
        }
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert!(day("2026-11-30") < day("2026-12-01") && day("2025-12-31") < day("2026-01-01"));
    }
}
