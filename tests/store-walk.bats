#!/usr/bin/env bats
# Eight sessions, POP3, deliveries and a program without locks, one command at a
# time; the same walk for the same seed.

load helper

# walk KIND STEPS SEED...
walk() {
	need python3
	local seed kind=$1 steps=$2
	shift 2
	for seed; do
		run python3 "$TOP/tests/store_model.py" "$BUILD/bin" "$kind" "$seed" "$steps"
		echo "$output"
		[ "$status" -eq 0 ]
	done
}

@test "random commands answer what is there, in eight sessions" { walk random 500 1 2 3 4 5; }
@test "random commands answer what is there, in other orders" { walk random 500 6 7 8 9 10; }

# STORE_HARM_STEPS: more of them.
@test "with damaged indexes no answer is wrong" { walk harm "${STORE_HARM_STEPS:-120}" 1 2 3; }
