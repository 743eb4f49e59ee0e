#!/usr/bin/env bats
# chainmail queue: what waits, what became of it, and changes.
load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	mkdir "$CHAINMAIL_SPOOL/history"
	a=01KAXXQ5000000000000000000 # of 2025, so the oldest
	printf 'Subject: one\nX: \x1b[2J\n\nthe text\n' |
		enqueue -i $a -f ann@example.net bob@example.org eve@example.com >/dev/null
	b=$(echo two | enqueue -f '' 'zoë@bücher.example')
	state $a 'at=1764000000 index=0 verdict=75 status=4.2.2 next=1764000900 reply=1 host=mx.example.org text=452%20Mailbox%20full%1B'
}
teardown() { stop_background; }

# state ID LINE...
state() {
	printf '%s\n' 'chainmail-state 1' "${@:2}" >"$CHAINMAIL_SPOOL/state/$1"
}

# history DAY LINE...
history_of() { printf '%s\n' "${@:2}" >"$CHAINMAIL_SPOOL/history/$1"; }

# ids FILTER...: what list shows, from its JSON.
ids() {
	chainmail queue list --json "$@" |
		python3 -c 'import json, sys
for l in sys.stdin: print(json.loads(l)["id"])' | tr '\n' ' '
}

@test "list: oldest first, with recipients and their last error" {
	run chainmail queue list
	[ "$status" = 0 ]
	[[ ${lines[0]} =~ ^$a\ +[0-9]+d\ +[0-9]+\ +ann@example.net$ ]]
	[ "${lines[1]}" = '    bob@example.org' ]
	[ "${lines[2]}" = '        1 try: mx.example.org: 452 Mailbox full\u{1b}' ]
	[ "${lines[3]}" = '    eve@example.com' ]
	[[ ${lines[4]} =~ ^$b\ +[0-9]+s\ +[0-9]+\ +'<>'$ ]]
	[ "${lines[5]}" = '    zoë@bücher.example' ]
	[[ ${lines[6]} = '2 messages, '* ]]
}

@test "list: no line is wider than 80 columns" {
	state $a 'at=1 index=0 verdict=75 status=4.2.2 next=9 text=long%20'"$(printf 'x%.0s' {1..600})"
	run chainmail queue list
	for line in "${lines[@]}"; do [ "${#line}" -le 80 ]; done
}

@test "list: finished recipients are not shown, many are abridged" {
	state $a 'at=1 index=0 verdict=0 status=2.0.0 next=0 text='
	run chainmail queue list $a
	lacks bob@example.org "$output"
	c=$(echo x | enqueue -f ann@example.net $(seq -f '%g@example.org' 25))
	run chainmail queue list "$c"
	has '    and 15 more' "$output"
}

