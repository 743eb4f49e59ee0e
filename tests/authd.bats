#!/usr/bin/env bats
# limit: 900
bats_require_minimum_version 1.5.0
# authd: who is it? Real dialogues over its socket. Its delays for guessers add up on a
# slow machine.

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

@test "a wrong password and an unknown user get the same reply" {
	start
	run ask plain bob@example.org 'wrong horse'
	wrong=$output
	has "fail code=credentials" "$wrong"
	run ask plain nobody@example.org 'wrong horse'
	[ "$output" = "$wrong" ]
	run ask plain nobody@elsewhere.net 'wrong horse'
	[ "$output" = "$wrong" ]
}

# The processes of dialogues, which wait for the next one between two.
dialogues() { cat "/proc/${BACKGROUND[0]}/task/${BACKGROUND[0]}/children"; }
# Hundredths of a second that all dialogues so far have used.
used() {
	local pid
	for pid in $(dialogues); do awk '{ print $14 + $15 }' "/proc/$pid/stat"; done |
		awk '{ n += $1 } END { getline <stat; print n + $16 + $17 }' \
			stat="/proc/${BACKGROUND[0]}/stat"
}

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

@test "a login with a domain's alias is the account, by every mechanism" {
	echo '@old.example -> @example.org' >>"$CHAINMAIL_ETC/users"
	chainmail-user compile
	start
	run ask scram user=Bob@old.example password='correct horse'
	has "ok user=bob@example.org" "$output"
	run ask plain bob@old.example 'correct horse'
	has "ok user=bob@example.org" "$output"
	run ask raw "auth mech=PLAIN tls=TLSv1.3 ip=192.0.2.1 initial=$(b64 'bob@example.org\0bob@old.example\0correct horse')"
	has "ok user=bob@example.org" "$output"
	run ask plain ann@old.example 'correct horse'
	has "fail code=credentials" "$output"
}

