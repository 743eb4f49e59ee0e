#!/usr/bin/env bats
# pop3d: RFC 1939, 2449 and 6856 after the login.
# shellcheck disable=SC2030,SC2031

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	MAILDIR=$BATS_TEST_TMPDIR/Maildir
	pop </dev/null >/dev/null # makes it
}
teardown() { stop_background; }

# put NAME TEXT: a message into new/.
put() { printf '%b' "$2" >"$MAILDIR/new/$1"; }

# pop OPTIONS...: a session; the commands come from stdin, CRLF is made.
pop() { crlf | pop3d "$@" "$MAILDIR" 2>>"$BATS_TEST_TMPDIR/log"; }

# says COMMANDS: the session's answers without CR.
says() { printf '%b' "$1" | pop | lf; }

@test "the greeting is the first +OK, and with -l the answer to PASS" {
	run -0 says 'QUIT\n'
	[[ ${lines[0]} == "+OK "* && ${lines[1]} == "+OK "* ]]
	run -0 pop -l -u bob@example.org <<<QUIT
	[[ ${lines[0]} == "+OK logged in"* ]]
	grep -q 'event=session user=bob@example.org .*end=quit' "$BATS_TEST_TMPDIR/log"
}

@test "a missing Maildir is made with the usual folders, subscribed" {
	[ "$(sort "$MAILDIR/subscriptions" | xargs)" = "Archive Drafts Junk Sent Trash" ]
	for folder in Archive Drafts Junk Sent Trash; do [ -d "$MAILDIR/.$folder/cur" ]; done
}

@test "STAT and LIST tell the size with CRLF" {
	put 1.a.h 'Subject: x\n\nbody\n'
	put 2.b.h,S=5,W=7 'a\nb\n\n'
	run -0 says 'STAT\nLIST\nLIST 2\n'
	[ "${lines[1]}" = "+OK 2 27" ]
	[ "${lines[3]}" = "1 20" ]
	[ "${lines[4]}" = "2 7" ]
	[ "${lines[5]}" = "." ]
	[ "${lines[6]}" = "+OK 2 7" ]
}

@test "RETR doubles dots and nothing else" {
	put 1.a.h 'S: x\n\n.\n..\n.x\na.b\n'
	printf 'RETR 1\r\n' | pop3d "$MAILDIR" 2>/dev/null | tail -n +3 >"$BATS_TEST_TMPDIR/out"
	printf 'S: x\r\n\r\n..\r\n...\r\n..x\r\na.b\r\n.\r\n' | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "poplib reads back byte for byte what was delivered" {
	need python3
	python3 - "$MAILDIR/new/1.big.h" <<-'EOF2'
		import random, sys
		random.seed(5)
		body = "".join(random.choice(["", ".", "..", ". ", "\xe9\xe9", "x" * 70, "a\tb"])
		    * random.randint(0, 40) + "\n" for _ in range(20000))
		open(sys.argv[1], "wb").write(b"Subject: big\n\n" + body.encode("latin1"))
	EOF2
	cp "$MAILDIR/new/1.big.h" "$BATS_TEST_TMPDIR/want"
	python3 - "$MAILDIR" "$BATS_TEST_TMPDIR/want" <<-'EOF2'
		import poplib, socket, subprocess, sys
		poplib._MAXLINE = 100000
		a, b = socket.socketpair()
		p = subprocess.Popen(["pop3d", sys.argv[1]], stdin=b, stdout=b, stderr=subprocess.DEVNULL)
		b.close()
		class Pop(poplib.POP3):
		    def _create_socket(self, timeout): return a
		c = Pop("unused")
		want = open(sys.argv[2], "rb").read()
		size = int(c.list(1).split()[2])
		assert size == len(want) + want.count(b"\n")
		response, lines, octets = c.retr(1)
		assert b"\n".join(lines) + b"\n" == want
		assert c.top(1, 0)[1] == [b"Subject: big", b""]
		assert len(c.top(1, 7)[1]) == 9
		c.quit()
		assert p.wait() == 0
	EOF2
}

@test "Outlook: NUL is replaced and the end of the header supplied" {
	put 1.a.h 'Subject: a\0b\n'
	put 2.b.h 'Subject: no end'
	put 3.c.h ''
	run -0 says 'RETR 1\nRETR 2\nRETR 3\n'
	[ "$output" = "$(printf '%s\n' '+OK 3 messages' \
		'+OK 16 octets' 'Subject: a?b' '' . \
		'+OK 19 octets' 'Subject: no end' '' . \
		'+OK 2 octets' '' .)" ]
}

@test "what one session has found out about a message no other looks up again" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	put 1.a.h,S=16,W=18 'Subject: x\n\nbody'
	put 2.b.h,S=10,W=11 'Subject: y'
	put 3.01ARZ3NDEKTSV4RRFFQ69G5FAVr0123abcd.h,S=12,W=14 'Subject: z\n\n'
	run -0 says 'STAT\nQUIT\n'
	[ "${lines[1]}" = "+OK 3 49" ]
	printf 'STAT\r\nLIST\r\nQUIT\r\n' |
		strace -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,openat2 pop3d "$MAILDIR" \
			2>/dev/null | lf >"$BATS_TEST_TMPDIR/out"
	grep -qx '+OK 3 49' "$BATS_TEST_TMPDIR/out"
	[ "$(sed -n 4,7p "$BATS_TEST_TMPDIR/out" | xargs)" = "1 20 2 15 3 14 ." ]
	grep -q '"index"' "$BATS_TEST_TMPDIR/trace"
	! grep ',S=' "$BATS_TEST_TMPDIR/trace"
}

