#!/usr/bin/env bats
# login: IMAP and POP3 until the user is known. authd is a stand-in; imapd and
# pop3d are scripts beside a copy of login, which say what they were given.
# shellcheck disable=SC2016,SC2030,SC2031

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	LOG=$BATS_TEST_TMPDIR/log
	ASKED=$BATS_TEST_TMPDIR/asked
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$BUILD/bin/login" "$BATS_TEST_TMPDIR/bin/"
	LOGIN=$BATS_TEST_TMPDIR/bin/login
	export FAKE_MAILBOX=$CHAINMAIL_MAIL/example.org/bob/Maildir
	stand_in imapd 'read -r line; echo "imapd $*"; echo "rest $line"'
	stand_in pop3d 'read -r line; echo "pop3d $*$CHAINMAIL_UTF8"; echo "rest $line"'
	: >"$ASKED"
}
teardown() { stop_background; }

stand_in() {
	printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/bin/$1"
	chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}
with_authd() {
	background "$TOP/tests/helper/fake-authd" "$CHAINMAIL_RUN/auth" "$ASKED"
	await_socket "$CHAINMAIL_RUN/auth"
}
# imap TEXT, pop3 TEXT: what login answers to these bytes (printf escapes).
imap() { printf "$1" | SERVICE=imap "$LOGIN" 2>>"$LOG" | lf; }
pop3() { printf "$1" | SERVICE=pop3 "$LOGIN" 2>>"$LOG" | lf; }
# The same as a client that is not this machine.
foreign() {
	local service=$1
	printf "$2" | SERVICE=$service PROTO=TCP TCPREMOTEIP=192.0.2.7 "$LOGIN" 2>>"$LOG" | lf
}
b64() { printf "$1" | base64 -w0; }

@test "IMAP greets with its capabilities" {
	run -0 imap 'x CAPABILITY\r\nx LOGOUT\r\n'
	[[ ${lines[0]} == "* OK [CAPABILITY IMAP4rev1 LITERAL+ "*"] "?* ]]
	[[ ${lines[1]} == "* CAPABILITY IMAP4rev1 "* ]]
	has "SASL-IR" "${lines[1]}"
	has "AUTH=PLAIN AUTH=LOGIN" "${lines[1]}"
	[ "${lines[2]}" = "x OK Done" ]
	[[ ${lines[3]} == "* BYE "* ]]
	[ "${lines[4]}" = "x OK Done" ]
}

@test "capabilities disabled in the file imap are neither offered nor accepted before login" {
	printf 'imap -ID -SASL-IR -LITERAL+\n' >"$CHAINMAIL_ETC/imap"
	run -0 imap 'a ID NIL\r\nb AUTHENTICATE PLAIN AGEAYQ==\r\nx LOGOUT\r\n'
	has '[CAPABILITY IMAP4rev1 LITERAL- AUTH=' "${lines[0]}"
	has 'a BAD' "$output"
	has 'b BAD' "$output"
	printf 'imap -ID\nimaps -SASL-IR\n' >"$CHAINMAIL_ETC/imap"
	run -0 imap 'a ID NIL\r\nb CAPABILITY\r\n'
	has 'a BAD' "$output"
	has ' SASL-IR ' "${lines[0]}"
}

@test "LOGIN becomes imapd with tag, user and mailbox" {
	with_authd
	run -0 imap 'a1 LOGIN bob secret\r\nb SELECT INBOX\r\n'
	has "imapd -t a1 -u bob@example.org $FAKE_MAILBOX" "$output"
	has "rest b SELECT INBOX" "$output"
	[ -d "$FAKE_MAILBOX" ]
	has "event=auth service=imap mech=PLAIN user=bob@example.org tls=none result=ok" "$(cat "$LOG")"
}

