#!/usr/bin/env bats

bats_require_minimum_version 1.5.0
load helper

ID=01KA0000000000000000000000

setup() {
	private_dirs
	echo mx.lan >"$CHAINMAIL_ETC/me"
	private_users 'example.org domain
bob@example.org mailbox
ann@example.org mailbox
small@example.org mailbox quota=2K
sales@example.org -> bob@example.org, ann@example.org
away@example.org -> x@elsewhere.net, y@elsewhere.net
copy@example.org mailbox
copy@example.org -> copy@example.org, x@elsewhere.net
list@example.org -> :include:'"$CHAINMAIL_ETC"'/list
box@example.org mailbox mbox='"$CHAINMAIL_MAIL"'/box
cat@example.org | /bin/cat >'"$BATS_TEST_TMPDIR"'/out; env >'"$BATS_TEST_TMPDIR"'/env
no@example.org | echo "not today"; exit 77
later@example.org | exit 75
odd@example.org | exit 3
dead@example.org | kill -9 $$
slow@example.org | exec sleep 60
mixed@example.org -> bob@example.org, | /bin/cat >>'"$BATS_TEST_TMPDIR"'/out'
	BOB=$CHAINMAIL_MAIL/example.org/bob/Maildir
	ANN=$CHAINMAIL_MAIL/example.org/ann/Maildir
}

message() { printf 'Subject: %s\n\nbody\n' "${1:-hello}"; }
# count FOLDER: messages in it.
count() { find "$1/new" "$1/cur" -type f 2>/dev/null | wc -l; }
jobs_of() { "$TOP/tests/deliver-jobs.py" "$@" 2>"$BATS_TEST_TMPDIR/log"; }
nothing_left() { [ -z "$(find "$CHAINMAIL_MAIL" -path "$CHAINMAIL_MAIL/*/tmp/*" -type f)" ]; }

@test "a message is put into new/, with sender and recipient on top" {
	run -0 deliver -f s@example.net -i $ID bob@example.org < <(message)
	[ "$(cat "$BOB"/new/*)" = "Return-Path: <s@example.net>
Delivered-To: bob@example.org
Subject: hello

body" ]
	[[ $(ls "$BOB/new") == *.${ID}r????????.*,S=80,W=85 ]]
	has "event=delivered id=$ID to=bob@example.org mailbox=$BOB folder=INBOX verdict=0" "$output"
}

@test "a shell's message about a command is logged, and not in the report" {
	private_users $'example.org domain\nrobot@example.org | no-such-robot || exit 69'
	run -69 deliver -f s@example.net -i $ID robot@example.org < <(message)
	[[ $output =~ event=shell\ id=$ID\ to=robot@example.org\ verdict=69\ text=.*no-such-robot:\ not\ found ]]
	has 'event=failed' "$output"
	has 'the command failed"' "${output##*event=failed}"
	lacks no-such-robot "${output##*event=failed}"
}

@test "the same id and recipient again is one message" {
	deliver -i $ID bob@example.org < <(message)
	deliver -i $ID bob@example.org < <(message)
	[ "$(count "$BOB")" = 1 ]
}

@test "a repeated job finds what a session has moved to cur/" {
	message | jobs_of id=$ID bob@example.org
	for f in "$BOB"/new/*; do mv "$f" "$BOB/cur/${f##*/},U=7:2,S"; done
	run -0 jobs_of id=$ID attempt=2 bob@example.org < <(message)
	has 'verdict=0' "$output"
	[ "$(count "$BOB")" = 1 ]
}

@test "a recipient named twice in one message has one copy, and nothing waits" {
	run -0 jobs_of id=$ID bob@example.org bob@example.org < <(message)
	[ "$(grep -c verdict=0 <<<"$output")" = 2 ]
	[ "$(count "$BOB")" = 1 ]
	nothing_left
}

