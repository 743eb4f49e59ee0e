#!/usr/bin/env bats
# What chainmail-setup and chainmail-service make as root is open to those who
# need it and to nobody else, whatever the umask: in a tree with name spaces and
# accounts of its own, so that nothing of the machine is touched.
# shellcheck disable=SC2016 # scripts for the shell in there
load helper
# release only

setup() {
	need_root
	need unshare setpriv s6-svscan s6-log ip openssl curl
	unshare --mount --pid --net --fork true 2>/dev/null ||
		skip 'no name spaces may be made here'
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree"/{dev,etc,opt,proc,root,run,tmp,usr,var/{log,mail,spool}}
	chmod -R 755 "$tree"
	chmod 1777 "$tree/tmp"
	# As Debian has it.
	chmod 2775 "$tree/var/mail"
	for link in bin sbin lib lib64; do ln -s "usr/$link" "$tree/$link"; done
	cp -a /etc/ld.so.cache /etc/alternatives /etc/ssl "$tree/etc"
	cp -a "$BUILD/bin" "$tree/opt/chainmail"
	accounts "$TOP/etc/systemd/sysusers.conf"
	chgrp 8 "$tree/var/mail"
}

# What systemd-sysusers makes of the file, in the tree.
accounts() {
	echo root:x:0:0::/root:/bin/sh >"$tree/etc/passwd"
	echo nobody:x:65534:65534::/:/bin/sh >>"$tree/etc/passwd"
	awk -v passwd="$tree/etc/passwd" '
		BEGIN { id["root"] = 0; id["mail"] = 8; id["nobody"] = 65534; next_id = 900 }
		$1 == "g" || $1 == "u" { id[$2] = next_id++ }
		$1 == "u" { print $2 ":x:" id[$2] ":" id[$2] "::/:/bin/false" >>passwd }
		$1 == "m" { members[$3] = members[$3] (members[$3] ? "," : "") $2 }
		END { for (g in id) print g ":x:" id[g] ":" members[g] }
	' "$1" >"$tree/etc/group"
}

# world UMASK SCRIPT: with bash in the tree; all that it started ends with it.
world() {
	unshare --mount --pid --net --fork --kill-child --mount-proc="$tree/proc" \
		bash -c 'mount --bind /usr "$1/usr" && mount --rbind /dev "$1/dev" &&
			ip link set lo up && umask "$2" &&
			exec env -i PATH=/opt/chainmail:/usr/sbin:/usr/bin HOME=/root \
				ASAN_OPTIONS="$ASAN_OPTIONS" chroot "$1" bash -euc "$3"' \
		bash "$tree" "$1" "$(declare -f await await_or_not port_open); $2" 3>&-
}

everything='find /etc/chainmail /var/spool/chainmail /var/mail /run/chainmail'

@test "what is made is the same under every umask" {
	for umask in 000 022 077; do
		world "$umask" "chainmail setup -u bob@example.org \
				-s /etc/chainmail/services example.org
			$everything -printf '%M %u:%g %p\n' | sort -k 3 >/root/$umask" \
			>"$BATS_TEST_TMPDIR/out"
		diff "$tree/root/000" "$tree/root/$umask"
		rm -r "$tree"/{etc,run,var/spool}/chainmail
	done
}

@test "under s6 what carries mail has time to finish it" {
	world 022 'chainmail setup -s /etc/chainmail/services >/dev/null 2>&1
		cd /etc/chainmail/services && grep . */timeout-kill >/root/times'
	patience=$(sed -n 's/.*SERVE_WORKER_S = \([0-9]*\).*/\1/p' "$TOP/lib/os/serve.h")
	for name in commands filters deliver send queue-run; do
		[ "$(sed -n "s,^$name/timeout-kill:,,p" "$tree/root/times")" -gt $((patience * 1000)) ]
	done
	[ "$(grep -c . "$tree/root/times")" -gt 8 ]
}

same() { diff <(echo "$1") <(echo "$2"); }

