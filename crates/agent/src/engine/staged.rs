//! Policies that are only tried, beside those that are enforced: in a table of its own, which lets
//! everything pass and counts what would not. It sees what the other let pass.

use super::denials::Denials;
use crate::{metrics::Metrics, state::State};
use sekisho_core::index::{Delta, Index, Input};
use sekisho_nft::{Kernel, NetlinkError, Program, tree::Table};

/// What is tried.
#[derive(Debug)]
pub(super) struct Staged {
    kernel: Kernel,
    /// There is one while some policy is only tried.
    tried: Option<(Index, Program)>,
}

impl Staged {
    /// Reaches the kernel from the network namespace of the thread that calls.
    pub(super) fn open() -> Result<Self, NetlinkError> {
        Ok(Self { kernel: Kernel::open_table(Table::Tried)?, tried: None })
    }

    pub(super) fn port(&self) -> u32 {
        self.kernel.port()
    }

    pub(super) fn program(&self) -> Option<&Program> {
        self.tried.as_ref().map(|(_, program)| program)
    }

    /// Begins with what is known, or takes away what an agent before left.
    pub(super) fn begin(&mut self, state: &State, node: &str) -> Result<(), NetlinkError> {
        if !state.has_staged() {
            self.tried = None;
            return self.kernel.remove();
        }
        let index = Index::of(state.all(true));
        let program = Program::trying(&index, node);
        self.kernel.own()?;
        self.kernel.restore(program.ruleset())?;
        self.tried = Some((index, program));
        Ok(())
    }

    /// Follows what changed.
    pub(super) fn follow(
        &mut self,
        state: &State,
        node: &str,
        inputs: Vec<Input>,
    ) -> Result<(), NetlinkError> {
        if state.has_staged() != self.tried.is_some() {
            return self.begin(state, node);
        }
        let Some((index, program)) = &mut self.tried else { return Ok(()) };
        let deltas: Vec<Delta> = inputs.into_iter().map(|input| index.apply(input)).collect();
        let transaction = program.follow(index, &deltas);
        self.kernel.apply(&transaction)
    }

    /// Brings the kernel to what it should have.
    pub(super) fn restore(&mut self) -> Result<(), NetlinkError> {
        match &self.tried {
            Some((_, program)) => self.kernel.restore(program.ruleset()).map(drop),
            None => self.kernel.remove(),
        }
    }

    /// Reads what would have been denied.
    pub(super) fn count(&mut self, denials: &mut Denials, metrics: &Metrics) -> Result<u64, NetlinkError> {
        match &self.tried {
            Some((_, program)) => denials.read(Table::Tried, &mut self.kernel, program, metrics),
            None => Ok(0),
        }
    }
}