@test "root becomes the owner of the mail, for an account without a uid" {
	need_root
	CHAINMAIL_MAIL=$(mktemp -d)
	chmod 755 "$CHAINMAIL_MAIL" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin"
	chown nobody:nogroup "$CHAINMAIL_MAIL"
	FAKE_MAILBOX=$CHAINMAIL_MAIL/example.org/bob/Maildir
	stand_in imapd 'read -r line; echo "uid $(id -u)"'
	with_authd
	run -0 imap 'a1 LOGIN bob secret\r\nb SELECT INBOX\r\n'
	has "uid $(id -u nobody)" "$output"
	[ "$(stat -c %U "$FAKE_MAILBOX")" = nobody ]
	rm -r "$CHAINMAIL_MAIL"
}

@test "LOGIN takes quoted strings and literals of both kinds" {
	with_authd
	run -0 imap 'a LOGIN "bob" "secret"\r\n'
	has "imapd -t a" "$output"
	run -0 imap 'a LOGIN {3}\r\nbob {6}\r\nsecret\r\n'
	has $'\n+ OK' "$output"
	has "imapd -t a" "$output"
	run -0 imap 'a LOGIN {3+}\r\nbob {6+}\r\nsecret\r\n'
	[[ $output != *$'\n'"+ "* ]]
	has "imapd -t a" "$output"
	run -0 imap 'a LOGIN "b\\x" y\r\nb LOGIN bob\r\nc LOGIN "bob\r\nd LOGIN bob secret x\r\ne LOGOUT\r\n'
	has "a BAD" "$output" && has "b BAD" "$output"
	has "c BAD" "$output" && has "d BAD" "$output"
}

@test "a wrong password is NO with its code, five end the session" {
	with_authd
	run -0 imap 'a LOGIN bob wrong\r\nb LOGIN bob secret\r\n'
	has "a NO [AUTHENTICATIONFAILED]" "$output"
	has "imapd -t b" "$output"
	has "user=bob tls=none result=credentials" "$(cat "$LOG")"
	run -0 imap "$(for i in 1 2 3 4 5 6; do printf '%s LOGIN bob wrong\\r\\n' "$i"; done)"
	has "* BYE Too many errors" "$output"
	[[ $output != *"6 NO"* ]]
}

@test "AUTHENTICATE with and without an initial response" {
	with_authd
	run -0 imap "a AUTHENTICATE PLAIN $(b64 '\0bob\0secret')\r\n"
	has "imapd -t a" "$output"
	run -0 imap "a authenticate plain\r\n$(b64 '\0bob\0secret')\r\nb NOOP\r\n"
	has "+ " "$output"
	has "imapd -t a" "$output"
	has "rest b NOOP" "$output"
	run -0 imap "a AUTHENTICATE LOGIN\r\n$(b64 bob)\r\n$(b64 secret)\r\n"
	has "+ $(b64 Username:)" "$output"
	has "imapd -t a" "$output"
}

@test "a mechanism's last message is a challenge before the success" {
	with_authd
	run -0 imap 'a AUTHENTICATE FINAL\r\n\r\nb NOOP\r\n'
	has "+ $(b64 v=proof)" "$output"
	has "imapd -t a" "$output"
	has "rest b NOOP" "$output"
	run imap 'a AUTHENTICATE FINAL\r\n*\r\nb NOOP\r\n'
	[[ $output != *imapd* ]]
	has "result=gone" "$(cat "$LOG")"
}

@test "a dialogue can be cancelled and tried again" {
	with_authd
	run -0 imap "a AUTHENTICATE PLAIN\r\n*\r\nb LOGIN bob secret\r\n"
	has "a BAD Cancelled" "$output"
	has "imapd -t b" "$output"
}

@test "malformed base64 is BAD and no harm (AU-03)" {
	with_authd
	run -0 imap 'a AUTHENTICATE PLAIN A\r\nb AUTHENTICATE PLAIN AAA\xff\r\nc AUTHENTICATE PLAIN =\r\nd LOGIN bob secret\r\n'
	has "a BAD" "$output" && has "b BAD" "$output"
	has "c NO" "$output"
	has "imapd -t d" "$output"
}

