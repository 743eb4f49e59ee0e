#!/usr/bin/env bats
# Mailboxes of other servers, in place.
# shellcheck disable=SC2030,SC2031

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	MAILDIR=$BATS_TEST_TMPDIR/home/Maildir
	LOG=$BATS_TEST_TMPDIR/log
	mkdir -p "$MAILDIR"/{cur,new,tmp}
	chmod -R go-w "$BATS_TEST_TMPDIR/home"
}

imap() { printf '%b' "$1" | crlf | imapd "$MAILDIR" 2>>"$LOG" | lf; }
pop() { printf '%b' "$1" | crlf | pop3d "$MAILDIR" 2>>"$LOG" | lf; }

# messages FORMAT: 50 of them, FORMAT having their number.
messages() {
	local i
	for i in {1..50}; do
		# shellcheck disable=SC2059
		printf 'Subject: %d\n\nbody\n' "$i" >"$MAILDIR/cur/$(printf "$1" "$i")"
	done
}

# The first SELECT, which opens no message but the directories and the list.
select_by_names() {
	printf 'a SELECT INBOX\r\nb UID SEARCH 50\r\nc LOGOUT\r\n' |
		strace -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,openat2,open \
			imapd "$MAILDIR" 2>>"$LOG" | lf >"$BATS_TEST_TMPDIR/out"
	grep -q '"cur"' "$BATS_TEST_TMPDIR/trace"
	run grep -c -F '.M1P1' "$BATS_TEST_TMPDIR/trace"
	[ "$output" = 0 ]
}

@test "a folder of Dovecot is taken over by its names and its list alone" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	messages '15000000%02d.M1P1.host,S=18:2,S'
	{
		echo '3 V1400000000 N1001 G0123456789abcdef0123456789abcdef'
		for i in {1..50}; do printf '%d :15000000%02d.M1P1.host,S=18\n' $((900 + i)) "$i"; done
	} >"$MAILDIR/dovecot-uidlist"
	select_by_names
	has '[UIDVALIDITY 1400000000]' "$(cat "$BATS_TEST_TMPDIR/out")"
	has '[UIDNEXT 1001]' "$(cat "$BATS_TEST_TMPDIR/out")"
	has '* SEARCH 950' "$(cat "$BATS_TEST_TMPDIR/out")"
	grep -q 'event=takeover from=dovecot-uidlist' "$LOG"
}

@test "so is one of Courier" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	messages '15000000%02d.M1P1V0.host,S=18:2,S'
	{
		echo '1 1400000000 1001'
		for i in {1..50}; do printf '%d 15000000%02d.M1P1V0.host\n' $((900 + i)) "$i"; done
	} >"$MAILDIR/courierimapuiddb"
	select_by_names
	has '[UIDVALIDITY 1400000000]' "$(cat "$BATS_TEST_TMPDIR/out")"
	has '* SEARCH 950' "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "compressed messages are named as such, and never sent as mail" {
	printf 'Subject: x\n\nbody\n' | gzip >"$MAILDIR/cur/1.a.h,S=17,W=20:2,SZ"
	printf 'Subject: y\n\nbody\n' >"$MAILDIR/cur/2.b.h,S=17,W=20:2,S"
	echo '3 V1400000000 N1001' >"$MAILDIR/dovecot-uidlist"
	run -0 imap 'a SELECT INBOX\nb FETCH 1 BODY.PEEK[]\nc FETCH 2 BODY.PEEK[]\nd LOGOUT\n'
	has 'b NO [SERVERBUG] Some messages can' "$output"
	has 'Subject: y' "$output"
	lacks "$(printf '\x1f\x8b')" "$output"
	grep -q 'event=foreign messages=1 is=compressed remedy=' "$LOG"
	grep -q 'event=foreign .*name="\?1.a.h,.* is=gzip remedy=' "$LOG"
	# Its name still tells the size of the text.
	[[ $(echo "$MAILDIR"/cur/1.a.h*) == *,S=17,W=20,*SZ ]]
	run -0 pop 'RETR 1\nSTAT\nQUIT\n'
	has '-ERR [SYS/PERM] message 1 is compressed by another server' "$output"
	has '+OK 1 20' "$output"
}

@test "a compressed message without a size and without the letter is found out too" {
	printf 'Subject: x\n\nbody\n' | gzip >"$MAILDIR/cur/1.a.h:2,S"
	run -0 imap 'a SELECT INBOX\nb FETCH 1 (RFC822.SIZE BODY.PEEK[])\nd LOGOUT\n'
	has 'b NO [SERVERBUG]' "$output"
	grep -q 'event=foreign .* is=gzip remedy=' "$LOG"
}

@test "mail that only begins like a compressed file is mail" {
	printf 'BZh: x\n\nbody\n' >"$MAILDIR/cur/1.a.h,S=9:2,SZ"
	run -0 imap 'a SELECT INBOX\nb FETCH 1 BODY.PEEK[]\nd LOGOUT\n'
	has 'BZh: x' "$output"
	has 'b OK' "$output"
}

@test "a new mailbox beside one of Dovecot's own format is logged, and check tells it" {
	rm -r "$MAILDIR"
	home=${MAILDIR%/*}
	mkdir -p "$home/mdbox/storage"
	touch "$home/mdbox/storage/dovecot.map.index.log"
	run -0 imap 'a SELECT INBOX\nd LOGOUT\n'
	grep -q "event=foreign path=$home/mdbox is=mdbox remedy=" "$LOG"
	private_users $'example.org domain\nbob@example.org mailbox home='"$home"
	run chainmail-check
	[ "$status" = 78 ]
	has "users:2: $home/mdbox is Dovecot's mdbox, which no session here reads" "$output"
}
