#!/usr/bin/env bats
# queue-run, with a worker made for the test (worker.py).
# It waits for many back-offs, delays and restarts; on a slow machine that adds up.
# limit: 900

load helper

setup() {
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	JOBS=$BATS_TEST_TMPDIR/jobs
	: >"$JOBS"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	stop_background
	[ "${BATS_TEST_COMPLETED-}" = 1 ] || tail -n 20 log "$JOBS" 2>/dev/null | cut -c 1-300
}

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

# runner [SECONDS]: it runs, and started in so many.
runner() {
	background queue-run 2>log
	RUNNER=${BACKGROUND[-1]}
	await "${1:-10}" grep -q event=start log
}

jobs_of() { grep -c "to=$1" "$JOBS"; }
spooled() { [ -e "$CHAINMAIL_SPOOL/new/$1" ]; }
empty() { [ -z "$(find "$CHAINMAIL_SPOOL"/{new,state} -mindepth 1)" ]; }

@test "a message delivered to all recipients is removed, with its state" {
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
	sed -i '/^reported /d' "$CHAINMAIL_SPOOL/state/$ID"
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

@test "without send, mail for other hosts waits, with the reason" {
	worker
	ln -s "$BUILD/bin/bounce" .
	cp "$BUILD/bin/queue-run" .
	put -f ann@mail.example.org x@elsewhere.example
	run timeout 30 ./queue-run -1
	[ "$status" = 0 ]
	spooled "$ID"
	has 'no program that sends to other hosts' "$output"
	run grep -c elsewhere "$JOBS"
	[ "$output" = 0 ]
}

@test "while send is started anew, mail for other hosts waits seconds, not minutes" {
	worker
	worker send
	sender=${BACKGROUND[-1]}
	runner
	put -f ann@mail.example.org one@elsewhere.example
	await 5 empty
	kill -9 "$sender"
	rm "$CHAINMAIL_RUN/send"
	put -f ann@mail.example.org two@elsewhere.example
	# A message for here that came later was taken, so the other was too.
	put -f ann@mail.example.org here@mail.example.org
	await 5 grep -q to=here@ "$JOBS"
	[ "$(grep -c event=deferred log)" = 0 ]
	worker send
	await 5 grep -q to=two@elsewhere.example "$JOBS"
	await 5 empty
}

empty_after_retry() {
	control retry all=1 >/dev/null
	empty
}

@test "when send does not come back, the waiting mail has the reason" {
	worker
	worker send
	sender=${BACKGROUND[-1]}
	runner
	put -f ann@mail.example.org one@elsewhere.example
	await 5 empty
	kill -9 "$sender"
	rm "$CHAINMAIL_RUN/send"
	put -f ann@mail.example.org {a,b}@elsewhere.example c@other.example here@mail.example.org
	await 20 grep -q 'to=c@other.example .*"no program that sends' log
	grep -q 'to=a@elsewhere.example .*status=4.4.4' log
	grep -q 'to=b@elsewhere.example .*status=4.4.4' log
	spooled "$ID"
	worker send
	await 60 empty_after_retry
}

@test "send may start after queue-run, and mail does not wait for minutes" {
	worker
	runner
	put -f ann@mail.example.org one@elsewhere.example
	put -f ann@mail.example.org here@mail.example.org
	await 5 grep -q to=here@ "$JOBS"
	worker send
	await 5 grep -q to=one@elsewhere.example "$JOBS"
	await 5 empty
	[ "$(grep -c event=deferred log)" = 0 ]
}

@test "a worker that sends is let go when it is idle, and had again when it is needed" {
	worker
	worker send
	sender=${BACKGROUND[-1]}
	runner
	put -f ann@mail.example.org one@elsewhere.example
	await 5 empty
	await 30 test -s "$JOBS.ends"
	[ "$(wc -l <"$JOBS.ends")" = 1 ]
	put -f ann@mail.example.org two@elsewhere.example
	await 5 empty
	let_go() { [ "$(wc -l <"$JOBS.ends")" = 2 ]; }
	await 30 let_go
	# It is restarted while there is no connection to it.
	kill -9 "$sender"
	rm "$CHAINMAIL_RUN/send"
	put -f ann@mail.example.org three@elsewhere.example
	put -f ann@mail.example.org here@mail.example.org
	await 5 grep -q to=here@ "$JOBS"
	worker send
	await 5 grep -q to=three@elsewhere.example "$JOBS"
	await 5 empty
	[ "$(grep -c event=deferred log)" = 0 ]
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

@test "a transaction that kills workers holds up no other mail of its destination" {
	worker send
	# All wait for the destination's only place when it starts; nothing comes later.
	put -f ann@mail.example.org die@one.example $(seq -f 'r%g@one.example' 250)
	put -f ann@mail.example.org ok1@one.example ok1@two.example
	runner
	has_got() { grep -q "to=$1 .*" "$JOBS"; }
	await 20 has_got ok1@one.example
	await 20 has_got r250@one.example
	await 20 grep -q 'event=deferred .*to=die@one.example .*ended unexpectedly' log
	# The others of the message, and the other message, are done.
	noted() { [ "$(grep -c ' verdict=0 ' "$CHAINMAIL_SPOOL"/state/*)" -ge 151 ]; }
	await 20 noted
	only_that() { [ "$(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = 1 ]; }
	await 20 only_that
}

@test "a message that shares a worker with one that kills it is delivered" {
	echo "deliver-workers 1" >"$CHAINMAIL_ETC/limits"
	worker
	put -f ann@mail.example.org die-late@mail.example.org ok1@mail.example.org
	put -f ann@mail.example.org ok2@mail.example.org
	put -f ann@mail.example.org ok3@mail.example.org
	pass
	cat <<<"$output" "$JOBS" # where it fails
	[ "$(grep -c event=deferred <<<"$output")" = 1 ]
	has "to=die-late@mail.example.org" "$(grep event=deferred <<<"$output")"
	[ "$(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = 1 ]
	[ "$(grep -c ' verdict=0 ' "$CHAINMAIL_SPOOL"/state/*)" = 1 ]
	[ "$(jobs_of die-late)" -le 3 ]
}

@test "a transaction that kills its worker late costs those behind it nothing" {
	worker send
	put -f ann@mail.example.org die-late@one.example $(seq -f 'r%g@one.example' 250)
	put -f ann@mail.example.org ok1@one.example
	runner
	await 20 grep -q 'event=deferred .*to=die-late@one.example .*ended unexpectedly' log
	others_done() { [ "$(grep -c ' verdict=0 ' "$CHAINMAIL_SPOOL/state/"*)" = 151 ]; }
	await 20 others_done
	[ "$(grep -c event=deferred log)" = 100 ]
	[ "$(grep -c 'event=deferred .*to=r[12][0-9][0-9]@' log)" = 0 ]
}

@test "a worker that takes no more jobs may finish those that it has" {
	echo "deliver-workers 1" >"$CHAINMAIL_ETC/limits"
	worker
	runner
	put -f ann@mail.example.org leave@mail.example.org
	has_got() { grep -q "to=$1@" "$JOBS"; }
	await 20 has_got leave
	# It is told by the refusal; the other job is for the next worker.
	put -f ann@mail.example.org ok1@mail.example.org
	await 20 has_got ok1
	all_done() { [ "$(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = 0 ]; }
	await 20 all_done
	[ "$(jobs_of leave)" = 1 ]
	[ "$(jobs_of ok1)" = 1 ]
	[ "$(grep -c event=deferred log)" = 0 ]
}

@test "a worker whose service is restarted while it is idle is not lost" {
	worker
	runner
	put -f ann@mail.example.org ok1@mail.example.org
	await 20 empty
	kill "${BACKGROUND[0]}"
	wait "${BACKGROUND[0]}" || true
	rm -f "$CHAINMAIL_RUN/deliver"
	worker
	put -f ann@mail.example.org ok2@mail.example.org
	await 20 empty
	[ "$(jobs_of ok2)" = 1 ]
	[ "$(grep -c event=lost log)" = 0 ]
}

@test "a job that a worker gives back is another one's, and no attempt" {
	echo "deliver-workers 1" >"$CHAINMAIL_ETC/limits"
	worker
	worker send
	runner
	put -f ann@mail.example.org give-back@mail.example.org give-back@one.example r1@one.example
	all_done() { [ "$(find "$CHAINMAIL_SPOOL"/{new,state} -type f | wc -l)" = 0 ]; }
	await 20 all_done
	[ "$(jobs_of give-back)" = 4 ]
	[ "$(jobs_of give-back@one.example)" = 2 ]
	[ "$(jobs_of r1@)" = 2 ]
	grep -q 'attempt=2' "$JOBS" && return 1
	[ "$(grep -c event=deferred log)" = 0 ]
	[ "$(grep -c "event=lost jobs=[1-9]" log)" = 0 ]
}

@test "a second runner gives up and leaves the mail to the first" {
	worker
	runner
	run timeout 20 queue-run
	[ "$status" = 75 ]
	has "another queue-run" "$output"
}

@test "a damaged spool file goes to bad and delays no other" {
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
	for _ in 1 2 3 4; do
		pass
		lacks kind=failed "$output"
		spooled $old
	done
	pass
	has "kind=failed verdict=0" "$output"
	empty
}

@test "SIGTERM: nothing new is handed out, what is out is awaited" {
	worker
	put -f ann@mail.example.org ok@mail.example.org hang@mail.example.org
	runner
	await 5 grep -q to=hang "$JOBS"
	await 5 grep -q "index=0 verdict=0" "$CHAINMAIL_SPOOL/state/$ID"
	kill "$RUNNER"
	put -f ann@mail.example.org late@mail.example.org
	slow=$ID
	put -f ann@mail.example.org later@mail.example.org
	[ "$(grep -c to=late "$JOBS")" = 0 ]
	kill -0 "$RUNNER"
	# The second time it ends at once.
	kill "$RUNNER"
	await 5 bash -c "! kill -0 $RUNNER 2>/dev/null"
	[ "$(grep -c to=late "$JOBS")" = 0 ]
	spooled "$slow"
	grep -lq "index=0 verdict=0" "$CHAINMAIL_SPOOL"/state/*
	! grep -q "index=1" "$CHAINMAIL_SPOOL"/state/*
}

@test "a report that can't be made for want of processes is made later" {
	need strace
	sanitized && skip "strace and sanitizers"
	worker
	worker send # so that no child is started to send
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

# Jobs of a destination's recipients: lines of the job log.
out_jobs() { grep -c "domain=$1" "$JOBS"; }
record_of() { cat "$CHAINMAIL_SPOOL"/history/*; }
control() { python3 "$TOP/tests/queue-control.py" "$CHAINMAIL_RUN/queue" "$@"; }

@test "all recipients at one destination go in one transaction" {
	worker send
	put -f ann@mail.example.org a@one.example b@one.example c@two.example
	pass
	empty
	grep -q "to=a@one.example .*part=2" "$JOBS"
	grep -q "to=b@one.example .*part=2" "$JOBS"
	grep -q "domain=two.example to=c@two.example .*part=1" "$JOBS"
}

@test "a transaction takes a hundred recipients, no more" {
	worker send
	put -f ann@mail.example.org $(seq -f 'r%g@one.example' 250)
	pass
	empty
	[ "$(out_jobs one.example)" = 250 ]
	[ "$(grep -c part=100 "$JOBS")" = 200 ]
	[ "$(grep -c part=50 "$JOBS")" = 50 ]
}

@test "domains of one route are one destination" {
	echo '* 192.0.2.1' >"$CHAINMAIL_ETC/routes"
	worker send
	put -f ann@mail.example.org a@one.example b@TWO.example
	pass
	empty
	[ "$(grep -c "domain=one.example .*part=2" "$JOBS")" = 2 ]
}

@test "domains of one route for which tls-policy says other things go apart" {
	echo '* 192.0.2.1' >"$CHAINMAIL_ETC/routes"
	printf '%s\n' 'two.example verify' 'three.example  verify' 'four.example none' \
		>"$CHAINMAIL_ETC/tls-policy"
	worker send
	runner
	put -f ann@mail.example.org a@one.example b@TWO.example c@three.example d@four.example e@five.example
	gone() { ! spooled "$ID"; }
	await 5 gone
	[ "$(grep -c "domain=one.example .*part=2" "$JOBS")" = 2 ]
	[ "$(grep -c "domain=two.example .*part=2" "$JOBS")" = 2 ]
	grep -q "domain=four.example .*part=1" "$JOBS"
	# A file that is changed counts from the next message on.
	echo 'five.example require' >"$CHAINMAIL_ETC/tls-policy.new"
	mv "$CHAINMAIL_ETC/tls-policy.new" "$CHAINMAIL_ETC/tls-policy"
	put -f ann@mail.example.org f@two.example g@five.example
	await 5 gone
	grep -q "to=f@two.example .*part=1" "$JOBS"
	grep -q "domain=five.example to=g@five.example .*part=1" "$JOBS"
}

@test "mail to an address in brackets goes out" {
	worker send
	put -f ann@mail.example.org 'a@[192.0.2.1]' 'b@[ipv6:2001:DB8::1]'
	pass
	empty
	grep -qF 'domain=[192.0.2.1] to=a@' "$JOBS"
	grep -qF 'domain=[IPv6:2001:db8::1] to=b@' "$JOBS"
}

@test "each recipient is answered for by itself" {
	worker
	worker send
	put -f ann@mail.example.org a@one.example later@one.example no@one.example
	pass
	spooled "$ID"
	[ "$(jobs_of ann@)" = 1 ]
	grep -q "index=1 verdict=75" "$CHAINMAIL_SPOOL/state/$ID"
	pass
	[ "$(out_jobs one.example)" = 4 ]
}

@test "VERP: each recipient has a sender of its own" {
	worker
	worker send
	put -f list@mail.example.org bob@one.example ann@one.example x@mail.example.org
	respool 'from=list@mail.example.org|from=list@mail.example.org verp=-='
	pass
	empty
	grep -q "from=list-bob=one.example@mail.example.org .*to=bob@one.example .*part=1" "$JOBS"
	grep -q "from=list-ann=one.example@mail.example.org .*to=ann@one.example .*part=1" "$JOBS"
	grep -q "to=x@mail.example.org from=list-x=mail.example.org@mail.example.org" "$JOBS"
}

@test "a destination that is down is tried by one message, the others wait unopened" {
	worker send
	runner
	for _ in $(seq 60); do put -f ann@mail.example.org a@down.example; done
	await 5 grep -q 'event=deferred' log
	first=$(out_jobs down.example)
	put -f ann@mail.example.org a@ok.example
	await 5 grep -q to=a@ok.example "$JOBS"
	[ "$(out_jobs down.example)" = "$first" ]
	[ "$first" -le 9 ]
	# Those that were not tried have no result noted.
	[ "$(find "$CHAINMAIL_SPOOL/state" -type f | wc -l)" -le 9 ]
	has 'name=down.example state=back-off' "$(control destinations)"
	has 'waiting=60' "$(control destinations)"
	touch "$JOBS.up"
	kill -HUP "$RUNNER"
	await 10 empty
	[ "$(out_jobs down.example)" = $((60 + first)) ]
}

@test "a message with a destination that backs off goes to the others" {
	worker send
	runner
	put -f ann@mail.example.org a@down.example
	await 5 grep -q event=deferred log
	put -f ann@mail.example.org b@down.example b@ok.example
	noted() { grep -qs "index=1 verdict=0" "$CHAINMAIL_SPOOL/state/$ID"; }
	await 5 noted
	# Not tried, not noted, and known to be open when a new process starts.
	run grep -c index=0 "$CHAINMAIL_SPOOL/state/$ID"
	[ "$output" = 0 ]
	grep -q more=1 "$CHAINMAIL_SPOOL/state/$ID"
	[ "$(jobs_of b@down)" = 0 ]
	# Both wait for it, the second for nothing else any more.
	has 'name=down.example state=back-off' "$(control destinations)"
	has 'waiting=2' "$(control destinations)"
	lacks 'name=ok.example' "$(control destinations)"
}

@test "a message that waits for several destinations counts at each" {
	worker
	worker send
	runner
	put -f ann@mail.example.org a@down.one b@down.two c@down.two later@three.example \
		later@mail.example.org
	await 5 grep -q "event=deferred id=$ID to=later@mail" log
	counts() { [ "$(control destinations | grep -c 'waiting=1 ')" = 3 ]; }
	await 5 counts
	control remove "$ID"
	[ "$(control destinations | grep -c 'waiting=0 ')" = 2 ]
	# In a worker's hands it is not done either.
	put -f ann@mail.example.org a@hang.example b@down.one
	await 5 grep -q to=a@hang.example "$JOBS"
	[ "$(control destinations | grep -c 'waiting=1 ')" = 2 ]
}

# lines LINE...: a message of these; its id is in $ID.
lines() { ID=$(printf '%s\n' "$@" | enqueue -f ann@mail.example.org a@strict.example); }

@test "a message that asks for no TLS is tried where TLS fails for others" {
	worker send
	runner
	gone() { ! spooled "$ID"; }
	put -f ann@mail.example.org a@strict.example
	await 5 grep -q 'event=back-off dest=strict.example ' log
	lines 'TLS-Required: No' '' text
	await 5 gone
	# Behind a long header too.
	lines X-1:{,,,}{,,,}{,,,}{,,,}"$(printf '%0.60d' 0)" 'TLS-Required: No' '' text
	await 5 gone
	# But only as the one field that says so (RFC 8689 5).
	lines 'TLS-Required: No' 'TLS-Required: No' '' text
	lines 'Subject: test' '' 'TLS-Required: No'
	put -f ann@mail.example.org a@ok.example
	await 5 grep -q to=a@ok.example "$JOBS"
	[ "$(out_jobs strict.example)" = 3 ]
	has 'name=strict.example state=back-off' "$(control destinations)"
}

@test "a message that asks for more TLS than others stops none of them" {
	worker send
	put -f ann@mail.example.org a@lax.example
	respool 'from=ann@mail.example.org|from=ann@mail.example.org requiretls=1'
	runner
	await 5 grep -q 'event=back-off dest="lax.example requiretls" ' log
	put -f ann@mail.example.org b@lax.example
	await 5 grep -q to=b@lax.example "$JOBS"
	has 'name=lax.example%20requiretls state=back-off' "$(control destinations)"
}

@test "destinations that hang hold up neither others nor local mail" {
	worker
	worker send
	runner
	for n in $(seq 12); do
		for _ in 1 2 3 4 5 6; do put -f ann@mail.example.org "a@hang.n$n.example"; done
	done
	put -f ann@mail.example.org a@good.example
	await 5 grep -q to=a@good.example "$JOBS"
	put -f ann@mail.example.org local@mail.example.org
	await 5 grep -q to=local "$JOBS"
	for _ in $(seq 50); do put -f ann@mail.example.org b@good.example; done
	all() { [ "$(out_jobs good.example)" = 51 ]; }
	await 10 all
}

@test "a destination that wants fewer connections gets fewer, and all its mail" {
	worker send
	runner
	for _ in $(seq 12); do put -f ann@mail.example.org a@busy.example; done
	await 30 empty
	lacks event=deferred "$(cat log)"
}

@test "a worker that was at a destination gets its next job" {
	worker send
	runner
	for n in 1 2 3 1 2 3 1 2 3; do
		put -f ann@mail.example.org "a@d$n.example"
		await 5 empty
	done
	for n in 1 2 3; do
		[ "$(grep "domain=d$n.example" "$JOBS" | grep -o 'conn=[0-9]*' | sort -u | wc -l)" = 1 ]
	done
}

@test "a route that changes sends what waits elsewhere" {
	worker send
	runner
	put -f ann@mail.example.org a@down.example
	await 5 grep -q event=deferred log
	put -f ann@mail.example.org b@down.example
	await 5 two_wait
	echo '* 192.0.2.1' >"$CHAINMAIL_ETC/routes"
	put -f ann@mail.example.org c@down.example
	await 5 grep -q to=c@down.example "$JOBS"
}

two_wait() { control destinations | grep -q 'name=down.example .*waiting=2'; }

@test "DSN: the next host reports, or we say relayed" {
	worker
	worker send
	put -f ann@mail.example.org dsn@one.example
	respool 'to=dsn@one.example|to=dsn@one.example notify=SUCCESS'
	pass
	empty
	[ "$(jobs_of ann@)" = 0 ]
	put -f ann@mail.example.org relayed@one.example
	respool 'to=relayed@one.example|to=relayed@one.example notify=SUCCESS'
	pass
	empty
	[ "$(jobs_of ann@)" = 1 ]
	has "kind=delivered verdict=0" "$output"
}

@test "a delay is told once, and the message goes on" {
	worker
	printf 'delay-warning 1s\n' >"$CHAINMAIL_ETC/limits"
	put -i 01K00000000000000000000000 -f ann@mail.example.org later@mail.example.org
	pass
	has "kind=delayed verdict=0" "$output"
	[ "$(jobs_of ann@)" = 1 ]
	grep -q "^reported " "$CHAINMAIL_SPOOL/state/$ID"
	pass
	[ "$(jobs_of ann@)" = 1 ]
	# Telling was no try: three passes make three attempts.
	pass
	grep -q "to=later@mail.example.org .* attempt=4" "$JOBS"
	spooled "$ID"
}

@test "no word of a delay when NOTIFY lacks DELAY, or the sender is null" {
	worker
	printf 'delay-warning 1s\n' >"$CHAINMAIL_ETC/limits"
	put -i 01K00000000000000000000000 -f ann@mail.example.org later@mail.example.org
	respool 'to=later@mail.example.org|to=later@mail.example.org notify=FAILURE'
	put -i 01K00000000000000000000001 -f '<>' later@mail.example.org
	pass
	lacks kind=delayed "$output"
}

@test "mail for a destination that stays down is warned of and returned in time" {
	worker
	worker send
	printf 'delay-warning 1s\nqueue-life 2s\n' >"$CHAINMAIL_ETC/limits"
	runner
	put -i 01K00000000000000000000000 -f ann@mail.example.org a@down.example
	put -i 01K00000000000000000000001 -f ann@mail.example.org b@down.example
	await 60 empty_after_retry
	[ "$(grep -c 'kind=delayed' log)" -ge 1 ]
	[ "$(grep -c 'kind=failed' log)" = 2 ]
}

@test "the text for a destination in back-off is its own reply" {
	worker
	worker send
	printf 'delay-warning 1s\n' >"$CHAINMAIL_ETC/limits"
	runner
	put -f ann@mail.example.org a@strict.example
	await 5 grep -q 'event=back-off dest=strict.example ' log
	put -i 01K00000000000000000000000 -f ann@mail.example.org b@strict.example
	await 5 grep -q kind=delayed log
	grep -q 'status=4.7.5 .* reply=1 host=mx.example.net text=454%20no%20TLS' \
		"$CHAINMAIL_SPOOL/state/$ID"
	[ "$(out_jobs strict.example)" = 1 ]
}

@test "a report that can't be delivered goes to the postmaster, once" {
	worker
	put -f no@mail.example.org no@mail.example.org
	pass
	empty
	[ "$(jobs_of postmaster@mail.example.org)" = 1 ]
	has "to=postmaster@mail.example.org kind=failed verdict=0" "$output"
}

@test "a report on a report ends there" {
	echo no >"$CHAINMAIL_ETC/unused"
	worker send
	printf 'routes none\n' >"$CHAINMAIL_ETC/unused"
	worker
	put -f '<>' no@mail.example.org
	respool 'service=enqueue|service=double-bounce'
	pass
	empty
	has event=dropped "$output"
	lacks event=report "$output"
}

@test "the history has one line for each recipient that is finished" {
	worker
	worker send
	put -f ann@mail.example.org a@tls.example no@mail.example.org later@mail.example.org
	pass
	record_of | grep -q "id=$ID from=ann@mail.example.org to=a@tls.example verdict=0 status=2.0.0 host=mx.example.net ip=192.0.2.9 tls=TLSv1.3 rule=dane tries=1 size=[0-9]* text=250%20ok$"
	record_of | grep -q "to=no@mail.example.org verdict=67 status=5.1.1 tries=1 size=[0-9]* text=no%20such%20user$"
	[ "$(record_of | grep -c to=later)" = 0 ]
	grep -q '^session domain=tls.example policy=sts result=success mx=mx.example.net$' "$CHAINMAIL_SPOOL"/tls/*
}

@test "old history goes" {
	worker
	printf 'history-time 3d\n' >"$CHAINMAIL_ETC/limits"
	mkdir "$CHAINMAIL_SPOOL/history"
	old=$CHAINMAIL_SPOOL/history/$(date -u -d '5 days ago' +%F)
	young=$CHAINMAIL_SPOOL/history/$(date -u -d '2 days ago' +%F)
	touch "$old" "$young" "$CHAINMAIL_SPOOL/history/notes"
	pass
	[ ! -e "$old" ]
	[ -e "$young" ]
	[ -e "$CHAINMAIL_SPOOL/history/notes" ]
}

@test "requests: hold, release, retry, remove" {
	worker
	runner
	put -f ann@mail.example.org later@mail.example.org
	await 5 grep -q "event=deferred id=$ID" log
	has 'ok done=1' "$(control hold "$ID")"
	[ -e "$CHAINMAIL_SPOOL/hold/$ID" ]
	[ -e "$CHAINMAIL_SPOOL/state/$ID" ]
	has 'held%20already' "$(control hold "$ID")"
	has 'ok done=1' "$(control release "$ID")"
	await 5 grep -q "id=$ID .* attempt=[23]" "$JOBS"
	tries() { [ "$(jobs_of later@)" -ge "$1" ]; }
	has 'ok done=1' "$(control retry "$ID")"
	await 5 tries 3
	has 'no%20such%20message' "$(control remove 01K00000000000000000000000)"
	has 'ok done=1' "$(control remove "$ID")"
	empty
	record_of | grep -q "id=$ID .*status=5.7.0"
	run record_of
	has 'removed%20by%20the%20administrator' "$output"
}

@test "a message removed while workers have a part of it goes no further" {
	worker
	worker send
	runner
	# shellcheck disable=SC2046
	put -f ann@mail.example.org hang@mail.example.org \
		$(printf 'hang%d@mail.example.org ' {1..400}) \
		$(printf 'u%d@hang.example ' {1..500})
	await 5 grep -q to=hang "$JOBS"
	has 'pending=1' "$(control remove "$ID")"
	[ "$(jobs_of hang)" -lt 400 ]
	[ "$(grep -c @hang.example "$JOBS")" -lt 500 ]
	kill -9 "$RUNNER"
	runner
	await 5 empty
	[ "$(jobs_of hang)" -lt 400 ]
	[ "$(grep -c @hang.example "$JOBS")" -lt 500 ]
}

@test "a removed message is reported if that is wanted" {
	worker
	runner
	put -f ann@mail.example.org later@mail.example.org
	await 5 grep -q "event=deferred id=$ID" log
	control hold "$ID"
	has 'ok done=1' "$(control remove report=1 "$ID")"
	await 5 empty
	[ "$(jobs_of ann@)" = 1 ]
	[ "$(jobs_of later@)" = 1 ]
}

@test "one pass leaves messages that an earlier process' worker has" {
	worker
	put -f ann@mail.example.org ok@mail.example.org
	kept=$ID
	exec 9<"$CHAINMAIL_SPOOL/new/$kept"
	flock 9
	put -f ann@mail.example.org ok@mail.example.org
	timeout 300 queue-run -1 2>"$BATS_TEST_TMPDIR/log" 9<&-
	exec 9<&-
	grep -q "event=locked id=$kept" "$BATS_TEST_TMPDIR/log"
	[ -e "$CHAINMAIL_SPOOL/new/$kept" ]
	[ ! -e "$CHAINMAIL_SPOOL/new/$ID" ]
}

@test "a message that a worker has is held when the worker has answered" {
	worker
	runner
	put -f ann@mail.example.org slow@mail.example.org later@mail.example.org
	await 5 grep -q to=slow "$JOBS"
	has 'ok done=1' "$(control hold "$ID")"
	await 5 test -e "$CHAINMAIL_SPOOL/hold/$ID"
	grep -q "index=0 verdict=0" "$CHAINMAIL_SPOOL/state/$ID"
	grep -q "index=1 verdict=75" "$CHAINMAIL_SPOOL/state/$ID"
}

@test "the state of a held message outlives a restart" {
	worker
	put -f ann@mail.example.org later@mail.example.org ok@mail.example.org
	pass
	mv "$CHAINMAIL_SPOOL/new/$ID" "$CHAINMAIL_SPOOL/hold/$ID"
	pass
	[ -e "$CHAINMAIL_SPOOL/state/$ID" ]
	mv "$CHAINMAIL_SPOOL/hold/$ID" "$CHAINMAIL_SPOOL/new/$ID"
	pass
	[ "$(jobs_of ok@)" = 1 ]
}

@test "only root and its own user may send requests" {
	need_root
	[ -x /usr/bin/python3 ] || skip "no python for every user"
	# Others can't look below the test's own folder.
	CHAINMAIL_RUN=$(mktemp -d)
	chmod 755 "$CHAINMAIL_RUN"
	worker
	runner
	chmod 666 "$CHAINMAIL_RUN/queue"
	cp "$TOP/tests/queue-control.py" "$BATS_TEST_TMPDIR/ask"
	run setpriv --reuid=65534 --regid=65534 --clear-groups \
		/usr/bin/python3 - "$CHAINMAIL_RUN/queue" destinations \
		<"$BATS_TEST_TMPDIR/ask"
	lacks 'ok done' "$output"
	await 5 grep -q event=refused log
	has 'ok done' "$(control destinations)"
	stop_background || true
	rm -r "$CHAINMAIL_RUN"
}

@test "an invalid request gets an error" {
	worker
	runner
	has 'no%20such%20request' "$(control fly)"
	has 'ok done=0' "$(control hold nonsense)"
}

@test "100,000 deferred messages fit into 64 MB" {
	sanitized && skip "the sanitizers' memory is not ours"
	worker
	"$TOP/tests/queue-spool.py" "$CHAINMAIL_SPOOL" 100000 1000 deferred
	runner 60
	grep -q 'messages=100000 waiting=100000' log
	peak=$(awk '/VmHWM/ { print $2 }' "/proc/$RUNNER/status")
	echo "peak $peak kB"
	((peak < 65536))
}

@test "a folder of the spool that can't be read to its end does not count as shorter" {
	need strace
	sanitized && skip "the calls are those of the release build"
	put -f ann@mail.example.org ok@mail.example.org
	for part in new state tmp; do
		run timeout 30 strace -f -o /dev/null -P "$CHAINMAIL_SPOOL/$part" \
			-e inject=getdents64:error=EIO queue-run -1
		[ "$status" = 75 ]
	done
	spooled "$ID"
}
