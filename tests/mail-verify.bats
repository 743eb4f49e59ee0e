#!/usr/bin/env bats
# mail-verify and verifyd: results, verdicts, what is passed on, hostile mail.
bats_require_minimum_version 1.5.0
load helper

# One name server for all tests, which only read what it says.
setup_file() {
	export DNS_PORT
	DNS_PORT=$(free_port)
	cat >"$BATS_FILE_TMPDIR/zone" <<-END
		a.example TXT v=spf1 ip4:192.0.2.1 -all
		_dmarc.a.example TXT v=DMARC1; p=reject
		a._domainkey.a.example TXT $("$HELPERS/sign" -r)
		alias._domainkey.a.example CNAME a._domainkey.a.example
		q.example TXT v=spf1 -all
		_dmarc.q.example TXT v=DMARC1; p=quarantine
		a._domainkey.lists.example TXT $("$HELPERS/sign" -r)
		1.2.0.192.in-addr.arpa PTR mx.a.example
		mx.a.example A 192.0.2.1
		late._domainkey.late.example ANY servfail
		_dmarc.late.example TXT v=DMARC1; p=reject
		_dmarc.mute.example ANY silent
		mute.example ANY silent
	END
	python3 "$TOP/tests/zone.py" "$DNS_PORT" "$BATS_FILE_TMPDIR/zone" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server"
	await 10 asked
}
teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/server")"; }

setup() {
	private_dirs
	echo mx.here.example >"$CHAINMAIL_ETC/me"
	echo "127.0.0.1:$DNS_PORT" >"$CHAINMAIL_ETC/dns"
	log=$BATS_TEST_TMPDIR/log
	message=$BATS_TEST_TMPDIR/message
	export SENDER=ann@a.example HELO=client.example PROTO=TCP TCPREMOTEIP=192.0.2.1 MESSAGE_ID=01TEST
	printf '%s\n' 'From: Ann <ann@a.example>' 'Subject: a test' '' 'Hello.' '' '.Bye' >"$message"
}
teardown() { stop_background; }

# The name server answers.
asked() {
	python3 - "$DNS_PORT" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(0.2)
		s.connect(("127.0.0.1", int(sys.argv[1])))
		try:
		    s.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\1a\7example\0\0\20\0\1")
		    s.recv(999)
		except OSError:
		    sys.exit(1)
	END
}

# service [OPTION...]: verifyd serves.
service() {
	background verifyd "$@" 2>"$log"
	await 10 serves
}
# A socket has its name before anybody listens at it: then its flags are these.
serves() { grep -q " 00010000 .* $CHAINMAIL_RUN/verify$" /proc/net/unix; }

# verify FILE: the exit code in $status, the output in $out, the words in $words.
verify() {
	status=0
	out=$BATS_TEST_TMPDIR/out
	mail-verify <"$1" >"$out" 2>"$BATS_TEST_TMPDIR/words" || status=$?
	words=$(tail -n 1 "$BATS_TEST_TMPDIR/words")
}
# The first field, on one line.
field() { sed -n '1{s/$//;:a;N;/\n[^\t]/!ba;s/\n[^\t].*//;s/\n\t/ /g;p;q}' "$out"; }

@test "the results are in front, and all bytes of the message behind them" {
	service
	verify "$message"
	[ "$status" = 0 ]
	[ -z "$words" ]
	has 'Authentication-Results: mx.here.example; spf=pass (by: ip4:192.0.2.1) smtp.mailfrom=ann@a.example; dkim=none; dmarc=pass (by SPF, p=reject of a.example) header.from=a.example; iprev=pass (mx.a.example) policy.iprev=192.0.2.1' "$(field)"
	cmp "$message" <(tail -n +6 "$out")
	# From a pipe, and with CRLF, it is the same.
	mail-verify < <(cat "$message") | cmp - "$out"
	crlf <"$message" >"$message.crlf"
	verify "$message.crlf"
	cmp "$message.crlf" <(tail -n +6 "$out")
}

@test "each message is a line of the log, with the reasons" {
	service
	verify "$message"
	has 'verifyd event=verify id=01TEST client=192.0.2.1 dmarc=pass author=a.example policy=reject reason="by SPF" spf=pass domain=a.example spf-reason="by: ip4:192.0.2.1" arc=none iprev=pass name=mx.a.example dkim=none verdict=0 junk=0' "$(cat "$log")"
}

