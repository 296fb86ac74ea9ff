//! The commands in the documentation print what the documentation says.
//!
//! `TRYCMD=overwrite cargo test -p sekisho --test docs` writes the outputs anew.

#[test]
fn outputs_in_the_documentation_are_real() {
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap();
    trycmd::TestCases::new()
        .case("README*.md")
        .case("docs/catalog.md")
        .case("docs/ways-in.md")
        .case("docs/check.md")
        .case("docs/observe.md")
        .case("docs/promises.md")
        .case("docs/diff.md")
        .case("docs/reach.md")
        .case("docs/recommend.md")
        .case("docs/rego.md")
        .case("examples/*/README.md")
        .case("examples/mistakes/*/README.md")
        .run();
}