@test "each failure of authd has its reply" {
	with_authd
	run -0 imap 'a AUTHENTICATE BUSY\r\nb AUTHENTICATE DISABLED\r\nc AUTHENTICATE PLAINTEXT\r\nd AUTHENTICATE ANONYMOUS\r\n'
	has "a NO [UNAVAILABLE]" "$output"
	has "b NO [CONTACTADMIN]" "$output"
	has "c NO [PRIVACYREQUIRED]" "$output"
	has "d NO " "$output"
	run -0 pop3 'AUTH BUSY\r\nAUTH DISABLED\r\nAUTH PLAINTEXT\r\nAUTH ANONYMOUS\r\n'
	has "-ERR [SYS/TEMP]" "${lines[1]}"
	has "-ERR [SYS/PERM]" "${lines[2]}"
	has "-ERR " "${lines[3]}"
	has "-ERR " "${lines[4]}"
}

@test "without authd logins are refused for now" {
	run -0 imap 'a LOGIN bob secret\r\nb LOGOUT\r\n'
	has "a NO [UNAVAILABLE]" "$output"
	has "b OK" "$output"
}

@test "no command works before login (AU-12)" {
	run -0 imap 'a SELECT INBOX\r\nb APPEND INBOX {5+}\r\nhello\r\nc IDLE\r\nd UID FETCH 1 (FLAGS)\r\ne LOGOUT\r\n'
	has "a BAD" "$output" && has "b BAD" "$output"
	has "c BAD" "$output" && has "d BAD" "$output"
	has "e OK" "$output"
	run -0 pop3 'RETR 1\r\nSTAT\r\nPASS x\r\nQUIT\r\n'
	[[ ${lines[1]}${lines[2]}${lines[3]} == -ERR*-ERR*-ERR* ]]
	has "+OK" "${lines[4]}"
}

@test "ID is always answered untagged" {
	run -0 imap 'a ID NIL\r\nb ID ("name" "Outlook" "version" "1")\r\nc LOGOUT\r\n'
	[[ ${lines[1]} == "* ID ("* ]]
	[ "${lines[2]}" = "a OK Done" ]
	[[ ${lines[3]} == "* ID ("* ]]
}

@test "a foreign client without TLS gets no mechanism" {
	with_authd
	run -0 foreign imap 'a LOGIN bob secret\r\nb LOGOUT\r\n'
	has "LOGINDISABLED" "$output"
	lacks "AUTH=" "$output"
	has "a NO [PRIVACYREQUIRED]" "$output"
	run -0 foreign pop3 'CAPA\r\nAUTH\r\nUSER bob\r\nPASS secret\r\nAPOP bob x\r\nQUIT\r\n'
	[[ $output != *$'\nUSER\n'* ]]
	lacks SASL "$output"
	lacks PLAIN "$output"
	lacks SCRAM "$output"
	has "-ERR TLS is required" "$output"
	[ ! -s "$ASKED" ]
}

@test "a foreign client's login without TLS is refused by the protocol's codes" {
	private_users $'example.org domain\nbob@example.org mailbox'
	background authd </dev/null 2>/dev/null
	await_socket "$CHAINMAIL_RUN/auth"
	for mech in PLAIN SCRAM-SHA-256; do
		run -0 foreign imap "a AUTHENTICATE $mech $(b64 'n,,n=bob,r=x')\r\nb LOGOUT\r\n"
		has "a NO [PRIVACYREQUIRED]" "$output"
		run -0 foreign pop3 "AUTH $mech $(b64 'n,,n=bob,r=x')\r\nQUIT\r\n"
		[[ ${lines[1]} == "-ERR TLS is required" ]]
	done
	stop_background
}

