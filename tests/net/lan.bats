#!/usr/bin/env bats
# A network without DNS, and one whose DNS server is dead: mail goes by routes,
# addresses and the hosts file, and nothing waits for a time-out.
# shellcheck disable=SC2030,SC2031
# release only

bats_require_minimum_version 1.5.0
load ../helper
load net

setup_file() { internet_up lan dark; }
teardown_file() { internet_down; }
teardown() { internet_tell; }
setup() { internet_vars; export FROM=ann@lan.home; }

@test "a route by address needs no DNS" {
	message | post lan "$THIS@factory.lan"
	await 5 arrived good
}

@test "a route by a name of the hosts file needs no DNS" {
	message | post lan "$THIS@named.lan"
	await 5 arrived good
}

@test "a route of a suffix needs no DNS" {
	message | post lan "$THIS@deep.below.lan"
	await 5 arrived good
}

@test "a domain that is in the hosts file needs no DNS" {
	message | post lan "$THIS@press.lan"
	await 5 arrived good
}

@test "user@[address] needs no DNS" {
	message | post lan "$THIS@[192.0.2.100]" "$THIS@[IPv6:2001:db8::64]"
	await 5 arrived good 2
}

@test "a domain that nothing names is reported at once" {
	message | post lan "$THIS@unknown.example"
	await 5 mailed lan ann@lan.home
}

@test "mail of this machine to itself needs no DNS" {
	message | post lan ann@lan.home
	await 5 mailed lan ann@lan.home
}

@test "mail by SMTP from a neighbour is taken at once" {
	need swaks
	on odd swaks --silent 2 --server 192.0.2.40 --from "x@good.example" \
		--to ann@lan.home --header "Subject: $THIS"
	await 5 mailed lan ann@lan.home
}

@test "with a dead DNS server, routes, addresses and hosts don't wait" {
	local to
	for to in factory.lan named.lan press.lan '[192.0.2.100]'; do
		message | FROM=ann@dark.home post dark "$THIS@$to"
	done
	await 5 arrived good 4
}

@test "with a dead DNS server, mail is taken without waiting" {
	need swaks
	on odd swaks --silent 2 --server 192.0.2.41 --from "x@good.example" \
		--to ann@dark.home --header "Subject: $THIS"
	await 5 mailed dark ann@dark.home
}

@test "with a dead DNS server, mail that needs it waits, and holds up no other" {
	message | FROM=ann@dark.home post dark "$THIS@good.example"
	message | FROM=ann@dark.home post dark "$THIS@factory.lan"
	await 5 arrived good
	await 40 waits dark "$THIS@good.example"
}
