#!/usr/bin/env bats
# smtpd over TCP: the parent, its children, time, logins and TLS.

load helper

setup() {
	private_dirs
	echo mx.example.org >"$CHAINMAIL_ETC/me"
	private_users 'example.org       domain
bob@example.org   mailbox
ann@example.org   mailbox
sales@example.org -> ann@example.org'
}
teardown() { stop_background; }

talk() {
	python3 "$TOP/tests/smtpd.py" "$@" || {
		cat "$BATS_TEST_TMPDIR/log"
		false
	}
}

# tlsd with a certificate, over a link to the one made for the first test.
tlsd_start() {
	mkdir -p "$CHAINMAIL_ETC/tls/default"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=mx.example.org -days 2 \
		-keyout "$CHAINMAIL_ETC/tls/default/key.pem" \
		-out "$CHAINMAIL_ETC/tls/default/cert.pem" 2>/dev/null
	background tlsd 2>"$BATS_TEST_TMPDIR/tlsd.log"
	await_socket "$CHAINMAIL_RUN/tls"
}

@test "pipelined commands are answered in one packet" { talk pipelining; }
@test "the end of data, byte by byte" { talk byte_by_byte; }
@test "children serve at once, and SIGTERM lets them finish" { talk many_sessions; }
@test "a flood of NOOP ends the session" { talk flood_of_noops; }
@test "a connection lost in DATA leaves nothing" { talk stop_in_data; }
@test "SIGTERM in the middle of DATA: nothing is accepted, in time" { talk terminated_in_data; }
@test "a connection there is no process for is closed, the next is served" {
	need strace
	sanitized && skip "strace and sanitizers"
	talk no_process
}
@test "a new user database serves the next session" { talk database_replaced; }
@test "too slow in DATA" {
	printf 'command-time 1s\ndata-rate 100K\n' >"$CHAINMAIL_ETC/limits"
	talk too_slow
}
@test "too slow with a command" {
	printf 'command-time 1s\n' >"$CHAINMAIL_ETC/limits"
	talk idle_command
}

@test "AUTH PLAIN and LOGIN, with and without the first response" { talk auth_plain_and_login; }
@test "AUTH: malformed, too long, cancelled, unknown, twice" { talk auth_malformed; }
@test "aborted logins end the session" { talk auth_aborted; }
@test "without authd: 454, and nobody is let in" { talk auth_unavailable; }
@test "a user name can't forge a log line" { talk auth_log; }
@test "an account can't send as another one, in envelope or header" { talk senders; }
@test "a submission gets what it lacks" { talk submission_completes; }
@test "odd submission clients are understood" { talk submission_lax; }

@test "STARTTLS discards the state from before" {
	tlsd_start
	talk tls_and_state
}
@test "STARTTLS within a transaction forgets the sender and the recipients" {
	tlsd_start
	talk tls_during_mail
}
@test "TLS from the first byte on submissions" {
	tlsd_start
	talk tls_from_the_start
}
@test "no tlsd, no STARTTLS" { talk no_tlsd; }

@test "when the runner of filters dies, both are started again" {
	echo cat >"$CHAINMAIL_ETC/filter.mx"
	port=$(free_port)
	background listen -k "smtp=127.0.0.1:$port" smtpd 2>"$BATS_TEST_TMPDIR/log"
	await 10 port_open "$port"
	mail() {
		swaks --silent 3 --server "127.0.0.1:$port" --from a@b.example --to bob@example.org
	}
	mail
	parent=$(pgrep -P "${BACKGROUND[-1]}" -x smtpd)
	kill -9 "$(pgrep -P "$parent" -x smtpd)"
	await 10 grep -q 'event=restart program=smtpd exit=75' "$BATS_TEST_TMPDIR/log"
	await 10 mail
	[ "$(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = 2 ]
}
