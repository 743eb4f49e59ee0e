#!/usr/bin/env bats
# queue-run, with a worker made for the test (worker.py).

load helper

setup() {
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	JOBS=$BATS_TEST_TMPDIR/jobs
	: >"$JOBS"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() { stop_background; }

worker() {
	background "$TOP/tests/worker.py" "$CHAINMAIL_RUN/${1:-deliver}" "$JOBS"
	await_socket "$CHAINMAIL_RUN/${1:-deliver}"
}

# put [-f sender] recipient...: the id is in $ID.
put() { ID=$(echo "Subject: test" | enqueue "$@"); }

pass() {
	run timeout 30 queue-run -1
	[ "$status" = 0 ]
}

runner() {
	background queue-run 2>log
	RUNNER=${BACKGROUND[-1]}
	await 10 grep -q event=start log
}

jobs_of() { grep -c "to=$1" "$JOBS"; }
spooled() { [ -e "$CHAINMAIL_SPOOL/new/$1" ]; }
empty() { [ -z "$(find "$CHAINMAIL_SPOOL"/{new,state} -mindepth 1)" ]; }

@test "a message that all recipients got is gone, with its state" {
	worker
	put -f ann@mail.example.org ok@mail.example.org ok2@mail.example.org
	pass
	empty
	[ "$(jobs_of ok)" = 2 ]
	grep -q "id=$ID to=ok@mail.example.org from=ann@mail.example.org" "$JOBS"
	grep -q "head=b'chainmail-spool 1 '" "$JOBS"
}

@test "a new message is handed out at once" {
	worker
	runner
	put -f ann@mail.example.org ok@mail.example.org
	await 5 empty
	grep -q "attempt=1 index=0" "$JOBS"
}

@test "a deferred recipient waits, with the others' results kept" {
	worker
	put -f ann@mail.example.org later@mail.example.org ok@mail.example.org
	pass
	spooled "$ID"
	has "event=deferred" "$output"
	grep -q "index=1 verdict=0" "$CHAINMAIL_SPOOL/state/$ID"
	grep -q "index=0 verdict=75 status=4.2.0 next=" \
		"$CHAINMAIL_SPOOL/state/$ID"
	pass
	[ "$(jobs_of ok@)" = 1 ]
	[ "$(jobs_of later@)" = 2 ]
	grep -q "to=later@mail.example.org .* attempt=3" "$JOBS"
}

@test "a resident runner keeps to the schedule, and SIGHUP overrides it" {
	worker
	put -f ann@mail.example.org later@mail.example.org
	pass
	runner
	put -f ann@mail.example.org ok@mail.example.org
	await 5 grep -q to=ok "$JOBS"
	[ "$(jobs_of later@)" = 1 ]
	kill -HUP "$RUNNER"
	await 5 test "$(wc -l <"$JOBS")" -ge 2
	jobs_now() { [ "$(jobs_of later@)" = 2 ]; }
	await 5 jobs_now
}

@test "a failure is reported to the sender, once" {
	worker
	put -f ann@mail.example.org no@mail.example.org ok@mail.example.org
	pass
	empty
	[ "$(jobs_of ann@)" = 1 ]
	grep -q "to=ann@mail.example.org from= " "$JOBS"
	has "kind=failed verdict=0" "$output"
}

@test "no report on a report" {
	worker
	put -f '<>' no@mail.example.org
	pass
	empty
	[ "$(wc -l <"$JOBS")" = 1 ]
	has event=dropped "$output"
}

# respool SED: change the envelope of $ID in place and make the lengths right.
respool() {
	python3 - "$CHAINMAIL_SPOOL/new/$ID" "$1" <<-'X'
	import re, sys
	path, (old, new) = sys.argv[1], sys.argv[2].split("|")
	head, text = open(path, "rb").read().split(b"\n\n", 1)
	lines = head.decode().replace(old, new).split("\n")[1:]
	rest = ("\n".join(lines) + "\n\n").encode()
	first = b"chainmail-spool 1 header=%010d size=%020d\n" % (len(rest) + 62, len(text))
	open(path, "wb").write(first + rest + text)
	X
}

@test "NOTIFY=NEVER: no report on a failure" {
	worker
	put -f ann@mail.example.org no@mail.example.org
	respool 'to=no@mail.example.org|to=no@mail.example.org notify=NEVER'
	pass
	empty
	[ "$(wc -l <"$JOBS")" = 1 ]
}

@test "NOTIFY=SUCCESS: a delivery is reported" {
	worker
	put -f ann@mail.example.org ok@mail.example.org
	respool 'to=ok@mail.example.org|to=ok@mail.example.org notify=SUCCESS'
	pass
	empty
	[ "$(jobs_of ann@)" = 1 ]
	has "kind=delivered verdict=0" "$output"
}

@test "a crash after the report does not make a second one" {
	worker
	put -f ann@mail.example.org no@mail.example.org later@mail.example.org
	pass
	[ "$(jobs_of ann@)" = 1 ]
	# As if the mark that the report is made had not been written.
	sed -i '/reported=1/d' "$CHAINMAIL_SPOOL/state/$ID"
	rm "$JOBS" # the worker keeps writing to it, unseen
	stop_background || true
	rm "$CHAINMAIL_RUN/deliver"
	worker
	derived=$(awk -F'report=' '/event=report/ { print substr($2, 1, 26) }' <<<"$output")
	pass
	has "report=$derived" "$output"
}

@test "a report made before the crash is found and delivered once" {
	worker
	put -f ann@mail.example.org no@mail.example.org hang@mail.example.org
	runner
	await 5 grep -q to=hang "$JOBS"
	kill -9 "$RUNNER"
	spooled "$ID"
	stop_background || true
	rm "$CHAINMAIL_RUN/deliver"
	sed -i 's/hang@/gone@/' "$CHAINMAIL_SPOOL/new/$ID"
	worker
	pass
	empty
	[ "$(jobs_of ann@)" = 1 ]
}

@test "mail for other hosts goes to send" {
	worker
	worker send
	put -f ann@mail.example.org x@elsewhere.example ok@mail.example.org
	pass
	empty
	grep -q to=x@elsewhere.example "$JOBS"
}

@test "without send, mail for other hosts waits and says why" {
	worker
	put -f ann@mail.example.org x@elsewhere.example
	pass
	spooled "$ID"
	has 'no program that sends to other hosts' "$output"
	run grep -c elsewhere "$JOBS"
	[ "$output" = 0 ]
}

@test "jobs of a worker that dies are done again, and say so" {
	worker
	put -f ann@mail.example.org die-once@mail.example.org
	runner
	# The scan at the start counts as a possible attempt; a new one doesn't.
	put -f ann@mail.example.org die-once@mail.example.org
	await 10 empty
	grep -q "id=$ID .* attempt=1" "$JOBS"
	grep -q "id=$ID .* attempt=2" "$JOBS"
}

@test "a message that kills workers is deferred, not tried for ever" {
	worker
	put -f ann@mail.example.org die@mail.example.org
	put -f ann@mail.example.org ok@mail.example.org
	pass
	has "ended unexpectedly" "$output"
	[ "$(jobs_of die)" -le 3 ]
	[ "$(jobs_of ok)" = 1 ]
}

@test "a second runner gives up and leaves the mail to the first" {
	worker
	runner
	run timeout 20 queue-run
	[ "$status" = 75 ]
	has "another queue-run" "$output"
}

@test "what is no whole spool file goes to bad and stops nobody" {
	worker
	put -f ann@mail.example.org ok@mail.example.org
	cut=01K00000000000000000000000
	head -c 100 "$CHAINMAIL_SPOOL/new/$ID" >"$CHAINMAIL_SPOOL/new/$cut"
	chmod 640 "$CHAINMAIL_SPOOL/new/$cut"
	ln -s /etc/passwd "$CHAINMAIL_SPOOL/new/01K00000000000000000000001"
	mkfifo "$CHAINMAIL_SPOOL/new/01K00000000000000000000002"
	echo x >"$CHAINMAIL_SPOOL/new/README"
	pass
	empty
	[ "$(grep -c event=bad <<<"$output")" = 4 ]
	[ -f "$CHAINMAIL_SPOOL/bad/$cut" ]
	[ "$(jobs_of ok)" = 1 ]
}

@test "unfinished files go after 36 hours, not before" {
	worker
	touch -d '40 hours ago' "$CHAINMAIL_SPOOL/tmp/old"
	touch -d '1 hour ago' "$CHAINMAIL_SPOOL/tmp/young"
	pass
	[ ! -e "$CHAINMAIL_SPOOL/tmp/old" ]
	[ -e "$CHAINMAIL_SPOOL/tmp/young" ]
}

@test "a state file without its message is removed" {
	worker
	echo 'chainmail-state 1' >"$CHAINMAIL_SPOOL/state/01K00000000000000000000000"
	pass
	empty
}

@test "a thousand recipients do not hold up another message" {
	worker
	put -f ann@mail.example.org $(seq -f 'r%g@mail.example.org' 1000)
	put -f ann@mail.example.org small@mail.example.org
	pass
	empty
	[ "$(wc -l <"$JOBS")" = 1001 ]
	[ "$(grep -n to=small "$JOBS" | cut -d: -f1)" -lt 200 ]
}

@test "no fresh mail is sent back when the clock has jumped" {
	worker
	old=01K00000000000000000000000 # a year ago
	put -i $old -f ann@mail.example.org later@mail.example.org
	pass
	[ "$(jobs_of ann@)" = 0 ]
	for _ in 2 3 4; do pass; done
	[ "$(jobs_of ann@)" = 0 ]
	pass
	[ "$(jobs_of ann@)" = 1 ]
	empty
}

@test "SIGTERM ends it while a job is out, and the answers are kept" {
	worker
	put -f ann@mail.example.org ok@mail.example.org hang@mail.example.org
	runner
	await 5 grep -q to=hang "$JOBS"
	kill "$RUNNER"
	await 15 bash -c "! kill -0 $RUNNER 2>/dev/null"
	spooled "$ID"
	grep -q "index=0 verdict=0" "$CHAINMAIL_SPOOL/state/$ID"
	! grep -q "index=1" "$CHAINMAIL_SPOOL/state/$ID"
}

@test "a report that can't be made for want of processes is made later" {
	need strace
	sanitized && skip "strace and sanitizers"
	worker
	put -f ann@mail.example.org no@mail.example.org
	put -f ann@mail.example.org no@mail.example.org
	# The helper is the first of queue-run's children, bounce the first of
	# the helper's; its second there is no process for.
	run timeout 30 strace -f -o /dev/null -e trace=clone,clone3,fork,vfork \
		-e inject=clone,clone3,fork,vfork:error=EAGAIN:when=2 queue-run -1
	[ "$(grep -c 'kind=failed verdict=0' <<<"$output")" = 1 ]
	[ "$(grep -c 'kind=failed verdict=75' <<<"$output")" = 1 ]
	pass
	empty
	[ "$(jobs_of ann@)" = 2 ]
}

@test "a time to wait that the clock can't have given is over" {
	worker
	put -f ann@mail.example.org later@mail.example.org
	pass
	sed -i 's/next=[0-9]*/next=4000000000/' "$CHAINMAIL_SPOOL/state/$ID"
	: >"$JOBS"
	runner
	await 5 grep -q "event=deferred id=$ID" log
}

@test "without any worker one pass ends with 75" {
	ln -s "$BUILD/bin/queue-run" "$BUILD/bin/bounce" .
	cp "$BUILD/bin/queue-run" runner-alone
	put -f ann@mail.example.org ok@mail.example.org
	run timeout 20 ./runner-alone -1
	[ "$status" = 75 ]
	spooled "$ID"
}

@test "a user database that points out of the configuration is not read" {
	private_users "$(printf 'example.org domain\nok@example.org mailbox')"
	worker
	runner
	put -f ann@mail.example.org ok@example.org
	await 5 grep -q "id=$ID" "$JOBS"
	cp "$CHAINMAIL_ETC/users.cdb" "$BATS_TEST_TMPDIR/outside.cdb"
	ln -sf "$BATS_TEST_TMPDIR/outside.cdb" "$CHAINMAIL_ETC/users.cdb"
	put -f ann@mail.example.org ok@example.org
	await 5 grep -q "id=$ID .*user database" log || { cat log "$JOBS"; false; }
	spooled "$ID"
}

@test "system calls are filtered in queue-run and its helper" {
	worker
	runner
	for pid in "$RUNNER" $(pgrep -P "$RUNNER"); do
		grep -q '^Seccomp:.*2$' "/proc/$pid/status"
		grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
	done
}