@test "who tries to log in without TLS is in the log by name" {
	run -0 foreign imap 'a LOGIN eve secret\r\nb LOGOUT\r\n'
	grep -q 'event=auth .*mech=LOGIN user=eve tls=none result=plaintext' "$LOG"
	run -0 foreign imap "a AUTHENTICATE PLAIN $(b64 '\0mallory\0secret')\r\nb LOGOUT\r\n"
	grep -q 'event=auth .*mech=PLAIN user=mallory tls=none result=plaintext' "$LOG"
	run -0 foreign pop3 "USER trent\r\nAUTH SCRAM-SHA-256 $(b64 'n,,n=bob,r=x')\r\nQUIT\r\n"
	grep -q 'event=auth .*mech=USER user=trent tls=none result=plaintext' "$LOG"
	grep -q 'event=auth .*mech=SCRAM-SHA-256 user=bob tls=none result=plaintext' "$LOG"
	lacks secret "$(cat "$LOG")"
}

@test "authd is told the facts, and never by the client" {
	with_authd
	run foreign imap 'a AUTHENTICATE X local=1 tls=TLSv1.3\r\nb LOGOUT\r\n'
	[ ! -s "$ASKED" ]
	printf 'a AUTHENTICATE X ip=192.0.2.7 tls=TLSv1.3\r\nb LOGOUT\r\n' |
		SERVICE=imap PROTO=TCP TCPREMOTEIP=127.0.0.9 "$LOGIN" >/dev/null 2>&1 || true
	has "mech=X" "$(cat "$ASKED")"
	has " ip=127.0.0.9" "$(cat "$ASKED")"
	[[ $(cat "$ASKED") != *" ip=192"* && $(cat "$ASKED") != *" tls="* ]]
}

@test "user names cannot forge log lines (AU-10)" {
	with_authd
	run -0 imap "a AUTHENTICATE PLAIN $(b64 '\0x\r\nlogin event=auth user=root result=ok\0y')\r\nb LOGOUT\r\n"
	[ "$(wc -l <"$LOG")" = 1 ]
	has 'user="x\x0d\x0alogin event' "$(cat "$LOG")"
}

# long N: that many bytes of a line. each N TEXT: the text, N times.
long() { head -c "$1" /dev/zero | tr '\0' x; }
each() { printf "$2%.0s" $(seq "$1"); }
# from COMMAND...: what login answers to what the command writes.
from() { "$@" | SERVICE=imap "$LOGIN" 2>>"$LOG" | lf; }

@test "an oversize literal never turns into commands (IM-03)" {
	oversize() {
		printf 'a LOGIN {11000+}\r\n'
		each 1000 'a3 LOGOUT\r\n'
		printf '\r\nb NOOP\r\na CAPABILITY {11+}\r\na3 LOGOUT\r\n\r\nb NOOP\r\n'
	}
	run from oversize
	[[ ${lines[1]} == "a BAD [TOOBIG]"* ]]
	[[ ${lines[2]} == "b OK"* ]]
	[[ ${lines[3]} == "a BAD"* ]]
	[[ ${lines[4]} == "b OK"* ]]
	[ "${#lines[@]}" = 5 ]
	run imap 'a LOGIN {4097}\r\nb LOGIN bob {4097}\r\nc LOGIN {4096}\r\n'
	[[ ${lines[1]} == "a BAD [TOOBIG]"* ]]
	[[ ${lines[2]} == "b BAD [TOOBIG]"* ]]
	[ "${lines[3]}" = "+ OK" ]
}

@test "a client that sends too much to discard is disconnected" {
	flood() { printf 'a LOGIN {%d+}\r\n' "$1" && printf 'a3 NOOP\r\n'; }
	run from flood 999999999999
	[[ ${lines[1]} == "a BAD [TOOBIG]"* ]]
	[[ ${lines[2]} == "* BYE [TOOBIG]"* ]]
	[ "${#lines[@]}" = 3 ]
	many() { each 400 "a X {1000+}\r\n$(long 1000)"; }
	run from many
	has "* BYE [TOOBIG]" "$output"
}

