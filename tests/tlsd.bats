#!/usr/bin/env bats
# tlsd: a program in front of it, a TLS client behind it.
bats_require_minimum_version 1.5.0

load helper

# certificate FOLDER NAMES...: a fresh one in CHAINMAIL_ETC/tls/FOLDER.
certificate() {
	local folder=$CHAINMAIL_ETC/tls/$1 names
	shift
	mkdir -p "$folder"
	names=$(printf ',DNS:%s' "$@")
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 30 -subj "/CN=$1" -addext "subjectAltName=${names#,}" \
		-keyout "$folder/.key" -out "$folder/.cert" 2>/dev/null
	mv "$folder/.cert" "$folder/cert.pem"
	mv "$folder/.key" "$folder/key.pem"
}
# The hash of a folder's certificate, as scenes print it.
hash_of() { openssl x509 -in "$CHAINMAIL_ETC/tls/$1/cert.pem" -outform DER | sha256sum | cut -d' ' -f1; }

setup() {
	need openssl
	private_dirs
	certificate default mail.example.org
}
teardown() { stop_background; }

start() {
	background tlsd </dev/null 2>"$BATS_TEST_TMPDIR/log"
	await 60 listens "$CHAINMAIL_RUN/tls" # of twenty certificates, sanitized
}
scene() { python3 "$TOP/tests/tlsd.py" "$@"; }
logged() { grep -q -- "$1" "$BATS_TEST_TMPDIR/log"; }
children() { tr ' ' '\n' <"/proc/${BACKGROUND[0]}/task/${BACKGROUND[0]}/children" | grep .; }

@test "a descriptor goes in, a plaintext descriptor comes back" {
	start
	run scene hello sni=mail.example.org alpn=imap client_alpn=imap
	has 'ok protocol=TLSv1.3 cipher=TLS_' "$output"
	has ' sni=mail.example.org alpn=imap ' "$output"
	has 'alpn imap' "$output"
	logged 'event=handshake result=ok client=192.0.2.7 service=imaps sni=mail.example.org protocol=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256 alpn=imap resumed=0'
}

@test "TLS 1.2 works too" {
	start
	run scene hello max=1.2
	has 'ok protocol=TLSv1.2 cipher=ECDHE-ECDSA-' "$output"
}

@test "the binding is the certificate's SHA-256 (tls-server-end-point)" {
	start
	run scene hello
	has "binding=$(hash_of default)" "$output"
}

@test "nothing older than TLS 1.2, no weak cipher (TL-09)" {
	start
	python3 - <<'EOF' >"$BATS_TEST_TMPDIR/port" &
import array, os, socket, threading
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
for _ in range(8):
    c, _ = s.accept()
    u = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    u.connect(os.environ["CHAINMAIL_RUN"] + "/tls")
    socket.send_fds(u, [b"handshake service=smtp"], [c.fileno()])
    c.close()
    u.recv(1000)
EOF
	BACKGROUND+=("$!")
	await 5 test -s "$BATS_TEST_TMPDIR/port"
	port=$(cat "$BATS_TEST_TMPDIR/port")
	for args in -tls1 -tls1_1 '-tls1_2 -cipher aNULL:@SECLEVEL=0' '-tls1_2 -cipher kRSA:@SECLEVEL=0'; do
		# shellcheck disable=SC2086
		run openssl s_client -connect "127.0.0.1:$port" -brief \
			-cipher ALL:@SECLEVEL=0 $args </dev/null
		[ "$status" != 0 ]
	done
	[ "$(grep -c result=fail "$BATS_TEST_TMPDIR/log")" = 4 ]
	run openssl s_client -connect "127.0.0.1:$port" -brief -tls1_2 </dev/null
	has TLSv1.2 "$output"
}

@test "ALPN: a client of another protocol is refused (TL-08)" {
	start
	run scene hello alpn=imap client_alpn=h2,http/1.1
	has 'alert no application protocol' "$output"
	has 'fail reason=no%20application%20protocol' "$output"
	run scene hello alpn=imap client_alpn=pop3
	has 'fail' "$output"
	run scene hello alpn=imap
	has 'ok protocol' "$output"
	run scene hello client_alpn=h2
	has 'fail' "$output"
}

