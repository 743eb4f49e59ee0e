#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# authd: who is it? Real dialogues over its socket.

load helper

setup() {
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	printf 'example.org domain\n' >"$CHAINMAIL_ETC/users"
	chainmail-user add bob@example.org <<<'correct horse' >/dev/null
}

teardown() { stop_background; }

start() {
	background authd </dev/null 2>"$BATS_TEST_TMPDIR/log"
	await_socket "$CHAINMAIL_RUN/auth"
}
ask() { python3 "$TOP/tests/authd.py" "$@"; }
b64() { printf "$@" | base64 -w0; }
logged() { grep -q -- "$1" "$BATS_TEST_TMPDIR/log"; }
unlogged() { ! logged "$1"; }

@test "PLAIN with the right password names the account and its Maildir" {
	start
	run ask plain bob@example.org 'correct horse'
	has "ok user=bob@example.org mailbox=$CHAINMAIL_MAIL/example.org/bob/Maildir" "$output"
}

@test "names are found in any case, and without the domain" {
	start
	run ask plain BOB@Example.ORG 'correct horse'
	has "ok user=bob@example.org" "$output"
	run ask plain bob 'correct horse'
	has "ok user=bob@example.org" "$output"
}

@test "a wrong password and an unknown user get the same words" {
	start
	run ask plain bob@example.org 'wrong horse'
	wrong=$output
	has "fail code=credentials" "$wrong"
	run ask plain nobody@example.org 'wrong horse'
	[ "$output" = "$wrong" ]
	run ask plain nobody@elsewhere.net 'wrong horse'
	[ "$output" = "$wrong" ]
}

# Hundredths of a second that all dialogues so far have used.
used() { awk '{ print $16 + $17 }' "/proc/${BACKGROUND[0]}/stat"; }

@test "an unknown user costs the same work as a wrong password" {
	sanitized && skip "times mean nothing here"
	start
	for i in {1..9}; do ask plain bob@example.org "x$i" ip=198.51.100.$i >/dev/null; done
	known=$(used)
	for i in {1..9}; do ask plain nobody@example.org "x$i" ip=198.51.100.$i >/dev/null; done
	unknown=$(($(used) - known))
	echo "known $known unknown $unknown"
	((known >= 9 && unknown * 10 >= known * 6 && unknown * 6 <= known * 10))
	[ "$(grep -c how=hash "$BATS_TEST_TMPDIR/log")" = 18 ]
}

@test "PLAIN: an authorization identity must be the same account" {
	start
	chainmail-user add ann@example.org <<<'secret' >/dev/null
	run ask raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 'BOB\0bob@example.org\0correct horse')"
	has "ok user=bob@example.org" "$output"
	run ask raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 'ann@example.org\0bob@example.org\0correct horse')"
	has "fail code=credentials" "$output"
}

@test "PLAIN without an initial response asks with an empty challenge" {
	start
	run ask raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1" \
		"data=$(b64 '\0bob\0correct horse')"
	[ "${lines[0]}" = "more data=" ]
	has "ok user=bob@example.org" "${lines[1]}"
}

@test "LOGIN prompts as Outlook expects, with or without an initial name" {
	start
	run ask raw "auth mech=LOGIN tls=TLSv1.3 ip=192.0.2.1" \
		"data=$(b64 bob@example.org)" "data=$(b64 'correct horse')"
	[ "${lines[0]}" = "more data=$(b64 Username:)" ]
	[ "${lines[1]}" = "more data=$(b64 Password:)" ]
	has "ok user=bob@example.org" "${lines[2]}"
	run ask raw "auth mech=login tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 bob)" \
		"data=$(b64 'correct horse')"
	[ "${lines[0]}" = "more data=$(b64 Password:)" ]
	has "ok user=bob@example.org" "${lines[1]}"
}

