# imapd: extensions of the protocol, one session over a Maildir, on pipes.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load helper
load imap

setup() { imap_setup; }
teardown() { imap_teardown; }

plain='Subject: one\nFrom: Ann <ann@example.org>\n\nbody\n'

@test "capabilities disabled in the file imap are neither advertised nor accepted" {
	run imap 'a CAPABILITY'
	local words=${lines[0]#*\[CAPABILITY }
	words=${words%%]*}
	# Every word is one that the file may name.
	for word in $words UIDONLY LITERAL-; do
		case $word in IMAP4rev1) continue ;; APPENDLIMIT=* | MESSAGELIMIT=* | RIGHTS=*) word=${word%%=*} ;; esac
		echo "* -$word"
	done >"$CHAINMAIL_ETC/imap"
	chainmail-check >"$BATS_TEST_TMPDIR/check" || true
	run ! grep -w imap "$BATS_TEST_TMPDIR/check"
	run imap 'a CAPABILITY' 'b IDLE' 'c ENABLE UTF8=ACCEPT' 'd ID NIL' 'e MOVE 1 x' \
		'f NAMESPACE' 'g UNSELECT' 'h NOOP'
	[ "${lines[1]}" = '* CAPABILITY IMAP4rev1' ]
	for tag in b c d e f g; do has "$tag BAD Unknown command" "$output"; done
	has 'h OK' "$output"
	# Nor are the arguments that belong to one.
	run imap 'a LIST (SUBSCRIBED) "" *' 'b LIST "" * RETURN (STATUS (MESSAGES))' 'c CREATE x (USE (\Sent))' \
		'd STATUS INBOX (SIZE)' 'e STATUS INBOX (MAILBOXID)' 'f SELECT INBOX' 'g UID EXPUNGE 1' 'h FETCH 1:* EMAILID' \
		'i SEARCH RETURN (ALL) ALL' 'j SEARCH OLDER 1' 'k UID SEARCH ALL' $'l APPEND INBOX {6}\r\nA: 1\r\n' 'm COPY 1 Sent' \
		'n LIST "" %'
	for tag in a b c d e g h i j; do has "$tag BAD" "$output"; done
	for tag in f k l m n; do has "$tag OK" "$output"; done
	lacks UID "${output#*'k OK'}"
}

@test "the file imap counts for its service, and what is wrong in it is told" {
	printf 'imap -IDLE\nimaps -ID # comment\n* -NOTHING\n' >"$CHAINMAIL_ETC/imap"
	SERVICE=imap run imap 'a CAPABILITY'
	lacks ' IDLE' "${lines[0]}"
	has ' ID ' "${lines[0]}"
	SERVICE=imaps run imap 'a CAPABILITY'
	has ' IDLE' "${lines[0]}"
	lacks ' ID ' "${lines[0]}"
	grep -q 'event=config file=imap line=3 error="-NOTHING: no capability' "$LOG"
	run chainmail-check
	has 'imap:3: -NOTHING: no capability that can be left out' "$output"
}

@test "with UTF8=ACCEPT names are UTF-8, quoted, a bare & too" {
	run imap 'a CREATE "b&APw-cher"' 'b LIST "" "b%"' 'c ENABLE UTF8=ACCEPT NOTHING' \
		'd LIST "" "bü%"' 'e CREATE "R&D"' 'f STATUS "R&D" (MESSAGES)' \
		'g LIST "" "R&D"' 'h SELECT "bücher"' 'k SEARCH CHARSET UTF-8 ALL' $'i CREATE "\xff"' 'j ENABLE X'
	has '* LIST (\HasNoChildren) "/" "b&APw-cher"' "$output"
	has $'* ENABLED UTF8=ACCEPT\nc OK' "$output"
	has $'* LIST (\\HasNoChildren) "/" "bücher"\nd OK' "$output"
	has '* STATUS "R&D" (MESSAGES 0)' "$output"
	has $'* LIST (\\HasNoChildren) "/" "R&D"\ng OK' "$output"
	has 'h OK [READ-WRITE]' "$output"
	has 'k BAD' "$output"
	has 'i NO [CANNOT] ' "$output"
	has $'* ENABLED\nj OK' "$output"
	run imap 'a LIST "" "R*"'
	has '"/" "R&-D"' "$output"
}

