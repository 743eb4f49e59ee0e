#!/usr/bin/env bats
# What deliver's worker answers where an address is more than one place.

bats_require_minimum_version 1.5.0
load helper

ID=01KA0000000000000000000000

setup() {
	private_dirs
	LIST=$CHAINMAIL_ETC/list
	echo mx.lan >"$CHAINMAIL_ETC/me"
	private_users 'example.org domain
bob@example.org mailbox
ann@example.org mailbox
box@example.org mailbox mbox='"$CHAINMAIL_MAIL"'/box
sales@example.org -> bob@example.org, ann@example.org, bob@example.org
team@example.org -> sales@example.org, ext@example.net, robot@example.org
copy@example.org mailbox
copy@example.org -> copy@example.org, ext@example.net
self@example.org mailbox
self@example.org -> :include:'"$LIST"'
round@example.org -> :include:'"$LIST"'
list@example.org -> :include:'"$LIST"'
mixed@example.org -> bob@example.org, | cat >>'"$BATS_TEST_TMPDIR"'/mixed
robot@example.org | cat >>'"$BATS_TEST_TMPDIR"'/out; echo "$RECIPIENT $EXT" >>'"$BATS_TEST_TMPDIR"'/env
fail@example.org | exit 65
later@example.org | exit 75
catch.example domain
known@catch.example mailbox
x@catch.example mailbox
@catch.example | cat >>'"$BATS_TEST_TMPDIR"'/out; echo "$RECIPIENT" >>'"$BATS_TEST_TMPDIR"'/env
all.example domain
@all.example -> bob@example.org, | cat >>'"$BATS_TEST_TMPDIR"'/out'
	BOB=$CHAINMAIL_MAIL/example.org/bob/Maildir
	ANN=$CHAINMAIL_MAIL/example.org/ann/Maildir
}

