//! Small clusters and standards, for tests of rules that need a standard.