@test "what was named before a crash is synced before it is called delivered" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	message | jobs_of id=$ID bob@example.org
	message | jobs_of id=$ID program="strace -f -e trace=fsync,renameat2 -o $BATS_TEST_TMPDIR/trace deliver" bob@example.org
	[ "$(sed -n 's/^[0-9]* *\([a-z0-9]*\)(.*= \([-0-9]*\).*/\1 \2/p' "$BATS_TEST_TMPDIR/trace" | tr '\n' ' ')" = \
		"fsync 0 renameat2 -1 fsync 0 " ]
	for f in "$BOB"/new/*; do mv "$f" "$BOB/cur/${f##*/}:2,"; done
	message | jobs_of id=$ID attempt=2 program="strace -f -e trace=fsync,renameat2 -o $BATS_TEST_TMPDIR/trace deliver" bob@example.org
	[ "$(grep -c 'fsync(.*= 0' "$BATS_TEST_TMPDIR/trace")" = 2 ]
}

@test "a worker whose runner of commands died ends, and the next one has another" {
	private_users 'example.org domain
kill@example.org | kill -9 $(cut -d" " -f4 /proc/$PPID/stat)
cat@example.org | exec cat >/dev/null'
	run -0 timeout 20 "$TOP/tests/deliver-jobs.py" turns=1 kill@example.org < <(message)
	has 'n=0 verdict=0' "$output"
	run -0 jobs_of cat@example.org < <(message)
	has 'n=0 verdict=0' "$output"
}

@test "an unknown user is 67, and not a mailbox" {
	run -67 deliver nobody@example.org < <(message)
	has 5.1.1 "$output"
	[ ! -e "$CHAINMAIL_MAIL/example.org" ]
}

@test "an unreadable user database is temporary" {
	printf 'x' >>"$CHAINMAIL_ETC/users.cdb"
	run -75 deliver bob@example.org < <(message)
	run -75 deliver nobody@example.org < <(message)
}

@test "addresses can't climb out of the mail folder" {
	private_users '@mx.lan -> "../../x"@mx.lan
"../../x"@mx.lan mailbox'
	run -0 deliver any@mx.lan < <(message)
	[ "$(find "$CHAINMAIL_MAIL" -name Maildir)" = "$CHAINMAIL_MAIL/mx.lan/%22..%2F..%2Fx%22/Maildir" ]
}

@test "a header line can't be forged through the sender" {
	run -64 deliver -f $'a\nX: y' bob@example.org < <(message)
}

@test "a worker takes all that waits and syncs the folder once" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	message | jobs_of bob@example.org
	run -0 jobs_of program="strace -f -e trace=fsync,renameat2,sendmsg -o $BATS_TEST_TMPDIR/trace deliver" \
		bob@example.org bob@example.org bob@example.org < <(message)
	[ "$(grep -c verdict=0 <<<"$output")" = 3 ]
	[ "$(sed -n 's/^[0-9]* *\([a-z0-9]*\)(.*/\1/p' "$BATS_TEST_TMPDIR/trace" | uniq -c | awk '{ print $1 $2 }' | tr '\n' ' ')" = \
		"3fsync 3renameat2 1fsync 3sendmsg " ]
}

@test "a failed job does not affect the others" {
	run -0 jobs_of bob@example.org nobody@example.org ann@example.org < <(message)
	has 'n=0 verdict=0' "${lines[0]}"
	has 'n=1 verdict=67 status=5.1.1' "${lines[1]}"
	has 'n=2 verdict=0' "${lines[2]}"
}

