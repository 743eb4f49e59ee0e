#!/usr/bin/env bats
# tls-report: a day's sessions in, reports out.
# shellcheck disable=SC2154 # stderr is bats' own
bats_require_minimum_version 1.5.0

load helper
load certificates

DAY=2026-01-02

setup() {
	need openssl python3
	private_dirs
	mkdir "$CHAINMAIL_SPOOL/tls"
	DNS=$(free_port)
	echo me.example.net >"$CHAINMAIL_ETC/me"
	echo "127.0.0.1:$DNS" >"$CHAINMAIL_ETC/dns"
	wanted example.org 'v=TLSRPTv1; rua=mailto:tls@reports.example.org'
	background "$TOP/tests/zone.py" "$DNS" "$BATS_TEST_TMPDIR/zone"
	await 10 answering "$DNS"
}
teardown() { stop_background; }

# wanted DOMAIN TEXT: the record of a domain.
wanted() { echo "_smtp._tls.$1 TXT $2" >>"$BATS_TEST_TMPDIR/zone"; }
# sessions DAY LINE...
sessions() { printf 'session %s\n' "${@:2}" >>"$CHAINMAIL_SPOOL/tls/$1"; }
some() {
	local sts='policy=sts string=version:%20STSv1%0Amode:%20enforce%0Amx:%20mx.example.org%0Amx:%20*.example.net%0Amax_age:%2086400'
	sessions "${1-$DAY}" \
		"domain=example.org at=1 $sts result=ok mx=mx.example.org ip=192.0.2.1 local=192.0.2.9" \
		"domain=example.org at=2 $sts result=certificate-expired mx=mx.example.org ip=192.0.2.1 local=192.0.2.9 text=%22old%22%20%FF" \
		"domain=other.example at=2 policy=no-policy-found result=ok mx=mx.other.example ip=192.0.2.7" \
		"domain=example.org at=3 $sts result=certificate-expired mx=mx.example.org ip=192.0.2.1 local=192.0.2.9 text=%22old%22%20%FF" \
		"domain=example.org at=4 policy=tlsa string=3%201%201%2000ff%0A2%200%201%2011 result=ok mx=mx2.example.org"
}
report() { run -"${code-0}" --separate-stderr tls-report "$@"; }
# The value of the first report printed at a path: json EXPRESSION.
json() {
	python3 -c '
import json, sys
text = "".join(l for l in sys.stdin if not l.startswith("#"))
r = json.loads(text)
print(eval(sys.argv[1]))' "$1" <<<"$output"
}
messages() { find "$CHAINMAIL_SPOOL/new" -type f; }

@test "-n prints the report, counted and sorted, and sends nothing (RFC 8460 4)" {
	some
	report -n "$DAY"
	has '# example.org: mailto:tls@reports.example.org' "$output"
	has '# other.example: wants no report' "$output"
	[ "$(json 'r["organization-name"]')" = me.example.net ]
	[ "$(json 'r["date-range"]["start-datetime"]')" = 2026-01-02T00:00:00Z ]
	[ "$(json 'r["date-range"]["end-datetime"]')" = 2026-01-02T23:59:59Z ]
	[ "$(json '[p["policy"]["policy-type"] for p in r["policies"]]')" = "['sts', 'tlsa']" ]
	[ "$(json 'r["policies"][0]["policy"]["policy-string"]')" = "['version: STSv1', 'mode: enforce', 'mx: mx.example.org', 'mx: *.example.net', 'max_age: 86400']" ]
	[ "$(json 'r["policies"][0]["policy"]["mx-host"]')" = "['mx.example.org', '*.example.net']" ]
	[ "$(json 'list(r["policies"][0]["summary"].values())')" = '[1, 2]' ]
	[ "$(json 'r["policies"][0]["failure-details"]')" = "[{'result-type': 'certificate-expired', 'sending-mta-ip': '192.0.2.9', 'receiving-mx-hostname': 'mx.example.org', 'receiving-ip': '192.0.2.1', 'failure-reason-code': '\"old\" ?', 'failed-session-count': 2}]" ]
	[ "$(json 'r["policies"][1]["policy"]["policy-string"]')" = "['3 1 1 00ff', '2 0 1 11']" ]
	[ "$(json 'list(r["policies"][1]["summary"].values())')" = '[1, 0]' ]
	[ -e "$CHAINMAIL_SPOOL/tls/$DAY" ]
	[ -z "$(messages)" ]
}

