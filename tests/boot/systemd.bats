#!/usr/bin/env bats
# The package in a Debian that systemd has booted.
bats_require_minimum_version 1.5.0
load ../helper
load tree
: "${tree=}" # of tree_vars

setup_file() { tree_boot; }

teardown_file() { tree_down; }

setup() { tree_vars; }

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || [ -s "$BATS_FILE_TMPDIR/missing" ] ||
		inside journalctl -b --no-pager -n 30 -u 'chainmail*'
}

@test "chainmail setup DOMAIN starts the server, now and with the machine" {
	[ "$(inside systemctl is-enabled chainmail.target)" = enabled ]
	grep -q '^_submissions._tcp.mail.example.org' "$BATS_FILE_TMPDIR/setup.out"
	grep -q 'Settings for mail programs' "$BATS_FILE_TMPDIR/setup.out"
	[ "$(inside stat -c '%U:%G %a' /etc/chainmail/dkim/mail.example.org.ed1.pem)" = \
		'root:root 600' ]
}

@test "mail comes in and is delivered" {
	client mail eve@far.example bob@mail.example.org word-in
	await 15 bob_has word-in
}

@test "a user of the machine sends mail, in and out" {
	echo word-local | inside runuser -u ann -- \
		/usr/sbin/sendmail bob@mail.example.org carl@far.example
	await 15 bob_has word-local
	await 15 far_has word-local
	has ann@mail.example.org "$(grep -rh '^From:' "$BATS_FILE_TMPDIR/sink")"
}

@test "a user sends by submission" {
	client many out 1 carl@far.example bob@mail.example.org "$(password)"
	await 15 far_has out-1-
}

@test "every unit is active or waits, none has failed" {
	[ "$(inside systemctl is-active chainmail.target)" = active ]
	while read -r unit _; do
		[ "$(inside systemctl is-active "$unit")" = active ] || { echo "$unit"; false; }
	done < <(inside systemctl list-unit-files --no-legend 'chainmail*.socket' 'chainmail*.timer')
	for unit in smtpd local deliver queue-run send authd; do
		[ "$(inside systemctl is-active "chainmail-$unit")" = active ] || { echo "$unit"; false; }
	done
	[ -z "$(failed)" ]
}

