//! `sekisho lsp`.

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  Neovim
    vim.lsp.config.sekisho = { cmd = { 'sekisho', 'lsp' }, filetypes = { 'yaml' }, root_markers = { 'sekisho.yaml', '.git' } }
    vim.lsp.enable('sekisho')

  Helix, in languages.toml
    [language-server.sekisho]
    command = \"sekisho\"
    args = [\"lsp\"]";

/// Serve an editor: findings while you type, what a rule lets in today, and the mends
///
/// It speaks the Language Server Protocol over standard input and output, and is started by the editor.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LspArgs {
    /// Speak over standard input and output, as it always does: some editors ask for it
    #[arg(long)]
    pub(crate) stdio: bool,
}
