//! The annotations of policies by which a team speaks to us.

use super::NetworkPolicy;

/// Whether the policy is enforced, or only tried.
pub const MODE: &str = "sekisho.dev/mode";
/// The value of [`MODE`] of a policy that is only tried.
pub const AUDIT: &str = "audit";
/// Which findings are to be kept quiet, and why: `SK301: reason; SK305: reason`.
pub const IGNORE: &str = "sekisho.dev/ignore";

impl NetworkPolicy {
    /// Whether it is only tried, and denies nothing.
    #[must_use]
    pub fn is_audited(&self) -> bool {
        self.annotations.get(MODE) == Some(AUDIT)
    }
}
