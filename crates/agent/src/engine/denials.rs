//! What was denied, or would have been, read from the kernel's counters from time to time.

use crate::metrics::Metrics;
use sekisho_nft::{
    Kernel, NetlinkError, Program,
    tree::{Name, Table},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How often counters are read: as often as Prometheus asks, by its default or oftener.
const APART: Duration = Duration::from_secs(10);

/// The chain of what is meant for many.
const TO_MANY: &str = "to-many";
/// The chain of frames that no rule would be shown.
const TAGGED: &str = "tagged";

/// What the counters said when they were read last.
#[derive(Debug)]
pub(super) struct Denials {
    last: BTreeMap<(Table, Name), u64>,
    next: Instant,
}

impl Denials {
    pub(super) fn new() -> Self {
        Self { last: BTreeMap::new(), next: Instant::now() + APART }
    }

    /// When counters are read next.
    pub(super) fn wakes_at(&self) -> Instant {
        self.next
    }

    /// Notes that they are read now.
    pub(super) fn awake(&mut self) {
        self.next = Instant::now() + APART;
    }

    /// Reads the counters of a table, and tells how many packets more were denied: by policies, or because strangers sent
    /// them. What was counted in a chain between the last reading and its end is lost.
    pub(super) fn read(
        &mut self,
        table: Table,
        kernel: &mut Kernel,
        program: &Program,
        metrics: &Metrics,
    ) -> Result<u64, NetlinkError> {
        let mut denied: u64 = 0;
        let counted = kernel.counted()?;
        self.last.retain(|(of, chain), _| *of != table || counted.contains_key(chain));
        for (chain, packets) in counted {
            let more = {
                let before = self.last.entry((table, chain.clone())).or_default();
                // One that was made anew begins anew.
                let more = if packets >= *before { packets - *before } else { packets };
                *before = packets;
                more
            };
            if more > 0 {
                match program.denying(&chain) {
                    Some((direction, policies)) => {
                        let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
                        metrics.denied(table, &direction.to_string(), &names.join(","), more);
                        denied = denied.saturating_add(more);
                    }
                    None if chain.as_str() == TO_MANY => metrics.denied(table, "many", "", more),
                    None if chain.as_str() == TAGGED => metrics.denied(table, "tagged", "", more),
                    // The chain of strangers (S23).
                    None => {
                        metrics.denied(table, "unknown", "", more);
                        denied = denied.saturating_add(more);
                    }
                }
            }
        }
        Ok(denied)
    }
}
