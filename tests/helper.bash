# shellcheck shell=bash
# What all bats files share: `load helper` (or `load ../helper`) first.
# BUILD names the build to test; its programs are first in PATH.

TOP=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BUILD=${BUILD:-$TOP/build/release}
HELPERS=$BUILD/tests/helper # programs made from tests/helper/
PATH=$BUILD/bin:$PATH
# The leak checker needs ptrace, which no sandbox gives.
: "${ASAN_OPTIONS=detect_leaks=0}" "${UBSAN_OPTIONS=print_stacktrace=1}"
export TOP BUILD HELPERS PATH ASAN_OPTIONS UBSAN_OPTIONS

# The four directories of chainmail(7), empty, below this test's own folder.
private_dirs() {
	export CHAINMAIL_ETC=$BATS_TEST_TMPDIR/etc
	export CHAINMAIL_SPOOL=$BATS_TEST_TMPDIR/spool
	export CHAINMAIL_MAIL=$BATS_TEST_TMPDIR/mail
	export CHAINMAIL_RUN=$BATS_TEST_TMPDIR/run
	mkdir -p "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL"/{tmp,new,state,bad,blank,hold} \
		"$CHAINMAIL_MAIL" "$CHAINMAIL_RUN"
}

# private_users TEXT: write the users file and compile it.
private_users() {
	printf '%s\n' "$1" >"$CHAINMAIL_ETC/users"
	chainmail-user compile
}

# await SECONDS COMMAND...: until the command succeeds; fails at the time, which
# is a minute at least: on a busy machine everything takes longer, and only a
# test that fails waits for the end. May it fail, see await_or_not.
await() {
	local seconds=$1
	shift
	await_or_not $((seconds > 60 ? seconds : 60)) "$@"
}
# The same, where the time itself counts.
await_or_not() {
	local end=$(($(date +%s%N) + $1 * 1000000000))
	shift
	until "$@"; do
		if (($(date +%s%N) > end)); then
			echo "still not so: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# LF to CRLF and back.
crlf() { sed 's/\r*$/\r/'; }
lf() { tr -d '\r'; }

# need COMMAND...: skip the test where a command is missing.
need() {
	local c
	for c; do command -v "$c" >/dev/null || skip "$c is not installed"; done
}
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
# Address sanitizer takes terabytes of address space and forbids some tricks.
sanitized() { [[ ${BUILD##*/} == san ]]; }

# background COMMAND...: start it; its pid is $!; stop_background ends all.
background() {
	"$@" 3>&- &
	BACKGROUND+=("$!")
}
stop_background() {
	local pid
	for pid in "${BACKGROUND[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${BACKGROUND[@]}"; do wait "$pid" 2>/dev/null; done
	BACKGROUND=()
	return 0
}

# A TCP port of 127.0.0.1 that is free now.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# The port answers, or the Unix socket is there and somebody listens: it has its
# name before. One of another network namespace is not listed.
port_open() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
listens() {
	[ -S "$1" ] && awk -v path="$1" '
		$NF == path { bound = 1; if ($4 == "00010000" || $5 == "0002") ready = 1 }
		END { exit bound && !ready }' /proc/net/unix
}
await_socket() { await 10 listens "$1"; }

# has TEXT STRING: the string holds the text; shows it when not.
has() {
	[[ $2 == *"$1"* ]] && return
	printf 'not found: %s\nin: %s\n' "$1" "$2" >&2
	return 1
}

# lacks TEXT STRING: the string does not hold the text.
lacks() {
	[[ $2 != *"$1"* ]] && return
	printf 'found: %s\nin: %s\n' "$1" "$2" >&2
	return 1
}
