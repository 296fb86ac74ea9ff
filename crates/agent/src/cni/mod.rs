//! The CNI plugin (CNI specification 1.1): chained behind the plugin that gives a pod its addresses, it
//! asks the agent to program the pod before it starts (S23).

mod agent;
mod config;
mod environment;
mod failure;
mod install;
mod json;
mod result;
mod verbs;
mod version;

pub(crate) use install::install;

use failure::{Code, Failure};
use std::{
    env,
    io::{self, Read, Write},
    process::ExitCode,
};
use version::Version;

/// The name under which the program is the plugin.
pub(crate) const NAME: &str = "sekisho-cni";

/// The longest configuration that is read, in bytes. That of a garbage collection names every sandbox of
/// the node, with some hundred bytes each.
const LONGEST: u64 = 4 << 20;

/// Does what the container runtime asks for by the environment and the configuration on standard input:
/// 0 and a result, or 1 and an error, as an object of JSON on standard output.
pub(crate) fn main() -> ExitCode {
    let mut version = Version::LATEST;
    let (text, code) = match verbs::obey(&|name| env::var_os(name), input, &mut version) {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(failure) => (failure.json(version), ExitCode::FAILURE),
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn input() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
    if let Err(error) = read {
        let why = format!("cannot read the network configuration from standard input: {error}");
        return Err(Failure::new(Code::Input, why));
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        let why = format!("the network configuration is longer than {LONGEST} bytes");
        return Err(Failure::new(Code::Decode, why));
    }
    String::from_utf8(bytes).map_err(|_| Failure::new(Code::Decode, "the network configuration is not UTF-8"))
}
