//! Of which format a text is.

/// A format that flows come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Our own records: [`crate::text`].
    Flows,
    /// What another tool observed.
    Foreign(Foreign),
}

/// A format of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Foreign {
    /// Hubble's export, and what `hubble observe -o jsonpb` prints.
    Hubble,
    /// GKE's network policy logs: an export of Cloud Logging as lines or as an array, or a node's own file.
    Gke,
    /// Flow logs of an AWS VPC.
    Vpc,
}

impl Format {
    /// The format of a text that begins with `start`, told by its first object or line; `None` for one that
    /// is none of them. Some hundreds of bytes are enough, and what a buffered stream has at hand
    /// ([`std::io::BufRead::fill_buf`]) is more.
    #[must_use]
    pub fn detect(start: &[u8]) -> Option<Self> {
        let start = start.trim_ascii_start();
        if start.first() == Some(&b'[') {
            return Some(Self::Foreign(Foreign::Gke));
        }
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let text = String::from_utf8_lossy(line);
        let has = |field: &str| text.contains(&format!("\"{field}\""));
        if !text.starts_with('{') {
            return super::vpc::begins(&text).then_some(Self::Foreign(Foreign::Vpc));
        }
        if text.contains("\"sekisho.flow/") {
            return Some(Self::Flows);
        }
        // A flow log may also begin with another answer of the same stream.
        if ["flow", "lost_events", "node_status"].into_iter().any(has) || (has("verdict") && has("IP")) {
            return Some(Self::Foreign(Foreign::Hubble));
        }
        let is_gke = ["jsonPayload", "disposition", "insertId", "logName"].into_iter().any(has);
        is_gke.then_some(Self::Foreign(Foreign::Gke))
    }
}
