#!/usr/bin/env bats
# chainmail-setup makes what is missing and leaves alone what is there.
load helper

setup() {
	private_dirs
	need openssl
	rm -r "$CHAINMAIL_SPOOL"
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	cd "$BATS_TEST_TMPDIR" || return
}
teardown() { stop_background; }

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

@test "what waits for the next day ends with its service" {
	need setpriv
	background chainmail-service tls-report
	waits() {
		read -r waiting <"/proc/${BACKGROUND[0]}/task/${BACKGROUND[0]}/children" || [ -n "$waiting" ] || return
		[ "$(cat "/proc/${waiting%% *}/comm")" = sleep ]
	}
	await 5 waits
	kill "${BACKGROUND[0]}"
	await 5 gone "${waiting%% *}"
}
gone() { ! kill -0 "$1" 2>/dev/null; }

@test "an unknown service is refused" {
	run chainmail-service nntp
	[ "$status" = 64 ]
}

# The records of a domain, made and read by a name server's own checker.
zone_of() {
	printf '%s 3600 IN SOA ns.example.net. root.example.net. 1 2 3 4 5\n%s 3600 IN NS ns.example.net.\n' "$1." "$1."
	sed 's/ IN / 3600 IN /' "$2"
}

@test "a domain gets names, keys, a policy and a user, and its records are a zone" {
	need nsd-checkzone
	rm "$CHAINMAIL_ETC/me"
	run chainmail-setup Example.org
	[ "$status" = 0 ]
	has 'user: postmaster@example.org' "$output"
	grep -qx 'example.org domain' "$CHAINMAIL_ETC/users"
	grep -q 'mode: testing' "$CHAINMAIL_ETC/mta-sts.example.org.txt"
	chainmail-records example.org >records
	zone_of example.org records >zone
	nsd-checkzone example.org zone
	for type in MX TXT TLSA SRV CNAME; do grep -q " IN $type " records; done
	# The key that is published is the key's.
	published=$(sed -n 's/^rsa1._domainkey.*p=//p' records | tr -d '" ')
	[ "$published" = "$(openssl pkey -in "$CHAINMAIL_ETC/dkim/example.org.rsa1.pem" -pubout -outform DER | base64 -w 0)" ]
	leaf -pubkey | openssl pkey -pubin -outform DER | sha256sum | grep -q "^$(awk '/TLSA/ { print $NF }' records)"
}

@test "a second run for the domain changes nothing and prints the same records" {
	chainmail-setup example.org >/dev/null
	before=$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)
	chainmail-records example.org >records
	chainmail-setup example.org | diff - records
	[ "$before" = "$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)" ]
}

@test "the password is not among the records" {
	chainmail-setup example.org >out 2>told
	grep -q '^password: ' told
	chainmail-records example.org | diff - out
}

@test "a second domain has a user and keys of its own, and a zone without the host" {
	need nsd-checkzone
	chainmail-setup example.org.uk >/dev/null
	chainmail-setup -u bob@example.org example.org >records
	grep -q '^bob@example.org mailbox' "$CHAINMAIL_ETC/users"
	grep -q '^postmaster@example.org.uk mailbox' "$CHAINMAIL_ETC/users"
	[ "$(grep -c _domainkey records)" = 2 ]
	lacks uk. "$(<records)"
	echo mail.example.net >"$CHAINMAIL_ETC/me"
	for domain in example.org example.org.uk; do
		chainmail-records $domain >records
		zone_of $domain records >zone
		nsd-checkzone $domain zone
		grep -q '^; in the zone of mail.example.net: _25._tcp' records
	done
	run chainmail-setup -u eve@example.net example.org
	[ "$status" = 64 ]
}

@test "a word that is no domain is refused before anything is made for it" {
	for word in localhost '../x.y' 'a..b' -x.y 'a b.c'; do
		run chainmail-setup -- "$word"
		[ "$status" = 64 ]
		run chainmail-records "$word"
		[ "$status" = 64 ]
	done
	[ ! -e "$CHAINMAIL_ETC/dkim" ]
}

# pair NAME [DAYS]: a certificate and its key.
pair() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
		-out "$1.crt" -subj "/CN=$1" -days "${2-10}" 2>/dev/null
}

@test "a certificate from elsewhere is taken into use, whole or not at all" {
	pair one
	pair two
	chainmail-certificate one.crt one.key
	cmp one.crt "$CHAINMAIL_ETC/tls/default/cert.pem"
	cmp one.key "$CHAINMAIL_ETC/tls/default/key.pem"
	[ "$(stat -c %a "$CHAINMAIL_ETC/tls/default/key.pem")" = 640 ]
	run chainmail-certificate two.crt one.key
	[ "$status" = 65 ]
	run chainmail-certificate one.key one.key
	[ "$status" = 65 ]
	run chainmail-certificate two.crt two.key ../x
	[ "$status" = 64 ]
	cmp one.crt "$CHAINMAIL_ETC/tls/default/cert.pem"
	chainmail-certificate two.crt two.key mail.example.org
	cmp two.key "$CHAINMAIL_ETC/tls/mail.example.org/key.pem"
}

@test "certbot's and uacme's hooks" {
	pair live
	mkdir lineage
	mv live.crt lineage/fullchain.pem
	mv live.key lineage/privkey.pem
	RENEWED_LINEAGE=$PWD/lineage chainmail-certificate
	cmp lineage/fullchain.pem "$CHAINMAIL_ETC/tls/default/cert.pem"
	export CHAINMAIL_ACME=$PWD/web
	chainmail-certificate begin http-01 mail.example.org to-ken_1 to-ken_1.auth
	[ "$(cat web/.well-known/acme-challenge/to-ken_1)" = to-ken_1.auth ]
	chainmail-certificate "done" http-01 mail.example.org to-ken_1 to-ken_1.auth
	[ ! -e web/.well-known/acme-challenge/to-ken_1 ]
	run chainmail-certificate begin dns-01 mail.example.org to-ken_1 x
	[ "$status" = 1 ]
	run chainmail-certificate begin http-01 mail.example.org ../../x y
	[ "$status" = 65 ]
}
