#!/usr/bin/env bats
# The mailbox under everybody's hands at once.

@test "eight IMAP sessions, POP3 and deliveries at once agree with the model" {
	bin=${BUILD:-$BATS_TEST_DIRNAME/../../build/release}/bin
	run /usr/bin/python3 "$BATS_TEST_DIRNAME/stress.py" "$bin" "${STRESS_SECONDS:-45}" "${STRESS_SEED:-1}" 8
	echo "$output"
	[ "$status" -eq 0 ]
}
