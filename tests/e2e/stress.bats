#!/usr/bin/env bats
# The mailbox under everybody's hands at once.

@test "two IMAP sessions, POP3 and deliveries for a minute agree with the model" {
	bin=${BUILD:-$BATS_TEST_DIRNAME/../../build/release}/bin
	run /usr/bin/python3 "$BATS_TEST_DIRNAME/stress.py" "$bin" "${STRESS_SECONDS:-60}"
	echo "$output"
	[ "$status" -eq 0 ]
}
