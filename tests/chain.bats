#!/usr/bin/env bats
# smtpd, queue-run and deliver together: from the wire to the Maildir.

load helper

setup() {
	private_dirs
	echo mx.example.org >"$CHAINMAIL_ETC/me"
	private_users 'example.org      domain
bob@example.org  mailbox
ann@example.org  mailbox'
	BOB=$CHAINMAIL_MAIL/example.org/bob/Maildir
}

teardown() { stop_background; }

@test "malformed messages arrive in the Maildir byte for byte" {
	python3 "$TOP/tests/chain.py" "$BOB" bob@example.org
}

# smtp COMMANDS: a session of a client that has reached 192.0.2.7, which is no
# address that the other programs see; they are as blind in the shipped units.
smtp() {
	printf "EHLO x\r\nMAIL FROM:<s@remote.example>\r\n$1DATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n" |
		PROTO=TCP TCPREMOTEIP=198.51.100.1 TCPLOCALIP=192.0.2.7 smtpd >replies
	queue-run -1
}

@test "mail to an address literal is delivered, though only smtpd sees the address" {
	cd "$BATS_TEST_TMPDIR" || return
	run smtp 'RCPT TO:<bob@[192.0.2.7]>\r\nRCPT TO:<ann@[IPv6:::ffff:192.0.2.7]>\r\n'
	[ -z "$(find "$CHAINMAIL_SPOOL/new" -type f)" ]
	grep -qx 'Delivered-To: bob@example.org' "$BOB"/new/*
	grep -q 'Subject: x' "$CHAINMAIL_MAIL"/example.org/ann/Maildir/new/*
}

# 0.0.0.0 is no address of an interface, so only the kernel, which send asks, says
# that it is this machine's; as with every address in the shipped units.
@test "a list's line with an address literal of this machine is delivered" {
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\n' 'bob@[0.0.0.0]' 'ann+list@[0.0.0.0]' 'nobody@[0.0.0.0]' >"$CHAINMAIL_ETC/members"
	private_users "example.org       domain
bob@example.org   mailbox
ann@example.org   mailbox
list@example.org  -> :include:$CHAINMAIL_ETC/members"
	printf 'Subject: x\n\nx\n' | enqueue -f bob@example.org list@example.org
	for _ in 1 2 3 4; do
		run queue-run -1
		echo "$output"
	done
	[ -z "$(find "$CHAINMAIL_SPOOL/new" -type f)" ]
	grep -lx 'Subject: x' "$BOB"/new/*
	grep -lx 'Delivered-To: list@example.org' "$CHAINMAIL_MAIL"/example.org/ann/Maildir/new/*
	report=$(grep -l 'Content-Type: multipart/report' "$BOB"/new/*)
	has 'nobody@' "$(cat "$report")"
	lacks 5.4.6 "$(cat "$report")"
	lacks ann+list "$(cat "$report")"
}

@test "two names of a mailbox are one place: a domain's alias, a list, a role" {
	cd "$BATS_TEST_TMPDIR" || return
	private_users 'example.org       domain
bob@example.org      mailbox
list@example.org     -> bob@old.example, root@mx.example.org
postmaster@mx.example.org -> bob@example.org
gone@example.org     -> /dev/null
@old.example         -> @example.org'
	run smtp 'RCPT TO:<bob@old.example>\r\nRCPT TO:<list@old.example>\r\nRCPT TO:<abuse@old.example>\r\nRCPT TO:<gone@old.example>\r\n'
	echo "$output"
	has 'to=gone@example.org mailbox=/dev/null verdict=0' "$output"
	[ -z "$(find "$CHAINMAIL_SPOOL/new" -type f)" ]
	[ "$(find "$BOB/new" -type f | wc -l)" = 1 ]
}

@test "cron's mail to root goes to its recipient" {
	cd "$BATS_TEST_TMPDIR" || return
	chainmail-user alias postmaster@mx.example.org ann@example.org
	background listen -k "local=$CHAINMAIL_RUN/local:0666" smtpd
	await_socket "$CHAINMAIL_RUN/local"
	printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron\n\nran\n' | sendmail -i -FCronDaemon root
	queue-run -1
	grep -q 'Subject: Cron' "$CHAINMAIL_MAIL"/example.org/ann/Maildir/new/*
	[ ! -d "$BOB" ]
}
