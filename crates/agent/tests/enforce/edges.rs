//! Who calls whom on the example's exchange, and who tries to.

use sekisho_core::set::Protocol::{self, Tcp, Udp};

/// Addresses outside that callers come from, or that are called.
pub(crate) const BALANCERS: [&str; 2] = ["35.191.8.14", "130.211.1.77"];
pub(crate) const CLEARING: [&str; 5] =
    ["203.0.113.40", "203.0.113.41", "203.0.113.42", "203.0.113.43", "2001:db8:113::40"];
pub(crate) const PAYMENTS: [&str; 2] = ["198.51.100.9", "2001:db8:9::9"];
pub(crate) const INTAKE: [&str; 1] = ["192.0.2.17"];
/// What nobody knows there.
pub(crate) const STRANGE: [&str; 2] = ["198.51.100.66", "2001:db8:66::66"];
pub(crate) const RESOLVER: [&str; 1] = ["198.51.100.53"];

/// Who calls whom within the cluster.
pub(crate) const EDGES: [(&str, &str, (Protocol, u16)); 19] = [
    ("trading/trading-bff", "trading/trading-backend", (Tcp, 9090)),
    ("trading/trading-bff", "market-data/market-data", (Tcp, 50051)),
    ("trading/trading-backend", "ledger/ledger", (Tcp, 50051)),
    ("wallet/wallet-bff", "wallet/wallet-backend", (Tcp, 9091)),
    ("wallet/wallet-bff", "market-data/market-data", (Tcp, 50051)),
    ("wallet/wallet-backend", "ledger/ledger", (Tcp, 50051)),
    ("ledger/ledger", "ledger/ledger-db", (Tcp, 5432)),
    // Frontends, market data and the database look up no names.
    ("trading/trading-bff", "kube-system/kube-dns", (Udp, 53)),
    ("trading/trading-backend", "kube-system/kube-dns", (Udp, 53)),
    ("wallet/wallet-bff", "kube-system/kube-dns", (Udp, 53)),
    ("wallet/wallet-backend", "kube-system/kube-dns", (Udp, 53)),
    ("ledger/ledger", "kube-system/kube-dns", (Udp, 53)),
    ("datadog/datadog-agent", "kube-system/kube-dns", (Udp, 53)),
    ("trading/trading-bff", "datadog/datadog-agent", (Udp, 8125)),
    ("trading/trading-backend", "datadog/datadog-agent", (Tcp, 8126)),
    ("wallet/wallet-backend", "datadog/datadog-agent", (Udp, 8125)),
    ("market-data/market-data", "datadog/datadog-agent", (Udp, 8125)),
    ("datadog/datadog-agent", "trading/trading-frontend", (Tcp, 3000)),
    ("datadog/datadog-agent", "wallet/wallet-frontend", (Tcp, 3000)),
];
/// What the load balancers lead to.
pub(crate) const ENTRANCES: [(&str, u16); 4] = [
    ("trading/trading-frontend", 3000),
    ("trading/trading-bff", 8080),
    ("wallet/wallet-frontend", 3000),
    ("wallet/wallet-bff", 8080),
];
/// Who calls outside, on TCP 443.
pub(crate) const WAYS_OUT: [(&str, &[&str]); 3] = [
    ("trading/trading-backend", &CLEARING),
    ("wallet/wallet-backend", &PAYMENTS),
    ("datadog/datadog-agent", &INTAKE),
];
/// What a thief would try. What he can reach by ingress as it is, only egress stops.
pub(crate) const THEFTS: [(&str, &[&str], (Protocol, u16)); 6] = [
    ("wallet/wallet-backend", &STRANGE, (Tcp, 443)),
    ("datadog/datadog-agent", &STRANGE, (Tcp, 443)),
    // Somebody else's way out.
    ("market-data/market-data", &INTAKE, (Tcp, 443)),
    ("trading/trading-bff", &RESOLVER, (Udp, 53)),
    // The right address, and another port of it.
    ("trading/trading-backend", &CLEARING, (Tcp, 53)),
    ("wallet/wallet-frontend", &["datadog/datadog-agent"], (Tcp, 8126)),
];
/// Who is let in though nobody ever came.
pub(crate) const IDLE: (&str, &str, (Protocol, u16)) =
    ("kube-system/kube-dns", "datadog/datadog-agent", (Udp, 8125));

/// What is refused by ingress.
pub(crate) const REFUSED: [(&str, &str, (Protocol, u16)); 2] = [
    ("trading/trading-frontend", "ledger/ledger-db", (Tcp, 5432)),
    ("wallet/wallet-bff", "trading/trading-backend", (Tcp, 9090)),
];
