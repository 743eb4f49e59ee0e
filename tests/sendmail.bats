#!/usr/bin/env bats
# sendmail, and the programs that call it.

load helper

setup() {
	private_dirs
	cd "$BATS_TEST_TMPDIR" || return
	echo mx.example.org >"$CHAINMAIL_ETC/me"
	private_users 'example.org       domain
bob@example.org   mailbox
root@example.org  -> bob@example.org
ann@example.org   mailbox'
	# Where an unprivileged user may reach it.
	CHAINMAIL_RUN=$(mktemp -d /tmp/chainmail-XXXXXX)
	chmod 755 "$CHAINMAIL_RUN"
	export CHAINMAIL_RUN
	cp "$BUILD/bin/sendmail" "$CHAINMAIL_RUN/sendmail"
	chmod 755 "$CHAINMAIL_RUN/sendmail"
	SENDMAIL=$CHAINMAIL_RUN/sendmail
	background listen -k "local=$CHAINMAIL_RUN/local:0666" smtpd 2>log
	await_socket "$CHAINMAIL_RUN/local"
}
teardown() {
	stop_background
	rm -rf "${CHAINMAIL_RUN:?}"
}

# The content of the spool: the envelope's lines; the message; the count.
envelope() { sed '/^$/q' "$CHAINMAIL_SPOOL"/new/*; }
message() { sed '1,/^$/d' "$CHAINMAIL_SPOOL"/new/*; }
body() { message | sed '1,/^$/d'; }
queued() { find "$CHAINMAIL_SPOOL/new" -type f | wc -l; }

@test "the message goes to those on the command line" {
	printf 'Subject: x\n\nhello\n' | sendmail -f ann@example.org bob@example.org 'Eve <eve@remote.example>'
	run envelope
	has from=ann@example.org "$output"
	has $'to=bob@example.org\nto=eve@remote.example' "$output"
	has "auth=uid:$(id -u) service=local" "$output"
	run message
	has $'Subject: x\n' "$output"
	has "(uid $(id -u))" "$output"
	has 'Date: ' "$output"
	has 'Message-ID: <' "$output"
	[ "$(body)" = hello ]
}

@test "from the queue it reaches the mailbox" {
	echo hi | sendmail root
	queue-run -1
	grep -r . "$CHAINMAIL_MAIL/example.org/bob/Maildir/new" | grep -q 'hi$'
	[ "$(queued)" = 0 ]
}

@test "-t: the header's recipients and those of the command line, Bcc is secret" {
	sendmail -t cy@c.example <<-'X'
	To: "Doe, Ann" <ann@a.example> (a comment), friends: b@b.example,
	 "q\"uo te"@b.example;, bob@example.org
	Cc: =?utf-8?q?J=C3=B6rg?= <joerg@d.example>, <@relay.example:e@e.example>, ann@a.example
	Bcc: hidden@f.example

	X
	run envelope
	has $'to=cy@c.example\nto=ann@a.example\nto=b@b.example\n' "$output"
	has 'to=%22q%5C%22uo%20te%22@b.example' "$output"
	has $'to=joerg@d.example\nto=e@e.example\nto=hidden@f.example' "$output"
	[ "$(grep -c ^to= <<<"$output")" = 8 ]
	[ "$(message | grep -ci bcc)" = 0 ]
}

@test "-t: of a message that is sent again, only its Resent- fields" {
	printf 'To: old@a.example\nResent-To: new@b.example\nResent-Bcc: h@c.example\n\n' | sendmail -t
	[ "$(envelope | grep ^to=)" = $'to=new@b.example\nto=h@c.example' ]
	[ "$(message | grep -c Resent-)" = 1 ]
}

@test "-t without a recipient, and no recipient at all" {
	run sendmail -t <<<'Subject: x'
	[ "$status" = 64 ]
	run sendmail <<<x
	[ "$status" = 64 ]
	[ "$(queued)" = 0 ]
}

@test "a dot on a line ends the message, but not with -i or -oi" {
	printf 'a: b\n\none\n.\ntwo\n' | sendmail bob
	[ "$(body)" = one ]
	rm "$CHAINMAIL_SPOOL"/new/*
	for i in -i -oi; do
		printf 'a: b\n\none\n.\n..\n.x\n' | sendmail $i bob
		[ "$(body)" = $'one\n.\n..\n.x' ]
		rm "$CHAINMAIL_SPOOL"/new/*
	done
}

@test "CRLF, CR alone, NUL, a missing last line end" {
	printf 'a: b\r\n\r\none\r\r\n10%%\r20%%\rd\0one' | sendmail -i bob
	[ "$(body)" = $'one\n10%\n20%\ndone' ]
}

@test "text without a header, and with From_ before it" {
	printf 'just text: no\nmore\n' | sendmail bob
	message | grep -q '^From: '
	[ "$(body)" = $'just text: no\nmore' ]
	rm "$CHAINMAIL_SPOOL"/new/*
	printf 'From a@b Thu Nov 26\nSubject: x\n\nt\n' | sendmail bob
	message | grep -q '^Subject: x'
	[ "$(message | grep -c 'From a@b')" = 0 ]
}

@test "bare names get the host's name, in envelope and header" {
	printf 'From: root (Cron Daemon)\nTo: bob, x@y.example\n\n' | sendmail -F ignored -f root bob
	run message
	has 'From: root@mx.example.org (Cron Daemon)' "$output"
	has 'To: bob@mx.example.org, x@y.example' "$output"
	[ "$(envelope | grep -c 'from=root@mx.example.org')" = 1 ]
}

@test "-F names the author, -f <> is the null sender" {
	echo x | sendmail -F 'Jörg "J" Ö' -f '<>' bob
	envelope | grep -qx 'from='
	message >m
	python3 - <<-'X'
	import email, email.policy
	m = email.message_from_binary_file(open("m", "rb"), policy=email.policy.default)
	a = m["from"].addresses[0]
	assert (a.display_name, a.addr_spec) == ('Jörg "J" Ö', "MAILER-DAEMON@mx.example.org"), str(a)
	X
}

@test "DSN and VERP words" {
	echo x | sendmail -N failure,delay -R hdrs -V 'id 1+' -XV -f list@example.org bob
	run envelope
	has 'ret=HDRS envid=id%201+' "$output"
	has 'verp=-=' "$output"
	has 'notify=FAILURE,DELAY' "$output"
	run sendmail -N sometimes bob <<<x
	[ "$status" = 64 ]
	run sendmail -XV/x bob <<<x
	[ "$status" != 0 ]
}

@test "8-bit text and addresses are announced" {
	printf 'Subject: x\n\nGr\xc3\xbc\xc3\x9fe\n' | sendmail jörg@bücher.example
	run envelope
	has 'body=8BITMIME' "$output"
	has 'smtputf8=1' "$output"
	rm "$CHAINMAIL_SPOOL"/new/*
	printf 'Subject: x\n\nGr\xc3\xbc\xc3\x9fe\n' | sendmail bob
	[ "$(envelope | grep -c smtputf8)" = 0 ]
}

@test "refused recipients are named, the others get it; the codes are sysexits" {
	run sendmail nobody@example.org bob <<<x
	[ "$status" = 67 ]
	has 'sendmail: nobody@example.org: 550 5.1.1' "$output"
	[ "$(envelope | grep ^to=)" = to=bob@mx.example.org ]
	run sendmail 'a b@c' <<<x
	[ "$status" != 0 ]
	[ "$(queued)" = 1 ]
}

@test "an address can't inject a command" {
	run sendmail $'"x\r\nDATA\r\n"@example.org' <<<x
	[ "$status" = 65 ]
	printf 'To: "x\n y"@example.org\n\n' >m
	run sendmail -t <m
	[ "$status" = 65 ]
	[ "$(queued)" = 0 ]
	sendmail -f $'a@b.example>\r\nRCPT TO:<x@y.example' bob <<<x
	[ "$(envelope | grep ^to=)" = to=bob@mx.example.org ]
}

@test "no server: 75, and it says so" {
	stop_background
	rm -f "$CHAINMAIL_RUN/local"
	run sendmail bob <<<x
	[ "$status" = 75 ]
	has 'no mail server answers' "$output"
	has 'try again later' "$output"
}

@test "too long a message is refused before it is sent" {
	printf 'message-size 20K\nheader-size 4K\n' >"$CHAINMAIL_ETC/limits"
	run bash -c 'yes 123456789 | head -c 30000 | sendmail bob'
	[ "$status" = 65 ]
	has 'larger than 20480 bytes' "$output"
	run bash -c 'yes "a: b" | head -c 5000 | sendmail bob'
	[ "$status" = 65 ]
	[ "$(queued)" = 0 ]
}

@test "a large message, with a line that has no end" {
	{ printf 'a: b\n\n'; head -c 3000000 /dev/zero | tr '\0' x; echo; yes .dots | head -n 100000; } >big
	sendmail -i bob <big
	body | cmp - <(sed 1,2d big)
}

@test "more recipients than the server takes at once" {
	echo 'recipients 3' >"$CHAINMAIL_ETC/limits"
	echo x | sendmail a@r.example b@r.example c@r.example d@r.example e@r.example
	[ "$(queued)" = 2 ]
	[ "$(cat "$CHAINMAIL_SPOOL"/new/* | grep -c ^to=)" = 5 ]
}

@test "-bv asks, and sends nothing; -bs speaks SMTP" {
	run sendmail -bv bob nobody@example.org x@remote.example
	[ "$status" = 67 ]
	has 'bob: can be sent to' "$output"
	has 'nobody@example.org: 550' "$output"
	has 'x@remote.example: can be' "$output"
	run sendmail -bs < <(printf '%s\r\n' 'EHLO x' 'MAIL FROM:<root>' 'RCPT TO:<bob>' DATA 'a: b' '' x . QUIT)
	has '221 2.0.0' "$output"
	[ "$(queued)" = 1 ]
}

@test "mailq, newaliases, -bp, -bi and -q become chainmail's programs" {
	ln -s "$BUILD/bin/sendmail" newaliases
	echo 'eve@example.org mailbox' >>"$CHAINMAIL_ETC/users"
	./newaliases
	sendmail -bv eve@example.org
	run sendmail -bd
	[ "$status" = 64 ]
	[ -x "$BUILD/bin/chainmail-queue" ] || skip "there is no chainmail-queue"
	ln -s "$BUILD/bin/sendmail" mailq
	echo x | sendmail bob
	run ./mailq
	[ "$status" = 0 ]
	has bob@mx.example.org "$output"
	[ "$(sendmail -bp)" = "$output" ]
}

@test "an empty queue is no error for mailq and -q, and -q says nothing" {
	ln -s "$BUILD/bin/sendmail" mailq
	for command in ./mailq 'sendmail -bp'; do
		run $command
		[ "$status" = 0 ]
		[ "$output" = 'Mail queue is empty' ]
	done
	# Nobody runs the queue, and nothing waits.
	run sendmail -q
	[ "$status" = 0 ]
	[ -z "$output" ]
	run sendmail -q15m
	[ "$status$output" = 0 ]
	echo x | sendmail bob
	run sendmail -q
	[ "$status" = 75 ]
	has 'queue-run does not run' "$output"
	background queue-run 2>/dev/null
	await_socket "$CHAINMAIL_RUN/queue"
	run sendmail -q
	[ "$status$output" = 0 ]
}

@test "-q is silent for those who may not run the queue" {
	need_root
	echo x | sendmail bob
	cp "$BUILD/bin/chainmail-queue" "$CHAINMAIL_RUN"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	chmod 700 "$CHAINMAIL_SPOOL" "$CHAINMAIL_SPOOL/new"
	run setpriv --reuid nobody --regid nogroup --clear-groups "$SENDMAIL" -q
	[ "$status$output" = 0 ]
	background queue-run 2>/dev/null
	await_socket "$CHAINMAIL_RUN/queue"
	chmod 755 "$CHAINMAIL_SPOOL" "$CHAINMAIL_SPOOL"/{new,state,hold}
	run setpriv --reuid nobody --regid nogroup --clear-groups "$SENDMAIL" -q
	[ "$status$output" = 0 ]
	# mailq must not say that the queue is empty then.
	chmod 700 "$CHAINMAIL_SPOOL/new"
	run setpriv --reuid nobody --regid nogroup --clear-groups "$SENDMAIL" -bp
	[ "$status" = 77 ]
}

@test "options of other sendmails are known" {
	echo x | sendmail -G -n -m -U -B8BITMIME -Ac -Lx -h5 -odb -oem -om -o7 -d0.1 \
		-Ooption=x -C/dev/null -pSMTP:x -x -em bob
	[ "$(queued)" = 1 ]
	run sendmail --colour bob <<<x
	[ "$status" = 64 ]
	has usage: "$output"
}

@test "anybody of this machine may send; who it was stands in the envelope" {
	need_root
	printf 'a: b\n\nx\n' | setpriv --reuid nobody --regid nogroup --clear-groups \
		env -u LOGNAME "$SENDMAIL" -f any@example.org x@remote.example
	run envelope
	has auth=uid:65534 "$output"
	has from=any@example.org "$output"
	has helo=nobody "$output"
}

@test "sendmail can open no file once it reads the message" {
	need strace
	sanitized && skip "the sanitizers make other calls"
	strace -o trace "$SENDMAIL" bob <<<x
	order=$(grep -n -E 'landlock_restrict_self|SECCOMP|^read\(0|AF_UNIX.*local' trace |
		sed -E 's/.*(landlock|SECCOMP|read\(0|local).*/\1/' | uniq | tr '\n' ' ')
	has 'landlock SECCOMP read(0 local' "$order"
}

