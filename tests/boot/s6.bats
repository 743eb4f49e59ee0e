#!/usr/bin/env bats
# The package under s6-svscan, started by root.
load ../helper
load tree
: "${tree=}" # of tree_vars

setup_file() {
	tree_missing >"$BATS_FILE_TMPDIR/missing"
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || return 0
	local tree=$BATS_FILE_TMPDIR/tree services=/etc/chainmail/services
	tree_make "$tree"
	in_tree "$tree" dpkg -i /root/chainmail.deb >"$BATS_FILE_TMPDIR/dpkg.log" 2>&1
	in_tree "$tree" sh -c "while [ ! -p $services/go ]; do sleep 0.1; done
		exec s6-svscan $services <>$services/log/fifo >&0 2>&1" \
		>"$BATS_FILE_TMPDIR/svscan.log" 2>&1 3>&- &
	local outer=$!
	echo "$outer" >"$BATS_FILE_TMPDIR/outer.pid"
	await 10 leader_found "$outer"
	network_up
	configure -s $services
	inside mkfifo $services/go
	await 20 beside bash -c ': <>/dev/tcp/127.0.0.1/25' 2>/dev/null
	await 20 inside test -S /run/chainmail/local
}

teardown_file() { tree_down; }

setup() { tree_vars; }

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || [ -s "$BATS_FILE_TMPDIR/missing" ] ||
		tail -n 30 "$tree"/var/log/chainmail/current
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

@test "each service has the user it should have" {
	run inside sh -c 'for p in /proc/[0-9]*; do
		case $(readlink $p/exe) in
		/usr/lib/chainmail/*) echo "$(cat $p/comm) $(stat -c %U $p)" ;;
		*/s6-log) echo "log $(stat -c %U $p)" ;;
		esac; done | sort -u'
	for pair in 'tlsd chainmail-tls' 'authd chainmail-auth' 'deliver vmail' \
		'send chainmail-out' 'listen chainmail-out' 'smtpd chainmail-mx' \
		'queue-run chainmail-queue' 'login vmail' 'log chainmail-log'; do
		has "$pair" "$output"
	done
	lacks ' root' "$output"
}

@test "restarts in the middle of a transfer lose nothing" {
	client many storm 200 carl@far.example bob@mail.example.org "$(password)" &
	sender=$!
	await 60 far_has storm-40-
	inside s6-svc -t /etc/chainmail/services/queue-run
	inside s6-svc -t /etc/chainmail/services/send
	inside s6-svc -t /etc/chainmail/services/smtpd
	await 60 far_has storm-120-
	for service in queue-run send smtpd; do
		inside s6-svc -k "/etc/chainmail/services/$service"
	done
	wait $sender
	# Nobody holds send's socket meanwhile: what queue-run then had waits.
	await 20 inside s6-svstat -o up /etc/chainmail/services/send
	await 20 inside test -S /run/chainmail/send
	await 60 retried_and_came
	await 20 client crowd 192.0.2.1 0
}

retried_and_came() {
	inside chainmail queue retry --all
	sleep 0.5
	nothing_lost storm 200
}

@test "the 101st connection of one source is refused" {
	run client crowd 192.0.2.1 100
	has '100 421' "$output"
}

@test "root looks at the queue" {
	echo word-stays | inside runuser -u ann -- /usr/sbin/sendmail carl@dead.example
	await 15 queue_names dead.example
}
queue_names() { inside chainmail queue list | grep -q "$1"; }