@test "an alias reaches all its targets, once each" {
	run -0 deliver sales@example.org < <(message)
	[ "$(count "$BOB") $(count "$ANN")" = "1 1" ]
	grep -q '^Delivered-To: sales@example.org$' "$ANN"/new/*
}

@test "targets elsewhere become one message in the spool, once for the same id" {
	deliver -f s@example.net -i $ID away@example.org < <(message)
	deliver -f s@example.net -i $ID away@example.org < <(message)
	[ "$(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = 1 ]
	run -0 cat "$CHAINMAIL_SPOOL"/new/*
	has 'from=s@example.net' "$output"
	has 'to=x@elsewhere.net' "$output"
	has 'to=y@elsewhere.net' "$output"
	has 'Delivered-To: away@example.org' "$output"
	[[ $output != *Return-Path* ]]
}

@test "a forward that names the address itself keeps a copy" {
	deliver copy@example.org < <(message)
	[ "$(count "$CHAINMAIL_MAIL/example.org/copy/Maildir")" = 1 ]
	grep -q to=x@elsewhere.net "$CHAINMAIL_SPOOL"/new/*
}

@test "an address in a domain's alias, in a list too, is the same place" {
	printf '@old.example -> @example.org\n' >>"$CHAINMAIL_ETC/users"
	chainmail-user compile
	run -0 deliver bob+x@old.example < <(message)
	grep -qx 'Delivered-To: bob+x@example.org' "$BOB"/new/*
	rm "$BOB"/new/*
	printf 'bob@example.org\nBob@old.example\nnobody@old.example\n' >"$CHAINMAIL_ETC/list"
	run -67 deliver list@example.org < <(message)
	[ "$(count "$BOB")" = 1 ]
	has 'to=nobody@old.example for=list@example.org verdict=67' "$output"
}

@test "mail to /dev/null is dropped, logged, and finished" {
	printf '%s\n' 'gone@example.org -> /dev/null' 'both@example.org -> /dev/null, bob@example.org' \
		'box@example.org -> /dev/null' >>"$CHAINMAIL_ETC/users"
	sed -i '/|/d' "$CHAINMAIL_ETC/users" # commands need a runner, this does not
	chainmail-user compile
	run -0 deliver gone@example.org < <(message)
	has 'event=delivered' "$output"
	has 'to=gone@example.org mailbox=/dev/null verdict=0' "$output"
	run -0 deliver box@example.org < <(message)
	[ ! -e "$CHAINMAIL_MAIL/box" ]
	run -0 deliver both@example.org < <(message)
	[ "$(count "$BOB")" = 1 ]
	has 'to=both@example.org for=both@example.org mailbox=/dev/null verdict=0' "$output"
	run -0 jobs_of gone@example.org both@example.org < <(message)
	has 'done n=0 verdict=0' "$output"
	has 'place n=1 kind=pipe to=both@example.org order=0 command=/dev/null' "$output"
	run -0 jobs_of kind=pipe command=/dev/null both@example.org < <(message)
	has 'done n=0 verdict=0' "$output"
	[ -z "$(find "$CHAINMAIL_MAIL" -path "*gone*")" ]
}

@test "a list is read at delivery; a bad line in it fails by itself" {
	printf '# all\nbob@example.org\n\nann@example.org # us\n' >"$CHAINMAIL_ETC/list"
	run -0 deliver list@example.org < <(message)
	[ "$(count "$BOB") $(count "$ANN")" = "1 1" ]
	echo "| /bin/touch $BATS_TEST_TMPDIR/x" >>"$CHAINMAIL_ETC/list"
	run -65 deliver list@example.org < <(message)
	has 5.1.3 "$output"
	[ "$(count "$BOB") $(count "$ANN")" = "2 2" ]
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
	rm "$CHAINMAIL_ETC/list"
	run -75 deliver list@example.org < <(message)
}

@test "a message that was here before ends there" {
	run -65 deliver bob@example.org < <(
		echo 'Delivered-To: Bob@Example.org'
		message
	)
	has 5.4.6 "$output"
	run -0 deliver bob@example.org < <(
		echo 'Delivered-To: ann@example.org'
		message
	)
}

@test "a foreign Return-Path is removed" {
	deliver -f s@example.net bob@example.org < <(
		printf 'A: b\nReturn-path: <boss@example.org>\n folded\n'
		message
		echo 'Return-Path: in the body'
	)
	run -0 cat "$BOB"/new/*
	[ "${lines[0]}" = 'Return-Path: <s@example.net>' ]
	[ "${lines[2]}" = 'A: b' ]
	[ "${lines[3]}" = 'Subject: hello' ]
	has 'Return-Path: in the body' "$output"
}

@test "a message that begins with a blank can't continue our lines" {
	deliver bob@example.org < <(printf ' forged\n\nbody\n')
	run -0 cat "$BOB"/new/*
	[ "${output#*Delivered-To: }" = $'bob@example.org\n\n forged\n\nbody' ]
}

@test "an empty message is delivered" {
	run -0 deliver bob@example.org </dev/null
	[ "$(count "$BOB")" = 1 ]
}

@test "the database is replaced while mail goes on: no job notices" {
	for _ in {1..20}; do chainmail-user compile; done &
	compiler=$!
	while kill -0 $compiler 2>/dev/null; do
		run -0 jobs_of {bob,ann,bob,ann,bob,ann,bob,ann}@example.org < <(message)
		[ "$(grep -c verdict=0 <<<"$output")" = 8 ]
	done
	wait $compiler
}

@test "killed at any call, a copy and its forward are there once" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	copy=$CHAINMAIL_MAIL/example.org/copy/Maildir
	deliver copy@example.org < <(message)
	for call in fsync renameat2 write openat; do
		for n in {1..60}; do
			rm -f "$copy"/new/* "$CHAINMAIL_SPOOL"/new/*
			strace -f -o /dev/null -e inject=$call:signal=KILL:when="$n" \
				deliver -i $ID copy@example.org < <(message) && break
			deliver -i $ID copy@example.org < <(message)
			[ "$(count "$copy") $(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = "1 1" ]
			nothing_left
		done
		[ "$n" -gt 1 ]
	done
}

@test "a large message comes through byte by byte" {
	{
		message
		head -c 5000000 /dev/urandom
	} >"$BATS_TEST_TMPDIR/large"
	deliver -f s@x bob@example.org <"$BATS_TEST_TMPDIR/large"
	tail -n +3 "$BOB"/new/* | cmp - "$BATS_TEST_TMPDIR/large"
	rm -r "$BOB"
	deliver -f s@x bob@example.org < <(cat "$BATS_TEST_TMPDIR/large")
	tail -n +3 "$BOB"/new/* | cmp - "$BATS_TEST_TMPDIR/large"
}

@test "mail for +folder goes into the folder, if there is one" {
	deliver bob@example.org < <(message)
	mkdir -p "$BOB"/.Lists/{cur,new,tmp}
	chmod -R go= "$BOB/.Lists"
	deliver bob+lists@example.org < <(message)
	[ "$(count "$BOB/.Lists")" = 1 ]
	deliver bob+other@example.org < <(message)
	# Whatever it is, it is no way out; and it may need quotes.
	deliver '"bob+../../ann"@example.org' < <(message)
	deliver bob+../../ann@example.org < <(message)
	deliver '"bob+./x"@example.org' < <(message)
	[ "$(count "$BOB") $(count "$ANN")" = "5 0" ]
	mkdir -p "$BOB/.Two words"/{cur,new,tmp}
	chmod -R go= "$BOB/.Two words"
	deliver '"bob+two words"@example.org' < <(message)
	[ "$(count "$BOB/.Two words")" = 1 ]
}

@test "what a filter marked goes to Junk" {
	for mark in 'X-Spam-Flag: YES' 'X-Spam-Status: Yes, score=9' 'X-Spam: yes' \
		'X-Bogosity: Spam, tests=bogofilter'; do
		deliver bob@example.org < <(
			echo "$mark"
			message
		)
	done
	[ "$(count "$BOB/.Junk")" = 4 ]
	printf 'r RENAME Junk Spam\r\n' | imapd "$BOB" >/dev/null
	deliver bob@example.org < <(
		echo 'X-Spam: yes'
		message
	)
	[ "$(count "$BOB/.Spam")" = 5 ]
	for mark in 'X-Spam-Flag: NO' 'X-Spam-Status: No, yes' 'X-Spam: yesterday' \
		'X-Bogosity: Ham'; do
		deliver bob@example.org < <(
			echo "$mark"
			message
		)
	done
	[ "$(count "$BOB")" = 4 ]
}

@test "a full mailbox makes mail wait, a message that never fits fails" {
	run -0 deliver small@example.org < <(message; head -c 1500 /dev/zero | tr '\0' x)
	run -75 deliver small@example.org < <(message; head -c 1500 /dev/zero | tr '\0' x)
	has 4.2.2 "$output"
	run -65 deliver small@example.org < <(message; head -c 3000 /dev/zero | tr '\0' x)
	has 5.2.3 "$output"
	[ -n "$(ls -A "$CHAINMAIL_MAIL/.full")" ]
	# smtpd, of another user, looks for the mark.
	[ "$(stat -c %a "$CHAINMAIL_MAIL/.full")" = 711 ]
	run -0 jobs_of attempt=2 small@example.org bob@example.org < <(message; head -c 1500 /dev/zero)
	has verdict=75 "${lines[0]}"
	has verdict=0 "${lines[1]}"
}

@test "a FIFO in place of the quota's count delays no mail" {
	local box
	deliver small@example.org < <(message)
	box=$(dirname "$(find "$CHAINMAIL_MAIL" -name maildirsize)")
	rm "$box/maildirsize"
	mkfifo "$box/maildirsize"
	run -0 timeout 60 deliver small@example.org < <(message)
	[ -f "$box/maildirsize" ]
	[ "$(count "$box")" = 2 ]
}

@test "what waits together counts together against the quota" {
	run -0 jobs_of small@example.org small@example.org small@example.org < <(
		message
		head -c 800 /dev/zero
	)
	[ "$(grep -c verdict=0 <<<"$output") $(grep -c verdict=75 <<<"$output")" = "2 1" ]
}

@test "a mailbox without room for one large message is not called full" {
	private_users 'bob@mx.lan mailbox quota=1M'
	deliver bob@mx.lan < <(message)
	run -75 deliver bob@mx.lan < <(message; head -c 1048500 /dev/zero)
	has 4.2.2 "$output"
	[ ! -e "$CHAINMAIL_MAIL/.full" ]
}

@test "a delivery removes the mark of a full mailbox" {
	private_users 'bob@mx.lan mailbox quota=64K'
	deliver bob@mx.lan < <(message)
	run -75 deliver bob@mx.lan < <(message; head -c 65500 /dev/zero)
	[ -n "$(ls -A "$CHAINMAIL_MAIL/.full")" ]
	private_users 'bob@mx.lan mailbox quota=1M'
	run -0 jobs_of attempt=2 bob@mx.lan < <(message)
	[ -z "$(ls -A "$CHAINMAIL_MAIL/.full")" ]
}

@test "a mailbox that others may write to gets no mail, and the log says what to do" {
	deliver bob@example.org < <(message)
	chmod 770 "$BOB/cur"
	run -75 deliver bob@example.org < <(message)
	has "event=unsafe path=$BOB/cur owner=$(id -u) mode=0770" "$output"
	has "remedy=\"chmod u+rwx,go-w $BOB/cur\"" "$output"
	chmod 700 "$BOB/cur"
	run -0 deliver bob@example.org < <(message)
}

@test "a mailbox emptied by hand takes mail, and its mark goes" {
	private_users 'bob@mx.lan mailbox quota=150K'
	deliver bob@mx.lan < <(message; head -c 100000 /dev/zero)
	run -75 deliver bob@mx.lan < <(message; head -c 80000 /dev/zero)
	[ -n "$(ls -A "$CHAINMAIL_MAIL/.full")" ]
	rm "$CHAINMAIL_MAIL"/mx.lan/bob/Maildir/new/*
	run -0 deliver bob@mx.lan < <(message; head -c 80000 /dev/zero)
	[ -z "$(ls -A "$CHAINMAIL_MAIL/.full")" ]
}

@test "deliveries beside a session are all counted" {
	private_users 'bob@mx.lan mailbox quota=1M'
	deliver bob@mx.lan < <(message)
	M=$CHAINMAIL_MAIL/mx.lan/bob/Maildir
	for i in {1..40}; do
		printf 'a SELECT INBOX\r\nb COPY 1 Trash\r\nc MOVE 1 Archive\r\nd SELECT Trash\r\ne STORE 1 +FLAGS (\\Deleted)\r\nf EXPUNGE\r\n' |
			imapd "$M" >/dev/null 2>&1 &
		deliver bob@mx.lan < <(message) &
		# As if it had been appended to for long: it is counted anew meanwhile.
		((i % 8)) || yes '0 0' | head -n 900 >>"$M/maildirsize"
		((i % 4)) || wait
	done
	wait
	[ "$(awk 'NR > 1 { bytes += $1; count += $2 } END { print bytes, count }' "$M/maildirsize")" = \
		"$(find "$M" -path '*/cur/*' -o -path '*/new/*' | sed -n 's/.*,S=\([0-9]*\).*/\1/p' |
			awk '{ bytes += $1 } END { print bytes, NR }')" ]
}

