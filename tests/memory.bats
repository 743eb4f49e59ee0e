#!/usr/bin/env bats
# What a whole server keeps in memory when it has been used and waits.
# release only

load helper

setup() { need s6-svscan openssl curl; }
teardown() {
	[ -z "${SERVER-}" ] || "$TOP/tests/serve" stop "$SERVER"
	[ -n "${BATS_TEST_COMPLETED-}" ] || cat "$BATS_TEST_TMPDIR/told" 2>/dev/null
}

@test "all services together need less than 8 MB after mail in and out" {
	sanitized && skip 'the sanitizer needs much more'
	grep -qs ^Pss_Anon /proc/self/smaps_rollup || skip 'no smaps_rollup here'
	"$TOP/tests/serve" start >"$BATS_TEST_TMPDIR/server"
	SERVER=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])' \
		<"$BATS_TEST_TMPDIR/server")
	python3 "$TOP/tests/memory.py" "$BATS_TEST_TMPDIR/server" 8192 >"$BATS_TEST_TMPDIR/told"
	[ "$(awk '$2 == "total" { print $1 }' "$BATS_TEST_TMPDIR/told")" -lt 8192 ]
	# Those that end when they are idle were there.
	grep -q ' send$' "$BATS_TEST_TMPDIR/told"
	grep -q ' mta-sts$' "$BATS_TEST_TMPDIR/told"
}
