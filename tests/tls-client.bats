#!/usr/bin/env bats
# lib/net/tls_client: handshakes with `openssl s_server`, which gives each line
# back reversed.
bats_require_minimum_version 1.5.0

load helper
load certificates

setup_file() {
	export CERTS=$BATS_FILE_TMPDIR/certs
	mkdir -p "$CERTS"
	authority root
	certificate good root mx.example.org
	certificate other root elsewhere.example.net
	certificate late root mx.example.org 20200101000000Z 20200102000000Z
	certificate self self mx.example.org
	authority stranger
	certificate strange stranger mx.example.org
}
setup() {
	need openssl
	private_dirs
	cp "$CERTS/root.pem" "$CHAINMAIL_ETC/authorities.pem"
	PORT=$(free_port)
}
teardown() { stop_background; }

# server NAME [OPTION...]: present this certificate (and its authority).
server() {
	local name=$1
	shift
	background openssl s_server -accept "127.0.0.1:$PORT" -rev -quiet \
		-cert "$CERTS/$name.pem" -key "$CERTS/$name.key" \
		-cert_chain "$CERTS/$name.chain" "$@" \
		>"$BATS_TEST_TMPDIR/server" 2>&1 </dev/null
	await 10 port_open "$PORT"
}
another_port() {
	stop_background || true # they end by a signal
	PORT=$(free_port)
}
talk() { run "$HELPERS/tls-talk" "$PORT" "$@"; }

@test "without a check any certificate will do; lines go both ways" {
	server self
	talk server=mx.example.org
	has 'ok=1 authenticated=0 result=- protocol=TLSv1.3 cipher=TLS_' "$output"
	has '0 enil' "$output"
}

@test "TLS 1.2 will do, TLS 1.1 not" {
	server good -tls1_2
	talk check=pkix server=mx.example.org
	has 'ok=1 authenticated=1 result=- protocol=TLSv1.2' "$output"
	another_port
	server good -tls1_1 -cipher ALL:@SECLEVEL=0
	talk server=mx.example.org
	[ "$status" = 75 ]
	has 'ok=0 authenticated=0 result=validation-failure protocol= ' "$output"
}

# The channel binding of RFC 9266 is what the server makes of it too.
@test "tls-exporter: both ends have the same, with TLS 1.3 alone" {
	# It stays only while there is something to read.
	# shellcheck disable=SC2016
	background bash -c 'exec openssl s_server "$@" < <(exec tail -f /dev/null --pid=$$)' \
		bash -accept "127.0.0.1:$PORT" -cert "$CERTS/self.pem" -key "$CERTS/self.key" \
		-keymatexport EXPORTER-Channel-Binding -keymatexportlen 32 \
		>"$BATS_TEST_TMPDIR/server" 2>&1
	await 10 port_open "$PORT"
	talk lines=0 exporter=1
	local ours theirs
	ours=$(sed -n 's/^exporter=//p' <<<"$output")
	[ "${#ours}" = 64 ]
	keying() { theirs=$(sed -n 's/.*Keying material: //p' "$BATS_TEST_TMPDIR/server"); [ "$theirs" ]; }
	await 10 keying
	[ "${theirs,,}" = "$ours" ]
	another_port
	server good -tls1_2
	talk exporter=1
	has $'exporter=\n' "$output"
}

@test "PKIX: a known authority and the name" {
	server good
	talk check=pkix server=mx.example.org
	[ "$status" = 0 ]
	has 'ok=1 authenticated=1 result=- ' "$output"
	has '0 enil' "$output"
}

@test "PKIX: another name is a host mismatch, unless it is among those given" {
	server other
	talk check=pkix server=mx.example.org
	[ "$status" = 75 ]
	has 'ok=0 authenticated=0 result=certificate-host-mismatch ' "$output"
	talk check=pkix server=mx.example.org name=elsewhere.example.net
	has 'ok=1 authenticated=1 ' "$output"
	talk check=pkix server=mx.example.org name=.example.net
	has 'ok=1 authenticated=1 ' "$output"
}