@test "the local socket trusts no other kind of peer" {
	python3 "$TOP/tests/smtpd.py" local_over_tcp
}

@test "one user can't take all connections" {
	need_root
	stop_background
	background listen -k -s 1,local "local=$CHAINMAIL_RUN/local:0666" smtpd 2>log
	await 10 grep -q . <(sendmail -bv bob 2>&1)
	mkfifo hold
	exec 7<>hold # never at its end
	sendmail -bs <hold >held 3>&- &
	BACKGROUND+=("$!")
	await 10 grep -q 220 held
	run sendmail bob <<<x
	[ "$status" = 75 ]
	setpriv --reuid nobody --regid nogroup --clear-groups "$SENDMAIL" bob <<<x
	[ "$(queued)" = 1 ]
	grep -q 'event=refused service=local client=local reason=source' log
	exec 7>&-
}

# Programs that call it, each in its own way.

@test "cron" {
	printf 'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> date\nAuto-Submitted: auto-generated (rfc3834)\n\nout\n' |
		"$SENDMAIL" -FCronDaemon -i -B8BITMIME -oem root
	queue-run -1
	grep -rq '^Auto-Submitted' "$CHAINMAIL_MAIL/example.org/bob/Maildir/new"
}

@test "bsd-mailx" {
	need bsd-mailx
	echo "set sendmail=$SENDMAIL" >mailrc
	echo hello | MAILRC=$PWD/mailrc bsd-mailx -s greeting bob
	message | grep -qx 'Subject: greeting'
	[ "$(body)" = hello ]
}