@test "a message of another size is looked at again" {
	put 1.a.h,S=16,W=18 'Subject: x\n\nbody'
	run -0 says 'STAT\nQUIT\n'
	[ "${lines[1]}" = "+OK 1 20" ]
	printf 'Subject: x\n\nbodies\n' >"$MAILDIR/cur/$(ls "$MAILDIR/cur")"
	run -0 says 'RETR 1\nSTAT\nQUIT\n'
	[ "${lines[1]}" = "+OK 22 octets" ]
	[ "${lines[5]}" = "+OK 1 22" ]
	run -0 says 'STAT\nQUIT\n'
	[ "${lines[1]}" = "+OK 1 22" ]
}

@test "TOP gives the header, the empty line and so many lines" {
	put 1.a.h 'A: 1\nB: 2\n\none\ntwo\nthree\n'
	run -0 says 'TOP 1 0\nTOP 1 2\nTOP 1 99\nTOP 1\nTOP 1 -1\nTOP 1 x\n'
	[ "$(printf '%s\n' "${lines[@]}" | grep -c '^-ERR')" = 3 ]
	run -0 says 'TOP 1 2\n'
	[ "$output" = "$(printf '%s\n' '+OK 1 messages' '+OK 31 octets' 'A: 1' 'B: 2' '' one two .)" ]
}

@test "TOP: the text begins at the first line that is not a field" {
	put 1.a.h 'A: 1\nno field\nB: 2\n'
	put 2.b.h 'no field\nB: 2\n\nx\n'
	put 3.c.h 'A: 1\n>From a\nB: 2\n\nx\n'
	run -0 says 'TOP 1 0\nTOP 1 1\nTOP 2 0\nTOP 2 1\nTOP 3 0\n'
	[ "$output" = "$(printf '%s\n' '+OK 3 messages' \
		'+OK 22 octets' 'A: 1' '' . \
		'+OK 22 octets' 'A: 1' '' 'no field' . \
		'+OK 21 octets' '' . \
		'+OK 21 octets' '' 'no field' . \
		'+OK 26 octets' 'A: 1' '>From a' 'B: 2' '' .)" ]
}

