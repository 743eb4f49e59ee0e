#!/usr/bin/env bats
# The commands of users(5), run by command-run or by deliver's own runner: what
# they have and say is the same, and nothing else can be run by either.
# shellcheck disable=SC2016 # commands are for their own shell

bats_require_minimum_version 1.5.0
load helper

ID=01KA0000000000000000000000

setup() {
	private_dirs
	echo mx.lan >"$CHAINMAIL_ETC/me"
	OUT=$BATS_TEST_TMPDIR/out
	private_users 'example.org domain
cat@example.org | /bin/cat >'"$OUT"'; env >'"$OUT"'.env; ls -l /proc/self/fd >'"$OUT"'.fds
who@example.org | cat /proc/$PPID/comm >'"$OUT"'
no@example.org | echo one; echo "not today"; exit 77
later@example.org | exit 75
odd@example.org | exit 3
dead@example.org | kill -9 $$
slow@example.org | echo $$ >'"$OUT"'; sleep 1000 & echo $! >'"$OUT"'.child; wait
fifo@example.org | echo $$ >'"$OUT"'; cat '"$OUT"'.fifo; echo ran >>'"$OUT"'.ran'
	LOG=$BATS_TEST_TMPDIR/log
	mkfifo "$OUT.fifo"
}

teardown() { stop_background; }

message() { printf 'Subject: hello\n\nbody\n'; }
job() { "$TOP/tests/deliver-jobs.py" "$@" 2>>"$LOG" < <(message); }
request() { "$TOP/tests/commands.py" "$CHAINMAIL_RUN/commands" "$@" < <(message); }
asked="sender= recipient=cat@example.org id=$ID"

serve() {
	background command-run delivery 2>>"$LOG"
	RUNNER=$!
	await_socket "$CHAINMAIL_RUN/commands"
}