@test "a worker ends when users.cdb names a command it has no runner for" {
	private_users 'bob@mx.lan mailbox'
	"$TOP/tests/deliver-pause.py" end "echo 'cat@mx.lan | cat' >>$CHAINMAIL_ETC/users; chainmail-user compile" bob@mx.lan
}

@test "a job without a runner is left to the next worker, without an answer" {
	private_users 'bob@mx.lan mailbox'
	"$TOP/tests/deliver-pause.py" end "echo 'cat@mx.lan | cat' >>$CHAINMAIL_ETC/users; chainmail-user compile" bob@mx.lan cat@mx.lan
}

@test "an unsafe Maildir is not touched" {
	deliver bob@example.org < <(message one)
	chmod g+w "$BOB/new"
	run -75 deliver bob@example.org < <(message)
	chmod g-w "$BOB/new"
	mv "$BOB/new" "$BATS_TEST_TMPDIR/new"
	ln -s "$BATS_TEST_TMPDIR/new" "$BOB/new"
	run -75 deliver bob@example.org < <(message)
	[ "$(find "$BATS_TEST_TMPDIR/new" -type f | wc -l)" = 1 ]
	nothing_left
}

@test "without the mail folder mail waits" {
	rmdir "$CHAINMAIL_MAIL"
	run -75 deliver bob@example.org < <(message)
	[ ! -e "$CHAINMAIL_MAIL" ]
}

