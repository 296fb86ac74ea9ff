"""Runs sekisho and its peers on the same manifests, and compares what they say, pair by pair.

usage: python benches/peers SEKISHO NCA CYCLONUS LIMIT FOLDER...
Prints a Markdown table, and below it the first pairs of every difference. A program that is missing is `-`.
"""

import sys
import tempfile

import model
import programs

# Addresses that some policies of the corpus tell apart, and one that none does.
SAMPLES = {"8.8.8.8", "192.0.2.200", "2001:db8::5"}
SHOWN = 5


def main(sekisho, nca, cyclonus, limit, *folders):
    print("| manifests | pods | policies | sekisho | network-config-analyzer | pairs that differ | cyclonus, one port | pairs that differ |")
    print("|---|---|---|---|---|---|---|---|")
    notes = []
    for folder in folders:
        cluster = model.Cluster(folder)
        ours, seconds = programs.sekisho(sekisho, cluster, int(limit))
        cells = [folder.rstrip("/"), len(cluster.pods), len(cluster.policies), f"{seconds:.2f} s"]
        cells += against_analyzer(nca, cluster, ours, seconds, int(limit), notes)
        cells += against_cyclonus(cyclonus, cluster, ours, seconds, int(limit), notes)
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
    print("\n".join(notes))


def against_analyzer(program, cluster, ours, seconds, limit, notes):
    if program == "-":
        return ["not installed", ""]
    try:
        theirs, taken = programs.analyzer(program, cluster, limit)
    except programs.Failed as failed:
        return [str(failed), ""]
    points = (SAMPLES | ours.points() | theirs.points()) - cluster.addresses
    left, right = ours.table(cluster, points), theirs.table(cluster, points)
    differing = sorted(pair for pair in left.keys() | right.keys() if left.get(pair) != right.get(pair))
    tell(notes, cluster, "network-config-analyzer", [(pair, left.get(pair), right.get(pair)) for pair in differing])
    ends = len(cluster.pods) + len(points)
    pairs = ends * (ends - 1) - len(points) * (len(points) - 1)
    return [f"{taken:.2f} s ({taken / seconds:.0f} times)", f"{len(differing)} of {pairs}"]


def against_cyclonus(program, cluster, ours, seconds, limit, notes):
    if program == "-":
        return ["not installed", ""]
    port = (8080, "TCP")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            theirs, taken = programs.cyclonus(program, cluster, port, scratch, limit)
    except programs.Failed as failed:
        return [str(failed), ""]
    table = ours.table(cluster, set())
    allowed = lambda pair: any(p == port[1] and a <= port[0] <= b for p, a, b in table.get(pair, ()))
    pairs = [pair for pair in sorted(theirs) if pair[0] != pair[1]]
    differing = [pair for pair in pairs if allowed(pair) != theirs[pair]]
    tell(notes, cluster, "cyclonus", [(pair, allowed(pair), theirs[pair]) for pair in differing])
    return [f"{taken:.2f} s ({taken / seconds:.0f} times)", f"{len(differing)} of {len(pairs)}"]


def tell(notes, cluster, peer, differing):
    show = lambda said: ", ".join(f"{p} {a}-{b}" for p, a, b in sorted(said)) if isinstance(said, frozenset) else str(said)
    for (source, destination), ours, theirs in differing[:SHOWN]:
        notes.append(f"{cluster.folder}: {source} -> {destination}: sekisho {show(ours)}; {peer} {show(theirs)}")


main(*sys.argv[1:])
