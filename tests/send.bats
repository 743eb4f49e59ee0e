#!/usr/bin/env bats
# The conversation of send with a host that does as it is told.
load helper

setup() {
	need python3
	private_dirs
	echo me.example >"$CHAINMAIL_ETC/me"
	echo none >"$CHAINMAIL_ETC/dns"
	MESSAGE=$BATS_TEST_TMPDIR/message
	printf 'Subject: x\n\n.dot\nhello\n' >"$MESSAGE"
}
teardown() { stop_background; }

# host NAME [key=value ...]: sets PORT; mail is in NAME.mail, words in NAME.log.
host() {
	local name=$BATS_TEST_TMPDIR/$1
	shift
	mkdir "$name.mail"
	"$TOP/tests/smtp-host.py" save="$name.mail" log="$name.log" "$@" \
		>"$name" 3>&- &
	BACKGROUND+=("$!")
	await 10 test -s "$name"
	PORT=$(awk '{ print $2 }' "$name")
}
mail() {
	run send -f ann@example.net "127.0.0.1:$PORT" "$@" <"$MESSAGE"
}

@test "the verdict's text is the host's reply with its codes" {
	host a 'rcpt:bob=550 5.1.1 no such user' offer=PIPELINING
	mail bob@example.org amy@example.org
	has 'status=5.1.1' "$output"
	has 'reply=1' "$output"
	has 'text=550%205.1.1%20no%20such%20user' "$output"
	[ -e "$BATS_TEST_TMPDIR/a.mail/1" ]
}

@test "all recipients refused and data wanted: it gets a lone dot" {
	host a 'rcpt=550 5.1.1 no' offer=PIPELINING
	mail bob@example.org
	[ "$status" != 0 ]
	[ "$status" != 75 ]
	has '(0 bytes)' "$(cat "$BATS_TEST_TMPDIR/a.log")"
	[ ! -e "$BATS_TEST_TMPDIR/a.mail/1" ]
}

@test "a connection lost after the dot: later, and at no other host now" {
	host b
	local other=$PORT
	host a dot=drop
	echo "example.org 127.0.0.1:$PORT 127.0.0.1:$other" >"$CHAINMAIL_ETC/routes"
	run "$TOP/tests/send-jobs.py" bob@example.org <"$MESSAGE"
	has 'verdict=75' "$output"
	[ ! -e "$BATS_TEST_TMPDIR/b.mail/1" ]
}

@test "EHLO refused: HELO; leading dots and CRLF arrive right" {
	printf 'Subject: x\n\n.dot\r\n..two\n' >"$MESSAGE"
	host a 'ehlo=502 5.5.1 what?' slow=1
	mail bob@example.org
	[ "$status" = 0 ]
	printf 'Subject: x\r\n\r\n.dot\r\n..two\r\n' |
		cmp - "$BATS_TEST_TMPDIR/a.mail/1"
}

@test "a message over the host's SIZE is not sent" {
	host a offer=SIZE_10
	mail bob@example.org
	has 'status=5.3.4' "$output"
	[ "$(grep -c MAIL "$BATS_TEST_TMPDIR/a.log")" = 0 ]
}