@test "STAT, LIST and RETR tell the bytes that RETR sends" {
	need python3
	python3 - "$MAILDIR" <<-'EOF2'
		import os, subprocess, sys
		texts = [b"", b"x", b"x\n", b"A: b", b"A: b\n", b"A: b\n\n", b"A: b\n\nx",
		    b"A: b\n\nx\n", b"A: b\nx", b"A: b\r\n\r\nx\r\n", b"A: b\r\n\r\nx\r",
		    b"A: b\n\n\r\r\n\r", b"\n", b"\r\n", b"\r", b"A: b\n x", b"From x\nA: b",
		    b"A: " + b"y" * 20000, b"A: b\n\n" + b"z" * 20000, b"A: b\n\n.\n..\n\0"]
		for i, text in enumerate(texts):
		    with open(f"{sys.argv[1]}/new/{i + 1000}.x.h", "wb") as f: f.write(text)
		commands = b"STAT\r\nLIST\r\n" + b"".join(
		    b"RETR %d\r\nLIST %d\r\n" % (i + 1, i + 1) for i in range(len(texts)))
		out = subprocess.run(["pop3d", sys.argv[1]], input=commands + b"QUIT\r\n",
		    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
		out = out.split(b"\r\n", 1)[1]
		stat, out = out.split(b"\r\n", 1)
		sizes, out = out.split(b"\r\n", 1)[1].split(b".\r\n", 1)
		sizes = [int(l.split()[1]) for l in sizes.splitlines()]
		assert len(sizes) == len(texts)
		assert int(stat.split()[2]) == sum(sizes), (stat, sizes)
		for i, text in enumerate(texts):
		    said, out = out.split(b"\r\n", 1)
		    if out.startswith(b".\r\n"):
		        body, out = b"", out[3:]
		    else:
		        body, out = out.split(b"\r\n.\r\n", 1)
		        body += b"\r\n"
		    body = b"\r\n".join(l[1:] if l.startswith(b".") else l for l in body.split(b"\r\n"))
		    one, out = out.split(b"\r\n", 1)
		    assert sizes[i] == int(said.split()[1]) == int(one.split()[2]) == len(body), \
		        (text[:40], sizes[i], said, one, len(body), body[:40])
	EOF2
}

@test "DELE takes effect only at QUIT" {
	put 1.a.h 'x\n'
	put 2.b.h 'y\n'
	run -0 says 'DELE 1\nSTAT\nLIST\nRETR 1\nDELE 1\n'
	[ "${lines[2]}" = "+OK 1 3" ]
	[[ ${lines[6]} == "-ERR"* && ${lines[7]} == "-ERR"* ]]
	[ "$(find "$MAILDIR/cur" -type f | wc -l)" = 2 ] # no QUIT: nothing is deleted
	run -0 says 'DELE 1\nRSET\nSTAT\nQUIT\n'
	[ "${lines[3]}" = "+OK 2 6" ]
	[ "$(find "$MAILDIR/cur" -type f | wc -l)" = 2 ]
	says 'DELE 1\nQUIT\n'
	[ "$(find "$MAILDIR/cur" -type f -printf '%f\n')" = "2.b.h,S=2,W=3,U=2:2," ]
}

@test "UIDL stays over flag changes, moves from new to cur and kill -9, and is not used again" {
	put 1.a.h 'x\n'
	put 2.b.h 'y\n'
	first=$(says 'UIDL\n')
	[ "$(grep -cE '^[12] [0-9a-f]{16}$' <<<"$first")" = 2 ]
	mv "$MAILDIR/cur/1.a.h,U=1:2," "$MAILDIR/cur/1.a.h,U=1:2,FRS"
	[ "$(says 'UIDL\n')" = "$first" ]
	mkfifo "$BATS_TEST_TMPDIR/in"
	pop3d "$MAILDIR" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	exec 7>"$BATS_TEST_TMPDIR/in"
	await 10 grep -q '^+OK' "$BATS_TEST_TMPDIR/out"
	kill -9 $!
	exec 7>&-
	[ "$(says 'UIDL\n')" = "$first" ]
	last=$(says 'UIDL 2\nDELE 2\nQUIT\n' | sed -n 's/^+OK 2 //p')
	put 3.c.h 'z\n'
	run -0 says 'UIDL 2\n'
	[[ ${lines[1]} =~ ^\+OK\ 2\ [0-9a-f]{16}$ && ${lines[1]} != *"$last" ]]
}

@test "what another session removed answers -ERR and the numbers stay" {
	put 1.a.h 'x\n'
	put 2.b.h 'y\n'
	mkfifo "$BATS_TEST_TMPDIR/in"
	pop3d "$MAILDIR" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	exec 7>"$BATS_TEST_TMPDIR/in"
	await 10 grep -q '^+OK 2' "$BATS_TEST_TMPDIR/out"
	rm "$MAILDIR/cur/1.a.h,U=1:2,"
	mv "$MAILDIR/cur/2.b.h,U=2:2," "$MAILDIR/cur/2.b.h,U=2:2,S"
	put 3.c.h 'later\n'
	printf 'RETR 1\r\nRETR 2\r\nRETR 3\r\nDELE 2\r\nDELE 1\r\nQUIT\r\n' >&7
	exec 7>&-
	wait $!
	run lf <"$BATS_TEST_TMPDIR/out"
	[[ ${lines[1]} == "-ERR"* && ${lines[2]} == "+OK"* && ${lines[3]} == y ]]
	[[ ${lines[5]} == "-ERR no such message"* && ${lines[8]} == "+OK bye"* ]]
	[ "$(find "$MAILDIR/cur" "$MAILDIR/new" -type f -printf '%f\n')" = "3.c.h,U=3:2," ]
}

@test "a message that was retrieved is seen" {
	put 1.a.h 'x\n'
	put 2.b.h 'y\n'
	says 'RETR 1\nTOP 2 1\nQUIT\n'
	[ -e "$MAILDIR/cur/1.a.h,S=2,W=3,U=1:2,S" ]
	[ -e "$MAILDIR/cur/2.b.h,S=2,W=3,U=2:2," ]
}

@test "CAPA lists the capabilities" {
	run -0 says 'CAPA\n'
	for word in TOP UIDL "UTF8 USER" LANG USER RESP-CODES PIPELINING "EXPIRE NEVER"; do
		[[ $output == *$'\n'"$word"$'\n'* ]]
	done
	[ "${lines[-1]}" = . ]
}

@test "UTF8 and LANG are answered" {
	run -0 says 'UTF8\nLANG\nLANG *\nLANG en\nLANG xx\n'
	[[ ${lines[1]} == "+OK"* && ${lines[3]} == "en "* && ${lines[5]} == "+OK en "* ]]
	[[ ${lines[6]} == "+OK en "* && ${lines[7]} == "-ERR"* ]]
}

@test "pipelined commands get their answers in order" {
	put 1.a.h 'x\n'
	run -0 says 'NOOP\nSTAT\nUIDL 1\nRETR 1\nNOOP\nQUIT\n'
	[ "${#lines[@]}" = 9 ]
	[[ ${lines[2]} == "+OK 1 3" && ${lines[8]} == "+OK bye"* ]]
}

@test "wrong commands are answered, and too many end the session" {
	put 1.a.h 'x\n'
	run -0 says 'XYZZY\nRETR\nRETR 0\nRETR 2\nRETR 1 2\nRETR 99999999999999999999\nDELE -1\n\nSTAT\n'
	[ "$(printf '%s\n' "${lines[@]}" | grep -c '^-ERR')" = 8 ]
	[ "${lines[-1]}" = "+OK 1 3" ]
	run -0 says "$(printf 'X\\n%.0s' {1..40})STAT\n"
	[[ $output == *"-ERR too many errors" ]]
	run -0 says "$(printf 'X\\nNOOP\\n%.0s' {1..40})STAT\n"
	[ "${lines[-1]}" = "+OK 1 3" ]
}

@test "a session outlives the removal of all its messages by another" {
	local i
	for i in {10..59}; do put "$i.a.h" 'x\n'; done
	mkfifo "$BATS_TEST_TMPDIR/in"
	pop3d "$MAILDIR" <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	exec 7>"$BATS_TEST_TMPDIR/in"
	await 10 grep -q '^+OK 50' "$BATS_TEST_TMPDIR/out"
	rm "$MAILDIR"/cur/*
	printf 'RETR %s\r\n' {1..50} >&7
	printf 'NOOP\r\nQUIT\r\n' >&7
	exec 7>&-
	wait $!
	run lf <"$BATS_TEST_TMPDIR/out"
	[ "$(grep -c '^-ERR message .* is gone' <<<"$output")" = 50 ]
	[ "${lines[-2]}" = "+OK done" ]
	[[ ${lines[-1]} == "+OK bye"* ]]
}

@test "a line that is too long or has a bare LF is refused, and the next is read" {
	run -0 pop < <(printf 'NOOP %2000s\nSTAT\n' x)
	[[ ${lines[1]} == "-ERR the line is too long"* && ${lines[2]} == "+OK 0 0"* ]]
	run -0 pop3d "$MAILDIR" < <(printf 'NOOP\nNOOP\rNOOP\r\nSTAT\r\n') 2>/dev/null
	[[ ${lines[1]} == "-ERR lines must end"* && ${lines[2]} == "-ERR lines must end"* && ${lines[3]} == "+OK 0 0"* ]]
}

@test "a mailbox that is not safe is refused, and told why" {
	chmod 770 "$MAILDIR/cur"
	run pop <<<QUIT
	[ "$status" = 75 ]
	[[ $output == "-ERR [SYS/PERM] ${MAILDIR##*/}/cur is writable by others (owner $(id -u), mode 0770); remedy: chmod u+rwx,go-w "* ]]
	chmod 700 "$MAILDIR/cur"
	rm -r "$MAILDIR/new"
	ln -s cur "$MAILDIR/new"
	run pop <<<QUIT
	[ "$status" = 75 ]
}

