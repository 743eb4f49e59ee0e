#!/usr/bin/env bats
# Which of a machine's addresses are published and certified: in a network name
# space of its own, with one of each kind.
# release only

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	need_root
	need unshare ip openssl sysctl
	unshare --net true 2>/dev/null || skip 'no name spaces may be made here'
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	cd "$BATS_TEST_TMPDIR" || return
}

# machine SCRIPT: run it on a machine with these addresses.
machine() {
	unshare --net bash -euc '
		ip link set lo up
		ip link add wire type veth peer name far
		ip link set wire up
		ip link set far up
		has() { ip addr add "$@" dev wire; }
		has 192.0.2.7/24
		has 10.1.2.3/8
		has 172.20.0.1/16
		has 192.168.3.4/24
		has 100.64.9.9/32
		has 169.254.7.7/16 scope link
		has 2001:db8::25/64 nodad
		has 2001:db8::bad/64 nodad valid_lft 1000 preferred_lft 0 # deprecated
		has fd00::25/64 nodad
		has fe80::25/64 nodad
		# Taken for some hours, from an announced prefix (RFC 8981).
		sysctl -qw net.ipv6.conf.wire.use_tempaddr=2
		has 2001:db8:7:0:1122:33ff:fe44:5566/64 nodad mngtmpaddr valid_lft 5000 preferred_lft 4000
		ip -o addr show dev wire temporary | grep -q 2001:db8:7
		'"$1"
}

@test "published are the addresses that last and that the Internet can reach" {
	run machine 'chainmail-records example.org'
	echo "$output"
	[ "$status" = 0 ]
	[ "$(awk '$3 == "A" || $3 == "AAAA" { print $4 }' <<<"$output" | sort)" = \
		"$(printf '%s\n' 192.0.2.7 2001:db8:7:0:1122:33ff:fe44:5566 2001:db8::25 | sort)" ]
	has '"v=spf1 mx ip4:192.0.2.7 ip6:2001:db8' "$output"
	[ "$(grep -c '^; PTR of ' <<<"$output")" = 3 ]
}

@test "a machine behind a router is told what to publish" {
	run unshare --net sh -c 'ip link set lo up && ip addr add 10.0.0.7/24 dev lo && exec chainmail-records example.org'
	[ "$status" = 0 ]
	has '"v=spf1 mx ~all"' "$output"
	has 'no public address' "$output"
	lacks ' IN A ' "$output"
	lacks 10.0.0.7 "$output"
}

# certified ADDRESS
certified() {
	openssl x509 -in "$CHAINMAIL_ETC/tls/default/cert.pem" -noout -checkip "$1" | grep -q 'does match'
}

@test "certified are all that last, those of the LAN too" {
	machine 'chainmail-certificate -r'
	for address in 127.0.0.1 ::1 192.0.2.7 10.1.2.3 172.20.0.1 192.168.3.4 100.64.9.9 \
		2001:db8::25 fd00::25 2001:db8:7:0:1122:33ff:fe44:5566; do
		certified "$address" || { echo "$address"; false; }
	done
	for address in 169.254.7.7 fe80::25 2001:db8::bad; do
		run ! certified "$address"
	done
	[ "$(openssl x509 -in "$CHAINMAIL_ETC/tls/default/cert.pem" -noout -ext subjectAltName |
		grep -o 'IP Address' | wc -l)" = 10 ]
}

@test "a new address renews the certificate once, one that has gone does not" {
	run machine '
		chainmail-certificate -r
		ip addr add 192.0.2.8/24 dev wire
		ip addr add 2001:db8::26/64 nodad dev wire
		chainmail-certificate -r
		chainmail-certificate -r
		ip addr del 192.0.2.8/24 dev wire
		chainmail-certificate -r'
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -c 'result=renewed' <<<"$output")" = 1 ]
	has 'reason="192.0.2.8 is new"' "$output"
	certified 192.0.2.8
	certified 2001:db8::26
}
