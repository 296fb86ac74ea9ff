//! A folder for each namespace, with a file for each policy.

use super::{Files, manifest, marked, path};
use crate::Catalog;

pub(super) fn files(catalog: &Catalog, environment: Option<&str>) -> Files {
    let names: Vec<&str> = catalog.environment_names().map(|name| &**name).collect();
    match (environment, names.as_slice()) {
        (None, [_, _, ..]) => {
            let folders = names.iter().map(|name| (format!("{name}/"), Some(*name)));
            folders.flat_map(|(folder, environment)| of(catalog, &folder, environment)).collect()
        }
        (None, [only]) => of(catalog, "", Some(only)),
        (environment, _) => of(catalog, "", environment),
    }
}

fn of(catalog: &Catalog, folder: &str, environment: Option<&str>) -> Files {
    let written = catalog.policies(environment);
    let file = |one: &crate::Written| (format!("{folder}{}", path(&one.policy.key)), marked(&manifest(one)));
    written.iter().map(file).collect()
}
