#!/usr/bin/env bats
# mta-sts: a name server and a policy host behind it.
# shellcheck disable=SC2154 # stderr is bats' own
bats_require_minimum_version 1.5.0

load helper
load certificates

setup_file() {
	export CERTS=$BATS_FILE_TMPDIR/certs
	mkdir -p "$CERTS"
	authority root
	authority stranger
	certificate host root mta-sts.example.org
	certificate other root www.example.org
	certificate strange stranger mta-sts.example.org
}
setup() {
	need openssl python3
	private_dirs
	mkdir "$CHAINMAIL_SPOOL/sts"
	cp "$CERTS/root.pem" "$CHAINMAIL_ETC/authorities.pem"
	DNS=$(free_port)
	WEB=$(free_port)
	HOST=$BATS_TEST_TMPDIR/host
	mkdir "$HOST"
	echo "127.0.0.1:$DNS" >"$CHAINMAIL_ETC/dns"
	zone 'v=STSv1; id=1;'
	background "$TOP/tests/zone.py" "$DNS" "$BATS_TEST_TMPDIR/zone" \
		"$BATS_TEST_TMPDIR/asked"
	await 10 answering "$DNS"
	policy
}
teardown() { stop_background; }

# zone TEXT...: these records at _mta-sts.example.org.
zone() {
	{
		echo 'mta-sts.example.org A 127.0.0.1'
		[ $# = 0 ] || printf '_mta-sts.example.org TXT %s\n' "$@"
	} >"$BATS_TEST_TMPDIR/zone"
}
# policy [MODE [AGE [TYPE [STATUS]]]]: what the policy host answers.
policy() {
	local text
	printf -v text 'version: STSv1\r\nmode: %s\r\nmx: mail.example.org\r\nmx: *.example.net\r\nmax_age: %s\r\n' \
		"${1-enforce}" "${2-86400}"
	respond "${4-200 OK}" "${3-text/plain}" "$text"
}
respond() {
	printf 'HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
		"$1" "$2" "${#3}" "$3" >"$HOST/response"
}
web() {
	background "$TOP/tests/policy-host.py" "$WEB" "$CERTS/$1.pem" \
		"$CERTS/$1.key" "$HOST"
	await 10 listening "$WEB"
}
listening() { ss -Hltn "sport = :$1" | grep -q .; }
answering() { ss -Hlun "sport = :$1" | grep -q .; }
sts() { run -"${code-0}" --separate-stderr mta-sts -p "$WEB" example.org; }
requests() { grep -c '^GET /.well-known/mta-sts.txt HTTP/1.1' "$HOST/requests"; }
known() { echo "$CHAINMAIL_SPOOL/sts/example.org"; }
serve() {
	background mta-sts -p "$WEB" </dev/null 2>"$BATS_TEST_TMPDIR/log"
	await_socket "$CHAINMAIL_RUN/sts"
}
ask() {
	python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(os.environ["CHAINMAIL_RUN"] + "/sts")
s.send(sys.argv[1].encode())
print(s.recv(65536).decode(), end="")' "$1"
}
# Set a time in the cache file to this many seconds ago: WORD SECONDS.
aged() { sed -i -E "1s/ $1=[0-9]+/ $1=$(($(date +%s) - $2))/" "$(known)"; }

@test "by hand: the policy is fetched and printed" {
	web host
	sts
	has $'mode: enforce\r' "$output"
	has $'mx: *.example.net\r' "$output"
	has 'event=fetch domain=example.org id=1 mode=enforce max-age=86400' "$stderr"
	grep -q '^Host: mta-sts.example.org' "$HOST/requests"
}

@test "the service answers in one packet" {
	web host
	serve
	run ask $'policy domain=Example.ORG\n'
	[ "$output" = 'ok mode=enforce id=1 max-age=86400 mx=mail.example.org mx=*.example.net' ]
	run ask $'policy domain=nowhere.example\n'
	[ "$output" = none ]
	for bad in '../../etc' '[127.0.0.1]' '.lock' 'a/b' ''; do
		run ask "policy domain=$bad"$'\n'
		[ "$output" = none ]
	done
}

@test "a domain without the record has no policy, and nothing is fetched" {
	web host
	zone
	code=1 sts
	has 'no policy' "$stderr"
	[ ! -e "$HOST/requests" ]
}

@test "two records count as none; those of another version are ignored (RFC 8461 3.1)" {
	web host
	zone 'v=STSv1; id=1;' 'v=STSv1; id=2;'
	code=1 sts
	zone 'v=STSv1; id=1' 'v=spf1 -all' 'v=STSv2; id=2;'
	sts
	zone 'v=STSv1; id=?;'
	rm "$(known)"
	code=1 sts
}

@test "a known policy is used until the id changes or a day has passed" {
	web host
	sts
	sts
	[ "$(requests)" = 1 ]
	zone 'v=STSv1; id=2;'
	policy testing
	sts
	has 'mode: testing' "$output"
	[ "$(requests)" = 2 ]
	aged fetched 80000
	sts
	[ "$(requests)" = 2 ]
	policy enforce 1000000
	aged fetched 86399
	zone 'v=STSv1; id=3;'
	sts
	aged fetched 86401
	sts
	[ "$(requests)" = 4 ]
}

@test "a policy outlives its record and its host, but not its age (RFC 8461 5.1)" {
	web host
	sts
	zone
	sts
	has 'mode: enforce' "$output"
	aged fetched 86401
	code=1 sts
}

@test "a failed fetch leaves the known policy in force" {
	web host
	sts
	zone 'v=STSv1; id=2;'
	respond '503 Busy' text/plain later
	sts
	has 'mode: enforce' "$output"
	has 'result=sts-policy-fetch-error reason="the server answers 503" cached=1' "$stderr"
}

@test "after a failure five minutes pass before the next try" {
	web host
	policy enforce 86400 text/plain '404 Not Found'
	code=75 sts
	policy
	code=75 sts
	has 'the policy can'"'"'t be fetched (sts-policy-fetch-error): the server answers 404' "$stderr"
	[ "$(requests)" = 1 ]
	aged failed 301
	sts
	[ "$(requests)" = 2 ]
}

@test "a redirect is not followed" {
	web host
	printf 'HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.example.org:%s/x\r\nContent-Length: 0\r\n\r\n' \
		"$WEB" >"$HOST/response"
	code=75 sts
	has 'the server answers 301' "$stderr"
	[ "$(grep -c ^GET "$HOST/requests")" = 1 ]
}

@test "the host's certificate must be right" {
	web other
	code=75 sts
	has '(sts-webpki-invalid)' "$stderr"
	rm "$(known)"
	stop_background || true
	background "$TOP/tests/zone.py" "$DNS" "$BATS_TEST_TMPDIR/zone"
	await 10 answering "$DNS"
	web strange
	code=75 sts
	has '(sts-webpki-invalid)' "$stderr"
	[ ! -e "$HOST/requests" ]
}

@test "only text/plain of at most 64 KiB, and only a policy, is taken" {
	web host
	policy enforce 86400 text/html
	code=75 sts
	has '(sts-policy-invalid): it is not text/plain' "$stderr"
	rm "$(known)"
	respond '200 OK' 'text/plain; charset=utf-8' "version: STSv2"
	code=75 sts
	has '(sts-policy-invalid): version is not STSv1' "$stderr"
	rm "$(known)"
	respond '200 OK' text/plain "$(head -c 66000 /dev/zero | tr '\0' a)"
	code=75 sts
	has '(sts-policy-fetch-error): ' "$stderr"
}

@test "mode none is a policy too" {
	web host
	respond '200 OK' text/plain $'version: STSv1\nmode: none\nmax_age: 60\n'
	serve
	run ask $'policy domain=example.org\n'
	[ "$output" = 'ok mode=none id=1 max-age=60' ]
}

@test "two concurrent requests fetch once" {
	web host
	echo 0.5 >"$HOST/wait"
	serve
	ask $'policy domain=example.org\n' >"$BATS_TEST_TMPDIR/one" &
	local one=$!
	run ask $'policy domain=example.org\n'
	has 'ok mode=enforce' "$output"
	wait "$one"
	has 'ok mode=enforce' "$(cat "$BATS_TEST_TMPDIR/one")"
	[ "$(requests)" = 1 ]
}

@test "an expired cache file is removed, a broken one is ignored" {
	web host
	printf 'nonsense' >"$CHAINMAIL_SPOOL/sts/broken.example"
	printf 'chainmail-sts 1 id=1 fetched=1000 failed=0\n' >"$CHAINMAIL_SPOOL/sts/old.example"
	printf nonsense >"$(known)"
	sts
	serve
	await 10 test ! -e "$CHAINMAIL_SPOOL/sts/old.example"
	await 10 test ! -e "$CHAINMAIL_SPOOL/sts/broken.example"
	[ -e "$(known)" ]
}

@test "an unreadable cache file does not count as broken: it stays, and mail waits" {
	need strace
	sanitized && skip 'the calls are those of the release build'
	web host
	sts
	printf nonsense >"$CHAINMAIL_SPOOL/sts/broken.example"
	# Every read of it fails, of the service's and of those who answer.
	background strace -D -f -o "$BATS_TEST_TMPDIR/trace" -e trace=read -P "$(known)" \
		-e inject=read:error=EIO mta-sts -p "$WEB" </dev/null 2>"$BATS_TEST_TMPDIR/log"
	await_socket "$CHAINMAIL_RUN/sts"
	await 10 test ! -e "$CHAINMAIL_SPOOL/sts/broken.example"
	await 10 grep -q INJECTED "$BATS_TEST_TMPDIR/trace"
	run ask $'policy domain=example.org\n'
	[ -z "$output" ]
	has 'event=die text="read what is known of example.org"' "$(cat "$BATS_TEST_TMPDIR/log")"
	stop_background || true
	grep -q ' id=1 ' "$(known)"
}

@test "a process that dies half-way leaves the old policy" {
	web host
	sts
	zone 'v=STSv1; id=2;'
	echo 5 >"$HOST/wait"
	serve
	ask $'policy domain=example.org\n' &
	await 10 asked_twice
	kill -9 "$(tr -d ' ' <"/proc/${BACKGROUND[-1]}/task/${BACKGROUND[-1]}/children")"
	wait $! || true
	grep -q ' id=1 ' "$(known)"
	rm "$HOST/wait"
	zone
	run ask $'policy domain=example.org\n'
	has 'ok mode=enforce id=1 ' "$output"
}
asked_twice() { [ "$(requests)" = 2 ]; }

# Under a supervisor that holds its socket: KEPT is that one's pid.
serve_kept() {
	background listen -w "seqpacket:$CHAINMAIL_RUN/sts" mta-sts -i "$1" -p "$WEB" \
		2>"$BATS_TEST_TMPDIR/log"
	KEPT=${BACKGROUND[-1]}
	await_socket "$CHAINMAIL_RUN/sts"
}
resident() { tr -d ' ' <"/proc/$KEPT/task/$KEPT/children"; }
is_away() { [ -z "$(resident)" ]; }

@test "it ends when nothing is asked, and the next question starts it again; not where nobody else holds its socket" {
	local alone=$BATS_TEST_TMPDIR/alone stays
	web host
	mkdir "$alone"
	CHAINMAIL_RUN=$alone background mta-sts -i 1 -p "$WEB" </dev/null 2>"$alone/log"
	stays=${BACKGROUND[-1]}
	await_socket "$alone/sts"
	serve_kept 1
	is_away
	for _ in 1 2; do
		run ask $'policy domain=example.org\n'
		has 'ok mode=enforce' "$output"
		[ -n "$(resident)" ]
		await 20 is_away
	done
	lacks event=restart "$(cat "$BATS_TEST_TMPDIR/log")"
	# The one that stays has been idle since before, and for longer than the
	# other was twice.
	kill -0 "$stays"
	CHAINMAIL_RUN=$alone run ask $'policy domain=gone.example\n'
	[ "$output" = none ]
}

@test "the files dns, hosts and authorities.pem count from the next question on" {
	web host
	serve_kept 300
	echo '127.0.0.1:1' >"$CHAINMAIL_ETC/dns"
	run ask $'policy domain=example.org\n'
	[ "$output" = none ]
	echo "127.0.0.1:$DNS" >"$CHAINMAIL_ETC/dns.new"
	mv "$CHAINMAIL_ETC/dns.new" "$CHAINMAIL_ETC/dns"
	run ask $'policy domain=example.org\n'
	has 'ok mode=enforce' "$output"
	before=$(resident)
	rm "$(known)"
	echo '127.0.0.9 mta-sts.example.org' >"$CHAINMAIL_ETC/hosts"
	run ask $'policy domain=example.org\n'
	has 'fail result=sts-policy-fetch-error' "$output"
	rm "$CHAINMAIL_ETC/hosts" "$(known)"
	cp "$CERTS/stranger.pem" "$CHAINMAIL_ETC/authorities.pem"
	run ask $'policy domain=example.org\n'
	has 'fail result=sts-webpki-invalid' "$output"
	[ "$(resident)" != "$before" ]
	lacks event=restart "$(cat "$BATS_TEST_TMPDIR/log")"
}

@test "the sandbox: its folder alone, and no program" {
	need strace
	sanitized && skip 'the sanitizer opens files of its own'
	web host
	strace -f -o "$BATS_TEST_TMPDIR/trace" mta-sts -p "$WEB" example.org >/dev/null 2>&1
	# After the filter is on nothing outside of the folder is opened.
	run awk '/PR_SET_SECCOMP|SECCOMP_MODE_FILTER/ { on = 1 } on' "$BATS_TEST_TMPDIR/trace"
	has 'example.org' "$output"
	! grep -E 'openat\(AT_FDCWD.* = [0-9]+$' <<<"$output" || false
	lacks 'clone' "$output"
	lacks 'EPERM' "$output"
}

@test "wrong arguments are refused" {
	run -64 mta-sts -p 0 example.org
	run -64 mta-sts -i 0
	run -64 mta-sts a b
	run -64 mta-sts 'not a domain'
}
