#!/usr/bin/env bats
# queue-run is ended, killed or replaced while other hosts, commands and mailboxes
# have its messages in their hands: nothing is sent or delivered a second time, and
# what an administrator was told is so.

load queue

# All kinds of places: slow.example says nothing until $ROOM/go is there, fast.example
# takes at once, the command runs until $ROOM/out/go is there.
places() {
	users "$(account bob)" "$(account alice)" \
		"all@example.org -> bob@example.org, b@fast.example, :include:$CHAINMAIL_ETC/list" \
		"slow@example.org | cat >>$ROOM/out/ran; until test -e $ROOM/out/go; do sleep 0.02; done"
	list list alice@example.org a@slow.example
	other slow.example "dot=until:$ROOM/go ${1:-250 2.0.0 taken}|250 2.0.0 taken"
	other fast.example
	resident
}
# others_have: bob, alice and fast.example have theirs, slow.example is asked.
others_have() { waits slow.example && each 1 bob alice b@fast.example 2>/dev/null; }
# beat: queue-run has gone round, and been at fast.example.
beat() {
	SUBJECT=beat put -f '<>' beat@fast.example
	await 60 copies "$1" beat@fast.example beat 2>/dev/null
}
again() {
	kill_hard "$RUNNER"
	runner
}

killed_while_slow() {
	places
	put -f ann@example.org "$@"
	await 60 others_have
	delete bob test
	archive alice test
	again
	queue retry --all >/dev/null || true
	beat 1
	again
	beat 2
	copies 0 bob
	each 1 alice b@fast.example
	asked a@slow.example 1
	touch "$ROOM/go"
	await 60 empty
	copies 0 bob
	each 1 alice b@fast.example a@slow.example
	asked a@slow.example 1
	reports 0
}
@test "killed while a host is slow: what others took, kept or deleted does not come again" {
	both killed_while_slow bob@example.org alice@example.org b@fast.example a@slow.example
}
@test "killed while a host is slow: the same for the places of an alias and a list" {
	both killed_while_slow all@example.org
}

# made KIND: as if queue-run had been killed when it had made the report and not
# noted it yet; $REPORT is its id.
made() {
	REPORT=01K00000000000000000000009
	put -f ann@example.org bob@example.org
	printf '%s\n' 'chainmail-state 1' \
		"at=$EPOCHSECONDS index=0 verdict=67 status=5.1.1 next=0 text=nobody" \
		"report kind=failed id=$REPORT end=1" |
		"${AS[@]}" tee "$CHAINMAIL_SPOOL/state/$ID" >/dev/null
	printf 'Subject: report\n\nfailed\n' |
		"${AS[@]}" enqueue -i "$REPORT" -f '' ann@example.org
}
@test "a report that was made before its message was held does not go twice" {
	room user
	users "$(account bob)"
	made
	mv "$CHAINMAIL_SPOOL"/{new,hold}/"$ID"
	pass
	copies 1 ann report
	delete ann report
	mv "$CHAINMAIL_SPOOL"/{hold,new}/"$ID"
	pass 2
	empty
	copies 0 ann
	leave_room
	# Held by what was wanted of it meanwhile.
	room user
	users "$(account bob)"
	made
	echo 'wish do=hold end=1' >>"$CHAINMAIL_SPOOL/state/$ID"
	pass
	[ -e "$CHAINMAIL_SPOOL/hold/$ID" ]
	copies 1 ann report
	delete ann report
	mv "$CHAINMAIL_SPOOL"/{hold,new}/"$ID"
	echo 'wish do=none end=1' >>"$CHAINMAIL_SPOOL/state/$ID"
	pass 2
	empty
	copies 0 ann
}

@test "killed while a host refuses: one report, of the refused alone" {
	room user
	places '550 5.7.1 no'
	put -f ann@example.org all@example.org
	await 60 others_have
	again
	beat 1
	touch "$ROOM/go"
	await 60 empty
	reports 1 a@slow.example
	each 1 bob alice b@fast.example
	asked a@slow.example 1
}

@test "killed while a host says later: it is tried again, alone" {
	room user
	places '451 4.3.0 later'
	put -f ann@example.org all@example.org
	await 60 others_have
	delete bob test
	again
	touch "$ROOM/go"
	await 60 retried
	asked a@slow.example 2
	copies 0 bob
	each 1 alice b@fast.example a@slow.example
	reports 0
}

command_runs() {
	places
	put -f ann@example.org slow@example.org bob@example.org
	ran() { copies 1 "$ROOM/out/ran" test 2>/dev/null; }
	await 60 ran
	await 60 copies 1 bob
	delete bob test
	again
	queue retry --all >/dev/null || true
	beat 1
	again
	beat 2
	touch "$ROOM/out/go"
	await 60 empty
	each 1 "$ROOM/out/ran"
	each 0 bob
}
@test "killed while a command runs: it is not run a second time" { both command_runs; }

