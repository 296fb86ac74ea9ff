//! What kept us from reading a cluster, a sentence each.

use super::resource::Resource;
use std::{error::Error, fmt::Write, io};
use thiserror::Error;

/// Why a cluster could not be read.
#[derive(Debug, Error)]
pub enum LiveError {
    /// The file cannot be read.
    #[error("cannot read the kubeconfig `{path}`: {reason}")]
    NoKubeconfig {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The file is no kubeconfig.
    #[error("`{path}` is not a kubeconfig: {reason}")]
    BadKubeconfig {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// What the context leads to is not usable.
    #[error("the kubeconfig cannot be used with {who}: {reason}")]
    Kubeconfig {
        /// The context.
        who: String,
        /// Why.
        reason: String,
    },
    /// No context was named, and none is current.
    #[error("the kubeconfig has no current context; name one with --context: {}", list(contexts))]
    NoContext {
        /// The contexts that there are.
        contexts: Vec<String>,
    },
    /// There is no context of this name.
    #[error("the kubeconfig has no context `{name}`; it has {}", list(contexts))]
    UnknownContext {
        /// The name.
        name: String,
        /// The contexts that there are.
        contexts: Vec<String>,
    },
    /// There is no connection to the API server.
    #[error("cannot reach the cluster at `{url}`: {reason}")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The API server does not know who is asking.
    #[error(
        "the cluster at `{url}` does not accept the credentials of {who}: they may have expired; log in again"
    )]
    Unauthorized {
        /// Its address.
        url: String,
        /// The context.
        who: String,
    },
    /// The user lacks rights.
    #[error("{}", forbidden(who, missing))]
    Forbidden {
        /// The context.
        who: String,
        /// What may not be listed.
        missing: Vec<Resource>,
    },
    /// The API server stopped answering.
    #[error(
        "the cluster at `{url}` stopped answering while {what} were read: {reason}; nothing was answered"
    )]
    Broken {
        /// Its address.
        url: String,
        /// The resource.
        what: String,
        /// Why.
        reason: String,
    },
    /// Time was up.
    #[error("the cluster was not read within {seconds} s; give it more time with --timeout")]
    Timeout {
        /// How long it was.
        seconds: u64,
    },
    /// The machine refuses what a connection needs.
    #[error("cannot wait for connections: {0}")]
    Runtime(String),
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// All rights that are missing, and the rules that would give them.
fn forbidden(who: &str, missing: &[Resource]) -> String {
    let mut text = format!("{who} may not read all that an answer depends on; it lacks");
    for resource in missing {
        // INVARIANT: writing into a string does not fail.
        let _ = write!(text, "\n  list {} at the cluster scope", resource.name());
    }
    text.push_str("\na ClusterRole with these rules, bound to it, gives what is missing:\n  rules:");
    let mut groups: Vec<&str> = missing.iter().map(|resource| resource.kind.group).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let of_group = missing.iter().filter(|resource| resource.kind.group == group);
        let plurals: Vec<&str> = of_group.map(|resource| resource.kind.plural).collect();
        let _ = write!(
            text,
            "\n  - apiGroups: [\"{group}\"]\n    resources: [{}]\n    verbs: [list]",
            plurals.join(", ")
        );
    }
    text
}

/// An error and what caused it, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        next = cause.source();
    }
    one_line(&said)
}

/// The first line of a text.
pub(super) fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Why there is no answer, in our words where the reason is a common one.
pub(super) fn transport(error: &kube::Error) -> String {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(cause) = next {
        if let Some(reason) = cause.downcast_ref::<io::Error>().and_then(|io| of_kind(io.kind())) {
            return reason.to_owned();
        }
        next = cause.source();
    }
    let said = chain(error);
    if said.contains("invalid peer certificate") || said.contains("certificate") {
        let detail = said.rsplit(": ").next().unwrap_or_default();
        return format!("its certificate is not trusted by the authority in the kubeconfig ({detail})");
    }
    if said.contains("dns error") || said.contains("failed to lookup address") {
        return "its name cannot be resolved".to_owned();
    }
    if said.contains("deadline") || said.contains("timed out") || said.contains("timeout") {
        return "it is silent".to_owned();
    }
    if said.contains("closed") || said.contains("incomplete") || said.contains("unexpected EOF") {
        return "it closed the connection".to_owned();
    }
    said
}

fn of_kind(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::ConnectionRefused => {
            Some("it refuses the connection; is the address right, and does it run?")
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => {
            Some("it closed the connection")
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some("there is no way to it"),
        io::ErrorKind::TimedOut => Some("it is silent"),
        _ => None,
    }
}
