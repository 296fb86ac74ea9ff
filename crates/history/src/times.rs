//! Moments, windows and counts as they are kept.

use crate::Error;
use sekisho_flow::{Timestamp, record::Window};

/// Nanoseconds since 1970. Years beyond 1677 and 2262 are kept as these.
pub(crate) fn nanos(moment: Timestamp) -> i64 {
    let nanos = moment.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

/// The moment of [`nanos`].
pub(crate) fn moment(nanos: i64) -> Timestamp {
    // INVARIANT: every 64-bit count of nanoseconds is a moment.
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Nanoseconds of so many seconds.
pub(crate) fn of_seconds(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000)
}

/// The whole minutes that hold the window, in seconds.
pub(crate) fn minutes(window: Window) -> (i64, i64) {
    let window = window.in_minutes();
    (window.from().as_second(), window.to().as_second())
}

/// The window of [`minutes`].
pub(crate) fn window(start: i64, stop: i64) -> Result<Window, Error> {
    let moment = |second| Timestamp::from_second(second).map_err(|error| Error::Damaged(error.to_string()));
    Window::new(moment(start)?, moment(stop)?).map_err(|error| Error::Damaged(error.to_string()))
}

/// A count; more than 63 bits have room for is kept as the most that they have.
pub(crate) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The count of [`count`].
pub(crate) fn counted(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
