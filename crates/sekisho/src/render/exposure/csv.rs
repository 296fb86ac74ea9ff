//! Ways in and exposure for spreadsheets: RFC 4180, nothing shortened.

use super::Report;
use crate::render::csv::inert;
use sekisho_core::object::Workload;
use std::{io::Write, sync::Arc};

/// Writes one record for each end of a way, and one for each opening, below a header.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(["what", "answer", "path", "to", "ports", "because", "place"])?;
    for way in &report.ways {
        for end in &way.ends {
            let (to, port) = end.to.rsplit_once(' ').unwrap_or_default();
            let because = match &end.miss {
                Some(miss) => format!("{}; {}", end.sentence, miss.sentence),
                None => end.sentence.clone(),
            };
            let place = end.origin.as_ref().map(ToString::to_string).unwrap_or_default();
            let cells = [
                "way in".to_owned(),
                end.answer.to_owned(),
                way.outer(),
                to.to_owned(),
                port.to_owned(),
                because,
                place,
            ];
            writer.write_record(cells.map(inert))?;
        }
    }
    for exposure in &report.exposures {
        let workloads: Vec<String> = exposure.workloads.iter().map(workload).collect();
        let rules: Vec<String> = exposure.rules.iter().map(|rule| rule.name.to_string()).collect();
        let places: Vec<String> = exposure.rules.iter().map(|rule| rule.origin.to_string()).collect();
        let cells = [
            exposure.direction.to_string(),
            super::open_to_kind(&exposure.opening).to_owned(),
            super::whom(exposure),
            workloads.join(", "),
            exposure.ports.to_string(),
            rules.join(", "),
            places.join(", "),
        ];
        writer.write_record(cells.map(inert))?;
    }
    writer.flush()?;
    Ok(())
}

fn workload((workload, pods): &(Workload, Vec<Arc<str>>)) -> String {
    if pods.is_empty() {
        return workload.key.to_string();
    }
    let pods: Vec<&str> = pods.iter().map(AsRef::as_ref).collect();
    format!("{} [{}]", workload.key, pods.join(" "))
}
