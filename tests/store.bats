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