@test "a hello in pieces is put together before it is judged" {
	certificate imap.example.net imap.example.net
	start
	run scene pieces step=7 bytes=1 sni=imap.example.net alpn=imap client_alpn=imap
	has 'ok protocol=TLSv1.3' "$output"
	has ' sni=imap.example.net alpn=imap ' "$output"
	has "binding=$(hash_of imap.example.net)" "$output"
	run scene pieces step=7 bytes=1 sni=imap.example.net client_alpn=h2
	has 'fail reason=no%20application%20protocol' "$output"
}

@test "a large hello is read, one without limit refused" {
	start
	run scene pieces size=12000 sni=mail.example.org alpn=imap
	has 'ok protocol=TLSv1.3' "$output"
	run scene pieces size=30000 sni=mail.example.org alpn=imap
	has 'fail reason=the%20hello%20is%20too%20long' "$output"
}

@test "the certificate is chosen by folder name, then by its names, then default" {
	certificate imap.example.net imap.example.net
	certificate hosts one.example.com '*.example.com'
	start
	for pair in imap.example.net:imap.example.net one.example.com:hosts \
		two.example.com:hosts nowhere.test:default IMAP.example.net:imap.example.net; do
		run scene hello "sni=${pair%:*}"
		has "sha256 $(hash_of "${pair#*:}")" "$output"
	done
	run scene hello
	has "sha256 $(hash_of default)" "$output"
}

@test "of many certificates each serves its own host, and resumes" {
	for i in {1..20}; do certificate "h$i.example.net" "h$i.example.net"; done
	start
	for i in {1..20}; do
		run scene hello "sni=h$i.example.net" alpn=imap client_alpn=imap
		has "sha256 $(hash_of "h$i.example.net")" "$output"
		run scene resume "sni=h$i.example.net" alpn=imap client_alpn=imap
		has reused "$output"
	done
	run scene resume sni=h20.example.net service=imaps service2=pop3s
	has full "$output"
}

@test "a changed certificate serves the next connection" {
	start
	run scene hello
	has "sha256 $(hash_of default)" "$output"
	certificate default new.example.org
	run scene hello
	has "sha256 $(hash_of default)" "$output"
	has "binding=$(hash_of default)" "$output"
}

@test "a broken new certificate keeps the former one, and says so" {
	start
	before=$(hash_of default)
	echo rubbish >"$CHAINMAIL_ETC/tls/default/cert.pem"
	run scene hello
	has "sha256 $before" "$output"
	await 5 logged 'event=certificate name=default result=refused reason=.*former=kept'
	openssl ecparam -name prime256v1 -genkey -noout -out "$CHAINMAIL_ETC/tls/default/key.pem"
	run scene hello
	has "sha256 $before" "$output"
}

@test "without any certificate it says why; the first one serves at once" {
	mv "$CHAINMAIL_ETC/tls" "$CHAINMAIL_ETC/later"
	start
	run scene hello
	has 'fail reason=there%20is%20no%20certificate' "$output"
	mv "$CHAINMAIL_ETC/later" "$CHAINMAIL_ETC/tls"
	run scene hello
	has 'ok protocol' "$output"
}

@test "a session is resumed at the same service, by any child" {
	start
	for max in 1.2 1.3; do
		run scene resume max=$max service=imaps sni=mail.example.org
		has reused "$output"
	done
	logged resumed=1
}

@test "a session is not resumed at another service or host (TL-13)" {
	certificate imap.example.net imap.example.net
	start
	for max in 1.2 1.3; do
		run scene resume max=$max service=pop3s service2=imaps sni=mail.example.org
		has full "$output"
		run scene resume max=$max service=imaps sni=mail.example.org sni2=imap.example.net
		has full "$output"
	done
}

@test "a client's certificate is reported only when it verifies" {
	cd "$BATS_TEST_TMPDIR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=CA -days 9 -keyout ca.key -out ca.pem 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/O=Home/CN=Bob' \
		-keyout bob.key -out bob.csr 2>/dev/null
	openssl x509 -req -in bob.csr -CA ca.pem -CAkey ca.key -days 9 -out bob.pem \
		-extfile <(echo subjectAltName=email:bob@example.org) 2>/dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=Bob -days 9 -keyout own.key -out own.pem 2>/dev/null
	start
	run scene hello cert=bob.pem key=bob.key
	[[ $output != *cert=* ]]
	cp ca.pem "$CHAINMAIL_ETC/tls/clients-ca.pem"
	run scene hello cert=bob.pem key=bob.key
	has 'cert=emailAddress=bob@example.org,CN=Bob,O=Home' "$output"
	run scene hello cert=own.pem key=own.key
	has 'ok protocol' "$output"
	[[ $output != *cert=* ]]
	run scene hello
	has 'ok protocol' "$output"
	run scene hello service=smtp cert=bob.pem key=bob.key
	[[ $output != *cert=* ]]
}

@test "a client whose certificate comes by way of another one is known each time" {
	cd "$BATS_TEST_TMPDIR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=CA -days 9 -keyout ca.key -out ca.pem 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Between \
		-keyout between.key -out between.csr 2>/dev/null
	openssl x509 -req -in between.csr -CA ca.pem -CAkey ca.key -days 9 -out between.pem \
		-extfile <(echo basicConstraints=critical,CA:TRUE) 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Bob \
		-keyout bob.key -out bob.csr 2>/dev/null
	openssl x509 -req -in bob.csr -CA between.pem -CAkey between.key -days 9 -out bob.pem 2>/dev/null
	cat between.pem >>bob.pem
	cp ca.pem "$CHAINMAIL_ETC/tls/clients-ca.pem"
	start
	for max in 1.2 1.3; do
		run scene resume max=$max cert=bob.pem key=bob.key
		has 'cert=CN=Bob' "$output"
	done
	# Without the authority no certificate is trusted.
	rm "$CHAINMAIL_ETC/tls/clients-ca.pem"
	run scene resume cert=bob.pem key=bob.key
	[[ $output != *cert=* ]]
}

@test "much data both ways against slow readers comes through whole" {
	start
	run scene bulk size=8000000
	has whole "$output"
	run scene bulk size=3000000 max=1.2
	has whole "$output"
}

@test "waiting for a slow client costs nothing" {
	start
	TLSD=${BACKGROUND[0]} run scene slow_reader
	has idle "$output"
	has whole "$output"
}

@test "the end of either side reaches the other, after its last words" {
	start
	run scene client_ends_first
	has 'both ended' "$output"
	run scene server_ends_first
	has 'heard the end' "$output"
	none() { ! children; }
	await 10 none
}

@test "a browser is refused" {
	start
	run scene http
	has 'fail reason=http%20request' "$output"
}

@test "a program that goes away ends its handshake" {
	start
	run scene asker_gone
	has 'closed True' "$output"
}

@test "a stalled handshake ends after 30 seconds, others are served meanwhile (TL-12)" {
	start
	scene stall >"$BATS_TEST_TMPDIR/stalled" &
	stalled=$!
	run scene hello
	has 'ok protocol' "$output"
	wait "$stalled"
	has 'fail reason=the%20client%20takes%20too%20long' "$(cat "$BATS_TEST_TMPDIR/stalled")"
	grep -E 'after (30|31|32) closed True' "$BATS_TEST_TMPDIR/stalled"
}

# holds PID HEX: this number is in the process's memory.
holds() { python3 - "$@" <<-'EOF'
	import re, sys
	key = bytes.fromhex(sys.argv[2])
	pid = sys.argv[1]
	with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
	    for line in maps:
	        m = re.match(r"(\w+)-(\w+) rw", line)
	        if not m: continue
	        start, end = int(m[1], 16), int(m[2], 16)
	        mem.seek(start)
	        data = mem.read(end - start)
	        if key in data or key[::-1] in data:
	            sys.exit(0)
	sys.exit(1)
	EOF
}

# key_number WORD: a number of the default key in hexadecimal: priv, prime1.
key_number() {
	openssl pkey -in "$CHAINMAIL_ETC/tls/default/key.pem" -text -noout 2>/dev/null |
		awk -v word="$1" '$1 == word ":" { on = 1; next } /^[^ ]/ { on = 0 } on' |
		tr -d ' :\n' | sed 's/^00//'
}

@test "after the handshake no private key is left in the process" {
	need_root
	sanitized && skip 'too much memory to search'
	start
	for kind in 'ec -pkeyopt ec_paramgen_curve:P-256 priv' 'rsa:2048 prime1' 'ed25519 priv'; do
		# shellcheck disable=SC2086
		openssl req -x509 -newkey ${kind% *} -nodes -days 30 -subj /CN=x \
			-keyout "$CHAINMAIL_ETC/tls/default/key.pem" \
			-out "$CHAINMAIL_ETC/tls/default/cert.pem" 2>/dev/null
		key=$(key_number "${kind##* }")
		[ -n "$key" ]
		await 10 holds "${BACKGROUND[0]}" "$key" # so the search can find it
		for alpn in imap none; do
			background python3 "$TOP/tests/tlsd.py" idle alpn=$alpn client_alpn=$alpn
			await 10 children
			wiped() { logged "alpn=$alpn" && ! holds "$(children)" "$key"; }
			await 10 wiped
			kill "${BACKGROUND[1]}"
			wait "${BACKGROUND[1]}" || true
			unset 'BACKGROUND[1]'
			none() { ! children; }
			await 10 none
		done
		: >"$BATS_TEST_TMPDIR/log"
	done
}

@test "an idle connection costs at most 0.3 MB" {
	sanitized && skip 'a sanitizer build'
	start
	background python3 "$TOP/tests/tlsd.py" idle alpn=imap count=3 time=30
	light() {
		local pid
		pid=$(children | tail -1)
		[ -n "$pid" ] && [ "$(children | wc -l)" = 3 ] &&
			(($(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup") <= 307))
	}
	await 10 light
}

@test "a connection is confined before its first byte is read" {
	start
	background python3 "$TOP/tests/tlsd.py" stall
	confined() {
		local pid
		pid=$(children)
		[ -n "$pid" ] && grep -q '^Seccomp_filters:.2' "/proc/$pid/status" &&
			grep -q '^NoNewPrivs:.1' "/proc/$pid/status" &&
			grep -q '^Max processes  *0 ' "/proc/$pid/limits"
	}
	await 5 confined
}

@test "systemd's socket, or one as descriptor 0, is served instead of its own" {
	hand_over=$(cat <<-'EOF'
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	path = os.environ["CHAINMAIL_RUN"] + "/tls"
	s.bind(path + ".new")
	s.listen()
	os.rename(path + ".new", path)
	os.dup2(s.fileno(), int(sys.argv[1]))
	if sys.argv[1] == "3":
	    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
	    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
	os.execvp("tlsd", ["tlsd"])
	EOF
	)
	for fd in 3 0; do
		background python3 -c "$hand_over" "$fd" 2>"$BATS_TEST_TMPDIR/log"
		await_socket "$CHAINMAIL_RUN/tls"
		run scene hello
		has 'ok protocol' "$output"
		stop_background
		rm "$CHAINMAIL_RUN/tls" # nobody listens there now
	done
}

@test "malformed requests of a local program do no harm" {
	start
	python3 - <<-'EOF'
	import os, socket
	for packet in (b"", b"x", b"handshake", b"handshake service=imaps", b"\0" * 60000):
	    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	    s.connect(os.environ["CHAINMAIL_RUN"] + "/tls")
	    s.send(packet)
	    s.settimeout(5)
	    assert s.recv(100) == b""
	EOF
	run scene hello
	has 'ok protocol' "$output"
}

# said PORT WORDS: a whole session, its lines ended by \n in the words.
said() {
	exec 5<>"/dev/tcp/127.0.0.1/$1"
	printf "$2" | crlf >&5
	timeout 10 cat <&5
	exec 5>&-
}
# programs: smtpd, and login for IMAP and POP3, at ports of their own.
programs() {
	smtp=$(free_port)
	background listen "submission=127.0.0.1:$smtp" smtpd 2>>"$BATS_TEST_TMPDIR/programs.log"
	imap=$(free_port)
	background listen -k "imap=127.0.0.1:$imap" login 2>>"$BATS_TEST_TMPDIR/programs.log"
	pop3=$(free_port)
	background listen -k "pop3=127.0.0.1:$pop3" login 2>>"$BATS_TEST_TMPDIR/programs.log"
	for port in $smtp $imap $pop3; do await 10 port_open "$port"; done
}
# How many of the three offer TLS.
offers() {
	{
		said "$smtp" 'EHLO x\nQUIT\n'
		said "$imap" 'a CAPABILITY\nb LOGOUT\n' | grep '^\* CAP'
		said "$pop3" 'CAPA\nQUIT\n'
	} | grep -c 'STARTTLS\|^STLS'
}
offer() { [ "$(offers)" = "$1" ]; }
# Root too is bound by modes.
start_bound() {
	background setpriv --bounding-set=-all --inh-caps=-all tlsd </dev/null 2>"$BATS_TEST_TMPDIR/log"
	await 60 listens "$CHAINMAIL_RUN/tls" # of twenty certificates, sanitized
}

@test "without a certificate nobody offers TLS, until there is one" {
	rm -r "$CHAINMAIL_ETC/tls"
	start
	programs
	offer 0
	logged "event=certificates result=none starttls=off logins=local reason=\"$CHAINMAIL_ETC/tls: No such file or directory\" remedy=\"make one with chainmail setup"
	certificate default mail.example.org
	await 10 offer 3
	logged 'event=certificates result=there starttls=on'
	run scene hello
	has 'ok protocol' "$output"
}

@test "the folder of certificates may be made anew" {
	start
	rm -r "$CHAINMAIL_ETC/tls" # the one that a sandbox would know
	certificate default mail.example.org
	await 10 serves_default
}
serves_default() { scene hello | grep -q "sha256 $(hash_of default)"; }

@test "a key that can't be read: the log says which, and what to do; it is enough to do it" {
	need setpriv
	chmod 0 "$CHAINMAIL_ETC/tls/default/key.pem"
	start_bound
	programs
	offer 0
	logged "reason=\"$CHAINMAIL_ETC/tls/default/key.pem: Permission denied\""
	logged "remedy=\".*chgrp chainmail-tls $CHAINMAIL_ETC/tls/default/key.pem; chmod g+r"
	[ "$(grep -c event=certificates "$BATS_TEST_TMPDIR/log")" = 1 ]
	chmod 640 "$CHAINMAIL_ETC/tls/default/key.pem"
	await 10 offer 3
	run scene hello
	has 'ok protocol' "$output"
}

@test "a folder that can't be read is named too" {
	need setpriv
	chmod 0 "$CHAINMAIL_ETC/tls"
	start_bound
	logged "reason=\"$CHAINMAIL_ETC/tls: Permission denied\""
	logged "chmod g+rx $CHAINMAIL_ETC/tls"
	chmod 755 "$CHAINMAIL_ETC/tls"
}

@test "a certificate that becomes unusable later stays, and so does the offer" {
	start
	programs
	offer 3
	echo nonsense >"$CHAINMAIL_ETC/tls/default/cert.pem"
	await 10 logged 'result=refused'
	offer 3
	run scene hello
	has 'ok protocol' "$output"
}

@test "the mark of a killed tlsd soon expires" {
	start
	programs
	echo 1 >"$CHAINMAIL_RUN/tls-missing"
	offer 0
	touch -d '20 seconds ago' "$CHAINMAIL_RUN/tls-missing"
	offer 3
}
