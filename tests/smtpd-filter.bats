#!/usr/bin/env bats
# Filters: their verdicts, their words, their output, their ends; by smtpd's own
# runner, or, with SERVED, by command-run (tests/command-run.bats).

load helper

setup() {
	private_dirs
	echo mx.example.org >"$CHAINMAIL_ETC/me"
	private_users 'example.org      domain
bob@example.org  mailbox'
	[ -z "${SERVED-}" ] || serve
}

teardown() {
	[ -z "${SERVED-}" ] || [ "$(grep -c event=filter "$BATS_TEST_TMPDIR/filters")" -gt 0 ] ||
		[[ $BATS_TEST_DESCRIPTION == *'not those'* ]]
	stop_background
}

serve() {
	background command-run filter 2>"$BATS_TEST_TMPDIR/filters"
	await_socket "$CHAINMAIL_RUN/filters"
}

# filtered COMMAND...: the reply to a message through these filters.
filtered() {
	printf '%s\n' "$@" >"$CHAINMAIL_ETC/filter.mx"
	printf 'EHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: a\r\n\r\nbody\r\n.\r\nQUIT\r\n' |
		PROTO=TCP TCPREMOTEIP=192.0.2.7 smtpd 2>"$BATS_TEST_TMPDIR/log" |
		lf | tail -2 | head -1
}
queued() { find "$CHAINMAIL_SPOOL/new" -type f | wc -l; }
message() { sed '1,/^$/d' "$CHAINMAIL_SPOOL"/new/*; }
nothing_left() { [ -z "$(find "$CHAINMAIL_SPOOL" -type f)" ]; }

@test "the message is what the last filter wrote" {
	run filtered 'sed s/body/text/' '# nothing' '(cat; echo end)'
	[[ $output == "250 2.0.0 "* ]]
	run message
	has $'Subject: a\n\ntext\nend' "$output"
	has 'Received: from x' "$output"
	read -r _ _ header size <"$(ls "$CHAINMAIL_SPOOL"/new/*)"
	[ $((10#${header#*=} + 10#${size#*=})) = "$(stat -c %s "$CHAINMAIL_SPOOL"/new/*)" ]
}

@test "a program of chainmail is found where PATH does not have it, the system's goes before" {
	local folder=$BUILD/bin
	# shellcheck disable=SC2016 # for the filter's shell
	echo 'cat >/dev/null; echo "Subject: $(command -v mail-verify) $(command -v cat)"' >"$CHAINMAIL_ETC/filter.mx"
	printf 'EHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na: b\r\n.\r\nQUIT\r\n' |
		PROTO=TCP TCPREMOTEIP=192.0.2.7 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$folder/smtpd" >/dev/null
	grep -E "^Subject: .*/mail-verify (/usr)?/bin/cat$" "$CHAINMAIL_SPOOL"/new/*
}

@test "a shell's message is in the log, and never in the reply" {
	local log=$BATS_TEST_TMPDIR/log
	[ -z "${SERVED-}" ] || log=$BATS_TEST_TMPDIR/filters # who runs them says it
	run filtered 'cat >/dev/null; no-such-filter'
	[ "$output" = "451 4.7.1 Try again later" ]
	grep -q 'event=filter id=[0-9A-Z]* exit=127 text=.*no-such-filter: not found' "$log"
	run filtered 'cat >/dev/null; no-such-filter || exit 65'
	[ "$output" = "550 5.7.1 Message refused" ]
	grep -q 'event=filter id=[0-9A-Z]* exit=65 text=.*no-such-filter: not found' "$log"
}

@test "exit 75 is a 451, any other a 550, with the last line of stderr" {
	run filtered 'cat >/dev/null; echo one >&2; echo not now >&2; exit 75'
	[ "$output" = "451 4.7.1 not now" ]
	run filtered 'cat; echo looks like spam >&2; exit 65'
	[ "$output" = "550 5.7.1 looks like spam" ]
	has 'reply="550 5.7.1 looks like spam"' "$(cat "$BATS_TEST_TMPDIR/log")"
	run filtered 'cat; echo no database >&2; exit 3'
	has '451 ' "$output"
	run filtered 'cat; exit 1'
	[[ $output == "550 5.7.1 "* ]]
	nothing_left
}

@test "a filter's words may begin with the status of their class" {
	run filtered 'cat; echo 5.7.26 not your domain >&2; exit 77'
	[ "$output" = "550 5.7.26 not your domain" ]
	run filtered 'cat; echo 4.4.3 no answer >&2; exit 75'
	[ "$output" = "451 4.4.3 no answer" ]
	for words in '4.7.26 other class' '5.7.2600 too long' '5.7 too short' '5.7.26'; do
		run filtered "cat; echo '$words' >&2; exit 77"
		[ "$output" = "550 5.7.1 $words" ]
	done
	nothing_left
}

