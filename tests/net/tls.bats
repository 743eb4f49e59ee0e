#!/usr/bin/env bats
# TLS outward: which rule counts, and that nothing is sent where it can't be kept.
# shellcheck disable=SC2030,SC2031
# release only

bats_require_minimum_version 1.5.0
load ../helper
load net

setup_file() { internet_up chain fix; }
teardown_file() { internet_down; }
teardown() { internet_tell; }
setup() { internet_vars; }

# goes NAME [RULE]: mail for the domain gets there over TLS, by this rule.
goes() {
	message | post chain "$THIS@$1.example"
	await 15 arrived "$1"
	grep -q '^tls=TLSv1' "$(messages "$1")"
	[ $# = 1 ] || await 5 decided chain "$THIS@$1.example" "$2"
}
# stays NAME [HOST]: mail for the domain waits, and nothing of it was said.
stays() {
	message | post chain "$THIS@$1.example"
	await 15 waits chain "$THIS@$1.example"
	run ! said "${2-$1}" "MAIL FROM"
	run ! said "${2-$1}" "$THIS"
}

@test "a host with TLS and no policy: TLS with whatever certificate" {
	goes self opportunistic
}
@test "a host without TLS and without a policy: plain text" {
	message | post chain "$THIS@plain.example"
	await 15 arrived plain
	grep -q '^tls=$' "$(messages plain)"
}

@test "DANE: the key of TLSA 3 1 1" { goes dane dane; }
@test "DANE: the authority of TLSA 2 0 1" { goes daneca dane; }
@test "DANE: a key rolled over, one of two TLSA records fits" { goes danerolled dane; }
# RFC 7672 3.1.1: with usage 3 the dates in the certificate mean nothing.
@test "DANE: an expired certificate with the right key" { goes daneexpired dane; }
@test "DANE: another key: nothing is sent" { stays danewrong; }
@test "DANE: STARTTLS taken away: nothing is sent" { stays danestrip; }
# RFC 7672 2.1.2: a TLSA that can't be looked up is not one that is missing.
@test "DANE: forged TLSA records: nothing is sent" { stays danelost; }
@test "DANE: records of a zone that is not signed mean nothing" {
	message | post chain "$THIS@insecure.example"
	await 15 arrived self
	grep -q '^tls=TLSv1' "$(messages self)"
}

@test "MTA-STS: the right certificate" { goes sts sts; }
@test "MTA-STS: STARTTLS taken away: nothing is sent" { stays stsstrip; }
@test "MTA-STS: a certificate of another name: nothing is sent" { stays stswrong; }
@test "MTA-STS: an expired certificate: nothing is sent" { stays stsexpired; }
@test "MTA-STS: an MX that the policy does not name: nothing is sent" { stays stsother; }
@test "MTA-STS in testing mode: sent in spite of the wrong certificate" { goes ststest; }

@test "a smarthost: verified TLS, then the login, then mail" {
	message | post chain "$THIS@cousin.example"
	await 15 arrived smart
	grep -q '^user=me@smart.example' "$(messages smart)"
	grep -q '^tls=TLSv1' "$(messages smart)"
}
@test "a smarthost without TLS gets neither password nor mail" {
	message | post chain "$THIS@thief.example"
	await 15 waits chain "$THIS@thief.example"
	run ! said plain "AUTH"
	run ! said plain "$THIS"
}
@test "a smarthost with another's certificate gets neither password nor mail" {
	message | post chain "$THIS@forger.example"
	await 15 waits chain "$THIS@forger.example"
	run ! said stswrong "AUTH"
	run ! said stswrong "$THIS"
}

# RFC 8689 3: the sender's client asks for it at MAIL.
required() {
	on chain /usr/bin/python3 -c '
import smtplib, ssl, sys
s = smtplib.SMTP("mx.chain.example", 587)
s.starttls(context=ssl.create_default_context(cafile="/run/internet/certs/ca.pem"))
s.login("ann@chain.example", "open sesame")
s.sendmail("ann@chain.example", sys.argv[1:], sys.stdin.read(), ["REQUIRETLS"])' "$@"
}

@test "REQUIRETLS: goes to a host that says it knows it, and is said to it" {
	message | required "$THIS@require.example"
	await 15 arrived require
	grep -q '^from=<ann@chain.example>.* REQUIRETLS' "$(messages require)"
}
@test "REQUIRETLS: not to a host that does not know it, and the sender is told" {
	message | required "$THIS@norequire.example"
	await 15 mailed chain ann@chain.example
	grep -q '5\.7\.30' "$(mail_files chain ann@chain.example)"
	run ! said norequire "$THIS"
}
@test "TLS-Required: No: sent where a policy forbids it, which holds up others" {
	message | post chain "other.$THIS@optional.example"
	await 15 waits chain "other.$THIS@optional.example"
	{ echo "TLS-Required: No"; message; } | post chain "$THIS@optional.example"
	await 15 arrived optional
}

# The server of resolv.conf says nothing of validation; unbound does, on loopback.
@test "DANE: a resolver that validates is found though resolv.conf has another" {
	local resolv=$NET/root/etc/resolv.conf
	run -0 on chain test ! -e /run/internet/chain/etc/dns
	echo 'nameserver 192.0.2.53' >"$resolv"
	run goes daneca dane
	echo 'nameserver 127.0.0.1' >"$resolv"
	[ "$status" = 0 ]
}

# Reports are of days that are over; the tests above have filled today.
@test "TLS reports arrive by mail and by https, and say what went wrong" {
	local days=("$NET/chain/spool/tls"/*) day file
	# Yesterday's results are settled only ten minutes after midnight, which may
	# also have passed while this file ran.
	day=$(date -u -d "2 days ago" +%F)
	mv "${days[0]}" "$NET/chain/spool/tls/$day"
	for file in "${days[@]:1}"; do
		cat "$file" >>"$NET/chain/spool/tls/$day"
		rm "$file"
	done
	on chain setpriv --reuid chainmail-queue --regid chainmail-queue \
		--init-groups tls-report
	THIS="stsstrip.example"
	await 15 arrived good
	run -0 report <(mail_part "$(messages good)")
	has "stsstrip.example sts 0 1 starttls-not-supported mx.stsstrip.example" "$output"
	run -0 report "$NET/web/1.gz"
	has "stswrong.example sts 0 1 certificate-host-mismatch mx.stswrong.example" "$output"
	run ! ls "$NET/chain/spool/tls/$day"
}

# mail_part ENV: the report in a message, unpacked from it.
mail_part() {
	/usr/bin/python3 -c '
import email, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"))
parts = [p for p in m.walk() if p.get_content_type() == "application/tlsrpt+gzip"]
sys.stdout.buffer.write(parts[0].get_payload(decode=True))' "${1%.env}.eml"
}
# report FILE: its policies and failures, one a line.
report() {
	/usr/bin/python3 -c '
import gzip, json, sys
r = json.loads(gzip.open(sys.argv[1]).read())
for p in r["policies"]:
    s = p["summary"]
    for f in p["failure-details"]:
        print(p["policy"]["policy-domain"], p["policy"]["policy-type"],
            s["total-successful-session-count"], f["failed-session-count"],
            f["result-type"], f["receiving-mx-hostname"])' "$1"
}
