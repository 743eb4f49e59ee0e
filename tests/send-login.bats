#!/usr/bin/env bats
# send logs in at a smarthost: the mechanism, and which host gets the password.
load send-host
load certificates

setup_file() {
	export CERTS=$BATS_FILE_TMPDIR/certs
	need openssl
	mkdir -p "$CERTS"
	authority root
	certificate host root 127.0.0.1
}
# login NAME [key=value ...]: a host that ann logs in at, with TLS, "@tls=...":
# as the route says then.
login() {
	local name=$1 tls=require
	shift
	[[ ${1-} == @tls=* ]] && tls=${1#@tls=} && shift
	[ "$tls" = none ] || set -- cert="$CERTS/host.pem" key="$CERTS/host.key" "$@"
	host "$name" auth='ann=,x:pass # word' "$@"
	echo "example.org 127.0.0.1:$PORT tls=$tls user=ann=,x" >"$CHAINMAIL_ETC/routes"
	echo '127.0.0.1 ann=,x pass # word' >"$CHAINMAIL_ETC/routes.auth"
	chmod o= "$CHAINMAIL_ETC/routes.auth"
}
log() { cat "$BATS_TEST_TMPDIR/$1.log"; }
# said NAME: the mechanisms it was asked for, in a line.
said() { sed -n 's/.*< AUTH \([^ ]*\) .*/\1/p' "$BATS_TEST_TMPDIR/$1.log" | paste -sd ' '; }

@test "AUTH PLAIN and LOGIN with the password of routes.auth" {
	host a offer=AUTH_PLAIN_LOGIN 'auth=ann@x:pass # word'
	echo "example.org 127.0.0.1:$PORT tls=none user=ann@x" >"$CHAINMAIL_ETC/routes"
	echo '127.0.0.1 ann@x pass # word' >"$CHAINMAIL_ETC/routes.auth"
	chmod o= "$CHAINMAIL_ETC/routes.auth"
	job bob@example.org
	has 'verdict=0' "$output"
	[ -e "$BATS_TEST_TMPDIR/a.mail/1" ]
	host b offer=AUTH_LOGIN 'auth=ann@x:pass # word'
	echo "example.org 127.0.0.1:$PORT tls=none user=ann@x" >"$CHAINMAIL_ETC/routes"
	job bob@example.org
	has 'verdict=0' "$output"
}

@test "a wrong password, none, or no AUTH: later, the destination is down" {
	host a offer=AUTH_PLAIN auth=ann:right
	host b
	for name in a b; do
		PORT=$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/$name")
		echo "example.org 127.0.0.1:$PORT tls=none user=ann" >"$CHAINMAIL_ETC/routes"
		echo '127.0.0.1 ann guess17' >"$CHAINMAIL_ETC/routes.auth"
		chmod o= "$CHAINMAIL_ETC/routes.auth"
		job bob@example.org
		has 'verdict=75 status=4.7.8' "$output"
		has 'down=1' "$output"
		lacks MAIL "$(cat "$BATS_TEST_TMPDIR/$name.log")"
		lacks guess17 "$output"
		: >"$CHAINMAIL_ETC/routes.auth"
		job bob@example.org
		has 'verdict=75 status=4.7.8' "$output"
		has 'down=1' "$output"
	done
}

@test "SCRAM-SHA-256 is preferred, on a bound channel if the host can" {
	login a offer=AUTH_LOGIN_PLAIN_SCRAM-SHA-256
	job bob@example.org
	has 'verdict=0' "$output"
	[ "$(said a)" = SCRAM-SHA-256 ]
	has '(y)' "$(log a)" # we would have bound it
	login b offer=AUTH_PLAIN_SCRAM-SHA-256_SCRAM-SHA-256-PLUS
	job bob@example.org
	has 'verdict=0' "$output"
	[ "$(said b)" = SCRAM-SHA-256-PLUS ]
	has '(p=tls-exporter)' "$(log b)"
	login c @tls=none offer=AUTH_PLAIN_SCRAM-SHA-256_SCRAM-SHA-256-PLUS
	job bob@example.org
	has 'verdict=0' "$output"
	[ "$(said c)" = SCRAM-SHA-256 ]
	has '(n)' "$(log c)"
}

@test "a host that refuses SCRAM gets another mechanism that it offers" {
	login a offer=AUTH_PLAIN_SCRAM-SHA-256_SCRAM-SHA-256-PLUS scram=unbound
	job bob@example.org
	has 'verdict=0' "$output"
	[ "$(said a)" = 'SCRAM-SHA-256-PLUS SCRAM-SHA-256' ]
	login b offer=AUTH_PLAIN_SCRAM-SHA-256 scram=refuse
	job bob@example.org
	has 'verdict=0' "$output"
	[ "$(said b)" = 'SCRAM-SHA-256 PLAIN' ]
	login c offer=AUTH_SCRAM-SHA-256 scram=refuse
	job bob@example.org
	has 'verdict=75 status=4.7.8' "$output"
	has 'text=535%205.7.8' "$output"
	has 'down=1' "$output"
}

# betrayed NAME TEXT [key=value ...]: its SCRAM is wrong: later, no mail and no
# password for it.
betrayed() {
	local name=$1 text=$2
	shift 2
	login "$name" offer=AUTH_PLAIN_LOGIN_SCRAM-SHA-256 "$@"
	job bob@example.org
	has 'verdict=75 status=4.7.8' "$output"
	has 'down=1' "$output"
	has "$text" "${output//%20/ }"
	[ "$(said "$name")" = SCRAM-SHA-256 ]
	lacks MAIL "$(log "$name")"
}

@test "a host whose SCRAM is wrong: later, and PLAIN is not tried" {
	betrayed rubbish 'challenge is not base64' scram=rubbish
	betrayed nonce 'nonce does not begin with ours' scram=nonce
	betrayed sign 'does not know the password' scram=sign
	betrayed silent 'does not show that it knows the password' scram=silent
	betrayed error 'the host aborted: invalid-proof' scram=error
	for name in rubbish nonce sign error; do
		has '(cancelled)' "$(log $name)"
	done
}

@test "SCRAM with rounds for hours is refused at once" {
	betrayed a 'the host wants 4000000000 rounds of hashing' rounds=4000000000
	has '(cancelled)' "$(log a)"
	lacks '(answered)' "$(log a)"
}

@test "without TLS a login goes only to this host, and the text has a remedy" {
	need ip
	local us
	us=$(ip -o addr show scope global up | awk '{ sub("/.*", "", $4); print $4; exit }')
	[ "$us" ] || skip 'no address but loopback'
	for mechanism in PLAIN LOGIN SCRAM-SHA-256; do
		login "a$mechanism" @tls=none ip="$us" "offer=AUTH_$mechanism"
		[[ $us == *:* ]] && us="[$us]"
		echo "example.org $us:$PORT tls=none user=ann=,x" >"$CHAINMAIL_ETC/routes"
		echo '* ann=,x pass # word' >"$CHAINMAIL_ETC/routes.auth"
		job bob@example.org
		has 'verdict=75 status=4.7.8' "$output"
		has 'down=1' "$output"
		has 'not sent without TLS: write tls=verify ' "${output//%20/ }"
		lacks AUTH "$(log "a$mechanism")"
		lacks MAIL "$(log "a$mechanism")"
		us=${us//[\[\]]/}
	done
}

@test "a host without STARTTLS gets no login where TLS must be" {
	login a @tls=none offer=AUTH_PLAIN
	for tls in require verify; do
		echo "example.org 127.0.0.1:$PORT tls=$tls user=ann=,x" >"$CHAINMAIL_ETC/routes"
		job bob@example.org
		has 'verdict=75 status=4.7.10' "$output"
	done
	echo "example.org 127.0.0.1:$PORT user=ann=,x" >"$CHAINMAIL_ETC/routes"
	job bob@example.org # user= alone means tls=verify
	has 'verdict=75 status=4.7.10' "$output"
	lacks AUTH "$(log a)"
}

@test "our own submission service as the smarthost: SCRAM over verified TLS" {
	local port
	port=$(free_port)
	echo 'example.org domain' >"$CHAINMAIL_ETC/users"
	chainmail-user add ann@example.org <<<'correct horse' >/dev/null
	mkdir -p "$CHAINMAIL_ETC/tls/default"
	cp "$CERTS/host.pem" "$CHAINMAIL_ETC/tls/default/cert.pem"
	cp "$CERTS/host.key" "$CHAINMAIL_ETC/tls/default/key.pem"
	cp "$CERTS/root.pem" "$CHAINMAIL_ETC/authorities.pem"
	background authd </dev/null 2>"$BATS_TEST_TMPDIR/authd.log"
	background tlsd </dev/null 2>"$BATS_TEST_TMPDIR/tlsd.log"
	await_socket "$CHAINMAIL_RUN/auth"
	await_socket "$CHAINMAIL_RUN/tls"
	background listen -k "submission=127.0.0.1:$port" smtpd \
		2>"$BATS_TEST_TMPDIR/smtpd.log"
	await 10 port_open "$port"
	echo "example.org 127.0.0.1:$port user=ann" >"$CHAINMAIL_ETC/routes"
	echo '127.0.0.1 ann correct horse' >"$CHAINMAIL_ETC/routes.auth"
	chmod o= "$CHAINMAIL_ETC/routes.auth"
	job from=ann@example.org ann@example.org
	has 'verdict=0' "$output"
	has 'rule=route' "$output"
	has 'how=scram' "$(cat "$BATS_TEST_TMPDIR/authd.log")"
	[ "$(find "$CHAINMAIL_SPOOL/new" -type f | wc -l)" = 1 ]
	echo '127.0.0.1 ann wrong horse' >"$CHAINMAIL_ETC/routes.auth"
	job from=ann@example.org ann@example.org
	has 'verdict=75 status=4.7.8' "$output"
	has 'text=535%20' "$output"
}
