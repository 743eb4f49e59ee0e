#!/usr/bin/env bats
# Which host a domain's mail goes to, and in what time: RFC 5321 5.1.
# shellcheck disable=SC2030,SC2031
# release only

bats_require_minimum_version 1.5.0
load ../helper
load net

setup_file() { internet_up chain; }
teardown_file() { internet_down; }
teardown() { internet_tell; }
setup() { internet_vars; }

@test "dead hosts and refused connections are passed over in seconds" {
	message | post chain "$THIS@pref.example"
	await 25 arrived good
	run ! arrived picky
}

@test "a domain with only dead hosts waits" {
	message | post chain "$THIS@shut.example"
	await 20 waits chain "$THIS@shut.example"
}

@test "the null MX takes no mail, and the sender is told at once" {
	message | post chain "$THIS@null.example"
	await 10 mailed chain ann@chain.example
	grep -q '5\.1\.10' "$(mail_files chain ann@chain.example)"
	run ! waits chain "$THIS@null.example"
}

@test "a domain that does not exist is reported at once" {
	message | post chain "$THIS@gone.example"
	await 10 mailed chain ann@chain.example
	grep -q '^Status: 5\.1\.2' "$(mail_files chain ann@chain.example)"
}

@test "a domain whose answers are forged waits" {
	message | post chain "$THIS@bogus.example"
	await 30 waits chain "$THIS@bogus.example"
	run ! arrived good
}

@test "a host with IPv6 alone gets its mail" {
	message | post chain "$THIS@six.example"
	await 10 arrived six
	said six "connect 2001:db8::a"
}

@test "a host with IPv4 alone gets its mail" {
	message | post chain "$THIS@four.example"
	await 10 arrived four
	said four "connect 192.0.2.10"
}

@test "a host whose IPv6 address is dead gets it by IPv4 in seconds" {
	message | post chain "$THIS@half.example"
	await 15 arrived half
}

@test "a domain without MX gets it at its address" {
	message | post chain "$THIS@nomx.example"
	await 10 arrived good
}

@test "an MX that is an alias gets its mail" {
	message | post chain "$THIS@alias.example"
	await 10 arrived good
}

@test "a domain that is an alias gets its mail" {
	message | post chain "$THIS@itself.example"
	await 10 arrived good
}

@test "address literals of both families are addresses" {
	message | post chain "$THIS@[192.0.2.100]"
	await 10 arrived good
	message | post chain "$THIS@[IPv6:2001:db8::64]"
	await 10 arrived good 2
}

@test "equal hosts share the mail" {
	local hosts
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		message | on chain send -f ann@chain.example mx:equal.example \
			"$THIS@equal.example"
	done
	hosts=$(cd "$NET/odd" && grep -lsw "$THIS" equal?/*.eml | cut -d / -f 1 |
		sort -u | wc -l)
	[ "$hosts" -gt 1 ]
}