message() { printf 'Subject: hello\n\nbody\n'; }
count() { find "$1/new" "$1/cur" -type f 2>/dev/null | wc -l; }
jobs_of() { "$TOP/tests/deliver-jobs.py" "$@" 2>"$BATS_TEST_TMPDIR/log"; }
teardown() { stop_background; }
# expands TO LINE...: the job's answer is these places, without n=, and no more.
expands() {
	local to=$1 want
	shift
	want=$(printf 'place %s\n' "$@")
	run -0 jobs_of "$to" < <(message)
	[ "$(sed 's/ n=0//' <<<"$output")" = "$want
done verdict=0 status=2.0.0 action=2 places=$#" ] && return
	printf 'is: %s\n' "$output" >&2
	return 1
}
# nothing_done: no mail, and no command that ran.
nothing_done() {
	[ -z "$(find "$CHAINMAIL_MAIL" -type f)" ]
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
	[ ! -e "$BATS_TEST_TMPDIR/mixed" ]
}

@test "a mailbox, an mbox and a command alone are delivered at once" {
	run -0 jobs_of bob@example.org box@example.org robot@example.org < <(message)
	[ "$output" = 'done n=0 verdict=0 status=2.0.0
done n=1 verdict=0 status=2.0.0
done n=2 verdict=0 status=2.0.0' ]
	[ "$(count "$BOB")" = 1 ]
	[ -s "$CHAINMAIL_MAIL/box" ]
	[ -s "$BATS_TEST_TMPDIR/out" ]
}

@test "an alias is expanded, each place once, and nothing is delivered" {
	expands sales@example.org 'kind=mailbox to=bob@example.org' 'kind=mailbox to=ann@example.org'
	run -0 jobs_of team@example.org < <(message)
	[ "$(sed 's/ command=.*//; s/ n=0//' <<<"$output")" = 'place to=ext@example.net
place kind=pipe to=robot@example.org order=0
place kind=mailbox to=bob@example.org
place kind=mailbox to=ann@example.org
done verdict=0 status=2.0.0 action=2 places=4' ]
	has ' command=cat%20' "$output"
	expands copy@example.org 'kind=mailbox to=copy@example.org' 'to=ext@example.net'
	nothing_done
	run -0 cat "$BATS_TEST_TMPDIR/log"
	has 'event=expanded id=' "$output"
	has ' places=2 ' "$output"
}

@test "the case of an address does not make a place of its own" {
	printf 'Bob@Example.org\nbob@example.ORG\nExt@example.net\next@EXAMPLE.net\n"bob"@example.org\n' >"$LIST"
	expands list@example.org 'kind=mailbox to=bob@example.org' 'to=Ext@example.net'
}

@test "an account on a list that its own mail goes to has its copy" {
	printf 'self@example.org\next@example.net\n' >"$LIST"
	expands self@example.org 'kind=mailbox to=self@example.org' 'to=ext@example.net'
	# Over an alias and a second account's list too.
	private_users 'example.org domain
other@example.org -> :include:'"$LIST"'
self@example.org mailbox
self@example.org -> other@example.org'
	expands self@example.org 'kind=mailbox to=self@example.org' 'to=ext@example.net'
	expands other@example.org 'kind=mailbox to=self@example.org' 'to=ext@example.net'
	expands self+sub@example.org 'kind=mailbox to=self+sub@example.org' 'to=ext@example.net'
	# And none if it is not.
	echo ext@example.net >"$LIST"
	expands self@example.org 'to=ext@example.net'
	nothing_done
}

@test "an address without a place is a failure" {
	echo '# nobody' >"$LIST"
	run -0 jobs_of list@example.org < <(message)
	has 'done n=0 verdict=65 status=5.2.4' "$output"
	: >"$LIST"
	run -0 jobs_of self@example.org < <(message)
	has 'done n=0 verdict=65 status=5.2.4' "$output"
	printf 'round@example.org\nlist@example.org\n' >"$LIST"
	run -0 jobs_of list@example.org < <(message)
	[ "${#lines[@]}" = 1 ]
	has 'done n=0 verdict=65 status=5.4.6' "$output"
	run -0 jobs_of nobody@example.org < <(message)
	has 'done n=0 verdict=67 status=5.1.1' "$output"
	nothing_done
}

@test "an unknown member, or an invalid address, is a place of its own" {
	printf 'nobody@example.org\nno address\nbob@example.org\n| touch %s/x\n\303\n' "$BATS_TEST_TMPDIR" >"$LIST"
	run -0 jobs_of list@example.org < <(message)
	has 'place n=0 to=nobody@example.org
place n=0 kind=mailbox to=bob@example.org
done n=0 verdict=0 status=2.0.0 action=2 places=5' "$output"
	[ "$(grep -c ' verdict=65 status=5.1.3 text=' <<<"$output")" = 3 ]
	has 'place n=0 to=no%20address verdict=65' "$output"
	has 'to=%3F verdict=65' "$output"
	[ "$(grep -c 'event=failed .*status=5.1.3' "$BATS_TEST_TMPDIR/log")" = 3 ]
	run -0 jobs_of for=list@example.org nobody@example.org < <(message)
	has 'verdict=67 status=5.1.1' "$output"
}

@test "if a list or the database can't be read the whole address waits" {
	echo bob@example.org >"$LIST"
	private_users 'example.org domain
bob@example.org mailbox
both@example.org -> bob@example.org, :include:'"$LIST"', :include:'"$LIST".2
	run -0 jobs_of both@example.org < <(message)
	[ "${#lines[@]}" = 1 ]
	has 'done n=0 verdict=75 status=4.3.5' "$output"
	mkdir "$LIST.2"
	run -0 jobs_of both@example.org < <(message)
	[ "${#lines[@]}" = 1 ]
	has 'done n=0 verdict=75 status=4.3.5' "$output"
	printf x >>"$CHAINMAIL_ETC/users.cdb"
	run -0 jobs_of both@example.org bob@example.org < <(message)
	[ "$(grep -c 'verdict=75 status=4.3.0' <<<"$output")" = 2 ]
	nothing_done
}

@test "20000 addresses: each once, in packets that fit, in little memory" {
	seq -f 'user%.0f@example.net' 19998 >"$LIST"
	seq -f 'user%.0f@example.net' 100 >>"$LIST"
	printf 'bob@example.org\nself@example.org\n' >>"$LIST"
	jobs_of program="env time -f %M -o $BATS_TEST_TMPDIR/kilobytes deliver" self@example.org \
		< <(message) >"$BATS_TEST_TMPDIR/answer"
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/answer")" = \
		'done n=0 verdict=0 status=2.0.0 action=2 places=20000' ]
	[ "$(grep -c ^place "$BATS_TEST_TMPDIR/answer")" = 20000 ]
	[ -z "$(sort "$BATS_TEST_TMPDIR/answer" | uniq -d)" ]
	sanitized || [ "$(cat "$BATS_TEST_TMPDIR/kilobytes")" -lt 40000 ]
}

@test "a place has the same name however it was reached" {
	run -0 jobs_of id=$ID bob@example.org < <(message)
	direct=$(ls "$BOB/new")
	run -0 jobs_of id=$ID attempt=2 kind=mailbox for=sales@example.org BOB@example.org < <(message)
	has 'verdict=0' "$output"
	[ "$(count "$BOB")" = 1 ]
	rm "$BOB"/new/*
	run -0 jobs_of id=$ID kind=mailbox for=sales@example.org BOB@example.org < <(message)
	place=$(ls "$BOB/new")
	[ "${direct%%,*}" = "${place%%,*}" ]
}

@test "a mailbox that is a recipient and a place of the message has it once" {
	run -0 jobs_of id=$ID bob@example.org < <(message)
	run -0 jobs_of id=$ID recipients=sales@example.org,Bob@Example.org kind=mailbox \
		for=sales@example.org bob@example.org < <(message)
	has 'verdict=0' "$output"
	[ "$(count "$BOB")" = 1 ]
}

@test "Delivered-To is the address that a place came through" {
	jobs_of kind=mailbox for=sales@example.org bob@example.org < <(message)
	[ "$(sed -n 2p "$BOB"/new/*)" = 'Delivered-To: sales@example.org' ]
	jobs_of kind=pipe for=team@example.org order=0 robot@example.org < <(message)
	[ "$(sed -n 2p "$BATS_TEST_TMPDIR/out")" = 'Delivered-To: team@example.org' ]
	[ "$(cat "$BATS_TEST_TMPDIR/env")" = 'team@example.org ' ]
	run -0 jobs_of kind=mailbox for=$'x\nX-Forged: y' ann@example.org < <(message)
	has 'verdict=75' "$output"
	[ ! -e "$ANN" ]
}

@test "a mailbox is delivered to whatever its other targets are" {
	jobs_of kind=mailbox for=copy@example.org copy@example.org < <(message)
	[ "$(count "$CHAINMAIL_MAIL/example.org/copy/Maildir")" = 1 ]
	mkdir -p "$CHAINMAIL_MAIL"/example.org/copy/Maildir/.Work/{cur,new,tmp}
	chmod -R go= "$CHAINMAIL_MAIL/example.org/copy/Maildir/.Work"
	jobs_of kind=mailbox copy+work@example.org < <(message)
	[ "$(count "$CHAINMAIL_MAIL/example.org/copy/Maildir/.Work")" = 1 ]
	expands copy+work@example.org 'kind=mailbox to=copy+work@example.org' 'to=ext@example.net'
}

@test "a command is found by its words, or by its order" {
	run -0 jobs_of kind=pipe order=0 command='was another' robot@example.org < <(message)
	has 'verdict=0' "$output"
	[ "$(grep -c Subject "$BATS_TEST_TMPDIR/out")" = 1 ]
	run -0 jobs_of kind=pipe order=0 command="cat >>$BATS_TEST_TMPDIR/mixed" \
		mixed@example.org < <(message)
	has 'verdict=0' "$output"
	[ "$(grep -c Subject "$BATS_TEST_TMPDIR/mixed")" = 1 ]
	[ ! -e "$BOB" ]
	run -0 jobs_of kind=pipe order=1 command=gone robot@example.org nobody@example.org < <(message)
	[ "$(grep -c 'verdict=67 status=5.1.1' <<<"$output")" = 2 ]
	[ "$(grep -c Subject "$BATS_TEST_TMPDIR/out")" = 1 ]
}

@test "only commands that users.cdb names are run" {
	run -0 jobs_of kind=pipe order=0 command="touch $BATS_TEST_TMPDIR/x" robot@example.org < <(message)
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
}

@test "a place that has become an alias is expanded" {
	run -0 jobs_of kind=mailbox for=x@example.org sales@example.org < <(message)
	has 'place n=0 kind=mailbox to=bob@example.org' "$output"
	has 'action=2 places=2' "$output"
	run -0 jobs_of kind=pipe order=0 command=x for=x@example.org sales@example.org bob@example.org < <(message)
	has 'done n=0 verdict=0 status=2.0.0 action=2 places=2' "$output"
	has 'place n=1 kind=mailbox to=bob@example.org' "$output"
	has 'done n=1 verdict=0 status=2.0.0 action=2 places=1' "$output"
	nothing_done
	run -0 jobs_of kind=mailbox robot@example.org nobody@example.org < <(message)
	has 'place n=0 kind=pipe to=robot@example.org order=0' "$output"
	has 'done n=1 verdict=67 status=5.1.1' "$output"
	nothing_done
}

@test "with an unknown kind the mail waits" {
	run -0 jobs_of kind=dovecote bob@example.org < <(message)
	has 'verdict=75 status=4.3.5' "$output"
	nothing_done
}

@test "a catch-all's command runs for any name, also where there are users" {
	run -0 jobs_of any@catch.example other+ext@catch.example known@catch.example < <(message)
	[ "$(grep -c verdict=0 <<<"$output")" = 3 ]
	[ "$(sort "$BATS_TEST_TMPDIR/env")" = 'any@catch.example
other+ext@catch.example' ]
	run -0 deliver any@catch.example < <(message)
	[ "$(grep -c Subject "$BATS_TEST_TMPDIR/out")" = 3 ]
}

@test "a catch-all of several targets is expanded for the name that was asked for" {
	run -0 jobs_of any@all.example < <(message)
	[ "$(sed 's/ command=.*//' <<<"$output")" = 'place n=0 kind=pipe to=any@all.example order=0
place n=0 kind=mailbox to=bob@example.org
done n=0 verdict=0 status=2.0.0 action=2 places=2' ]
	nothing_done
	run -0 jobs_of kind=pipe order=0 command=x for=any@all.example any@all.example < <(message)
	has 'verdict=0' "$output"
	[ -s "$BATS_TEST_TMPDIR/out" ]
}

@test "a message that was at the address before is not expanded again" {
	run -0 jobs_of team@example.org bob@example.org < <(
		echo 'Delivered-To: "Team"@Example.org'
		message
	)
	[ "${#lines[@]}" = 2 ]
	has 'done n=0 verdict=65 status=5.4.6' "$output"
	has 'done n=1 verdict=0' "$output"
	# A place was looked at with the address it came through.
	run -0 jobs_of kind=mailbox for=copy@example.org ann@example.org < <(
		echo 'Delivered-To: ann@example.org'
		message
	)
	has 'verdict=0' "$output"
	run -0 jobs_of for=copy@example.org ann@example.org < <(
		echo 'Delivered-To: ann@example.org'
		message
	)
	has 'status=5.4.6' "$output"
}

@test "final results are noted, temporary ones and expansions are not" {
	notes=$BATS_TEST_TMPDIR/notes
	run -0 jobs_of notes="$notes" id=$ID token=0123456789abcdef bob@example.org +index=3 \
		nobody@example.org +index=4 sales@example.org later@example.org \
		fail@example.org +index=5 ann@example.org +token= < <(message)
	[ "$(grep -c ^done <<<"$output")" = 6 ]
	[ "$(wc -l <"$notes")" = 3 ]
	grep -q "^note id=$ID index=3 token=0123456789abcdef verdict=0 status=2.0.0 .*end=1$" "$notes"
	grep -q "^note id=$ID index=4 token=0123456789abcdef verdict=67 status=5.1.1 .*end=1$" "$notes"
	grep -q "^note id=$ID index=5 token=0123456789abcdef verdict=65 status=5.3.0 .*end=1$" "$notes"
}

@test "the note is written and the message closed before the answer" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	notes=$BATS_TEST_TMPDIR/notes
	deliver bob@example.org < <(message)
	run -0 jobs_of notes="$notes" token=0123456789abcdef \
		program="strace -y -e trace=fsync,write,close,sendmsg -o $BATS_TEST_TMPDIR/trace deliver" \
		bob@example.org bob@example.org < <(message)
	[ "$(grep -c verdict=0 <<<"$output")" = 2 ]
	# The first fsync is a file's; what is closed are the memory files of the jobs.
	[ "$(sed -nE 's/^(fsync|sendmsg)\(.*/\1/p; s/^write\([0-9]+<.*notes>.*/note/p; s/^close\([0-9]+<.*memfd:spool.*/close/p' \
		"$BATS_TEST_TMPDIR/trace" | uniq -c | awk '{ printf "%s%s ", $1, $2 }')" = \
		"3fsync 1note 1close 1sendmsg 1close 1sendmsg " ]
}

@test "SIGTERM ends an idle worker at once, and a busy one when it has answered" {
	private_users 'example.org domain
bob@example.org mailbox
slow@example.org | touch '"$BATS_TEST_TMPDIR"'/started; until [ -e '"$BATS_TEST_TMPDIR"'/go ]; do sleep 0.02; done'
	timeout 60 "$TOP/tests/deliver-term.py" idle "$BATS_TEST_TMPDIR" bob@example.org
	rm -r "$BOB" "$BATS_TEST_TMPDIR/notes"
	timeout 60 "$TOP/tests/deliver-term.py" busy "$BATS_TEST_TMPDIR" slow@example.org
	[ ! -e "$BOB" ]
}

@test "SIGTERM to listen: idle workers end, busy ones when they have answered" {
	private_users 'example.org domain
slow@example.org | touch '"$BATS_TEST_TMPDIR"'/started; until [ -e '"$BATS_TEST_TMPDIR"'/go ]; do sleep 0.02; done'
	background listen -c 4 "seqpacket:$CHAINMAIL_RUN/deliver" deliver
	listen=$!
	await_socket "$CHAINMAIL_RUN/deliver"
	timeout 60 "$TOP/tests/deliver-term.py" served "$BATS_TEST_TMPDIR" slow@example.org "$listen"
	wait "$listen"
}

@test "a worker whose queue-run died notes what it still has in hand" {
	private_users 'example.org domain
slow@example.org | touch '"$BATS_TEST_TMPDIR"'/started; until [ -e '"$BATS_TEST_TMPDIR"'/go ]; do sleep 0.02; done'
	timeout 60 "$TOP/tests/deliver-term.py" dead "$BATS_TEST_TMPDIR" slow@example.org
}

@test "the worker has no way into the spool" {
	echo bob@example.org >"$CHAINMAIL_SPOOL/new/list"
	ln -s "$CHAINMAIL_SPOOL/new/list" "$LIST"
	run -0 jobs_of list@example.org bob@example.org < <(message)
	has 'done n=0 verdict=75' "$output"
	has 'done n=1 verdict=0' "$output"
}

@test "the folder of a new mbox is synced before the message is called delivered" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	trace="strace -y -e trace=fsync,syncfs -o $BATS_TEST_TMPDIR/trace"
	$trace deliver box@example.org < <(message)
	[ "$(grep -c "^fsync([0-9]*<$CHAINMAIL_MAIL>) *= 0" "$BATS_TEST_TMPDIR/trace")" = 1 ]
	# One that was made, and left empty by a crash, is new as well.
	: >"$CHAINMAIL_MAIL/box"
	$trace deliver box@example.org < <(message)
	[ "$(grep -c "^fsync([0-9]*<$CHAINMAIL_MAIL>) *= 0" "$BATS_TEST_TMPDIR/trace")" = 1 ]
	$trace deliver box@example.org < <(message)
	run ! grep "<$CHAINMAIL_MAIL>" "$BATS_TEST_TMPDIR/trace"
}