@test "many literals in one command are refused (IM-02)" {
	many() { printf 'a ID ('; each 101 ' {1+}\r\nx {1+}\r\ny'; printf ')\r\nb LOGOUT\r\n'; }
	run from many
	[[ ${lines[1]} == "a BAD [TOOBIG]"* ]]
	has "b OK" "$output"
	large() { printf 'a ID ('; each 9 " \"x\" {4096+}\r\n$(long 4096)"; each 9 " \"x\" {4096+}\r\n$(long 4096)"; printf ')\r\nb LOGOUT\r\n'; }
	run from large
	[[ ${lines[1]} == "a BAD [TOOBIG]"* ]]
	has "b OK" "$output"
}

@test "the largest ID is taken, as strings and as literals" {
	pairs() { each 30 "\"$(long 30)\" \"$(long 1024)\" "; }
	literals() { each 30 " {30+}\r\n$(long 30) {1024+}\r\n$(long 1024)"; }
	ids() {
		printf 'a ID (%s)\r\n' "$(pairs)"
		printf 'b ID ('; literals; printf ')\r\nc LOGOUT\r\n'
	}
	run from ids
	[[ ${lines[1]} == "* ID ("* ]]
	[ "${lines[2]}" = "a OK Done" ]
	[[ ${lines[3]} == "* ID ("* ]]
	[ "${lines[4]}" = "b OK Done" ]
	run imap 'a ID\r\nb ID ("name")\r\nc ID NIL x\r\nd LOGOUT\r\n'
	has "a BAD" "$output" && has "b BAD" "$output" && has "c BAD" "$output"
}

@test "a line too long is BAD with its tag, and the session goes on" {
	with_authd
	lines() {
		printf 'a LOGIN '; long 70000; printf ' y\r\n'
		long 70000; printf '\r\n'
		printf 'b LOGIN {3+}\r\nbob '; long 70000; printf '\r\n'
		printf 'c NOOP '; long 140000; printf ' {11+}\r\na3 LOGOUT\r\n\r\n'
		printf 'd LOGIN bob '; long 60000; printf '\r\n'
		printf 'e AUTHENTICATE PLAIN '; long 60000; printf '\r\n'
		printf 'f AUTHENTICATE '; long 60000; printf '\r\n'
		printf 'g LOGIN bob secret\r\n'
	}
	run -0 from lines
	[[ ${lines[1]} == "a BAD [TOOBIG]"* ]]
	[[ ${lines[2]} == "* BAD"* ]]
	[[ ${lines[3]} == "b BAD [TOOBIG]"* ]]
	[[ ${lines[4]} == "c BAD [TOOBIG]"* ]]
	[[ ${lines[5]} == "d BAD"* ]]
	[[ ${lines[6]} == "e BAD"* ]]
	[[ ${lines[7]} == "f NO"* ]]
	has "imapd -t g" "$output"
}

@test "a response too long ends the dialogue, not the session" {
	with_authd
	lines() {
		printf 'a AUTHENTICATE PLAIN\r\n'; long 12289; printf '\r\n'
		printf 'b AUTHENTICATE PLAIN\r\n'; long 70000; printf '\r\n'
		printf 'c AUTHENTICATE PLAIN\r\n%s\r\n' "$(b64 '\0bob\0secret')"
	}
	run -0 from lines
	has "a BAD" "$output" && has "b BAD" "$output"
	has "imapd -t c" "$output"
	lines() {
		printf 'AUTH PLAIN\r\n'; long 70000
		printf '\r\nUSER bob\r\nPASS secret\r\n'
	}
	run -0 bash -c "$(declare -f lines long); lines | SERVICE=pop3 '$LOGIN' 2>/dev/null"
	has "-ERR" "$output"
	has "pop3d -l" "$output"
}