@test "a Maildir put in another's place is used from then on" {
	need python3
	deliver bob@example.org < <(message)
	"$TOP/tests/deliver-pause.py" go "mv $BOB $BOB.old" bob@example.org
	[ "$(count "$BOB") $(count "$BOB.old")" = "1 2" ]
}

@test "mbox: locked, quoted, and cut back after an error" {
	deliver -f s@example.net box@example.org < <(
		message
		printf 'From me\n>From you\nFrom\n From\nlast'
	)
	run -0 cat "$CHAINMAIL_MAIL/box"
	[[ ${lines[0]} == 'From s@example.net '* ]]
	[ "$(tail -n 6 "$CHAINMAIL_MAIL/box")" = '>From me
>>From you
From
 From
last' ]
	before=$(cksum <"$CHAINMAIL_MAIL/box")
	if ! sanitized && command -v strace; then
		run -75 strace -f -o /dev/null -P "$CHAINMAIL_MAIL/box" \
			-e inject=fsync:error=EIO:when=1 deliver box@example.org < <(message)
		[ "$(cksum <"$CHAINMAIL_MAIL/box")" = "$before" ]
	fi
	[ ! -e "$CHAINMAIL_MAIL/box.lock" ]
	python3 -c 'import mailbox, sys; assert len(mailbox.mbox(sys.argv[1])) == 1' "$CHAINMAIL_MAIL/box"
}

@test "mbox: a lock left by a killed deliver is ignored, another's is respected" {
	local box=$CHAINMAIL_MAIL/box started
	need strace
	sanitized && skip "the calls are those of the release build"
	deliver box@example.org < <(message)
	run strace -f -o /dev/null -e inject=unlink:signal=KILL deliver box@example.org < <(message)
	[ "$status" != 0 ] && [ -e "$box.lock" ]
	started=$SECONDS
	for _ in 1 2 3; do deliver box@example.org < <(message) & done
	wait
	[ $((SECONDS - started)) -lt 8 ]
	[ "$(grep -c '^From ' "$box")" = 5 ]
	[ ! -e "$box.lock" ]
	touch "$box.lock"
	run -75 deliver box@example.org < <(message)
	[ -e "$box.lock" ]
	touch -d '6 minutes ago' "$box.lock"
	run -0 deliver box@example.org < <(message)
	[ ! -e "$box.lock" ]
	[ "$(grep -c '^From ' "$box")" = 6 ]
}

@test "a command has the message and its environment, and no descriptor more" {
	run -0 deliver -f s@example.net -i $ID cat@example.org < <(message)
	[ "$(tail -n 3 "$BATS_TEST_TMPDIR/out")" = "$(message)" ]
	run -0 cat "$BATS_TEST_TMPDIR/env"
	has 'SENDER=s@example.net' "$output"
	has 'RECIPIENT=cat@example.org' "$output"
	has 'LOCAL=cat' "$output"
	has "MESSAGE_ID=$ID" "$output"
	[[ $output != *CHAINMAIL_* ]]
}

@test "a command's exit code is the verdict, its last line the reason" {
	run -77 deliver no@example.org < <(message)
	has 'not today' "$output"
	run -75 deliver later@example.org < <(message)
	run -75 deliver odd@example.org < <(message)
	run -75 deliver dead@example.org < <(message)
}

@test "a command nobody watches any more is tried again, not waited for" {
	private_users 'example.org domain
alone@example.org | kill -9 $PPID'
	run -75 timeout 20 deliver alone@example.org < <(message)
	has 'is unknown' "$output"
}

@test "a command over its time limit is killed, and mail waits" {
	echo 'pipe-time 1s' >"$CHAINMAIL_ETC/limits"
	run -75 deliver slow@example.org < <(message)
	has 'time limit' "$output"
}

@test "a slow command does not hold up other mail" {
	echo 'pipe-time 2s' >"$CHAINMAIL_ETC/limits"
	run -0 jobs_of slow@example.org bob@example.org < <(message)
	has 'verdict=75' "${lines[0]}"
	has 'verdict=0' "${lines[1]}"
	[[ $(sed -n 's/.*to=bob.* ms=\([0-9]*\)$/\1/p' "$BATS_TEST_TMPDIR/log") -lt 1500 ]]
}

@test "commands come last: not at all when a Maildir has to wait" {
	deliver mixed@example.org < <(message)
	[ "$(grep -c Subject "$BATS_TEST_TMPDIR/out")" = 1 ]
	chmod g+w "$BOB/new"
	run -75 deliver mixed@example.org < <(message)
	[ "$(grep -c Subject "$BATS_TEST_TMPDIR/out")" = 1 ]
}

@test "the worker reads nothing but mail and configuration" {
	mkdir "$BATS_TEST_TMPDIR/other"
	cp "$CHAINMAIL_ETC/users.cdb" "$BATS_TEST_TMPDIR/other"
	echo bob@example.org >"$CHAINMAIL_ETC/list"
	CHAINMAIL_ETC=$BATS_TEST_TMPDIR/other run -0 jobs_of list@example.org < <(message)
	has 'verdict=75' "$output"
	run -0 jobs_of list@example.org < <(message)
	has 'verdict=0' "${lines[1]}"
}

@test "it starts no program and makes no network socket" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	run -0 jobs_of program="strace -f -e trace=execve,execveat,socket,seccomp,prctl -o $BATS_TEST_TMPDIR/trace deliver" \
		bob@example.org cat@example.org < <(message)
	trace=$BATS_TEST_TMPDIR/trace
	run ! grep AF_INET "$trace"
	# The worker's own filter is on before its first job, and for good.
	worker=$(sed -n '1s/ .*//p' "$trace")
	[ "$(grep -c "^$worker .*exec" "$trace")" = 1 ]
	grep "^$worker " "$trace" | grep -q -i seccomp
}