@test "COMPRESS: commands, messages and IDLE, over a socket and over pipes" {
	imap 'a LOGOUT' >/dev/null
	python3 "$TOP/tests/imapd-compress.py" talk "$M"
}

@test "COMPRESS: invalid deflate ends the session" {
	python3 "$TOP/tests/imapd-compress.py" garbage "$M"
}

@test "COMPRESS: a line of 1 GiB ends the session, in little memory" {
	python3 "$TOP/tests/imapd-compress.py" bomb "$M"
}

@test "MULTIAPPEND: all messages or none, UIDs in their order" {
	run imap 'a SELECT INBOX' \
		$'b APPEND INBOX (\\Seen) "01-Feb-2020 00:00:00 +0000" {8+}\r\nA: 1\r\n\r\n {8+}\r\nA: 2\r\n\r\n (\\Flagged) ~{8+}\r\nA: 3\r\n\r\n' \
		'c FETCH 1:3 (FLAGS BODY.PEEK[])' \
		$'d APPEND INBOX {8+}\r\nA: 4\r\n\r\n {0+}\r\n' \
		$'e APPEND INBOX {8+}\r\nA: 5\r\n\r\n (\\Seen) x' \
		$'f APPEND INBOX {8+}\r\nA: 6\r\n\r\n ~{3+}\r\na\nb' \
		'g APPEND' 'h APPEND INBOX ' 'i NOOP'
	grep -qE '^b OK \[APPENDUID [0-9]+ 1:3\] ' <<<"$output"
	has '* 3 EXISTS' "$output"
	has $'* 1 FETCH (FLAGS (\\Seen \\Recent) BODY[] {8}\nA: 1\n\n)' "$output"
	has $'* 3 FETCH (FLAGS (\\Flagged \\Recent) BODY[] {8}\nA: 3\n\n)' "$output"
	has 'd NO A message has at least one byte' "$output"
	has 'e BAD Syntax' "$output"
	has 'f NO [UNKNOWN-CTE]' "$output"
	has 'g BAD' "$output"
	has 'h BAD' "$output"
	lacks '4 EXISTS' "$output"
	has 'i OK' "$output"
	[ "$(find "$M/tmp" -type f | wc -l)" = 0 ]
	# Without it, as RFC 3501 has it.
	echo '* -MULTIAPPEND -BINARY' >"$CHAINMAIL_ETC/imap"
	run imap $'b APPEND INBOX {8+}\r\nA: 1\r\n\r\n {8+}\r\nA: 2\r\n\r\n' $'c APPEND INBOX ~{8+}\r\nA: 1\r\n\r\n' 'd STATUS INBOX (MESSAGES)'
	has 'b BAD' "$output"
	has 'c BAD' "$output"
	has 'MESSAGES 3' "$output"
}

@test "UTF8=ACCEPT: a message that Thunderbird appends with UTF8 (~{n}" {
	run imap 'a ENABLE UTF8=ACCEPT' \
		$'b APPEND Drafts (\\Draft) UTF8 (~{15}\r\nSubject: \xc3\xbc\r\n\r\n)' \
		$'c APPEND Drafts UTF8 (~{15+}\r\nSubject: \xc3\xbc\r\n\r\n)' \
		$'d APPEND Drafts UTF8 (~{15+}\r\nSubject: \xc3\xbc\r\n\r\n' \
		'e SELECT Drafts' 'f FETCH 1:2 BODY.PEEK[]'
	has $'+ OK\nb OK [APPENDUID ' "$output"
	has 'c OK [APPENDUID ' "$output"
	has 'd BAD' "$output"
	has '* 2 EXISTS' "$output"
	has $'* 1 FETCH (BODY[] {15}\nSubject: ü\n\n)' "$output"
}

