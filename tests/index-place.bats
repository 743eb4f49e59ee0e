#!/usr/bin/env bats
# CHAINMAIL_INDEX: the indexes on a local disk, the mail elsewhere.
# shellcheck disable=SC2030,SC2031

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	export CHAINMAIL_INDEX=$BATS_TEST_TMPDIR/indexes
	mkdir -m 700 "$CHAINMAIL_INDEX"
	MAILDIR=$BATS_TEST_TMPDIR/home/Maildir
	LOG=$BATS_TEST_TMPDIR/log
	mkdir -p "$MAILDIR"/{cur,new,tmp}
	chmod -R go-w "$BATS_TEST_TMPDIR/home"
	path=$(cd "$MAILDIR" && pwd -P)
	PLACE=$CHAINMAIL_INDEX/$(sed 's,/,%2F,g' <<<"${path#/}")
	printf 'Subject: x\n\nbody\n' >"$MAILDIR/cur/1.a.h,S=17,W=20:2,S"
}

teardown() { stop_background; }

imap() { printf '%b' "$1" | crlf | imapd "$MAILDIR" 2>>"$LOG" | lf; }
pop() { printf '%b' "$1" | crlf | pop3d "$MAILDIR" 2>>"$LOG" | lf; }

@test "the index is there and not beside the mail, and each session uses it" {
	run -0 imap 'a SELECT INBOX\nb UID FETCH 1 ENVELOPE\nc LOGOUT\n'
	has '* 1 EXISTS' "$output"
	has '1 FETCH (' "$output"
	[ -s "$PLACE/index" ]
	[ -s "$PLACE/index.names" ]
	run find "$MAILDIR" -name 'index*'
	[ -z "$output" ]
	before=$(stat -c %i "$PLACE/index")
	run -0 pop 'STAT\nQUIT\n'
	has '+OK 1 20' "$output"
	run -0 imap 'a STATUS INBOX (MESSAGES UIDNEXT)\nc LOGOUT\n'
	has '(MESSAGES 1 UIDNEXT 2)' "$output"
	[ "$(stat -c %i "$PLACE/index")" = "$before" ]
	run find "$MAILDIR" -name 'index*'
	[ -z "$output" ]
}

@test "what another host changes is seen, though its index is another one" {
	run -0 imap 'a SELECT INBOX\nc LOGOUT\n'
	mkdir -m 700 "$BATS_TEST_TMPDIR/elsewhere"
	CHAINMAIL_INDEX=$BATS_TEST_TMPDIR/elsewhere run -0 imap \
		'a SELECT INBOX\nb STORE 1 +FLAGS (\\Flagged)\nc APPEND INBOX {12+}\nSubject: y\n\nd LOGOUT\n'
	has 'b OK' "$output"
	has 'c OK' "$output"
	run -0 imap 'a SELECT INBOX\nb FETCH 1 FLAGS\nc LOGOUT\n'
	has '* 2 EXISTS' "$output"
	has 'FLAGS (\Flagged \Seen)' "$output"
}

@test "a mailbox has a folder there, which goes with it" {
	run -0 imap 'a CREATE one\nb SELECT one\nc CREATE two/three\nd EXAMINE two/three\ne LOGOUT\n'
	[ -s "$PLACE/.one/index" ]
	[ -s "$PLACE/.two.three/index" ]
	run -0 imap 'a DELETE one\nb RENAME two/three four\nc LOGOUT\n'
	[ ! -e "$PLACE/.one" ]
	[ ! -e "$PLACE/.two.three" ]
	run -0 imap 'a SELECT four\nc LOGOUT\n'
	[ -s "$PLACE/.four/index" ]
	run find "$MAILDIR" -name 'index*'
	[ -z "$output" ]
}

@test "a damaged index there is found and made anew" {
	need_root
	chown -R nobody: "$BATS_TEST_TMPDIR/home" "$CHAINMAIL_INDEX"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	run -0 chainmail-folder rebuild "$MAILDIR"
	printf x | dd of="$PLACE/index.names" bs=1 seek=20 conv=notrunc status=none
	run -1 chainmail-folder check "$MAILDIR" INBOX
	has 'its index is damaged or wrong' "$output"
	run -0 chainmail-folder rebuild "$MAILDIR" INBOX
	run -0 chainmail-folder check "$MAILDIR" INBOX
	has 'index good' "$output"
	run find "$MAILDIR" -name 'index*'
	[ -z "$output" ]
}

@test "a folder that others may write to is not used, and told of" {
	mkdir "$PLACE"
	chmod 770 "$PLACE"
	run -0 imap 'a SELECT INBOX\nc LOGOUT\n'
	has '* 1 EXISTS' "$output"
	grep -q "event=index-place path=.* error=\"Operation not permitted\" remedy=" "$LOG"
	[ -z "$(ls "$PLACE")" ]
	[ -s "$MAILDIR/index" ]
}

@test "a session behind a login has its own folder there" {
	export FAKE_MAILBOX=$MAILDIR
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$BUILD/bin/login" "$BUILD/bin/imapd" "$BATS_TEST_TMPDIR/bin/"
	: >"$BATS_TEST_TMPDIR/asked"
	background "$TOP/tests/helper/fake-authd" "$CHAINMAIL_RUN/auth" "$BATS_TEST_TMPDIR/asked"
	await_socket "$CHAINMAIL_RUN/auth"
	printf 'a LOGIN bob secret\r\nb SELECT INBOX\r\nc LOGOUT\r\n' |
		SERVICE=imap "$BATS_TEST_TMPDIR/bin/login" 2>>"$LOG" | lf >"$BATS_TEST_TMPDIR/out"
	grep -q '^\* 1 EXISTS' "$BATS_TEST_TMPDIR/out"
	[ -s "$PLACE/index" ]
	run find "$MAILDIR" -name 'index*'
	[ -z "$output" ]
}

@test "without the variable all is beside the mail" {
	unset CHAINMAIL_INDEX
	run -0 imap 'a SELECT INBOX\nc LOGOUT\n'
	[ -s "$MAILDIR/index" ]
	[ ! -e "$PLACE" ]
}
