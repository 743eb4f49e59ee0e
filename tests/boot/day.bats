#!/usr/bin/env bats
# An administrator's day with the package in a Debian that systemd has booted:
# accounts of their own uid, commands, filters, logs.
bats_require_minimum_version 1.5.0
load ../helper
load tree
: "${tree=}" # of tree_vars

setup_file() { tree_boot; }

teardown_file() { tree_down; }

setup() { tree_vars; }

teardown() {
	[ -z "${SCANNERS-}" ] || kill "$SCANNERS" 2>/dev/null
	[ -n "${BATS_TEST_COMPLETED-}" ] || [ -s "$BATS_FILE_TMPDIR/missing" ] ||
		inside journalctl -b --no-pager -n 30 -u 'chainmail*'
}

host=mail.example.org
# The users file's lines are added as an administrator does: by an editor.
users() {
	printf '%s\n' "$@" >>"$tree/etc/chainmail/users"
	inside chainmail user compile
}
holds() { grep -rqs -- "$2" "$tree/$1"; }
waits() { inside chainmail queue list | grep -q "$1"; }
reads() { [ "$(client read "$@")" = read ]; }

@test "accounts on: mail comes into the homes of users, under their uid, and is read" {
	inside useradd -m -b /srv cara
	users "ann@$host mailbox uid=ann" "cara@$host mailbox uid=cara home=/srv/cara"
	for user in ann cara; do
		echo "password-of-$user" | inside chainmail user passwd "$user@$host"
	done
	client mail eve@far.example "cara@$host" word-cara
	await 15 waits "cara@$host"
	run inside chainmail accounts on
	echo "$output"
	has '"-/srv/cara"' "$output"
	has 'restarted: chainmail-login, chainmail-commands, chainmail-deliver' "$output"
	inside chainmail queue retry --all
	await 20 holds srv/cara/Maildir/new word-cara
	client mail eve@far.example "ann@$host" word-ann
	client mail eve@far.example "bob@$host" word-bob
	await 15 holds home/ann/Maildir/new word-ann
	await 15 bob_has word-bob
	[ "$(inside sh -c 'stat -c %U /srv/cara/Maildir/new/* /home/ann/Maildir/new/* | uniq')" = \
		"$(printf 'cara\nann')" ]
	[ "$(inside sh -c "stat -c %U /var/mail/$host/bob/Maildir/new/*")" = vmail ]
	reads "ann@$host" password-of-ann word-ann
	reads "cara@$host" password-of-cara word-cara
	reads "bob@$host" "$(password)" word-bob
	[ "$(inside chainmail accounts | head -n 1)" = on ]
	[ -z "$(failed)" ]
}

@test "a user's command writes its folder below /var/lib/chainmail-commands, no other" {
	users "robot@$host | d=/var/lib/chainmail-commands/robot; mkdir -p \$d && cat >\$d/\$MESSAGE_ID" \
		"wild@$host | cat >/var/lib/wild"
	client mail eve@far.example "robot@$host" word-robot
	await 15 holds var/lib/chainmail-commands/robot word-robot
	[ "$(inside stat -c %U /var/lib/chainmail-commands/robot)" = vmail ]
	client mail eve@far.example "wild@$host" word-wild
	await 15 logged command-run "to=wild@$host"
	[ ! -e "$tree/var/lib/wild" ]
}
# logged PROGRAM TEXT
logged() { inside journalctl -t "$1" --no-pager | grep -qF -- "$2"; }

# How a filter asks rspamd and clamd: by TCP.
filters() {
	mkdir -p "$tree/usr/local/lib/filters"
	cat >"$tree/usr/local/lib/filters/spam" <<-'PERL'
		#!/usr/bin/perl
		use IO::Socket::INET;
		local $/;
		my $text = <STDIN>;
		my $rspamd = IO::Socket::INET->new('127.0.0.1:11333') or exit 75;
		print $rspamd "POST /checkv2 HTTP/1.0\r\nContent-Length: ", length $text,
			"\r\n\r\n", $text;
		<$rspamd> =~ /"action":"([^"]*)"/ or exit 75;
		print "X-Spam-Action: $1\n", $text;
	PERL
	cat >"$tree/usr/local/lib/filters/virus" <<-'PERL'
		#!/usr/bin/perl
		use IO::Socket::INET;
		local $/;
		my $text = <STDIN>;
		my $clamd = IO::Socket::INET->new('127.0.0.1:3310') or exit 75;
		print $clamd "zINSTREAM\0", pack('N/a* N', $text, 0);
		my $answer = <$clamd>;
		if ($answer =~ /(\S+) FOUND/) {
			print STDERR "$1 was found in it\n";
			exit 65;
		}
		$answer =~ /OK/ or exit 75;
		print $text;
	PERL
	chmod 755 "$tree"/usr/local/lib/filters/*
	printf '%s\n' /usr/local/lib/filters/{spam,virus} >"$tree/etc/chainmail/filter.mx"
}

@test "filters ask rspamd and clamd over TCP; while these are down, mail comes later" {
	filters
	run ! client mail eve@far.example "bob@$host" word-early
	has "(451," "$output"
	# Not by a function: $! is to be the program itself.
	nsenter -t "$(leader)" -n -- /usr/bin/python3 "$TOP/tests/boot/scanners.py" \
		>/dev/null 2>&1 3>&- &
	SCANNERS=$!
	for port in 3310 11333; do await 10 port_taken $port; done
	client mail eve@far.example "bob@$host" word-clean
	await 15 bob_has word-clean
	has 'X-Spam-Action: add header' \
		"$(grep -rh -B 20 word-clean "$tree/var/mail/$host/bob/Maildir/new")"
	run ! client mail eve@far.example "bob@$host" word-virus
	has "(550," "$output"
	has 'Test-Virus was found in it' "$output"
	run ! bob_has word-virus
	run ! bob_has word-early
	rm "$tree/etc/chainmail/filter.mx"
}
port_taken() { [ -n "$(beside ss -Hltn "sport = $1")" ]; }

@test "mail-verify needs no path, and asks the service" {
	echo mail-verify >"$tree/etc/chainmail/filter.mx"
	# A name server that says of every name that there is none.
	: >"$BATS_TEST_TMPDIR/zone"
	echo 127.0.0.1:5353 >"$tree/etc/chainmail/dns"
	nsenter -t "$(leader)" -n -- /usr/bin/python3 "$TOP/tests/zone.py" 5353 \
		"$BATS_TEST_TMPDIR/zone" >/dev/null 2>&1 3>&- &
	SCANNERS=$!
	has 'no mistakes' "$(inside chainmail check)"
	beside python3 - <<-'END'
		import smtplib
		with smtplib.SMTP("192.0.2.1", 25, "a.example", 60, ("192.0.2.1", 0)) as s:
		    s.sendmail("eve@a.example", ["bob@mail.example.org"],
		        "From: eve@a.example\r\n\r\nword-verified\r\n")
	END
	await 15 bob_has word-verified
	has 'Authentication-Results: mail.example.org;' \
		"$(grep -rh -B 20 word-verified "$tree/var/mail/$host/bob/Maildir/new")"
	logged verifyd event=verify
	rm "$tree"/etc/chainmail/{filter.mx,dns}
}

# imap USER PASSWORD LINE...: what is answered.
imap() {
	local user=$1 password=$2
	shift 2
	{ printf '%s\r\n' "l LOGIN $user@$host $password" "$@" 'z LOGOUT'; } |
		beside python3 -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", 143), 60)
s.sendall(sys.stdin.buffer.read())
while data := s.recv(65536): sys.stdout.write(data.decode())' | lf
}
index() { stat -c %i "$tree/var/mail/$host/$1/Maildir/index"; }

@test "sessions use the index that the last one left" {
	imap bob "$(password)" 's SELECT INBOX' >/dev/null
	before=$(index bob)
	has 's OK' "$(imap bob "$(password)" 's SELECT INBOX')"
	[ "$(index bob)" = "$before" ]
}

@test "a folder is shared with another account, and root checks it" {
	users "dora@$host mailbox"
	echo 'sixteen-apples' | inside chainmail user passwd "dora@$host"
	has 'c OK' "$(imap bob "$(password)" 'a CREATE Team' 's SELECT INBOX' 'b COPY 1:* Team' \
		"c SETACL Team dora@$host lrs")"
	run imap dora sixteen-apples "s SELECT \"Other Users/bob@$host/Team\"" 'f FETCH 1 BODY[HEADER]'
	has 'Subject: ' "$output"
	has 'f OK' "$output"
	has 'all is well' "$(inside chainmail folder check "bob@$host")"
}

@test "the journal and rsyslog's mail.log have each program's own name" {
	client mail eve@far.example "bob@$host" word-logged
	await 15 bob_has word-logged
	id=$(inside journalctl -t smtpd -o cat --no-pager |
		sed -n 's/.*event=message .* id=\([^ ]*\) .*/\1/p' | tail -n 1)
	[ -n "$id" ]
	await 15 mail_log "deliver.*event=delivered.* id=$id "
	mail_log "smtpd.*event=message.* id=$id "
	mail_log 'listen.*event=connection '
	mail_log 'authd.*event=auth '
	await 15 logged deliver "id=$id"
}
# mail_log PATTERN: the line begins with time and machine.
mail_log() { grep -q "^[^:]*:[^:]*:[^ ]* [^ ]* $1" "$tree/var/log/mail.log"; }

@test "journalctl -p warning has what somebody may have to do something about" {
	echo 'recipients lots' >"$tree/etc/chainmail/limits"
	run ! inside systemctl restart chainmail-check.service
	run -0 inside journalctl --facility=mail -p warning --no-pager
	has /etc/chainmail/limits "$output"
	lacks event=message "$output"
	lacks event=delivered "$output"
	lacks ' verdict=0 ' "$output" # a filter's
	rm "$tree/etc/chainmail/limits"
	inside systemctl restart chainmail-check.service
}

@test "log-connections 1: a connection's begin is logged, from the next start on" {
	echo 'log-connections 1' >"$tree/etc/chainmail/limits"
	inside systemctl restart chainmail-smtpd.service
	client mail eve@far.example "bob@$host" word-connect
	conn=$(inside journalctl -t listen -o cat --no-pager |
		sed -n 's/.*event=connect conn=\([^ ]*\) service=smtp .*/\1/p' | tail -n 1)
	[ -n "$conn" ]
	await 10 logged listen "event=connection conn=$conn"
	logged smtpd "event=message conn=$conn"
	rm "$tree/etc/chainmail/limits"
	inside systemctl restart chainmail-smtpd.service
}

@test "accounts off: their mail waits, all other comes" {
	has "removed /etc/systemd/system/chainmail-login.service.d" \
		"$(inside chainmail accounts off)"
	client mail eve@far.example "cara@$host" word-later
	client mail eve@far.example "bob@$host" word-now
	await 15 bob_has word-now
	await 15 waits "cara@$host"
	run ! holds srv/cara word-later
	[ -z "$(failed)" ]
}
