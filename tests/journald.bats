#!/usr/bin/env bats
# The log under systemd: a real journald, in a mount name space of its own.
# shellcheck disable=SC2089,SC2090 # quotes in $start are for python
bats_require_minimum_version 1.5.0
load helper

JOURNALD=/usr/lib/systemd/systemd-journald

setup() {
	need_root
	[ -x "$JOURNALD" ] || skip 'journald is not installed'
	need journalctl
	unshare --mount true 2>/dev/null || skip 'no name spaces may be made here'
	private_dirs
}

# What a service manager does: stderr is a stream under the name of the unit's
# first program.
start='
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/run/systemd/journal/stdout")
s.sendall(b"listen\nchainmail-smtpd.service\n30\n1\n0\n0\n0\n")
os.dup2(s.fileno(), 2)
st = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{st.st_dev}:{st.st_ino}"
os.execvp(sys.argv[1], sys.argv[1:])'

# journal COMMAND: run it beside a journald with /run for itself; $start and
# $query are for it.
journal() {
	export start query='journalctl --directory=/run/log/journal --no-pager'
	# shellcheck disable=SC2016 # expanded there
	timeout 100 unshare --mount --propagation private bash -c '
		mount -t tmpfs none /run
		mkdir -p /run/systemd/journal /run/log/journal
		[ -s /etc/machine-id ] || {
			tr -d - </proc/sys/kernel/random/uuid >/run/machine-id
			mount --bind /run/machine-id /etc/machine-id
		}
		"$0" 2>/dev/null & journald=$!
		trap "kill $journald; wait $journald" EXIT
		until [ -S /run/systemd/journal/stdout ]; do
			kill -0 $journald || exit 1
		done
		eval "$1"' "$JOURNALD" "$1"
}

@test "journald has each program's own name, the facility mail, and priorities" {
	PORT=$(free_port)
	export PORT
	# shellcheck disable=SC2016 # expanded there
	run -0 journal '
		python3 -c "$start" listen -k "smtp=127.0.0.1:$PORT" smtpd 3>&- &
		listen=$!
		until exec 4<>"/dev/tcp/127.0.0.1/$PORT"; do :; done 2>/dev/null
		printf "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nQUIT\r\n" >&4
		cat <&4 >/dev/null
		kill "$listen"
		wait "$listen"
		journalctl --sync
		$query -t smtpd -p notice -o export
		echo ===
		$query -t listen -p info -o export
		echo ===
		$query -t listen -p notice -o cat'
	refusal=${output%%===*} rest=${output#*===}
	has 'event=refuse ' "$refusal"
	has 'SYSLOG_FACILITY=2' "$refusal"
	has 'PRIORITY=5' "$refusal"
	lacks '<5>' "$refusal"
	has 'event=connection ' "${rest%%===*}"
	has 'SYSLOG_FACILITY=2' "${rest%%===*}"
	lacks event= "${rest##*===}"
	# One connection, in the words of both.
	[[ $refusal =~ conn=([0-9A-Z]{10})\  ]]
	has " conn=${BASH_REMATCH[1]} " "${rest%%===*}"
}

@test "where stderr is not the journal a line begins with the program's name" {
	JOURNAL_STREAM=1:2 run -64 smtpd --bogus
	printf 'EHLO x\r\nRSET x\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\n' |
		JOURNAL_STREAM=1:2 SERVICE=smtp TCPREMOTEIP=192.0.2.1 \
			smtpd 2>"$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/replies"
	[[ $(cat "$BATS_TEST_TMPDIR/log") == 'smtpd event=refuse '* ]]
}