@test "CATENATE: literals and parts of one's own messages" {
	mail 1.a.h 'Subject: one\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Type: text/html\n\n<b>\n--b--\n'
	run imap 'a CREATE "b&APw-cher"' 'b SELECT INBOX' \
		$'c APPEND Drafts (\\Draft) CATENATE (URL "/INBOX/;UID=1/;SECTION=HEADER" TEXT {7+}\r\n--b\r\n\r\n URL ";UID=1/;section=1" TEXT {7+}\r\n\r\n--b\r\n URL "/INBOX/;UID=1/;SECTION=2.MIME" URL "/INBOX/;UID=1/;SECTION=2/;PARTIAL=1.2" TEXT {9+}\r\n\r\n--b--\r\n)' \
		$'d APPEND Drafts CATENATE (TEXT {8+}\r\nA: 1\r\n\r\n URL "/INBOX;UIDVALIDITY=1/;UID=1" TEXT {3+}\r\na\r\n)' \
		'e APPEND Drafts CATENATE (URL "/INBOX/;UID=9")' 'f APPEND Drafts CATENATE (URL "/None/;UID=1")' \
		'g APPEND Drafts CATENATE (URL "imap://bob@host/INBOX/;UID=1")' \
		'h APPEND Drafts CATENATE (URL "/INBOX/;UID=1/;SECTION=7")' 'i APPEND Drafts CATENATE ()' \
		'j APPEND "b&APw-cher" CATENATE (URL /INBOX/;UID=1)' 'k APPEND Drafts CATENATE (URL "/b%c3%bccher/;uid=1/;PARTIAL=9")' \
		'l SELECT Drafts' 'm FETCH 1:2 BODY.PEEK[]'
	grep -qE '^c OK \[APPENDUID [0-9]+ 1\] ' <<<"$output"
	has 'd NO [BADURL /INBOX;UIDVALIDITY=1/;UID=1] ' "$output"
	has 'e NO [BADURL /INBOX/;UID=9] ' "$output"
	has 'f NO [BADURL /None/;UID=1] ' "$output"
	has 'g NO [BADURL imap://bob@host/INBOX/;UID=1] ' "$output"
	has 'h NO [BADURL /INBOX/;UID=1/;SECTION=7] ' "$output"
	has 'i BAD' "$output"
	has $'BODY[] {116}\nSubject: one\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Type: text/html\n\nb>\n--b--\n)' "$output"
	has $'* 2 FETCH (BODY[] {108}\none\nContent' "$output"
}

@test "REPLACE: the new message comes and the old one goes" {
	mail 1.a.h 'Subject: one\n\nx\n'
	mail 2.b.h 'Subject: two\n\nx\n'
	run imap 'a SELECT INBOX' $'b REPLACE 1 INBOX (\\Seen) {8+}\r\nA: 1\r\n\r\n' \
		$'c UID REPLACE 2 Drafts (\\Draft) {8+}\r\nA: 2\r\n\r\n' 'd STATUS Drafts (MESSAGES)' \
		$'e UID REPLACE 2 INBOX {8+}\r\nA: 3\r\n\r\n' $'f REPLACE 5 INBOX {8+}\r\nA: 3\r\n\r\n' \
		$'g REPLACE 1 None {8+}\r\nA: 3\r\n\r\n' 'h FETCH 1:* UID' 'i REPLACE x' \
		'j EXAMINE INBOX' $'k REPLACE 1 INBOX {8+}\r\nA: 3\r\n\r\n' 'l NOOP'
	local between=$'\\] New message stored\n\\* 1 EXPUNGE\n(\\* [0-9] [A-Z]+\n)*'
	local first="OK \\[APPENDUID [0-9]+ 3${between}b OK Replaced" second="OK \\[APPENDUID [0-9]+ 1${between}c OK Replaced"
	[[ $output =~ $first ]]
	[[ $output =~ $second ]]
	has '* STATUS "Drafts" (MESSAGES 1)' "$output"
	has 'e NO [NONEXISTENT]' "$output"
	has 'f BAD There are only 1 messages' "$output"
	has 'g NO [TRYCREATE]' "$output"
	has $'* 1 FETCH (UID 3)\nh OK' "$output"
	has 'i BAD' "$output"
	has 'k NO [READ-ONLY]' "$output"
	has 'l OK' "$output"
}

