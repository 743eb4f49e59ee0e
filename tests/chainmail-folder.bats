#!/usr/bin/env bats
# chainmail folder: what is wrong with a mailbox's folders, and its repair.
# shellcheck disable=SC2030,SC2031

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	private_users $'example.org domain\nbob@example.org mailbox'
	MAILDIR=$CHAINMAIL_MAIL/example.org/bob/Maildir
	mkdir -p "${MAILDIR%/*}"
	printf 'QUIT\r\n' | pop3d "$MAILDIR" >/dev/null 2>&1 # makes it
	# All that an unprivileged user needs to reach.
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" \
		"$CHAINMAIL_MAIL" "$CHAINMAIL_MAIL"/*
	mkdir -m 755 "$BATS_TEST_TMPDIR/bin"
	cp "$BUILD/bin/imapd" "$BUILD/bin/chainmail-folder" "$BATS_TEST_TMPDIR/bin"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	own
}
teardown() { stop_background; }

# The mail belongs to an unprivileged user, as everywhere; without root to us.
own() { [ "$(id -u)" != 0 ] || chown -R nobody: "$CHAINMAIL_MAIL/example.org"; }
owner() {
	if [ "$(id -u)" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi
}

# put NAME TEXT: a message into cur/.
put() {
	printf '%b' "${2-Subject: x\n\nbody\n}" >"$MAILDIR/cur/$1"
	own
}
some() { for i in 1 2 3; do put "$i.a.h,S=17,W=20:2,S"; done; }
session() { printf '%b' "$1" | crlf | owner imapd "$MAILDIR" 2>/dev/null | lf; }
folder() { run chainmail folder "$@"; }

@test "a mailbox without faults is well, by its address and by its path" {
	some
	folder check bob@example.org
	[ "$status" = 0 ]
	[ "${lines[0]}" = "INBOX: 3 messages, 1 KiB, changed since it was last opened" ]
	has $'\nall is well' "$output"
	session 'a SELECT INBOX\na LOGOUT\n' >/dev/null
	folder check "$MAILDIR" INBOX
	[ "$status" = 0 ]
	[ "${lines[0]}" = "INBOX: 3 messages, 1 KiB, index good" ]
	[ "${#lines[@]}" = 2 ]
	folder check bob@example.org Archive
	[ "${lines[0]}" = "Archive: 0 messages, 0 KiB, no index yet" ]
}

@test "check changes nothing" {
	some
	session 'a SELECT INBOX\na LOGOUT\n' >/dev/null
	printf x | dd of="$MAILDIR/index" bs=1 seek=4100 conv=notrunc status=none
	touch -d '3 days ago' "$MAILDIR/tmp/left"
	find "$MAILDIR" -type f -printf '%P %T@ %s %u\n' | sort >"$BATS_TEST_TMPDIR/before"
	folder check bob@example.org
	[ "$status" = 1 ]
	find "$MAILDIR" -type f -printf '%P %T@ %s %u\n' | sort | diff "$BATS_TEST_TMPDIR/before" -
}

@test "a damaged index is found, and made anew" {
	some
	session 'a SELECT INBOX\na LOGOUT\n' >/dev/null
	printf x | dd of="$MAILDIR/index.names" bs=1 seek=30 conv=notrunc status=none
	folder check bob@example.org
	[ "$status" = 1 ]
	has 'INBOX: 3 messages, 1 KiB, index wrong' "$output"
	has 'its index is damaged or wrong' "$output"
	has '1 faults; chainmail folder rebuild bob@example.org repairs' "$output"
	folder rebuild bob@example.org
	[ "$status" = 0 ]
	has 'repaired: the index' "$output"
	folder check bob@example.org
	[ "$status" = 0 ]
	has '* 3 EXISTS' "$(session 'a SELECT INBOX\na LOGOUT\n')"
}

@test "two messages with one UID, and one with a UID that was not assigned" {
	some
	session 'a SELECT INBOX\na LOGOUT\n' >/dev/null
	put '7.b.h,S=17,W=20,U=2:2,'
	put '8.c.h,S=17,W=20,U=900:2,'
	folder check bob@example.org INBOX
	[ "$status" = 1 ]
	has '1 have a UID that another message has too' "$output"
	has '1 have a UID that was not assigned here' "$output"
	folder rebuild bob@example.org INBOX
	[ "$status" = 0 ]
	[ "$(ls "$MAILDIR/cur" | wc -l)" = 5 ]
	[ "$(printf '%s\n' "$MAILDIR"/cur/* | grep -o 'U=[0-9]*' | sort -u | wc -l)" = 5 ]
	[ -e "$MAILDIR/cur/2.a.h,S=17,W=20,U=2:2,S" ]
}

@test "a lost file uids is told of, and the messages stay" {
	some
	session 'a SELECT INBOX\na LOGOUT\n' >/dev/null
	echo nonsense >"$MAILDIR/uids"
	folder check bob@example.org INBOX
	[ "$status" = 1 ]
	has 'its file uids is lost or damaged' "$output"
	folder rebuild bob@example.org INBOX
	[ "$status" = 0 ]
	has 'repaired: the file uids' "$output"
	has '* 3 EXISTS' "$(session 'a SELECT INBOX\na LOGOUT\n')"
}

@test "what crashes left goes, and what a delivery is writing stays" {
	touch -d '3 days ago' "$MAILDIR/tmp/left"
	touch "$MAILDIR/tmp/new"
	own
	folder check bob@example.org INBOX
	[ "$status" = 1 ]
	has '1 files are left by programs that were interrupted' "$output"
	folder rebuild bob@example.org INBOX
	[ "$status" = 0 ]
	[ ! -e "$MAILDIR/tmp/left" ]
	[ -e "$MAILDIR/tmp/new" ]
}

@test "a wrong count of the quota is told of and corrected" {
	some
	printf '1000000S\n9999 7\n' >"$MAILDIR/maildirsize"
	own
	folder check bob@example.org
	[ "$status" = 1 ]
	has 'quota: 1 KiB in 3 messages of 976 KiB' "$output"
	has 'its file maildirsize says 10 KiB in 7 messages' "$output"
	folder rebuild bob@example.org
	[ "$status" = 0 ]
	[ "$(tail -n 1 "$MAILDIR/maildirsize")" = "51 3" ]
}

@test "a session goes on, with its numbers and flags, while the index is made anew" {
	some
	mkfifo "$BATS_TEST_TMPDIR/in"
	owner imapd "$MAILDIR" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	pid=$!
	exec 4>"$BATS_TEST_TMPDIR/in"
	printf 'a SELECT INBOX\r\nb STORE 1 +FLAGS (\\Deleted)\r\nc EXPUNGE\r\n' >&4
	await 10 grep -q '^c OK' "$BATS_TEST_TMPDIR/out"
	folder rebuild bob@example.org INBOX
	[ "$status" = 0 ]
	printf 'd FETCH 1:* (UID FLAGS)\r\ne STORE 2 +FLAGS (\\Flagged)\r\nf LOGOUT\r\n' >&4
	exec 4>&-
	wait "$pid"
	grep -q '^\* 1 FETCH (UID 2 FLAGS (.*\\Seen.*))' "$BATS_TEST_TMPDIR/out"
	grep -q '^\* 2 FETCH (UID 3 ' "$BATS_TEST_TMPDIR/out"
	grep -q '^e OK' "$BATS_TEST_TMPDIR/out"
	printf '%s\n' "$MAILDIR"/cur/* | grep -q 'U=3:2,FS'
	folder check bob@example.org INBOX
	[ "$status" = 0 ]
}

@test "nobody's new mail loses its mark" {
	printf 'Subject: x\n\n' >"$MAILDIR/new/1.a.h"
	own
	folder rebuild bob@example.org
	[ "$status" = 0 ]
	has '* 1 RECENT' "$(session 'a SELECT INBOX\na LOGOUT\n')"
}

@test "killed at any change, the rebuild loses nothing" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	some
	session 'a SELECT INBOX\na LOGOUT\n' >/dev/null
	for call in renameat renameat2 pwrite64 unlinkat ftruncate; do
		for n in 1 2 3; do
			owner strace -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$n \
				chainmail-folder rebuild "$MAILDIR" INBOX >/dev/null 2>&1 || true
			answer=$(session 'a EXAMINE INBOX\nb UID SEARCH ALL\na LOGOUT\n')
			has '* 3 EXISTS' "$answer"
			has '* SEARCH 1 2 3' "$answer"
		done
	done
	folder rebuild bob@example.org
	[ "$status" = 0 ]
}

@test "compressed messages of another server are named, and not taken for mail" {
	for magic in '\x1f\x8b\x08' 'BZh91AY&SY' '\xfd7zXZ\0' '\x28\xb5\x2f\xfd' '\x04\x22\x4d\x18'; do
		rm -f "$MAILDIR"/cur/*
		put '1.a.h,S=5000,W=5100:2,S' "${magic}garbage"
		folder check bob@example.org INBOX
		[ "$status" = 1 ]
		has '1 are compressed by another server (' "$output"
	done
	has '(lz4)' "$output"
}

@test "an account whose mail is Dovecot's mdbox or sdbox is named so" {
	home=$CHAINMAIL_MAIL/example.org/bob
	rm -r "$MAILDIR"
	mkdir -p "$home/mdbox/storage"
	touch "$home/mdbox/storage/m.1"
	own
	folder check bob@example.org
	[ "$status" = 78 ]
	has "Dovecot's mdbox" "$output"
	rm -r "$home/mdbox"
	mkdir -p "$MAILDIR/mailboxes/INBOX/dbox-Mails"
	own
	folder check bob@example.org
	[ "$status" = 78 ]
	has "Dovecot's sdbox" "$output"
}

@test "files that are none hold nobody up" {
	some
	for name in uids keywords index index.names maildirsize; do
		mkfifo "$MAILDIR/$name.fifo" && mv "$MAILDIR/$name.fifo" "$MAILDIR/$name"
	done
	own
	code=0
	timeout 60 chainmail-folder check "$MAILDIR" >"$BATS_TEST_TMPDIR/out" 2>&1 || code=$?
	[ "$code" != 0 ]
	[ "$code" -lt 100 ]
}

@test "it never works as root, and not for another user" {
	need_root
	some
	folder rebuild bob@example.org
	[ -z "$(find "$MAILDIR" ! -user nobody)" ]
	chown -R root: "$MAILDIR"
	folder check "$MAILDIR"
	[ "$status" = 78 ]
	has 'belongs to root' "$output"
	chmod 755 "$MAILDIR"
	run owner chainmail-folder check "$MAILDIR"
	[ "$status" = 77 ]
}

@test "an unknown user or folder is 67, a wrong command line 64" {
	folder check carol@example.org
	[ "$status" = 67 ]
	folder check bob@example.org Nowhere
	[ "$status" = 67 ]
	folder mend bob@example.org
	[ "$status" = 64 ]
	folder check
	[ "$status" = 64 ]
}
