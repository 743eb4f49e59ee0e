#!/usr/bin/env bats
# chainmail-log(5) describes the log, and how to answer questions from it.
bats_require_minimum_version 1.5.0
load helper

@test "the commands of chainmail-log(5) answer their questions" {
	run -0 python3 "$TOP/tests/log.py" questions "$TOP/man/chainmail-log.5"
	[ "$output" -ge 20 ]
}

@test "each event and word that is logged is in chainmail-log(5)" {
	run -0 python3 "$TOP/tests/log.py" words "$TOP/man/chainmail-log.5" "$TOP"
}
