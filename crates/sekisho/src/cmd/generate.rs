//! `sekisho generate`.

use crate::{
    args::{GenerateArgs, LayoutArg},
    input,
    outcome::Outcome,
    output,
    settings::{self, Settings},
    written::Plan,
};
use anyhow::bail;
use sekisho_catalog::{Catalog, Why, document::Ignored};
use std::path::{Path, PathBuf};

/// What stands in a path for the name of an environment.
const PLACE: &str = "{environment}";

/// Writes the policies of the catalog, or says how what is written differs.
pub(crate) fn run(arguments: &GenerateArgs) -> anyhow::Result<Outcome> {
    let settings: Settings<Ignored> = settings::read(arguments.catalog.as_deref())?;
    if settings.path.is_none() {
        bail!(
            "there is no `sekisho.yaml` in this folder or one around it: write one, or name it with `--catalog`"
        );
    }
    if !input::tell(&settings.diagnostics, &settings.sources, "the catalog")? {
        return Ok(Outcome::CouldNot);
    }
    let catalog = &settings.catalog;
    let environment = environment(arguments, catalog)?;
    let promises = promises(arguments, catalog, environment)?;
    tell_expired(catalog);
    let Some(folder) = &arguments.output else {
        let mut plan = Plan::default();
        if !promises.is_empty() {
            plan.files(promises)?;
            plan.apply(&mut output::stderr())?;
        }
        output::plain_to_stdout(|out| Ok(out.write_all(catalog.text(environment).as_bytes())?))?;
        return Ok(Outcome::Holds);
    };
    check_folder(folder, &settings.folder)?;
    let mut plan = Plan::folder(folder, catalog.files(arguments.layout.into(), environment))?;
    plan.files(promises)?;
    if arguments.check {
        output::to_stdout(|out| plan.show(out))?;
        return Ok(if plan.is_empty() { Outcome::Holds } else { Outcome::DoesNotHold });
    }
    output::to_stdout(|out| plan.apply(out))?;
    Ok(Outcome::Holds)
}

/// Whatever was generated in the folder and is not given is removed, deep down as well: so it must be one of its own,
/// and not the one in which everything lies.
fn check_folder(output: &Path, catalogs: &Path) -> anyhow::Result<()> {
    let real = |folder: &Path| folder.canonicalize().ok();
    if let (Some(output), Some(catalogs)) = (real(output), real(catalogs))
        && catalogs.starts_with(&output)
    {
        bail!("`{}` has the catalog in it: write to a folder that is for policies alone", output.display());
    }
    Ok(())
}

/// The environment that is meant, where one is.
fn environment<'a>(arguments: &'a GenerateArgs, catalog: &'a Catalog) -> anyhow::Result<Option<&'a str>> {
    let names: Vec<&str> = catalog.environments.iter().map(|environment| &*environment.name).collect();
    let list = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = arguments.environment.as_deref() {
        // The layouts that have all environments: then it is the promises that are of one.
        if arguments.layout != LayoutArg::Plain && arguments.promises.is_none() {
            bail!("this layout has all environments: leave out `--environment`");
        }
        if !names.contains(&wanted) {
            match sekisho_core::near::nearest(wanted, names.iter().copied()) {
                Some(meant) => bail!("no environment is called `{wanted}`; did you mean `{meant}`?"),
                None if names.is_empty() => {
                    bail!("the catalog has no environments: leave out `--environment`")
                }
                None => bail!("no environment is called `{wanted}`: there are {}", list()),
            }
        }
        return Ok(Some(wanted));
    }
    match names.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        _ if arguments.output.is_none() => {
            bail!("say which environment: `--environment` with one of {}", list())
        }
        _ => Ok(None),
    }
}

/// The files of promises that are asked for. Promises are of one environment, however the policies are laid out.
fn promises(
    arguments: &GenerateArgs,
    catalog: &Catalog,
    environment: Option<&str>,
) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let Some(path) = &arguments.promises else { return Ok(Vec::new()) };
    let all = catalog.environments.iter().map(|environment| &*environment.name);
    let one = |environment: Option<&str>| {
        let text = path.to_string_lossy();
        let path = environment.map_or_else(|| path.clone(), |name| text.replace(PLACE, name).into());
        (path, catalog.promises(environment))
    };
    match environment {
        None if catalog.environments.is_empty() => Ok(vec![one(None)]),
        None if path.to_string_lossy().contains(PLACE) => Ok(all.map(Some).map(one).collect()),
        None => {
            let list: Vec<String> = all.map(|name| format!("`{name}`")).collect();
            bail!(
                "promises are of one environment: name it by `--environment`, one of {}, or write `{PLACE}` in their \
                 path for a file of each",
                list.join(", ")
            )
        }
        Some(name) => Ok(vec![one(Some(name))]),
    }
}

/// Says which exceptions are over. They are generated all the same: what is written does not depend on the day.
fn tell_expired(catalog: &Catalog) {
    let Some(today) = settings::today() else { return };
    for call in &catalog.calls {
        if let Why::Exception { until, reason, .. } = &call.why
            && *until < today
        {
            let (from, to) = (catalog.title(&call.from), catalog.title(&call.to));
            output::note(&format!("{}: that {from} may call {to} was until {until} ({reason})", call.origin));
        }
    }
}