@test "killed at any call and started again: delivered once, nothing else left" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	deliver ann@example.org < <(message)
	deliver bob@example.org < <(message)
	for call in openat write fsync renameat2 close; do
		for n in {1..40}; do
			rm -f "$BOB"/new/*
			strace -f -o /dev/null -e inject=$call:signal=KILL:when="$n" \
				deliver -i $ID bob@example.org < <(message) && break
			deliver -i $ID bob@example.org < <(message)
			[ "$(count "$BOB")" = 1 ]
			nothing_left
		done
		[ "$n" -gt 1 ]
	done
}

@test "an error of any call: later, and nothing is left behind" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	deliver bob@example.org < <(message)
	rm -f "$BOB"/new/*
	message >"$BATS_TEST_TMPDIR/message"
	for fault in write:error=ENOSPC:when=1 write:error=EDQUOT:when=1 \
		fsync:error=EIO:when=1 fsync:error=EIO:when=2 \
		renameat2:error=ENOSPC:when=1; do
		run -75 strace -f -o /dev/null -e inject="$fault" \
			deliver -i $ID bob@example.org <"$BATS_TEST_TMPDIR/message"
		[ "$(count "$BOB")" = 0 ]
		nothing_left
	done
	run -0 deliver -i $ID bob@example.org < <(message)
}

@test "root becomes the owner of the mail, and an account's uid where it has one" {
	need_root
	CHAINMAIL_MAIL=$(mktemp -d) # where others can go
	chmod 755 "$CHAINMAIL_MAIL"
	BOB=$CHAINMAIL_MAIL/mail/example.org/bob/Maildir
	mkdir "$CHAINMAIL_MAIL"/{mail,etc,home}
	cp -r "$CHAINMAIL_ETC"/* "$CHAINMAIL_MAIL/etc"
	root=$CHAINMAIL_MAIL CHAINMAIL_ETC=$CHAINMAIL_MAIL/etc
	CHAINMAIL_MAIL=$CHAINMAIL_MAIL/mail CHAINMAIL_SPOOL=$root/none
	chown nobody:nogroup "$CHAINMAIL_MAIL"
	chown daemon "$root/home"
	run -0 deliver bob@example.org < <(message)
	[ "$(stat -c %U "$BOB"/new/*)" = nobody ]
	{
		echo 'mx.lan domain'
		echo 'bob@mx.lan mailbox'
		echo "own@mx.lan mailbox uid=daemon home=$root/home"
	} >"$CHAINMAIL_ETC/users"
	chainmail-user compile
	run -0 jobs_of own@mx.lan bob@mx.lan < <(message)
	has verdict=0 "${lines[0]}"
	has verdict=0 "${lines[1]}"
	[ "$(stat -c %U "$root"/home/Maildir/new/*)" = daemon ]
	[ "$(stat -c %U "$CHAINMAIL_MAIL"/mx.lan/bob/Maildir/new/*)" = nobody ]
	rm -r "$root"
}