@test "signatures are verified, and what is signed may come from anywhere" {
	service
	# One key's name leads to the other's.
	"$HELPERS/sign" 'v=1; d=a.example; s=alias; c=simple/simple; h=from' <"$message" |
		"$HELPERS/sign" 'v=1; d=a.example; s=a; c=relaxed/relaxed; h=from:from:subject' >"$message.signed"
	TCPREMOTEIP=198.51.100.9 verify "$message.signed"
	[ "$status" = 0 ]
	has 'dkim=pass (256-bit key) header.d=a.example header.s=alias header.b=' "$(field)"
	has 'spf=fail (by: -all)' "$(field)"
	has 'dkim=pass (256-bit key) header.d=a.example header.s=a header.b=' "$(field)"
	has 'dmarc=pass (by DKIM' "$(field)"
	sed -i s/Hello/Hallo/ "$message.signed"
	TCPREMOTEIP=198.51.100.9 verify "$message.signed"
	[ "$status" = 77 ]
}

@test "what a domain wants refused is refused, with its name" {
	service
	TCPREMOTEIP=198.51.100.9 verify "$message"
	[ "$status" = 77 ]
	[ ! -s "$out" ]
	[[ $words == '5.7.26 a.example refuses mail that '* ]]
	has 'verdict=77' "$(cat "$log")"
}

@test "what a domain wants put aside is marked" {
	service
	sed -i s/a.example/q.example/ "$message"
	verify "$message"
	[ "$status" = 0 ]
	has 'dmarc=fail' "$(field)"
	grep -qx 'X-Spam: yes (DMARC)' "$out"
}

@test "results of others that claim to be ours go, all others stay" {
	service
	{
		printf '%s\n' 'Authentication-Results: mx.here.example; dmarc=pass' \
			'authentication-results: (x) MX.Here.Example 1;' '	spf=pass' \
			'Authentication-Results: "mx.here.example"; spf=pass' \
			'Authentication-Results: mx.there.example; spf=pass' \
			'ARC-Authentication-Results: i=1; mx.here.example; spf=pass'
		cat "$message"
	} >"$message.forged"
	verify "$message.forged"
	[ "$(grep -ci '^Authentication-Results' "$out")" = 2 ]
	[ "$(grep -c 'mx.there.example; spf=pass' "$out")" = 1 ]
	[ "$(grep -c '^ARC-' "$out")" = 1 ]
	cmp "$message" <(tail -n 6 "$out")
}

@test "a name server without an answer refuses nothing for good" {
	service
	sed s/a.example/late.example/ "$message" >"$message.late"
	"$HELPERS/sign" 'v=1; d=late.example; s=late; c=relaxed/relaxed; h=from:subject' <"$message.late" >"$message.signed"
	verify "$message.signed"
	[ "$status" = 75 ]
	[[ $words == '4.4.3 The name servers do not answer '* ]]
}

@test "what nobody answers in time is a temporary error, and the message is taken" {
	service -t 2
	sed s/a.example/mute.example/ "$message" >"$message.mute"
	SENDER=ann@mute.example verify "$message.mute"
	[ "$status" = 0 ]
	has 'spf=temperror' "$(field)"
	has 'dmarc=temperror' "$(field)"
}

@test "a forwarder's chain overrides only if the forwarder is trusted" {
	service
	"$HELPERS/sign" -s 1 none lists.example 'lists.example; dmarc=pass' <"$message" >"$message.sealed"
	export TCPREMOTEIP=198.51.100.9
	verify "$message.sealed"
	[ "$status" = 77 ]
	echo lists.example >"$CHAINMAIL_ETC/forwarders"
	verify "$message.sealed"
	[ "$status" = 0 ]
	has 'arc=pass header.d=lists.example' "$(field)"
	has 'dmarc=fail (neither SPF nor DKIM passes for this domain, p=reject of a.example, but it passed at lists.example)' "$(field)"
	sed -i s/Hello/Hallo/ "$message.sealed"
	verify "$message.sealed"
	[ "$status" = 77 ]
}

@test "the file verify turns off what it names" {
	service
	printf '%s off\n' spf dkim arc iprev reject >"$CHAINMAIL_ETC/verify"
	TCPREMOTEIP=198.51.100.9 verify "$message"
	[ "$status" = 0 ]
	[ "$(field)" = 'Authentication-Results: mx.here.example; dmarc=fail (neither SPF nor DKIM passes for this domain, p=reject of a.example) header.from=a.example' ]
	printf '%s off\n' spf dkim arc iprev dmarc >"$CHAINMAIL_ETC/verify"
	TCPREMOTEIP=198.51.100.9 verify "$message"
	[ "$(field)" = 'Authentication-Results: mx.here.example; none' ]
}

