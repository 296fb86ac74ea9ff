//! What whole clusters cost, from a hundred pods to a million: the program on files, and its parts.

use crate::{
    Result, child,
    cluster::{Realistic, Size},
    manifest::{self, Form, Written},
    measure::{quantile, seconds},
    report::{Goal, Row, count},
    scratch::Scratch,
};
use sekisho_core::{
    diff::Effects,
    explain::Excerpts,
    index::Index,
    object::{Change, Cluster, NetworkPolicy, Pod, PodUid, PortMatch},
    packet::{End, Packet, Traffic},
    reach::{Filter, Reach, connections},
    set::{PortRange, Protocol},
};
use sekisho_k8s::{Options, read_paths};
use std::{
    env,
    hint::black_box,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

/// The cluster that the promises are about.
const PROMISED: Size = Size { pods: 100_000, policies: 10_000, namespaces: 2_000 };
/// Clusters, the smallest first, by their pods.
const GROWTH: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
/// Beyond this many pods a cluster is not written as YAML: it would be gigabytes.
const MOST_YAML: usize = 100_000;
/// No run of the program takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(180);
/// How often a change is made, and a question asked.
const TIMES: usize = 400;

/// Measures the program at each size, then what it does at the promised one.
pub(crate) fn run() -> Result<Vec<Row>> {
    let mut rows = growth()?;
    rows.extend(parts()?);
    Ok(rows)
}

fn program() -> Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name("sekisho"))
}

/// The most pods there are: what `SEKISHO_BENCH_PODS` says, where a million is too many.
fn most() -> usize {
    env::var("SEKISHO_BENCH_PODS").ok().and_then(|most| most.parse().ok()).unwrap_or(usize::MAX)
}

/// How time and memory grow.
fn growth() -> Result<Vec<Row>> {
    let program = program()?;
    let what = "`sekisho reach -o json`";
    if !program.exists() {
        return Ok(vec![Row::absent(
            what,
            "the program is not built: cargo build --release --package sekisho",
        )]);
    }
    let most = most();
    let mut rows = Vec::new();
    for form in [Form::Snapshot, Form::Kubectl] {
        let mut before: Option<(usize, child::Run)> = None;
        for pods in GROWTH.into_iter().filter(|pods| *pods <= most) {
            if form == Form::Kubectl && pods > MOST_YAML {
                continue;
            }
            let scratch = Scratch::new()?;
            let written = manifest::folder(&Realistic::new(Size::of(pods)), form, scratch.path())?;
            let Some(taken) = reach(&program, scratch.path())? else {
                rows.push(Row::absent(format!("{what}, {pods} pods"), format!("more than {LIMIT:?}")));
                break;
            };
            rows.extend(size_rows(form, pods, written, taken, before));
            before = Some((pods, taken));
        }
    }
    Ok(rows)
}

/// The two rows of a size, time and memory, beside the size before.
fn size_rows(
    form: Form,
    pods: usize,
    written: Written,
    taken: child::Run,
    before: Option<(usize, child::Run)>,
) -> [Row; 2] {
    let name = if form == Form::Kubectl { "YAML" } else { "snapshot" };
    let (most_seconds, most_mebibytes) = promises(form, pods);
    let size = format!("{:.1} MB in {} files", count(written.bytes) / 1e6, written.files);
    let row = |what: &str, amount: f64, unit, earlier: Option<f64>, most: Option<f64>| {
        let mut row = Row::new(format!("{name}, {pods} pods: {what}"), amount, unit);
        if let Some((earlier, (pods, _))) = earlier.zip(before) {
            row = row.against(format!("{pods} pods"), earlier, unit);
        }
        if let Some(most) = most {
            row = row.goal(Goal::AtMost(most));
        }
        row
    };
    [
        row("time", taken.seconds, "s", before.map(|(_, run)| run.seconds), most_seconds).note(size),
        row("memory", taken.mebibytes, "MiB", before.map(|(_, run)| run.mebibytes), most_mebibytes),
    ]
}

