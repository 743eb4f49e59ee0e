#!/usr/bin/env bats
# What chainmail-setup and chainmail-service make as root is open to those who
# need it and to nobody else, whatever the umask: in a tree with name spaces and
# accounts of its own, so that nothing of the machine is touched.
# shellcheck disable=SC2016 # scripts for the shell in there
load helper

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
		bash "$tree" "$1" "$(declare -f await port_open); $2" 3>&-
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
chainmail-auth /etc/chainmail/secrets.cdb
chainmail-mx /etc/chainmail/dkim/example.org.ed1.pem
chainmail-mx /etc/chainmail/dkim/example.org.rsa1.pem'
	same "$(cat "$tree/root/open")" '/etc/chainmail/ca/ca.pem
/etc/chainmail/me
/etc/chainmail/mta-sts.example.org.txt
/etc/chainmail/tls/default/cert.pem
/etc/chainmail/users.cdb'
}

@test "nobody can take lines from the services' log" {
	run readers 'chainmail setup -s /etc/chainmail/services'
	same "$output" 'chainmail-tls /etc/chainmail/tls/default/key.pem
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
		chainmail queue list
		stat -c "log %U" /etc/chainmail/services/log/lines/current'
	echo "$output"
	[ "$status" = 0 ]
	has x@far.example "$output"
	has 'log chainmail-log' "$output"
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
