#!/usr/bin/env bats
# smtpd in a pipeline: commands, envelopes, policy.

load helper

setup() {
	private_dirs
	echo mx.example.org >"$CHAINMAIL_ETC/me"
	private_users 'example.org       domain
bob@example.org   mailbox quota=5G
ann@example.org   mailbox quota=1M
full@example.org  mailbox quota=1M
sales@example.org -> bob@example.org, ann@example.org'
	mkdir "$CHAINMAIL_MAIL/.full"
	touch "$CHAINMAIL_MAIL/.full/full@example.org"
}

# say TEXT: the session's replies to these bytes (printf), without CR.
say() { printf "$@" | smtpd 2>"$BATS_TEST_TMPDIR/log" | lf; }
# replies TEXT: the same without greeting and EHLO's lines.
replies() { say "EHLO client.example\r\n$1" | sed 1,/^250\ /d; }
# envelope COMMANDS: replies after a good MAIL.
envelope() { replies "MAIL FROM:<s@remote.example>\r\n$1" | tail -n +2; }
queued() { find "$CHAINMAIL_SPOOL/new" -type f | wc -l; }
log() { cat "$BATS_TEST_TMPDIR/log"; }

@test "of a flood of refusals 200 are logged, and how many more there were" {
	full() { for ((i = 0; i < $1; i++)); do printf 'RCPT TO:<full@example.org>\r\n'; done; }
	{
		printf 'EHLO x\r\nMAIL FROM:<s@remote.example>\r\n'
		full 201
		printf 'RCPT TO:<bob@example.org>\r\nDATA\r\n\r\nhello\r\n.\r\n'
		printf 'MAIL FROM:<s@remote.example>\r\n'
		full 200
		printf 'RSET\r\nMAIL FROM:<s@remote.example>\r\n'
		full 30
	} | smtpd 2>"$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/said"
	[ "$(grep -c '^452 4.2.2' "$BATS_TEST_TMPDIR/said")" = 431 ]
	[ "$(log | grep -c 'event=refuse ')" = $((2 * 199)) ]
	[ "$(log | grep -c 'event=refuse-last ')" = 2 ]
	[ "$(log | grep 'event=refuse-more' | cut -d' ' -f2-)" = $'event=refuse-more unlogged=1\nevent=refuse-more unlogged=30' ]
}

@test "a message in a pipeline is in the spool when 250 is said" {
	run envelope 'RCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n'
	[[ ${lines[0]} == "250 2.1.5 "* ]]
	[[ ${lines[1]} == "354 "* ]]
	[[ ${lines[2]} =~ ^250\ 2\.0\.0\ ([0-9A-Z]{26})$ ]]
	id=${BASH_REMATCH[1]}
	[[ ${lines[3]} == "221 2.0.0 "* ]]
	run cat "$CHAINMAIL_SPOOL/new/$id"
	has 'from=s@remote.example' "$output"
	has 'to=bob@example.org' "$output"
	has 'Received: from client.example' "$output"
	has $'\nSubject: x\n\nhello' "$output"
	[ -z "$(ls "$CHAINMAIL_SPOOL/tmp")" ]
}

