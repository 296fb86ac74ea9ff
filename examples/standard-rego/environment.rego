# What belongs into another environment.
package standard

import rego.v1

deny contains result if {
	some at in effective
	some peer in at.rule.peers
	some range in data.agreed.ranges
	environment := input.sekisho.environment
	not environment in range.environments
	not peer.agreed
	overlaps(peer, range)
	result := {
		"code": "standard/range-outside-environment",
		"msg": sprintf("these addresses are of `%s`, and this is `%s`", [range.name, environment]),
		"help": "delete the entry",
		"path": peer.path,
	}
}

warn contains result if {
	some at in effective
	some peer in at.rule.peers
	some range in data.agreed.nat
	not peer.agreed
	overlaps(peer, range)
	result := {
		"code": "standard/cloud-nat",
		"msg": sprintf("these addresses are of `%s`, which all who leave there share", [range.name]),
		"help": "let them come through a load balancer, or name their pods",
		"path": peer.path,
	}
}

# Of two blocks that share an address, one lies in the other.
overlaps(peer, range) if {
	some cidr in peer.matches.cidrs
	net.cidr_contains(range.cidr, cidr)
}

overlaps(peer, range) if {
	some cidr in peer.matches.cidrs
	net.cidr_contains(cidr, range.cidr)
}
