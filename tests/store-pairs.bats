#!/usr/bin/env bats
# Two sessions at one mailbox (RFC 2180).

load helper

@test "each command after each action of another session answers what is there" {
	need python3
	run python3 "$TOP/tests/store_model.py" "$BUILD/bin" pairs
	echo "$output"
	[ "$status" -eq 0 ]
}