@test "REPLACE counts what it takes more than the old message" {
	mail 1.a.h 'Subject: one\n\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n'
	printf '50S\n48 1\n' >"$M/maildirsize"
	run imap 'a SELECT INBOX' $'b APPEND INBOX {14+}\r\nA: 1\r\n\r\nxxxx\r\n' \
		$'c REPLACE 1 INBOX {14+}\r\nA: 1\r\n\r\nxxxx\r\n'
	has 'b NO [OVERQUOTA]' "$output"
	has 'c OK Replaced' "$output"
	[ "$(awk 'NR > 1 { n += $2 } END { print n }' "$M/maildirsize")" = 1 ]
}

@test "APPENDLIMIT is the limit of a message" {
	echo 'message-size 20' >"$CHAINMAIL_ETC/limits"
	run imap $'b APPEND INBOX {21+}\r\nSubject: x\r\n\r\n1234567' \
		$'c APPEND INBOX CATENATE (TEXT {14+}\r\nSubject: x\r\n\r\n TEXT {7}\r\n' 'd STATUS INBOX (MESSAGES APPENDLIMIT)'
	has ' APPENDLIMIT=20 ' "${lines[0]}"
	has 'b NO [TOOBIG]' "$output"
	has 'c NO [TOOBIG]' "$output"
	has '* STATUS INBOX (MESSAGES 0 APPENDLIMIT 20)' "$output"
}

@test "BINARY: parts without their encoding, whole and partial, and their sizes" {
	mail 1.a.h 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\nYQBiCg==\n--b\nContent-Transfer-Encoding: quoted-printable\n\na=3Db=\nc\nd\n--b\n\nplain\nx\n--b\nContent-Transfer-Encoding: x-own\n\nx\n--b--\n'
	run imap 'a SELECT INBOX' 'b FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])' \
		'c FETCH 1 (BINARY.PEEK[2] BINARY.PEEK[2]<1.4> BINARY.SIZE[2])' \
		'd FETCH 1 (BINARY.PEEK[3] BINARY.PEEK[9] BINARY.SIZE[9] BINARY.PEEK[3]<90.2>)' \
		'e FETCH 1 BINARY.PEEK[4]' 'f FETCH 1 BINARY.SIZE[1]<0.1>' 'g FETCH 1 BINARY[HEADER]' \
		'h FETCH 1 FLAGS' 'i FETCH 1 BINARY[3]<0.2>'
	has '* 1 FETCH (BINARY[1] ~{4}' "$output"
	has ' BINARY.SIZE[1] 4)' "$output"
	has $'* 1 FETCH (BINARY[2] {7}\na=bc\nd BINARY[2]<1> {4}\n=bc BINARY.SIZE[2] 7)' "$(tr -d '\r' <<<"$output")"
	has $'* 1 FETCH (BINARY[3] {8}\nplain\nx BINARY[9] NIL BINARY.SIZE[9] 0 BINARY[3]<90> "")' "$output"
	has $'e NO [UNKNOWN-CTE]' "$output"
	has 'f BAD' "$output"
	has 'g BAD' "$output"
	has $'* 1 FETCH (FLAGS (\\Recent))\nh OK' "$output"
	has $'* 1 FETCH (BINARY[3]<0> {2}\npl FLAGS (\\Seen \\Recent))' "$output"
	printf 'a SELECT INBOX\r\nb FETCH 1 BINARY.PEEK[1]\r\n' | imapd "$M" 2>/dev/null | grep -qaP 'BINARY\[1\] ~\{4\}\r$'
	printf 'a SELECT INBOX\r\nb FETCH 1 BINARY.PEEK[1]\r\n' | imapd "$M" 2>/dev/null | grep -qaP '^a\x00b$'
}

