//! The examples and the corpus on real packets: the kernel against the core. These tests need root or
//! user namespaces; where the kernel gives neither they are skipped, loudly.
//!
//! The harness is not the usual one because a user namespace must be entered before any thread starts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use libtest_mimic::{Arguments, Trial};
use sekisho_core::{
    object::Cluster,
    packet::{Packet, Traffic},
};
use sekisho_k8s::{
    expectation::{Expectation, read_expectations},
    read_paths,
};
use sekisho_lab::{Lab, LabError, Options, Report};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn main() {
    let refused = sekisho_lab::acquire().err();
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let examples = [root.join("examples/exchange/production"), root.join("examples/exchange/development")];
    let mut trials: Vec<Trial> = examples.into_iter().map(|folder| trial(folder, example)).collect();
    trials.extend(folders(&root.join("examples/mistakes")).into_iter().map(|folder| trial(folder, mistake)));
    trials.extend(folders(&root.join("tests/corpus")).into_iter().map(|folder| trial(folder, case)));
    if let Some(error) = &refused {
        eprintln!("SKIPPED: {} tests with real packets: {error}", trials.len());
    }
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(refused.is_some()));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn trial(folder: PathBuf, test: fn(&Path)) -> Trial {
    let parent = folder.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
    let name = format!("{parent}/{}", folder.file_name().unwrap().to_string_lossy());
    Trial::test(name, move || {
        test(&folder);
        Ok(())
    })
}

fn example(folder: &Path) {
    let reading = read_paths(&[folder.to_owned()], &sekisho_k8s::Options::default()).unwrap();
    assert!(!reading.has_errors());
    let report = run(&reading.cluster, Options::default()).unwrap();
    assert!(report.outcomes.len() > 500, "{}", report.summary());
    println!("{}: {}", folder.display(), report.summary());
}

/// What is readable of a mistake, since some cannot be read: that is the mistake.
fn mistake(folder: &Path) {
    let reading = read_paths(&[folder.to_owned()], &sekisho_k8s::Options::default()).unwrap();
    match run(&reading.cluster, Options::default()) {
        Ok(_) | Err(LabError::Empty) => {}
        Err(error) => panic!("{error}"),
    }
}

/// The kernel agrees with the core on the case's whole cluster, and with the case on its packets.
fn case(folder: &Path) {
    let reading = read_paths(&[folder.join("input")], &sekisho_k8s::Options::default()).unwrap();
    let text = fs::read(folder.join("expect.yaml")).unwrap();
    let expectations = read_expectations("expect.yaml", &text).expectations;
    let packets: Vec<(&Expectation, Packet)> = expectations
        .iter()
        .flat_map(|expectation| {
            expectation.packets(&reading.cluster).into_iter().map(move |packet| (expectation, packet))
        })
        .collect();
    let ends = packets.iter().flat_map(|(_, packet)| [packet.from.address(), packet.to.address()]);
    let options = Options {
        outside: ends.flatten().collect(),
        traffic: packets
            .iter()
            .map(|(_, packet)| packet.traffic)
            .filter(|traffic| can_be_sent(*traffic))
            .collect(),
        ..Options::default()
    };
    let report = match run(&reading.cluster, options) {
        Err(LabError::Empty) => return,
        report => report.unwrap(),
    };
    for (expectation, packet) in &packets {
        let probed = report.outcomes.iter().find(|outcome| {
            outcome.probe.service.is_none()
                && outcome.probe.arrivals.iter().any(|arrival| arrival.packet == *packet)
        });
        // Addresses of nobody, or pods whose addresses the case leaves open, are not probed as written.
        if let Some(decision) = probed.map(|outcome| outcome.observed.decision()) {
            assert_eq!(
                decision,
                Some(expectation.decision),
                "{}: `{}`",
                expectation.origin,
                expectation.text
            );
        }
    }
}

/// What a probe can carry without being taken for the answer to another: kinds without ports cannot.
fn can_be_sent(traffic: Traffic) -> bool {
    matches!(traffic, Traffic::Port(..))
}

fn run(cluster: &Cluster, options: Options) -> Result<Report, LabError> {
    let lab = Lab::build(Lab::plan(cluster, &options)?, options)?;
    let report = lab.run(&mut ())?;
    let differences: Vec<String> = report.differences().map(|outcome| report.describe(outcome)).collect();
    assert!(report.agrees(), "{}\n{}", report.summary(), differences.join("\n"));
    Ok(report)
}
