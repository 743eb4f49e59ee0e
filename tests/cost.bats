#!/usr/bin/env bats
# What one connection costs, in page faults: the same on every machine whose
# pages have 4096 bytes.
# release only

load helper

setup() {
	sanitized && skip "the sanitizers count too"
	[ "$(getconf PAGESIZE)" = 4096 ] || skip "other pages"
}

@test "a connection that only says QUIT" {
	python3 "$TOP/tests/cost.py" "connect, QUIT" 14
}

@test "a message, one a connection" {
	python3 "$TOP/tests/cost.py" "message, one a connection" 20
}

@test "an IMAP login and logout" {
	python3 "$TOP/tests/cost.py" "IMAP login, logout" 64
}
