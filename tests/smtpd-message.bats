#!/usr/bin/env bats
# smtpd in a pipeline: the input between DATA and its reply.

load helper

setup() {
	private_dirs
	echo mx.example.org >"$CHAINMAIL_ETC/me"
	private_users 'example.org      domain
bob@example.org  mailbox
ann@example.org  mailbox'
	ENVELOPE='EHLO client.example\r\nMAIL FROM:<s@remote.example>\r\nRCPT TO:<bob@example.org>\r\n'
}

# say TEXT: the replies after RCPT's 250 to these bytes (printf).
say() {
	printf "$ENVELOPE$1" | smtpd 2>"$BATS_TEST_TMPDIR/log" | lf |
		sed '1,/^250 2.1.5/d'
}
data() { say "DATA\r\n$1"; }
queued() { find "$CHAINMAIL_SPOOL/new" -type f | wc -l; }
message() { sed '1,/^$/d' "$CHAINMAIL_SPOOL"/new/*; }
nothing_left() { [ -z "$(find "$CHAINMAIL_SPOOL" -type f)" ]; }

@test "only CRLF.CRLF ends the message; a smuggled one is not accepted" {
	for end in '\n.\r\n' '\r.\r' '\r\n.\r' '\n.\r' '\n.\n' '\r\n.\n' '\r\n\r.\r\n' '\r.\r\n'; do
		run data "a: b\r\n\r\nfirst${end}MAIL FROM:<x@r.example>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\nsecond\r\n.\r\nQUIT\r\n"
		[ "${#lines[@]}" = 3 ]
		[[ ${lines[1]} == "550 5.6.11 "* ]]
		[[ ${lines[2]} == 221* ]]
		nothing_left
	done
}

@test "dots at the start of a line" {
	run data 'a: b\r\n\r\n..\r\n...x\r\n.y\r\nz.\r\n.\r\nQUIT\r\n'
	[[ ${lines[1]} == 250* && ${lines[2]} == 221* ]]
	run message
	has $'\n\n.\n..x\ny\nz.' "$output"
}

@test "a message of nothing, of a body alone, of a header alone" {
	run data '.\r\nNOOP\r\n'
	[[ ${lines[1]} == 250* && ${lines[2]} == 250* ]]
	run data '\r\nbody\r\n.\r\n'
	[[ ${lines[1]} == 250* ]]
	run data 'a: b\r\n.\r\n'
	[[ ${lines[1]} == 250* ]]
	[ "$(queued)" = 3 ]
}

@test "text without an empty line before it gets one, so all readers agree" {
	data 'Subject: x\r\nHello, no field\r\nFrom: ann@example.org\r\n.\r\n'
	run cat "$CHAINMAIL_SPOOL"/new/*
	has $'\nSubject: x\n\nHello, no field\nFrom: ann@example.org' "$output"
	rm "$CHAINMAIL_SPOOL"/new/*
	# From the first line on.
	for text in 'Hello' ' blank: first' 'no colon: here'; do
		data "$text\\r\\nSubject: y\\r\\n.\\r\\n"
		[ "$(message | sed '1,/^$/d')" = "$text"$'\nSubject: y' ]
		rm "$CHAINMAIL_SPOOL"/new/*
	done
	# An mbox's line is none of it.
	data 'From a@b Mon Jan 1\r\nSubject: z\r\n\r\ntext\r\n.\r\n'
	run cat "$CHAINMAIL_SPOOL"/new/*
	[[ $output == *$'\nSubject: z\n\ntext' && $output != *"From a@b"* ]]
}

@test "a CR inside a header line makes no field" {
	run data 'Subject: a\rBcc: x@remote.example\r\n\r\n.\r\nNOOP\r\n'
	[[ ${lines[1]} == 550* && ${lines[2]} == 250* ]]
	nothing_left
}

@test "NUL is refused, eight bits are not" {
	run data 'a: b\r\n\r\nx\0y\r\n.\r\n'
	[[ ${lines[1]} == "550 5.6.0 "* ]]
	nothing_left
	run data 'a: b\r\n\r\n\xff\xfe\xc3\xa9\r\n.\r\n'
	[[ ${lines[1]} == 250* ]]
	message | grep -q $'^\xff\xfe\xc3\xa9$'
}

@test "text after a refused DATA is not a message" {
	ENVELOPE='EHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<no@example.org>\r\nRCPT TO:<x@r.example>\r\n'
	run printf '%s' "$(printf "${ENVELOPE}DATA\r\nRCPT TO:<bob@example.org>\r\nQUIT\r\n" | smtpd 2>/dev/null | lf | tail -3)"
	[[ ${lines[0]} == 503* && ${lines[1]} == 250* && ${lines[2]} == 221* ]]
	nothing_left
}

@test "the limit counts CR and LF of each line end, as RFC 1870 does" {
	echo 'message-size 1000' >"$CHAINMAIL_ETC/limits"
	for last in '' y; do
		{
			printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@remote.example>' \
				'RCPT TO:<bob@example.org>' DATA 'Subject: x' ''
			yes x | head -n 328 | sed 's/$/\r/'
			printf '%s\r\n' "$last" . QUIT
		} | smtpd >"$BATS_TEST_TMPDIR/said$last" # 1000 bytes, 1001 bytes
	done
	grep -q '^250 2.0.0' "$BATS_TEST_TMPDIR/said"
	grep -q '^552 5.3.4' "$BATS_TEST_TMPDIR/saidy"
}

@test "a message over the limit: 552 after the dot, in step, nothing left" {
	echo 'message-size 100K' >"$CHAINMAIL_ETC/limits"
	{
		printf "${ENVELOPE}DATA\r\na: b\r\n\r\n"
		yes 0123456789abcde | head -10000 | crlf
		printf '.\r\nNOOP\r\n'
	} | smtpd 2>/dev/null | lf >"$BATS_TEST_TMPDIR/out"
	run tail -2 "$BATS_TEST_TMPDIR/out"
	[[ ${lines[0]} == "552 5.3.4 "* && ${lines[1]} == 250* ]]
	nothing_left
}

@test "a message that never ends is disconnected" {
	echo 'message-size 10K' >"$CHAINMAIL_ETC/limits"
	{
		printf "${ENVELOPE}DATA\r\n"
		yes x | head -100000 | crlf
	} | smtpd 2>/dev/null | lf >"$BATS_TEST_TMPDIR/out"
	[[ $(tail -1 "$BATS_TEST_TMPDIR/out") == 421* ]]
	nothing_left
}

@test "100 MB pass through 8 MiB of memory" {
	sanitized && skip "sanitizers need more"
	echo 'message-size 200M' >"$CHAINMAIL_ETC/limits"
	cat >"$BATS_TEST_TMPDIR/big.py" <<'PY'
import subprocess, sys
p = subprocess.Popen(["smtpd"], stdin=subprocess.PIPE,
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
p.stdin.write(sys.argv[1].encode().decode("unicode_escape").encode())
p.stdin.write(b"DATA\r\na: b\r\n\r\n")
line = (b"x" * 76 + b"\r\n") * 840
for _ in range(1600):
    p.stdin.write(line)
p.stdin.flush()
for line in open(f"/proc/{p.pid}/status"):
    if line.startswith("VmHWM"):
        print(line.split()[1])
p.stdin.write(b".\r\nQUIT\r\n")
p.stdin.close()
out = p.stdout.read()
assert b"\r\n250 2.0.0 0" in out, out
PY
	run python3 "$BATS_TEST_TMPDIR/big.py" "$ENVELOPE"
	echo "RSS: $output KiB"
	[ "$status" = 0 ]
	[ "$output" -le 8192 ]
	[ "$(stat -c %s "$CHAINMAIL_SPOOL"/new/*)" -gt 100000000 ]
}

@test "a mail loop is stopped after a hundred hops" {
	hop='Received: from a by b; Mon, 02 Nov 2026 10:00:00 +0000\r\n'
	run data "$(printf "$hop%.0s" {1..101} | sed 's/$/\\r\\n/' | tr -d '\n\r')\r\nx\r\n.\r\n"
	[[ ${lines[1]} == "554 5.4.6 "* ]]
	run data "$(printf "$hop%.0s" {1..100} | sed 's/$/\\r\\n/' | tr -d '\n\r')\r\nx\r\n.\r\n"
	[[ ${lines[1]} == 250* ]]
}

@test "headers have their limits" {
	run data "$(printf 'X: y\\r\\n%.0s' {1..1001})\r\nx\r\n.\r\n"
	[[ ${lines[1]} == "550 5.6.0 "* ]]
	echo 'header-size 1K' >"$CHAINMAIL_ETC/limits"
	run data "$(printf 'X: y\\r\\n%.0s' {1..300})\r\nx\r\n.\r\nNOOP\r\n"
	[[ ${lines[1]} == "552 5.3.4 "* && ${lines[2]} == 250* ]]
	run data "$(printf 'X:\\r\\n%.0s' {1..3000}).\r\n"
	[[ ${lines[1]} == "552 5.3.4 "* ]]
	nothing_left
}

@test "forged fields are removed" {
	run data 'Authentication-Results: mx.example.org; dkim=pass\r\nAuthentication-Results: (c) MAIL.example.org 1; spf=pass\r\nAuthentication-Results: mx.remote.example; dkim=pass\r\nReturn-Path: <boss@example.org>\r\nReturn-Path : <boss2@example.org>\r\nFrom: s@remote.example\r\nBcc: hidden@x.example\r\n\r\nx\r\n.\r\n'
	[[ ${lines[1]} == 250* ]]
	run message
	[[ $output != *boss* ]]
	[[ $output != *'mx.example.org; dkim'* && $output != *spf=pass* ]]
	has 'Authentication-Results: mx.remote.example; dkim=pass' "$output"
	has 'From: s@remote.example' "$output"
	has 'Bcc: hidden' "$output"
}

@test "the trace field says who, how, for whom and when" {
	export PROTO=TCP TCPREMOTEIP=192.0.2.7
	run data 'a: b\r\n\r\n.\r\n'
	run message
	[[ ${lines[0]} == "Received: from client.example ([192.0.2.7])" ]]
	[[ ${lines[1]} == $'\tby mx.example.org with ESMTP' ]]
	[[ ${lines[2]} =~ ^$'\tid '[0-9A-Z]{26}' for <bob@example.org>;'$ ]]
	[[ ${lines[3]} =~ ^$'\t'[MTWFS][a-z]{2},\ [0-9]+\ [A-Z][a-z]{2}\ 20[0-9]{2}\ [0-9:]{8}\ \+0000$ ]]
	rm "$CHAINMAIL_SPOOL"/new/*
	export TCPREMOTEIP=2001:db8::7
	ENVELOPE='HELO a;b\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<ann@example.org>\r\n'
	run data 'a: b\r\n\r\n.\r\n'
	run message
	has 'Received: from unknown ([IPv6:2001:db8::7])' "$output"
	has 'with SMTP' "$output"
	[[ $output != *bob@* ]]
	rm "$CHAINMAIL_SPOOL"/new/*
	ENVELOPE='EHLO x\r\nMAIL FROM:<s@r.example> SMTPUTF8\r\nRCPT TO:<bob@example.org>\r\n'
	run data 'a: b\r\n\r\n.\r\n'
	has 'with UTF8SMTP' "$(message)"
}

@test "BDAT: chunks are opaque, lines of any split come out whole" {
	run say 'BDAT 10\r\na: b\r\n\r\n.\rBDAT 5\r\n\nx\r\n.BDAT 0\r\nBDAT 2 LAST\r\n\r\nNOOP\r\n'
	[[ ${lines[0]} == 250* && ${lines[1]} == 250* && ${lines[2]} == 250* ]]
	[[ ${lines[3]} =~ ^250\ 2.0.0\ [0-9A-Z]{26}$ && ${lines[4]} == 250* ]]
	run message
	has $'a: b\n\n.\nx\n.' "$output"
}

@test "BDAT: a bare LF is refused, and the octets are not commands" {
	run say 'BDAT 19 LAST\r\na: b\r\n\r\nA\r\n.\r\nB\n.\nCNOOP\r\n'
	[[ ${lines[0]} == "550 5.6.11 "* && ${lines[1]} == 250* ]]
	nothing_left
	run say 'BDAT 7\r\na: b\nxyBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n'
	[[ ${lines[0]} == "550 5.6.11 "* && ${lines[1]} == 503* && ${lines[2]} == 250* ]]
	run say 'BDAT 5 LAST\r\nabcd\rNOOP\r\n'
	[[ ${lines[0]} == "550 5.6.11 "* ]]
	nothing_left
}

@test "BDAT: sizes that are invalid, overflow, or come at the wrong time" {
	run say 'BDAT 18446744073709551615 LAST\r\nBDAT -1\r\nBDAT\r\nBDAT 5 FIRST\r\nBDAT 5x\r\nNOOP\r\n'
	for i in 0 1 2 3 4; do [[ ${lines[i]} == 501* ]]; done
	[[ ${lines[5]} == 250* ]]
	run say 'BDAT 4 LAST\r\nx: yBDAT 4 LAST\r\nabcdBDAT 0 LAST\r\nNOOP\r\n'
	[[ ${lines[0]} == 250* && ${lines[1]} == 503* && ${lines[2]} == 503* && ${lines[3]} == 250* ]]
	run say 'BDAT 4\r\nx: yDATA\r\nMAIL FROM:<x@y.example>\r\nRSET\r\nBDAT 4\r\nabcdNOOP\r\n'
	[[ ${lines[1]} == 503* && ${lines[2]} == 503* && ${lines[3]} == 250* && ${lines[4]} == 503* && ${lines[5]} == 250* ]]
}

@test "an unfinished message leaves nothing" {
	run data 'a: b\r\n\r\nhalf a line'
	[ "${#lines[@]}" = 1 ]
	nothing_left
	run say 'BDAT 100 LAST\r\nhalf'
	nothing_left
}

@test "ENOSPC and EIO at every call: 452 or 451, nothing left, the next one passes" {
	need strace
	sanitized && skip "strace and sanitizers"
	twice="$(printf '%s' "${ENVELOPE}DATA\r\na: b\r\n\r\nx\r\n.\r\n${ENVELOPE#*\\n}DATA\r\na: b\r\n\r\nx\r\n.\r\n")"
	for fault in openat:ENOSPC:452 fchmod:EIO:451 write:ENOSPC:452 write:EIO:451 fsync:EIO:451 fsync:EDQUOT:452 renameat2:ENOSPC:452 renameat2:EIO:451; do
		IFS=: read -r call error code <<<"$fault"
		# Calls before the message are not meant.
		n=1
		case $call in
		renameat2) n=$(printf "$twice" | strace -e trace="$call" -o /dev/stdout smtpd 2>/dev/null |
			grep -E "^$call\(" | grep -n ' = 0$' | head -1 | cut -d: -f1) ;;
		openat | write) n=$(printf "$twice" | strace -e trace="$call" -o /dev/stdout smtpd 2>/dev/null |
			grep -E "^$call\(" | grep -nE 'O_CREAT|chainmail-spool 1 header=' | head -1 | cut -d: -f1) ;;
		esac
		rm -f "$CHAINMAIL_SPOOL"/new/*
		printf "$twice" | strace -o "$BATS_TEST_TMPDIR/trace" -e trace="$call" -e inject="$call:error=$error:when=$n" \
			smtpd 2>/dev/null | lf >"$BATS_TEST_TMPDIR/out"
		run grep -cE "^$code 4\." "$BATS_TEST_TMPDIR/out"
		echo "$fault: $output"
		[ "$output" = 1 ]
		[ "$(grep -cE '^250 2.0.0 [0-9A-Z]{26}$' "$BATS_TEST_TMPDIR/out")" = 1 ]
		[ "$(queued)" = 1 ]
		[ -z "$(ls "$CHAINMAIL_SPOOL/tmp")" ]
	done
}

@test "killed at every call, a message is in the spool whenever 250 was said, and whole" {
	need strace
	sanitized && skip "strace and sanitizers"
	for call in openat write fsync renameat2; do
		for n in $(seq 1 30); do
			rm -f "$CHAINMAIL_SPOOL"/new/* "$CHAINMAIL_SPOOL"/tmp/*
			printf "${ENVELOPE}DATA\r\na: b\r\n\r\nx\r\n.\r\nQUIT\r\n" |
				strace -o /dev/null -e inject="$call:signal=KILL:when=$n" \
					smtpd 2>/dev/null >"$BATS_TEST_TMPDIR/out" && break
			said=$(grep -cE '^250 2.0.0 [0-9A-Z]{26}' "$BATS_TEST_TMPDIR/out" || true)
			[ "$said" -le "$(queued)" ]
			for f in "$CHAINMAIL_SPOOL"/new/*; do
				[ -e "$f" ] || continue
				read -r _ _ header size <"$f"
				[ $((10#${header#header=} + 10#${size#size=})) = "$(stat -c %s "$f")" ]
			done
		done
		[ "$n" -lt 30 ]
	done
}
