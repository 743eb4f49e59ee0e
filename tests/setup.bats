#!/usr/bin/env bats
# chainmail-setup makes what is missing and leaves alone what is there.
load helper

setup() {
	private_dirs
	need openssl
	rm -r "$CHAINMAIL_SPOOL"
	echo mail.example.org >"$CHAINMAIL_ETC/me"
}

leaf() { openssl x509 -in "$CHAINMAIL_ETC/tls/default/cert.pem" -noout "$@"; }

@test "a new server gets folders, an authority, a certificate and a user" {
	run chainmail-setup -u bob@mail.example.org
	[ "$status" = 0 ]
	has 'user: bob@mail.example.org' "$output"
	has 'password: ' "$output"
	[ -d "$CHAINMAIL_SPOOL/new" ]
	[ -s "$CHAINMAIL_ETC/users.cdb" ]
	[ -s "$CHAINMAIL_ETC/secrets.cdb" ]
	openssl verify -CAfile "$CHAINMAIL_ETC/ca/ca.pem" -purpose sslserver \
		-verify_hostname mail.example.org "$CHAINMAIL_ETC/tls/default/cert.pem"
	openssl verify -CAfile "$CHAINMAIL_ETC/ca/ca.pem" -verify_ip 127.0.0.1 \
		"$CHAINMAIL_ETC/tls/default/cert.pem"
}

@test "the server's certificate is no authority" {
	chainmail-setup
	leaf -ext basicConstraints | grep -q CA:FALSE
	leaf -ext extendedKeyUsage | grep -q 'TLS Web Server'
}

@test "private keys can be read by their owner alone, or their group" {
	chainmail-setup
	[ "$(stat -c %a "$CHAINMAIL_ETC/ca/key.pem")" = 600 ]
	[ "$(stat -c %a "$CHAINMAIL_ETC/tls/default/key.pem")" = 640 ]
}

@test "a second run changes nothing" {
	chainmail-setup -u bob@mail.example.org
	before=$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)
	run chainmail-setup -u eve@mail.example.org
	[ "$status" = 0 ]
	[ -z "$output" ]
	[ "$before" = "$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)" ]
}

@test "the services' folder has a run script for each and one log" {
	chainmail-setup -s "$BATS_TEST_TMPDIR/services"
	for service in tlsd authd deliver send mta-sts queue-run tls-report \
		smtpd local login log; do
		[ -x "$BATS_TEST_TMPDIR/services/$service/run" ]
	done
	[ -p "$BATS_TEST_TMPDIR/services/log/fifo" ]
}

@test "an unknown service is refused" {
	run chainmail-service nntp
	[ "$status" = 64 ]
}
