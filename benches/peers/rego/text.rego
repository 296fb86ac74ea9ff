# What the text of a policy gives away, for a program that knows nothing but the text; sekisho runs it as well.
package main

import rego.v1

ingress contains rule if {
	input.kind == "NetworkPolicy"
	some rule in object.get(input.spec, "ingress", [])
}

from(rule) := object.get(rule, "from", [])

ports(rule) := object.get(rule, "ports", [])

deny contains msg if {
	some rule in ingress
	count(from(rule)) == 0
	count(ports(rule)) == 0
	msg := "an empty ingress rule lets everybody in"
}

deny contains msg if {
	some rule in ingress
	some peer in from(rule)
	object.get(peer, "namespaceSelector", {}) != {}
	object.get(peer, "podSelector", {}) == {}
	msg := sprintf("a whole namespace gets through: %v", [peer.namespaceSelector])
}

deny contains msg if {
	some rule in ingress
	some peer in from(rule)
	peer.namespaceSelector == {}
	msg := "pods of every namespace get through"
}

deny contains msg if {
	some rule in ingress
	some peer in from(rule)
	endswith(peer.ipBlock.cidr, "/0")
	msg := sprintf("%v is the whole internet", [peer.ipBlock.cidr])
}

deny contains msg if {
	some rule in ingress
	count(from(rule)) > 0
	count(ports(rule)) == 0
	msg := "a rule without ports is about all of them"
}

deny contains msg if {
	some rule in ingress
	some entry in ports(rule)
	not entry.port
	msg := "an entry without a number is every port of its protocol"
}

deny contains msg if {
	some rule in ingress
	some peer in from(rule)
	some range in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
	peer.ipBlock
	net.cidr_contains(peer.ipBlock.cidr, range)
	msg := sprintf("%v has the whole private range %v", [peer.ipBlock.cidr, range])
}

deny contains msg if {
	input.kind == "NetworkPolicy"
	name := input.spec.podSelector.matchLabels["app.kubernetes.io/name"]
	not startswith(input.metadata.name, name)
	msg := sprintf("%v is the policy of %v, and not called so", [input.metadata.name, name])
}
