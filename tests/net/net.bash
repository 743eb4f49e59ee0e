# shellcheck shell=bash disable=SC2034
# A small Internet for a file of tests: internet_up in setup_file, internet_vars
# in setup, internet_down in teardown_file. See tests/net/README.md.

# Why it can't be had here; empty when it can.
internet_missing() {
	local tool
	[ "$(id -u)" = 0 ] || { echo "needs root, for network name spaces"; return; }
	for tool in ip nsenter unshare nsd unbound ldns-signzone ldns-keygen openssl \
		s6-svscan systemd-sysusers /usr/bin/python3 "$@"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null ||
			{ echo "$tool is not installed"; return; }
	done
	unshare --net --mount --pid --fork --mount-proc true 2>/dev/null ||
		echo "no name spaces may be made here"
}

# internet_up HOST...: bring it up with these hosts, see tests/net/world.py.
internet_up() {
	local net=$BATS_FILE_TMPDIR/net pid tools=()
	[[ " $* " == *" fix "* ]] && tools=(postfix)
	internet_missing "${tools[@]}" >"$BATS_FILE_TMPDIR/missing"
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || return 0
	mkdir -m 755 "$net"
	# Should nobody be left to end it, its time is bounded.
	PATH=$PATH:/usr/sbin:/sbin PYTHONDONTWRITEBYTECODE=1 timeout -s KILL "${LIMIT:-600}" \
		unshare --net --mount --pid --fork --kill-child --mount-proc \
		"$TOP/tests/net/internet" "$net" "$@" \
		>"$BATS_FILE_TMPDIR/internet.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	await 90 internet_answers
	[ -e "$net/ready" ] && return
	cat "$BATS_FILE_TMPDIR/internet.log" "$net/failed"
	tail -n 5 "$net"/log/* "$net"/*/log/current
	return 1
} >&2
internet_answers() {
	[ -e "$BATS_FILE_TMPDIR/net/ready" ] || [ -e "$BATS_FILE_TMPDIR/net/failed" ] ||
		! kill -0 "$(<"$BATS_FILE_TMPDIR/pid")" 2>/dev/null
}

internet_down() {
	local pid
	[ -e "$BATS_FILE_TMPDIR/pid" ] || return 0
	pid=$(<"$BATS_FILE_TMPDIR/pid")
	kill -KILL "$(internet_pid)" 2>/dev/null
	wait "$pid" 2>/dev/null
	return 0
}
# Its first process, below timeout and unshare.
internet_pid() {
	local pid
	pid=$(<"$BATS_FILE_TMPDIR/pid")
	pid=$(<"/proc/$pid/task/$pid/children") && pid=${pid% }
	pid=$(<"/proc/$pid/task/$pid/children") && echo "${pid% }"
}

# NET: its folder. THIS: a word that only this test uses.
internet_vars() {
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || skip "$(<"$BATS_FILE_TMPDIR/missing")"
	NET=$BATS_FILE_TMPDIR/net
	INSIDE=/run/internet
	THIS=letter$BATS_TEST_NUMBER
}

# on HOST COMMAND...: run it at that host, with its environment.
on() {
	local host=$1 d=/run/internet/$1
	shift
	nsenter -t "$(internet_pid)" -m -p -- nsenter "--net=/run/netns/$host" -- \
		env "PATH=/run/internet/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$d" \
		"CHAINMAIL_ETC=$d/etc" "CHAINMAIL_SPOOL=$d/spool" \
		"CHAINMAIL_MAIL=$d/mail" "CHAINMAIL_RUN=$d/run" "$@"
}

# message [TEXT]: one from ann, its subject THIS.
message() {
	printf '%s\n' 'From: ann@chain.example' "Subject: $THIS" '' "${1-Hello.}"
}
# post HOST RCPT...: message on stdin, or `message`, into that host's queue.
post() {
	local host=$1
	shift
	on "$host" enqueue -f "${FROM-ann@chain.example}" "$@"
}
# again HOST: everything in its queue is due now.
again() { on "$1" chainmail queue retry --all; }
# waits HOST RCPT: it was tried there, and will be again.
waits() { grep -F "to=$2 " "$NET/$1/log/current" | grep -q event=deferred; }

# arrived NAME [N]: N messages (1) with this test's subject came to a host of
# odd.py; mailed HOST USER@DOMAIN [N]: to a mailbox.
arrived() { [ "$(messages "$1" | wc -l)" = "${2-1}" ]; }
messages() {
	local f
	for f in "$NET/odd/$1"/*.env; do
		[ -e "$f" ] && grep -lq "^Subject: .*\b$THIS\b" "${f%.env}.eml" && echo "$f"
	done
	return 0
}
mailed() { [ "$(mail_files "$1" "$2" | wc -l)" = "${3-1}" ]; }
mail_files() {
	local folder=$NET/$1/mail/${2#*@}/${2%@*}/Maildir
	[ "$1" != fix ] || folder=$NET/fix/mail/all
	grep -rls "\b$THIS\b" "$folder/new" "$folder/cur" || true
}
# said NAME TEXT: what was said at a host of odd.py.
said() { grep -qF -- "$2" "$NET/odd/$1/log"; }
# logged HOST TEXT: a line of that host's log.
logged() { grep -qF -- "$2" "$NET/$1"/log/current 2>/dev/null; }
# decided HOST RCPT RULE: this rule of TLS counted for what it got.
decided() { grep -F "to=$2 " "$NET/$1/log/current" | grep -q "rule=$3"; }
# internet_tell, in teardown: the last lines of the logs, if the test failed.
internet_tell() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || [ -z "${NET-}" ] ||
		tail -n 15 "$NET"/*/log/current
}
