#!/usr/bin/env bats
# The dialogue of send with a scripted host.
load send-host

@test "the verdict's text is the host's reply with its codes" {
	host a 'rcpt:bob=550 5.1.1 no such user' offer=PIPELINING
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job bob@example.org amy@example.org
	has 'status=5.1.1' "$output"
	has 'reply=1' "$output"
	has 'text=550%205.1.1%20no%20such%20user' "$output"
	[ -e "$BATS_TEST_TMPDIR/a.mail/1" ]
}

@test "by hand: a line for each recipient, and the worst as exit code" {
	by_hand() { run send -f ann@example.net "$@" <"$MESSAGE"; }
	host a 'rcpt:bob=550 5.1.1 no such user' 'rcpt:eve=451 4.7.1 wait'
	by_hand "127.0.0.1:$PORT" amy@example.org
	[ "$status" = 0 ]
	[ "$output" = 'amy@example.org: accepted by 127.0.0.1: 250 2.0.0 taken' ]
	by_hand "127.0.0.1:$PORT" amy@example.org bob@example.org
	[ "$status" = 65 ]
	[ "${lines[1]}" = 'bob@example.org: refused by 127.0.0.1: 550 5.1.1 no such user' ]
	by_hand "127.0.0.1:$PORT" bob@example.org eve@example.org amy@example.org
	[ "$status" = 75 ]
	[ "${lines[1]}" = 'eve@example.org: refused for now by 127.0.0.1: 451 4.7.1 wait' ]
	[ "${#lines[@]}" = 3 ]
	by_hand "127.0.0.1:$(free_port)" amy@example.org
	[ "$status" = 75 ]
	[ "$output" = 'amy@example.org: not accepted, try again later: 127.0.0.1: connect: Connection refused' ]
	by_hand mx:gone.example amy@gone.example # without DNS
	[ "$status" = 67 ]
	has 'amy@gone.example: not sent: gone.example: no route ' "$output"
	by_hand unknown.lan amy@gone.example
	[ "$status" = 75 ]
	has 'amy@gone.example: not accepted, try again later: unknown.lan: the host is ' "$output"
}