/// The seconds and the MiB that are promised for a size.
fn promises(form: Form, pods: usize) -> (Option<f64>, Option<f64>) {
    match pods {
        100_000 if form == Form::Snapshot => (Some(3.0), Some(1024.0)),
        1_000_000 => (Some(60.0), Some(6.0 * 1024.0)),
        _ => (None, None),
    }
}

/// Runs the program on a folder: the faster of two, so that files are read from memory.
fn reach(program: &Path, folder: &Path) -> Result<Option<child::Run>> {
    let mut best: Option<child::Run> = None;
    for _ in 0..2 {
        let mut command = Command::new(program);
        command.args(["reach", "-o", "json"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        let Some(taken) = child::run(&mut command, LIMIT)? else { return Ok(best) };
        if taken.code != Some(0) {
            return Err(format!("`sekisho reach` ended with {:?}", taken.code).into());
        }
        best = Some(best.filter(|best| best.seconds <= taken.seconds).unwrap_or(taken));
    }
    Ok(best)
}

/// What the steps take at the promised size, and then changes and questions, in this process.
fn parts() -> Result<Vec<Row>> {
    let most = most();
    let size = if most < PROMISED.pods { Size::of(most.max(100)) } else { PROMISED };
    let made = Realistic::new(size);
    let scratch = Scratch::new()?;
    manifest::folder(&made, Form::Snapshot, scratch.path())?;
    let (read, reading) = seconds(|| read_paths(&[scratch.path().to_owned()], &Options::default()));
    let cluster = reading?.cluster;
    if cluster.pods.len() != size.pods || cluster.policies.len() != size.policies {
        let read = format!("{} pods and {} policies", cluster.pods.len(), cluster.policies.len());
        return Err(format!("not everything was read, but {read} of {size:?}").into());
    }
    let (resolved, mut index) = seconds(|| Index::of(cluster.changes()));
    let (classed, reach) = seconds(|| Reach::of(&index));
    let (listed, list) = seconds(|| connections(&reach, &Filter::default()));
    let classes = format!("{} classes of pods and addresses", reach.classes().len());
    let name = format!("{} pods, {} policies, {} namespaces", size.pods, size.policies, size.namespaces);
    let mut rows = vec![
        Row::new(format!("{name}: reading"), read, "s"),
        Row::new("the same: resolving", resolved, "s"),
        Row::new("the same: classes, and what each allows", classed, "s").note(classes),
        Row::new("the same: all connections, merged", listed, "s").note(format!("{} rows", list.len())),
    ];
    drop((list, reach));
    rows.push(explaining(&cluster, &index)?);
    rows.extend(changing(&cluster, &mut index)?);
    drop(index);
    rows.push(effects(cluster)?);
    Ok(rows)
}

/// The median of many times, with `more` to say of them.
fn median_row(what: &str, mut milliseconds: Vec<f64>, most: f64, more: &str) -> Row {
    let (median, high) = (quantile(&mut milliseconds, 0.5), quantile(&mut milliseconds, 0.99));
    let note = format!("99 of 100 within {high:.2} ms{more}");
    Row::new(what, median, "ms").goal(Goal::AtMost(most)).note(note)
}

/// Explanations of packets between pods far apart.
fn explaining(cluster: &Cluster, index: &Index) -> Result<Row> {
    let (prepared, excerpts) = seconds(|| Excerpts::of(cluster, index));
    let pods: Vec<&Pod> = cluster.pods.values().map(AsRef::as_ref).collect();
    let address = |number: usize| pods.get(number % pods.len().max(1))?.addresses.first().copied();
    let packets = (0..TIMES).filter_map(|number| {
        let (from, to) = (End::Address(address(number * 149)?), End::Address(address(number * 251 + 1)?));
        Some(Packet { from, to, traffic: Traffic::Port(Protocol::Tcp, 8080) })
    });
    let times: Vec<f64> =
        packets.map(|packet| seconds(|| black_box(excerpts.explain(&packet))).0 * 1e3).collect();
    if times.is_empty() {
        return Err("there is nothing to explain".into());
    }
    let more = format!("; {:.0} ms to prepare, once", prepared * 1e3);
    Ok(median_row("explaining one packet, once loaded", times, 1.0, &more))
}

/// One change applied to the index.
fn changing(cluster: &Cluster, index: &mut Index) -> Result<Vec<Row>> {
    let pods: Vec<&Pod> = cluster.pods.values().map(AsRef::as_ref).collect();
    let policies: Vec<&NetworkPolicy> =
        cluster.policies.values().filter(|policy| opened(policy).is_some()).collect();
    if pods.is_empty() || policies.is_empty() {
        return Err("there is nothing to change".into());
    }
    let (mut arriving, mut changing) = (Vec::new(), Vec::new());
    for turn in 0..TIMES {
        if let Some(pod) = pods.get(turn * 199 % pods.len()) {
            let mut pod = (*pod).clone();
            pod.uid = PodUid(format!("new-{turn}").into());
            pod.key.name = pod.uid.0.clone();
            pod.addresses = [std::net::Ipv4Addr::from_bits(0x0bff_0000 + u32::try_from(turn)?).into()].into();
            arriving.push(seconds(|| black_box(index.apply(Change::PutPod(pod.into())))).0 * 1e3);
        }
        let policy = policies.get(turn * 37 % policies.len()).and_then(|policy| opened(policy));
        if let Some(policy) = policy {
            changing.push(seconds(|| black_box(index.apply(Change::PutPolicy(policy)))).0 * 1e3);
        }
    }
    Ok(vec![
        median_row("a pod arrives, in the index", arriving, 1.0, ""),
        median_row("a policy opens another port, in the index", changing, 1.0, ""),
    ])
}

/// What one change opens and closes: policies that open a port more and one less in turn, and pods that
/// become others of their namespace.
fn effects(cluster: Cluster) -> Result<Row> {
    let policies: Vec<NetworkPolicy> = cluster.policies.values().cloned().collect();
    let pods: Vec<Arc<Pod>> = cluster.pods.values().cloned().collect();
    let (loaded, mut effects) = seconds(|| Effects::of(cluster));
    let (mut times, mut found) = (Vec::new(), 0);
    for turn in 0..TIMES / 2 {
        let mut changes = Vec::new();
        if let Some(policy) = policies.get(turn * 37 % policies.len().max(1))
            && let Some(opened) = opened(policy)
        {
            changes.extend([Change::PutPolicy(opened), Change::PutPolicy(policy.clone())]);
        }
        let at = turn * 199 % pods.len().max(1);
        if let (Some(pod), Some(other)) = (pods.get(at), pods.get(at + 1)) {
            let renamed = Pod { labels: other.labels.clone(), ..Pod::clone(pod) };
            changes.extend([Change::PutPod(renamed.into()), Change::PutPod(pod.clone())]);
        }
        for change in changes {
            let (taken, difference) = seconds(|| effects.effect(change));
            times.push(taken * 1e3);
            found += difference.changes.len();
        }
    }
    if found == 0 {
        return Err("no change opens or closes anything".into());
    }
    let more = format!("; {} changes, {found} connections differ; {loaded:.1} s to load, once", times.len());
    Ok(median_row("what one change opens and closes", times, 50.0, &more))
}

/// The policy with one more port open; none where no rule of it tells ports.
fn opened(policy: &NetworkPolicy) -> Option<NetworkPolicy> {
    let mut policy = policy.clone();
    let ports = &mut policy.ingress.first_mut()?.ports;
    let mut another = ports.first()?.clone();
    another.port = PortMatch::Range(PortRange::single(7070)?);
    ports.push(another);
    Some(policy)
}