@test "a long tag or none is BAD (IM-30)" {
	run -0 imap "$(printf 'x%.0s' {1..8000}) NOOP\r\n+ NOOP\r\nNOOP\r\nz LOGOUT\r\n"
	[ "$(grep -c '^\* BAD' <<<"$output")" = 3 ]
	has "z OK" "$output"
}

@test "too many errors end the session" {
	run imap "$(printf 'a X\\r\\n%.0s' {1..30})"
	has "* BYE Too many errors" "$output"
	[ "$(grep -c BAD <<<"$output")" -le 21 ]
	run imap "$(printf 'a NOOP\\r\\n%.0s' {1..300})"
	has "* BYE Too many errors" "$output"
}

@test "a web page cannot speak to us" {
	run imap 'POST / HTTP/1.1\r\nHost: x\r\n\r\na LOGIN bob secret\r\n'
	has "* BYE" "$output"
	[ "${#lines[@]}" = 2 ]
	run pop3 'GET / HTTP/1.1\r\n\r\nUSER x\r\n'
	[ "${#lines[@]}" = 2 ]
}

@test "a bare LF ends the session, and so does an endless line of POP3" {
	run imap 'a NOOP\nb LOGOUT\r\n'
	has "* BYE" "$output"
	[[ $output != *"b OK"* ]]
	run pop3 "USER $(printf 'x%.0s' {1..13000})\r\nQUIT\r\n"
	has "-ERR The line is too long" "$output"
	[[ $output != *+OK\ Goodbye* ]]
}

@test "a client that does not log in is disconnected after login-time" {
	echo "login-time 1" >"$CHAINMAIL_ETC/limits"
	run imap_silent
	has "* BYE Timeout: no login in time" "$output"
}
# Standard input says nothing and does not end.
imap_silent() {
	mkfifo "$BATS_TEST_TMPDIR/silent"
	SERVICE=imap timeout 10 "$LOGIN" 0<>"$BATS_TEST_TMPDIR/silent" 2>>"$LOG"
}

@test "POP3: USER and PASS become pop3d, spaces belong to the password" {
	with_authd
	run -0 pop3 'USER bob\r\nPASS secret\r\nSTAT\r\n'
	has "pop3d -l -u bob@example.org $FAKE_MAILBOX" "$output"
	has "rest STAT" "$output"
	run -0 pop3 'USER bob\r\nPASS secret \r\nPASS secret\r\nUSER bob\r\nPASS secret\r\n'
	has "-ERR [AUTH]" "$output"
	has "-ERR USER must come first" "$output"
	has "pop3d -l" "$output"
}

@test "POP3: AUTH, its list and its cancelling" {
	with_authd
	run -0 pop3 "AUTH\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN $(b64 '\0bob\0secret')\r\nSTAT\r\n"
	has $'+OK\nPLAIN\nLOGIN' "$output"
	has "+ " "$output"
	has "-ERR Cancelled" "$output"
	has "pop3d -l" "$output"
}

@test "POP3: CAPA and LANG; UTF8 is handed on" {
	with_authd
	run -0 pop3 'CAPA\r\nLANG\r\nLANG en\r\nLANG x-klingon\r\nUTF8\r\nUSER bob\r\nPASS secret\r\n'
	for word in USER "UTF8 USER" LANG "SASL PLAIN LOGIN" TOP UIDL RESP-CODES \
		AUTH-RESP-CODE PIPELINING; do
		has $'\n'"$word" "$output"
	done
	has "+OK en" "$output"
	has "-ERR This language" "$output"
	has "$FAKE_MAILBOX"1 "$output"
}

@test "without a tlsd there is no STARTTLS" {
	run -0 imap 'a STARTTLS\r\nb LOGOUT\r\n'
	[[ $output != *" STARTTLS"* ]]
	has "a BAD" "$output"
	run -0 pop3 'STLS\r\nCAPA\r\nQUIT\r\n'
	has "-ERR" "${lines[1]}"
	[[ $output != *$'\nSTLS'* ]]
}