@test "s-nail" {
	need s-nail
	echo hello | s-nail -n -S mta="$SENDMAIL" -S v15-compat -r ann@example.org -s greeting bob@example.org
	message | grep -qx 'Subject: greeting'
	[ "$(body)" = hello ]
	envelope | grep -qx from=ann@example.org
}

@test "PHP's mail()" {
	need php
	php -d sendmail_path="$SENDMAIL -t -i" -r \
		'exit(mail("bob@example.org, x@remote.example", "greeting", "hello\n.\nend", "From: ann@example.org\r\nBcc: h@remote.example") ? 0 : 1);'
	message | grep -qx 'Subject: greeting'
	[ "$(body)" = $'hello\n.\nend' ]
	[ "$(envelope | grep -c ^to=)" = 3 ]
}

@test "mutt" {
	need mutt
	printf 'set sendmail="%s -oem -oi"\nset copy=no\nset use_envelope_from=yes\nset from=ann@example.org\nset dsn_notify="failure,delay"\nset dsn_return=hdrs\n' "$SENDMAIL" >muttrc
	HOME=$PWD mutt -F muttrc -s greeting bob@example.org <<<hello
	message | grep -qx 'Subject: greeting'
	run envelope
	has from=ann@example.org "$output"
	has notify=FAILURE,DELAY "$output"
}

@test "git send-email" {
	[ -x "$(git --exec-path)/git-send-email" ] || skip "git send-email is not installed"
	git init -q r
	git -C r -c user.name=A -c user.email=ann@example.org commit -q --allow-empty -m one
	printf 'From: Ann <ann@example.org>\nSubject: [PATCH] one\nDate: Thu, 26 Nov 2026 12:00:00 +0000\n\ntext\n' >r/0001.patch
	HOME=$PWD git -C r -c user.name=A -c user.email=ann@example.org send-email --quiet \
		--sendmail-cmd="$SENDMAIL" --envelope-sender=ann@example.org --to bob@example.org --confirm=never --suppress-cc=all 0001.patch
	message | grep -qx 'Subject: \[PATCH\] one'
	envelope | grep -qx from=ann@example.org
}
