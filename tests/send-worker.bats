#!/usr/bin/env bats
# A worker of send: the place that a message came through, what it notes before
# it answers, and its end.
load send-host

ID=01KA0000000000000000000000
TOKEN=0123456789abcdef

route() { echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"; }
got() { cat "$BATS_TEST_TMPDIR/$1.mail/${2-1}"; }
log() { cat "$BATS_TEST_TMPDIR/$1.log"; }
# size_told NAME: what MAIL said of the size.
size_told() { sed -n 's/.*SIZE=\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/$1.log" | tail -n 1; }
notes() { cat "$BATS_TEST_TMPDIR/notes"; }
# server: send as a service, its log in server.log; job_at speaks to it.
server() {
	background send 2>"$BATS_TEST_TMPDIR/server.log"
	SERVER=$!
	await_socket "$CHAINMAIL_RUN/send"
}
job_at() {
	"$TOP/tests/send-jobs.py" socket="$CHAINMAIL_RUN/send" notes="$BATS_TEST_TMPDIR/notes" \
		id=$ID "$@" <"$MESSAGE" >"$BATS_TEST_TMPDIR/answer" 2>&1 3>&- &
	JOB=$!
}
# stop_all: SIGTERM to the server and its worker, which knows of it then.
stop_all() {
	local worker
	worker=$(pgrep -P "$SERVER")
	kill "$worker" "$SERVER"
}
has_got() { [ -e "$BATS_TEST_TMPDIR/$1.mail/1" ]; }

@test "Delivered-To stands before the message, by DATA and by BDAT" {
	for offer in SIZE SIZE,CHUNKING SIZE,CHUNKING,PIPELINING; do
		rm -rf "$BATS_TEST_TMPDIR"/a*
		host a offer="$offer"
		route
		job for=sales@example.org bob@example.org
		has 'done n=0 verdict=0' "$output"
		{
			echo 'Delivered-To: sales@example.org'
			cat "$MESSAGE"
		} | crlf | cmp - "$BATS_TEST_TMPDIR/a.mail/1"
		[ "$(size_told a)" = "$(wc -c <"$BATS_TEST_TMPDIR/a.mail/1")" ]
		job bob@example.org
		crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/a.mail/2"
	done
}

@test "before a large message too, wherever it is split" {
	host a offer=SIZE,CHUNKING
	route
	for size in 65490 65506 65507 65508 65536 200000; do
		{
			printf 'Subject: x\n\n'
			head -c $((size - 12)) /dev/zero | tr '\0' x | fold -w 70
		} | head -c "$size" >"$MESSAGE"
		job for=sales@example.org bob@example.org
		has 'done n=0 verdict=0' "$output"
		{
			echo 'Delivered-To: sales@example.org'
			cat "$MESSAGE"
			[ -z "$(tail -c 1 "$MESSAGE" | tr -d '\n')" ] || echo
		} | crlf | cmp - "$(ls -t "$BATS_TEST_TMPDIR"/a.mail/* | head -n 1)"
		[ "$(size_told a)" = "$(wc -c <"$(ls -t "$BATS_TEST_TMPDIR"/a.mail/* | head -n 1)")" ]
	done
}

@test "before a message that is converted, or is no message" {
	host a offer=SIZE
	route
	printf 'Subject: x\nTLS-Required: No\n\nh\303\244llo\n' >"$MESSAGE"
	job for=sales@example.org bob@example.org
	[ "$(got a | head -n 2 | lf)" = $'Delivered-To: sales@example.org\nSubject: x' ]
	has h=C3=A4llo "$(got a)"
	[ "$(size_told a)" = "$(wc -c <"$BATS_TEST_TMPDIR/a.mail/1")" ]
	printf ' forged\n\nbody\n' >"$MESSAGE"
	job for=sales@example.org bob@example.org
	[ "$(got a 2 | lf)" = $'Delivered-To: sales@example.org\n\n forged\n\nbody' ]
	: >"$MESSAGE"
	job for=sales@example.org bob@example.org
	[ "$(got a 3 | lf)" = 'Delivered-To: sales@example.org' ]
}

@test "a line can't be forged through for=" {
	host a
	route
	job for=$'a@b\nX-Forged: y' bob@example.org
	has 'verdict=75 status=4.3.5' "$output"
	[ ! -e "$BATS_TEST_TMPDIR/a.mail/1" ]
}

@test "final results are noted, temporary ones are not" {
	host a rcpt:no='550 5.1.1 nobody' rcpt:later='450 4.2.0 later'
	route
	job id=$ID notes="$BATS_TEST_TMPDIR/notes" {bob,no,later,amy}@example.org
	[ "$(notes)" = "" ]
	job id=$ID notes="$BATS_TEST_TMPDIR/notes" {bob,no,later,amy}@example.org,token=$TOKEN
	[ "$(grep -c ^done <<<"$output")" = 4 ]
	run -0 notes
	[ "${#lines[@]}" = 3 ]
	has "note id=$ID index=0 token=$TOKEN verdict=0 status=2.0.0 " "${lines[0]}"
	has ' action=1 ' "${lines[0]}"
	has "note id=$ID index=1 token=$TOKEN verdict=65 status=5.1.1 " "${lines[1]}"
	has ' host=127.0.0.1 ' "${lines[1]}"
	has ' reply=1 ' "${lines[1]}"
	has "index=3 " "${lines[2]}"
	[[ ${lines[2]} == *' end=1' ]]
}

@test "all notes of a job in one write, the message closed, then the answer" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	host a
	route
	job notes="$BATS_TEST_TMPDIR/notes" \
		program="strace -f -y -e trace=write,close,sendmsg,sendto -o $BATS_TEST_TMPDIR/trace send" \
		{bob,amy,eve}@example.org,token=$TOKEN
	[ "$(grep -c '^done .*verdict=0' <<<"$output")" = 3 ]
	[ "$(sed -nE 's/^[0-9]+ +write\([0-9]+<.*notes>.*/note/p; s/^[0-9]+ +close\([0-9]+<.*memfd:spool.*/close/p
		s/^[0-9]+ +sendmsg\(0<.*/answer/p' "$BATS_TEST_TMPDIR/trace" | tr '\n' ' ')" = "note close answer " ]
}

@test "notes can't be grown without end, and no answer is lost for it" {
	host a
	route
	truncate -s 64M "$BATS_TEST_TMPDIR/notes"
	"$TOP/tests/send-jobs.py" notes="$BATS_TEST_TMPDIR/notes" bob@example.org,token=$TOKEN \
		<"$MESSAGE" 2> >(cat >/dev/null) >"$BATS_TEST_TMPDIR/answer"
	has 'verdict=0' "$(cat "$BATS_TEST_TMPDIR/answer")"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/notes")" = $((64 << 20)) ]
}

@test "SIGTERM: a transaction is finished, noted and answered, and nothing begun" {
	host a dot="until:$BATS_TEST_TMPDIR/go 250 2.0.0 taken"
	route
	server
	job_at times=2 together=1 bob@example.org,token=$TOKEN
	await 20 has_got a
	stop_all
	kill -0 "$SERVER"
	kill -0 "$JOB"
	touch "$BATS_TEST_TMPDIR/go"
	wait "$JOB"
	wait "$SERVER"
	has 'done n=0 verdict=0' "$(head -n 1 "$BATS_TEST_TMPDIR/answer")"
	# Who has not begun gives it back.
	[ "$(sed 1d "$BATS_TEST_TMPDIR/answer")" = 'back n=1' ]
	[ "$(grep -c 'verdict=0' "$BATS_TEST_TMPDIR/notes")" = 1 ]
	[ "$(find "$BATS_TEST_TMPDIR/a.mail" -type f | wc -l)" = 1 ]
}

@test "SIGTERM: idle workers end at once" {
	host a
	route
	server
	job_at wait=60 times=2 bob@example.org
	await 20 has_got a
	kill "$SERVER"
	wait "$SERVER"
	kill "$JOB"
}

@test "SIGTERM: no further host is tried" {
	host a greeting="until:$BATS_TEST_TMPDIR/go 421 4.3.2 not now"
	first=$PORT
	host b
	echo "example.org 127.0.0.1:$first 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	server
	job_at bob@example.org,token=$TOKEN
	await 20 grep -q connected "$BATS_TEST_TMPDIR/a.log"
	stop_all
	touch "$BATS_TEST_TMPDIR/go"
	wait "$JOB"
	wait "$SERVER"
	has 'done n=0 verdict=75' "$(cat "$BATS_TEST_TMPDIR/answer")"
	[ ! -s "$BATS_TEST_TMPDIR/b.log" ]
	[ ! -s "$BATS_TEST_TMPDIR/notes" ]
}

@test "a worker whose queue-run died notes what the host says" {
	host a dot="until:$BATS_TEST_TMPDIR/go 250 2.0.0 taken"
	route
	server
	job_at bob@example.org,token=$TOKEN
	await 20 has_got a
	kill -9 "$JOB"
	wait "$JOB" || true
	touch "$BATS_TEST_TMPDIR/go"
	await 20 grep -q 'verdict=0' "$BATS_TEST_TMPDIR/notes"
}