@test "OBJECTID: ids stay over COPY, MOVE and RENAME" {
	mail 1700000000.a.h 'Subject: one\n\nx\n'
	run imap $'a APPEND INBOX {8+}\r\nA: 1\r\n\r\n' 'b CREATE x' 'c SELECT INBOX' 'd FETCH 1:2 (EMAILID THREADID)' \
		'e COPY 1:2 x' 'f MOVE 2 x' 'g RENAME x y' 'h STATUS y (MAILBOXID)' 'i SELECT y' 'j FETCH 1:3 (EMAILID)' \
		'k COPY 1 y' 'l NOOP' 'm FETCH 4 EMAILID' 'n STATUS INBOX (MAILBOXID)'
	local id foreign own
	id=$(sed -n 's/^b OK \[MAILBOXID (\(F[0-9]*\))\] .*/\1/p' <<<"$output")
	[ -n "$id" ]
	has "* STATUS \"y\" (MAILBOXID ($id))" "$output"
	has "* OK [MAILBOXID ($id)] " "$output"
	lacks "* STATUS INBOX (MAILBOXID ($id))" "$output"
	foreign=$(grep -oE '\(Mh[0-9a-f]{16}\)' <<<"$output" | sort -u)
	own=$(grep -oE '\(M[0-9A-HJKMNP-TV-Z]{26}\)' <<<"$output" | sort -u)
	[ "$(wc -l <<<"$foreign") $(wc -l <<<"$own")" = '1 1' ]
	[ "$(grep -cF "EMAILID $foreign" <<<"$output")" = 3 ]
	[ "$(grep -cF "EMAILID $own" <<<"$output")" = 3 ]
	has "$own THREADID NIL)" "$output"
	run imap 'a SELECT y' 'b FETCH 1:4 EMAILID' "c SEARCH EMAILID ${foreign:1:18}" 'd SEARCH EMAILID Mx' 'e SEARCH NOT THREADID T1'
	[ "$(grep -c '^\* SEARCH [0-9]* [0-9]*$' <<<"$output")" = 1 ]
	has $'* SEARCH\nd OK' "$output"
	has $'* SEARCH 1 2 3 4\ne OK' "$output"
	[ "$(grep -cF "EMAILID $foreign" <<<"$output")" = 2 ]
}

@test "SAVEDATE is when a message came into the mailbox" {
	mail 1700000000.a.h 'Subject: one\n\nx\n'
	touch -d @1700000000 "$M/new/1700000000.a.h"
	run imap $'a APPEND INBOX "01-Feb-2001 00:00:00 +0000" {8+}\r\nA: 1\r\n\r\n' 'b SELECT INBOX' \
		'c FETCH 2 SAVEDATE' 'd FETCH 1 (INTERNALDATE SAVEDATE)' 'e COPY 2 Drafts' 'f SELECT Drafts' 'g FETCH 1 SAVEDATE' \
		'h SELECT INBOX' 'i SEARCH SAVEDBEFORE 1-Jan-2024' 'j SEARCH SAVEDON 14-Nov-2023' 'k SEARCH SAVEDSINCE 1-Jan-2024' \
		'l SEARCH SAVEDATESUPPORTED'
	has $'* SEARCH 2\ni OK' "$output"
	has $'* SEARCH 2\nj OK' "$output"
	has $'* SEARCH 1\nk OK' "$output"
	has $'* SEARCH 1 2\nl OK' "$output"
	local year
	year=$(date +%Y)
	has '* 2 FETCH (SAVEDATE "14-Nov-2023 22:13:20 +0000")' "$output"
	[[ $output == *'-Feb-2001 00:00:00 +0000" SAVEDATE "'*"-$year "* ]]
	[[ $output == *'* 1 FETCH (SAVEDATE "'*"-$year "* ]]
	[ "$(grep -c "SAVEDATE .*-$year " <<<"$output")" = 2 ]
}