@test "without TLS no mechanism is offered to clients from elsewhere" {
	start
	run ask scram notls=1 user=bob@example.org password='correct horse'
	has "fail code=plaintext" "$output"
	for mech in PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL; do
		run ask raw "auth mech=$mech ip=192.0.2.1"
		has "fail code=plaintext" "$output"
	done
	run ask raw "auth mech=SCRAM-SHA-256 ip=127.0.0.1 local=1"
	has "more data=" "$output"
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

@test "SCRAM: a client deceived about channel binding is refused" {
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

@test "without TLS passwords are accepted only from this machine" {
	start
	run ask plain bob 'correct horse' notls=1
	has "fail code=plaintext" "$output"
	run ask plain bob 'correct horse' notls=1 local=1 ip=127.0.0.1
	has "ok user=bob@example.org" "$output"
}

@test "malformed base64 and messages are refused, other dialogues continue (AU-03)" {
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

@test "an empty password is wrong for every user, and is not hashed" {
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
	logged 'result=credentials user=bob account=bob@example.org mech=PLAIN service=imap client=192.0.2.1 tls=TLSv1.3'
	logged 'result=ok user=bob account=bob@example.org'
	unlogged horse
}

@test "a login is cached for a while, until the database changes" {
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

@test "guessers wait longer and longer, in parallel attempts too" {
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

@test "parallel guesses from a known address are all counted" {
	sanitized && skip "hashes take too long"
	start
	ask plain bob 'correct horse' >/dev/null
	guessers=()
	for i in {1..16}; do
		ask plain bob "guess$i" >/dev/null &
		guessers+=("$!")
	done
	wait "${guessers[@]}"
	run -0 grep -c 'result=credentials' "$BATS_TEST_TMPDIR/log"
	[ "$output" = 16 ]
	# Ten are free, and what has faded; each of the others has waited for all before it.
	waited() { sed -n 's/.*result=credentials.* waited_ms=//p' "$BATS_TEST_TMPDIR/log"; }
	echo "$(waited)"
	[ "$(waited | awk '$1 >= 400' | wc -l)" -ge 4 ]
	[ "$(waited | sort -n | tail -1)" -ge 1500 ]
	# The owner, whose password was right a moment ago, is let in at once.
	run ask plain bob 'correct horse'
	has "ok user=bob@example.org" "$output"
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

@test "Dovecot's hashes are accepted, and a fast one does not reveal its account" {
	cat >>"$CHAINMAIL_ETC/users" <<'EOF'
ssha@example.org mailbox password={SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==
md5@example.org mailbox password={MD5-CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//
argon@example.org mailbox password={ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$D51kLHaXNs6VQ8iHW3WQ4w$c1zSlraijvCs/aQAtnBWyoxPHAP025jS+1Zl6MdAoTI
keys@example.org mailbox password={SCRAM-SHA-256}4096,QSXCR+Q6sek8bf92,c3R1ZmYgdGhhdCBpcyAzMiBieXRlcyBsb25nLCBubyBrZXk=,c3R1ZmYgdGhhdCBpcyAzMiBieXRlcyBsb25nLCBubyBrZXk=
EOF
	sed -i 's/c3R1Zm[^,]*/'"$(printf '%032d' 0 | base64)"'/g' "$CHAINMAIL_ETC/users"
	chainmail-user compile
	start
	for name in ssha md5 argon; do
		run ask plain $name secret
		has "ok user=$name@example.org" "$output"
		run ask plain $name wrong ip=198.51.100.7
		has 'fail code=credentials' "$output"
	done
	run ask plain keys secret
	has 'fail code=credentials' "$output"
	sanitized && return # times mean nothing there
	for i in {1..9}; do ask plain bob@example.org "x$i" ip=198.51.100.$i >/dev/null; done
	before=$(used)
	for i in {1..9}; do ask plain nobody@example.org "x$i" ip=203.0.113.$i >/dev/null; done
	middle=$(used)
	for i in {1..9}; do ask plain ssha@example.org "y$i" ip=203.0.113.$((i + 10)) >/dev/null; done
	unknown=$((middle - before)) fast=$(($(used) - middle))
	echo "unknown $unknown fast $fast"
	((fast * 10 >= unknown * 6))
}

@test "a disabled account is told so only with its password" {
	sed -i 's/password=/password=!/' "$CHAINMAIL_ETC/users"
	chainmail-user compile || skip "there are no disabled accounts"
	start
	run ask plain bob 'wrong horse'
	has "fail code=credentials" "$output"
	run ask plain bob 'correct horse'
	has "fail code=disabled" "$output"
	run ask scram user=bob password='correct horse'
	has "fail code=disabled" "$output"
}

@test "a broken database is a temporary failure, never wrong credentials" {
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
	few() { (($(dialogues | wc -w) <= 8)); }
	await 10 few
	for pid in $(dialogues); do
		# One more than are kept ends after its dialogue.
		idle() { [ ! -d "/proc/$pid" ] || [ "$(readlink "/proc/$pid/fd/0")" = "$(readlink "/proc/$pid/fd/1")" ] &&
			[ "$(find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' | sort -u | wc -l)" = 1 ]; }
		await 10 idle
	done
}

@test "a process takes one dialogue after the other, and keeps no password" {
	sanitized && skip "their allocator is another"
	start
	secret="$(head -c 9 /dev/urandom | base64 | tr +/ xy)-of-bob"
	chainmail-user passwd bob@example.org <<<"$secret" >/dev/null
	run ask plain bob@example.org "$secret"
	has "ok user=bob@example.org" "$output"
	first=$(dialogues)
	[ "$(wc -w <<<"$first")" = 1 ]
	idle() { [ "$(readlink "/proc/${first% }/fd/0")" = "$(readlink "/proc/${first% }/fd/1")" ]; }
	for i in 1 2 3; do
		await 10 idle
		run ask plain bob@example.org "$secret$i"
		has "fail code=credentials" "$output"
	done
	run ask raw "auth mech=LOGIN tls=TLSv1.3 ip=192.0.2.1" "data=$(b64 bob)" "data=$(b64 '%s' "$secret")"
	has "ok user=bob@example.org" "$output"
	run ask scram user=bob@example.org "password=$secret"
	has "ok user=bob@example.org" "$output"
	await 10 idle
	[[ " $(dialogues) " == *" ${first% } "* ]]
	head -c 1 "/proc/${first% }/mem" 2>&1 | grep -q 'Permission denied' && skip "may not look"
	for pid in $(dialogues); do python3 "$TOP/tests/remains.py" "$pid" "$secret"; done
}

@test "a process that fails in a dialogue is replaced" {
	start
	for i in 1 2 3; do
		run ask plain bob 'correct horse'
		has "ok user=" "$output"
		for pid in $(dialogues); do kill -KILL "$pid"; done
		none() { [ -z "$(dialogues)" ]; }
		await 10 none
	done
	run ask plain bob 'correct horse'
	has "ok user=" "$output"
}

@test "waiting processes end with the service" {
	start
	run ask plain bob 'correct horse'
	has "ok user=" "$output"
	pids=$(dialogues)
	[ -n "$pids" ]
	kill "${BACKGROUND[0]}"
	gone() { [ ! -e "/proc/${BACKGROUND[0]}" ] || grep -q '^State:.Z' "/proc/${BACKGROUND[0]}/status"; }
	await 10 gone
	for pid in $pids; do [ ! -e "/proc/$pid" ]; done
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
