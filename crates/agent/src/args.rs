//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use sekisho_core::object::ObjectKey;
use std::{net::SocketAddr, path::PathBuf};

/// Where the agent answers those on its node.
pub(crate) const SOCKET: &str = "/run/sekisho/agent.sock";

/// Enforces the NetworkPolicies of a Kubernetes cluster on one of its nodes.
#[derive(Debug, Parser)]
#[command(name = "sekisho-agent", version, arg_required_else_help = true)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch the API server and keep this node's rules true to the policies, until stopped
    Run(Box<Run>),
    /// Tell how it stands with the agent on this node
    Status(Ask),
    /// Print what is programmed on this node, as nftables text
    Dump(Ask),
    /// Tell what polices a pod on this node, and whether that is programmed
    Why {
        /// The pod, as namespace/name
        #[arg(value_parser = pod)]
        pod: ObjectKey,
        #[command(flatten)]
        ask: Ask,
    },
    /// Print what flowed to and from this node's pods of late, and what was denied, and by which policies
    Flows {
        /// Go on with what flows from now on
        #[arg(long, short)]
        follow: bool,
        #[command(flatten)]
        ask: Ask,
    },
    /// Take every rule off this node: enforcement ends. The agent must not be running
    Remove {
        #[command(flatten)]
        place: Place,
        /// Stay until stopped, and keep agents off meanwhile: for a pod that tells that its node is done
        #[arg(long)]
        stay: bool,
    },
    /// Copy the CNI plugin to this node and add it to the network's plugins
    InstallCni(InstallCni),
}

/// Whom to ask.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Ask {
    /// The agent's socket
    #[arg(long, value_name = "PATH", default_value = SOCKET, env = "SEKISHO_SOCKET")]
    pub(crate) socket: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose rules.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// Program the network namespace of this file instead of the agent's own
    #[arg(long, value_name = "PATH")]
    pub(crate) network_namespace: Option<PathBuf>,
}

/// Which cluster, which node, and how.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Run {
    /// The name of this node
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    pub(crate) node: String,
    /// The kubeconfig; without one $KUBECONFIG, ~/.kube/config, or the service account of this pod
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// What becomes of packets of pods on this node that are not known yet
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(crate) startup: Startup,
    /// A range of which pods on this node get their addresses, where the node object does not tell it;
    /// may be given more than once
    #[arg(long, value_name = "CIDR")]
    pub(crate) pod_cidr: Vec<String>,
    /// Drop nothing: only log and count what the policies would deny
    #[arg(long)]
    pub(crate) audit: bool,
    /// What is recorded of what flows: `denied` is what rules log, `all` also every connection that is opened
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(crate) flows: Flows,
    /// Name addresses outside the cluster in what is recorded, by the answers that pods of this node get to their DNS
    /// questions, which are read for it. Needs `--flows`
    #[arg(long)]
    pub(crate) dns: bool,
    #[command(flatten)]
    pub(crate) serve_flows: ServeFlows,
    /// How long connections that were open before enforcement began may show themselves, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) attach: u64,
    /// Where to answer those on this node; the folder is made
    #[arg(long, value_name = "PATH", default_value = SOCKET, env = "SEKISHO_SOCKET")]
    pub(crate) socket: PathBuf,
    /// Where to serve /healthz, /readyz and /metrics; `none` for nowhere
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9419", value_parser = listen)]
    pub(crate) listen: Listen,
    /// How log entries are written
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    pub(crate) log_format: LogFormat,
    /// What is logged: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log: String,
    #[command(flatten)]
    pub(crate) place: Place,
}

impl Run {
    /// What becomes of packets of pods that are not known yet. Where nothing is dropped, they pass.
    pub(crate) fn startup(&self) -> Startup {
        if self.audit { Startup::Open } else { self.startup }
    }
}

/// Where the hub is told what was recorded.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ServeFlows {
    /// Where the hub is told what was recorded; without it nobody off this node is. Needs `--flows`
    #[arg(long, value_name = "ADDRESS", requires_all = ["flows_tls_cert", "flows_tls_key", "flows_tls_ca"])]
    pub(crate) serve_flows: Option<SocketAddr>,
    /// The certificate that the hub is shown, of the name `sekisho-agent`; read again when it changes
    #[arg(long, value_name = "FILE", requires = "serve_flows")]
    pub(crate) flows_tls_cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "serve_flows")]
    pub(crate) flows_tls_key: Option<PathBuf>,
    /// Who signs the certificate that the hub must show, of the name `sekisho-hub`
    #[arg(long, value_name = "FILE", requires = "serve_flows")]
    pub(crate) flows_tls_ca: Option<PathBuf>,
}

/// Where to put the plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallCni {
    /// The folder of the plugins
    #[arg(long, value_name = "FOLDER", default_value = "/opt/cni/bin")]
    pub(crate) bin: PathBuf,
    /// The folder of the network's configuration
    #[arg(long, value_name = "FOLDER", default_value = "/etc/cni/net.d")]
    pub(crate) conf: PathBuf,
    /// The agent's socket, as the plugin sees it
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    pub(crate) socket: PathBuf,
    /// How long to wait for a network's configuration that is not there yet, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with = "remove")]
    pub(crate) wait: u64,
    /// Take the plugin out of the network again. The program stays, for pods that are there
    #[arg(long)]
    pub(crate) remove: bool,
}

/// What becomes of packets of pods that are not known yet (S23).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Startup {
    /// They do not pass
    #[default]
    Closed,
    /// They pass as if no policy selected them
    Open,
}

/// What is recorded of what flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flows {
    /// Nothing
    #[default]
    None,
    /// What is denied, or would be
    Denied,
    /// Also what is allowed
    All,
}

/// How log entries are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// An object on a line
    Json,
}

/// Where to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) Option<SocketAddr>);

fn listen(text: &str) -> Result<Listen, String> {
    if text == "none" {
        return Ok(Listen(None));
    }
    text.parse().map(|at| Listen(Some(at))).map_err(|_| format!("`{text}` is not an address and a port"))
}

fn pod(text: &str) -> Result<ObjectKey, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ObjectKey::new(namespace, name))
        }
        _ => Err(format!("`{text}` is not a pod; write namespace/name")),
    }
}