@test "the order is create, write, fsync, rename, fsync of the directory, 250" {
	need strace
	sanitized && skip "strace and sanitizers"
	printf 'EHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na: b\r\n\r\nx\r\n.\r\nQUIT\r\n' |
		strace -s 4096 -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,write,fsync,rename,renameat,renameat2,linkat \
			smtpd >/dev/null 2>&1
	run awk '
	/openat.*tmp.*O_RDONLY/ { next }
	/openat.*O_CREAT/ { print "create" }
	/^write.*chainmail-spool 1 header=00000001/ { print "write" }
	/^fsync/ { print "fsync" }
	/^rename.* = 0$/ { print "rename" }
	/^write\(1, .*250 2.0.0 / { print "250" }' "$BATS_TEST_TMPDIR/trace"
	[ "$output" = $'create\nwrite\nfsync\nrename\nfsync\n250' ]
}

@test "with no configuration it serves the host's own name" {
	rm -r "$CHAINMAIL_ETC"
	run envelope "RCPT TO:<nobody-here@$(uname -n)>\r\nRCPT TO:<postmaster>\r\nRCPT TO:<x@[192.0.2.99]>\r\n"
	[[ ${lines[0]} == "550 5.1.1 "* ]]
	[[ ${lines[2]} == "550 5.7.1 "* ]]
}

@test "EHLO lists the extensions, HELO only the host" {
	run say 'EHLO x\r\nQUIT\r\n'
	for k in PIPELINING SIZE 8BITMIME SMTPUTF8 DSN ENHANCEDSTATUSCODES CHUNKING \
		LIMITS HELP; do
		[[ $output =~ 250[\ -]$k ]]
	done
	[[ $output != *AUTH* ]]
	[[ $output != *STARTTLS* ]]
	run say 'HELO x\r\n'
	[ "${lines[1]}" = "250 mx.example.org" ]
	[ "${#lines[@]}" = 2 ]
}

@test "every command that HELP names is known" {
	for c in $(say 'HELP\r\n' | sed -n 's/^214.*Commands:\(.*\);.*/\1/p'); do
		run say "EHLO x\r\n$c\r\n"
		[[ $output != *"502 5.5.1 No such"* ]]
	done
	[ -n "$c" ]
}

@test "unknown recipients are refused, known ones and aliases are not" {
	run envelope 'RCPT TO:<nobody@example.org>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<bob+x@example.org>\r\nRCPT TO:<sales@example.org>\r\nRCPT TO:<Postmaster>\r\n'
	[[ ${lines[0]} == "550 5.1.1 "* ]]
	for i in 1 2 3 4; do [[ ${lines[i]} == "250 2.1.5 "* ]]; done
}

@test "a broken user database is a 451, never an unknown user" {
	printf garbage >"$CHAINMAIL_ETC/users.cdb"
	run envelope 'RCPT TO:<bob@example.org>\r\n'
	[[ ${lines[0]} == "451 4.3.0 "* ]]
}

@test "a user database that is not there though users is: 451" {
	rm "$CHAINMAIL_ETC/users.cdb"
	run envelope 'RCPT TO:<bob@example.org>\r\nRCPT TO:<nobody@example.org>\r\n'
	[[ ${lines[0]} == "451 "* && ${lines[1]} == "451 "* ]]
	rm "$CHAINMAIL_ETC/users"
	run envelope 'RCPT TO:<bob@example.org>\r\nRCPT TO:<postmaster>\r\n'
	[[ ${lines[0]} == "550 "* && ${lines[1]} == 250* ]]
}

@test "a full mailbox is refused at RCPT, a message larger than one for good" {
	run envelope 'RCPT TO:<full@example.org>\r\n'
	[[ ${lines[0]} == "452 4.2.2 "* ]]
	run replies 'MAIL FROM:<s@r.example> SIZE=2000000\r\nRCPT TO:<ann@example.org>\r\nRCPT TO:<bob@example.org>\r\n'
	[[ ${lines[1]} == "552 5.2.2 "* ]]
	[[ ${lines[2]} == "250 "* ]]
}

@test "a mark of a full mailbox holds for a quarter of an hour, and until the users are changed" {
	mark=$CHAINMAIL_MAIL/.full/full@example.org
	touch -d '14 minutes ago' "$mark" "$CHAINMAIL_ETC/users.cdb"
	run envelope 'RCPT TO:<full@example.org>\r\n'
	[[ ${lines[0]} == "452 4.2.2 "* ]]
	touch -d '16 minutes ago' "$mark" "$CHAINMAIL_ETC/users.cdb"
	run envelope 'RCPT TO:<full@example.org>\r\n'
	[[ ${lines[0]} == "250 "* ]]
	# A quota raised, a user deleted and made again.
	touch "$mark"
	sed -i 's/\(^full.*\)1M/\12M/' "$CHAINMAIL_ETC/users"
	chainmail-user compile
	run envelope 'RCPT TO:<full@example.org>\r\n'
	[[ ${lines[0]} == "250 "* ]]
	# No quota, nothing that could be full.
	sed -i 's/\(^full.*\) quota=2M/\1/' "$CHAINMAIL_ETC/users"
	chainmail-user compile
	touch "$mark"
	run envelope 'RCPT TO:<full@example.org>\r\n'
	[[ ${lines[0]} == "250 "* ]]
}

@test "nobody relays: routes, percent, bang, literals, two at-signs, forged senders" {
	run replies 'MAIL FROM:<bob@example.org>\r\nRCPT TO:<@example.org:x@remote.example>\r\nRCPT TO:<remote.example!x@example.org>\r\nRCPT TO:<x@remote.example@example.org>\r\nRCPT TO:<x@remote.example>\r\nRCPT TO:<x@[127.0.0.1]>\r\nRCPT TO:<"@remote.example:x"@[127.0.0.1]>\r\nRCPT TO:<example.org!remote.example!x>\r\nRCPT TO:<x%%remote.example@example.org>\r\n'
	[[ ${lines[0]} == "250 "* ]]
	[ "${#lines[@]}" = 9 ]
	for i in 1 2 3 4 5 6 7 8; do [[ ${lines[i]} == 5* ]]; done
}

@test "a source route is ignored if its mailbox is ours" {
	run envelope 'RCPT TO:<@remote.example,@x.example:bob@example.org>\r\n'
	[[ ${lines[0]} == "250 "* ]]
}

@test "listed networks may relay, others may not" {
	printf '192.0.2.0/24 # the office\n2001:db8::/32\n' >"$CHAINMAIL_ETC/relay"
	for ip in 192.0.2.200 2001:db8:1::9; do
		PROTO=TCP TCPREMOTEIP=$ip run envelope 'RCPT TO:<x@remote.example>\r\n'
		[[ ${lines[0]} == "250 "* ]]
	done
	for ip in 192.0.3.1 2001:db9::1 127.0.0.1; do
		PROTO=TCP TCPREMOTEIP=$ip run envelope 'RCPT TO:<x@remote.example>\r\n'
		[[ ${lines[0]} == "550 5.7.1 "* ]]
	done
}

@test "while relay has a mistake no host is refused permanently, and the other lines count" {
	printf '192.0.2.0/24\n198.51.100.0/33\n' >"$CHAINMAIL_ETC/relay"
	PROTO=TCP TCPREMOTEIP=192.0.2.1 run envelope 'RCPT TO:<x@remote.example>\r\n'
	[[ ${lines[0]} == "250 "* ]]
	has 'event=config file=relay line=2' "$(log)"
	PROTO=TCP TCPREMOTEIP=198.51.100.1 run envelope 'RCPT TO:<x@remote.example>\r\n'
	[[ ${lines[0]} == "451 4.3.5 "* ]]
	PROTO=TCP TCPREMOTEIP=198.51.100.1 run envelope 'RCPT TO:<nobody@example.org>\r\n'
	[[ ${lines[0]} == "550 5.1.1 "* ]]
}

@test "with an invalid name in me smtpd does not start" {
	echo 'mail example.org' >"$CHAINMAIL_ETC/me"
	run smtpd </dev/null
	[ "$status" = 75 ]
	has 'mail example.org: not a host name' "$output"
}

@test "relay, or a filter's file, that can't be read is later, never refused for good" {
	for file in relay filter.mx filter.submission; do
		mkdir "$CHAINMAIL_ETC/$file"
		run smtpd </dev/null
		[ "$status" = 75 ]
		has "event=die text=\"read $CHAINMAIL_ETC/$file\"" "$output"
		rmdir "$CHAINMAIL_ETC/$file"
	done
}

@test "odd addresses are data: never a path, an option, a command" {
	for a in '-oQpwn@example.org' '/var/tmp/pwn@example.org' '../../bob@example.org' \
		'"a\\"b"@example.org' '|id@example.org' '"bob "@example.org'; do
		run replies "MAIL FROM:<$a>\r\nRSET\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<$a>\r\n"
		[[ ${lines[3]} == 5* ]]
	done
	[ "$(queued)" = 0 ]
}

@test "sizes that overflow or are none are refused" {
	run replies 'MAIL FROM:<s@r.example> SIZE=18446744073709551617\r\nMAIL FROM:<s@r.example> SIZE=-1\r\nMAIL FROM:<s@r.example> SIZE=\r\nMAIL FROM:<s@r.example> SIZE=99999999999\r\nMAIL FROM:<s@r.example> SIZE=1000\r\n'
	for i in 0 1 2 3; do [[ ${lines[i]} == 5* ]]; done
	[[ ${lines[4]} == 250* ]]
}

@test "parameters: unknown, twice, without a value, a hundred" {
	hundred=$(printf ' A%d=1' {1..100})
	run replies "MAIL FROM:<s@r.example> AUTH=\"\r\nMAIL FROM:<s@r.example> BODY=\r\nMAIL FROM:<s@r.example> SIZE=1 SIZE=1\r\nMAIL FROM:<s@r.example>$hundred\r\nMAIL FROM:<s@r.example> BODY=BINARYMIME\r\nMAIL FROM:<s@r.example> NOTIFY=NEVER\r\nMAIL FROM:<s@r.example>SIZE=1\r\n"
	[ "${#lines[@]}" = 7 ]
	for i in 0 1 2 3 4 5 6; do [[ ${lines[i]} == 5* ]]; done
}

@test "the parameters of DSN are checked and kept" {
	run replies 'MAIL FROM:<s@r.example> RET=HDRS ENVID=a+2Bb\r\nRCPT TO:<bob@example.org> NOTIFY=success,DELAY ORCPT=rfc822;b+40x\r\nRCPT TO:<ann@example.org> NOTIFY=NEVER,DELAY\r\nRCPT TO:<ann@example.org> ORCPT=bob\r\nRCPT TO:<ann@example.org> NOTIFY=NEVER\r\nDATA\r\na: b\r\n\r\n.\r\n'
	[[ ${lines[1]} == 250* ]]
	[[ ${lines[2]} == 501* ]]
	[[ ${lines[3]} == 501* ]]
	[[ ${lines[4]} == 250* ]]
	run cat "$CHAINMAIL_SPOOL"/new/*
	has 'ret=HDRS envid=a+b' "$output"
	has 'to=bob@example.org notify=SUCCESS,DELAY orcpt=rfc822;b@x' "$output"
	has 'to=ann@example.org notify=NEVER' "$output"
}

@test "an address beyond ASCII needs SMTPUTF8" {
	run replies 'MAIL FROM:<s\xc3\xa9@r.example>\r\nMAIL FROM:<s\xc3\xa9@r.example> SMTPUTF8\r\nRSET\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob\xff\xfe@example.org>\r\n'
	[[ ${lines[0]} == "553 5.6.7 "* ]]
	[[ ${lines[1]} == 250* ]]
	[[ ${lines[4]} == 5* ]]
	run replies 'MAIL FROM:<s@r.example> SMTPUTF8\r\nRCPT TO:<bob@example.org> ORCPT=utf-8;b\xc3\xb6b@example.org\r\nRCPT TO:<bob@example.org> ORCPT=rfc822;b\xc3\xb6b@example.org\r\nDATA\r\n.\r\n'
	[[ ${lines[1]} == 250* && ${lines[2]} == 501* ]]
	has 'orcpt=utf-8;b%C3%B6b@example.org' "$(cat "$CHAINMAIL_SPOOL"/new/*)"
}

@test "commands in any case, blanks after the colon refused from outside" {
	run replies 'mail from:<s@r.example>\r\nrSeT\r\nMAIL FROM: <s@r.example>\r\nMAIL FROM:s@r.example\r\nMAIL s@r.example\r\nMAIL FROM:<s@r.example\r\nMAIL\tFROM:<s@r.example>\r\n'
	[[ ${lines[0]} == 250* ]]
	[[ ${lines[1]} == 250* ]]
	for i in 2 3 4 5 6; do [[ ${lines[i]} == 5* ]]; done
}

@test "order: nothing before EHLO, no MAIL twice, no DATA without a recipient" {
	run say 'MAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n'
	for i in 1 2 3; do [[ ${lines[i]} == "503 "* ]]; done
	run envelope 'MAIL FROM:<s@r.example>\r\nDATA\r\nRCPT TO:<nobody@example.org>\r\nDATA\r\nRCPT TO:<bob@example.org>\r\n'
	[[ ${lines[0]} == "503 "* ]]
	[[ ${lines[1]} == "503 "* ]]
	[[ ${lines[3]} == "503 "* ]]
	[[ ${lines[4]} == "250 "* ]]
}

@test "the null sender may have several recipients" {
	run replies 'MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<ann@example.org>\r\nRCPT TO:<>\r\nDATA\r\na: b\r\n\r\n.\r\n'
	[[ ${lines[1]} == 250* && ${lines[2]} == 250* && ${lines[3]} == 501* ]]
	[[ ${lines[5]} == 250* ]]
	has $'\nfrom=\n' "$(cat "$CHAINMAIL_SPOOL"/new/*)"
}

@test "VRFY and EXPN give the same reply for every address" {
	run replies 'VRFY bob\r\nVRFY nosuch\r\nEXPN sales\r\nEXPN nosuch\r\n'
	[[ ${lines[0]} == 252* && ${lines[0]} == "${lines[1]}" ]]
	[[ ${lines[2]} == 502* && ${lines[2]} == "${lines[3]}" ]]
}

@test "commands end in CRLF: a bare LF or CR, NUL and long lines are errors" {
	run replies 'NOOP\nMAIL FROM:<s@r.example>\r\nNOOP x\ry\r\nNOOP \0\r\nNOOP\r\n'
	[[ ${lines[0]} == 500* ]]
	[[ ${lines[1]} == 250* ]]
	[[ ${lines[2]} == 500* ]]
	[[ ${lines[3]} == 500* ]]
	[[ ${lines[4]} == 250* ]]
	long=$(printf '%3000s' x)
	run replies "NOOP $long\r\nNOOP $long$long$long$long$long\r\nNOOP\r\n"
	[[ ${lines[0]} == 500* && ${lines[1]} == 500* && ${lines[2]} == 250* ]]
}

@test "a browser is disconnected" {
	run say 'GET / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n'
	[[ ${lines[1]} == 421* ]]
	[ "${#lines[@]}" = 2 ]
}

@test "twenty errors end the session" {
	run say "$(printf 'FOO\\r\\n%.0s' {1..40})"
	[ "${#lines[@]}" = 22 ]
	[[ ${lines[20]} == 502* && ${lines[21]} == "421 4.7.0 "* ]]
	[ "$(log | wc -l)" -le 31 ]
}

@test "a hundred commands without effect end the session" {
	run say "EHLO x\r\n$(printf 'NOOP\\r\\n%.0s' {1..300})"
	has '421 4.7.0' "${lines[-1]}"
	[ "$(printf '%s\n' "${lines[@]}" | grep -c '^250 2.0.0')" -lt 101 ]
}

@test "an accepted message clears the count of errors" {
	good='MAIL FROM:<s@r.example>\r\nRCPT TO:<no@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na: b\r\n\r\n.\r\n'
	run replies "$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good$good"
	[ "$(queued)" = 22 ]
}

@test "recipients beyond the limit get 452, the message goes to the others" {
	echo 'recipients 2' >"$CHAINMAIL_ETC/limits"
	run envelope 'RCPT TO:<bob@example.org>\r\nRCPT TO:<ann@example.org>\r\nRCPT TO:<sales@example.org>\r\nDATA\r\na: b\r\n\r\n.\r\n'
	[[ ${lines[2]} == "452 4.5.3 "* ]]
	[[ ${lines[4]} == "250 "* ]]
}

@test "no room on the disk: 452 at MAIL" {
	run replies 'MAIL FROM:<s@r.example> SIZE=50000000\r\n'
	[[ ${lines[0]} == 250* ]]
	need_root
	mount -t tmpfs -o size=8m tmpfs "$CHAINMAIL_SPOOL" || skip "no mount"
	head -c 5000000 /dev/zero >"$CHAINMAIL_SPOOL/fill"
	large=$(replies 'MAIL FROM:<s@r.example> SIZE=2000000\r\n')
	run replies 'MAIL FROM:<s@r.example> SIZE=1000000\r\n'
	umount "$CHAINMAIL_SPOOL"
	[[ $large == "452 4.3.1 "* ]]
	[[ ${lines[0]} == 250* ]]
}

@test "no inodes left: 452, and it recovers" {
	need_root
	mount -t tmpfs -o size=64m,nr_inodes=50 tmpfs "$CHAINMAIL_SPOOL" || skip "no mount"
	mkdir "$CHAINMAIL_SPOOL"/{tmp,new,state,bad,blank}
	touch "$CHAINMAIL_SPOOL"/{1..40}
	run replies 'MAIL FROM:<s@r.example>\r\n'
	umount "$CHAINMAIL_SPOOL"
	[[ ${lines[0]} == "452 4.3.1 "* ]]
	run replies 'MAIL FROM:<s@r.example>\r\n'
	[[ ${lines[0]} == 250* ]]
}

@test "AUTH is not on the MX port, and nothing needs it there" {
	run replies 'AUTH PLAIN AGIAYg==\r\nMAIL FROM:<s@r.example> AUTH=<>\r\n'
	[[ ${lines[0]} == 502* && ${lines[1]} == 555* ]]
}

@test "submission in clear offers no mechanism to clients from elsewhere, and takes none" {
	background authd </dev/null 2>/dev/null
	await_socket "$CHAINMAIL_RUN/auth"
	clear() { SERVICE=submission PROTO=TCP TCPREMOTEIP=$1 say 'EHLO x\r\nAUTH SCRAM-SHA-256 biwsbj1ib2Iscj14\r\n*\r\nAUTH PLAIN AGJvYgB4\r\nQUIT\r\n'; }
	run clear 192.0.2.7
	lacks "250-AUTH" "$output"
	lacks "334 " "$output"
	[ "$(grep -c '^538 5.7.11 ' <<<"$output")" = 2 ]
	run clear 127.0.0.1
	has "AUTH PLAIN LOGIN SCRAM-SHA-256" "$output"
	has "334 " "$output"
	stop_background
}

@test "submission wants a login first" {
	SERVICE=submission run replies 'MAIL FROM:<bob@example.org>\r\nAUTH NOSUCH\r\n'
	[[ ${lines[0]} == "530 5.7.0 "* ]]
}

@test "LMTP: LHLO, and a reply for each recipient" {
	SERVICE=lmtp run say 'EHLO x\r\nLHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<no@example.org>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\na: b\r\n\r\n.\r\nQUIT\r\n'
	has '220 mx.example.org LMTP' "$output"
	[[ ${lines[1]} == 502* ]]
	[[ ${lines[-1]} == 221* && ${lines[-2]} == "250 2.0.0 "* ]]
	[ "${lines[-2]}" = "${lines[-3]}" ]
	[[ ${lines[-4]} == 354* ]]
	has 'with LMTP' "$(cat "$CHAINMAIL_SPOOL"/new/*)"
}

@test "LMTP: what is refused before the end of the message gets one reply" {
	two='LHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<ann@example.org>\r\n'
	SERVICE=lmtp run say "${two}BDAT 7\r\na: b\ncdBDAT 3 LAST\r\nQUINOOP\r\n"
	[[ ${lines[-3]} == "550 5.6.11 "* && ${lines[-2]} == 503* && ${lines[-1]} == "250 2.0.0 OK" ]]
	[[ ${lines[-4]} == "250 2.1.5 "* ]]
	SERVICE=lmtp run say "${two}BDAT 6\r\na: b\r\nBDAT 2 LAST\r\n\r\nNOOP\r\n"
	[[ ${lines[-4]} == "250 2.0.0 6 "* && ${lines[-3]} =~ ^250\ 2.0.0\ [0-9A-Z]{26}$ && ${lines[-2]} == "${lines[-3]}" ]]
	need strace
	sanitized && skip "strace and sanitizers"
	SERVICE=lmtp run bash -c "printf '${two}DATA\r\nNOOP\r\n' | strace -f -o /dev/null -e inject=fchmod:error=EIO smtpd 2>/dev/null | tr -d '\\r'"
	[[ ${lines[-2]} == 451* && ${lines[-1]} == "250 2.0.0 OK" ]]
	[[ ${lines[-3]} == "250 2.1.5 "* ]]
}

@test "recipients that are refused for now are not asked for without end" {
	echo 'recipients 5' >"$CHAINMAIL_ETC/limits"
	many=$(for _ in {1..200}; do printf 'RCPT TO:<full@example.org>\\r\\n'; done)
	run envelope "$many"
	[ "$(grep -c '^452 4.2.2' <<<"$output")" = 10 ]
	[ "$(grep -c '^452 4.5.3' <<<"$output")" -le 100 ]
	[[ ${lines[-1]} == "421 4.7.0 "* ]]
}

@test "one id: in the reply, the log, the trace field and the spool's name" {
	run envelope 'RCPT TO:<nobody@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na: b\r\n\r\n.\r\n'
	id=${lines[-1]##* }
	[ -f "$CHAINMAIL_SPOOL/new/$id" ]
	has "id $id" "$(cat "$CHAINMAIL_SPOOL/new/$id")"
	[ "$(log | grep -c "id=$id")" = 2 ]
	has "event=message id=$id from=s@remote.example to=bob@example.org rcpts=1" "$(log)"
}

@test "foreign bytes can't forge a log line" {
	run replies 'MAIL FROM:<s@r.example>\r\nRCPT TO:<x" event=message id=1@example.org>\r\nNOOP\r\n'
	[ "$(log | grep -c .)" = 1 ]
}

@test "a client that may relay may send to an address of another host" {
	echo 192.0.2.0/24 >"$CHAINMAIL_ETC/relay"
	to='MAIL FROM:<s@r.example>\r\nRCPT TO:<x@[198.51.100.7]>\r\nRCPT TO:<x@[IPv6:2001:db8::1]>\r\nRCPT TO:<x@[127.0.0.1]>\r\n'
	export PROTO=TCP
	TCPREMOTEIP=192.0.2.7 run replies "$to"
	[[ ${lines[1]} == "250 "* && ${lines[2]} == "250 "* ]]
	[[ ${lines[3]} == "550 5.1.1 "* ]]
	TCPREMOTEIP=198.51.100.1 run replies "$to"
	[[ ${lines[1]} == "550 5.7.1 "* && ${lines[2]} == "550 5.7.1 "* && ${lines[3]} == "550 "* ]]
}

@test "XVERP is for local users and those who log in, REQUIRETLS for TLS" {
	SERVICE=local run replies 'MAIL FROM:<a@b.example> XVERP\r\nRSET\r\nMAIL FROM:<a@b.example> XVERP=+=\r\nRSET\r\nMAIL FROM:<a@b.example> XVERP=ab\r\nMAIL FROM:<a@b.example> XVERP=-==\r\nMAIL FROM:<a@b.example> REQUIRETLS\r\n'
	[[ ${lines[0]} == "250 "* && ${lines[2]} == "250 "* ]]
	[[ ${lines[4]} == "501 "* && ${lines[5]} == "501 "* && ${lines[6]} == "555 "* ]]
	run replies 'MAIL FROM:<a@b.example> XVERP\r\nMAIL FROM:<a@b.example> REQUIRETLS\r\n'
	[[ ${lines[0]} == "555 "* && ${lines[1]} == "555 "* ]]
}

@test "a refusal says from, to, client, helo, rule and reply" {
	SERVICE=smtp TCPREMOTEIP=192.0.2.1 run replies 'EHLO x.example\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<nobody@example.org>\r\nRCPT TO:<a@else.example>\r\n'
	has 'smtpd event=refuse id=' "$(log)"
	has 'from=s@r.example to=nobody@example.org client=192.0.2.1 ' "$(log)"
	has ' helo=x.example tls=none rule=recipient reply="550 5.1.1 ' "$(log)"
	has 'from=s@r.example to=a@else.example ' "$(log)"
	has ' rule=relay reply="550 5.7.1 ' "$(log)"
}

@test "a message in the log has all its recipients, and its Message-ID" {
	local i commands='MAIL FROM:<s@r.example>\r\n'
	for ((i = 0; i < 150; i++)); do
		commands+="RCPT TO:<bob+number$i@example.org>\r\n"
	done
	run replies "$commands"'DATA\r\nMessage-ID: <m1@r.example>\r\n\r\nx\r\n.\r\n'
	has ' message-id=<m1@r.example> ' "$(log)"
	has ' rcpts=150 ' "$(log)"
	[ "$(log | grep -o ' to=bob+number[0-9]*@example.org' | sort -u | wc -l)" = 150 ]
	[ "$(log | grep -c ' event=recipients id=')" = 1 ]
}

@test "a mail loop ends at the limit of hops, also for local users" {
	echo 'hops 3' >"$CHAINMAIL_ETC/limits"
	message='MAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nReceived: a\r\nReceived: b\r\nReceived: c\r\nReceived: d\r\n\r\nx\r\n.\r\n'
	run replies "$message"
	[[ ${lines[3]} == "554 5.4.6 "* ]]
	SERVICE=local run replies "$message"
	[[ ${lines[3]} == "554 5.4.6 "* ]]
}

@test "an address literal of this machine is queued as the name that it stands for" {
	export PROTO=TCP TCPREMOTEIP=198.51.100.1
	for pair in '192.0.2.7 [192.0.2.7]' '192.0.2.7 [IPv6:::ffff:192.0.2.7]' \
		'192.0.2.7 [IPv6:::FFFF:c000:207]' \
		'2001:db8::7 [IPv6:2001:db8::7]' '2001:db8::7 [ipv6:2001:DB8:0:0:0:0:0:7]' \
		'2001:db8::7 [IPv6:2001:0db8:0000::0.0.0.7]'; do
		rm -f "$CHAINMAIL_SPOOL"/new/*
		TCPLOCALIP=${pair% *} run envelope "RCPT TO:<Bob+x@${pair#* }>\r\nDATA\r\na: b\r\n\r\nx\r\n.\r\nQUIT\r\n"
		[[ ${lines[0]} == "250 "* ]]
		grep -q '^to=Bob+x@example.org orcpt=rfc822;Bob+x@\[' "$CHAINMAIL_SPOOL"/new/*
	done
	# Nobody of that name, and an address of another host.
	TCPLOCALIP=192.0.2.7 run envelope 'RCPT TO:<nobody@[192.0.2.7]>\r\nRCPT TO:<bob@[192.0.2.8]>\r\n'
	[[ ${lines[0]} == "550 5.1.1 "* && ${lines[1]} == "550 5.7.1 "* ]]
}

@test "an alias of a domain has its addresses, and no others" {
	echo '@old.example -> @example.org' >>"$CHAINMAIL_ETC/users"
	chainmail-user compile
	touch "$CHAINMAIL_MAIL/.full/full@example.org"
	run envelope 'RCPT TO:<Bob+x@OLD.example>\r\nRCPT TO:<nobody@old.example>\r\nRCPT TO:<full@old.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na: b\r\n\r\nx\r\n.\r\nQUIT\r\n'
	[[ ${lines[0]} == "250 "* && ${lines[1]} == "550 5.1.1 "* ]]
	[[ ${lines[2]} == "452 4.2.2 "* && ${lines[3]} == "250 "* ]]
	grep -qx 'to=Bob+x@example.org orcpt=rfc822;Bob+x@old.example' "$CHAINMAIL_SPOOL"/new/*
	grep -qx 'to=bob@example.org' "$CHAINMAIL_SPOOL"/new/*
}

@test "root, postmaster and the like are taken in every domain, in any case" {
	for to in postmaster PostMaster; do
		run envelope "RCPT TO:<$to>\r\n"
		[[ ${lines[0]} == "250 "* ]]
	done
	for name in Root POSTMASTER abuse Hostmaster webmaster MAILER-DAEMON; do
		for domain in example.org MX.example.org; do
			run envelope "RCPT TO:<$name@$domain>\r\n"
			[[ ${lines[0]} == "250 "* ]]
		done
	done
	run envelope 'RCPT TO:<noc@example.org>\r\nRCPT TO:<root@elsewhere.net>\r\n'
	[[ ${lines[0]} == "550 5.1.1 "* && ${lines[1]} == "550 5.7.1 "* ]]
}

@test "a literal's own ORCPT stays, and a user's sender is renamed too" {
	export PROTO=TCP TCPREMOTEIP=198.51.100.1 TCPLOCALIP=192.0.2.7
	run envelope 'RCPT TO:<bob@[192.0.2.7]> ORCPT=rfc822;x+40y.example\r\nDATA\r\na: b\r\n\r\nx\r\n.\r\nQUIT\r\n'
	grep -q '^to=bob@example.org orcpt=rfc822;x@y.example$' "$CHAINMAIL_SPOOL"/new/*
	rm "$CHAINMAIL_SPOOL"/new/*
	SERVICE=local PROTO=UNIX TCPREMOTEIP='' TCPLOCALIP='' run replies 'MAIL FROM:<bob@[127.0.0.1]>\r\nRCPT TO:<ann@[127.0.0.1]>\r\nDATA\r\na: b\r\n\r\nx\r\n.\r\nQUIT\r\n'
	grep -q '^from=bob@example.org' "$CHAINMAIL_SPOOL"/new/*
	grep -q '^to=ann@example.org' "$CHAINMAIL_SPOOL"/new/*
}