@test "no process for a filter: 451, and the next message passes" {
	[ -z "${SERVED-}" ] || skip "it is not smtpd's to have one"
	need strace
	sanitized && skip "strace and sanitizers"
	echo cat >"$CHAINMAIL_ETC/filter.mx"
	message='MAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na: b\r\n\r\n.\r\n'
	# Each process counts for itself: it is the runner's second child.
	run bash -c "printf 'EHLO x\r\n$message$message$message' | strace -f -o /dev/null -e inject=clone,clone3,fork,vfork:error=EAGAIN:when=2 smtpd 2>/dev/null"
	[ "$(grep -E '^(451|250 2.0.0)' <<<"$output" | cut -c1-9)" = $'250 2.0.0\n451 4.7.1\n250 2.0.0' ]
	[ "$(queued)" = 2 ]
	[ -z "$(ls "$CHAINMAIL_SPOOL/tmp")" ]
}

@test "exit 99 accepts and drops" {
	run filtered 'exit 99'
	[[ $output == "250 2.0.0 "* ]]
	nothing_left
	has 'event=drop ' "$(cat "$BATS_TEST_TMPDIR/log")"
}

@test "a filter that crashes, is missing, says nothing: 451" {
	run filtered 'kill -9 $$'
	[[ $output == "451 "* ]]
	run filtered '/nonexistent/filter'
	[[ $output == "451 "* ]]
	run filtered 'true'
	[[ $output == "451 "* ]]
	nothing_left
}

@test "the first filter that fails decides, not the one whose reader left" {
	run filtered 'cat; yes' 'echo bad >&2; exit 65' 'cat'
	[ "$output" = "550 5.7.1 bad" ]
	run filtered 'echo first >&2; exit 75' 'echo second >&2; exit 65'
	[ "$output" = "451 4.7.1 first" ]
}

@test "a filter that hangs is ended after its time, with its children" {
	echo 'filter-time 1s' >"$CHAINMAIL_ETC/limits"
	run filtered "echo \$\$ >$BATS_TEST_TMPDIR/pid; sleep 1000 & sleep 1000"
	[[ $output == "451 "* ]]
	nothing_left
	! kill -0 "$(cat "$BATS_TEST_TMPDIR/pid")" 2>/dev/null
}

@test "a filter that says no more but goes on is ended after its time too" {
	echo 'filter-time 1s' >"$CHAINMAIL_ETC/limits"
	run filtered "exec 2>&-; echo \$\$ >$BATS_TEST_TMPDIR/pid; exec sleep 1000"
	[[ $output == "451 "* ]]
	nothing_left
	await 5 gone "$(cat "$BATS_TEST_TMPDIR/pid")"
}
gone() { ! kill -0 "$1" 2>/dev/null; }

@test "a filter ends when its smtpd is killed" {
	echo "echo \$\$ >$BATS_TEST_TMPDIR/pid; exec sleep 1000" >"$CHAINMAIL_ETC/filter.mx"
	printf 'EHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\na: b\r\n\r\n.\r\n' \
		>"$BATS_TEST_TMPDIR/dialogue"
	background bash -c 'exec smtpd <"$1" >/dev/null 2>&1' bash "$BATS_TEST_TMPDIR/dialogue"
	await 5 test -s "$BATS_TEST_TMPDIR/pid"
	kill -KILL "${BACKGROUND[-1]}"
	await 5 gone "$(cat "$BATS_TEST_TMPDIR/pid")"
}

@test "the output of a filter can't break the reply or the log" {
	run filtered 'cat; printf "a\r550 b\033[1m\342\202\254\nlast\001 %500s\n" x >&2; exit 65'
	[[ $output == "550 5.7.1 last? "* ]]
	[ "${#output}" -lt 512 ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/log")" = 1 ]
}

@test "the facts are in the environment" {
	run filtered '(cat; echo "$SENDER|$RECIPIENT|$TCPREMOTEIP|$HELO|$SERVICE|$ME|$MESSAGE_ID")'
	id=${output##* }
	has "s@r.example|bob@example.org|192.0.2.7|x|smtp|mx.example.org|$id" "$(message)"
}

@test "the filters of submission are not those of the MX" {
	echo 'exit 65' >"$CHAINMAIL_ETC/filter.submission"
	run filtered cat
	[[ $output == 250* ]]
}

@test "a large message passes" {
	printf 'cat\ncat\n' >"$CHAINMAIL_ETC/filter.mx"
	{
		printf 'EHLO x\r\nMAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: a\r\n\r\n'
		yes 0123456789abcde | head -500000 | crlf
		printf '.\r\nQUIT\r\n'
	} | smtpd 2>/dev/null >/dev/null
	[ "$(message | grep -c 0123456789abcde)" = 500000 ]
}

@test "many sessions share the runner" {
	echo 'sed s/x/y/' >"$CHAINMAIL_ETC/filter.mx"
	run python3 "$TOP/tests/smtpd.py" filters
	[ "$status" = 0 ]
	[ "$(queued)" = 20 ]
}
