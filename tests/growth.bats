#!/usr/bin/env bats
# Whatever comes, what a parser costs grows as its input does.
# release only

load helper

# growth PROGRAM: each parser of it over each input in two sizes; prints those
# that take more than 2.2 times the instructions for twice the bytes, or more
# than 4000 of them a byte.
growth() {
	sanitized && skip "the sanitizers count too"
	need valgrind
	local out=$BATS_TEST_TMPDIR/out
	valgrind --tool=callgrind --collect-atstart=no \
		--toggle-collect=growth_run --dump-after=growth_run \
		--callgrind-out-file="$out" --quiet \
		"$1" >"$BATS_TEST_TMPDIR/names" 2>"$BATS_TEST_TMPDIR/said" ||
		{ cat "$BATS_TEST_TMPDIR/said" && return 1; }
	# A file for each run, numbered; the last, without a number, is the rest.
	find "$BATS_TEST_TMPDIR" -name 'out.*' | sort -t. -k2 -V |
		xargs awk '/^totals:/ { print $2 }' >"$BATS_TEST_TMPDIR/costs"
	awk '
	NR == FNR { cost[NR] = $1; next }
	{
		small = cost[2 * FNR - 1]; large = cost[2 * FNR]
		if (large == "" || small == 0)
			print $0 ": not counted"
		else if (large > 2.2 * small + 50000 || large > 4000 * 16384)
			printf "%s: %d, then %d\n", $0, small, large
	}' "$BATS_TEST_TMPDIR"/{costs,names}
}

@test "twice the input costs every parser of lib/mail twice as much" {
	run growth "$HELPERS/growth"
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "no parser of lib/mail is left out of that" {
	for header in "$TOP"/lib/mail/*.h; do
		name=${header##*/}
		grep -q "{ \"${name%.h}[\",]" "$TOP/tests/helper/growth.c" ||
			[[ $name == *_inside.h ]] ||
			{ echo "$name has no line in tests/helper/growth.c" && false; }
	done
}

@test "twice the message costs the conversion of send twice as much" {
	run growth "$HELPERS/send/growth"
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "twice the members of a list cost queue-run twice as much" {
	run growth "$HELPERS/queue-run/growth"
	echo "$output"
	[ "$status" = 0 ]
	[ -z "$output" ]
}