@test "PREVIEW: the first words of the first text" {
	mail 1.a.h 'Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n  Gr=FC=DFe,\n\n aus  =\nUlm\n--b\nContent-Type: text/html\n\n<b>no</b>\n--b--\n'
	mail 2.b.h 'Content-Type: text/html; charset=utf-8\n\n<html><head><title>t</title><style>p { x: y }</style></head><body><!-- <b>c</b> --><p>R&amp;D</p>1 &lt; 2&unknown;<script>alert(1)</script>\n'
	mail 3.c.h 'Content-Type: image/png\n\nxx\n'
	mail 4.d.h "\\n$(printf 'word %.0s' {1..100})\\n"
	run imap 'a SELECT INBOX' 'b FETCH 1 (PREVIEW UID)' 'c FETCH 2 (UID PREVIEW (LAZY))' 'd FETCH 3:4 PREVIEW' \
		'e FETCH 1 PREVIEW (FAST)' 'f UNSELECT' 'g ENABLE UTF8=ACCEPT' 'h SELECT INBOX' 'i FETCH 1 PREVIEW'
	has $'* 1 FETCH (PREVIEW {16}\nGrüße, aus Ulm UID 1)' "$output"
	has '* 2 FETCH (UID 2 PREVIEW "R&D 1 < 2&unknown;")' "$output"
	has '* 3 FETCH (PREVIEW "")' "$output"
	has "* 4 FETCH (PREVIEW \"$(printf 'word %.0s' {1..39})word\")" "$output"
	has 'e BAD' "$output"
	has '* 1 FETCH (PREVIEW "Grüße, aus Ulm")' "$output"
}

@test "IMAP4rev2: no \\Recent, UTF-8 names, LIST with SELECT" {
	mail 1.a.h "$plain"
	run imap 'a CAPABILITY'
	[[ $output == *' IMAP4rev2]'* ]] || skip 'not all that it needs is there'
	run imap 'a ENABLE IMAP4rev2 CONDSTORE-NOT' 'b CREATE "bü"' 'c SELECT INBOX' 'd FETCH 1 FLAGS' 'e SEARCH ALL' \
		$'f APPEND INBOX {8+}\r\nA: 1\r\n\r\n' 'g STATUS INBOX (DELETED SIZE)' 'h SELECT "bü"' 'i LIST "" "b%"' \
		'j STATUS INBOX (RECENT)' 'k NAMESPACE'
	has $'* ENABLED IMAP4rev2\na OK' "$output"
	has '* LIST (\HasNoChildren) "/" INBOX' "$output"
	has $'* 1 FETCH (FLAGS ())\nd OK' "$output"
	has $'* ESEARCH (TAG "e") ALL 1\ne OK' "$output"
	has $'* 2 EXISTS\nf OK [APPENDUID ' "$output"
	has '* STATUS INBOX (DELETED 0 SIZE 59)' "$output"
	has '* OK [CLOSED]' "$output"
	has $'* LIST (\\HasNoChildren) "/" "bü"\ni OK' "$output"
	lacks ecent "${output#*CAPABILITY}"
	lacks UNSEEN "$output"
	lacks '* STATUS INBOX (RECENT' "$output"
	lacks ' RECENT' "$output"
	has 'j BAD' "$output"
	echo '* -ESEARCH' >"$CHAINMAIL_ETC/imap"
	run imap 'a CAPABILITY' 'b ENABLE IMAP4rev2'
	lacks IMAP4rev2 "$output"
	has $'* ENABLED\nb OK' "$output"
}