@test "mailto: a message in the spool, from nobody, with the report in gzip" {
	some
	report
	has 'event=report day=2026-01-02 domain=example.org sessions=4 to=mailto:tls@reports.example.org result=sent' "$stderr"
	has 'domain=other.example sessions=1 result=unwanted' "$stderr"
	[ ! -e "$CHAINMAIL_SPOOL/tls/$DAY" ]
	[ "$(messages | wc -l)" = 1 ]
	grep -qx 'from=' "$(messages)"
	grep -qx 'to=tls@reports.example.org' "$(messages)"
	run python3 - "$(messages)" <<'END'
import email, email.policy, gzip, json, sys
text = open(sys.argv[1], "rb").read().split(b"\n\n", 1)[1]
m = email.message_from_bytes(text, policy=email.policy.default)
assert m.get_content_type() == "multipart/report" and m.get_param("report-type") == "tlsrpt"
assert m["TLS-Report-Domain"] == "example.org" and m["TLS-Report-Submitter"] == "me.example.net"
assert m["TLS-Required"] == "No", m["TLS-Required"]
assert m["To"].addresses[0].addr_spec == "tls@reports.example.org", m["To"]
assert m["Subject"] == "Report Domain: example.org Submitter: me.example.net Report-ID: <2026-01-02.example.org@me.example.net>", m["Subject"]
assert m["Date"] and m["Message-ID"] and not m.defects
words, data = m.iter_parts()
assert words.get_content_type() == "text/plain"
assert data.get_content_type() == "application/tlsrpt+gzip"
assert data.get_filename() == "me.example.net!example.org!1767312000!1767398399.json.gz", data.get_filename()
print(json.loads(gzip.decompress(data.get_content()))["report-id"])
END
	[ "$status" = 0 ] || { echo "$output" && false; }
	[ "$output" = 2026-01-02.example.org@me.example.net ]
}

@test "https: the report is posted; a server that refuses gets it another day" {
	export CERTS=$BATS_TEST_TMPDIR/certs
	mkdir -p "$CERTS" "$BATS_TEST_TMPDIR/host"
	authority root
	certificate host root web.example.org
	cp "$CERTS/root.pem" "$CHAINMAIL_ETC/authorities.pem"
	local web today
	web=$(free_port)
	: >"$BATS_TEST_TMPDIR/zone"
	wanted example.org "v=TLSRPTv1;rua=https://web.example.org:$web/in?x=1"
	echo 'web.example.org A 127.0.0.1' >>"$BATS_TEST_TMPDIR/zone"
	background "$TOP/tests/policy-host.py" "$web" "$CERTS/host.pem" \
		"$CERTS/host.key" "$BATS_TEST_TMPDIR/host"
	await 10 listening "$web"
	# The ten minutes after midnight still belong to the day before.
	today=$(date -u -d '2 days ago' +%F)
	some "$today"
	printf 'HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n' >"$BATS_TEST_TMPDIR/host/response"
	code=75 report
	has 'result=failed reason="the server answers 500"' "$stderr"
	# other.example is done with, example.org is not.
	[ "$(grep -c 'domain=example.org ' "$CHAINMAIL_SPOOL/tls/$today")" = 4 ]
	[ "$(wc -l <"$CHAINMAIL_SPOOL/tls/$today")" = 4 ]
	printf 'HTTP/1.1 201 Thanks\r\nContent-Length: 0\r\n\r\n' >"$BATS_TEST_TMPDIR/host/response"
	rm "$BATS_TEST_TMPDIR/host/requests"
	report
	[ ! -e "$CHAINMAIL_SPOOL/tls/$today" ]
	run python3 - "$BATS_TEST_TMPDIR/host/requests" <<'END'
import gzip, json, sys
head, body = open(sys.argv[1], "rb").read().split(b"\r\n\r\n", 1)
assert head.startswith(b"POST /in?x=1 HTTP/1.1\r\n"), head
assert b"\r\nContent-Type: application/tlsrpt+gzip" in head
print(json.loads(gzip.decompress(body))["policies"][0]["summary"])
END
	has "'total-failure-session-count': 2" "$output"
	[ -z "$(messages)" ]
}
listening() { ss -Hltn "sport = :$1" | grep -q .; }
answering() { ss -Hlun "sport = :$1" | grep -q .; }

