#!/usr/bin/env bats
# What a program that runs does with a mistake in a file that it reads again.
load helper
# release only

setup() {
	private_dirs
	echo mx.example.org >"$CHAINMAIL_ETC/me"
	private_users 'example.org domain
bob@example.org mailbox'
	log=$BATS_TEST_TMPDIR/log
}
teardown() { stop_background; }

# One line behind EHLO; the last reply.
ask() {
	printf 'EHLO x\r\n%bQUIT\r\n' "$1" |
		nc -N 127.0.0.1 "$port" | lf | tail -n 2 | head -n 1
}
recipient() { ask 'MAIL FROM:<a@b.example>\r\nRCPT TO:<x@remote.example>\r\n'; }
logged() { grep -q "$1" "$log"; }
# replace FILE TEXT: as an editor does.
replace() {
	printf '%b' "$2" >"$CHAINMAIL_ETC/$1.new"
	mv "$CHAINMAIL_ETC/$1.new" "$CHAINMAIL_ETC/$1"
}
start() {
	port=$(free_port)
	background listen -k "$1=127.0.0.1:$port" "$2" 2>"$log"
	await 20 port_open "$port"
}

@test "smtpd keeps its networks, and logs that" {
	need nc
	replace relay '127.0.0.0/8\n'
	start smtp smtpd
	[[ $(recipient) == "250 "* ]]
	replace relay '127.0.0.0/8 # here\nnonsense\n'
	await 20 logged 'event=config file=relay line=2 error="nonsense: not a network'
	await 20 logged 'event=config file=relay line=0 error="what was read before stays'
	[[ $(recipient) == "250 "* ]]
	replace relay '192.0.2.0/24\n'
	refused() { [[ $(recipient) == "550 5.7.1 "* ]]; }
	await 20 refused
}

@test "smtpd keeps its networks when the file can't be read" {
	need nc
	replace relay '127.0.0.0/8\n'
	start smtp smtpd
	[[ $(recipient) == "250 "* ]] # it has read the file
	ln -s . "$CHAINMAIL_ETC/relay.new"
	mv -T "$CHAINMAIL_ETC/relay.new" "$CHAINMAIL_ETC/relay"
	await 20 logged 'event=config file=relay line=0 error="Is a directory"'
	[[ $(recipient) == "250 "* ]]
	! logged 'event=restart'
}

@test "smtpd keeps its limits" {
	need nc
	replace limits 'message-size 1000\n'
	start smtp smtpd
	[[ $(ask 'MAIL FROM:<a@b.example> SIZE=2000\r\n') == "552 "* ]]
	replace limits 'message-size 1000\nrecipients lots\n'
	await 20 logged 'event=config file=limits line=2'
	await 20 logged 'event=config file=limits line=0 error="what was read before stays'
	[[ $(ask 'MAIL FROM:<a@b.example> SIZE=2000\r\n') == "552 "* ]]
}

@test "login says at its start, and when the file changes, what is wrong with limits" {
	replace limits 'login-tine 5\n'
	start imap login
	await 20 logged 'login event=config file=limits line=1'
	replace limits '\nlogin-time 5 s\n'
	await 20 logged 'login event=config file=limits line=2'
	await 20 logged 'login event=config file=limits line=0'
}

@test "queue-run, deliver and send say what is wrong with limits" {
	replace limits 'queue-lif 5d\n'
	run queue-run -1
	has 'queue-run event=config file=limits line=1' "$output"
	run deliver -f a@b.example bob@example.org </dev/null
	has 'deliver event=config file=limits line=1' "$output"
	run send -f a@b.example x@[127.0.0.1] </dev/null
	has 'send event=config file=limits line=1' "$output"
}

@test "for authd an unreadable back end does not count as missing" {
	mkdir "$CHAINMAIL_ETC/checkpassword"
	run timeout 10 authd </dev/null
	[ "$status" = 75 ]
	has "read $CHAINMAIL_ETC/checkpassword" "$output"
}

# Where it goes on to depends on who runs this.
@test "a misspelt socket of listen is told when the service starts" {
	replace listen '# none\n\nimpa 127.0.0.1:1\nimap /none/imap\nlogin -c 5\n'
	background chainmail-service login 2>"$log"
	await 20 logged 'chainmail-service event=config file=listen line=3 error='
	await 20 logged 'event=\(end\|die\)'
	[ "$(grep -c 'event=config' "$log")" = 1 ]
}
