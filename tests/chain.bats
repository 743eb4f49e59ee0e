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

@test "messages of nasty shapes lie in the Maildir byte for byte" {
	python3 "$TOP/tests/chain.py" "$BOB" bob@example.org
}
