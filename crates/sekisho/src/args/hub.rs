//! `sekisho serve hub`.

use super::serve::{ProcessArgs, key};
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
    #[arg(long, value_name = "FILE", required_unless_present = "clickhouse", conflicts_with = "clickhouse")]
    pub(crate) history: Option<PathBuf>,

    /// How long records are kept, in days
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) keep_days: u32,

    /// How large the history may become, in MiB; the oldest makes way. Leave room on the disk for as much again
    #[arg(long, value_name = "MIB", default_value_t = 4_096, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) keep_mib: u64,

    /// Where it is asked, with TLS: `/v1/flows` and `/v1/lost`
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
    pub(crate) listen: SocketAddr,

    /// Where `/metrics`, `/healthz` and `/readyz` are, without TLS
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:9090")]
    pub(crate) plain: SocketAddr,

    #[command(flatten)]
    pub(crate) process: ProcessArgs,

    #[command(flatten)]
    pub(crate) agents: AgentsArgs,

    #[command(flatten)]
    pub(crate) clickhouse: ClickHouseArgs,

    #[command(flatten)]
    pub(crate) tls: HubTlsArgs,

    #[command(flatten)]
    pub(crate) telling: TellingArgs,
}

/// A ClickHouse, where the history is kept instead of in a file.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "ClickHouse")]
pub(crate) struct ClickHouseArgs {
    /// Keep the history in the ClickHouse whose HTTP interface this is, such as `https://clickhouse.example.com:8443`
    #[arg(long, value_name = "URL")]
    pub(crate) clickhouse: Option<String>,

    /// The database, which must be there; the table is made
    #[arg(long, value_name = "NAME", default_value = "default", requires = "clickhouse")]
    pub(crate) clickhouse_database: String,

    /// Who asks it
    #[arg(long, value_name = "USER", requires = "clickhouse")]
    pub(crate) clickhouse_user: Option<String>,

    /// A file with that user's password
    #[arg(long, value_name = "FILE", requires = "clickhouse_user")]
    pub(crate) clickhouse_password_file: Option<PathBuf>,

    /// Who signs its certificate, in PEM; whom the machine trusts, where it is not given
    #[arg(long, value_name = "FILE", requires = "clickhouse")]
    pub(crate) clickhouse_ca: Option<PathBuf>,
}

/// Who else is told of what comes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telling others")]
pub(crate) struct TellingArgs {
    /// Tell the collector of OpenTelemetry at this address everything, as log records: `/v1/logs` lies under it
    #[arg(long, value_name = "URL")]
    pub(crate) otlp: Option<String>,

    /// A file with what an `Authorization` header says to the collector
    #[arg(long, value_name = "FILE", requires = "otlp")]
    pub(crate) otlp_authorization_file: Option<PathBuf>,

    /// What the cluster is called there
    #[arg(long, value_name = "NAME", requires = "otlp")]
    pub(crate) cluster_name: Option<String>,

    /// Tell the Alertmanager at this address what is newly denied, and what a change of policies has closed; may be given more
    /// than once
    #[arg(long, value_name = "URL")]
    pub(crate) alertmanager: Vec<String>,

    /// Tell the webhook at this address likewise; may be given more than once
    #[arg(long, value_name = "URL")]
    pub(crate) alert_webhook: Vec<String>,

    /// What was not denied for so many days is news when it is, and what flowed within so many is held against changes of policies
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub(crate) news_after_days: u32,

    #[command(flatten)]
    pub(crate) exceptions: ExceptionArgs,
}

/// The exceptions of a standard, of which those are told who are told of alerts.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExceptionArgs {
    /// Tell them as well what passes only by a temporary exception of this catalog
    #[arg(short, long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// The environment of the catalog that the cluster is
    #[arg(short, long, value_name = "NAME", requires = "catalog")]
    pub(crate) environment: Option<String>,

    /// How often that is looked at, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) exceptions_every: u64,
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
