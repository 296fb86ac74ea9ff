//! `make bench`: what sekisho costs, as ratios of what was measured in the same run.

mod bench;
mod child;
mod cluster;
mod json;
mod machine;
mod manifest;
mod measure;
mod memory;
mod net;
mod report;
mod scratch;

use report::Section;
use std::{env, process::ExitCode};

/// What a benchmark may end with; the message is for a person.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

const USAGE: &str = "usage: sekisho-benches [--json] [NAME...]\n       \
                     sekisho-benches --write FOLDER PODS POLICIES NAMESPACES";

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("--write") {
        return write(&env::args().skip(2).collect::<Vec<_>>());
    }
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

/// Writes a cluster as YAML, for other programs to read; the same one as `make bench` measures.
fn write(arguments: &[String]) -> ExitCode {
    let [folder, sizes @ ..] = arguments else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let sizes: Vec<usize> = sizes.iter().filter_map(|size| size.parse().ok()).collect();
    let &[pods, policies, namespaces] = sizes.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if namespaces < 4 || pods < namespaces {
        eprintln!("error: at least 4 namespaces are needed, and a pod for each");
        return ExitCode::from(2);
    }
    let made = cluster::Realistic::new(cluster::Size { pods, policies, namespaces });
    match manifest::folder(&made, manifest::Form::Kubectl, folder.as_ref()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write to `{folder}`: {error}");
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
