#!/usr/bin/env bats
# Mail as it really comes, with its faults: every reader sees the same of it.
# shellcheck disable=SC2030,SC2031

load helper

setup() {
	private_dirs
	M=$BATS_TEST_TMPDIR/Maildir
	printf 'a LOGOUT\r\n' | imapd "$M" >/dev/null 2>&1 # makes it
	NUMBER=1000
}

# mail TEXT: one more message.
mail() {
	printf '%b' "$1" >"$M/new/$NUMBER.x.h"
	NUMBER=$((NUMBER + 1))
}

# imap COMMAND...: the answers to these in INBOX, without CR.
imap() {
	{
		printf 's SELECT INBOX\r\n'
		printf 'a %s\r\n' "$@" 'LOGOUT'
	} | imapd "$M" 2>/dev/null | lf | sed -n '/^s OK/,$p' | sed '1d'
}

# found TEXT: the numbers that SEARCH BODY finds.
found() {
	local bytes
	bytes=$(printf %s "$1" | wc -c)
	imap "SEARCH CHARSET UTF-8 BODY {$bytes+}"$'\r\n'"$1" |
		sed -n 's/^\* SEARCH *//p'
}
structure() { imap "FETCH $1 BODY" | sed -n '1s/^[^(]*(BODY \(.*\))$/\1/p'; }

@test "parts listed in BODYSTRUCTURE can be fetched, and have its sizes" {
	need python3
	mail 'Content-Type: multipart/mixed; boundary=b\n\nno parts\n'
	mail 'Content-Type: multipart/mixed; boundary=b\n\n--b--\n'
	mail 'Content-Type: multipart/mixed\n\nno boundary\n'
	mail 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\n--b--\n'
	mail 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: in\n--b--\n'
	mail 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n--b\r\n--b--\r\n'
	mail 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n--b\n\n--b\n'
	mail 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n--c--\n--b--\n'
	mail 'Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nno field\n'
	mail ''
	python3 "$TOP/tests/mail.py" check "$M" "$M"/new/*
}

@test "the same for mail composed of such pieces" {
	need python3
	python3 "$TOP/tests/mail.py" make "$M/new" 1 400
	run python3 "$TOP/tests/mail.py" check "$M" "$M"/new/*
	echo "$output"
	[ "$status" = 0 ]
	[ "${lines[-1]}" = 400 ]
}

@test "the header of a part has no line end that is its delimiter's" {
	mail 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\n--b\nContent-Type: text/plain\n--b--\n'
	run imap 'FETCH 1 (BODY.PEEK[1] BODY.PEEK[1.HEADER] BODY.PEEK[1.TEXT] BODY.PEEK[2.MIME] BODY.PEEK[2])'
	[ "${lines[0]}" = '* 1 FETCH (BODY[1] {13}' ]
	[ "${lines[2]}" = ' BODY[1.HEADER] {13}' ]
	has $'BODY[1.TEXT] "" BODY[2.MIME] {24}\nContent-Type: text/plain BODY[2] "")' "$output"
}

@test "text begins at the first line that is not a field" {
	mail 'Subject: one\nHello: a field\nno field\nFrom: ann@example.org\n\nrest\n'
	mail 'just text\nSubject: two\n'
	run imap 'FETCH 1:2 (BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[HEADER.FIELDS (From)] ENVELOPE)'
	has $'BODY[HEADER] {30}\nSubject: one\nHello: a field\n BODY[TEXT] {41}\nno field\nFrom: ann' "$output"
	has 'ENVELOPE (NIL "one" NIL NIL' "$output"
	has $'BODY[HEADER] "" BODY[TEXT] {25}\njust text\nSubject: two' "$output"
	run imap 'SEARCH FROM ann' 'SEARCH BODY ann@example' 'SEARCH SUBJECT two' 'SEARCH BODY two' 'SEARCH HEADER Hello ""'
	[ "$(grep '^\* SEARCH' <<<"$output")" = $'* SEARCH\n* SEARCH 1\n* SEARCH\n* SEARCH 2\n* SEARCH 1' ]
}

@test "parameters in every form are used" {
	for type in 'multipart/mixed; boundary*0="a b"; boundary*1=cd' \
		"multipart/mixed; boundary*=us-ascii'en'a%20bcd" \
		"multipart/mixed; boundary*1*=%63%64; boundary*0*=utf-8''a%20b" \
		'multipart/mixed; boundary=a bcd' \
		'multipart/mixed; boundary=a bcd ; x=y' \
		'multipart/mixed; boundary=a\n bcd (comment)' \
		'multipart/mixed boundary="a bcd"' \
		'multipart/mixed; x=(y;boundary=z)u v; BOUNDARY="a\\ bcd"'; do
		mail "Content-Type: $type\n\n--a bcd\nContent-Type: text/plain; charset*=''iso-8859-1\n\nstra\xdfe\n--a bcd--\n"
	done
	[ "$(found 'straße')" = '1 2 3 4 5 6 7 8' ]
	for i in {1..8}; do
		has '(("text" "plain" ("charset*" ' "$(structure "$i")"
	done
}

@test "a quoted encoding is that encoding, and charsets in pieces are known" {
	mail 'Content-Transfer-Encoding: "base64"\nContent-Type: text/plain; charset*0=iso-; charset*1=8859-1\n\nZ3L832U=\n'
	mail 'Content-Transfer-Encoding: (x) Quoted-Printable ; y\nContent-Type: text/plain; charset="latin1"\n\ngr=FC=DFe\n'
	mail 'Content-Transfer-Encoding: base64 (x)\nContent-Type: text/plain; charset=utf-8; format=x y\n\nZ3LDvMOfZQ==\n'
	[ "$(found 'grüße')" = '1 2 3' ]
	has '"base64" 10 1' "$(structure 1)"
	has '"Quoted-Printable" 11 1' "$(structure 2)"
	has '("charset" "utf-8" "format" "x y")' "$(structure 3)"
}

@test "an invalid type is text/plain for the structure and for SEARCH" {
	for type in 'text' '' ';' 'multipart/mixed' 'multipart/alternative; boundary=' \
		'multipart/mixed; boundary=elsewhere' '/plain' 'text/'; do
		mail "Content-Type: $type\n\nfindme\n"
	done
	[ "$(found findme)" = '1 2 3 4 5 6 7 8' ]
	for i in {1..8}; do
		[ "$(structure "$i")" = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 8 1)' ]
	done
}

@test "APPEND keeps every CR" {
	need python3
	python3 - "$M" <<-'EOF2'
		import itertools, re, subprocess, sys
		bodies = [b"".join(p) for n in range(1, 7) for p in itertools.product((b"\r", b"\r\n", b"x"), repeat=n)]
		# A CR and an LF side by side are one line end, however they came.
		texts = [b"A: b\r\n\r\n" + b for b in bodies]
		commands = b"".join(b"a APPEND Sent {%d+}\r\n%s\r\n" % (len(t), t) for t in texts)
		out = subprocess.run(["imapd", sys.argv[1]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
		    input=commands + b"s EXAMINE Sent\r\nf FETCH 1:* BODY.PEEK[]\r\nz LOGOUT\r\n").stdout
		got = []
		while match := re.search(rb"BODY\[\] \{(\d+)\}\r\n", out):
		    n = int(match[1])
		    got.append(out[match.end():match.end() + n])
		    out = out[match.end() + n:]
		assert len(got) == len(texts), len(got)
		for want, have in zip(texts, got):
		    assert want == have, (want, have)
	EOF2
}
