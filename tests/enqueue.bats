#!/usr/bin/env bats
# enqueue: a message into the spool.

load helper

setup() {
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	cd "$BATS_TEST_TMPDIR" || return
}

only() { ls "$CHAINMAIL_SPOOL/new"/*; }
# The message of the only spool file.
message() { sed '1,/^$/d' "$(only)"; }

@test "a message is stored whole, and its id printed" {
	run enqueue -f ann@example.net bob@example.org cy@example.org <<-'X'
	Subject: one

	text
	X
	[ "$status" = 0 ]
	[ "${#output}" = 26 ]
	[ "$(only)" = "$CHAINMAIL_SPOOL/new/$output" ]
	grep -qx from=ann@example.net "$(only)"
	grep -qx to=bob@example.org "$(only)"
	grep -qx to=cy@example.org "$(only)"
	[ "$(message | tail -n 1)" = text ]
	[ -z "$(ls "$CHAINMAIL_SPOOL/tmp")" ]
}

@test "CRLF becomes LF; a bare CR stays; the last line is ended" {
	printf 'Subject: x\r\n\r\na\rb\r\nc' | enqueue -f a@b.c d@e.f
	[ "$(message | tail -n 2 | od -An -c | tr -d ' \n')" = 'a\rb\nc\n' ]
}

@test "no CR is lost before a CRLF" {
	printf 'S: x\r\n\r\na\r\r\nb\r\r\r\n\r\r\nc\r' | enqueue -f a@b.c d@e.f
	message | sed 1,/^S:/d >kept
	printf '\na\r\r\nb\r\r\r\n\r\r\nc\r\n' | cmp - kept
}

# pieces TEXT...: write each when the reader has taken the one before.
pieces() {
	python3 -c 'import fcntl, os, sys, termios, time
for text in sys.argv[1:]:
    os.write(1, text.encode().decode("unicode_escape").encode())
    while any(fcntl.ioctl(1, termios.FIONREAD, bytes(4))):
        time.sleep(0.001)' "$@"
}

@test "a CRLF across two reads becomes one LF" {
	pieces 'S: x\r' '\n\r\na\r' '\n' | enqueue -f a@b.c d@e.f
	[ "$(message | tr -dc '\r' | wc -c)" = 0 ]
	[ "$(message | tail -n 1)" = a ]
}

@test "Date, From and Message-ID are added where missing, Received always" {
	printf 'Subject: x\n\n' | enqueue -f a@b.c d@e.f
	message >m
	grep -q '^Date: ' m
	grep -q '^From: a@b.c$' m
	grep -q "^Message-ID: <.*@mail.example.org>$" m
	grep -q "^Received: by mail.example.org (chainmail) id " m
}

@test "existing fields are not repeated" {
	printf 'date: Mon, 1 Jan 2024 00:00:00 +0000\nFROM: x@y.z\nMessage-Id: <1@x>\n\n' |
		enqueue -f a@b.c d@e.f
	message >m
	[ "$(grep -ic '^date:' m)" = 1 ]
	[ "$(grep -ic '^from:' m)" = 1 ]
	[ "$(grep -ic '^message-id:' m)" = 1 ]
}

@test "a text without header gets one" {
	echo 'hello there' | enqueue -f a@b.c d@e.f
	message >m
	[ "$(sed '1,/^$/d' m)" = 'hello there' ]
}

@test "text without an empty line before it gets one" {
	printf 'Subject: x\nHello, no field\nTo: y\n' | enqueue -f a@b.c d@e.f
	message >m
	[ "$(sed '1,/^$/d' m)" = $'Hello, no field\nTo: y' ]
	[ "$(grep -c '^Subject: x$' m)" = 1 ]
}

@test "-i: the same message twice is one message" {
	id=01K00000000000000000000000
	echo x | enqueue -i $id -f a@b.c d@e.f
	echo x | enqueue -i $id -f a@b.c d@e.f
	[ "$(only)" = "$CHAINMAIL_SPOOL/new/$id" ]
	run enqueue -i ../../etc/passwd -f a@b.c d@e.f </dev/null
	[ "$status" = 64 ]
}

@test "an invalid address is refused before anything is written" {
	for bad in 'a b' '@' 'a@' '<x@y>' "x@y z"; do
		run enqueue -f a@b.c -- "$bad" </dev/null
		[ "$status" = 64 ]
	done
	run enqueue -f 'no sender@' d@e.f </dev/null
	[ "$status" = 64 ]
	[ -z "$(find "$CHAINMAIL_SPOOL"/{new,tmp} -type f)" ]
}

@test "a bare name is at this host; a dash after -- is not an option" {
	echo x | enqueue -f '<>' -- bob -oQpwn
	grep -qx to=bob@mail.example.org "$(only)"
	grep -qx to=-oQpwn@mail.example.org "$(only)"
	grep -qx from= "$(only)"
}

@test "limits: size, header, hops, NUL" {
	printf 'message-size 20K\nheader-size 4K\nhops 5\n' >"$CHAINMAIL_ETC/limits"
	run bash -c 'yes 123456789 | head -c 30000 | enqueue -f a@b.c d@e.f'
	[ "$status" = 65 ]
	run bash -c '{ echo; yes 123456789 | head -c 30000; } | enqueue -f a@b.c d@e.f'
	[ "$status" = 65 ]
	run bash -c 'yes "Received: x" | head -n 6 | enqueue -f a@b.c d@e.f'
	[ "$status" = 65 ]
	run bash -c 'printf "a: b\n\n\0" | enqueue -f a@b.c d@e.f'
	[ "$status" = 65 ]
	run bash -c '{ printf "a: b\n\n"; yes 123456789 | head -n 500; printf "\0"; } | enqueue -f a@b.c d@e.f'
	[ "$status" = 65 ]
	split_nul() { pieces 'a: b\n\n' '\0' | enqueue -f a@b.c d@e.f; }
	run split_nul
	[ "$status" = 65 ]
	[ -z "$(find "$CHAINMAIL_SPOOL"/{new,tmp} -type f)" ]
}

@test "a spool without reserve takes nothing" {
	need_root
	mount -t tmpfs -o size=8m tmpfs "$CHAINMAIL_SPOOL" || skip "no mount"
	head -c 7800000 /dev/zero >"$CHAINMAIL_SPOOL/fill"
	run enqueue -f a@b.c d@e.f <<<x
	umount "$CHAINMAIL_SPOOL"
	[ "$status" = 75 ]
	has "is full" "$output"
}

@test "file and directory are synced before the id is printed" {
	need strace
	sanitized && skip "the sanitizers make other calls"
	echo x | strace -o trace -e trace=openat,write,pwrite64,fsync,renameat2,renameat \
		enqueue -f a@b.c d@e.f >id
	tmp=$(sed -n 's/^openat([0-9]*, "[0-9A-Z]\{26\}", .*O_EXCL.* = //p' trace)
	sed -n "/O_EXCL/,\$p" trace >order
	grep -n "^write($tmp" order | head -n 1 | cut -d: -f1 >a
	grep -n "^fsync($tmp)" order | cut -d: -f1 >b
	grep -n '^renameat2.*NOREPLACE' order | cut -d: -f1 >c
	grep -n '^fsync(' order | tail -n 1 | cut -d: -f1 >d
	grep -n '^write(1' order | cut -d: -f1 >e
	[ "$(cat a b c d e)" = "$(cat a b c d e | sort -n -u)" ]
	[ "$(cat a b c d e | wc -l)" = 5 ]
}

@test "enqueue reads no file but the spool once it reads the message" {
	need strace
	need_root
	sanitized && skip "the sanitizers make other calls"
	echo x | strace -f -o trace enqueue -f a@b.c d@e.f
	# The sandbox stands before the first byte of the message.
	order=$(grep -n -E 'landlock_restrict_self|PR_SET_SECCOMP|^[0-9]+ +read\(0' trace |
		sed -E 's/.*(landlock|SECCOMP|read\(0).*/\1/' | uniq | tr '\n' ' ')
	has "landlock SECCOMP read(0" "$order"
}