@test "by hand with -v: the log as well" {
	host a 'rcpt=550 5.1.1 no such user'
	run send -v "127.0.0.1:$PORT" bob@example.org <"$MESSAGE"
	[ "$status" = 65 ]
	has 'bob@example.org: refused by' "$output"
	has 'send event=failed ' "$output"
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

@test "DSN parameters are passed in xtext; without DSN relaying is reported" {
	host a offer=DSN
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job ret=HDRS 'envid=a+b=c d' \
		'bob@example.org,notify=SUCCESS,orcpt=rfc822;b+o=b@x.example'
	has 'verdict=0' "$output"
	has 'dsn=1' "$output"
	lacks 'action=1' "$output"
	local log
	log=$(cat "$BATS_TEST_TMPDIR/a.log")
	has ' RET=HDRS ENVID=a+2Bb+3Dc+20d' "$log"
	has ' NOTIFY=SUCCESS ' "$log"
	has ' ORCPT=rfc822;b+2Bo+3Db@x.example' "$log"
	host b
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job ret=HDRS envid=a bob@example.org,notify=NEVER
	has 'action=1' "$output"
	lacks 'dsn=1' "$output"
	log=$(cat "$BATS_TEST_TMPDIR/b.log")
	lacks 'RET=' "$log"
	lacks 'ENVID=' "$log"
	lacks 'NOTIFY=' "$log"
}

@test "nobody listens: later, and the destination is down" {
	echo "example.org 127.0.0.1:$(free_port)" >"$CHAINMAIL_ETC/routes"
	job bob@example.org
	has 'verdict=75 status=4.4.1' "$output"
	has 'down=1' "$output"
	PORT=$(free_port)
	mail bob@example.org
	[ "$status" = 75 ]
}

@test "a greeting of 4xx or none of SMTP: later, and down" {
	for greeting in '450 4.3.2 not now' '421 busy;drop' 'hello' drop; do
		host "a$greeting" greeting="$greeting"
		echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job bob@example.org
		has 'verdict=75 status=4.' "$output"
		has 'down=1' "$output"
		lacks MAIL "$(cat "$BATS_TEST_TMPDIR/a$greeting.log")"
	done
}

@test "421 in mid-session: later, and fewer connections are wanted" {
	for word in mail rcpt data dot; do
		host "on-$word" "$word=421 4.3.2 closing;drop"
		echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job bob@example.org
		has 'verdict=75 status=4.3.2' "$output"
		has 'busy=1' "$output"
		[ ! -e "$BATS_TEST_TMPDIR/on-$word.mail/1" ]
	done
}

@test "dropped before the dot: the next host gets it in the same attempt" {
	host b
	local other=$PORT
	for word in mail rcpt data; do
		host "on-$word" "$word=drop"
		echo "example.org 127.0.0.1:$PORT 127.0.0.1:$other" \
			>"$CHAINMAIL_ETC/routes"
		job bob@example.org
		has 'verdict=0' "$output"
	done
	[ -e "$BATS_TEST_TMPDIR/b.mail/3" ]
	host only data=drop
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job bob@example.org
	has 'verdict=75 status=4.4.2' "$output"
}

@test "endless replies are truncated" {
	local long many
	long=$(head -c 1500 /dev/zero | tr '\0' l)
	many=$(seq -f '550-5.7.1 line %g' 50 | sed 's/$/\\n/' | tr -d '\n')
	host a "rcpt:bob=550 5.1.1 $long" "rcpt:amy=${many}550 5.7.1 end"
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job bob@example.org amy@example.org
	has 'status=5.1.1' "$output"
	has 'status=5.7.1' "$output"
	[ "${#output}" -lt 6000 ]
	long=$(head -c 100000 /dev/zero | tr '\0' l)
	many=$(seq -f '550-%g' 5000 | sed 's/$/\\n/' | tr -d '\n')
	for reply in "550 $long" "${many}550 end"; do
		host "b${#reply}" "rcpt=$reply"
		echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job bob@example.org
		has 'verdict=65 status=5.1.1' "$output"
		[ "${#output}" -lt 6000 ]
	done
}

@test "control bytes and broken UTF-8 in a reply are cleaned" {
	host a $'rcpt=550 5.1.1 a\tb\ec\rd\x7fe \xff'
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job bob@example.org
	has 'text=550%205.1.1%20a%20b%20c%20d%20e%20%3F' "$output"
	mail bob@example.org
	has 'refused by 127.0.0.1: 550 5.1.1 a b c d e ?' "$output"
	lacks $'\e' "$output"
	lacks $'\xff' "$output"
}

@test "LMTP: a verdict for each recipient after the dot" {
	for offer in PIPELINING CHUNKING; do
		host "a$offer" lmtp=1 offer=$offer 'rcpt:eve=550 5.1.1 no' \
			'dot:1=452 4.2.2 full' 'bdat:1=452 4.2.2 full'
		echo "example.org lmtp:127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job bob@example.org eve@example.org amy@example.org joe@example.org
		has LHLO "$(cat "$BATS_TEST_TMPDIR/a$offer.log")"
		[ "$(grep -c MAIL "$BATS_TEST_TMPDIR/a$offer.log")" = 1 ]
		has 'done n=0 verdict=0 ' "$output"
		has 'done n=1 verdict=65 status=5.1.1' "$output"
		has 'done n=2 verdict=75 status=4.2.2' "$output"
		has 'done n=3 verdict=0 ' "$output"
	done
}

@test "LMTP lost between the verdicts: those that were said count" {
	host a lmtp=1 dot:1=drop
	echo "example.org lmtp:127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job bob@example.org amy@example.org joe@example.org
	has 'done n=0 verdict=0 ' "$output"
	has 'done n=1 verdict=75 status=4.4.2' "$output"
	has 'done n=2 verdict=75 status=4.4.2' "$output"
}

@test "LMTP over a socket of files" {
	local path=$BATS_TEST_TMPDIR/lmtp
	host a lmtp=1 unix="$path"
	run send -f ann@example.net "lmtp:$path" bob@example.org <"$MESSAGE"
	[ "$status" = 0 ]
	crlf <"$MESSAGE" | cmp - "$BATS_TEST_TMPDIR/a.mail/1"
}

# connections NAME: how many the host had.
connections() { grep -c '(connected)' "$BATS_TEST_TMPDIR/$1.log"; }

@test "a worker uses one connection for all mail of a domain" {
	host a
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job times=3 bob@example.org
	[ "$status" = 0 ]
	[ "$(grep -c 'done.* verdict=0 ' <<<"$output")" = 3 ]
	[ "$(connections a)" = 1 ]
	[ -e "$BATS_TEST_TMPDIR/a.mail/3" ]
	await 10 grep -q QUIT "$BATS_TEST_TMPDIR/a.log"
}

@test "after a refused message the next one begins with RSET" {
	host a 'rcpt=550 5.1.1 no|250 ok'
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job times=2 bob@example.org
	has 'done n=0 verdict=65 ' "$output"
	has 'done n=1 verdict=0 ' "$output"
	has RSET "$(cat "$BATS_TEST_TMPDIR/a.log")"
	[ "$(connections a)" = 1 ]
}

@test "a connection that the host ended is not held against the next message" {
	host a messages=1
	host b 'dot=250 2.0.0 ok\n421 4.4.2 idle;drop|250 ok'
	host c 'rset=drop' 'rcpt=550 5.1.1 no|250 ok'
	host d 'mail=250 ok|421 4.7.0 one is enough;drop|250 ok'
	for name in a b c d; do
		PORT=$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/$name")
		echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job times=2 bob@example.org
		has 'done n=1 verdict=0 ' "$output"
		lacks 'down=1' "$output"
		lacks 'verdict=75' "$output"
		[ "$(connections $name)" = 2 ]
	done
}

@test "lost when the end may have been sent: later, at no other host now" {
	host b
	local other=$PORT
	host on-data 'data=354 go on;drop'
	host on-bdat offer=CHUNKING bdat=drop
	host on-whole offer=CHUNKING,PIPELINING bdat=drop
	for name in on-data on-bdat on-whole; do
		PORT=$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/$name")
		echo "example.org 127.0.0.1:$PORT 127.0.0.1:$other" \
			>"$CHAINMAIL_ETC/routes"
		job bob@example.org
		has 'verdict=75 status=4.4.2' "$output"
	done
	[ ! -e "$BATS_TEST_TMPDIR/b.mail/1" ]
}

@test "a refusal of DATA or the message holds for all that were accepted" {
	for word in data dot; do
		host "on-$word" "$word=554 5.7.1 spam" 'rcpt:eve=450 4.2.1 wait'
		echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job bob@example.org eve@example.org amy@example.org
		has 'done n=0 verdict=65 status=5.7.1' "$output"
		has 'done n=1 verdict=75 status=4.2.1' "$output"
		has 'done n=2 verdict=65 status=5.7.1' "$output"
	done
}

@test "too many recipients: the others get a transaction of their own" {
	for word in '452 4.5.3 too many' '452 too many' '552 5.5.3 too many'; do
		name=${word// /-}
		host "$name" "rcpt:amy=$word|250 ok" "rcpt:eve=$word|$word|250 ok" offer=PIPELINING
		echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job bob@example.org amy@example.org eve@example.org
		for n in 0 1 2; do has "done n=$n verdict=0 " "$output"; done
		[ "$(connections "$name")" = 1 ]
		[ "$(grep -c MAIL "$BATS_TEST_TMPDIR/$name.log")" = 3 ]
	done
}

@test "a mailbox that is full is not too many recipients" {
	host a 'rcpt:amy=552 5.2.2 full' 'rcpt:eve=552 full' offer=PIPELINING
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job bob@example.org amy@example.org eve@example.org
	has 'done n=0 verdict=0 ' "$output"
	has 'done n=1 verdict=65 status=5.2.2' "$output"
	has 'done n=2 verdict=65 status=5.2.2' "$output"
	[ "$(grep -c MAIL "$BATS_TEST_TMPDIR/a.log")" = 1 ]
	# No recipient was accepted, so there is no second attempt.
	host b 'rcpt:amy=552 5.5.3 too many' offer=PIPELINING
	echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
	job amy@example.org
	has 'done n=0 verdict=65 status=5.5.3' "$output"
}

@test "a reply of many lines, and long ones, is read to its end" {
	many=$(printf '250-2.0.0 line %s\\n' {1..2000})
	long=$(printf 'x%.0s' {1..20000})
	for word in ehlo rcpt dot; do
		host "$word" "$word=${many}250-$long\\nno code\\n250 2.0.0 at last"
		echo "example.org 127.0.0.1:$PORT" >"$CHAINMAIL_ETC/routes"
		job bob@example.org
		has 'done n=0 verdict=0 status=2.0.0' "$output"
		[ "$(grep -c MAIL "$BATS_TEST_TMPDIR/$word.log")" = 1 ]
	done
}
