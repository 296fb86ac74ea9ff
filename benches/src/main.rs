//! `make bench`: what sekisho costs, as ratios of what was measured in the same run.

mod bench;
mod cluster;
mod json;
mod machine;
mod manifest;
mod measure;
mod memory;
mod net;
mod report;

use report::Section;
use std::{env, process::ExitCode};

/// What a benchmark may end with; the message is for a person.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

const USAGE: &str = "usage: sekisho-benches [--json] [NAME...]";

fn main() -> ExitCode {
    let (options, names): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|word| word.starts_with('-'));
    let json = options.iter().any(|option| option == "--json");
    let unknown = names.iter().find(|name| !bench::ALL.iter().any(|bench| bench.name == **name));
    if options.iter().any(|option| option != "--json") || unknown.is_some() {
        let known: Vec<_> = bench::ALL.iter().map(|bench| bench.name).collect();
        eprintln!("{USAGE}\nnames: {}", known.join(", "));
        return ExitCode::from(2);
    }
    match run(json, &names) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(json: bool, names: &[String]) -> Result<()> {
    machine::hurry();
    let mut sections = Vec::new();
    for bench in bench::ALL {
        if names.is_empty() || names.iter().any(|name| name == bench.name) {
            eprintln!("bench: {}", bench.name);
            let rows = (bench.run)().map_err(|error| format!("{}: {error}", bench.name))?;
            sections.push(Section { title: bench.title, rows });
        }
    }
    let machine = machine::describe();
    if json {
        println!("{}", report::document(&machine, &sections));
    } else {
        let machine: Vec<_> = machine.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        println!("{}", machine.join(", "));
        print!("{}", report::table(&sections));
    }
    Ok(())
}