# readers SCRIPT: who but root can read or change something of what it makes
# under umask 077, but for what everybody can read.
readers() {
	world 077 "$1 >/root/out 2>&1
		list() { setpriv --reuid=\$1 --regid=\$1 --init-groups \
			$everything ! -type d \$2 2>/dev/null | sort; }
		list nobody -readable >/root/open
		for user in nobody \$(sed -n 's/^\(chainmail[^:]*\|vmail\):.*/\1/p' /etc/passwd); do
			list \$user -readable | comm -23 - /root/open | sed \"s/^/\$user /\"
			list \$user -writable | sed \"s/^/\$user writes /\"
		done"
}

@test "each secret is open to the one program that needs it" {
	run readers 'chainmail setup -u bob@example.org example.org'
	same "$output" 'chainmail-tls /etc/chainmail/tls/default/key.pem
chainmail-ca /etc/chainmail/ca/key.pem
chainmail-auth /etc/chainmail/secrets.cdb'
	same "$(cat "$tree/root/open")" '/etc/chainmail/ca/ca.pem
/etc/chainmail/logins/logins.cdb
/etc/chainmail/me
/etc/chainmail/mta-sts.example.org.txt
/etc/chainmail/tls/default/cert.pem
/etc/chainmail/users.cdb'
}

@test "a user of its own renews the server's own certificate, and no other" {
	world 022 'as_ca() { setpriv --reuid=chainmail-ca --regid=chainmail-ca --init-groups "$@"; }
		chainmail setup >/root/out 2>&1
		ip addr add 192.0.2.77/32 dev lo
		echo mail.example.net >/etc/chainmail/me
		as_ca chainmail-certificate -r
		as_ca chainmail-certificate -r
		cd /etc/chainmail/tls/default
		stat -c "%a %U %n" . *
		openssl verify -CAfile /etc/chainmail/ca/ca.pem -verify_hostname mail.example.net \
			-verify_ip 192.0.2.77 cert.pem
		setpriv --reuid=chainmail-tls --regid=chainmail-tls --init-groups cat key.pem >/dev/null
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/k \
			-out /root/c -subj /CN=mail.example.net -days 3 2>/dev/null
		chainmail certificate /root/c /root/k 2>/dev/null
		stat -c "%U" .' >"$BATS_TEST_TMPDIR/out" 2>&1
	cat "$BATS_TEST_TMPDIR/out"
	has '755 chainmail-ca .' "$(<"$BATS_TEST_TMPDIR/out")"
	has 'cert.pem: OK' "$(<"$BATS_TEST_TMPDIR/out")"
	has '640 root key.pem' "$(<"$BATS_TEST_TMPDIR/out")"
	[ "$(grep -c result=renewed "$BATS_TEST_TMPDIR/out")" = 1 ]
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = root ]
}

