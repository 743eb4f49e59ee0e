#!/usr/bin/env bats
# What send makes of a message for a host: conversion, BDAT, SMTPUTF8.
load send-host

# decoded FILE N...: the bytes of a part by its numbers, encoding taken off.
decoded() {
	python3 - "$@" <<-'END'
		import email, sys
		part = email.message_from_bytes(open(sys.argv[1], "rb").read())
		for n in sys.argv[2:]:
		    part = part.get_payload(int(n))
		sys.stdout.buffer.write(part.get_payload(decode=True))
	END
}
# is_seven FILE: ASCII, no line over 998, and CR and LF only together.
is_seven() {
	python3 - "$1" <<-'END'
		import sys
		data = open(sys.argv[1], "rb").read()
		lines = data.split(b"\r\n")
		assert data.isascii(), "8 bits"
		assert max(map(len, lines)) <= 998, "long line"
		assert not any(b in line for line in lines for b in b"\r\n\0"), "bare"
	END
}

@test "8 bits to a host without 8BITMIME: quoted-printable, the same bytes" {
	printf 'h\303\244llo = \377 \t\n.dot \nFrom me\n\nend\n' \
		>"$BATS_TEST_TMPDIR/body"
	{
		printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n'
		printf 'Content-Transfer-Encoding: 8bit\n\n'
		cat "$BATS_TEST_TMPDIR/body"
	} >"$MESSAGE"
	host a
	mail bob@example.org
	[ "$status" = 0 ]
	lacks BODY= "$(cat "$BATS_TEST_TMPDIR/a.log")"
	is_seven "$BATS_TEST_TMPDIR/a.mail/1"
	has 'quoted-printable' "$(cat "$BATS_TEST_TMPDIR/a.mail/1")"
	decoded "$BATS_TEST_TMPDIR/a.mail/1" >"$BATS_TEST_TMPDIR/got"
	crlf <"$BATS_TEST_TMPDIR/body" | cmp - "$BATS_TEST_TMPDIR/got"
	host b offer=8BITMIME
	mail bob@example.org
	[ "$status" = 0 ]
	has BODY=8BITMIME "$(cat "$BATS_TEST_TMPDIR/b.log")"
	crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/b.mail/1"
}

@test "a line of 998 bytes goes as it is, a longer one is encoded" {
	{
		printf 'Subject: x\n\n'
		head -c 998 /dev/zero | tr '\0' a
		echo
	} >"$MESSAGE"
	host a
	mail bob@example.org
	[ "$status" = 0 ]
	crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/a.mail/1"
	{
		printf 'Subject: x\n\n'
		head -c 999 /dev/zero | tr '\0' a
		echo
	} >"$MESSAGE"
	mail bob@example.org
	[ "$status" = 0 ]
	is_seven "$BATS_TEST_TMPDIR/a.mail/2"
	decoded "$BATS_TEST_TMPDIR/a.mail/2" >"$BATS_TEST_TMPDIR/got"
	tail -n +3 "$MESSAGE" | crlf | cmp - "$BATS_TEST_TMPDIR/got"
}

@test "parts are converted each by itself, inside a message too" {
	cat >"$MESSAGE" <<-END
		MIME-Version: 1.0
		Content-Type: multipart/mixed; boundary=out
		Content-Transfer-Encoding: 8bit

		--out
		Content-Type: text/plain; charset=utf-8
		Content-Transfer-Encoding: 8bit

		früh
		--out
		Content-Type: application/x-thing
		Content-Transfer-Encoding: 8bit

		$(printf '\001\377 \302\200')
		--out
		Content-Type: text/plain

		plain = plain
		--out
		Content-Type: message/rfc822
		Content-Transfer-Encoding: 8bit

		Subject: inside
		MIME-Version: 1.0
		Content-Type: text/html; charset=utf-8
		Content-Transfer-Encoding: 8bit

		<p>spät
		--out--
	END
	host a
	mail bob@example.org
	[ "$status" = 0 ]
	local got=$BATS_TEST_TMPDIR/a.mail/1
	is_seven "$got"
	lacks ': 8bit' "$(cat "$got")"
	[ "$(decoded "$got" 0 | lf)" = früh ]
	[ "$(decoded "$got" 1 | lf)" = "$(printf '\001\377 \302\200')" ]
	has $'\r\nplain = plain\r\n' "$(cat "$got")"
	[ "$(decoded "$got" 3 0 | lf)" = '<p>spät' ]
}