# both CHECK: by deliver's own runner, then by command-run.
both() {
	"$1"
	rm -f "$OUT" "$OUT".[ercd]*
	serve
	"$1"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

@test "command-run runs them where it is, else deliver itself" {
	run -0 job who@example.org
	[ "$(<"$OUT")" = deliver ]
	serve
	run -0 job who@example.org
	[ "$(<"$OUT")" = command-run ]
	has 'command-run event=command id=' "$(<"$LOG")"
	# By hand too.
	rm "$OUT"
	run -0 deliver who@example.org < <(message)
	[ "$(<"$OUT")" = command-run ]
}

environment() {
	run -0 deliver -f s@example.net -i $ID cat+ext@example.org < <(message)
	[ "$(tail -n 3 "$OUT")" = "$(message)" ]
	env=$(<"$OUT.env")
	for word in SENDER=s@example.net RECIPIENT=cat+ext@example.org LOCAL=cat+ext \
		DOMAIN=example.org EXT=ext EXTENSION=ext MESSAGE_ID=$ID \
		HOME="$CHAINMAIL_MAIL/example.org/cat" PATH=/usr/local/bin:/usr/bin:/bin; do
		has "$word" "$env"
	done
	lacks CHAINMAIL_ "$env"
	lacks TCPREMOTEIP "$env"
	# ls has opened one.
	[ "$(grep -c -- '->' "$OUT.fds")" = 4 ]
}
@test "a command has the message, its environment, and no descriptor more" {
	both environment
}

verdicts() {
	run -0 job no@example.org later@example.org odd@example.org dead@example.org
	has 'n=0 verdict=77 status=5.3.0 text=no@example.org:%20not%20today' "$output"
	for n in 1 2 3; do
		has "n=$n verdict=75 status=4.3.0" "$output"
	done
}
@test "its exit code is the verdict, its last line the reason" { both verdicts; }

timed() {
	run -0 job slow@example.org
	has 'verdict=75' "$output"
	has 'time%20limit' "$output"
	await 5 gone "$(<"$OUT")"
	await 5 gone "$(<"$OUT.child")"
}
@test "over its time limit it is killed, with what it started" {
	echo 'pipe-time 1s' >"$CHAINMAIL_ETC/limits"
	both timed
}

abandoned() {
	"$TOP/tests/deliver-jobs.py" slow@example.org 2>>"$LOG" < <(message) &
	await 5 test -s "$OUT.child"
	pkill -KILL -P $! -x deliver
	wait $! || true
	await 5 gone "$(<"$OUT")"
	await 5 gone "$(<"$OUT.child")"
}
@test "when deliver is killed the command ends" { both abandoned; }

@test "only commands that users.cdb has for the address are run" {
	serve
	run -0 request "run n=5 to=cat@example.org command=touch%20$OUT $asked" \
		"run n=6 to=no@example.org command=exit%2075 $asked" \
		"run n=7 to=nobody@example.org command=exit%2075 $asked" \
		"run n=8 to=later@example.org command=exit%2075 $asked"
	[ ! -e "$OUT" ]
	for n in 5 6 7; do
		has "end n=$n verdict=75 text=the%20command%20can't%20be%20run%20now" "$output"
	done
	has 'end n=8 verdict=75 text=' "${lines[3]}"
	[ "$(grep -c 'event=refused .*no such command in users.cdb' "$LOG")" = 3 ]
}

@test "a malformed request is not run" {
	serve
	command=command=exit%2075
	run -0 request 'nonsense' 'run' '\0\xff\n' "run n=-1 to=later@example.org $command $asked" \
		"run n=1 to=later@example.org $command sender= recipient=a%0ab id=$ID" \
		"run n=2 to=later@example.org $command sender=%00 recipient= id=$ID" \
		"run n=3 to=later@example.org $command sender= recipient= id=../x" \
		"run n=4 to=later@example.org sender= recipient= id=$ID"
	[ "$(grep -c 'verdict=75 text=.*malformed%20request' <<<"$output")" = 8 ]
	run -0 request '' # of no length: it counts as the end
	[ "$output" = none ]
	run -0 request fds=2 "run n=5 to=later@example.org $command $asked"
	has 'n=5 verdict=75 text=malformed%20request' "$output"
	run -0 job later@example.org
	has 'n=0 verdict=75' "$output"
}

@test "users.cdb may change: the next command is the new one" {
	serve
	run -0 job who@example.org
	sed -i 's/^who.*/who@example.org | echo new >'"${OUT//\//\\/}"'/' "$CHAINMAIL_ETC/users"
	chainmail-user compile
	run -0 job who@example.org
	[ "$(<"$OUT")" = new ]
}

@test "stopped, it finishes its current jobs, and answers" {
	serve
	job fifo@example.org >"$OUT.answer" &
	jobs=$!
	await 5 test -s "$OUT"
	kill "$RUNNER"
	: >"$OUT.fifo"
	wait $jobs
	wait "$RUNNER"
	has verdict=0 "$(<"$OUT.answer")"
	[ "$(<"$OUT.ran")" = ran ]
}

@test "started again, it has the next job, and none has failed" {
	serve
	# The worker that knows the old one ends, though it has nothing to do.
	job turns=1 who@example.org >"$OUT.answer" &
	jobs=$!
	await 5 grep -q event=command "$LOG"
	kill "$RUNNER"
	wait $jobs
	has verdict=0 "$(<"$OUT.answer")"
	serve
	run -0 job who@example.org
	[ "$(<"$OUT")" = command-run ]
}

@test "it serves its own user and root, nobody else" {
	need_root
	need setpriv
	CHAINMAIL_RUN=$(mktemp -d) # where others can go
	chmod 755 "$CHAINMAIL_RUN"
	serve
	chmod 666 "$CHAINMAIL_RUN/commands"
	run setpriv --reuid=nobody --clear-groups /usr/bin/python3 - <<-END
		import socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect("$CHAINMAIL_RUN/commands")
		assert s.recv(100) == b""
	END
	echo "$output"
	[ "$status" = 0 ]
	await 5 grep -q "event=refused uid=$(id -u nobody)" "$LOG"
	stop_background
	rm -r "$CHAINMAIL_RUN"
}

ids() {
	run -0 job own@mx.lan who@mx.lan
	[ "$(grep -c verdict=0 <<<"$output")" = 2 ]
	[ "$(<"$ROOM/out/own")" = "$(id -u daemon):$(id -g daemon) $ROOM/home" ]
	[ "$(<"$ROOM/out/who")" = "$(id -u nobody):$(id -g nobody) /" ]
	rm "$ROOM"/out/*
}
@test "root's commands: an account's uid, else the owner of the mail" {
	need_root
	ROOM=$(mktemp -d)
	chmod 755 "$ROOM"
	mkdir "$ROOM"/{mail,etc,home,out}
	chmod 777 "$ROOM/out"
	cp -r "$CHAINMAIL_ETC"/* "$ROOM/etc"
	export CHAINMAIL_MAIL=$ROOM/mail CHAINMAIL_ETC=$ROOM/etc
	chown nobody "$ROOM/mail"
	chgrp "$(id -g nobody)" "$ROOM/mail"
	chown daemon "$ROOM/home"
	{
		echo 'mx.lan domain'
		echo "own@mx.lan mailbox uid=daemon home=$ROOM/home"
		echo 'own@mx.lan | echo $(id -u):$(id -g) $PWD >'"$ROOM/out/own"
		echo 'who@mx.lan | echo $(id -u):$(id -g) $PWD >'"$ROOM/out/who"
	} >"$CHAINMAIL_ETC/users"
	chainmail-user compile
	both ids
	rm -r "$ROOM"
}

@test "filters are the same when command-run runs them" {
	SERVED=1 run bats --tap "$TOP/tests/smtpd-filter.bats"
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -c '^ok' <<<"$output")" -gt 10 ]
}

# ask RECORD: of the filters' service, with a message, a result and a socket for
# the verdict, which is printed.
ask() {
	python3 - "$1" <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		s.connect(os.environ["CHAINMAIL_RUN"] + "/filters")
		ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		out = os.memfd_create("out")
		inside = os.memfd_create("in")
		os.write(inside, b"a: b\n\nx\n")
		os.lseek(inside, 0, 0)
		socket.send_fds(s, [sys.argv[1].encode()], [inside, out, theirs.fileno()])
		theirs.close()
		print(ours.recv(1000).decode() or "none")
		os.lseek(out, 0, 0)
		print(os.read(out, 1000).decode())
	END
}

@test "only filters of the two files are run, with known variables" {
	background command-run filter 2>>"$LOG"
	await_socket "$CHAINMAIL_RUN/filters"
	echo "sed s/x/\$SENDER/; touch $OUT" >"$CHAINMAIL_ETC/filter.mx"
	cp "$CHAINMAIL_ETC/filter.mx" "$CHAINMAIL_SPOOL/tmp/mine"
	cp "$CHAINMAIL_ETC/filter.mx" "$CHAINMAIL_ETC/mine"
	for file in mine ../spool/tmp/mine "$CHAINMAIL_SPOOL/tmp/mine" users; do
		run -0 ask $'run file='"$file"$'\nSENDER=y'
		has 'verdict code=75' "$output"
	done
	run -0 ask $'run file=filter.mx\nSENDER=y PATH=/x'
	has 'verdict code=75' "$output"
	run -0 ask $'run file=filter.mx\nSENDER=y LD_PRELOAD=/x'
	has 'verdict code=75' "$output"
	[ "$(grep -c 'event=refused .*malformed request' "$LOG")" = 6 ]
	[ ! -e "$OUT" ]
	run -0 ask $'run file=filter.mx\nSENDER=y'
	has 'verdict code=0' "$output"
	has $'a: b\n\ny' "$output"
	[ -e "$OUT" ]
}

@test "smtpd uses command-run while it runs, and its own runner otherwise" {
	echo 'cat; cat /proc/$PPID/comm >>'"$OUT" >"$CHAINMAIL_ETC/filter.mx"
	mkdir -p "$CHAINMAIL_SPOOL/scratch"
	port=$(free_port)
	background listen -k "smtp=127.0.0.1:$port" smtpd 2>>"$LOG"
	await 10 port_open "$port"
	mail() {
		swaks --silent 3 --server "127.0.0.1:$port" --from a@b.example --to later@example.org
	}
	need swaks
	mail
	background command-run filter 2>>"$LOG"
	await_socket "$CHAINMAIL_RUN/filters"
	mail
	kill "${BACKGROUND[-1]}"
	wait "${BACKGROUND[-1]}"
	mail
	[ "$(paste -s -d ' ' <"$OUT")" = 'smtpd command-run smtpd' ]
}