@test "UIDONLY, where it is offered: no message number either way" {
	mail 1.a.h "$plain"
	mail 2.b.h "$plain"
	run imap 'a ENABLE UIDONLY' 'b SELECT INBOX' 'c FETCH 1 FLAGS'
	has $'* ENABLED\na OK' "$output"
	has 'c OK' "$output"
	echo '* +UIDONLY' >"$CHAINMAIL_ETC/imap"
	run imap 'z SELECT INBOX' 'y ENABLE UIDONLY' 'x UNSELECT' 'a ENABLE UIDONLY' 'b SELECT INBOX' 'c FETCH 1 FLAGS' \
		'd UID FETCH 1:2 (FLAGS)' 'e UID FETCH 2 (UID FLAGS)' 'f UID STORE 1 +FLAGS (\Deleted)' 'g STORE 1 FLAGS ()' \
		'h SEARCH ALL' 'i COPY 1 Drafts' 'j UID EXPUNGE 1' 'k UID STORE 2 +FLAGS.SILENT (\Deleted)' 'l EXPUNGE' \
		'm UID SEARCH 1' 'n UID SEARCH UID 1:*' 'o NOOP'
	has ' UIDONLY ' "$output"
	has 'y BAD' "$output"
	has $'* ENABLED UIDONLY\na OK' "$output"
	lacks UNSEEN "${output#*a OK}"
	for tag in c g h i; do has "$tag BAD [UIDREQUIRED]" "$output"; done
	has $'* 1 UIDFETCH (FLAGS ())\n* 2 UIDFETCH (FLAGS ())\nd OK' "$output"
	has $'* 2 UIDFETCH (UID 2 FLAGS ())\ne OK' "$output"
	has $'* 1 UIDFETCH (FLAGS (\\Deleted))\nf OK' "$output"
	has $'* VANISHED 1\nj OK' "$output"
	has $'* VANISHED 2\nl OK' "$output"
	has 'm BAD' "$output"
	has 'o OK' "$output"
}

@test "UIDBATCHES: ranges with the given number of messages, down to UID 1" {
	imap 'a LOGOUT' >/dev/null
	local i
	for ((i = 1; i <= 1200; i++)); do : >"$M/cur/$i.a.h,S=1,W=1,U=$((3 * i)):2,"; done
	run imap 'a SELECT INBOX' 'b UIDBATCHES 500' 'c UIDBATCHES 500 2:3' 'd UIDBATCHES 500 9:9' 'e UIDBATCHES 499' \
		'f UIDBATCHES 500 1:1000' 'g UIDBATCHES 2000' 'h UIDBATCHES 0' 'i UIDBATCHES 500 1' 'j SELECT Drafts' 'k UIDBATCHES 500'
	has $'* UIDBATCHES (TAG "b") 3600:2101,2100:601,600:1\nb OK' "$output"
	has $'* UIDBATCHES (TAG "c") 2100:601,600:1\nc OK' "$output"
	has $'* UIDBATCHES (TAG "d")\nd OK' "$output"
	has 'e NO [TOOFEW] ' "$output"
	has 'f NO [TOOMANY] ' "$output"
	has $'* UIDBATCHES (TAG "g") 3600:1\ng OK' "$output"
	has 'h BAD' "$output"
	has 'i BAD' "$output"
	has $'* UIDBATCHES (TAG "k")\nk OK' "$output"
}

@test "LITERAL- where LITERAL+ is left out: 4096 bytes unasked, no more" {
	echo '* -LITERAL+' >"$CHAINMAIL_ETC/imap"
	run imap $'b APPEND INBOX {8+}\r\nA: 1\r\n\r\n' $'c APPEND INBOX {8}\r\nA: 1\r\n\r\n' \
		$'d APPEND INBOX {4097+}\r\n'"$(printf '%4097s' x)" 'e STATUS INBOX (MESSAGES)'
	has ' LITERAL- ' "${lines[0]}"
	lacks ' LITERAL+ ' "${lines[0]}"
	has 'b OK' "$output"
	has 'c OK' "$output"
	has 'd BAD' "$output"
	has 'MESSAGES 2' "$output"
	echo '* -LITERAL+ -LITERAL-' >"$CHAINMAIL_ETC/imap"
	run imap $'b STATUS {5+}\r\nINBOX (MESSAGES)' $'c STATUS {5}\r\nINBOX (MESSAGES)'
	lacks LITERAL "${lines[0]}"
	has 'b BAD' "$output"
	has 'c OK' "$output"
}