@test "list: an empty queue" {
	rm "$CHAINMAIL_SPOOL"/new/*
	run chainmail queue list
	[ "$status" = 1 ]
	[ "$output" = '0 messages, 0 bytes' ]
}

@test "list: a closed pipe is not an error, a full disk is one" {
	for i in {1..300}; do
		cp "$CHAINMAIL_SPOOL/new/$a" "$CHAINMAIL_SPOOL/new/01KAXXQ500000000000000$((1000 + i))"
	done
	chainmail-queue list --json | head -n 1 >/dev/null
	[ "${PIPESTATUS[*]}" = '0 0' ]
	run bash -c 'chainmail-queue list >/dev/full'
	[ "$status" = 75 ]
}

@test "list --json: one object a line, in UTF-8" {
	chainmail queue list --json | python3 -c 'import json, sys
a, b = [json.loads(l) for l in sys.stdin]
assert a["from"] == "ann@example.net" and not a["held"] and a["size"] > 0
assert a["birth"] == 1764088321 and a["next"] == 0
bob, eve = a["to"]
assert bob == {"address": "bob@example.org", "state": "waiting", "tries": 1,
    "at": 1764000000, "status": "4.2.2", "next": 1764000900, "reply": True,
    "host": "mx.example.org", "text": "452 Mailbox full\x1b"}, bob
assert eve == {"address": "eve@example.com", "state": "new", "tries": 0}, eve
assert b["from"] == "" and b["to"][0]["address"] == "zoë@bücher.example"'
}

# places: eve@example.com of the first message was expanded.
places() {
	state $a \
		'place index=2 of=1 to=ann@example.org kind=mailbox for=eve@example.com end=1' \
		'place index=3 of=1 to=robot@example.org kind=pipe order=0 command=run%20--it for=eve@example.com end=1' \
		'place index=4 of=1 to=ext@far.example for=eve@example.com end=1' \
		'place index=5 of=1 to=eve@example.com kind=mailbox for=eve@example.com end=1' \
		'at=1764000000 index=1 verdict=0 status=2.0.0 next=0 action=2 places=4 text=' \
		'at=1764000001 index=4 verdict=75 status=4.4.1 next=1764000900 text=no%20answer'
}

@test "list: places by kind, with the address that they were reached through" {
	places
	run chainmail queue list $a
	[ "$status" = 0 ]
	has '    bob@example.org
    ann@example.org (through eve@example.com)
    the command of robot@example.org (through eve@example.com)
    ext@far.example (through eve@example.com)
        1 try: no answer
    eve@example.com
1 message' "$output"
	chainmail queue list --json $a | python3 -c 'import json, sys
to = json.loads(sys.stdin.read())["to"]
assert [t["address"] for t in to] == ["bob@example.org", "eve@example.com", "ann@example.org",
    "robot@example.org", "ext@far.example", "eve@example.com"], to
assert to[1]["state"] == "expanded" and to[1]["places"] == 4 and "through" not in to[1]
assert to[2]["through"] == "eve@example.com" and to[2]["kind"] == "mailbox"
assert to[3]["kind"] == "pipe" and to[3]["command"] == "run --it" and to[3]["state"] == "new"
assert "kind" not in to[4] and to[4]["state"] == "waiting"'
}

@test "show: what an address was expanded to, commands by their words" {
	places
	run chainmail queue show $a
	has 'To:           eve@example.com
  state:      expanded into 4 places' "$output"
	has 'To:           robot@example.org
  through:    eve@example.com
  command:    run --it
  state:      new' "$output"
}

@test "filters: a place is found by its own address and by the one it came through" {
	places
	[ "$(ids to=ext@far.example)" = "$a " ]
	[ "$(ids domain=far.example error='no answer')" = "$a " ]
	[ "$(ids to=eve@example.com error='no answer')" = "$a " ]
	[ "$(ids to=bob@example.org error='no answer')" = "" ]
	# Once all of them are done there is nothing left of it.
	places
	for i in 2 3 4 5; do
		echo "at=1764000002 index=$i verdict=0 status=2.0.0 next=0 text=" >>"$CHAINMAIL_SPOOL/state/$a"
	done
	[ "$(ids to=eve@example.com)" = "" ]
	[ "$(ids to=bob@example.org)" = "$a " ]
}

@test "list: files that are not messages" {
	touch "$CHAINMAIL_SPOOL/new/core" "$CHAINMAIL_SPOOL/new/.nfs0001" "$CHAINMAIL_SPOOL/new/$(printf 'x\e[2J')"
	mkdir "$CHAINMAIL_SPOOL/new/${a%0}7"
	run chainmail queue list
	[ "$status" = 0 ]
	has 'core: no message: its name is none of a message' "$output"
	has '.nfs0001: no message' "$output"
	has 'x\u{1b}[2J: no message' "$output"
	[[ $output == *"${a%0}7"*"can't be read: "* ]]
	[ "$(chainmail queue list --json | grep -c '"broken":"no message')" = 3 ]
	# Not where something was asked for.
	run chainmail queue list older=0s
	lacks core "$output"
	rm "$CHAINMAIL_SPOOL"/new/01*[0-68-9]
	run chainmail queue remove --all
	[ -e "$CHAINMAIL_SPOOL/new/core" ]
}

@test "filters: all must match, of several ids one" {
	[ "$(ids)" = "$a $b " ]
	[ "$(ids from=ann@example.net)" = "$a " ]
	[ "$(ids 'from=<>')" = "$b " ]
	[ "$(ids from=@example.net to=eve@example.com)" = "$a " ]
	[ "$(ids from=ann@example.net to=@bücher.example)" = "" ]
	[ "$(ids domain=xn--bcher-kva.example)" = "$b " ]
	[ "$(ids older=1d)" = "$a " ]
	[ "$(ids newer=1d)" = "$b " ]
	[ "$(ids error='mailbox FULL')" = "$a " ]
	# The error is bob's.
	[ "$(ids error=full to=eve@example.com)" = "" ]
	[ "$(ids 01KAXXQ5 "$b")" = "$a $b " ]
	[ "$(ids held)" = "" ]
	mv "$CHAINMAIL_SPOOL/new/$b" "$CHAINMAIL_SPOOL/hold/"
	[ "$(ids held)" = "$b " ]
	[ "$(ids)" = "$a $b " ]
}

@test "an invalid filter is reported" {
	run chainmail queue list sender=ann@example.net
	[ "$status" = 64 ]
	has 'sender=ann@example.net: there is no such filter' "$output"
	run chainmail queue list older=3
	[ "$status" = 64 ]
	run chainmail queue list --all
	[ "$status" = 64 ]
	has 'usage: chainmail queue list' "$output"
	run chainmail queue --help
	[ "$status" = 0 ]
}

@test "a damaged file is shown as such" {
	echo nonsense >"$CHAINMAIL_SPOOL/new/$a"
	run chainmail queue list
	has "$a" "$output"
	has "can't be read: " "$output"
	run chainmail queue show $a
	has 'Fault: ' "$output"
	[ "$(ids from=@example.net)" = "" ]
}

@test "show: envelope, results and header; -b: the whole message" {
	state $a 'at=1764000000 index=0 verdict=75 status=4.2.2 next=1764000900 reply=1 host=mx.example.org text=452%20full' \
		'at=1764000001 index=1 verdict=0 status=2.0.0 next=0 action=1 text='
	run chainmail queue show 01KAXXQ5
	[ "$status" = 0 ]
	has "From:         ann@example.net" "$output"
	has "To:           bob@example.org
  state:      waiting" "$output"
	has "  answer of:  mx.example.org
  text:       452 full" "$output"
	has "To:           eve@example.com
  state:      relayed" "$output"
	has "Subject: one
X: \u{1b}[2J" "$output"
	lacks 'the text' "$output"
	chainmail queue show -b $a >whole
	[ "$(tail -n 1 whole)" = 'the text' ]
	grep -q $'X: \x1b\\[2J' whole
	run chainmail queue show 01KAXXQ6
	[ "$status" = 1 ]
	run chainmail queue show
	[ "$status" = 64 ]
}

@test "changes never mean everything by mistake" {
	for verb in retry hold release remove; do
		run chainmail queue $verb
		[ "$status" = 64 ]
		run chainmail queue $verb --all from=ann@example.net
		[ "$status" = 64 ]
	done
	[ "$(ids)" = "$a $b " ]
	# Both ids begin so.
	c=${a%0}1
	cp "$CHAINMAIL_SPOOL/new/$a" "$CHAINMAIL_SPOOL/new/$c"
	run chainmail queue remove "${a%0}"
	[ "$status" = 64 ]
	has 'begins the ids of 2 messages' "$output"
	[ "$(ids)" = "$a $c $b " ]
}

@test "hold, release and remove, without queue-run" {
	run chainmail queue hold from=ann@example.net
	[ "$status" = 0 ]
	[ "$output" = '1 message held' ]
	[ -e "$CHAINMAIL_SPOOL/hold/$a" ]
	[ -e "$CHAINMAIL_SPOOL/state/$a" ]
	# It is held already.
	run chainmail queue hold from=ann@example.net
	[ "$status" = 1 ]
	run chainmail queue release --all
	[ "$output" = '1 message released' ]
	[ "$(ids)" = "$a $b " ]
	run chainmail queue remove $a
	[ "$output" = '1 message removed' ]
	[ ! -e "$CHAINMAIL_SPOOL/state/$a" ]
	[ "$(ids)" = "$b " ]
}

# started: what a queue-run finds and does at its start. There are no workers.
started() {
	background queue-run 2>queue.log
	await 10 grep -q event=start queue.log
	stop_background
}

@test "requests made without queue-run are carried out when it starts" {
	# What it did before is past.
	state $a 'wish do=hold end=1'
	mv "$CHAINMAIL_SPOOL/new/$a" "$CHAINMAIL_SPOOL/hold/"
	chainmail queue release $a
	started
	lacks event=hold "$(cat queue.log)"
	[ -e "$CHAINMAIL_SPOOL/new/$a" ]
	state $a 'wish do=hold end=1' 'wish do=release end=1'
	chainmail queue hold $a
	started
	[ -e "$CHAINMAIL_SPOOL/hold/$a" ]
	chainmail queue remove --report $a
	started
	lacks event=hold "$(cat queue.log)"
	has "event=remove id=$a" "$(cat queue.log)"
}

@test "lines that a state file lost in a power cut are restored before it is changed" {
	rm "$CHAINMAIL_SPOOL/state/$a"
	printf '%s\n' 'chainmail-journal 1' \
		"$a at=1 index=0 verdict=0 status=2.0.0 next=0 text=" \
		>"$CHAINMAIL_SPOOL/journal"
	chainmail queue remove --report $a
	[ ! -e "$CHAINMAIL_SPOOL/journal" ]
	# Only the other one has failed.
	[ "$(grep -c 'verdict=69' "$CHAINMAIL_SPOOL/state/$a")" = 1 ]
	grep -q 'index=1 verdict=69' "$CHAINMAIL_SPOOL/state/$a"
}

@test "remove --report, without queue-run: the state file says so" {
	chainmail queue hold $a
	run chainmail queue remove --report $a
	[ "$status" = 0 ]
	[ -e "$CHAINMAIL_SPOOL/new/$a" ]
	[ "$(grep -c 'verdict=69 status=5.7.0' "$CHAINMAIL_SPOOL/state/$a")" = 2 ]
	bounce "$CHAINMAIL_SPOOL/state/$a" <"$CHAINMAIL_SPOOL/new/$a" >report
	grep -q '^Subject: .*removed by the postmaster' report
}

@test "the last request counts when queue-run starts" {
	chainmail queue hold $a
	chainmail queue release $a
	chainmail queue hold $a
	queue-run -1
	[ -e "$CHAINMAIL_SPOOL/hold/$a" ]
	# Nor does an old wish to hold it keep a message that is given up.
	chainmail queue remove --report $a
	run queue-run -1
	[ ! -e "$CHAINMAIL_SPOOL/hold/$a" ] && [ ! -e "$CHAINMAIL_SPOOL/new/$a" ]
	has "event=report id=$a" "$output"
}

@test "nothing is changed while queue-run runs without being asked" {
	python3 - "$CHAINMAIL_SPOOL/queue-run.lock" <<-'X' &
	import fcntl, os, struct, sys, time
	f = open(sys.argv[1], "w")
	fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)) # F_OFD_SETLK
	open("locked", "w")
	time.sleep(60)
	X
	BACKGROUND+=("$!")
	await 10 test -e locked
	run chainmail queue remove --all
	[ "$status" = 75 ]
	has 'a queue-run works on' "$output"
	[ "$(ids)" = "$a $b " ]
	run chainmail queue retry --all
	[ "$status" = 75 ]
}

# answers TEXT...: a queue-run that records its requests.
answers() {
	python3 - "$CHAINMAIL_RUN/queue" "$@" <<-'X' &
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	s.bind(sys.argv[1] + ".new")
	s.listen()
	os.rename(sys.argv[1] + ".new", sys.argv[1])
	for answer in sys.argv[2:]:
	    request = b""
	    while not request:  # who finds nothing to do asks nothing
	        c, _ = s.accept()
	        request = c.recv(65536)
	    with open("asked", "ab") as f:
	        f.write(request + b"\n")
	    if answer != "nothing":
	        c.send(answer.encode())
	    c.close()
	X
	BACKGROUND+=("$!")
	await_socket "$CHAINMAIL_RUN/queue"
}

@test "changes are asked of a running queue-run" {
	answers 'ok done=2' "ok done=1
no id=$b text=gone%1B" 'ok done=1' 'ok done=7' nothing 'fail text=no%20such%20thing'
	run chainmail queue hold older=0s
	[ "$output" = '2 messages held' ]
	[ "$(cat asked)" = "hold
id=$a
id=$b" ]
	run chainmail queue remove --all
	[ "$status" = 75 ]
	has "$b: not done: gone\u{1b}" "$output"
	has '1 message removed' "$output"
	rm asked
	run chainmail queue remove --report $a
	[ "$(cat asked)" = "remove report=1
id=$a" ]
	rm asked
	run chainmail queue retry --all
	[ "$output" = '7 messages will be tried now' ]
	[ "$(cat asked)" = 'retry all=1' ]
	run chainmail queue retry $a
	[ "$status" = 77 ]
	run chainmail queue retry $a
	[ "$status" = 75 ]
	has 'queue-run says: no such thing' "$output"
	# The tool itself has touched nothing.
	[ "$(ids)" = "$a $b " ]
}

@test "a message that a worker has is reported as pending" {
	answers 'ok done=2 pending=1' 'ok done=3 pending=3' 'ok done=1 pending=1' 'ok done=2 pending=0'
	run chainmail queue hold --all
	[ "$output" = $'1 message held\n1 held when its worker is done' ]
	run chainmail queue remove --all
	[ "$status" = 0 ]
	[ "$output" = '3 removed when their workers are done' ]
	run chainmail queue remove --report --all
	[ "$output" = '1 given up when its worker is done' ]
	run chainmail queue release --all
	[ "$status" = 1 ] # none is held
	run chainmail queue hold --all
	[ "$output" = '2 messages held' ]
}

@test "without queue-run, a message that an old worker has gets a wish" {
	exec 9<"$CHAINMAIL_SPOOL/new/$a"
	flock 9
	run chainmail queue remove --all
	[ "$status" = 0 ]
	[ "$output" = $'1 message removed\n1 removed when its worker is done' ]
	[ -e "$CHAINMAIL_SPOOL/new/$a" ]
	[ ! -e "$CHAINMAIL_SPOOL/new/$b" ]
	[ "$(tail -n 1 "$CHAINMAIL_SPOOL/state/$a")" = 'wish do=remove end=1' ]
	run chainmail queue remove --report --all
	[ "$output" = '1 given up when its worker is done' ]
	[ "$(tail -n 1 "$CHAINMAIL_SPOOL/state/$a")" = 'wish do=fail end=1' ]
	run chainmail queue hold --all
	[ "$output" = '1 held when its worker is done' ]
	[ "$(tail -n 1 "$CHAINMAIL_SPOOL/state/$a")" = 'wish do=hold end=1' ]
	[ -e "$CHAINMAIL_SPOOL/new/$a" ]
	# The next one does it, and tries nothing before.
	queue_run
	exec 9<&-
	await 20 test -e "$CHAINMAIL_SPOOL/hold/$a"
	lacks 'event=deferred' "$(cat log)"
}

@test "destinations" {
	later=$(($(date +%s) + 1000))
	answers "ok done=2
destination name=example.org state=back-off next=$later waiting=12 workers=0 text=no%20answer
destination name=example.net state=good waiting=0 workers=1" "ok done=1 more=4
destination name=1234 state=new waiting=3 workers=2" 'ok done=0'
	run chainmail queue destinations
	[ "$status" = 0 ]
	[ "${lines[0]}" = 'example.org                     back-off  in 16m  12 waiting' ]
	[ "${lines[1]}" = '    no answer' ]
	[ "${lines[2]}" = 'example.net                     good              0 waiting' ]
	[ "$(chainmail queue destinations --json 2>others)" = '{"name":"1234","state":"new","waiting":3,"workers":2}' ]
	[ "$(cat others)" = 'and 4 more' ]
	run chainmail queue destinations
	[ "$status" = 1 ]
	rm "$CHAINMAIL_RUN/queue"
	run chainmail queue destinations
	[ "$status" = 75 ]
}

@test "history: newest last, by the same filters" {
	history_of 2026-01-02 "at=1767312000 id=${a%0}1 from= to=x@example.org verdict=69 status=5.1.1 host=mx.example.org tries=3 size=70000 text=550%20no%1B"
	history_of 2026-01-01 "at=1767225600 id=$a from=ann@example.net to=bob@example.org verdict=0 status=2.0.0 host=mx.example.org tls=TLSv1.3 rule=dane tries=1 size=400" \
		'at=1 id=nonsense' nonsense
	echo at >"$CHAINMAIL_SPOOL/history/notes"
	run chainmail queue history
	[ "$status" = 0 ]
	[ "${lines[0]}" = "2026-01-01 00:00:00  $a  delivered  2.0.0" ]
	[ "${lines[1]}" = '    ann@example.net -> bob@example.org' ]
	[ "${lines[2]}" = '    after 36d, 1 try, 400, mx.example.org, TLSv1.3 by dane' ]
	[ "${lines[3]}" = "2026-01-02 00:00:00  ${a%0}1  failed     5.1.1" ]
	[ "${lines[4]}" = '    <> -> x@example.org' ]
	[ "${lines[5]}" = '    after 37d, 3 tries, 68K, mx.example.org' ]
	[ "${lines[6]}" = '    550 no\u{1b}' ]
	[ "${#lines[@]}" = 7 ]
	chainmail queue history --json error=550 domain=example.org |
		python3 -c 'import json, sys
[e] = [json.loads(l) for l in sys.stdin]
assert e["verdict"] == 69 and e["text"] == "550 no\x1b" and e["tries"] == 3, e'
	# It is finished for one recipient only.
	run chainmail queue history $a
	[ "${#lines[@]}" = 4 ]
	has "$a is still in the queue" "${lines[3]}"
	run chainmail queue history newer=1h
	[ "$status" = 1 ]
}

@test "history: a place with the address that it was reached through" {
	history_of 2026-01-01 \
		"at=1767225600 id=$a from=ann@example.net to=ext@far.example for=sales@example.org verdict=0 status=2.0.0 tries=1 size=400" \
		"at=1767225601 id=$a from=ann@example.net to=robot@example.org for=sales@example.org kind=pipe verdict=0 status=2.0.0 tries=1 size=400" \
		"at=1767225602 id=$a from=ann@example.net to=copy@example.org for=copy@example.org kind=mailbox verdict=0 status=2.0.0 tries=1 size=400"
	run chainmail queue history older=0s
	has 'ann@example.net -> ext@far.example (through sales@example.org)' "$output"
	has 'ann@example.net -> the command of robot@example.org (through sales@example.org)' "$output"
	has $'ann@example.net -> copy@example.org\n' "$output"
	[ "$(chainmail queue history --json to=sales@example.org | grep -c '"through":"sales@example.org"')" = 2 ]
	[ "$(chainmail queue history --json to=robot@example.org | grep -c '"kind":"pipe"')" = 1 ]
}

# Another uid can come to the test's folder.
reachable() {
	local dir=$BATS_TEST_TMPDIR
	while [[ $dir == "$BATS_RUN_TMPDIR"* ]]; do
		chmod a+x "$dir"
		dir=${dir%/*}
	done
	chmod 755 "$CHAINMAIL_SPOOL" "$CHAINMAIL_RUN"
}

@test "a user who may not read the spool gets an error" {
	need_root
	reachable
	chmod 700 "$CHAINMAIL_SPOOL/new"
	need setpriv
	run setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$BUILD/bin/chainmail-queue" list
	[ "$status" = 77 ]
	has "$CHAINMAIL_SPOOL/new" "$output"
}

@test "root becomes the spool's owner" {
	need_root
	need strace
	sanitized && skip "the sanitizers make other calls"
	reachable
	chown -R 65534:65534 "$CHAINMAIL_SPOOL"
	chmod -R g+rX "$CHAINMAIL_SPOOL"
	strace -f -o trace chainmail-queue remove --report $a
	grep -q 'setresuid(65534, 65534, 65534)' trace
	[ "$(stat -c %u "$CHAINMAIL_SPOOL/state/$a")" = 65534 ]
}

@test "the sandbox stands before a message is read" {
	need_root
	need strace
	sanitized && skip "the sanitizers make other calls"
	strace -o trace chainmail-queue list
	order=$(grep -n -E "landlock_restrict_self|PR_SET_SECCOMP|\"$a\"" trace |
		sed -E "s/.*(landlock|SECCOMP|$a).*/\1/" | uniq | tr '\n' ' ')
	has "landlock SECCOMP $a" "$order"
}

