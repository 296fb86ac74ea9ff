//! The records of flows that verbs read.

use clap::Args;
use sekisho_flow::Timestamp;
use std::path::PathBuf;

/// The records of flows to read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flows")]
pub(crate) struct FlowsArgs {
    /// Files of flows; `-` is standard input. They are sekisho's own records, what Hubble exports, GKE's
    /// network policy logs, or flow logs of a VPC: which of them, the first line tells
    #[arg(long, value_name = "FILE")]
    pub(crate) flows: Vec<PathBuf>,

    /// Only what was seen since then: `14d`, `12h`, `30m`, or a moment such as `2026-11-01T00:00:00Z`
    #[arg(long, value_name = "WHEN", requires = "flows", value_parser = since)]
    pub(crate) since: Option<Since>,

    /// Only what was seen until then, and the moment from which `--since` counts back; now, where it is
    /// not given
    #[arg(long, value_name = "MOMENT", requires = "flows")]
    pub(crate) until: Option<Timestamp>,
}

/// Since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// So many seconds ago.
    Ago(i64),
    /// Since this moment.
    Moment(Timestamp),
}

fn since(text: &str) -> Result<Since, String> {
    let wrong = || {
        format!(
            "`{text}` is neither a time such as `14d`, `12h` or `30m` nor a moment such as `2026-11-01T00:00:00Z`"
        )
    };
    if let Ok(moment) = text.parse() {
        return Ok(Since::Moment(moment));
    }
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let (number, seconds) = units
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .ok_or_else(wrong)?;
    // A century is more than anybody keeps records for.
    let number: i64 = number.parse().ok().filter(|number| (1..=36_500).contains(number)).ok_or_else(wrong)?;
    Ok(Since::Ago(number * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_moments_are_read() {
        assert_eq!(since("14d"), Ok(Since::Ago(1_209_600)));
        assert_eq!(since("30m"), Ok(Since::Ago(1_800)));
        let moment = "2026-11-01T00:00:00Z";
        assert_eq!(since(moment), Ok(Since::Moment(moment.parse().unwrap())));
        for text in ["", "d", "-1d", "0h", "1w", "yesterday", "99999999999999d"] {
            assert!(since(text).unwrap_err().starts_with(&format!("`{text}` is neither")), "{text}");
        }
    }
}