@test "a signed message is never changed: it is sent unchanged, or refused" {
	cat >"$MESSAGE" <<-END
		MIME-Version: 1.0
		Content-Type: multipart/signed; boundary=s; micalg=x; protocol="a/b"

		--s
		Content-Type: text/plain; charset=utf-8

		$(head -c 1200 /dev/zero | tr '\0' a)
		--s
		Content-Type: a/b

		signature
		--s--
	END
	host a
	mail bob@example.org
	[ "$status" = 0 ]
	crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/a.mail/1"
	sed -i 's/^signature/früh/' "$MESSAGE"
	mail bob@example.org
	[ "$status" != 0 ]
	[ "$status" != 75 ]
	has 'status=5.6.3' "$output"
	host b offer=8BITMIME
	mail bob@example.org
	[ "$status" = 0 ]
	crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/b.mail/1"
}

@test "SMTPUTF8 that the host lacks is refused, and used where it is" {
	host a offer=8BITMIME
	mail jürgen@example.org bob@bücher.example
	has 'status=5.6.7' "$output"
	has 'RCPT TO:<bob@xn--bcher-kva.example>' "$(cat "$BATS_TEST_TMPDIR/a.log")"
	[ "$(grep -c RCPT "$BATS_TEST_TMPDIR/a.log")" = 1 ]
	printf 'Subject: früh\n\nx\n' >"$MESSAGE"
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job smtputf8=1 bob@example.org
	has 'status=5.6.7' "$output"
	host b offer=8BITMIME,SMTPUTF8
	mail jürgen@example.org
	[ "$status" = 0 ]
	has 'SMTPUTF8' "$(grep MAIL "$BATS_TEST_TMPDIR/b.log")"
	has 'RCPT TO:<jürgen@example.org>' "$(cat "$BATS_TEST_TMPDIR/b.log")"
}

@test "BDAT where CHUNKING is offered: the same bytes, dots as they are" {
	printf 'Subject: x\n\n.\n.dot\n..\nno end' >"$MESSAGE"
	host a offer=CHUNKING
	mail bob@example.org
	[ "$status" = 0 ]
	host b offer=CHUNKING,PIPELINING
	mail bob@example.org
	[ "$status" = 0 ]
	seq 20000 | sed 's/^/./' >>"$MESSAGE" # too much for one packet
	mail bob@example.org
	[ "$status" = 0 ]
	for name in a b; do
		has 'BDAT ' "$(cat "$BATS_TEST_TMPDIR/$name.log")"
		lacks '< DATA' "$(cat "$BATS_TEST_TMPDIR/$name.log")"
		printf 'Subject: x\r\n\r\n.\r\n.dot\r\n..\r\nno end\r\n' |
			cmp - "$BATS_TEST_TMPDIR/$name.mail/1"
	done
	crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/b.mail/2"
}

@test "BDAT offered and then not known: DATA" {
	host a offer=CHUNKING 'bdat=502 5.5.1 what?'
	mail bob@example.org
	[ "$status" = 0 ]
	crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/a.mail/1"
}

@test "a lone CR or NUL in a message never reaches the wire" {
	printf 'Subject: a\rb\r\n\nx\r.\ry\0z\n\r.\r\n\n.\r\r\nend\r' >"$MESSAGE"
	for offer in '' 8BITMIME CHUNKING CHUNKING,PIPELINING,8BITMIME; do
		host "a$offer" offer="$offer"
		mail bob@example.org
		[ "$status" = 0 ]
		is_seven "$BATS_TEST_TMPDIR/a$offer.mail/1"
		[ ! -e "$BATS_TEST_TMPDIR/a$offer.mail/2" ]
		has 'Subject: a b' "$(cat "$BATS_TEST_TMPDIR/a$offer.mail/1")"
		decoded "$BATS_TEST_TMPDIR/a$offer.mail/1" >"$BATS_TEST_TMPDIR/got"
		printf 'x\r.\ry\0z\r\n\r.\r\n\r\n.\r\r\nend\r\r\n' |
			cmp - "$BATS_TEST_TMPDIR/got"
	done
}