@test "the session program can reach its mailbox and no other" {
	with_authd
	mkdir -p "$CHAINMAIL_MAIL/example.org/ann/Maildir"
	echo secret >"$CHAINMAIL_MAIL/example.org/ann/Maildir/x"
	stand_in imapd 'cat "$CHAINMAIL_MAIL/example.org/ann/Maildir/x"
		ls "$CHAINMAIL_MAIL"; cat /etc/passwd
		echo mine >"$5/y"; cat "$5/y"'
	run -0 imap 'a LOGIN bob secret\r\n'
	has mine "$output"
	[[ $output != *secret* && $output != *example.org* && $output != *root:* ]]
}

# login's filter of system calls is still there in the program that it becomes.
@test "a session in IDLE or with NOTIFY is woken by the kernel, behind login too" {
	with_authd
	cp "$BUILD/bin/imapd" "$BATS_TEST_TMPDIR/bin/"
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 8<>"$BATS_TEST_TMPDIR/in"
	SERVICE=imap "$LOGIN" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" \
		2>"$LOG" 3>&- 8>&- &
	BACKGROUND+=("$!")
	local session=$!
	printf '%s\r\n' 'a LOGIN bob secret' 'b SELECT INBOX' \
		'c NOTIFY SET (personal (MessageNew MessageExpunge))' 'd IDLE' >&8
	await 10 grep -q '^+ idling' "$BATS_TEST_TMPDIR/out"
	# One for the selected mailbox, one for NOTIFY.
	[ "$(readlink /proc/"$session"/fd/* | grep -c inotify)" = 2 ]
	exec 8>&-
}

@test "the process that reads the network can open nothing" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 8<>"$BATS_TEST_TMPDIR/in"
	SERVICE=imap "$LOGIN" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" \
		2>"$LOG" 3>&- 8>&- &
	BACKGROUND+=("$!")
	local parent=$! front
	await 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	front=$(pgrep -P "$parent")
	[ "$(awk '/^Seccomp_filters:/ { print $2 }' "/proc/$front/status")" = 2 ]
	[ "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$front/status")" = 1 ]
	exec 8>&-
}

@test "if the front dies no login succeeds" {
	with_authd
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 8<>"$BATS_TEST_TMPDIR/in"
	SERVICE=imap "$LOGIN" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" \
		2>"$LOG" 3>&- 8>&- &
	BACKGROUND+=("$!")
	local parent=$!
	await 10 grep -q ready "$BATS_TEST_TMPDIR/out"
	printf 'a AUTHENTICATE FINAL\r\n' >&8
	await 10 grep -q '^+' "$BATS_TEST_TMPDIR/out"
	kill -9 "$(pgrep -P "$parent")"
	local code=0
	wait "$parent" || code=$?
	[ "$code" = 75 ]
	exec 8>&-
	[[ $(cat "$BATS_TEST_TMPDIR/out") != *imapd* ]]
	has "event=front" "$(cat "$LOG")"
}