@test "mail of users, of this machine and of own networks is not checked" {
	service
	export TCPREMOTEIP=198.51.100.9
	AUTH_USER='bob@here.example' verify "$message"
	[ "$(field)" = 'Authentication-Results: mx.here.example; auth=pass smtp.auth=bob@here.example' ]
	TCPREMOTEIP=127.0.0.1 verify "$message"
	[ "$(field)" = 'Authentication-Results: mx.here.example; none' ]
	echo 198.51.100.0/24 >"$CHAINMAIL_ETC/relay"
	verify "$message"
	[ "$(field)" = 'Authentication-Results: mx.here.example; none' ]
	has 'reason="from a network that may relay"' "$(cat "$log")"
	rm "$CHAINMAIL_ETC/relay"
	echo none >"$CHAINMAIL_ETC/dns"
	verify "$message"
	[ "$status" = 0 ]
	[ "$(field)" = 'Authentication-Results: mx.here.example; none' ]
}

@test "without the service it starts a verifyd of its own; one that is gone is waited for" {
	verify "$message"
	[ "$status" = 0 ]
	has 'dmarc=pass' "$(field)"
	python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.bind(sys.argv[1])' "$CHAINMAIL_RUN/verify"
	verify "$message"
	[ "$status" = 75 ]
	[ ! -s "$out" ]
	[[ $words == "4.3.0 The message can't be checked now"* ]]
}

@test "several authors are all asked, two From fields are marked" {
	service
	sed -i 's/^From:.*/From: ann@a.example, eve@q.example/' "$message"
	verify "$message"
	has 'dmarc=fail' "$(field)"
	has 'header.from=q.example' "$(field)"
	sed -i 's/^From:.*/From: eve@nobody.example\nFrom: ann@a.example/' "$message"
	verify "$message"
	[ "$status" = 0 ]
	has 'dmarc=permerror (more than one From' "$(field)"
	grep -qx 'X-Spam: yes (DMARC)' "$out"
	TCPREMOTEIP=198.51.100.9 verify "$message"
	[ "$status" = 77 ]
}

@test "a thousand signatures, a huge header and many From fields cost little" {
	service
	# In the CPU time of all processes, whatever else the machine does.
	for kind in signatures froms long; do
		python3 - "$kind" "$message" >"$message.$kind" <<-'END'
			import sys
			kind, message = sys.argv[1], open(sys.argv[2]).read()
			if kind == "signatures":
			    print("\n".join("DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=a%d; h=%s; bh=YQ==; b=YQ==" % (
			        i, ":".join(["from"] * 40)) for i in range(1000)))
			if kind == "froms":
			    print("\n".join("From: a%d@a%d.example" % (i, i) for i in range(20000)))
			if kind == "long":
			    print("Subject: " + "x" * 1500000)
			sys.stdout.write(message)
		END
		verify "$message.$kind"
		[[ $status == [07]* ]]
	done
	cpu=$(awk '{ print $14 + $15 + $16 + $17 }' "/proc/${BACKGROUND[-1]}/stat")
	[ "$cpu" -lt $((10 * $(getconf CLK_TCK))) ]
	has 'signatures=1000' "$(cat "$log")"
}

@test "a header too long for any message is refused" {
	service
	python3 -c 'print("Subject: " + "x" * 2200000 + "\n\na")' >"$message"
	verify "$message"
	[ "$status" = 65 ]
	[ "$words" = '5.3.4 The header is too long' ]
}

@test "smtpd passes the refusal on with its own status" {
	private_users 'here.example      domain
bob@here.example  mailbox'
	service
	echo mail-verify >"$CHAINMAIL_ETC/filter.mx"
	dialogue() {
		printf 'EHLO x\r\nMAIL FROM:<ann@a.example>\r\nRCPT TO:<bob@here.example>\r\nDATA\r\nFrom: ann@a.example\r\n\r\nbody\r\n.\r\nQUIT\r\n' |
			TCPREMOTEIP=$1 smtpd 2>/dev/null | lf | tail -2 | head -1
	}
	run dialogue 198.51.100.9
	[[ $output == '550 5.7.26 a.example refuses mail that '* ]]
	run dialogue 192.0.2.1
	[[ $output == '250 2.0.0 '* ]]
	has 'Authentication-Results: mx.here.example;' "$(cat "$CHAINMAIL_SPOOL"/new/*)"
	has 'event=verify id=0' "$(cat "$log")"
}