@test "no process of it runs as root" {
	run inside sh -c 'for p in /proc/[0-9]*; do
		case $(readlink $p/exe) in
		/usr/lib/chainmail/*) stat -c "%U" $p ;; esac; done | sort -u'
	has chainmail-queue "$output"
	lacks root "$output"
}

@test "restarts in the middle of a transfer lose nothing" {
	client many storm 300 carl@far.example bob@mail.example.org "$(password)" &
	sender=$!
	for n in 50 100 200; do
		await 60 came_more_than "$n"
		inside systemctl restart chainmail-queue-run chainmail-send chainmail-smtpd
	done
	wait $sender
	await 60 nothing_lost storm 300
	[ -z "$(failed)" ]
}
came_more_than() { [ "$(grep -rls storm- "$BATS_FILE_TMPDIR/sink" | wc -l)" -gt "$1" ]; }

# What came, word by word, at the other host and in bob's mailbox.
arrived() {
	grep -rhos "^Subject: steady-[0-9]*-" "$BATS_FILE_TMPDIR/sink" \
		"$tree"/var/mail/mail.example.org/bob/Maildir/new | cut -d ' ' -f 2 | sort
}
words() { [ "$(wc -l <"$BATS_TEST_TMPDIR/words")" -gt "$1" ]; }
all_arrived() { [ -z "$(sort "$BATS_TEST_TMPDIR/words" | comm -23 - <(arrived))" ]; }

@test "ten restarts of everything under load: what was accepted arrives once" {
	client steady "$BATS_TEST_TMPDIR/words" bob@mail.example.org "$(password)" \
		carl@far.example bob@mail.example.org &
	sender=$!
	await 30 words 20
	for unit in chainmail chainmail.target chainmail 'chainmail-*.service' \
		chainmail.target 'chainmail-*.socket' chainmail 'chainmail-*.socket' \
		chainmail.target chainmail; do
		inside systemctl restart "$unit" || { touch "$BATS_TEST_TMPDIR/words.stop"; false; }
		await 30 words $(($(wc -l <"$BATS_TEST_TMPDIR/words") + 5))
	done
	touch "$BATS_TEST_TMPDIR/words.stop"
	wait $sender
	await 60 all_arrived
	[ -z "$(arrived | uniq -d)" ]
	[ -z "$(failed)" ]
	has 'open       25  smtp' "$(inside chainmail status)"
}

@test "as many restarts as come to mind, in no time, exhaust nothing" {
	for _ in {1..12}; do inside systemctl restart chainmail.target; done
	for _ in {1..12}; do inside systemctl restart chainmail-smtp.socket chainmail-smtpd.service; done
	inside systemctl restart chainmail
	[ -z "$(failed)" ]
	lacks closed "$(inside chainmail status)"
}

@test "systemctl knows chainmail: status, stop, start, enable, disable" {
	status=$(inside systemctl status --no-pager chainmail)
	has 'active (exited)' "$status"
	has '587  submission' "$status"
	inside systemctl stop chainmail
	[ -z "$(beside ss -Hltn 'sport < 1024')" ]
	run inside chainmail status
	[ "$status" = 69 ]
	inside systemctl start chainmail
	[ "$(beside ss -Hltn 'sport < 1024' | wc -l)" = 7 ]
	inside systemctl disable chainmail
	[ "$(inside systemctl is-enabled chainmail.target)" = disabled ]
	inside systemctl enable chainmail
	[ "$(inside systemctl is-enabled chainmail.target)" = enabled ]
}

@test "a port that is not wanted is closed by a mask, the rest stays" {
	client mail eve@far.example bob@mail.example.org word-before-mask
	inside systemctl mask -q --now chainmail-pop3.socket
	inside systemctl restart chainmail
	[ -z "$(beside ss -Hltn 'sport = 110')" ]
	inside chainmail status
	inside systemctl unmask -q chainmail-pop3.socket
	inside chainmail status -o
	[ -n "$(beside ss -Hltn 'sport = 110')" ]
}

# foreign PORT: another program's service, foreign.service, listens there.
foreign() {
	inside systemd-run -q --unit=foreign perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(LocalPort => '"$1"', Listen => 5) or die;
		sleep 1000'
	await 10 port_taken "$1"
}
port_taken() { [ -n "$(beside ss -Hltn "sport = $1")" ]; }

@test "a port that another program has is named by setup, which starts the rest" {
	inside systemctl stop chainmail
	foreign 143
	run inside chainmail setup
	echo "$output"
	[ "$status" = 75 ]
	has 'closed    143  imap' "$output"
	has 'perl (process ' "$output"
	has 'systemctl disable --now foreign.service' "$output"
	has 'open       25  smtp' "$output"
	has 'open      993  imaps' "$output"
	# login runs, for imaps.
	beside bash -c 'exec 3<>/dev/tcp/127.0.0.1/110 && read -r line <&3 && echo "$line"' | grep -q OK
	inside systemctl stop foreign
	run inside chainmail setup
	echo "$output"
	[ "$status" = 0 ]
	has 'open      143  imap' "$output"
	[ -z "$(failed)" ]
}

@test "removed and installed again it runs, with the machine too" {
	inside apt-get -qq remove -y chainmail
	[ -z "$(beside ss -Hltn 'sport < 1024')" ]
	inside apt-get -qq install -y --no-install-recommends /root/chainmail.deb
	[ "$(inside systemctl is-enabled chainmail.target)" = enabled ]
	client mail eve@far.example bob@mail.example.org word-again
	await 15 bob_has word-again
	inside systemctl stop chainmail
	inside dpkg -i /root/chainmail.deb
	[ -z "$(beside ss -Hltn 'sport < 1024')" ]
	inside systemctl start chainmail
}

@test "an upgrade of the running server loses nothing" {
	client many upgrade 100 carl@far.example bob@mail.example.org "$(password)" &
	sender=$!
	await 30 far_has upgrade-
	inside dpkg -i /root/chainmail.deb
	wait $sender
	await 60 nothing_lost upgrade 100
	[ "$(inside systemctl is-active chainmail-queue-run)" = active ]
	[ -z "$(failed)" ]
}

@test "the 101st connection of one source is refused" {
	run client crowd 192.0.2.1 100
	has '100 421' "$output"
}

@test "root looks at the queue" {
	echo word-stays | inside runuser -u ann -- /usr/sbin/sendmail carl@dead.example
	await 15 queue_names dead.example
	lacks far.example "$(inside chainmail queue list | grep carl)"
}
queue_names() { inside chainmail queue list | grep -q "$1"; }

@test "the server's certificate gets the address that the machine gets" {
	inside ip addr add 203.0.113.77/32 dev lo
	[ "$(inside systemctl is-active chainmail-certificate.timer)" = active ]
	inside systemctl start chainmail-certificate.service
	has 'does match' "$(inside openssl x509 -in /etc/chainmail/tls/default/cert.pem -noout -checkip 203.0.113.77)"
	inside ip addr del 203.0.113.77/32 dev lo
	[ -z "$(failed)" ]
}

@test "the day's TLS reports run, their timer waits" {
	inside systemctl start chainmail-tls-report.service
	has chainmail-tls-report "$(inside systemctl list-timers --no-pager)"
	[ -z "$(failed)" ]
}

@test "mistakes of the configuration are told by a unit of their own" {
	[ "$(inside systemctl is-active chainmail-check.service)" = active ]
	echo 'recipients lots' >"$tree/etc/chainmail/limits"
	run ! inside systemctl restart chainmail-check.service
	has /etc/chainmail/limits:1: \
		"$(inside systemctl status --no-pager chainmail-check.service || true)"
	[ "$(inside systemctl is-active chainmail-smtp.socket)" = active ]
	rm "$tree/etc/chainmail/limits"
	inside systemctl restart chainmail-check.service
	[ -z "$(failed)" ]
}

@test "removed and purged while it runs, it leaves mail behind" {
	inside dpkg -P chainmail
	[ -z "$(inside systemctl list-units --no-legend --plain 'chainmail*.socket')" ]
	bob_has word-in
	[ ! -e "$tree/etc/chainmail" ]
	has word-stays "$(grep -rh word-stays "$tree/var/spool/chainmail/new")"
}