@test "by hand every place is delivered, and the worst verdict is the exit code" {
	printf 'bob@example.org\next@example.net\nnobody@example.org\nother@example.net\nrobot@example.org\n' >"$LIST"
	run -67 deliver -f s@example.net -i $ID list@example.org < <(message)
	[ "$(count "$BOB")" = 1 ]
	[ "$(grep -c Subject "$BATS_TEST_TMPDIR/out")" = 1 ]
	[ "$(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = 1 ]
	[ "$(grep -c '^to=' "$CHAINMAIL_SPOOL"/new/*)" = 2 ]
	for word in 'event=expanded' 'event=delivered .*to=bob@example.org' \
		'event=failed .*to=nobody@example.org' 'event=delivered .*to=robot@example.org'; do
		[[ $output =~ $word ]]
	done
	echo later@example.org >>"$LIST"
	run -75 deliver -f s@example.net -i $ID list@example.org < <(message)
}

@test "as root: places under the uid of their accounts" {
	need_root
	root=$(mktemp -d) # where others can go
	chmod 755 "$root"
	mkdir "$root"/{mail,etc,home}
	export CHAINMAIL_ETC=$root/etc CHAINMAIL_MAIL=$root/mail
	chown nobody:nogroup "$CHAINMAIL_MAIL"
	chown daemon "$root/home"
	printf 'own@mx.lan\nbob@mx.lan\n' >"$CHAINMAIL_ETC/list"
	private_users "mx.lan domain
bob@mx.lan mailbox
own@mx.lan mailbox uid=daemon home=$root/home
own@mx.lan -> :include:$CHAINMAIL_ETC/list, | id -un >$root/home/who"
	run -0 jobs_of own@mx.lan < <(message)
	has 'place n=0 kind=pipe to=own@mx.lan order=0' "$output"
	has 'place n=0 kind=mailbox to=own@mx.lan' "$output"
	has 'place n=0 kind=mailbox to=bob@mx.lan' "$output"
	run -0 jobs_of for=own@mx.lan notes="$root/notes" token=0123456789abcdef own@mx.lan +kind=mailbox \
		bob@mx.lan +kind=mailbox own@mx.lan +kind=pipe +order=0 < <(message)
	[ "$(grep -c verdict=0 <<<"$output")" = 3 ]
	[ "$(grep -c verdict=0 "$root/notes")" = 3 ]
	[ "$(stat -c %U "$root"/home/Maildir/new/*)" = daemon ]
	[ "$(stat -c %U "$CHAINMAIL_MAIL"/mx.lan/bob/Maildir/new/*)" = nobody ]
	[ "$(cat "$root/home/who")" = daemon ]
	rm -r "$root"
}
