#!/usr/bin/env bats
# Hostile input against a whole running server.
load server
setup_file() { server_start; }
teardown_file() { server_stop; }

@test "hostile input comes out right on every port" {
	server_vars
	run /usr/bin/python3 "$BATS_TEST_DIRNAME/attacks.py" "$BATS_FILE_TMPDIR/server.json"
	echo "$output" | grep -v '^ok '
	[ "$status" -eq 0 ]
}
