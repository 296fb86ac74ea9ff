//! Finds `.rs` files that no `mod` reaches: the compiler never sees them, nor does anybody else.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};
use syn::{Expr, Item, ItemMod, Lit, Meta};
use walkdir::{DirEntry, WalkDir};

/// The `.rs` files under `package` that none of its targets' `roots` reaches.
///
/// # Errors
/// When a file cannot be read or is not Rust.
pub fn orphans(package: &Path, roots: &[PathBuf]) -> Result<BTreeSet<PathBuf>, String> {
    let mut reached = BTreeSet::new();
    for root in roots {
        let folder = root.parent().unwrap_or(package);
        visit_file(root, folder, &mut reached)?;
    }
    let files = WalkDir::new(package).into_iter().filter_entry(|entry| belongs(package, entry));
    let mut orphans = BTreeSet::new();
    for entry in files {
        let path = entry.map_err(|error| error.to_string())?.into_path();
        if path.extension().is_some_and(|extension| extension == "rs") && !reached.contains(&path) {
            orphans.insert(path);
        }
    }
    Ok(orphans)
}

/// Not what was built, and not a package of its own inside this one (a fuzz crate).
fn belongs(package: &Path, entry: &DirEntry) -> bool {
    entry.path() == package || (entry.file_name() != "target" && !entry.path().join("Cargo.toml").exists())
}

/// Follows the modules of `file`, whose child modules live in `folder`.
fn visit_file(file: &Path, folder: &Path, reached: &mut BTreeSet<PathBuf>) -> Result<(), String> {
    if !reached.insert(file.to_path_buf()) {
        return Ok(());
    }
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| at(&error))?;
    let parsed = syn::parse_file(&text).map_err(|error| at(&error))?;
    visit_items(&parsed.items, file, folder, reached)
}

fn visit_items(
    items: &[Item],
    file: &Path,
    folder: &Path,
    reached: &mut BTreeSet<PathBuf>,
) -> Result<(), String> {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        match &module.content {
            Some((_, items)) => visit_items(items, file, &folder.join(name), reached)?,
            None => visit_module(module, &name, file, folder, reached)?,
        }
    }
    Ok(())
}

fn visit_module(
    module: &ItemMod,
    name: &str,
    file: &Path,
    folder: &Path,
    reached: &mut BTreeSet<PathBuf>,
) -> Result<(), String> {
    if let Some(path) = path_attribute(module) {
        let target = plain(&file.parent().unwrap_or(folder).join(path));
        let below = target.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        return visit_file(&target, &below, reached);
    }
    let (flat, nested) = (folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs"));
    let target = if flat.exists() { flat } else { nested };
    visit_file(&target, &folder.join(name), reached)
}

/// The path without its `..`, as the walk through a package tells it.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
        plain
    })
}

/// The file of `#[path = "..."]`.
fn path_attribute(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}