@test "signing keys that smtpd could read are closed by the next setup" {
	world 022 'chainmail setup -u bob@example.org example.org >/root/out 2>&1
		old() {
			chmod 750 /etc/chainmail/dkim && chmod 640 /etc/chainmail/dkim/*
			chown -R "root:$1" /etc/chainmail/dkim
		}
		modes() { stat -c "%a %U:%G" /etc/chainmail/dkim /etc/chainmail/dkim/*; }
		old chainmail-mx
		chainmail setup example.org >/root/out 2>&1
		modes >/root/closed
		old mail # somebody else signs
		chainmail setup example.org >/root/out 2>&1
		modes >/root/kept'
	same "$(sort -u "$tree/root/closed")" '600 root:root
700 root:root'
	same "$(sort -u "$tree/root/kept")" '640 root:mail
750 root:mail'
}

@test "no service can take lines from the log" {
	run readers 'chainmail setup -s /etc/chainmail/services'
	same "$output" 'chainmail-tls /etc/chainmail/tls/default/key.pem
chainmail-ca /etc/chainmail/ca/key.pem
chainmail-auth /etc/chainmail/secrets.cdb'
	lacks fifo "$(cat "$tree/root/open")"
	has /etc/chainmail/services/smtpd/run "$(cat "$tree/root/open")"
}

@test "folders above those that are made are open too" {
	world 077 'export CHAINMAIL_ETC=/var/a/etc CHAINMAIL_SPOOL=/var/b/spool \
			CHAINMAIL_MAIL=/var/c/mail CHAINMAIL_RUN=/run/d/run CHAINMAIL_LOG=/var/e/log
		chainmail setup -s /var/f/services
		for folder in /var/[abcef] /run/d; do
			[ "$(stat -c %a $folder)" = 755 ]
		done
		# smtpd, of another user, looks for marks of full mailboxes.
		[ "$(stat -c %a:%U /var/c/mail)" = 751:vmail ]
		rm -r /run/d
		chainmail-service nothing || true
		[ "$(stat -c %a /run/d)" = 755 ]'
}

# services: the script's beginning.
services='cd /root
	chainmail setup -u bob@example.org -s /etc/chainmail/services example.org 2>told >records
	s6-svscan /etc/chainmail/services <>/etc/chainmail/services/log/fifo >&0 2>&1 &
	await 20 port_open 25
	await 20 port_open 993
	await 20 test -S /run/chainmail/local
	await 20 test -S /run/chainmail/tls
	await 20 test -S /run/chainmail/auth
	ca=/etc/chainmail/ca/ca.pem
	user=bob@example.org:$(sed -n "s/^password: //p" told)
	fetch() { curl -sS --cacert $ca --user "$user" "imaps://localhost/INBOX;MAILINDEX=$1"; }
	came() { fetch "$1" 2>/dev/null | grep -q "$2"; }
	logged() { grep -qs "$1" /etc/chainmail/services/log/lines/current; }
	printf "From: bob@example.org\r\nSubject: word-in\r\n\r\nx\r\n" >message'

@test "the services run when all was made and started under umask 077" {
	run world 077 "$services"'
		submit() { curl -sS --cacert $ca --user "$user" --mail-from bob@example.org \
			--mail-rcpt "$1" -T message smtps://localhost; }
		await 10 submit bob@example.org
		await 20 came 1 word-in
		setpriv --reuid=nobody --regid=nobody --clear-groups \
			sendmail bob@example.org < <(echo word-local)
		await 20 came 2 word-local
		(umask 022 && echo "far.example 127.0.0.1:1" >/etc/chainmail/routes)
		submit x@far.example
		await 20 logged " send event=.*to=x@far.example"
		logged " tlsd event=" && logged " queue-run event="
		# The check has run and is down; once more, with a mistake to find.
		(umask 022 && echo "recipients x" >/etc/chainmail/limits)
		s6-svwait -d -t 20000 /etc/chainmail/services/check
		s6-svc -u /etc/chainmail/services/check
		await 20 logged " chainmail-check event=check text=\"/etc/chainmail/limits:1: .*\""
		s6-svwait -d -t 20000 /etc/chainmail/services/check
		chainmail queue list
		stat -c "log %U" /etc/chainmail/services/log/lines/current'
	echo "$output"
	[ "$status" = 0 ]
	has x@far.example "$output"
	has 'log chainmail-log' "$output"
}

@test "a running command is awaited when deliver is stopped, and runs once" {
	run world 022 "$services"'
		echo "slow@example.org | touch /tmp/started; until [ -e /tmp/go ]; do sleep 0.1; done; echo ran >>/tmp/ran" \
			>>/etc/chainmail/users
		chainmail user compile
		echo word | sendmail -f bob@example.org slow@example.org
		await 20 test -e /tmp/started
		# Longer than other services have, and it is not down.
		! s6-svc -wD -T 4000 -d /etc/chainmail/services/deliver
		touch /tmp/go
		s6-svwait -D -t 20000 /etc/chainmail/services/deliver
		empty() { chainmail queue list | grep -q "^0 messages"; }
		await 20 empty
		cat /tmp/ran'
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -c '^ran' <<<"$output")" = 1 ]
}

@test "restarts, by signal, kill or s6-svscan, do not use up the log's archive" {
	world 022 'chainmail setup -s /etc/chainmail/services >/dev/null 2>&1
		cd /etc/chainmail/services/log
		exec 8<>fifo
		for n in {1..12}; do
			./run &
			echo "line $n" >&8
			await 10 grep -qs "line $n\$" lines/current
			kill -$((n % 2 ? 9 : 15)) $!
			wait $! || true
		done
		cd .. && mkdir /root/others && mv [!l]* local login /root/others
		for n in {13..14}; do
			s6-svscan . <>log/fifo >&0 2>&1 &
			echo "line $n" >&8
			await 10 grep -qs "line $n\$" log/lines/current
			kill $!
			wait $! || true
			await 10 s6-svwait -D -t 5000 log
		done
		cp log/lines/current /root/lines
		ls log/lines >/root/files'
	lacks @ "$(cat "$tree/root/files")"
	[ "$(grep -c "line [0-9]*$" "$tree/root/lines")" = 14 ]
}

# powers: of every process of chainmail its name, its five sets of capabilities,
# and how it has the log open.
powers='powers() {
		for proc in /proc/[0-9]*; do
			case $(readlink $proc/exe) in /opt/chainmail/*) ;; *) continue ;; esac
			name=$(cat $proc/comm)
			echo "$name" $(sed -n "s/^Cap...:[[:space:]]*0*\(.\)/\1/p" $proc/status) \
				$(sed -n "s/^flags:.*\(.\)/\1/p" $proc/fdinfo/2)
		done
	}'

@test "no process keeps a capability or can read the log" {
	run world 022 "$services"'
		'"$powers"'
		mkfifo /root/in
		openssl s_client -quiet -CAfile $ca -connect 127.0.0.1:993 \
			</root/in >/root/imap 2>/root/err &
		exec 8>/root/in
		# send starts with the first message that goes out.
		(umask 022 && echo "far.example 127.0.0.1:1" >/etc/chainmail/routes)
		echo word | sendmail -f bob@example.org x@far.example
		await 20 logged " send event=.*to=x@far.example"
		echo "a LOGIN ${user%%:*} ${user#*:}" | sed "s/\$/\r/" >&8
		await 5 grep -q "a OK" /root/imap
		powers | sort -u'
	echo "$output"
	[ "$status" = 0 ]
	for name in authd command-run imapd listen login queue-run send smtpd tlsd; do
		has "$name 0 0 0 0 0 1" "$output"
	done
	[ "$(grep -cv ' 0 0 0 0 0 1$' <<<"$output")" = 0 ]
}

@test "mail for a full mailbox is refused by a smtpd of another user" {
	run world 077 "$services"'
		echo "small@example.org mailbox quota=2K" >>/etc/chainmail/users
		chainmail user compile
		printf "%0700d\r\n%0700d\r\n" 0 0 >>message
		mail() { curl -sS --mail-from a@far.example --mail-rcpt small@example.org \
			-T message "$@" smtp://localhost; }
		first() { [ -n "$(ls /var/mail/example.org/small/Maildir/new)" ]; }
		mail
		await 20 first 2>/dev/null
		mail # accepted, and then there is no room
		await 20 test -e /var/mail/.full/small@example.org
		mail -v || echo "curl $?"'
	echo "$output"
	has ': 452' "$output"
	has 'curl 55' "$output"
}

@test "the folder of sockets stays as systemd's tmpfiles.d has it" {
	world 077 'mkdir -m 755 /run/chainmail
		mode() { chainmail-service nothing || true; stat -c %a:%G /run/chainmail; }
		mkdir -p /run/systemd/system
		[ "$(mode)" = 755:root ]
		rm -r /run/systemd
		[ "$(mode)" = 2775:chainmail ]'
}
