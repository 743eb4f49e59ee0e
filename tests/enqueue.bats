#!/usr/bin/env bats
# enqueue and bounce.

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

@test "a CRLF across two reads becomes one LF" {
	{ printf 'S: x\r'; sleep 0.1; printf '\n\r\na\r'; sleep 0.1; printf '\n'; } |
		enqueue -f a@b.c d@e.f
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

@test "fields that are there stay alone" {
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

@test "-i: the same message twice is one message" {
	id=01K00000000000000000000000
	echo x | enqueue -i $id -f a@b.c d@e.f
	echo x | enqueue -i $id -f a@b.c d@e.f
	[ "$(only)" = "$CHAINMAIL_SPOOL/new/$id" ]
	run enqueue -i ../../etc/passwd -f a@b.c d@e.f </dev/null
	[ "$status" = 64 ]
}

@test "what is no address is refused before anything is written" {
	for bad in 'a b' '@' 'a@' '<x@y>' "x@y z"; do
		run enqueue -f a@b.c -- "$bad" </dev/null
		[ "$status" = 64 ]
	done
	run enqueue -f 'no sender@' d@e.f </dev/null
	[ "$status" = 64 ]
	[ -z "$(find "$CHAINMAIL_SPOOL"/{new,tmp} -type f)" ]
}

@test "a bare name is one of this host; a dash is no option behind --" {
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
	run bash -c '{ printf "a: b\n\n"; sleep 0.1; printf "\0"; } | enqueue -f a@b.c d@e.f'
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

# A report on the only message in the spool, read by an independent parser.
report() {
	bounce "$@" <"$(only)" >report
	python3 - report >parts <<-'X'
	import email, email.policy, sys
	m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
	assert not m.defects, m.defects
	print("type", m.get_content_type(), m["content-type"].params["report-type"])
	print("to", m["to"], "auto", m["auto-submitted"], "reply", m["in-reply-to"])
	parts = list(m.iter_parts())
	print("parts", *[p.get_content_type() for p in parts])
	print("text", parts[0].get_content().replace("\n", " "))
	for block in parts[1].get_payload():
	    print("block", *[f"{k}={v}" for k, v in block.items()])
	print("original", len(parts[2].as_bytes()))
	X
}

@test "bounce: a report a mail reader understands" {
	printf 'Subject: Gr\xc3\xbc\xc3\x9fe\nMessage-ID: <1@x>\n\ntext\n' |
		enqueue -f ann@example.net bob@example.org
	report -r 'no such user'
	grep -qx 'type multipart/report delivery-status' parts
	grep -qx 'to ann@example.net auto auto-replied reply <1@x>' parts
	grep -qx 'parts text/plain message/delivery-status message/rfc822' parts
	grep -q 'text .*bob@example.org.*no such user' parts
	grep -q 'block Reporting-MTA=dns; mail.example.org' parts
	grep -q 'block Final-Recipient=rfc822; bob@example.org Action=failed Status=5.0.0 Diagnostic-Code=X-chainmail; no such user' parts
}

@test "bounce: the state file says who failed and why" {
	id=01K00000000000000000000000
	echo x | enqueue -i $id -f ann@example.net a@example.org b@example.org c@example.org
	state=$CHAINMAIL_SPOOL/state/$id
	printf '%s\n' 'chainmail-state 1' \
		'at=1764000000 index=0 verdict=67 status=5.1.1 next=0 text=gone' \
		'at=1764000000 index=1 verdict=75 status=4.2.2 next=9 text=full' \
		'at=1764000000 index=2 verdict=0 status=2.0.0 next=0 text=' >"$state"
	report "$state"
	grep -q 'Final-Recipient=rfc822; a@example.org Action=failed Status=5.1.1' parts
	[ "$(grep -c 'b@example.org\|c@example.org' parts)" = 0 ]
	report -d "$state"
	grep -q 'Final-Recipient=rfc822; c@example.org Action=delivered Status=2.0.0' parts
	[ "$(grep -c 'a@example.org\|b@example.org' parts)" = 0 ]
	grep -qx 'parts text/plain message/delivery-status text/rfc822-headers' parts
	echo 'at=1764000001 index=0 verdict=67 status=5.1.1 next=0 reported=1 text=' >>"$state"
	run bounce "$state" <"$(only)"
	[ "$status" = 65 ]
}

@test "bounce: what no program may read is not in its part" {
	id=01K00000000000000000000000
	printf 'Subject: Gr\xfc\xdfe\n\nx\n' | enqueue -i $id -f ann@example.net a@example.org
	state=$CHAINMAIL_SPOOL/state/$id
	printf '%s\n' 'chainmail-state 1' \
		'at=1764000000 index=0 verdict=67 status=5.1.1 next=0 text=f%C3%BCr%20niemanden' >"$state"
	report "$state"
	# RFC 6533 3 writes such characters so.
	grep -q 'Diagnostic-Code=X-chainmail; f\\x{FC}r niemanden' parts
		grep -q 'Subject: Grüße' parts
	grep -q 'für niemanden' parts
}

@test "bounce: of a long message only the header comes back" {
	{ printf 'Subject: long\n\n'; yes 0123456789 | head -c 100000; } |
		enqueue -f ann@example.net bob@example.org
	report
	grep -qx 'parts text/plain message/delivery-status text/rfc822-headers' parts
	[ "$(wc -c <report)" -lt 66000 ]
}

@test "bounce: foreign text cannot add a field" {
	echo x | enqueue -f ann@example.net bob@example.org
	report -r "$(printf 'no\nAction: delivered\r\n\r\n--=_')"
	grep -q 'Action=failed' parts
	[ "$(grep -c '^Action: delivered' report)" = 0 ]
}

@test "bounce: what is no spool file is refused" {
	run bounce </etc/passwd
	[ "$status" = 65 ]
	run bounce </dev/null
	[ "$status" = 65 ]
	run bash -c 'echo | bounce'
	[ "$status" = 65 ]
}

@test "bounce cannot open a file once it reads the message" {
	need strace
	need_root
	sanitized && skip "the sanitizers make other calls"
	echo x | enqueue -f ann@example.net bob@example.org
	strace -o trace bounce <"$(only)" >report
	order=$(grep -n -E 'landlock_restrict_self|PR_SET_SECCOMP|pread64\(0' trace |
		sed -E 's/.*(landlock|SECCOMP|pread64\(0).*/\1/' | uniq | tr '\n' ' ')
	has "landlock SECCOMP pread64(0" "$order"
}
