#!/usr/bin/env bats
# No command burns a core for ever, and a long session is no such command.
# shellcheck disable=SC2030,SC2031
# release only

load helper

setup() {
	private_dirs
	M=$BATS_TEST_TMPDIR/Maildir
	printf 'cpu-time 1\nidle-commands 100000000\n' >"$CHAINMAIL_ETC/limits"
	echo mx.example.org >"$CHAINMAIL_ETC/me"
}
teardown() { stop_background; }

# lines COUNT LINE: print the line this many times.
lines() { yes "$2" | head -n "$1" | crlf; }

# lasts PROGRAM FIRST COUNT LINE LAST: it takes rounds of so many lines until it has used
# three times what one command may, and then its last command; its output is in out.
lasts() {
	local pid rounds=0
	mkfifo "$BATS_TEST_TMPDIR/lines"
	# shellcheck disable=SC2086
	$1 <"$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	pid=$!
	BACKGROUND+=("$pid")
	exec 7>"$BATS_TEST_TMPDIR/lines"
	lines 1 "$2" >&7
	until awk '{ exit !($14 + $15 > 300) }' "/proc/$pid/stat"; do
		lines "$3" "$4" >&7
		((++rounds < 500)) && kill -0 "$pid"
	done
	grep -Eq '^Max cpu time +[1-9][0-9]* ' "/proc/$pid/limits"
	lines 1 "$5" >&7
	exec 7>&-
	wait "$pid"
	BACKGROUND=()
	rm "$BATS_TEST_TMPDIR/lines"
}

@test "imapd: a search without end ends, many searches don't" {
	printf 'a LOGOUT\r\n' | imapd "$M" >/dev/null 2>&1
	{
		printf 'Content-Transfer-Encoding: base64\n\n'
		head -c 9000000 /dev/zero | base64
	} >"$M/new/1.x.h"
	{
		echo 's SELECT INBOX'
		printf 'a SEARCH'
		for _ in {1..490}; do printf ' NOT BODY y'; done
		echo
		echo 'b NOOP'
	} | crlf >"$BATS_TEST_TMPDIR/in"
	run bash -c 'imapd "$1" <"$2" 2>/dev/null' _ "$M" "$BATS_TEST_TMPDIR/in"
	[ "$status" = $((128 + $(kill -l XCPU))) ]
	[[ $output != *'b OK'* ]]
	# More work than that, but not in one command.
	lasts "imapd $M" 's SELECT INBOX' 20 'a SEARCH NOT BODY y NOT BODY z' 'b LOGOUT'
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/out") == 'b OK'* ]]
}

@test "smtpd and pop3d: a session of many commands lasts" {
	printf 'a LOGOUT\r\n' | imapd "$M" >/dev/null 2>&1
	for program in smtpd "pop3d $M"; do
		lasts "$program" NOOP 50000 NOOP QUIT
		[[ $(tail -n 1 "$BATS_TEST_TMPDIR/out") == 221* || $(tail -n 1 "$BATS_TEST_TMPDIR/out") == +OK* ]]
	done
}

@test "send: each job has its limit" {
	need python3 strace
	sanitized && skip "strace and sanitizers"
	echo none >"$CHAINMAIL_ETC/dns"
	echo '* error:5.1.2 no' >"$CHAINMAIL_ETC/routes"
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec strace -f -o %s -e trace=prlimit64 %s "$@"\n' \
		"$BATS_TEST_TMPDIR/trace" "$BUILD/bin/send" >"$BATS_TEST_TMPDIR/bin/send"
	chmod 755 "$BATS_TEST_TMPDIR/bin/send"
	printf 'Subject: x\n\nx\n' |
		PATH=$BATS_TEST_TMPDIR/bin:$PATH "$TOP/tests/send-jobs.py" bob@example.org
	grep -q 'prlimit64(0, RLIMIT_CPU, {rlim_cur=2, ' "$BATS_TEST_TMPDIR/trace"
}