@test "SCRAM-SHA-256: both sides prove that they know the password" {
	start
	run ask scram user=bob@example.org password='correct horse'
	has "ok user=bob@example.org" "$output"
	run ask scram user=bob@example.org password='wrong horse'
	has "fail code=credentials" "$output"
}

@test "SCRAM works without TLS, as it shows no password" {
	start
	run ask scram notls=1 user=bob@example.org password='correct horse'
	has "ok user=bob@example.org" "$output"
}

@test "SCRAM-SHA-256-PLUS: bound to this TLS connection or refused" {
	start
	plus=(mech=SCRAM-SHA-256-PLUS 'header=p=tls-server-end-point,,' binding=00ff17
		user=bob@example.org password='correct horse')
	run ask scram "${plus[@]}" cbind=00ff17
	has "ok user=bob@example.org" "$output"
	run ask scram "${plus[@]}" cbind=00ff18
	has "fail code=malformed" "$output"
	run ask scram "${plus[@]}" header=n,,
	has "fail code=malformed" "$output"
	run ask scram "${plus[@]}" header=p=tls-unique,, cbind=00ff17
	has "fail code=malformed" "$output"
}

@test "SCRAM: a client that was made to believe we can't bind is refused" {
	start
	run ask scram binding=00ff17 header=y,, user=bob password='correct horse'
	has "fail code=credentials" "$output"
	run ask scram header=y,, user=bob password='correct horse'
	has "ok user=bob@example.org" "$output"
}

@test "SCRAM: an unknown user has a salt too, always the same, over restarts" {
	start
	run ask scram user=nobody@example.org password=x
	first=$output
	has "fail code=credentials" "$first"
	run ask scram user=nobody@example.org password=y
	[ "$output" = "$first" ]
	stop_background
	start
	run ask scram user=NOBODY@example.org password=z
	[ "$output" = "$first" ]
	run ask scram user=other@example.org password=z
	[ "$output" != "$first" ]
}

@test "SCRAM: the server's nonce must come back" {
	start
	run ask scram nonce=abcdef user=bob@example.org password='correct horse'
	has "fail code=malformed" "$output"
}

@test "EXTERNAL: the certificate's mail address or the listed subject" {
	start
	run ask raw "auth mech=EXTERNAL tls=TLSv1.3 ip=192.0.2.1 initial= cert=emailAddress=bob@example.org,CN=Bob"
	has "ok user=bob@example.org" "$output"
	run ask raw "auth mech=EXTERNAL tls=TLSv1.3 ip=192.0.2.1 initial= cert=CN=x%5C,emailAddress=bob@example.org"
	has "fail code=credentials" "$output"
	run ask raw "auth mech=EXTERNAL tls=TLSv1.3 ip=192.0.2.1 cert=emailAddress=bob@example.org" \
		"data=$(b64 ann@example.org)"
	[ "${lines[0]}" = "more data=" ]
	has "fail code=credentials" "${lines[1]}"
}

@test "EXTERNAL without a certificate and unknown mechanisms are refused (AU-13)" {
	start
	for mech in EXTERNAL ANONYMOUS CRAM-MD5 '' PLAINX; do
		run ask raw "auth mech=$mech tls=TLSv1.3 ip=192.0.2.1 initial="
		has "fail code=mechanism" "$output"
	done
	run ask raw "auth mech=plain tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 '\0bob\0correct horse')"
	has "ok user=" "$output"
}

@test "no password without TLS, but from this machine" {
	start
	run ask plain bob 'correct horse' notls=1
	has "fail code=plaintext" "$output"
	run ask plain bob 'correct horse' notls=1 local=1 ip=127.0.0.1
	has "ok user=bob@example.org" "$output"
}

