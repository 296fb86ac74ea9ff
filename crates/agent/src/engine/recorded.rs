//! What is told who records flows.

use super::Engine;
use crate::{
    flows::{self, Told},
    state::Written,
};
use sekisho_core::index::Input;
use std::borrow::Borrow;

impl Engine {
    /// Tells who records flows whose addresses are whose.
    pub(super) fn name(&self, inputs: impl IntoIterator<Item = impl Borrow<Input>>) {
        let Some(recorder) = &self.recorder else { return };
        let named = flows::named_by(inputs);
        if !named.is_empty() {
            // Nobody is there any more to record anything when the agent is about to end.
            let _ = recorder.send(Told::Named(named));
        }
    }

    /// Tells who records flows how policies are written, to say what they lack that they would allow what they deny.
    pub(super) fn explain(&self, written: Vec<Written>) {
        let Some(recorder) = self.recorder.as_ref().filter(|_| !written.is_empty()) else { return };
        // As above.
        let _ = recorder.send(Told::Written(written));
    }

    /// Tells who records flows how many packets more were denied: more than rules log.
    pub(super) fn count(&self, denied: Option<u64>) {
        if let (Some(recorder), Some(denied)) = (&self.recorder, denied) {
            // As above.
            let _ = recorder.send(Told::Denied(denied));
        }
    }
}
