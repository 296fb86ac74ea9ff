//! Answers for programs. The types are the published schema: `docs/schema` is made from them.

mod broken;
mod check;
mod diff;
mod explain;
mod exposure;
mod promises;
mod reach;
mod recommend;
mod redundant;
mod rego;
mod status;
mod test;

use crate::{
    args::{By, SchemaOf},
    check::Checked,
    render::exposure::Report,
    results::Results,
    target::Answers,
};
use schemars::{Schema, generate::SchemaSettings};
use sekisho_core::{diff::Difference, object::Origin, reach::Connection, redundant::Redundancy};
use sekisho_lint::{facts, rego::Trial};
use sekisho_recommend::{
    Recommendation, broken::Broken, history::History, narrow::Narrowing, roster::Roster, status::Standing,
};
use std::io::Write;

/// Where something was written, as far as that is known.
fn place(origin: &Origin) -> Option<String> {
    origin.is_known().then(|| origin.to_string())
}

/// Writes connections: one a line, so that a person can compare two outputs as well.
pub(crate) fn reach(connections: &[Connection], by: By, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = serde_json::to_string(&reach::By::from(by))?;
    writeln!(out, "{{\"by\":{by},\"connections\":[")?;
    for (at, connection) in connections.iter().enumerate() {
        serde_json::to_writer(&mut *out, &reach::Connection::from(connection))?;
        writeln!(out, "{}", if at + 1 < connections.len() { "," } else { "" })?;
    }
    writeln!(out, "]}}")?;
    Ok(())
}

/// Writes what was found.
pub(crate) fn check(checked: &Checked, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &check::Check::from(checked))?;
    writeln!(out)?;
    Ok(())
}

/// Writes a difference.
pub(crate) fn diff(difference: &Difference, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &diff::Difference::from(difference))?;
    writeln!(out)?;
    Ok(())
}

/// Writes an explanation.
pub(crate) fn explain(answers: &Answers, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &explain::Explanation::from(answers))?;
    writeln!(out)?;
    Ok(())
}

/// Writes ways in and exposure.
pub(crate) fn exposure(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &exposure::Exposure::from(report))?;
    writeln!(out)?;
    Ok(())
}

/// Writes what is recommended.
pub(crate) fn recommend(
    found: (&Recommendation, &[Narrowing]),
    seen: &History,
    roster: &Roster,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &recommend::Recommend::of(found, seen, roster))?;
    writeln!(out)?;
    Ok(())
}

/// Writes how policies that are only tried do.
pub(crate) fn status(found: &[Standing], seen: &History, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &status::Status::of(found, seen))?;
    writeln!(out)?;
    Ok(())
}

/// Writes what flowed and would break.
pub(crate) fn broken(found: &Broken, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &broken::Breaks::from(found))?;
    writeln!(out)?;
    Ok(())
}

/// Writes what adds nothing.
pub(crate) fn redundant(found: &[Redundancy], out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &redundant::Redundant::from(found))?;
    writeln!(out)?;
    Ok(())
}

/// Writes what became of promises.
pub(crate) fn test(results: &Results<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &test::Test::from(results))?;
    writeln!(out)?;
    Ok(())
}

/// Writes what became of the tests of rules in Rego.
pub(crate) fn rego_test(trials: &[Trial], out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &rego::RegoTest::from(trials))?;
    writeln!(out)?;
    Ok(())
}

/// Writes what rules in Rego see: a document a line, or each over many lines for people.
pub(crate) fn facts(inputs: &[facts::Input], pretty: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    for input in inputs {
        if pretty {
            serde_json::to_writer_pretty(&mut *out, input)?;
        } else {
            serde_json::to_writer(&mut *out, input)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The JSON Schema of an output, or of a file that is read, as text that ends in a new line.
pub(crate) fn schema(of: SchemaOf) -> anyhow::Result<String> {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema: Schema = match of {
        SchemaOf::Check => generator.into_root_schema_for::<check::Check>(),
        SchemaOf::Diff => generator.into_root_schema_for::<diff::Difference<'_>>(),
        SchemaOf::DiffFlows => generator.into_root_schema_for::<broken::Breaks>(),
        SchemaOf::Explain => generator.into_root_schema_for::<explain::Explanation<'_>>(),
        SchemaOf::Exposure => generator.into_root_schema_for::<exposure::Exposure>(),
        SchemaOf::Flow => sekisho_flow::text::schema(generator),
        SchemaOf::Reach => generator.into_root_schema_for::<reach::Reach<'_>>(),
        SchemaOf::Test => generator.into_root_schema_for::<test::Test<'_>>(),
        SchemaOf::Promises => generator.into_root_schema_for::<promises::File>(),
        SchemaOf::Facts => generator.into_root_schema_for::<facts::Input>(),
        SchemaOf::RegoTest => generator.into_root_schema_for::<rego::RegoTest>(),
        SchemaOf::Recommend => generator.into_root_schema_for::<recommend::Recommend>(),
        SchemaOf::RecommendStatus => generator.into_root_schema_for::<status::Status>(),
        SchemaOf::Redundant => generator.into_root_schema_for::<redundant::Redundant>(),
        SchemaOf::Catalog => SchemaSettings::draft2020_12()
            .into_generator()
            .into_root_schema_for::<sekisho_catalog::document::Document<sekisho_lint::config::Config>>(
        ),
    };
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
