#!/usr/bin/env bats
# Clients that leave in every way, against a whole running server.
load server
setup_file() { server_start; }
teardown_file() { server_stop; }

@test "whatever way a client leaves, nobody stays and nobody is busy" {
	server_vars
	run /usr/bin/python3 "$BATS_TEST_DIRNAME/soak.py" "$BATS_FILE_TMPDIR/server.json"
	echo "$output"
	[ "$status" -eq 0 ]
}