@test "PKIX: expired, self-signed and unknown authorities have their words" {
	server late
	talk check=pkix server=mx.example.org
	has 'ok=0 authenticated=0 result=certificate-expired ' "$output"
	another_port
	server self
	talk check=pkix server=mx.example.org
	has 'ok=0 authenticated=0 result=certificate-not-trusted ' "$output"
	another_port
	server strange
	talk check=pkix server=mx.example.org
	has 'ok=0 authenticated=0 result=certificate-not-trusted ' "$output"
}

@test "PKIX: a common name alone does not count (RFC 8461 4.2)" {
	certificate bare root 'CN mx.example.org'
	server bare
	talk check=pkix server=mx.example.org
	has 'result=certificate-host-mismatch ' "$output"
}

@test "lenient: a failure is reported, and the session continues" {
	server strange
	talk check=pkix server=mx.example.org lenient=1
	[ "$status" = 0 ]
	has 'ok=1 authenticated=0 result=certificate-not-trusted ' "$output"
	has '0 enil' "$output"
}

@test "DANE-EE: the key counts; no name, no date, no authority (RFC 7672 3.1.1)" {
	server late
	talk check=dane server=mx.another.example "tlsa=$(tlsa late 3 1 1)"
	[ "$status" = 0 ]
	has 'ok=1 authenticated=1 result=- ' "$output"
	for how in '3 0 0' '3 0 1' '3 0 2' '3 1 0' '3 1 2'; do
		# shellcheck disable=SC2086
		talk check=dane server=mx.example.org "tlsa=$(tlsa late $how)"
		has 'ok=1 authenticated=1 result=- ' "$output"
	done
}

@test "DANE-EE: another key is refused, one of several records is enough" {
	server good
	talk check=dane server=mx.example.org "tlsa=$(tlsa other 3 1 1)"
	[ "$status" = 75 ]
	has 'ok=0 authenticated=0 result=validation-failure ' "$output"
	talk check=dane server=mx.example.org "tlsa=$(tlsa other 3 1 1)" \
		"tlsa=$(tlsa good 3 1 1)"
	has 'ok=1 authenticated=1 ' "$output"
}

@test "DANE-TA: the authority of the record, the name and the date count" {
	server strange
	talk check=dane server=mx.example.org "tlsa=$(tlsa stranger 2 0 1)"
	has 'ok=1 authenticated=1 result=- ' "$output"
	talk check=dane server=mx.example.org "tlsa=$(tlsa stranger 2 1 2)"
	has 'ok=1 authenticated=1 result=- ' "$output"
	talk check=dane server=another.example "tlsa=$(tlsa stranger 2 0 1)"
	has 'ok=0 authenticated=0 result=certificate-host-mismatch ' "$output"
	talk check=dane server=another.example name=mx.example.org \
		"tlsa=$(tlsa stranger 2 0 1)"
	has 'ok=1 authenticated=1 ' "$output"
	talk check=dane server=mx.example.org "tlsa=$(tlsa root 2 0 1)"
	has 'ok=0 authenticated=0 ' "$output"
	another_port
	server late
	talk check=dane server=mx.example.org "tlsa=$(tlsa root 2 0 1)"
	has 'ok=0 authenticated=0 result=certificate-expired ' "$output"
}

@test "DANE: unusable records alone ask for encryption alone (RFC 7672 3.1.3)" {
	server strange
	talk check=dane server=mx.example.org "tlsa=$(tlsa good 1 1 1)" \
		"tlsa=$(tlsa root 0 0 1)" tlsa=3,1,1,00ff tlsa=3,1,9,00
	has 'ok=1 authenticated=0 result=- ' "$output"
	# With a usable one beside them that one counts.
	talk check=dane server=mx.example.org "tlsa=$(tlsa strange 1 1 1)" \
		"tlsa=$(tlsa good 3 1 1)"
	has 'ok=0 authenticated=0 ' "$output"
}

@test "a pinned key: the key alone counts" {
	server late
	talk check=pin server=mx.example.org "pin=$(pin other)" "pin=$(pin late)"
	has 'ok=1 authenticated=1 result=- ' "$output"
	talk check=pin server=mx.example.org "pin=$(pin other)"
	[ "$status" = 75 ]
	has 'ok=0 authenticated=0 result=validation-failure ' "$output"
	has 'none of the pinned ones' "$output"
}

