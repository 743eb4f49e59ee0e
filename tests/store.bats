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

@test "nor with indexes that are deleted, cut and damaged at any time" {
	need python3
	"$HELPERS/store_stress" "$BATS_TEST_TMPDIR/Maildir" "${STRESS_SECONDS:-3}" "$BATS_TEST_TMPDIR/book" harm
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
	# What is written besides UIDs is the count of changes, and the index.
	[ "$(awk '!/^pwrite64/ || /chainmail-uids/' "$BATS_TEST_TMPDIR/trace" | grep -oE '^(pwrite64|fdatasync|renameat2\(.*new|renameat2|write\(1)' |
		sed 's/(.*//' | head -5 | xargs)" = "pwrite64 fdatasync pwrite64 renameat2 write" ]
	grep -q 'pwrite64(.*boot=0000000000000000' <(head -n 1 "$BATS_TEST_TMPDIR/trace")
}

# imap COMMANDS: a session of imapd over the Maildir, with strace's options before.
imap_traced() {
	printf '%b' "$1" | strace -qq -s 200 -o "$BATS_TEST_TMPDIR/trace" \
		-e trace=fsync,renameat2,linkat,write,sendto imapd "$BATS_TEST_TMPDIR/Maildir" 2>/dev/null | lf
}
# order: the calls from the first one that matches to the answer, as one line,
# but for the log's.
order() {
	sed -nE "/$1/,/OK /p" "$BATS_TEST_TMPDIR/trace" | grep -v '^write(2,' | sed -E 's/\(.*//' | xargs
}