@test "a wrong command line is refused" {
	run -64 pop3d
	run -64 pop3d a b
	run -64 pop3d -x "$MAILDIR"
}

@test "deleting invalidates the mark of a full mailbox" {
	put 1.a.h 'xxxxxxxxxx\n'
	printf '5S\n11 1\n' >"$MAILDIR/maildirsize"
	mkdir "$CHAINMAIL_MAIL/.full"
	touch "$CHAINMAIL_MAIL/.full/bob@example.org"
	mark=$CHAINMAIL_MAIL/.full/bob@example.org
	touch "$CHAINMAIL_MAIL/.full/ann@example.org"
	pop -u bob@example.org <<<$'QUIT\n'
	[ "$(stat -c %Y "$mark")" -gt 0 ]
	pop -u bob@example.org <<<$'DELE 1\nQUIT\n'
	[ "$(stat -c %Y "$mark")" = 0 ]
	[ "$(stat -c %Y "$CHAINMAIL_MAIL/.full/ann@example.org")" -gt 0 ]
}

@test "the session can open nothing but its mailbox, and make no socket or process" {
	need strace
	sanitized && skip "the sanitizer has its own calls"
	put 1.a.h 'x\n'
	ln -s /etc/passwd "$MAILDIR/new/2.b.h"
	ln "$MAILDIR/new/1.a.h" "$MAILDIR/new/3.c.h" # a hard link is no way out
	run -0 says 'RETR 2\nRETR 3\n' # a symbolic link is no message
	[[ ${lines[1]} == "+OK"* && ${lines[*]} == *"-ERR no such message, there are 2"* ]]
	printf 'QUIT\r\n' | strace -f -o "$BATS_TEST_TMPDIR/trace" pop3d "$MAILDIR" >/dev/null 2>&1
	awk '/landlock_restrict_self/ { sealed = 1 } /PR_SET_SECCOMP/ { filtered = sealed }
		/read\(0,/ { exit !filtered } ' "$BATS_TEST_TMPDIR/trace"
	[ "$(grep -cE '^[0-9]+ +(socket|execve|fork|clone)' "$BATS_TEST_TMPDIR/trace")" = 1 ] # its own start
}

@test "the log says which messages QUIT removed" {
	put 1700000000.01K8XJ3N4T0000000000000000.host 'a: b\n\nx\n'
	pop -u bob@example.org <<<$'DELE 1\nQUIT'
	grep -q 'event=expunge user=bob@example.org folder=INBOX messages=1 uid=1 id=01K8XJ3N4T0000000000000000$' \
		"$BATS_TEST_TMPDIR/log"
}
