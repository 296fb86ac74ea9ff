//! `sekisho-agent`: enforces the NetworkPolicies of a cluster on one node. Under the name `sekisho-cni`
//! it is the CNI plugin that asks the agent to program a pod before it starts.

mod args;
mod bridge;
mod cni;
mod engine;
mod flows;
mod http;
mod metrics;
mod monitor;
mod run;
mod socket;
mod state;

use anyhow::Error;
use args::{Args, Command};
use clap::Parser;
use std::{env, path::Path, process::ExitCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let name = env::args_os().next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == cni::NAME) {
        return cni::main();
    }
    match obey(Args::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sekisho-agent: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn obey(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Run(how) => run::run(&how),
        Command::Status(ask) => socket::client::status(&ask),
        Command::Dump(ask) => socket::client::dump(&ask),
        Command::Flows { follow, ask } => socket::client::flows(follow, &ask),
        Command::Why { pod, ask } => socket::client::why(&pod, &ask),
        Command::Remove { place, stay } => run::remove(&place, stay),
        Command::InstallCni(how) => cni::install(&how),
    }
}