@test "APPEND, COPY and MOVE answer OK after the message and its name are on the disk" {
	need strace
	sanitized && skip "the sanitizer has its own calls"
	private_dirs
	imap_traced 'a SELECT INBOX\r\n' >/dev/null
	imap_traced 'a SELECT Archive\r\n' >/dev/null
	imap_traced 'a APPEND INBOX {8+}\r\na: b\r\n\r\n\r\n' | grep -q 'a OK \[APPENDUID [0-9]* 1\]'
	# Before that: what reserves the UID.
	[[ "$(order '^write\([0-9]+, "a: b')" == "write fsync "*"renameat2 fsync write" ]]
	imap_traced 'a SELECT INBOX\r\nb COPY 1 Archive\r\n' | grep -q 'b OK \[COPYUID'
	[ "$(order '^linkat')" = "linkat fsync write" ]
	imap_traced 'a SELECT INBOX\r\nb MOVE 1 Archive\r\n' | grep -q 'b OK'
	[ "$(order '^renameat2.*U=2')" = "renameat2 fsync write" ]
}

@test "COPY where no link can be made copies the bytes" {
	need strace
	sanitized && skip "the sanitizer has its own calls"
	private_dirs
	M=$BATS_TEST_TMPDIR/Maildir
	imap_traced 'a APPEND INBOX {8+}\r\na: b\r\n\r\n\r\n' >/dev/null
	run -0 env -C "$BATS_TEST_TMPDIR" sh -c "printf 'a SELECT INBOX\r\nb COPY 1 Archive\r\n' |
		strace -qq -o trace -e trace=linkat -e inject=linkat:error=EMLINK imapd Maildir 2>/dev/null"
	[[ $output == *"b OK [COPYUID"* ]]
	grep -q EMLINK "$BATS_TEST_TMPDIR/trace"
	cmp "$M"/cur/* "$M"/.Archive/cur/*
	[ "$(find "$M/tmp" "$M/.Archive/tmp" -type f | wc -l)" = 0 ]
}

@test "a Maildir of a real Dovecot keeps its UIDs, flags, keywords, folders and unique ids" {
	need doveadm setpriv
	need_root # to become nobody, as Dovecot refuses root
	sanitized && skip "one build is enough"
	dir=$(mktemp -d /tmp/chainmail-dovecot-XXXXXX)
	mkdir "$dir"/{run,home}
	cp "$BUILD"/bin/{pop3d,imapd} "$dir"
	cat >"$dir/conf" <<-EOF2
		mail_location = maildir:$dir/home/Maildir
		base_dir = $dir/run
		state_dir = $dir/run
		log_path = $dir/log
		mail_uid = 65534
		mail_gid = 65534
		first_valid_uid = 1
		ssl = no
	EOF2
	chown -R nobody:nogroup "$dir"
	run -0 env -C "$dir" USER=nobody HOME="$dir/home" setpriv --reuid=65534 --regid=65534 --clear-groups \
		bash -ec 'd() { doveadm -c conf "$@"; }
		for i in 1 2 3; do printf "Subject: m\n\nbody\n" | d save -m INBOX; done
		d expunge mailbox INBOX uid 2
		d flags add "\Flagged \$Forwarded" mailbox INBOX uid 3
		d mailbox create -s Sent.2025
		printf "validity %08x\n" "$(sed -nE "1s/.* V([0-9]+) .*/\1/p" home/Maildir/dovecot-uidlist)"
		printf "UIDL\r\nQUIT\r\n" | ./pop3d home/Maildir
		printf "a LSUB \"\" *\r\nb SELECT INBOX\r\nc FETCH 1:* (UID FLAGS)\r\n" | ./imapd home/Maildir'
	rm -r "$dir"
	validity=$(sed -n 's/^validity //p' <<<"$output")
	[[ $output == *"1 00000001$validity"* && $output == *"2 00000003$validity"* ]]
	[[ $output == *'* 1 FETCH (UID 1 FLAGS ('*'* 2 FETCH (UID 3 FLAGS (\Flagged $Forwarded))'* ]]
	[[ $output == *'LSUB () "/" "Sent/2025"'* && $output == *'LSUB () "/" "Junk"'* ]]
	[[ $output == *'[UIDNEXT 4]'* ]]
}

# imap_failing CALL LINE...: a session of these lines in which the calls fail as strace's inject says.
imap_failing() {
	local call=$1
	shift
	printf '%s\r\n' "$@" | strace -qq -o /dev/null -e trace="${call%%:*}" -e inject="$call" \
		imapd "$BATS_TEST_TMPDIR/Maildir" 2>/dev/null | lf
}
# three: three messages with UIDs in cur/.
three() {
	need strace
	sanitized && skip "the sanitizer has its own calls"
	private_dirs
	M=$BATS_TEST_TMPDIR/Maildir
	for i in 1 2 3; do imap_traced 'a APPEND INBOX {8+}\r\na: b\r\n\r\n\r\n' >/dev/null; done
	printf '1000S\n%d 3\n' "$(cat "$M"/cur/* | wc -c)" >"$M/maildirsize"
	cp "$M/maildirsize" "$BATS_TEST_TMPDIR/size"
}

@test "a STORE that fails half-way tells what it has changed" {
	three
	run imap_failing renameat2:error=EIO:when=2 'a SELECT INBOX' 'b STORE 1:3 +FLAGS.SILENT (\Flagged)' 'c FETCH 1:3 FLAGS'
	has $'* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))\nb NO [SERVERBUG]' "$output"
	has $'* 2 FETCH (FLAGS (\\Recent))\n* 3 FETCH (FLAGS (\\Recent))' "$output"
}

@test "a COPY or MOVE that fails half-way leaves nothing in the other mailbox" {
	three
	for call in linkat:error=EIO:when=2 linkat:error=ENOSPC:when=3 fsync:error=EIO:when=1; do
		run imap_failing "$call" 'a SELECT INBOX' 'b COPY 1:3 Trash' 'c NOOP'
		has 'b NO' "$output"
		lacks EXPUNGE "$output"
		[ "$(find "$M/.Trash/cur" "$M/.Trash/tmp" -type f | wc -l)" = 0 ]
		cmp "$M/maildirsize" "$BATS_TEST_TMPDIR/size"
	done
	run imap_failing renameat2:error=EIO:when=2 'a SELECT INBOX' 'b MOVE 1:3 Trash' 'c NOOP'
	has 'b NO' "$output"
	lacks EXPUNGE "$output"
	[ "$(find "$M/.Trash/cur" -type f | wc -l) $(find "$M/cur" -type f | wc -l)" = "0 3" ]
	run imap_failing unlinkat:error=EIO:when=2 'a SELECT INBOX' 'b STORE 1:3 +FLAGS.SILENT (\Deleted)' 'c EXPUNGE'
	has $'* 1 EXPUNGE\nc NO' "$output"
	[ "$(awk 'NR > 1 { n += $2 } END { print n }' "$M/maildirsize")" = 2 ]
}

@test "a session that dies while it changes keeps no lock, and the next one sees all" {
	three
	run imap_failing renameat2:signal=KILL:when=2 'a SELECT INBOX' 'b STORE 1:3 +FLAGS (\Flagged)'
	run imap_failing linkat:signal=KILL:when=2 'a SELECT INBOX' 'b COPY 1:3 Trash'
	run imap_traced 'a SELECT INBOX\r\nb FETCH 1:3 FLAGS\r\nc COPY 1:3 Trash\r\nd STATUS Trash (MESSAGES)\r\n'
	[ "$(grep -c 'Flagged' <<<"$(grep 'FETCH (' <<<"$output")")" = 1 ]
	has 'c OK [COPYUID' "$output"
}
