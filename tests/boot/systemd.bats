#!/usr/bin/env bats
# The package in a Debian that systemd has booted.
load ../helper
load tree
: "${tree=}" # of tree_vars

# The filter of systemd-nspawn before 254 knows no Landlock.
landlock='landlock_create_ruleset landlock_add_rule landlock_restrict_self'

setup_file() {
	tree_missing systemd-nspawn >"$BATS_FILE_TMPDIR/missing"
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || return 0
	local tree=$BATS_FILE_TMPDIR/tree
	tree_make "$tree"
	in_tree "$tree" dpkg -i /root/chainmail.deb >"$BATS_FILE_TMPDIR/dpkg.log" 2>&1
	timeout -s KILL "${LIMIT:-300}" systemd-nspawn -q -D "$tree" -b \
		-M "chainmail-$$" --private-network --register=no --keep-unit \
		--system-call-filter="$landlock" \
		</dev/null >"$BATS_FILE_TMPDIR/boot.log" 2>&1 3>&- &
	local outer=$!
	echo "$outer" >"$BATS_FILE_TMPDIR/outer.pid"
	{ await 20 leader_found "$outer" && await 40 booted; } || {
		echo "systemd does not boot here: $(tail -n 1 "$BATS_FILE_TMPDIR/boot.log" |
			tr -cd ' -~')" >"$BATS_FILE_TMPDIR/missing"
		return 0
	}
	network_up
	configure mail.example.org
}

booted() {
	[[ $(inside systemctl is-system-running 2>/dev/null) == @(running|degraded) ]]
}

teardown_file() { tree_down; }

setup() { tree_vars; }

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || [ -s "$BATS_FILE_TMPDIR/missing" ] ||
		inside journalctl -b --no-pager -n 30 -u 'chainmail*'
}

failed() { inside systemctl --failed --no-legend --plain; }

@test "chainmail setup DOMAIN starts the server, now and with the machine" {
	[ "$(inside systemctl is-enabled chainmail.target)" = enabled ]
	grep -q '^_25._tcp.mail.example.org' "$BATS_FILE_TMPDIR/setup.out"
	[ "$(inside stat -c '%U:%G %a' /etc/chainmail/dkim/mail.example.org.ed1.pem)" = \
		'root:chainmail-mx 640' ]
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

@test "the day's TLS reports run, their timer waits" {
	inside systemctl start chainmail-tls-report.service
	has chainmail-tls-report "$(inside systemctl list-timers --no-pager)"
	[ -z "$(failed)" ]
}

@test "removed and purged while it runs, it leaves mail behind" {
	inside dpkg -P chainmail
	[ -z "$(inside systemctl list-units --no-legend --plain 'chainmail*.socket')" ]
	bob_has word-in
	[ ! -e "$tree/etc/chainmail" ]
	has word-stays "$(grep -rh word-stays "$tree/var/spool/chainmail/new")"
}