@test "old days whose reports are not accepted are given up, unknown names too" {
	: >"$BATS_TEST_TMPDIR/zone"
	wanted example.org 'v=TLSRPTv1; rua=https://web.example.org/in'
	echo '_smtp._tls.other.example ANY servfail' >>"$BATS_TEST_TMPDIR/zone"
	some
	report
	has 'reason="the host has no address"' "$stderr"
	has 'domain=other.example sessions=1 result=failed reason="the DNS does not answer"' "$stderr"
	has 'event=day day=2026-01-02 result="given up"' "$stderr"
	[ ! -e "$CHAINMAIL_SPOOL/tls/$DAY" ]
}

@test "today is not over; other files are left alone" {
	some "$(date -u +%F)"
	echo x >"$CHAINMAIL_SPOOL/tls/2026-02-30"
	report
	[ -e "$CHAINMAIL_SPOOL/tls/$(date -u +%F)" ]
	[ -e "$CHAINMAIL_SPOOL/tls/2026-02-30" ]
	[ -z "$(messages)" ]
}

@test "only a single record of this version requests reports (RFC 8460 3)" {
	some
	wanted example.org 'v=spf1 -all'
	report -n "$DAY"
	has '# example.org: mailto:' "$output"
	wanted example.org 'v=TLSRPTv1; rua=mailto:b@example.org'
	report -n "$DAY"
	has '# example.org: wants no report' "$output"
	: >"$BATS_TEST_TMPDIR/zone"
	wanted example.org 'v=TLSRPTv1; x=y ; rua=mailto:a%21b@example.org , https://h.example/x ;'
	report -n "$DAY"
	has '# example.org: mailto:a%21b@example.org https://h.example/x' "$output"
}

@test "malformed lines are ignored; none can forge a header" {
	sessions "$DAY" 'domain=evil.example%0ABcc:%20x@y policy=sts result=ok' \
		'domain=example.org policy=what result=ok' 'domain=example.org' \
		'domain=example.org policy=sts result=ok'
	printf 'nonsense\n\n\377\nsession domain=example.org policy=sts result=ok' \
		>>"$CHAINMAIL_SPOOL/tls/$DAY"
	report -n "$DAY"
	[ "$(json 'list(r["policies"][0]["summary"].values())')" = '[1, 0]' ]
	lacks evil "$output"
}

@test "killed before the file is removed it sends again, with the same report-id" {
	some
	cp "$CHAINMAIL_SPOOL/tls/$DAY" "$BATS_TEST_TMPDIR/kept"
	report
	cp "$BATS_TEST_TMPDIR/kept" "$CHAINMAIL_SPOOL/tls/$DAY"
	report
	[ "$(messages | wc -l)" = 2 ]
	[ "$(messages | xargs grep -h -A1 'Report-ID' | grep -c '<2026-01-02.example.org@me.example.net>')" = 2 ]
}

@test "two at once: the second goes" {
	exec 9>"$CHAINMAIL_SPOOL/tls/.lock"
	python3 -c '
import fcntl, os, struct, subprocess, sys
fcntl.fcntl(9, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
sys.exit(subprocess.run(["tls-report"], close_fds=False).returncode)' || code=$?
	[ "$code" = 75 ]
}

@test "the sandbox: the spool alone, and no program" {
	need strace
	sanitized && skip 'the sanitizer opens files of its own'
	some
	strace -f -o "$BATS_TEST_TMPDIR/trace" tls-report >/dev/null 2>&1
	run awk '/SECCOMP_MODE_FILTER/ { on = 1 } on' "$BATS_TEST_TMPDIR/trace"
	has "$DAY" "$output"
	! grep -E 'openat\(AT_FDCWD.* = [0-9]+$' <<<"$output" || false
	lacks clone "$output"
	lacks EPERM "$output"
}

@test "wrong arguments are refused" {
	run -64 tls-report -n 2026-13-01
	run -64 tls-report -n
	run -64 tls-report x
}