@test "malformed base64 and messages are refused, nobody else notices (AU-03)" {
	start
	for text in = A AAA AAAA%FF AB== "$(b64 'nonuls')" \
		"$(b64 '\0\0x')" "$(b64 '\0bob\0x\0y')"; do
		run ask raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1 initial=$text"
		has "fail code=malformed" "$output"
	done
	for text in x 'n,,' 'n,,n=,r=x' 'n,,n=bob' 'n,,m=x,n=bob,r=x' 'q,,n=bob,r=x' \
		'n,a=,n=bob,r=x' 'n,,n=b=41b,r=x'; do
		run ask raw "auth mech=SCRAM-SHA-256 tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 '%s' "$text")"
		has "fail code=malformed" "$output"
	done
	run ask plain bob 'correct horse'
	has "ok user=" "$output"
}

@test "an empty password is a wrong one, whoever says it, and is not hashed" {
	start
	for name in bob nobody-here; do
		run ask raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 "\\0$name\\0")"
		has "fail code=credentials" "$output"
	done
	run ask raw "auth mech=LOGIN tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 bob)" data=
	has "fail code=credentials" "$output"
	unlogged how=hash
}

@test "a long password is refused before it is hashed (AU-06)" {
	start
	long=$(head -c 2000 /dev/zero | tr '\0' a)
	run ask plain bob "$long"
	has "fail code=malformed" "$output"
	huge=$(head -c 20000 /dev/zero | tr '\0' A)
	run python3 "$TOP/tests/authd.py" raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1 initial=$huge"
	has "fail code=malformed" "$output"
	unlogged how=hash
}

@test "a user name can't forge a log line (AU-10)" {
	start
	run ask plain $'x\r\nauth ok user=root' y
	has "fail" "$output"
	[ "$(grep -c event=auth "$BATS_TEST_TMPDIR/log")" = 1 ]
	logged 'user="x\\x0d\\x0aauth ok user=root"'
}

@test "every attempt is logged, without its password" {
	start
	ask plain bob 'wrong horse' >/dev/null
	ask plain bob 'correct horse' >/dev/null
	logged 'result=fail code=credentials user=bob account=bob@example.org mech=PLAIN service=imap client=192.0.2.1 tls=TLSv1.3'
	logged 'result=ok user=bob account=bob@example.org'
	unlogged horse
}

@test "a login is remembered for a while, until the database changes" {
	start
	ask plain bob 'correct horse' >/dev/null
	logged 'result=ok.*how=hash'
	ask plain bob 'correct horse' >/dev/null
	logged 'result=ok.*how=memory'
	run ask plain bob 'other horse'
	has "fail code=credentials" "$output"
	chainmail-user passwd bob@example.org <<<'new horse' >/dev/null
	run ask plain bob 'correct horse'
	has "fail code=credentials" "$output"
	run ask plain bob 'new horse'
	has "ok user=" "$output"
}

@test "guessers wait, longer and longer, and can't go round it in parallel" {
	start
	for i in 1 2 3 4 5 6; do ask plain bob "guess$i" >/dev/null; done
	logged 'waited_ms=[0-9]'
	guessers=()
	for i in {1..40}; do
		ask plain bob "more$i" >"$BATS_TEST_TMPDIR/out.$i" &
		guessers+=("$!")
	done
	wait "${guessers[@]}"
	grep -l code=busy "$BATS_TEST_TMPDIR"/out.*
}

@test "the owner, where it logged in before, never waits for others' guesses" {
	start
	ask plain bob 'correct horse' ip=203.0.113.5 >/dev/null
	for i in {1..30}; do ask plain bob "guess$i" ip=198.51.100.$i >/dev/null; done
	chainmail-user add ann@example.org <<<'x' >/dev/null
	for i in {1..5}; do ask plain nobody "guess$i" ip=203.0.113.5 >/dev/null; done
	: >"$BATS_TEST_TMPDIR/log"
	run ask plain bob 'correct horse' ip=203.0.113.5
	has "ok user=" "$output"
	unlogged waited_ms
}

@test "a device that repeats one old password is not taken for a guesser" {
	start
	for i in {1..12}; do ask plain bob 'old horse' >/dev/null; done
	unlogged waited_ms
}

