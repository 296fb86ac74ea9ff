"""The programs that are compared: how each is run, and how what it prints is read."""

import ipaddress
import json
import pathlib
import re
import subprocess
import time

import model

POD = re.compile(r"[a-z0-9][a-z0-9.-]*/[a-z0-9]")


class Failed(Exception):
    """A program did not answer; the text says why."""


def timed(command, limit):
    """Runs a command; its output and the seconds it took."""
    begin = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"not done after {limit} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Failed(last[:200])
    # network-config-analyzer goes on after an object that it refuses, and ends well.
    if refused := next((line for line in done.stderr.splitlines() if line.startswith("Error:")), None):
        raise Failed(refused[:200])
    return done.stdout, time.monotonic() - begin


def sekisho(program, cluster, limit):
    """`sekisho reach -o json`."""
    text, seconds = timed([program, "reach", "-o", "json", cluster.folder], limit)
    return model.sekisho(text, cluster), seconds


def analyzer(program, cluster, limit):
    """network-config-analyzer, a line for each pair."""
    folder = cluster.folder
    command = [program, "--connectivity", folder, "-n", folder, "-p", folder, "-o", "txt_no_fw_rules"]
    text, seconds = timed([*command, "--output_endpoints", "pods", "--print_ipv6"], limit)
    answer = model.Answer()
    for line in text.splitlines():
        if found := re.fullmatch(r"(\S+) => (\S+) : (.*)", line):
            source, destination, terms = found.groups()
            answer.add([analyzer_end(source)], [analyzer_end(destination)], analyzer_ports(terms))
    return answer, seconds


def analyzer_end(text):
    if ":" not in text and POD.match(text) and not text[0].isdigit():
        return text.split("[")[0]
    if "/" in text:
        network = ipaddress.ip_network(text)
        return network[0], network[-1]
    first, _, last = text.partition("-")
    return ipaddress.ip_address(first), ipaddress.ip_address(last or first)


def analyzer_ports(text):
    if text.startswith("All"):
        return model.EVERYTHING
    terms = []
    for cube in re.findall(r"\{([^}]*)\}", text):
        protocols, _, numbers = cube.removeprefix("protocols:").partition(",dst_ports:")
        for protocol in protocols.split(","):
            terms += [(protocol.strip(), *model.port_range(number)) for number in numbers.split(",")]
    return terms


def cyclonus(program, cluster, port, scratch, limit):
    """`cyclonus analyze --mode probe`: a table of pods by pods for one port."""
    policies = pathlib.Path(scratch) / "policies"
    policies.mkdir(parents=True)
    for number, policy in enumerate(cluster.policies):
        (policies / f"{number:05}.json").write_text(json.dumps(with_types(policy)))
    probe = pathlib.Path(scratch) / "probe.json"
    probe.write_text(json.dumps(cyclonus_model(cluster, port)))
    command = [program, "analyze", "--mode", "probe", "--policy-path", str(policies), "--probe-path", str(probe)]
    text, seconds = timed(command, limit)
    return cyclonus_table(text), seconds


def with_types(policy):
    """The policy with the policyTypes that the API server writes where there are none (cyclonus asks for them)."""
    spec = policy.get("spec") or {}
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    metadata = {key: policy["metadata"].get(key, "default") for key in ("name", "namespace")}
    return {**policy, "metadata": metadata, "spec": {**spec, "policyTypes": types}}


def cyclonus_model(cluster, port):
    number, protocol = port
    pods = []
    for key, pod in cluster.pods.items():
        space, name = key.split("/")
        container = {"Name": "main", "Port": number, "Protocol": protocol, "PortName": port_name(pod, port)}
        labels = pod["metadata"].get("labels") or {}
        ip = next(iter(model.addresses(pod)), "")
        pods.append({"Namespace": space, "Name": name, "Labels": labels, "IP": ip, "Containers": [container]})
    return {
        "Resources": {"Namespaces": cluster.namespaces, "Pods": pods},
        "Probes": [{"Port": number, "Protocol": protocol}],
    }


def port_name(pod, port):
    """What the pod calls a port of its containers, or a name that no policy has."""
    for container in pod["spec"].get("containers", []):
        for entry in container.get("ports") or []:
            if (entry["containerPort"], entry.get("protocol", "TCP")) == port:
                return entry.get("name", "unnamed")
    return "unnamed"


def cyclonus_table(text):
    """(source, destination) to whether it is allowed, of the first combined table."""
    lines = text[text.index("Combined:"):].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    head = next(index for index, row in enumerate(rows) if row[0] == "")
    following = [index for index, row in enumerate(rows) if row[0] == "" and index > head]
    body = rows[head + 1: following[0] if following else None]
    names = [row[0] for row in body]
    return {(row[0], to): cell == "." for row in body for to, cell in zip(names, row[1:]) if cell in ".X"}
