#!/usr/bin/env bats
# bounce: reports for people and programs.
bats_require_minimum_version 1.5.0
load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	id=01KAXXQ5000000000000000000
	state=$CHAINMAIL_SPOOL/state/$id
}

only() { find "$CHAINMAIL_SPOOL/new" -type f; }

# spooled ENVELOPE: a spool file of these lines, of the message on stdin.
spooled() {
	python3 - "$CHAINMAIL_SPOOL/new/$id" "$1" 3<&0 <<-'X'
	import os, sys
	message = os.fdopen(3, "rb").read()
	words = sys.argv[2].encode() + b"\n\n"
	first = "chainmail-spool 1 header=%010d size=%020d\n"
	size = len(first % (0, 0)) + len(words)
	with open(sys.argv[1], "wb") as f:
	    f.write((first % (size, len(message))).encode() + words + message)
	X
}

# state LINE...: what became of the recipients.
state() { printf '%s\n' 'chainmail-state 1' "$@" >"$state"; }

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

@test "bounce: text for people is not in the part for programs" {
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

@test "bounce: only the header of a long message is returned" {
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

@test "bounce: a file of another kind is refused" {
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

@test "bounce: the text tells what happened, which host reported it, what to do" {
	echo x | spooled $'from=ann@example.net\nclient=local\nto=bob@example.org'
	state 'at=1764000000 index=0 verdict=69 status=5.1.1 next=0 reply=1 host=mx.example.org text=550%205.1.1%20User%20unknown'
	report "$state"
	grep -q '^Subject: Not delivered to bob@example.org: no such mailbox$' report
	grep -q 'text Your message could not be delivered to bob@example.org and .*There is no such mailbox.*mx.example.org answered: *550 5.1.1 User unknown.*What to do: Compare' parts
	grep -q 'Action=failed Status=5.1.1 Remote-MTA=dns; mx.example.org Diagnostic-Code=smtp; 550 5.1.1 User unknown Last-Attempt-Date=Mon, 24 Nov 2025 16:00:00 +0000 Final-Log-ID=01KAXXQ5000000000000000000' parts
	# All is ASCII, and no line is long.
	[ "$(LC_ALL=C grep -c '[^ -~	]' report)" = 0 ]
	[ "$(grep -cE '^.{79}' report)" = 0 ]
}

@test "bounce: the message's own facts" {
	echo x | spooled $'from=ann@example.net envid=a+b\nclient=192.0.2.7 helo=[192.0.2.7] service=smtp\nto=bob@example.org orcpt=rfc822%3Broot@example.org'
	report
	grep -q 'block Original-Envelope-Id=a+b Reporting-MTA=dns; mail.example.org Received-From-MTA=dns; \[192.0.2.7\] Arrival-Date=' parts
	grep -q 'block Original-Recipient=rfc822; root@example.org Final-Recipient=rfc822; bob@example.org' parts
}

@test "bounce: recipients are grouped by reason" {
	echo x | spooled $'from=ann@example.net\nclient=local\nto=a@x.example\nto=b@x.example\nto=c@x.example\nto=d@x.example'
	state 'at=1 index=0 verdict=69 status=5.1.1 next=0 reply=1 host=mx text=550%20no' \
		'at=1 index=1 verdict=69 status=5.2.2 next=0 reply=1 host=mx text=552%20full' \
		'at=1 index=2 verdict=69 status=5.1.1 next=0 reply=1 host=mx text=550%20no' \
		'at=1 index=3 verdict=0 status=2.0.0 next=0 text='
	report "$state"
	grep -qx 'Subject: Not delivered to 3 addresses' report
	grep -qE 'text .*these 3 addresses.*no such mailbox[^@]* a@x.example +c@x.example +mx answered: +550 no +What to do.*mailbox is full[^@]* b@x.example +mx answered: +552 full' parts
	[ "$(grep -c d@x.example report)" = 0 ]
	[ "$(grep -c '^block Final-Recipient' parts)" = 3 ]
}

@test "bounce: a delay is told with the time until it is tried" {
	echo 'queue-life 3d' >"$CHAINMAIL_ETC/limits"
	printf 'Subject: x\n\nsecret\n' | spooled $'from=ann@example.net\nclient=local\nto=a@x.example\nto=b@x.example notify=FAILURE\nto=c@x.example notify=DELAY,FAILURE\nto=d@x.example\nto=e@x.example'
	state 'at=1 index=0 verdict=75 status=4.4.1 next=9 warn=1 text=no%20answer' \
		'at=1 index=1 verdict=75 status=4.4.1 next=9 text=no%20answer' \
		'at=1 index=2 verdict=75 status=4.4.1 next=9 warn=1 text=no%20answer' \
		'at=1 index=3 verdict=75 status=4.4.1 next=9 warn=1 warned=1 text=no%20answer' \
		'at=1 index=4 verdict=67 status=5.1.1 next=0 text=gone'
	report -w "$state"
	[ "$(grep -o 'Final-Recipient=[^ ]* [^ ]*' parts | tr -d '\n')" = \
		'Final-Recipient=rfc822; a@x.exampleFinal-Recipient=rfc822; c@x.example' ]
	# The birth that the id tells, and three days.
	grep -q 'Action=delayed Status=4.4.1 Diagnostic-Code=X-chainmail; no answer .*Will-Retry-Until=Fri, 28 Nov 2025 16:32:01 +0000' parts
	grep -q 'parts text/plain message/delivery-status text/rfc822-headers' parts
	grep -q 'text .*You need not send it again' parts
	[ "$(grep -c secret report)" = 0 ]
	run bounce -d "$state" <"$(only)"
	[ "$status" = 65 ]
}

@test "bounce: relayed and expanded are told apart from delivered" {
	echo x | spooled $'from=ann@example.net\nclient=local\nto=a@x.example\nto=b@x.example\nto=c@x.example'
	state 'at=1 index=0 verdict=0 status=2.0.0 next=0 text=' \
		'at=1 index=1 verdict=0 status=2.0.0 next=0 action=1 reply=1 host=2001:db8::1 text=250%20ok' \
		'at=1 index=2 verdict=0 status=2.0.0 next=0 action=2 text='
	report -d "$state"
	grep -q 'rfc822; a@x.example Action=delivered Status=2.0.0 Last' parts
	grep -q 'rfc822; b@x.example Action=relayed Status=2.0.0 Remote-MTA=dns; \[IPv6:2001:db8::1\] Diagnostic-Code=smtp; 250 ok' parts
	grep -q 'rfc822; c@x.example Action=expanded' parts
	grep -q 'text .*mailbox of: *a@x.example.*no such reports.*: *b@x.example.*members of a list.*: *c@x.example' parts
}

# A message to sales, which was expanded to these; and to copy, into its own
# mailbox.
places() {
	echo x | spooled $'from=ann@example.net\nclient=local\nto=sales@example.org orcpt=rfc822;Sales@Example.org\nto=copy@example.org'
	state 'place index=2 of=0 to=bob@example.org kind=mailbox for=sales@example.org orcpt=rfc822;Sales@Example.org end=1' \
		'place index=3 of=0 to=robot@example.org kind=pipe order=0 command=secret%20--word for=sales@example.org orcpt=rfc822;Sales@Example.org end=1' \
		'place index=4 of=0 to=ext@far.example for=sales@example.org orcpt=rfc822;Sales@Example.org end=1' \
		'at=1 index=0 verdict=0 status=2.0.0 next=0 action=2 places=3 text=' \
		'place index=5 of=1 to=copy@example.org kind=mailbox for=copy@example.org end=1' \
		'at=1 index=1 verdict=0 status=2.0.0 next=0 action=2 places=1 reported=1 text=' "$@"
}

@test "bounce: a place is named, with the address that it was reached through" {
	places 'at=1 index=2 verdict=65 status=5.2.3 next=0 text=large' \
		'at=1 index=3 verdict=65 status=5.3.0 next=0 text=no' \
		'at=1 index=4 verdict=65 status=5.1.1 next=0 host=mx.far.example reply=1 text=550%205.1.1%20gone' \
		'at=1 index=5 verdict=65 status=5.2.3 next=0 text=large'
	report -f "$state"
	text=$(grep '^text ' parts | tr -s ' ')
	for who in 'bob@example.org (through sales@example.org)' 'copy@example.org' \
		'the command of robot@example.org (through sales@example.org)' \
		'ext@far.example (through sales@example.org)'; do
		[[ $text == *" $who "* ]]
	done
	[[ $text != *'through copy'* ]]
	[ "$(grep -c secret report)" = 0 ]
	grep -q 'block Original-Recipient=rfc822; Sales@Example.org Final-Recipient=rfc822; bob@example.org Action=failed Status=5.2.3' parts
	grep -q 'block Original-Recipient=rfc822; Sales@Example.org Final-Recipient=rfc822; robot@example.org Action=failed' parts
	grep -q 'block Original-Recipient=rfc822; Sales@Example.org Final-Recipient=rfc822; ext@far.example Action=failed Status=5.1.1 Remote-MTA=dns; mx.far.example' parts
	grep -q 'block Final-Recipient=rfc822; copy@example.org' parts
	run ! grep 'Final-Recipient=rfc822; sales@' parts
}

@test "bounce: a single failed place is in the subject" {
	places 'at=1 index=3 verdict=65 status=5.3.0 next=0 text=no'
	report -f "$state"
	python3 -c 'import email, sys; from email.policy import default
print(" ".join(email.message_from_binary_file(open("report", "rb"), policy=default)["subject"].split()))' >subject
	grep -q 'the command of robot@example.org (through sales@example.org)' subject
	grep -q 'could not be delivered to the command of robot@example.org (through' parts
}

@test "bounce: expanded is told of the address, delivered of its places" {
	places
	report -d "$state"
	grep -q 'block Original-Recipient=rfc822; Sales@Example.org Final-Recipient=rfc822; sales@example.org Action=expanded Status=2.0.0' parts
	[ "$(grep -c 'Final-Recipient' parts)" = 1 ]
	places 'at=1 index=3 verdict=0 status=2.0.0 next=0 text='
	report -d "$state"
	grep -q 'text .*It was passed to: *the command of robot@example.org (through sales@example.org)' parts
}

@test "bounce: RET=HDRS returns the header alone" {
	printf 'Subject: x\n\nsecret\n' | spooled $'from=ann@example.net ret=HDRS\nclient=local\nto=a@x.example'
	report
	grep -q 'parts text/plain message/delivery-status text/rfc822-headers' parts
	[ "$(grep -c secret report)" = 0 ]
}

@test "bounce: a failed report is reported to the postmaster, with the reason" {
	printf 'Subject: x\n\nx\n' | spooled $'from=\nclient=local\nto=a@x.example'
	report -r 'no such user'
	grep -qx 'To: <postmaster@mail.example.org>' report
	grep -q '^Subject: Report without a sender, not delivered to a@x.example:' report
	grep -q 'text A report on the delivery of a message (a bounce) could not be delivered to a@x.example.*You receive this as the postmaster' parts
	[ "$(grep -c 'What to do' report)" = 0 ]
}

@test "bounce: 8-bit text comes back whole, and alone is not ASCII" {
	printf 'Subject: x\n\nGr\xfc\xdfe\n' | spooled $'from=ann@example.net body=8BITMIME\nclient=local\nto=a@x.example'
	report
	grep -q 'parts text/plain message/delivery-status message/rfc822' parts
	[ "$(LC_ALL=C grep -ac '[^ -~	]' report)" = 1 ]
	LC_ALL=C grep -aq $'Gr\xfc\xdfe' report
	grep -qx 'Content-Transfer-Encoding: 8bit' report
}

@test "bounce: a line too long for mail is not sent back as it is" {
	{ printf 'Subject: x\nX: '; head -c 2000 /dev/zero | tr '\0' x; printf '\n\ntext\n'; } |
		spooled $'from=ann@example.net\nclient=local\nto=a@x.example'
	report
	grep -q 'parts text/plain message/delivery-status text/rfc822-headers' parts
	[ "$(grep -cE '^.{999}' report)" = 0 ]
	[ "$(python3 -c 'import email, sys; print(len(email.message_from_file(sys.stdin).get_payload(2).get_payload(decode=True)))' <report)" = 2016 ]
}

# utf8 SENDER: report on an SMTPUTF8 message.
utf8() {
	printf 'From: <j\xc3\xb6rg@example.net>\nSubject: Gr\xc3\xbc\xc3\x9fe\n\nx \xc3\xbc\n' |
		spooled "from=$1 smtputf8=1"$'\nclient=local\nto=%E4%BE%8B@x.example orcpt=utf-8%3B%5Cx%7B4F8B%7D+@x.example'
	state 'at=1 index=0 verdict=69 status=5.6.7 next=0 reply=1 host=mx.example text=550%205.6.7%20%C3%BC'
	bounce "$state" <"$(only)" >report
}

@test "bounce: to an address in UTF-8 the report is in UTF-8" {
	utf8 j%C3%B6rg@example.net
	grep -qx 'To: <jörg@example.net>' report
	grep -q 'report-type=global-delivery-status' report
	grep -qx 'Original-Recipient: utf-8; 例+@x.example' report
	grep -qx 'Final-Recipient: utf-8; 例@x.example' report
	grep -qx 'Diagnostic-Code: smtp; 550 5.6.7 ü' report
	grep -qx 'Content-Type: message/global' report
	grep -qx 'Subject: Grüße' report
	grep -qx 'Content-Transfer-Encoding: 8bit' report
}

@test "bounce: to an address in ASCII the report is in ASCII" {
	utf8 ann@example.net
	[ "$(LC_ALL=C grep -c '[^ -~	]' report)" = 0 ]
	grep -q 'report-type=delivery-status' report
	grep -qxF 'Original-Recipient: utf-8; \x{4F8B}\x{2B}@x.example' report
	grep -qxF 'Final-Recipient: utf-8; \x{4F8B}@x.example' report
	grep -qxF 'Diagnostic-Code: smtp; 550 5.6.7 \x{FC}' report
	grep -qx 'Content-Type: message/global' report
	grep -qx 'Subject: Gr=C3=BC=C3=9Fe' report
	# The subject says it in encoded words.
	python3 -c 'import email, email.policy, sys
m = email.message_from_file(sys.stdin, policy=email.policy.default)
assert m["subject"] == "Not delivered to 例@x.example: the host does not support such addresses", m["subject"]' <report
}

# long SENDER: a recipient of 160 characters of three bytes each in UTF-8, and a
# reply of as many without a blank.
long() {
	local name reply
	name=$(printf '%%E4%%BE%%8B%.0s' {1..160})
	reply=$(printf '%%C3%%BC%.0s' {1..340})
	echo x | spooled "from=$1 smtputf8=1"$'\nclient=local\nto='"$name@x.example"
	state "at=1 index=0 verdict=69 status=5.1.1 next=0 reply=1 host=mx text=550%20$reply"
	bounce "$state" <"$(only)" >report
	[ "$(LC_ALL=C grep -c '^.\{999\}' report)" = 0 ]
	# The lines of the part for programs, as a reader has them.
	python3 - report <<-'X' >fields
	import quopri, sys
	part = open(sys.argv[1], "rb").read().split(b"\n--=_")[2]
	head, inner = part.split(b"\n\n", 1)
	if b"quoted-printable" in head:
	    inner = quopri.decodestring(inner)
	assert all(len(line) <= 998 for line in inner.splitlines()), inner
	print(head.decode(), inner.decode(), sep="\n\n")
	X
}

@test "bounce: a long address in UTF-8 is whole, and no line too long" {
	for from in ann@example.net j%C3%B6rg@example.net; do
		long "$from"
		grep -q 'report-type=global-delivery-status' report
		grep -qx 'Content-Type: message/global-delivery-status' fields
		grep -qx "Final-Recipient: utf-8; $(printf '例%.0s' {1..160})@x.example" fields
		rm "$(only)"
	done
	# A reply alone does not change the type, and ends with a whole character.
	echo x | spooled $'from=ann@example.net\nclient=local\nto=a@x.example'
	bounce "$state" <"$(only)" >report
	grep -qx 'Content-Type: message/delivery-status' report
	sed -n '/^Diagnostic-Code:/,/^Last/p' report >diagnostic
	grep -qE '^ ?(Diagnostic-Code: smtp; 550)?( |\\x\{FC\}){100,}$' diagnostic
	[ "$(LC_ALL=C grep -c '^.\{999\}' report)" = 0 ]
}

@test "bounce: a full disk means try again" {
	echo x | spooled $'from=ann@example.net\nclient=local\nto=a@x.example'
	run bash -c 'bounce <"$1" >/dev/full' - "$(only)"
	[ "$status" = 75 ]
}

@test "bounce: without a standard output nothing is done" {
	echo x | spooled $'from=ann@example.net\nclient=local\nto=a@x.example'
	run bash -c 'bounce <"$1" >&-' - "$(only)"
	[ "$status" = 75 ]
}

@test "bounce: if this host's name can't be read no other is used" {
	rm "$CHAINMAIL_ETC/me"
	mkdir "$CHAINMAIL_ETC/me"
	echo x | spooled $'from=ann@example.net\nclient=local\nto=a@x.example'
	run bounce <"$(only)"
	[ "$status" = 75 ]
	has 'event=die text="read' "$output"
}