# with_tls: tlsd with a certificate, and login on ports 1 (imap) to 4 (pop3s).
with_tls() {
	need openssl
	mkdir -p "$CHAINMAIL_ETC/tls/default"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-subj /CN=localhost -keyout "$CHAINMAIL_ETC/tls/default/key.pem" \
		-out "$CHAINMAIL_ETC/tls/default/cert.pem" 2>/dev/null
	background listen -k "seqpacket:$CHAINMAIL_RUN/tls" tlsd 2>>"$LOG"
	IMAP=$(free_port) IMAPS=$(free_port) POP3=$(free_port) POP3S=$(free_port)
	background listen -k "imap=127.0.0.1:$IMAP,imaps=127.0.0.1:$IMAPS,pop3=127.0.0.1:$POP3,pop3s=127.0.0.1:$POP3S" \
		"$LOGIN" 2>>"$LOG"
	await_socket "$CHAINMAIL_RUN/tls"
	await 10 port_open "$POP3S"
}
# tls_talk PYTHON: with c(port), line(s), until(s, text), tls(s).
tls_talk() {
	python3 - "$IMAP" "$IMAPS" "$POP3" "$POP3S" <<-EOF
		import socket, ssl, sys, base64
		IMAP, IMAPS, POP3, POP3S = map(int, sys.argv[1:5])
		def c(port):
		    s = socket.create_connection(("127.0.0.1", port), 10); return s
		def tls(s):
		    x = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); x.check_hostname = False
		    x.verify_mode = ssl.CERT_NONE
		    return x.wrap_socket(s)
		def line(s):
		    b = b""
		    while not b.endswith(b"\n"):
		        n = s.recv(1)
		        if not n: break
		        b += n
		    return b.decode("latin1").strip()
		def until(s, text):
		    while True:
		        l = line(s); print(l)
		        if text in l or not l: return
		$1
	EOF
}

@test "STARTTLS: plaintext mechanisms only after it, and it comes once" {
	with_authd && with_tls
	run -0 tls_talk '
s = c(IMAP); print(line(s))
s.sendall(b"a STARTTLS\r\n"); print(line(s)); s = tls(s)
s.sendall(b"b CAPABILITY\r\nc STARTTLS\r\nd LOGIN bob secret\r\ne NOOP\r\n")
until(s, "rest")'
	has " STARTTLS " "${lines[0]}"
	has "a OK Begin TLS" "${lines[1]}"
	[[ ${lines[2]} == "* CAPABILITY "* && ${lines[2]} != *STARTTLS* ]]
	has "AUTH=SCRAM-SHA-256-PLUS" "${lines[2]}"
	has "c BAD" "$output"
	has "imapd -t d" "$output"
	has "rest e NOOP" "$output"
	has " tls=TLSv1." "$(cat "$ASKED")"
	has " binding=" "$(cat "$ASKED")"
	has "tls=TLSv1.3 result=ok" "$(cat "$LOG")"
}

@test "input pipelined after STARTTLS or STLS is discarded (TL-03)" {
	with_authd && with_tls
	run -0 tls_talk '
s = c(POP3); line(s)
s.sendall(b"USER bob\r\n"); line(s)
s.sendall(b"STLS\r\nUSER bob\r\nPASS secret\r\n"); print(line(s)); s = tls(s)
s.sendall(b"PASS secret\r\nQUIT\r\n"); until(s, "Goodbye")
s = c(IMAP); line(s)
s.sendall(b"a STARTTLS\r\nb LOGIN bob secret\r\n"); print(line(s)); s = tls(s)
s.sendall(b"c LOGOUT\r\n"); until(s, "c OK")'
	has "-ERR USER must come first" "${lines[1]}"
	[[ $output != *imapd* && $output != *pop3d* ]]
	[ ! -s "$ASKED" ]
}

@test "TLS from the first byte" {
	with_authd && with_tls
	run -0 tls_talk '
s = tls(c(IMAPS)); print(line(s))
s.sendall(b"a LOGIN bob secret\r\nb NOOP\r\n"); until(s, "rest")
s = tls(c(POP3S)); print(line(s))
s.sendall(b"USER bob\r\nPASS secret\r\nSTAT\r\n"); until(s, "rest")'
	[[ ${lines[0]} == "* OK "* && ${lines[0]} != *STARTTLS* ]]
	has "imapd -t a -u bob@example.org" "$output"
	has "pop3d -l -u bob@example.org" "$output"
}

@test "a failed handshake ends the connection and is logged" {
	with_tls
	run -0 tls_talk '
s = c(IMAPS); s.sendall(b"GET / HTTP/1.1\r\n\r\n"); s.recv(100)
try: print(repr(s.recv(100)))
except ConnectionResetError: print(repr(b""))'
	await 10 grep -q "login event=tls" "$LOG"
}
