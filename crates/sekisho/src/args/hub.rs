//! `sekisho serve hub`.

use super::serve::{LogFormat, LogLevel, key};
use clap::Args;
use sekisho_core::object::ObjectKey;
use std::{net::SocketAddr, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  In a pod, with certificates of its own, for itself and for the agents
    sekisho serve hub --history /history/flows.db --secret sekisho/sekisho-hub-tls \\
      --agent-secret kube-system/sekisho-agent-flows --host sekisho-hub.sekisho.svc

  With the certificates that cert-manager writes
    sekisho serve hub --history /history/flows.db --tls-cert /tls/tls.crt --tls-key /tls/tls.key --tls-ca /tls/ca.crt

Exit status: 0 asked to end, 2 could not run. docs/hub.md is for operators.";

/// Gather what every agent recorded, keep it, and tell whoever may ask
///
/// Agents are found by a label of their pods, and told apart from others by their certificates. What they recorded is taken
/// once, whoever ends when, and what is lost is said.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HubArgs {
    /// The file of the history, which is made where there is none
    #[arg(long, value_name = "FILE")]
    pub(crate) history: PathBuf,

    /// How long records are kept, in days
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) keep_days: u32,

    /// How large the history may become, in MiB; the oldest makes way. Leave room on the disk for as much again
    #[arg(long, value_name = "MIB", default_value_t = 4_096, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) keep_mib: u64,

    #[command(flatten)]
    pub(crate) agents: AgentsArgs,

    #[command(flatten)]
    pub(crate) tls: HubTlsArgs,

    /// Where it is asked, with TLS: `/v1/flows` and `/v1/lost`
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
    pub(crate) listen: SocketAddr,

    /// Where `/metrics`, `/healthz` and `/readyz` are, without TLS
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:9090")]
    pub(crate) plain: SocketAddr,

    /// The context of the kubeconfig; in a pod, its service account is used
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) context: Option<String>,

    /// The kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The least important lines of the log that are written
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info)]
    pub(crate) log: LogLevel,

    /// How the log is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Json)]
    pub(crate) log_format: LogFormat,
}

/// Which agents.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Agents")]
pub(crate) struct AgentsArgs {
    /// The labels of the agents' pods, as a selector
    #[arg(long, value_name = "SELECTOR", default_value = "app.kubernetes.io/name=sekisho-agent")]
    pub(crate) agents: String,

    /// The namespace of the agents' pods; every namespace, where it is not given
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) agents_namespace: Option<String>,

    /// The port of their `--serve-flows`
    #[arg(long, value_name = "PORT", default_value_t = 9420, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) agents_port: u16,
}

/// The certificates.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Certificates")]
pub(crate) struct HubTlsArgs {
    /// The certificate that is shown to agents and to those who ask, in PEM, of the name `sekisho-hub`; read again when it
    /// changes
    #[arg(
        long,
        value_name = "FILE",
        requires_all = ["tls_key", "tls_ca"],
        required_unless_present = "secret",
        conflicts_with = "secret"
    )]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Who signs the certificates of agents, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Certificates of our own, kept in this Secret with the key of who signs them
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = key, requires = "agent_secret")]
    pub(crate) secret: Option<ObjectKey>,

    /// The Secret that agents mount: their certificate, and who signs the hub's
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = key, requires = "secret")]
    pub(crate) agent_secret: Option<ObjectKey>,

    /// A name or address by which the hub is asked, besides `sekisho-hub`
    #[arg(long, value_name = "HOST", requires = "secret")]
    pub(crate) host: Vec<String>,

    /// How long a certificate of our own is valid; it is replaced after two thirds of that. The authority is valid ten times
    /// as long
    #[arg(long, value_name = "SECONDS", default_value_t = 90 * 24 * 3600, value_parser = clap::value_parser!(u64).range(10..=100_000_000))]
    pub(crate) certificate_lifetime: u64,
}
