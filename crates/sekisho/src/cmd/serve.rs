//! `sekisho serve`.

use crate::{
    args::{ServeArgs, ServeVerb},
    outcome::Outcome,
    serve::admission,
};

/// Serves until somebody asks for the end.
pub(crate) fn run(arguments: &ServeArgs) -> anyhow::Result<Outcome> {
    match &arguments.verb {
        ServeVerb::Admission(arguments) => admission::run(arguments),
    }
}
