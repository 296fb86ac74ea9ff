//! What policy costs elsewhere: a list of rules that is walked for every new connection, and a verdict
//! in user space.

use super::beside::{BASELINES, ESTABLISHED, row};
use crate::{
    Result,
    net::{CLIENT, Load, Paths, SERVER, queue},
    report::Row,
};
use std::fmt::Write as _;

/// Measures each beside the baseline.
pub(crate) fn run() -> Result<Vec<Row>> {
    let baseline = Paths::with(BASELINES, ESTABLISHED)?;
    let connect = |name: &str, paths: &Paths| row(name, Load::Connect, paths, "established", &baseline);
    let mut rows = Vec::new();
    for length in [1_000, 10_000] {
        rows.push(connect(&format!("list of {length} rules"), &Paths::with(1, &list(length))?)?);
    }
    let name = "verdict in user space";
    let queued = Paths::new(1, |_| Ok(()))?;
    let measured = queue::serve(queued.first()?, || connect(name, &queued));
    rows.push(measured.unwrap_or_else(|error| Row::absent(name, error.to_string())));
    Ok(rows)
}

/// A rule for each of `length` pairs of pods, as the usual implementations write them; the last is the
/// one that lets the load pass.
fn list(length: u32) -> String {
    let mut text = String::from(
        "table inet linear {\n chain forward {\n type filter hook forward priority 0; policy drop\n \
         ct state established,related accept\n",
    );
    for number in 1..length {
        let (high, low) = (number / 250, number % 250 + 1);
        let _ = writeln!(text, "ip saddr 10.200.{high}.{low} ip daddr {SERVER} tcp dport 8080-8095 accept");
    }
    let _ = writeln!(text, "ip saddr {CLIENT} ip daddr {SERVER} tcp dport 8080-8095 accept\n }}\n }}");
    text
}
