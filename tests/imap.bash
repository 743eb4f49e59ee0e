# shellcheck shell=bash disable=SC2016,SC2030,SC2031
# IMAP sessions on pipes, for bats files that `load imap` behind helper. M is
# the Maildir, LOG what the last session logged.

imap_setup() {
	private_dirs
	M=$BATS_TEST_TMPDIR/Maildir
	LOG=$BATS_TEST_TMPDIR/log
}
imap_teardown() {
	[ -z "${IMAP_PID-}" ] || kill "$IMAP_PID" 2>/dev/null || true
}

# imap LINE...: one session of these lines; its output without CR.
imap() {
	printf '%s\r\n' "$@" | imapd "$M" 2>"$LOG" | lf
}

# mail NAME TEXT: a message in new/, as another program delivers it.
mail() {
	[ -d "$M" ] || imap 'a LOGOUT' >/dev/null
	printf '%b' "$2" >"$M/tmp/$1"
	mv "$M/tmp/$1" "$M/new/$1"
}

# A session to speak with: say LINE; hear PATTERN reads up to a line that has
# it and fails after a minute without one.
session() {
	coproc IMAP { exec imapd "$@" 2>"$LOG"; }
	# bash closes its own copies when the session ends.
	exec {IMAP_IN}<&"${IMAP[0]}" {IMAP_OUT}>&"${IMAP[1]}"
}
say() { printf '%s\r\n' "$@" >&"$IMAP_OUT"; }
hear() {
	HEARD=
	local line
	while IFS= read -r -t 60 -u "$IMAP_IN" line; do
		HEARD+=${line%$'\r'}$'\n'
		[[ $line == *"$1"* ]] && return
	done
	printf 'not heard: %s\nbut: %s\n' "$1" "$HEARD" >&2
	return 1
}
