//! The CNI plugin (CNI specification 1.1).

/// The name under which the program is the plugin.
pub(crate) const NAME: &str = "sekisho-cni";

pub(crate) fn main() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}
pub(crate) fn install(_: &crate::args::InstallCni) -> Result<std::process::ExitCode, anyhow::Error> {
    anyhow::bail!("x")
}
