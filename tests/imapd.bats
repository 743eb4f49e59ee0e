# imapd: one session over a Maildir, on pipes.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load helper
load imap

setup() { imap_setup; }
teardown() { imap_teardown; }

plain='Subject: one\nFrom: Ann <ann@example.org>\n\nbody\n'

@test "a session on a pipe greets with PREAUTH and its capabilities" {
	run imap 'a LOGOUT'
	[[ ${lines[0]} == '* PREAUTH [CAPABILITY IMAP4rev1 '* ]]
	[ "${lines[1]:0:5}" = '* BYE' ]
	has 'a OK' "$output"
}

@test "after login the tagged answer carries the capabilities" {
	run bash -c "printf 'b LOGOUT\r\n' | imapd -t x7 -u bob@example.org '$M'"
	[[ ${lines[0]} == 'x7 OK [CAPABILITY IMAP4rev1 '* ]]
}

@test "CAPABILITY says the same as the greeting" {
	run imap 'a CAPABILITY' 'b LOGOUT'
	local greeting=${lines[0]#*\[}
	[ "${lines[1]}" = "* ${greeting%%]*}" ]
}

@test "the five standard mailboxes exist, are subscribed and have their use" {
	run imap 'a LIST (SUBSCRIBED) "" * RETURN (SPECIAL-USE)'
	for use in Archive Drafts Junk Sent Trash; do
		has "\\Subscribed \\$use) \"/\" \"$use\"" "$output"
	done
	lacks NonExistent "$output"
}

@test "a plain LIST names special uses too" {
	run imap 'a LIST "" *'
	has '* LIST (\HasNoChildren \Sent) "/" "Sent"' "$output"
	has '* LIST (\HasNoChildren) "/" INBOX' "$output"
}

@test "the inbox is INBOX however it is asked for" {
	run imap 'a LIST "" inbox' 'b LSUB "" Inbox' 'c STATUS iNbOx (MESSAGES)'
	has '* LIST (\HasNoChildren) "/" INBOX' "$output"
	has '* LSUB () "/" INBOX' "$output"
	has '* STATUS INBOX (MESSAGES 0)' "$output"
	run imap 'a CREATE inbox/sub' 'b CREATE inboxes' 'c LIST "" "Inbox/%"' \
		'd LIST "" "inbox*"'
	has $'* LIST (\\HasNoChildren) "/" "INBOX/sub"\nc OK' "$output"
	has $'"/" INBOX\n* LIST (\\HasNoChildren) "/" "INBOX/sub"\n* LIST (\\HasNoChildren) "/" "inboxes"\nd OK' "$output"
}

@test "SELECT always answers all that clients wait for" {
	run imap 'a SELECT INBOX'
	has '* 0 EXISTS' "$output"
	has '* 0 RECENT' "$output"
	has '* FLAGS (' "$output"
	has '[PERMANENTFLAGS (' "$output"
	has '\*)]' "$output"
	has '[UIDVALIDITY ' "$output"
	has '[UIDNEXT 1]' "$output"
	has 'a OK [READ-WRITE]' "$output"
}

@test "a message is fetched as it was delivered, with CRLF" {
	mail 1.a.h "$plain"
	run imap 'a SELECT INBOX' 'b FETCH 1 (RFC822.SIZE BODY[])'
	has '* 1 FETCH (RFC822.SIZE 51 BODY[] {51}' "$output"
	has 'Subject: one' "$output"
	has 'FLAGS (\Seen \Recent))' "$output"
}

@test "BODY.PEEK and RFC822.PEEK leave a message unseen" {
	mail 1.a.h "$plain"
	run imap 'a SELECT INBOX' 'b FETCH 1 BODY.PEEK[]' \
		'c FETCH 1 RFC822.PEEK' 'd FETCH 1 FLAGS'
	has 'RFC822 {51}' "$output"
	has '* 1 FETCH (FLAGS (\Recent))' "$output"
}

@test "a partial past the end is an empty string, never {0}" {
	mail 1.a.h "$plain"
	run imap 'a SELECT INBOX' 'b FETCH 1 BODY.PEEK[]<100.393216>' \
		'c FETCH 1 BODY.PEEK[TEXT]<4.393216>' 'd FETCH 1 BODY.PEEK[9]'
	has '* 1 FETCH (BODY[]<100> "")' "$output"
	has '* 1 FETCH (BODY[TEXT]<4> {2}' "$output"
	has '* 1 FETCH (BODY[9] NIL)' "$output"
	lacks '{0}' "$output"
}

@test "ten pipelined partials are answered in order with real lengths" {
	mail 1.a.h "$plain"
	local i fetches=()
	for i in 0 1 2 3 4 5 6 7 8; do
		fetches+=("p$i FETCH 1 BODY.PEEK[]<$((7 * i)).7>")
	done
	run imap 'a SELECT INBOX' "${fetches[@]}" 'z NOOP'
	has 'BODY[]<49> {2}' "$output"
	has 'BODY[]<56> "")' "$output"
	has 'p8 OK' "$output"
	has 'z OK' "$output"
}

@test "header fields keep the message's order and end with an empty line" {
	mail 1.a.h "$plain"
	run imap 'a SELECT INBOX' 'b FETCH 1 BODY.PEEK[HEADER.FIELDS (from subject)]' \
		'c FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (From)]' \
		'd FETCH 1 BODY.PEEK[HEADER.FIELDS (None)]'
	has 'BODY[HEADER.FIELDS (from subject)] {45}' "$output"
	has 'BODY[HEADER.FIELDS.NOT (From)] {16}' "$output"
	has 'BODY[HEADER.FIELDS (None)] {2}' "$output"
}

@test "parts, their MIME headers and embedded messages are fetched" {
	mail 1.a.h 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\ndeep\n--b--\n'
	run imap 'a SELECT INBOX' 'b FETCH 1 (BODY.PEEK[1] BODY.PEEK[2.MIME])' \
		'c FETCH 1 (BODY.PEEK[2.HEADER] BODY.PEEK[2.TEXT] BODY.PEEK[2.1])' \
		'd FETCH 1 BODYSTRUCTURE'
	has 'BODY[1] {3}' "$output"
	has 'BODY[2.MIME] {32}' "$output"
	has 'BODY[2.HEADER] {15}' "$output"
	has 'BODY[2.TEXT] {4}' "$output"
	has 'BODY[2.1] {4}' "$output"
	has '"rfc822" NIL NIL NIL "7bit" 19 (NIL "in" NIL' "$output"
}

@test "lines that have CRLF on disk are not doubled" {
	mail 1.a.h 'Subject: x\r\n\r\na\r\nb\n'
	run imap 'a SELECT INBOX' 'b FETCH 1 (RFC822.SIZE BODY.PEEK[TEXT])'
	has 'RFC822.SIZE 20 BODY[TEXT] {6}' "$output"
}

@test "no string or literal holds a NUL" {
	mail 1.a.h 'Subject: n\0l\n\nbo\0dy\n'
	run imap 'a SELECT INBOX' 'b FETCH 1 (ENVELOPE BODY.PEEK[] BODY.PEEK[TEXT]<1.3>)'
	has '(NIL {3}' "$output"
	has 'Subject: n?l' "$output"
	has 'bo?dy' "$output"
	has 'BODY[TEXT]<1> {3}' "$output"
	[ "$(printf 'a SELECT INBOX\r\nb FETCH 1 (ENVELOPE RFC822)\r\n' | imapd "$M" 2>/dev/null | tr -dc '\0' | wc -c)" = 0 ]
}

@test "message/global is bytes, as the grammar of IMAP4rev1 has it" {
	mail 1.a.h 'Content-Type: message/global\n\nSubject: in\n\ndeep\n'
	run imap 'a SELECT INBOX' 'b FETCH 1 BODY' 'c SEARCH BODY deep'
	has '("message" "global" NIL NIL NIL "7bit" 21)' "$output"
	has '* SEARCH 1' "$output"
}

@test "UID FETCH always answers the UID" {
	mail 1.a.h "$plain"
	run imap 'a SELECT INBOX' 'b UID FETCH 1:* FLAGS' 'c UID FETCH 99 FLAGS'
	has '* 1 FETCH (UID 1 FLAGS (\Recent))' "$output"
	has 'c OK' "$output"
}

@test "a FETCH of a vanished message gives no line and says so" {
	mail 1.a.h "$plain"
	mail 2.b.h "$plain"
	session "$M"
	say 'a SELECT INBOX'
	hear 'a OK'
	rm "$M"/cur/1.a.h*
	say 'b FETCH 1:2 BODY.PEEK[]'
	hear 'b NO [EXPUNGEISSUED]'
	lacks '* 1 FETCH' "$HEARD"
	has '* 2 FETCH' "$HEARD"
	say 'c NOOP'
	hear 'c OK'
	has '* 1 EXPUNGE' "$HEARD"
}

@test "no EXPUNGE is told during FETCH, STORE or SEARCH by number" {
	mail 1.a.h "$plain"
	mail 2.b.h "$plain"
	session "$M"
	say 'a SELECT INBOX'
	hear 'a OK'
	rm "$M"/cur/1.a.h*
	say 'b FETCH 2 FLAGS' 'c STORE 2 +FLAGS (\Flagged)' 'd SEARCH ALL'
	hear 'd OK'
	lacks EXPUNGE "$HEARD"
	has '* 2 FETCH (FLAGS (\Flagged' "$HEARD"
	say 'e UID FETCH 2 FLAGS'
	hear 'e OK'
	has '* 1 EXPUNGE' "$HEARD"
}

@test "new mail and other sessions' flags are reported" {
	mail 1.a.h "$plain"
	session "$M"
	say 'a SELECT INBOX'
	hear 'a OK'
	mail 2.b.h "$plain"
	imap 'a SELECT INBOX' 'b STORE 1 +FLAGS (\Answered $Later)' >/dev/null
	say 'b NOOP'
	hear 'b OK'
	has '* 2 EXISTS' "$HEARD"
	has '* 1 FETCH (UID 1 FLAGS (\Answered' "$HEARD"
	has '$Later' "$HEARD"
}

@test "IDLE tells new mail as it comes, and DONE may be followed at once" {
	imap 'a LOGOUT' >/dev/null
	session "$M"
	say 'a SELECT INBOX' 'b IDLE'
	hear '+ idling'
	mail 1.a.h "$plain"
	hear '* 1 EXISTS'
	printf 'DONE\r\nc NOOP\r\nd LOGOUT\r\n' >&"$IMAP_OUT"
	hear 'd OK'
	has 'b OK' "$HEARD"
	has 'c OK' "$HEARD"
}

@test "IDLE without inotify says so once, and how to get it" {
	need strace
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/imapd" <<-EOF
		#!/bin/sh
		exec strace -f -qq -e trace=inotify_init1 -e inject=inotify_init1:error=EMFILE \
			-o "$BATS_TEST_TMPDIR/trace" "$BUILD/bin/imapd" "\$@"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/bin/imapd"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH session -u bob@example.org "$M"
	say 'a SELECT INBOX' 'b IDLE'
	hear '+ idling'
	await 20 grep -q event=unwatched "$LOG"
	say DONE 'c IDLE'
	hear '+ idling'
	say DONE 'd LOGOUT'
	hear 'd OK'
	[ "$(grep -c event=unwatched "$LOG")" = 1 ]
	has 'remedy="sysctl fs.inotify.max_user_instances=' "$(cat "$LOG")"
}

@test "a silent client is sent away after the idle time, in IDLE too" {
	echo 'idle-time 1s' >"$CHAINMAIL_ETC/limits"
	session "$M"
	hear '* BYE'
	session "$M"
	say 'a IDLE'
	hear '+ idling'
	hear '* BYE'
}

@test "a client that reads nothing costs no memory" {
	sanitized && skip "sanitizers take memory of their own"
	imap 'a LOGOUT' >/dev/null
	local i
	{ printf 'Subject: big\n\n'; yes 'a line of a big message' | head -n 200000; } >"$M/new/1.a.h"
	for i in 2 3 4 5 6 7 8 9; do cp "$M/new/1.a.h" "$M/new/$i.a.h"; done
	session "$M"
	say 'a SELECT INBOX' 'b FETCH 1:* BODY.PEEK[]'
	hear '* 1 FETCH'
	local kib
	kib=$(awk '/^Anonymous:/ { print $2 }' "/proc/$IMAP_PID/smaps_rollup")
	((kib <= 300))
}

@test "a second IDLE where DONE is expected is BAD and changes nothing" {
	session "$M"
	say 'a SELECT INBOX' 'b IDLE' 'c IDLE'
	hear 'c BAD'
	mail 1.a.h "$plain"
	hear '* 1 EXISTS'
	say DONE
	hear 'b OK'
}

@test "IDLE without a mailbox waits" {
	session "$M"
	say 'a IDLE'
	hear '+ idling'
	say 'DONE'
	hear 'a OK'
}

@test "an empty mailbox is searched with an empty answer" {
	run imap 'a SELECT INBOX' 'b UID SEARCH 1:* NOT DELETED' \
		'c UID SEARCH *:*' 'd FETCH 1:* FLAGS'
	[ "$(grep -c '^\* SEARCH$' <<<"$output")" = 2 ]
	has 'b OK' "$output"
	has 'd OK' "$output"
}

@test "a reversed range is the same range" {
	mail 1.a.h "$plain"
	mail 2.b.h "$plain"
	run imap 'a SELECT INBOX' 'b UID SEARCH UID 5:1' 'c SEARCH 2:1'
	[ "$(grep -c '^\* SEARCH 1 2$' <<<"$output")" = 2 ]
}

@test "every search key finds its messages" {
	mail 1.a.h 'From: Ann <ann@a.example>\nTo: bob@b.example\nCc: c@c.example\nSubject: Gr\xc3\xbc\xc3\x9fe\nDate: Mon, 2 Feb 2026 23:30:00 -0800\nX-A: yes\n\nHello World\n'
	mail 2.b.h 'From: Zoe <z@z.example>\nSubject: =?iso-8859-1?q?GR=DC=DFE?=\nDate: Tue, 3 Feb 2026 01:00:00 +0100\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nw4RwZmVsIEJpcm5l\n'
	local -A keys=(
		['FROM ann']=1 ['TO B.EXAMPLE']=1 ['CC c@']=1 ['BCC x']=''
		['SUBJECT "gr"']='1 2' ['HEADER x-a YES']=1 ['HEADER X-A ""']=1
		['BODY "hello world"']=1 ['BODY "from"']='' ['TEXT zoe']=2
		['SENTON 2-Feb-2026']=1 ['SENTSINCE 3-Feb-2026']=2
		['SENTBEFORE 3-Feb-2026']=1 ['LARGER 130']='1 2' ['SMALLER 10']=''
		['NOT FROM ann']=2 ['OR FROM ann FROM zoe']='1 2' ['(1 FROM zoe)']=''
		['UNSEEN UNKEYWORD none']='1 2' ['KEYWORD none']='' ['SEEN']=''
		['ANSWERED']='' ['UNFLAGGED 2']=2 ['UID 2']=2 ['ALL']='1 2'
		['NEW']='1 2' ['OLD']='' ['SINCE 1-Jan-1970']='1 2'
		['BEFORE 1-Jan-1970']=''
	)
	for key in "${!keys[@]}"; do
		run imap 'a SELECT INBOX' "b SEARCH $key" 'c STORE 1:2 -FLAGS (x)'
		# \Recent is the first session's alone.
		[[ $key == NEW || $key == OLD ]] && continue
		local found
		found=$(grep '^\* SEARCH' <<<"$output")
		[ "$found" = "* SEARCH${keys[$key]:+ ${keys[$key]}}" ] || {
			echo "$key: $found, not ${keys[$key]}"
			return 1
		}
	done
}

@test "an address is found without the comments and blanks within" {
	mail 1.a.h 'From: <ann (at work) @ (my) example.org>\nTo: team: bob @ b.example;\n\nx\n'
	run imap 'a SELECT INBOX' 'b SEARCH FROM ann@example.org' 'c SEARCH FROM "(at"' \
		'd SEARCH TO bob@b.example' 'e SEARCH TO team' 'f SEARCH HEADER From ann@example.org'
	[ "$(grep -c '^\* SEARCH 1$' <<<"$output")" = 4 ]
	has $'* SEARCH\nf OK' "$output"
}

@test "text is found in decoded words and bodies, without case" {
	mail 1.a.h 'Subject: =?iso-8859-1?q?GR=DCN?=\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nw4RwZmVsIEJpcm5l\n'
	run imap 'a SELECT INBOX' 'b SEARCH CHARSET UTF-8 SUBJECT {5+}' \
		$'gr\xc3\xbcn' 'c SEARCH CHARSET ISO-8859-1 BODY {5+}' $'\xe4PFEL' \
		'd SEARCH CHARSET KLINGON SUBJECT x' 'e SEARCH CHARSET KLINGON ALL'
	[ "$(grep -c '^\* SEARCH 1$' <<<"$output")" = 2 ]
	has 'd NO [BADCHARSET' "$output"
	has 'e NO [BADCHARSET' "$output"
	mail 2.b.h 'Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; lost@example.net\n'
	run imap 'a SELECT INBOX' 'b SEARCH BODY lost@example.net'
	has '* SEARCH 2' "$output"
}

@test "APPEND answers APPENDUID, and a search finds the message at once" {
	run imap 'a SELECT INBOX' \
		'b APPEND INBOX (\Flagged $Mine) "12-Feb-2026 10:00:00 +0100" {20+}' \
		'Subject: new' '' 'hi' '' 'c SEARCH SUBJECT new' \
		'd FETCH 1 (INTERNALDATE FLAGS RFC822.SIZE)'
	grep -Eq 'b OK \[APPENDUID [1-9][0-9]* 1\]' <<<"$output"
	has '* SEARCH 1' "$output"
	has 'INTERNALDATE "12-Feb-2026 09:00:00 +0000"' "$output"
	has '$Mine' "$output"
	has 'RFC822.SIZE 20' "$output"
}

@test "a synchronising literal is asked for with '+ ' and its space" {
	session "$M"
	say 'a APPEND INBOX {5}'
	hear '+ OK'
	printf 'x\r\n\r\n\r\n' >&"$IMAP_OUT"
	hear 'a OK [APPENDUID'
	say 'b SELECT {5}'
	hear '+ OK'
	say 'INBOX'
	hear 'b OK'
	has '* 1 EXISTS' "$HEARD"
}

@test "what is appended, copied or moved is recent for one session" {
	imap 'a APPEND Sent (\Seen) {8+}' $'a: b\r\n\r\n' >/dev/null
	run imap 'a STATUS Sent (RECENT)' 'b EXAMINE Sent' 'c STATUS Sent (RECENT)'
	[ "$(grep -c '(RECENT 1)' <<<"$output")" = 2 ]
	has '* 1 RECENT' "$output"
	run imap 'a SELECT Sent' 'b FETCH 1 FLAGS' 'c SEARCH RECENT' 'd SEARCH NEW' \
		'e COPY 1 Junk' 'f MOVE 1 Trash'
	has '* 1 FETCH (FLAGS (\Seen \Recent))' "$output"
	has $'* SEARCH 1\nc OK' "$output"
	has $'* SEARCH\nd OK' "$output"
	run imap 'a SELECT Sent' 'b SELECT Junk' 'c SELECT Trash' 'd CLOSE' 'e SELECT Trash'
	[ "$(grep '[0-9] RECENT' <<<"$output" | tr -dc '0-9\n' | xargs)" = '0 1 1 0' ]
}

@test "a message over the limit is refused before it is sent" {
	echo 'message-size 1K' >"$CHAINMAIL_ETC/limits"
	run imap 'a APPEND INBOX {2000}' 'b NOOP'
	has 'a NO [TOOBIG]' "$output"
	has 'b OK' "$output"
}

@test "APPEND to a mailbox that is not there says TRYCREATE" {
	run imap 'a APPEND Nowhere {3+}' 'abc' 'b NOOP'
	has 'a NO [TRYCREATE]' "$output"
	has 'b OK' "$output"
}

@test "random text comes back byte for byte" {
	need python3
	run python3 - "$M" <<-'EOF'
		import imaplib, random, sys
		imaplib._MAXLINE = 1 << 24
		m = imaplib.IMAP4_stream("imapd " + sys.argv[1])
		m.select()
		r = random.Random(7)
		for n in range(20):
		    lines = [bytes(r.choice(b"\t !~a\x80\xff=.") for _ in range(r.randrange(80)))
		             for _ in range(r.randrange(2000))]
		    text = b"\r\n".join([b"A: b", b""] + lines) + b"\r\n"
		    assert m.append("INBOX", None, None, text)[0] == "OK"
		    got = m.fetch(str(n + 1), "(RFC822.SIZE BODY.PEEK[])")[1][0]
		    assert got[1] == text, n
		    assert b"RFC822.SIZE %d " % len(text) in got[0]
	EOF
	[ "$status" = 0 ]
}

@test "COPY and MOVE answer COPYUID; MOVE expunges" {
	mail 1.a.h "$plain"
	mail 2.b.h "$plain"
	run imap 'a SELECT INBOX' 'b COPY 1:2 Sent' 'c UID MOVE 2 Trash' \
		'd COPY 1 Nowhere' 'e STATUS Trash (MESSAGES)'
	grep -Eq 'b OK \[COPYUID [0-9]+ 1:2 1:2\]' <<<"$output"
	grep -Eq '^\* OK \[COPYUID [0-9]+ 2 1\]' <<<"$output"
	has '* 2 EXPUNGE' "$output"
	has 'd NO [TRYCREATE]' "$output"
	has '* STATUS "Trash" (MESSAGES 1)' "$output"
}

@test "UID EXPUNGE removes only the given UIDs" {
	for i in 1 2 3; do mail $i.a.h "$plain"; done
	run imap 'a SELECT INBOX' 'b STORE 1:3 +FLAGS.SILENT (\Deleted)' \
		'c UID EXPUNGE 2' 'd STATUS INBOX (MESSAGES)' 'e EXPUNGE'
	lacks FETCH "$output"
	has '* 2 EXPUNGE' "$output"
	has '* STATUS INBOX (MESSAGES 2)' "$output"
	has $'* 2 EXPUNGE\n* 1 EXPUNGE\n' "$output"
}

@test "CLOSE expunges silently, UNSELECT and EXAMINE do not" {
	mail 1.a.h "$plain"
	imap 'a SELECT INBOX' 'b STORE 1 +FLAGS (\Deleted)' 'c UNSELECT' \
		'd EXAMINE INBOX' 'e CLOSE' >/dev/null
	run imap 'a SELECT INBOX' 'b CLOSE' 'c STATUS INBOX (MESSAGES)'
	has '* 1 EXISTS' "$output"
	lacks EXPUNGE "$output"
	has '(MESSAGES 0)' "$output"
}

@test "a read-only mailbox is not changed" {
	mail 1.a.h "$plain"
	run imap 'a EXAMINE INBOX' 'b STORE 1 +FLAGS (\Seen)' 'c FETCH 1 BODY[]' \
		'd EXPUNGE' 'e MOVE 1 Trash'
	has 'a OK [READ-ONLY]' "$output"
	has 'b NO [READ-ONLY]' "$output"
	lacks '\Seen \Recent' "$output"
	has 'd NO [READ-ONLY]' "$output"
	has 'e NO [READ-ONLY]' "$output"
}

@test "the 27th keyword is NO [LIMIT]" {
	mail 1.a.h "$plain"
	run imap 'a SELECT INBOX' "b STORE 1 +FLAGS ($(seq -f k%g -s' ' 26))" \
		'c STORE 1 +FLAGS (another)' \
		"d STORE 1 +FLAGS ($(seq -f z%g -s' ' 10000))" 'e NOOP' \
		'f STORE 1 +FLAGS (a]b)'
	has 'b OK' "$output"
	has 'c NO [LIMIT]' "$output"
	has 'd NO [LIMIT]' "$output"
	has 'e OK' "$output"
	has "f NO [CANNOT] Not a valid keyword" "$output"
}

@test "mailboxes are made, renamed with those below, and deleted" {
	run imap 'a CREATE Foo/Bar/' 'b CREATE Foo/Bar' 'c RENAME Foo Baz' \
		'd LIST "" *Ba*' 'e DELETE Baz/Bar' 'f DELETE Baz/Bar' \
		'g DELETE INBOX' 'h CREATE inbox'
	has 'a OK' "$output"
	has 'b NO [ALREADYEXISTS]' "$output"
	has '"Baz/Bar"' "$output"
	has 'e OK' "$output"
	has 'f NO [NONEXISTENT]' "$output"
	has 'g NO [CANNOT]' "$output"
	has 'h NO' "$output"
}

@test "names lead nowhere outside the Maildir" {
	local name
	for name in '"/etc/x"' '"~root/x"' '".."' '"../x"' 'a/../../x' '"&"' \
		'"&&-"' '"&AGE-"' '"&2AA-"'; do
		run imap "a CREATE $name" "b SELECT $name" "c RENAME INBOX $name" \
			"d APPEND $name {3+}" 'abc' 'e NOOP'
		has 'e OK' "$output"
	done
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
	[ "$(find "$BATS_TEST_TMPDIR" -newer "$CHAINMAIL_ETC" -name '*x*' \
		-not -path "$M/*" | wc -l)" = 0 ]
}

@test "a name with NUL, CR or LF is refused and LIST stays readable" {
	run bash -c "printf 'a CREATE {3+}\r\na\0b\r\nb CREATE {4+}\r\na\r\nb\r\nc LIST \"\" *\r\nd LOGOUT\r\n' | imapd '$M' 2>/dev/null | tr -d '\r'"
	has 'a NO' "$output"
	has 'b NO' "$output"
	[ "$(grep -c '^\* LIST' <<<"$output")" = 6 ]
}

@test "international names go as modified UTF-7" {
	run imap 'a CREATE "Gr&APwA3w-e"' 'b LIST "" Gr*' 'c SELECT "Gr&APwA3w-e"'
	has '"Gr&APwA3w-e"' "$output"
	has 'c OK' "$output"
}

@test "LIST asks for the separator with an empty name" {
	run imap 'a LIST "" ""' 'b NAMESPACE'
	has '* LIST (\Noselect) "/" ""' "$output"
	has '* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL' "$output"
}

@test "LIST returns STATUS with the names" {
	mail 1.a.h "$plain"
	run imap 'a LIST "" % RETURN (STATUS (MESSAGES UNSEEN SIZE) CHILDREN)'
	has '* STATUS INBOX (MESSAGES 1 UNSEEN 1 SIZE 51)' "$output"
	has '* STATUS "Sent" (MESSAGES 0 UNSEEN 0 SIZE 0)' "$output"
}

@test "subscriptions are kept, also of names that do not exist" {
	run imap 'a SUBSCRIBE Gone' 'b UNSUBSCRIBE Sent' 'c LSUB "" *' \
		'd LIST (SUBSCRIBED) "" *'
	has '"Gone"' "$output"
	has '* LIST (\NonExistent' "$output"
	lacks 'LSUB () "/" "Sent"' "$output"
}

@test "LSUB with % shows the level above a subscribed name" {
	run imap 'a SUBSCRIBE Foo/Bar' 'b LSUB "" %' 'c LSUB "" *'
	has '* LSUB (\Noselect) "/" "Foo"' "$output"
	[ "$(grep -c '"Foo"' <<<"$output")" = 1 ]
}

@test "LIST selects by special use, by several patterns, and above subscriptions" {
	run imap 'a CREATE Foo/Bar' 'b SUBSCRIBE Foo/Bar' \
		'c LIST (SPECIAL-USE) "" (Se* %t)' \
		'd LIST (SUBSCRIBED RECURSIVEMATCH) "" F%' \
		'e LIST "Foo/" %' 'f LIST (RECURSIVEMATCH) "" *'
	has $'b OK Subscribed\n* LIST (\\HasNoChildren \\Sent) "/" "Sent"\nc OK' "$output"
	has '* LIST (\NonExistent \HasChildren) "/" "Foo" (CHILDINFO ("SUBSCRIBED"))' "$output"
	has '* LIST (\HasNoChildren) "/" "Foo/Bar"' "$output"
	has 'f BAD' "$output"
}

@test "levels are listed only for what is not listed itself" {
	run imap 'a CREATE Foo/Bar' 'b SUBSCRIBE Foo/Bar' 'c SUBSCRIBE Archive/Old' \
		'd LIST (SUBSCRIBED RECURSIVEMATCH) "" (Foo Foo/Bar)' \
		'e LIST "" (Foo Foo/*)' 'f LIST "" (Foo Sent)' \
		'g LIST (SPECIAL-USE RECURSIVEMATCH) "" Ar*' 'h LIST "" Foo*' \
		'i LIST (SUBSCRIBED RECURSIVEMATCH) "" A%'
	has $'c OK Subscribed\n* LIST (\\HasNoChildren \\Subscribed) "/" "Foo/Bar"\nd OK' "$output"
	has $'d OK Listed\n* LIST (\\HasNoChildren) "/" "Foo/Bar"\ne OK' "$output"
	has $'e OK Listed\n* LIST (\\NonExistent \\HasChildren) "/" "Foo"\n* LIST (\\HasNoChildren \\Sent)' "$output"
	has $'f OK Listed\n* LIST (\\HasNoChildren \\Archive) "/" "Archive"\ng OK' "$output"
	has $'g OK Listed\n* LIST (\\Noselect \\HasChildren) "/" "Foo"\n' "$output"
	has '* LIST (\HasNoChildren \Subscribed \Archive) "/" "Archive" (CHILDINFO ("SUBSCRIBED"))' "$output"
}

@test "flags that another Maildir program sets are seen" {
	mail 1.a.h "$plain"
	imap 'a SELECT INBOX' >/dev/null
	# Another Maildir program marks it as answered and seen.
	local name
	name=$(ls "$M/cur")
	mv "$M/cur/$name" "$M/cur/${name%:2,*}:2,RS"
	run imap 'a SELECT INBOX' 'b FETCH 1 (UID FLAGS)'
	has '* 1 FETCH (UID 1 FLAGS (\Answered \Seen))' "$output"
}

@test "ID is always answered, ENABLE too" {
	run imap 'a ID NIL' 'b ID ("name" "x" "vendor" NIL)' 'c ENABLE CONDSTORE X'
	[ "$(grep -c '^\* ID ("name"' <<<"$output")" = 2 ]
	has '* ENABLED' "$output"
}

@test "commands of another state are BAD" {
	run imap 'a FETCH 1 FLAGS' 'b LOGIN x y' 'c UID NOOP' 'd NOSUCH'
	for tag in a b c d; do has "$tag BAD" "$output"; done
}

@test "twenty refused commands in a row end the session" {
	local bad=() i
	for i in {1..30}; do bad+=("a$i NOSUCH"); done
	run imap "${bad[@]}" 'z NOOP'
	has '* BYE' "$output"
	lacks 'z OK' "$output"
}

@test "a line of many short strings costs no more than the line" {
	sanitized && skip "sanitizers take memory of their own"
	session "$M"
	say "a ID (\"a\" NIL$(printf ' "" ""%.0s' {1..9000}))" 'b NOOP'
	hear 'b OK'
	has 'a OK' "$HEARD"
	(($(awk '/^VmHWM:/ { print $2 }' "/proc/$IMAP_PID/status") <= 8192))
}

@test "an oversize non-synchronising literal is never run as commands" {
	run bash -c "{ printf 'a2 CREATE {2000000+}\r\n'; yes \$'a3 DELETE Sent\r' | head -c 2000000; printf '\r\na4 NOOP\r\n'; } | imapd '$M' 2>/dev/null | tr -d '\r'"
	has 'a2 BAD [TOOBIG]' "$output"
	has 'a4 OK' "$output"
	lacks a3 "$output"
}

@test "a literal of a command that is refused is not run either" {
	run imap 'a NOSUCH {15+}' 'b CREATE Pwned' '' 'c NOOP' 'd LIST "" Pwned'
	has 'a BAD' "$output"
	has 'c OK' "$output"
	lacks 'b OK' "$output"
	lacks '"Pwned"' "$output"
}

@test "too many literals in one command are refused" {
	run bash -c "{ printf 'a SELECT INBOX\r\nb SEARCH'; for i in \$(seq 1100); do printf ' SUBJECT {3+}\r\nabc'; done; printf '\r\nc NOOP\r\n'; } | imapd '$M' 2>/dev/null | tr -d '\r'"
	has 'b BAD [TOOBIG]' "$output"
	has 'c OK' "$output"
}

# long N: that many bytes of a line.
long() { head -c "$1" /dev/zero | tr '\0' x; }

@test "a line over 64 KiB is refused with its tag and the session goes on" {
	run bash -c "{ printf 'a CREATE '; $(declare -f long); long 70000; printf '\r\nb NOOP\r\n'; long 70000; printf '\r\n c '; long 70000; printf '\r\nd NOOP\r\n'; } | imapd '$M' 2>/dev/null | tr -d '\r'"
	has $'\na BAD [TOOBIG]' "$output"
	has $'\nb OK' "$output"
	[ "$(grep -c '^\* BAD' <<<"$output")" = 2 ]
	has $'\nd OK' "$output"
}

@test "a line too long behind a literal is refused with its tag" {
	run bash -c "{ printf 'a CREATE {1+}\r\nx'; $(declare -f long); long 70000; printf '\r\nb APPEND INBOX {3+}\r\nx\r\n'; long 70000; printf '\r\nc NOOP\r\n'; } | imapd '$M' 2>/dev/null | tr -d '\r'"
	has $'\na BAD [TOOBIG]' "$output"
	has $'\nb BAD [TOOBIG]' "$output"
	has $'\nc OK' "$output"
}

@test "a literal announced by a line too long is discarded" {
	run bash -c "{ printf 'a CREATE '; $(declare -f long); long 140000; printf ' {15+}\r\nb CREATE Pwned\r\nc LIST \"\" Pwned\r\n'; } | imapd '$M' 2>/dev/null | tr -d '\r'"
	has 'a BAD [TOOBIG]' "$output"
	lacks $'\nb ' "$output"
	has 'c OK' "$output"
	lacks '"Pwned"' "$output"
}

@test "a line too long in IDLE is refused with its tag, and its literal with it" {
	session "$M"
	say 'a IDLE'
	hear '+ idling'
	say "b SELECT $(long 70000)"
	hear 'b BAD'
	say 'c CREATE {15+}'
	printf 'DONE\r\nd NOOP\r\n\r\n' >&"$IMAP_OUT"
	hear 'c BAD'
	say DONE 'e NOOP'
	hear 'e OK'
	lacks 'd ' "$HEARD"
	has 'a OK' "$HEARD"
}

@test "a search nested deeper than 50 is refused" {
	local open close
	open=$(printf '(%.0s' {1..60}) close=$(printf ')%.0s' {1..60})
	run imap 'a SELECT INBOX' "b SEARCH ${open}ALL$close" \
		"c SEARCH $(printf 'NOT %.0s' {1..60})ALL" \
		"d SEARCH $(printf 'NOT %.0s' {1..40})ALL"
	has 'b BAD' "$output"
	has 'c BAD' "$output"
	has 'd OK' "$output"
}

@test "bad tags, bare line ends and odd syntax are BAD, and the session lives" {
	run bash -c "printf '+ NOOP\r\n\r\na\r\n%s NOOP\r\nb NOOP\nc SELECT\r\nd SELECT \"x\r\ne FETCH\r\nf NOOP\r\n' $(printf 'x%.0s' {1..300}) | imapd '$M' 2>/dev/null | tr -d '\r'"
	[ "$(grep -c '^\* BAD' <<<"$output")" = 4 ]
	has 'b BAD' "$output"
	has 'c BAD' "$output"
	has 'd BAD' "$output"
	has 'f OK' "$output"
}

@test "hostile MIME is answered in time" {
	imap 'a LOGOUT' >/dev/null
	{
		printf 'Content-Type: multipart/mixed; boundary=b\n\n'
		yes $'--b\n\nx' | head -n 300000
	} >"$M/new/1.flat.h"
	{
		for i in $(seq 1000); do
			printf 'Content-Type: multipart/x; boundary=b%d\n\n--b%d\n' "$i" "$i"
		done
	} >"$M/new/2.deep.h"
	{
		printf 'Subject: '
		yes '=?`' | head -n 10000 | tr -d '\n'
		printf '\nTo: (x\\\nFrom: g:;\nContent-Type: text/plain'
		yes '; a*0=x' | head -n 100000 | tr -d '\n'
		printf '\n\nx\n'
	} >"$M/new/3.flood.h"
	run timeout 20 bash -c "printf 'a SELECT INBOX\r\nb FETCH 1:3 (BODYSTRUCTURE ENVELOPE)\r\nc SEARCH TEXT zzz\r\n' | imapd '$M' 2>/dev/null | tail -n 1"
	has 'c OK' "$output"
}

@test "a client that goes away in the middle leaves nothing behind" {
	printf 'a APPEND INBOX {100+}\r\nabc' | imapd "$M" >/dev/null 2>&1
	[ -z "$(find "$M/tmp" "$M/new" "$M/cur" -type f)" ]
	run imap 'a STATUS INBOX (MESSAGES)'
	has '(MESSAGES 0)' "$output"
}

@test "the store keeps its UIDs and UIDVALIDITY between sessions" {
	mail 1.a.h "$plain"
	run imap 'a STATUS INBOX (UIDVALIDITY)' 'b SELECT INBOX' \
		'c STORE 1 +FLAGS (\Deleted)' 'd EXPUNGE'
	local validity=${output#*STATUS INBOX (UIDVALIDITY }
	mail 2.b.h "$plain"
	run imap 'a STATUS INBOX (UIDVALIDITY)' 'b SELECT INBOX' 'c FETCH 1 UID'
	has "(UIDVALIDITY ${validity%%)*})" "$output"
	has '* 1 FETCH (UID 2)' "$output"
}

@test "a Maildir that is not safe is refused" {
	imap 'a LOGOUT' >/dev/null
	chmod 777 "$M"
	run imapd "$M" </dev/null
	[ "$status" = 78 ]
	has '* BYE Maildir is writable by others' "$output"
	has 'mode 0777); remedy: chmod u+rwx,go-w Maildir' "$output"
	has 'event=unsafe path='"$M" "$output"
	run imapd -t x1 "$M" </dev/null
	has 'x1 NO [CONTACTADMIN] Maildir is writable' "$output"
}

@test "a message for a mailbox deleted meanwhile is refused" {
	imap 'a CREATE Foo' >/dev/null
	session "$M"
	say 'a APPEND Foo {10}'
	hear '+ '
	imap 'b DELETE Foo' 'c CREATE Foo' >/dev/null
	say '123456789a'
	hear 'a NO [TRYCREATE]'
	[ -z "$(find "$M/.Foo/new" "$M/.Foo/cur" "$M/.Foo/tmp" "$M/tmp" -type f)" ]
}

@test "a session whose mailbox is deleted ends, one whose mailbox is renamed goes on" {
	imap 'a CREATE Foo' 'b CREATE Bar' >/dev/null
	printf 'x\n' >"$M/.Foo/cur/1.a.h:2,"
	session "$M"
	say 'a SELECT Foo'
	hear 'a OK'
	imap 'x RENAME Foo Baz' 'y CREATE Foo' >/dev/null
	say 'b STORE 1 +FLAGS (\Seen)' 'c COPY 1 Foo' 'd FETCH 1 BODY[]'
	hear 'd OK'
	has 'b OK' "$HEARD"
	has 'c OK [COPYUID' "$HEARD"
	imap 'x DELETE Baz' >/dev/null
	say 'e STORE 1 +FLAGS (\Flagged)'
	hear 'BYE [NONEXISTENT]'
	lacks 'e OK' "$HEARD"
}

@test "a keyword that another session makes is told in IDLE too" {
	mail 1.a.h "$plain"
	session "$M"
	say 'a SELECT INBOX' 'b IDLE'
	hear '+ idling'
	imap 'x SELECT INBOX' 'y STORE 1 +FLAGS (Fresh)' >/dev/null
	hear 'FETCH (UID 1 FLAGS ('
	has '* FLAGS (\Answered \Flagged \Deleted \Seen \Draft Fresh)' "$HEARD"
	has '[PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft Fresh \*)]' "$HEARD"
}

@test "mail is refused by the present quota" {
	imap 'a APPEND INBOX {10+}' '1: 2' '' '' '' >/dev/null
	printf '10S\n%s 1\n' "$(cat "$M"/cur/* | wc -c)" >"$M/maildirsize"
	run imap 'a APPEND INBOX {6+}' '1: 2' ''
	has 'a NO [OVERQUOTA]' "$output"
	export CHAINMAIL_QUOTA=1000
	run imap 'a APPEND INBOX {6+}' '1: 2' ''
	has 'a OK' "$output"
	has 1000S "$(cat "$M/maildirsize")"
	export CHAINMAIL_QUOTA=0
	imap 'a NOOP' >/dev/null
	[ ! -e "$M/maildirsize" ]
	unset CHAINMAIL_QUOTA
}

@test "a wrong size in a name is corrected when the message is read" {
	imap 'a LOGOUT' >/dev/null
	printf "$plain" >"$M/cur/1764000000.a.h,S=7,W=9:2,S"
	printf "$plain" >"$M/cur/1764000001.b.h,S=$(printf "$plain" | wc -c),W=70:2,S"
	printf "$plain" >"$M/cur/1764000002.c.h,S=100,W=90:2,S"
	printf '10000S\n154 3\n' >"$M/maildirsize"
	run imap 'a SELECT INBOX' 'b FETCH 1 (RFC822.SIZE BODY.PEEK[HEADER])' 'c FETCH 2 BODY.PEEK[]<0.5>' \
		'd FETCH 3 RFC822.SIZE' 'e FETCH 1:3 RFC822.SIZE'
	size=$(printf "$plain" | sed 's/$/\r/' | wc -c)
	has "* 1 FETCH (RFC822.SIZE $size BODY" "$output"
	has "* 3 FETCH (RFC822.SIZE $size)"$'\n'd "$output"
	for i in 1 2 3; do has "* $i FETCH (RFC822.SIZE $size)" "$output"; done
	size=$(printf "$plain" | wc -c),W=$size
	[ "$(ls "$M"/cur/*",S=$size,U="* | wc -l)" = 3 ]
	[ "$(awk 'NR > 1 { sum += $1 } END { print sum }' "$M/maildirsize")" = $((3 * ${size%%,*})) ]
	lacks '[SERVERBUG]' "$output"
}

@test "a folder that is not safe is listed, and what is wrong is told" {
	imap 'a LOGOUT' >/dev/null
	mkdir -p "$M"/.Gelöscht/{cur,new,tmp} "$M/.INBOX/cur"
	chmod 770 "$M/.Gelöscht/cur"
	run imap 'a LIST "" Gel*' 'b SELECT Gel&APY-scht' 'c STATUS Gel&APY-scht (MESSAGES)' 'd SELECT INBOX' \
		'e APPEND Gel&APY-scht {1+}' x
	has '* LIST (\HasNoChildren) "/" "Gel&APY-scht"' "$output"
	for tag in b c e; do has "$tag NO [CONTACTADMIN] .Gel??scht/cur is writable by others (owner $(id -u), mode 0770)" "$output"; done
	grep -q "event=unsafe path=.*/.Gelöscht/cur owner=$(id -u) mode=0770 error=.* remedy=" "$LOG"
	grep -q 'event=nameless .* folder=.INBOX remedy=' "$LOG"
	chmod 700 "$M/.Gelöscht/cur"
	run imap 'b SELECT Gel&APY-scht'
	has 'b OK' "$output"
}

@test "a session is sandboxed before it reads its first byte" {
	session "$M"
	hear PREAUTH
	grep -q '^Seccomp:.*2$' "/proc/$IMAP_PID/status"
	grep -q '^NoNewPrivs:.*1$' "/proc/$IMAP_PID/status"
	grep -q '^Max processes  *0 ' "/proc/$IMAP_PID/limits"
}

@test "a link out of the Maildir is not followed" {
	imap 'a CREATE Out' >/dev/null
	echo secret >"$BATS_TEST_TMPDIR/outside"
	ln -s "$BATS_TEST_TMPDIR/outside" "$M/cur/1.a.h:2,"
	ln -s "$BATS_TEST_TMPDIR" "$M/.Link"
	run imap 'a SELECT INBOX' 'b FETCH 1:* BODY[]' 'c SELECT Link'
	lacks secret "$output"
	has 'c NO' "$output"
}

@test "an idle session is small" {
	sanitized && skip "sanitizers take memory of their own"
	session "$M"
	say 'a SELECT INBOX' 'b LIST "" *' 'c IDLE'
	hear '+ idling'
	small() {
		(($(awk '/^Anonymous:/ { print $2 }' "/proc/$IMAP_PID/smaps_rollup") <= 200))
	}
	await 5 small
}

@test "one log line tells the session's end and no text of mail" {
	mail 1.a.h 'Subject: secret\n\nsecret\n'
	printf 'a SELECT INBOX\r\nb FETCH 1 BODY[]\r\n' |
		imapd -u bob@example.org "$M" 2>"$LOG" >/dev/null
	[[ $(cat "$LOG") == 'imapd event=end user=bob@example.org'* ]]
	lacks secret "$(cat "$LOG")"
}

@test "the log says who did what to which messages, by UID and id" {
	local id=01K8XJ3N4T0000000000000000
	mail "1700000000.$id.host" 'a: b\n\n1\n'
	mail 1700000001.b.h 'a: b\n\n2\n'
	printf '%s\r\n' 'a SELECT INBOX' 'b COPY 1 Archive' 'c MOVE 2 Trash' \
		'd STORE 1 +FLAGS (\Deleted)' 'e EXPUNGE' 'f CREATE x' 'g RENAME x y' \
		'h DELETE y' 'i APPEND INBOX {3+}' 'a' '' |
		imapd -u bob@example.org "$M" 2>"$LOG" >/dev/null
	grep -Eq "event=copy user=bob@example.org folder=INBOX to-folder=Archive messages=1 uid=1 new-uid=1 id=$id new-id=[0-9A-Z]{26}$" "$LOG"
	grep -Eq 'event=move .* to-folder=Trash messages=1 uid=2 new-uid=1 id=1700000001.b.h new-id=' "$LOG"
	grep -q "event=delete user=bob@example.org folder=INBOX messages=1 uid=1 id=$id\$" "$LOG"
	grep -q "event=expunge user=bob@example.org folder=INBOX messages=1 uid=1 id=$id\$" "$LOG"
	grep -q 'event=folder-create user=bob@example.org folder=x$' "$LOG"
	grep -q 'event=folder-rename user=bob@example.org folder=x to-folder=y$' "$LOG"
	grep -q 'event=folder-delete user=bob@example.org folder=y$' "$LOG"
	grep -Eq 'event=append user=bob@example.org folder=INBOX uid=3 id=[0-9A-Z]{26} ' "$LOG"
}

@test "many messages are few lines, and each id is in one" {
	local i digits
	mail 0.a.h 'a: b\n\n0\n'
	for ((i = 0; i < 300; i++)); do
		printf -v digits '%04d' "$i"
		ln "$M/new/0.a.h" "$M/new/1700000000.01K8XJ3N4T000000000000$digits.host"
	done
	printf '%s\r\n' 'a SELECT INBOX' 'b STORE 1:* +FLAGS.SILENT (\Deleted)' 'c EXPUNGE' |
		imapd -u bob@example.org "$M" 2>"$LOG" >/dev/null
	[ "$(grep -c 'event=expunge' "$LOG")" -lt 10 ]
	[ "$(grep event=expunge "$LOG" | grep -o ' id=01K8XJ3N4T[0-9]*' | sort -u | wc -l)" = 300 ]
	awk 'length > 4096 { exit 1 }' "$LOG"
}

@test "HIGHESTMODSEQ stays below an expunge that is not told yet" {
	mail 1.a.h 'Subject: one\n\nx\n'
	mail 2.b.h 'Subject: two\n\nx\n'
	session "$M"
	say 'a ENABLE QRESYNC' 'b SELECT INBOX'
	hear 'b OK'
	local high=${HEARD#*HIGHESTMODSEQ }
	high=${high%%]*}
	imap 'a SELECT INBOX' 'b STORE 1 +FLAGS.SILENT (\Deleted)' 'c EXPUNGE' 'd STORE 1 FLAGS (\Seen)' >/dev/null
	say 'c FETCH 2 (MODSEQ)'
	hear 'c OK'
	lacks VANISHED "$HEARD"
	has '* 2 FETCH (MODSEQ (' "$HEARD"
	local low=${HEARD##*\[HIGHESTMODSEQ }
	low=${low%%]*}
	[ "$low" = "$high" ]
	say 'd NOOP'
	hear 'd OK'
	has '* VANISHED 1' "$HEARD"
	say 'f LOGOUT'
	hear 'f OK'
}