@test "penalties outlive a restart" {
	start
	for i in {1..6}; do ask plain bob "guess$i" >/dev/null; done
	stop_background
	start
	: >"$BATS_TEST_TMPDIR/log"
	ask plain bob guess7 >/dev/null
	logged waited_ms
}

@test "a disabled account is told so only with its password" {
	sed -i 's/password=/password=!/' "$CHAINMAIL_ETC/users"
	chainmail-user compile || skip "users(5) has no disabled accounts"
	start
	run ask plain bob 'wrong horse'
	has "fail code=credentials" "$output"
	run ask plain bob 'correct horse'
	has "fail code=disabled" "$output"
	run ask scram user=bob password='correct horse'
	has "fail code=disabled" "$output"
}

@test "a broken database is later, never wrong credentials" {
	start
	head -c 3000 /dev/urandom >"$CHAINMAIL_ETC/x"
	mv "$CHAINMAIL_ETC/x" "$CHAINMAIL_ETC/secrets.cdb"
	cp "$CHAINMAIL_ETC/secrets.cdb" "$CHAINMAIL_ETC/users.cdb"
	stop_background
	start
	run ask plain bob 'correct horse'
	has "fail code=unavailable" "$output"
}

@test "a checkpassword program can judge" {
	cat >"$BATS_TEST_TMPDIR/check" <<-'EOF'
	#!/bin/bash
	IFS= read -r -d '' user <&3; IFS= read -r -d '' password <&3
	[ "$user" = eve@example.org ] || exit 111
	[ "$password" = 'backend secret' ] || exit 1
	exec "$@"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/check"
	echo "$BATS_TEST_TMPDIR/check" >"$CHAINMAIL_ETC/checkpassword"
	printf 'eve@example.org mailbox checkpassword=1\nzoe@example.org mailbox checkpassword=1\n' >>"$CHAINMAIL_ETC/users"
	chainmail-user compile
	start
	run ask plain eve@example.org 'backend secret'
	has "ok user=eve@example.org" "$output"
	run ask plain eve@example.org 'other secret'
	has "fail code=credentials" "$output"
	run ask plain zoe@example.org 'x'
	has "fail code=unavailable" "$output"
	run ask plain bob 'correct horse'
	has "ok user=bob@example.org" "$output"
}

@test "cancel ends a dialogue; a vanished neighbour leaves nothing behind" {
	start
	run ask raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1" cancel
	has "fail code=cancelled" "$output"
	python3 -c 'import os, socket
for i in range(50):
    s = socket.socket(socket.AF_UNIX); s.connect(os.environ["CHAINMAIL_RUN"] + "/auth")
    s.send(b"auth mech=LOGIN tls=x ip=192.0.2.1\n"); s.close()'
	alone() { [ "$(wc -w <"/proc/${BACKGROUND[0]}/task/${BACKGROUND[0]}/children")" = 0 ]; }
	await 10 alone
}

@test "a second authd does not take the socket away from the first" {
	start
	run -75 authd </dev/null
	has "another process" "$output"
	run ask plain bob 'correct horse'
	has "ok user=" "$output"
}

@test "a dialogue is confined before its first byte is read" {
	start
	python3 -c 'import os, socket, time
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["CHAINMAIL_RUN"] + "/auth")
time.sleep(20)' 3>&- &
	BACKGROUND+=("$!")
	confined() {
		read -r pid <"/proc/${BACKGROUND[0]}/task/${BACKGROUND[0]}/children" || [ -n "$pid" ] || return
		grep -q '^Seccomp_filters:.2' "/proc/${pid%% *}/status" &&
			grep -q '^NoNewPrivs:.1' "/proc/${pid%% *}/status" &&
			grep -q '^Max processes  *0 ' "/proc/${pid%% *}/limits"
	}
	await 5 confined
}
