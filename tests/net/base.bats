#!/usr/bin/env bats
load ../helper
load net
setup_file() { internet_up chain other fix lan; }
teardown_file() { internet_down; }
setup() { internet_vars; }
@test "x" {
	on chain ip addr
	on chain dig +dnssec mx dane.example
	on chain dig +dnssec tlsa _25._tcp.mx.dane.example
	on chain dig +dnssec mx insecure.example
	on chain dig mx bogus.example
	on chain dig tlsa _25._tcp.mx.danelost.example
	on chain dig -x 192.0.2.10
	ls -la $NET $NET/chain $NET/chain/etc
	cat $NET/chain/log/current $NET/odd/*/log
	false
}