@test "the server's name is sent, an address is not (RFC 6066 3)" {
	server good -servername mx.example.org -servername_fatal \
		-cert2 "$CERTS/good.pem" -key2 "$CERTS/good.key"
	talk server=mx.example.org
	has 'ok=1 ' "$output"
	talk server=127.0.0.1
	has 'ok=1 ' "$output"
	talk server=other.example.org
	has 'ok=0 ' "$output"
}

@test "an address in the certificate is matched as an address" {
	certificate numbered root 127.0.0.1
	server numbered
	talk check=pkix server=127.0.0.1
	has 'ok=1 authenticated=1 ' "$output"
	talk check=pkix server=127.0.0.2
	has 'result=certificate-host-mismatch ' "$output"
}

@test "a host that says nothing is given up at the limit" {
	background python3 -c "
import socket, sys, time
s = socket.create_server(('127.0.0.1', $PORT))
c, _ = s.accept()
time.sleep(60)"
	await 10 listening
	talk server=mx.example.org wait=200
	[ "$status" = 75 ]
	has 'the host takes too long' "$output"
}
listening() { ss -Hltn "sport = :$PORT" | grep -q .; }

@test "a host that speaks no TLS, or hangs up, is a failed handshake" {
	background python3 -c "
import socket
s = socket.create_server(('127.0.0.1', $PORT))
for words in b'220 hello\r\n', b'':
    c, _ = s.accept()
    try:
        c.recv(5)
        c.sendall(words)
        c.shutdown(socket.SHUT_WR)
        while c.recv(4096):
            pass
    except OSError:
        pass
    c.close()"
	await 10 listening
	talk server=mx.example.org
	has 'ok=0 authenticated=0 result=validation-failure ' "$output"
	has 'the TLS handshake failed: ' "$output"
	talk server=mx.example.org
	has 'ok=0 authenticated=0 result=validation-failure ' "$output"
}

@test "after the handshake the idle limit holds" {
	server good
	talk server=mx.example.org lines=1 idle=100
	has '0 enil' "$output"
	another_port
	# Reads and says nothing: its input never comes.
	mkfifo "$BATS_TEST_TMPDIR/silence"
	background sh -c 'exec openssl s_server -accept "$1" -quiet \
		-cert "$2.pem" -key "$2.key" <>"$3" >/dev/null 2>&1' sh \
		"127.0.0.1:$PORT" "$CERTS/good" "$BATS_TEST_TMPDIR/silence"
	await 10 listening
	talk server=mx.example.org lines=1 idle=100
	has 'timeout' "$output"
}

@test "more than the network holds at once goes both ways" {
	server good
	talk server=mx.example.org lines=2000
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 2001 ]
	[ "${lines[2000]}" = '9991 enil' ]
}

@test "a host that closes the connection ends a write to it" {
	cat >"$BATS_TEST_TMPDIR/host.py" <<-'EOF'
	import socket, ssl, sys
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(sys.argv[2] + ".pem", sys.argv[2] + ".key")
	tcp, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
	inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
	tls = context.wrap_bio(inward, outward, server_side=True)
	def step(f):
	    while True:
	        try:
	            return f()
	        except ssl.SSLWantReadError:
	            tcp.sendall(outward.read())
	            inward.write(tcp.recv(16384))
	step(tls.do_handshake)
	step(lambda: tls.read(1))
	if sys.argv[3] == "yes":
	    try:
	        tls.unwrap()
	    except ssl.SSLError:
	        pass
	    tcp.sendall(outward.read())
	tcp.close()
	EOF
	for goodbye in no yes; do
		background python3 "$BATS_TEST_TMPDIR/host.py" "$PORT" "$CERTS/good" "$goodbye"
		await 10 listening
		run timeout 60 "$HELPERS/tls-talk" "$PORT" lines=400000
		has ok=1 "$output"
		has eof "$output"
		another_port
	done
}

@test "authorities.pem without a certificate is an error" {
	echo nothing >"$CHAINMAIL_ETC/authorities.pem"
	server good
	talk
	[ "$status" = 78 ]
	has 'authorities.pem holds no certificate' "$output"
}
