"""What is compared: a cluster as its manifests say, and answers over pairs of ends."""

import ipaddress
import json
import pathlib

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PROTOCOLS = ("TCP", "UDP", "SCTP")
EVERYTHING = frozenset([(protocol, 1, 65535) for protocol in PROTOCOLS] + [("other", 0, 0)])


def objects(folder):
    """Every object of the manifests of a folder, lists opened up."""
    for path in sorted(pathlib.Path(folder).rglob("*.yaml")):
        for document in yaml.load_all(path.read_text(), Loader=LOADER):
            if document:
                yield from document["items"] if document["kind"] == "List" else [document]


def name(thing):
    """`namespace/name`."""
    metadata = thing["metadata"]
    return f"{metadata.get('namespace', 'default')}/{metadata['name']}"


class Cluster:
    """The objects that the comparison needs."""

    def __init__(self, folder):
        self.folder = str(folder)
        everything = list(objects(folder))
        of_kind = lambda kind: [thing for thing in everything if thing["kind"] == kind]
        # A pod of the host network is its node's address, for sekisho; as such it is compared.
        self.pods = {name(pod): pod for pod in of_kind("Pod") if not pod["spec"].get("hostNetwork")}
        self.running = {key for key, pod in self.pods.items() if not is_finished(pod)}
        self.policies = of_kind("NetworkPolicy")
        namespaces = {thing["metadata"]["name"]: thing["metadata"].get("labels") or {} for thing in of_kind("Namespace")}
        for pod in self.pods:
            namespaces.setdefault(pod.split("/")[0], {})
        self.namespaces = {key: {**labels, "kubernetes.io/metadata.name": key} for key, labels in namespaces.items()}
        self.addresses = {str(ipaddress.ip_address(ip)) for pod in self.pods.values() for ip in addresses(pod)}


def is_finished(pod):
    """Whether nothing of the pod runs any longer."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def addresses(pod):
    """The addresses of a pod, as its status tells them."""
    status = pod.get("status") or {}
    listed = [entry["ip"] for entry in status.get("podIPs") or []]
    return listed or ([status["podIP"]] if "podIP" in status else [])


def ports(terms):
    """Ranges of ports, merged, so that equal sets are equal: from (protocol, first, last)."""
    merged = []
    for protocol, first, last in sorted(terms):
        if merged and merged[-1][0] == protocol and first <= merged[-1][2] + 1:
            merged[-1] = (protocol, merged[-1][1], max(last, merged[-1][2]))
        else:
            merged.append((protocol, first, last))
    return frozenset(merged)


def port_range(text):
    """(first, last) of `80` or `80-90`; every port of the empty text."""
    first, _, last = (text or "1-65535").partition("-")
    return int(first), int(last or first)


class Answer:
    """Who may reach whom: a list of (ends, ends, ports); an end is a pod's name or a range of addresses."""

    def __init__(self):
        self.rows = []

    def add(self, sources, destinations, terms):
        self.rows.append((sources, destinations, ports(terms)))

    def points(self):
        """The first and the last address of every range: no two answers differ only between them."""
        ranges = (end for row in self.rows for ends in row[:2] for end in ends if not isinstance(end, str))
        return {str(address) for pair in ranges for address in pair}

    def table(self, cluster, points):
        """The ports of every pair that has some."""
        inside = set(cluster.pods)
        outside = [(point, ipaddress.ip_address(point)) for point in points]
        table = {}
        for sources, destinations, terms in self.rows:
            ends = [expand(side, inside, outside) for side in (sources, destinations)]
            for source in ends[0]:
                for destination in ends[1]:
                    if source != destination and ("/" in source or "/" in destination):
                        table[source, destination] = ports(table.get((source, destination), frozenset()) | terms)
        return table


def expand(side, inside, outside):
    """The names and the sample addresses that ends stand for."""
    found = {end for end in side if isinstance(end, str) and end in inside}
    for first, last in (end for end in side if not isinstance(end, str)):
        found |= {point for point, address in outside if address.version == first.version and first <= address <= last}
    return found


def sekisho(text, cluster):
    """The answer of `sekisho reach -o json`."""
    answer = Answer()
    owners = {}
    for pod in sorted(cluster.running):
        owners.setdefault(workload(cluster.pods[pod]), []).append(pod)
    for row in json.loads(text)["connections"]:
        terms = EVERYTHING if row["ports"] == ["all"] else [term(text) for text in row["ports"]]
        answer.add(ends(row["from"], cluster, owners), ends(row["to"], cluster, owners), terms)
    return answer


def term(text):
    protocol, _, port = text.partition("/")
    return (protocol, *port_range(port))


def workload(pod):
    """The workload that a pod belongs to: the Deployment of its ReplicaSet, or itself."""
    owner = next(iter(pod["metadata"].get("ownerReferences") or []), None)
    if owner is None:
        return name(pod)
    return f"{pod['metadata']['namespace']}/{owner['name'].rpartition('-')[0]}"


def ends(parts, cluster, owners):
    """The pods and ranges of an end as the JSON writes it."""
    found = []
    for part in parts:
        if "cidrs" in part:
            networks = [ipaddress.ip_network(cidr) for cidr in part["cidrs"]]
            found += [(network[0], network[-1]) for network in networks]
        elif "workload" in part:
            space = part["workload"].split("/")[0]
            named = [f"{space}/{pod}" for pod in part.get("pods", [])]
            found += named or owners.get(part["workload"], [])
        else:
            space = part.get("namespace")
            but = set(ends(part.get("except", []), cluster, owners))
            found += [pod for pod in cluster.running if (space is None or pod.split("/")[0] == space) and pod not in but]
    return found