@test "killed with all workers: nothing that was answered comes again" {
	room user
	places
	put -f ann@example.org all@example.org
	await 60 others_have
	# Three places and what was expanded.
	SUBJECT=behind put -f ann@example.org bob@example.org b@fast.example
	await 60 copies 1 bob behind
	await 60 copies 1 b@fast.example behind
	others_noted() { [ "$(cat "$CHAINMAIL_SPOOL"/state/"$1" 2>/dev/null | grep -c verdict=0)" -ge 4 ]; }
	await 60 others_noted "$(basename "$(grep -lx 'Subject: test' "$CHAINMAIL_SPOOL"/new/*)")"
	delete bob test
	delete alice test
	kill_hard "$RUNNER"
	kill_hard "$SENDERS"
	kill_hard "$DELIVERERS"
	workers_end
	touch "$ROOM/go"
	rm "$CHAINMAIL_RUN"/{send,deliver}
	resident
	await 60 retried
	each 0 bob alice
	each 1 b@fast.example
	copies 1 b@fast.example behind
	reports 0
}
# workers_end: kill what is left of the programs in this room.
workers_end() {
	local exe
	for exe in /proc/[0-9]*/exe; do
		[[ $(readlink "$exe") == "$ROOM"/bin/* ]] || continue
		exe=${exe#/proc/}
		kill -KILL "${exe%/exe}" 2>/dev/null || true
	done
}

# noted_first MAILBOX MAILBOX MBOX: accounts.
noted_first() {
	need strace
	sanitized && skip "the calls are those of the release build"
	need_root # to look into a process that nobody may look into
	room root
	echo 'deliver-workers 1' >"$CHAINMAIL_ETC/limits"
	users "$(account "$1")" "$(account "$2")" "$(account "$3" "mbox=$ROOM/out/box")" \
		"all@example.org -> $1@example.org, $2@example.org, $3@example.org"
	daemon deliver strace -D -f -s 4000 -o "$ROOM/out/trace" -e trace=write,openat \
		listen -c 8 "seqpacket:$CHAINMAIL_RUN/deliver" deliver
	await_socket "$CHAINMAIL_RUN/deliver"
	senders
	runner
	for _ in 1 2 3 4 5; do put -f ann@example.org all@example.org; done
	await 60 empty
	each 5 "$1" "$2" "$ROOM/out/box"
	# Of each message: two notes, then the mbox.
	awk '/write.*"note id=/ { notes += gsub(/ index=[12] /, "") }
		/openat.*out\/box"/ { boxes++; if (notes < 2 * boxes) wrong = 1 }
		END { print notes, boxes; exit wrong || boxes != 5 || notes != 10 }' out/trace
}
@test "a mailbox's copy is noted before an mbox beside it is waited for" {
	noted_first carl dora post
}
@test "the same where accounts have a uid of their own" { noted_first bob alice box; }

# Longer than any grace but that for a transaction (RFC 5321 4.5.3.2.6: ten minutes).
GRACE=13

terminated() {
	places
	put -f ann@example.org all@example.org
	await 60 others_have
	delete bob test
	kill -TERM "$RUNNER"
	SUBJECT=new put -f ann@example.org bob@example.org b@fast.example
	await $GRACE gone "$RUNNER" 2>/dev/null || true
	touch "$ROOM/go"
	await 60 copies 1 a@slow.example
	await 60 gone "$RUNNER"
	copies 0 bob new
	copies 0 b@fast.example new
	runner
	await 60 empty
	each 1 alice a@slow.example b@fast.example
	each 0 bob
	copies 1 bob new
	copies 1 b@fast.example new
	asked a@slow.example 1
	reports 0
}
@test "SIGTERM: nothing new is handed out, and the last answer is awaited, however late" {
	room user
	terminated
}

@test "SIGTERM twice ends it at once, and the host's late answer counts" {
	room user
	places
	put -f ann@example.org all@example.org
	await 60 others_have
	kill -TERM "$RUNNER"
	SUBJECT=new put -f ann@example.org b@fast.example
	delete bob test
	kill -TERM "$RUNNER"
	await 5 gone "$RUNNER"
	runner
	await 60 copies 1 b@fast.example new
	touch "$ROOM/go"
	await 60 empty
	each 1 alice a@slow.example b@fast.example
	each 0 bob
	asked a@slow.example 1
}

@test "the program that sends is ended: its workers await the last answer" {
	room user
	places
	put -f ann@example.org all@example.org
	await 60 others_have
	kill -TERM "$SENDERS"
	await $GRACE gone "$SENDERS" 2>/dev/null || true
	touch "$ROOM/go"
	await 60 copies 1 a@slow.example
	await 60 gone "$SENDERS"
	senders
	await 60 retried
	asked a@slow.example 1
	each 1 bob alice a@slow.example b@fast.example
}

@test "the program that sends is killed, and queue-run: its workers go on" {
	room user
	places
	put -f ann@example.org all@example.org
	await 60 others_have
	kill_hard "$SENDERS"
	rm "$CHAINMAIL_RUN/send"
	senders
	again
	beat 1
	touch "$ROOM/go"
	await 60 empty
	asked a@slow.example 1
	each 1 bob alice a@slow.example b@fast.example
}

# The tree of services as it is installed, under s6.
served() {
	mkdir "$ROOM/chainmail-served"
	chmod 755 "$ROOM/chainmail-served"
	SERVED=$ROOM/chainmail-served
	cp -r "$CHAINMAIL_ETC" "$SERVED/etc"
	rm -f "$SERVED"/etc/*.cdb
	SERVER=$("$TOP/tests/serve" start --dir "$SERVED" --domain example.org 3>&- |
		sed 's/.*"pid": \([0-9]*\).*/\1/')
	export CHAINMAIL_ETC=$SERVED/etc CHAINMAIL_SPOOL=$SERVED/spool
	export CHAINMAIL_MAIL=$SERVED/mail CHAINMAIL_RUN=$SERVED/run
}
starts_of() { cat "$SERVED"/log/* | grep -c "$1 event=start"; }
restarted() { [ "$(starts_of queue-run)" -ge "$1" ]; }

@test "an upgrade, services and all, while a host has the message: one copy" {
	need s6-svscan
	room user
	users "$(account bob)" "$(account alice)" \
		"all@example.org -> bob@example.org, alice@example.org, a@slow.example, b@fast.example"
	other slow.example "dot=until:$ROOM/go 250 2.0.0 taken"
	other fast.example
	served
	put -f ann@example.org all@example.org
	await 60 others_have
	delete bob test
	for program in "$SERVED"/bin/*; do
		cp "$program" "$program.new"
		mv "$program.new" "$program"
	done
	s6-svc -r "$SERVED"/services/{queue-run,send,deliver}
	SUBJECT=new put -f ann@example.org alice@example.org b@fast.example
	await $GRACE restarted 2 2>/dev/null || true
	touch "$ROOM/go"
	await 60 copies 1 alice new
	await 60 retried
	"$TOP/tests/serve" stop "$SERVER"
	each 0 bob
	each 1 alice a@slow.example b@fast.example
	copies 1 b@fast.example new
	asked a@slow.example 1
	reports 0
}

# in_hands REPLY: one message that slow.example has, and is to answer so.
in_hands() {
	places "$1"
	put -f ann@example.org a@slow.example
	await 60 waits slow.example
}
held() { [ -e "$CHAINMAIL_SPOOL/hold/$ID" ]; }

@test "removed while it is sent, then killed: it is not tried again" {
	room user
	in_hands '451 4.3.0 later'
	run queue remove "$ID"
	[ "$status" = 0 ]
	again
	beat_id=$ID
	beat 1
	ID=$beat_id
	touch "$ROOM/go"
	await 60 empty
	queue retry --all || true
	beat 2
	asked a@slow.example 1
	reports 0
}

@test "removed with a report while it is sent, then killed: one report" {
	room user
	in_hands '451 4.3.0 later'
	run queue remove --report "$ID"
	[ "$status" = 0 ]
	again
	again
	touch "$ROOM/go"
	await 60 empty
	reports 1 a@slow.example
	asked a@slow.example 1
}

@test "held while it is sent, then killed: it is held" {
	room user
	in_hands '451 4.3.0 later'
	run queue hold "$ID"
	[ "$status" = 0 ]
	again
	touch "$ROOM/go"
	await 60 held
	mine=$ID
	queue retry --all || true
	beat 1
	asked a@slow.example 1
	ID=$mine
	again
	held
	queue release "$ID"
	await 60 retried
	asked a@slow.example 2
	each 1 a@slow.example
}

@test "held and released while it is sent, then killed: it is tried again" {
	room user
	in_hands '451 4.3.0 later'
	queue hold "$ID"
	queue release "$ID"
	again
	touch "$ROOM/go"
	await 60 retried
	asked a@slow.example 2
	each 1 a@slow.example
}

@test "removed while it is sent, and it was taken: gone, and nobody is told" {
	room user
	in_hands '250 2.0.0 taken'
	queue remove "$ID"
	again
	touch "$ROOM/go"
	await 60 empty
	# The next queue-run need not wait for it, the worker goes on.
	taken() { each 1 a@slow.example 2>/dev/null; }
	await 60 taken
	asked a@slow.example 1
	reports 0
}

@test "forty messages are held, released and removed with one sync each time" {
	room user
	users "$(account bob)"
	# Nobody listens there any more.
	host away
	kill_hard "${BACKGROUND[-1]}"
	echo "away.example 127.0.0.1:$PORT tls=none" >>"$CHAINMAIL_ETC/routes"
	for _ in {1..40}; do put -f ann@example.org a@away.example bob@example.org; done
	deliverers
	senders
	traced $SYNCS -f
	await 60 copies 40 bob
	rests() { queue destinations | grep -q ' 40 waiting'; }
	await 60 rests
	for verb in hold release hold remove; do
		before=$(syncs)
		run queue $verb to=a@away.example
		echo "$verb: $output"
		[ "$status" = 0 ]
		# Some may be done when their worker is.
		[ "$(awk '{ n += $1 } END { print n }' <<<"$output")" = 40 ]
		echo "$(($(syncs) - before)) syncs"
		[ $(($(syncs) - before)) = 1 ]
	done
	await 60 empty
}
