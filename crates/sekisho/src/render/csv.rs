//! Connections for spreadsheets: RFC 4180, nothing shortened.

use crate::{args::By, render::names};
use sekisho_core::reach::Connection;
use std::io::Write;

/// Writes `connections`, one a record, below a header.
pub(crate) fn reach(connections: &[Connection], by: By, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(["from", "to", "ports", "family"])?;
    for connection in connections {
        let family = connection.family.map(|family| family.to_string()).unwrap_or_default();
        let cells = [
            names::party(&connection.from, by),
            names::party(&connection.to, by),
            connection.ports.to_string(),
            family,
        ];
        writer.write_record(cells.map(inert))?;
    }
    writer.flush()?;
    Ok(())
}

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection).
pub(crate) fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(inert("=1+1".to_owned()), "'=1+1");
        assert_eq!(inert("shop/web".to_owned()), "shop/web");
    }
}
