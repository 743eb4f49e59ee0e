#!/usr/bin/env bats
# lib/store under many processes and kill -9.

bats_require_minimum_version 1.5.0
load helper

# check BOOK MAILDIR: what was delivered and not expunged is there once; a UID
# of a folder was only ever one message's.
check() {
	python3 - "$1" "$2" <<-'EOF2'
		import collections, os, sys
		delivered, expunged, owner = set(), set(), {}
		for line in open(sys.argv[1]):
		    kind, a, b, c = line.split()
		    if kind == "D": delivered.add(a)
		    elif kind == "X": expunged.add(a)
		    elif owner.setdefault((a, b), c) != c:
		        sys.exit(f"UID {b} of {a} was given twice: {owner[a, b]}, {c}")
		there, uids = collections.Counter(), collections.Counter()
		for folder in ("", ".Archive/"):
		    for part in ("new", "cur"):
		        for name in os.listdir(f"{sys.argv[2]}/{folder}{part}"):
		            there[open(f"{sys.argv[2]}/{folder}{part}/{name}").read()] += 1
		            if ",U=" in name:
		                uids[folder, name.split(",U=")[1].split(":")[0]] += 1
		lost = delivered - expunged - set(there)
		doubled = [i for i, n in there.items() if n > 1]
		twice = [u for u, n in uids.items() if n > 1]
		print(f"{len(delivered)} delivered, {len(expunged)} expunged, {len(owner)} UIDs")
		if lost or doubled or twice: sys.exit(f"lost {lost}, doubled {doubled}, twice {twice}")
		if not (delivered and expunged and owner): sys.exit("nothing happened")
	EOF2
}

@test "no message is lost or doubled and no UID given twice, with kill -9 and a program without locks" {
	need python3
	"$HELPERS/store_stress" "$BATS_TEST_TMPDIR/Maildir" "${STRESS_SECONDS:-3}" "$BATS_TEST_TMPDIR/book"
	check "$BATS_TEST_TMPDIR/book" "$BATS_TEST_TMPDIR/Maildir"
}

# uidl OPTIONS...: the unique ids of a session under strace with the options.
uidl() {
	printf 'UIDL\r\nDELE 1\r\nQUIT\r\n' | strace -qq -s 200 -o "$BATS_TEST_TMPDIR/trace" "$@" \
		pop3d "$BATS_TEST_TMPDIR/Maildir" 2>/dev/null | lf
}

@test "a failing call at any place loses no message and gives no UID twice" {
	need strace
	sanitized && skip "the sanitizer has its own calls"
	private_dirs
	maildir=$BATS_TEST_TMPDIR/Maildir
	for call in renameat2 fsync fdatasync pwrite64 unlinkat unlink getdents64 fcntl; do
		for error in EIO ENOSPC; do
			for n in 1 2; do
				rm -rf "$maildir"
				pop3d "$maildir" </dev/null >/dev/null 2>&1
				for i in 1 2 3; do echo "$i" >"$maildir/new/$i.a.h"; done
				first=$(uidl -e trace="$call" -e inject="$call:error=$error:when=$n+1")
				second=$(uidl -e trace=none)
				left=$(cat "$maildir"/{new,cur}/* | sort | xargs)
				# DELE 1 was of the message that came first in that session.
				[ "$(grep -c 'bye, 1 deleted' <<<"$first$second")" -ge 1 ]
				case $left in "2 3" | 3 | "1 2" | 2 | 1) ;; *) echo "$call $error $n: left $left"; false ;; esac
				[ "$(wc -w <<<"$left")" = $((3 - $(grep -c 'bye, 1 deleted' <<<"$first"$'\n'"$second"))) ]
			done
		done
	done
}

@test "a UID is used only after its reservation is on the disk" {
	need strace
	sanitized && skip "the sanitizer has its own calls"
	private_dirs
	maildir=$BATS_TEST_TMPDIR/Maildir
	pop3d "$maildir" </dev/null >/dev/null 2>&1
	echo x >"$maildir/new/1.a.h"
	uidl -e trace=pwrite64,fdatasync,renameat2,write >/dev/null
	[ "$(grep -oE '^(pwrite64|fdatasync|renameat2\(.*new|renameat2|write\(1)' "$BATS_TEST_TMPDIR/trace" |
		sed 's/(.*//' | head -5 | xargs)" = "pwrite64 fdatasync pwrite64 renameat2 write" ]
	grep -q 'pwrite64(.*boot=0000000000000000' <(head -n 1 "$BATS_TEST_TMPDIR/trace")
}
