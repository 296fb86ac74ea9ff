//! Queries as the parameters of a URL.

use super::{FlowEndError, Period, Query, Since, SinceError};
use crate::record::{CarriedError, Outcome, WindowError};
use form_urlencoded::Serializer;
use jiff::Timestamp;
use std::fmt;

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// An end is none.
    #[error("{0}")]
    End(#[from] FlowEndError),
    /// What is to be carried is nothing.
    #[error("{0}")]
    Carried(#[from] CarriedError),
    /// Nothing becomes of a connection so.
    #[error("`{0}` is no outcome: write `allowed`, `denied` or `audited`")]
    Outcome(String),
    /// The beginning is none.
    #[error("{0}")]
    Since(#[from] SinceError),
    /// The end is no moment.
    #[error("`{0}` is no moment: write it as `2026-11-01T00:00:00Z`")]
    Until(String),
    /// It begins when it is over.
    #[error("`since`, {}, must lie before `until`, {}", .0.from, .0.to)]
    Period(#[from] WindowError),
    /// A time is given twice.
    #[error("`{0}` is given more than once")]
    Twice(&'static str),
    /// No parameter is called so.
    #[error("`{0}` is no parameter: there are `from`, `to`, `port`, `outcome`, `since` and `until`")]
    Unknown(String),
}

impl Query {
    /// Reads the parameters of a URL, what stands behind its `?`. Those that `others` lists are somebody else's, and passed
    /// over. `now` is the moment up to which the period goes that says no end.
    ///
    /// # Errors
    /// When a parameter is not known, or its value says nothing.
    pub fn parse(text: &str, others: &[&str], now: Timestamp) -> Result<Self, QueryError> {
        let mut query = Self::default();
        let (mut since, mut until) = (None, None);
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "from" => query.from.push(value.parse()?),
                "to" => query.to.push(value.parse()?),
                "port" => query.carried.push(value.parse()?),
                "outcome" => drop(query.outcomes.insert(outcome(&value)?)),
                "since" => once("since", &mut since, value.parse::<Since>()?)?,
                "until" => once("until", &mut until, moment(&value)?)?,
                other if others.contains(&other) => {}
                other => return Err(QueryError::Unknown(short(other))),
            }
        }
        query.period = Period::new(since, until, now)?;
        Ok(query)
    }
}

fn once<T>(name: &'static str, place: &mut Option<T>, value: T) -> Result<(), QueryError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(QueryError::Twice(name)),
    }
}

fn outcome(text: &str) -> Result<Outcome, QueryError> {
    let found = Outcome::ALL.into_iter().find(|outcome| outcome.to_string() == text);
    found.ok_or_else(|| QueryError::Outcome(short(text)))
}

fn moment(text: &str) -> Result<Timestamp, QueryError> {
    text.parse().map_err(|_| QueryError::Until(short(text)))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

impl fmt::Display for Query {
    /// As [`Query::parse`] reads it; nothing, where everything is asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Serializer::new(String::new());
        text.extend_pairs(self.from.iter().map(|end| ("from", end.to_string())));
        text.extend_pairs(self.to.iter().map(|end| ("to", end.to_string())));
        text.extend_pairs(self.carried.iter().map(|carried| ("port", carried.to_string())));
        text.extend_pairs(self.outcomes.iter().map(|outcome| ("outcome", outcome.to_string())));
        text.extend_pairs(self.period.since.iter().map(|since| ("since", since.to_string())));
        text.extend_pairs(self.period.until.iter().map(|until| ("until", until.to_string())));
        f.write_str(&text.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Query, QueryError> {
        Query::parse(text, &["limit"], "2026-11-02T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_is_written_is_read() {
        let text = "from=shop%2F*&to=203.0.113.0%2F24&to=internet&port=TCP%2F443&port=UDP\
            &outcome=denied&outcome=audited&since=2026-11-01T00%3A00%3A00Z&until=2026-11-02T00%3A00%3A00Z";
        let query = parse(text).unwrap();
        assert_eq!((query.from.len(), query.to.len(), query.carried.len()), (1, 2, 2));
        assert_eq!(query.to_string(), text);
        assert_eq!(parse(&query.to_string()), Ok(query));
        assert_eq!(parse("limit=3"), Ok(Query::default()));
        assert_eq!(Query::default().to_string(), "");
    }

    #[test]
    fn times_count_back_from_the_end_wherever_it_stands() {
        let query = parse("since=1d&until=2026-11-01T00:00:00Z").unwrap();
        assert_eq!(query.period.since, Some("2026-10-31T00:00:00Z".parse().unwrap()));
        let query = parse("since=1d").unwrap();
        assert_eq!(query.period.since, Some("2026-11-01T00:00:00Z".parse().unwrap()));
        assert_eq!(query.period.until, None);
    }

    #[test]
    fn what_says_nothing_is_told() {
        for (text, message) in [
            ("from=shop", "`shop` is no end of flows"),
            ("port=http", "`http` is nothing that a flow carries"),
            ("outcome=Denied", "`Denied` is no outcome"),
            ("since=yesterday", "`yesterday` is neither a time"),
            ("until=now", "`now` is no moment"),
            (
                "since=2026-11-03T00:00:00Z",
                "`since`, 2026-11-03T00:00:00Z, must lie before `until`, 2026-11-02",
            ),
            ("since=1d&since=2d", "`since` is given more than once"),
            ("form=shop/api", "`form` is no parameter"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }
}