# told CODE: the value of the last [CODE value] in $output.
told() { sed -n "s/.*\[$1 \([0-9]*\)\].*/\1/p" <<<"$output" | tail -n 1; }

@test "QRESYNC: what a new index has forgotten is told as all UIDs that no message has" {
	mail 1.a.h "$plain"
	mail 2.b.h "$plain"
	mail 3.c.h "$plain"
	run imap 'a ENABLE QRESYNC' 'b SELECT INBOX' 'c UID STORE 2 +FLAGS.SILENT (\Deleted)' 'd EXPUNGE'
	has $'* VANISHED 2\nd OK [HIGHESTMODSEQ ' "$output"
	local v h
	v=$(told UIDVALIDITY) h=$(told HIGHESTMODSEQ)
	run imap 'a ENABLE QRESYNC' "b SELECT INBOX (QRESYNC ($v $h))"
	lacks VANISHED "$output"
	lacks FETCH "$output"
	rm "$M/index"
	run imap 'a ENABLE QRESYNC' "b SELECT INBOX (QRESYNC ($v $h 1:3))" "c SELECT INBOX (QRESYNC ($v $h))" \
		"d SELECT INBOX (QRESYNC ($v $h 1:3 (1:2 1,3)))" "e UID FETCH 2:* (UID) (CHANGEDSINCE $h VANISHED)"
	[ "$(grep -c '^\* VANISHED (EARLIER) 2$' <<<"$output")" = 3 ]
	has '* 1 FETCH (UID 1 FLAGS () MODSEQ (' "$output"
	lacks VANISHED "$(sed -n '/^c OK/,/^d OK/p' <<<"$output")"
	(($(told HIGHESTMODSEQ) > h))
}

@test "CONDSTORE and QRESYNC, disabled in the file imap, are not accepted" {
	mail 1.a.h "$plain"
	echo '* -CONDSTORE' >"$CHAINMAIL_ETC/imap"
	run imap 'a CAPABILITY' 'b ENABLE CONDSTORE QRESYNC' 'c SELECT INBOX (CONDSTORE)' 'd SELECT INBOX' 'e FETCH 1 (MODSEQ)' \
		'f FETCH 1 FLAGS (CHANGEDSINCE 1)' 'g STORE 1 (UNCHANGEDSINCE 1) FLAGS ()' 'h SEARCH MODSEQ 1' 'i STATUS INBOX (HIGHESTMODSEQ)'
	lacks 'CONDSTORE ' "${output%%b OK*}"
	lacks QRESYNC "${output%%b OK*}"
	has $'* ENABLED\nb OK' "$output"
	for tag in c e f g h i; do has "$tag BAD" "$output"; done
	lacks MODSEQ "$output"
	echo '* -QRESYNC' >"$CHAINMAIL_ETC/imap"
	run imap 'a ENABLE CONDSTORE QRESYNC' 'b SELECT INBOX (CONDSTORE)' 'c SELECT INBOX (QRESYNC (1 1))'
	has $'* ENABLED CONDSTORE\na OK' "$output"
	has '* OK [HIGHESTMODSEQ ' "$output"
	has 'c BAD' "$output"
}

@test "CONDSTORE: the first command that enables it tells HIGHESTMODSEQ, once" {
	mail 1.a.h "$plain"
	run imap 'a SELECT INBOX' 'b FETCH 1 (MODSEQ)' 'c ENABLE CONDSTORE'
	[ "$(sed '1,/^a OK/d' <<<"$output" | grep -c '^\* OK \[HIGHESTMODSEQ ')" = 1 ]
	has HIGHESTMODSEQ "$(sed -n '/^a OK/,/^b OK/p' <<<"$output")"
}
