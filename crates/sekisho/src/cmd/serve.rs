//! `sekisho serve`.

use crate::{
    args::{ServeArgs, ServeVerb},
    outcome::Outcome,
    serve::{admission, hub},
};

/// Serves until somebody asks for the end.
pub(crate) fn run(arguments: &ServeArgs) -> anyhow::Result<Outcome> {
    match &arguments.verb {
        ServeVerb::Admission(arguments) => admission::run(arguments),
        ServeVerb::Hub(arguments) => hub::run(arguments),
    }
}