# queue_run: one at work, for example.org; nobody answers elsewhere.
queue_run() {
	echo "elsewhere.example 127.0.0.1:$(free_port)" >"$CHAINMAIL_ETC/routes"
	private_users "$(printf 'example.org domain\nann@example.org mailbox')"
	background queue-run -w 2>log
	await_socket "$CHAINMAIL_RUN/queue"
}

@test "beside a running queue-run: hold, release, remove, history" {
	rm "$CHAINMAIL_SPOOL"/{new,state}/*
	queue_run
	c=$(echo x | enqueue -f ann@example.org bob@elsewhere.example ann@example.org)
	await 10 grep -rq 'to=ann@example.org' "$CHAINMAIL_SPOOL/history"
	run chainmail queue history "$c"
	has 'ann@example.org -> ann@example.org' "$output"
	has "$c is still in the queue" "$output"
	await 10 grep -q "queue-run event=deferred" log # no worker has it
	run chainmail queue hold "$c"
	[ "$output" = '1 message held' ]
	run chainmail queue list
	has 'ann@example.org (held)' "$output"
	lacks $'\n    ann@example.org' "$output"
	run chainmail queue retry "$c"
	[ "$status" != 0 ]
	run chainmail queue release "$c"
	[ "$output" = '1 message released' ]
	run chainmail queue retry domain=elsewhere.example
	[ "$output" = '1 message will be tried now' ]
	run chainmail queue remove --report to=bob@elsewhere.example
	[ "$status" = 0 ]
	# The report comes to the sender.
	await 10 grep -rq 'removed by the postmaster' "$CHAINMAIL_MAIL"
	await 10 test -z "$(ids)"
	run chainmail queue history --json "$c" to=bob@elsewhere.example
	has '"verdict":69,"status":"5.7.0"' "$output"
}
