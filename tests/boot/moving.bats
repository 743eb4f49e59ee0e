#!/usr/bin/env bats
# doc/moving.md, command by command, on a machine that Postfix and Dovecot serve.
# limit: 900
bats_require_minimum_version 1.5.0
load ../helper
load tree
: "${tree=}" # of tree_vars

setup_file() {
	tree_missing systemd-nspawn >"$BATS_FILE_TMPDIR/missing"
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || return 0
	shared debian-moving make_debian_moving || {
		echo 'Postfix and Dovecot could not be installed' >"$BATS_FILE_TMPDIR/missing"
		return 0
	}
	cp -a "$SHARED/debian-moving" "$BATS_FILE_TMPDIR/tree"
	cp "$(deb)" "$BATS_FILE_TMPDIR/tree/root/"
	tree_start || return 0
	network_up
	former_server >"$BATS_FILE_TMPDIR/former.log" 2>&1
}

# By way of this machine's network, so that nothing starts there.
make_debian_moving() {
	cp -a "$SHARED/debian" "$1" && cp -L /etc/resolv.conf "$1/etc/" || return
	printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
	chmod 755 "$1/usr/sbin/policy-rc.d"
	timeout 400 unshare --mount --pid --fork --kill-child --mount-proc="$1/proc" \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$1" sh -c '
		apt-get -qq update && apt-get -qq install -y --no-install-recommends \
			postfix dovecot-imapd dovecot-pop3d jq curl &&
			rm /usr/sbin/policy-rc.d'
}

# example.org of Postfix and Dovecot: bob and ann, an alias, mail that waits.
former_server() {
	inside sh -ex <<-'SH'
		useradd -r -m -d /srv/vmail vmail
		cat >/etc/dovecot/users <<END
		bob@example.org:$(doveadm pw -s SHA512-CRYPT -p word-of-bob)::::::
		ann@example.org:$(doveadm pw -s SHA512-CRYPT -p word-of-ann)::::::
		END
		cat >/etc/dovecot/local.conf <<END
		mail_location = maildir:/srv/vmail/%d/%n
		disable_plaintext_auth = no
		ssl = no
		passdb {
		  driver = passwd-file
		  args = /etc/dovecot/users
		}
		userdb {
		  driver = passwd-file
		  args = /etc/dovecot/users
		  default_fields = uid=vmail gid=vmail home=/srv/vmail/%d/%n
		}
		END
		sed -i 's/^!include auth-system/#&/' /etc/dovecot/conf.d/10-auth.conf
		cd /etc/postfix
		echo 'sales@example.org bob@example.org' >virtual
		printf '%s example.org/%s/\n' bob@example.org bob ann@example.org ann >boxes
		printf '%s\n' 'far.example smtp:[192.0.2.1]:2526' \
			'dead.example smtp:[192.0.2.1]:1' >transport
		[ -e main.cf ] || cp /usr/share/postfix/main.cf.debian main.cf
		uid=$(id -u vmail)
		postconf -e myhostname=mail.example.org mydestination=localhost \
			virtual_mailbox_domains=example.org virtual_mailbox_base=/srv/vmail \
			virtual_mailbox_maps=hash:/etc/postfix/boxes \
			virtual_alias_maps=hash:/etc/postfix/virtual \
			transport_maps=hash:/etc/postfix/transport inet_interfaces=all \
			virtual_uid_maps=static:$uid virtual_gid_maps=static:$(id -g vmail) \
			virtual_minimum_uid=$uid inet_protocols=ipv4 \
			smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination
		touch /etc/aliases
		postmap virtual boxes transport
		newaliases
		systemctl restart postfix dovecot
	SH
}

teardown_file() { tree_down; }

setup() { tree_vars; }

teardown() {
	[ -n "${BATS_TEST_COMPLETED-}" ] || [ -s "$BATS_FILE_TMPDIR/missing" ] || {
		tail -n 5 "$BATS_FILE_TMPDIR/former.log"
		inside journalctl -b --no-pager -n 30 --facility=mail
	}
}

# page TEXT: run the block of the page that has this text, as root there.
page() {
	awk -v text="$1" '
		/^ *```/ { if (inside && found) exit; inside = !inside; block = ""; next }
		inside { block = block $0 "\n"; if (index($0, text)) found = 1 }
		END { if (!found) exit 1; printf "%s", block }' \
		"$TOP/doc/moving.md" >"$tree/root/block"
	inside bash -c 'cd /root/source && . /root/block'
}

# UIDs, flags and first words of bob's mail.
box() {
	beside curl -s --user bob@example.org:word-of-bob \
		imap://127.0.0.1/INBOX -X 'UID FETCH 1:* (FLAGS)' | tr -d '\r' |
		sed 's/\\Recent//; s/ *)/)/; s/( */(/'
}
imap() {
	beside curl -s --user bob@example.org:word-of-bob imap://127.0.0.1/INBOX -X "$1"
}
count() { [ "$(box | grep -c FETCH)" = "$1" ]; }

@test "before: Postfix and Dovecot serve, mail is read, some waits" {
	await 30 port_open_inside 25
	await 30 port_open_inside 143
	for n in 1 2 3 4; do client mail eve@far.example sales@example.org "word-$n"; done
	await 30 count 4
	imap 'STORE 2 +FLAGS (\Flagged \Seen $Label1)' >/dev/null
	imap 'STORE 1 +FLAGS (\Deleted)' >/dev/null
	imap EXPUNGE >/dev/null
	await 10 count 3
	client mail bob@example.org carl@dead.example word-waits
	await 20 deferred
	box >"$BATS_FILE_TMPDIR/box"
	cat "$BATS_FILE_TMPDIR/box"
	mkdir -p "$tree/root/source"
	cp -r "$TOP/etc" "$tree/root/source/"
	cp "$tree"/root/chainmail_*.deb "$tree/root/source/"
	# Without a network; nobody is there to say yes.
	printf '%s\n' 'APT::Get::Assume-Yes "true";' 'APT::Install-Recommends "false";' \
		>"$tree/etc/apt/apt.conf.d/tests"
}
port_open_inside() { beside bash -c ": <>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }
deferred() { inside postqueue -p | grep -q refused; }

@test "users and mailboxes are copied while it serves" {
	page 'passwd-file -v'
	has 'sales@example.org -> bob@example.org' "$(<"$tree/root/moving/users")"
	page "doveadm user '*'"
	page 'doveadm -o namespace'
	client mail eve@far.example bob@example.org word-between
	await 30 count 4
	box >"$BATS_FILE_TMPDIR/box"
}

@test "the change: the queue is saved, Dovecot closed, chainmail installed" {
	page 'postconf -e inet_interfaces'
	page 'postqueue -j'
	[ -z "$(beside ss -Hltn "sport = 25")" ]
	has carl@dead.example "$(<"$tree/root/moving/queue")"
	page 'protocols ='
	page 'doveadm -o namespace'
	page 'apt install ./chainmail'
	[ "$(inside systemctl is-active chainmail.target)" = active ]
	for package in postfix dovecot-imapd dovecot-pop3d; do
		[ "$(inside dpkg-query -Wf '${db:Status-Status}' $package)" = config-files ]
	done
	[ -z "$(failed)" ]
}

@test "the certificate that clients know is chainmail's" {
	live=/etc/letsencrypt/live/mail.example.org
	inside mkdir -p $live
	inside openssl req -x509 -newkey rsa:2048 -nodes -days 30 \
		-subj /CN=mail.example.org -addext subjectAltName=DNS:mail.example.org \
		-keyout $live/privkey.pem -out $live/fullchain.pem 2>/dev/null
	page 'letsencrypt/live'
	print=$(inside openssl x509 -in $live/fullchain.pem -noout -fingerprint)
	await 10 serves "$print"
}
serves() {
	[ "$(beside openssl s_client -connect 127.0.0.1:993 -servername mail.example.org \
		</dev/null 2>/dev/null | openssl x509 -noout -fingerprint)" = "$1" ]
}

@test "UIDs, flags, keywords, aliases and passwords are what they were" {
	box
	diff "$BATS_FILE_TMPDIR/box" <(box)
	client mail eve@far.example sales@example.org word-new
	await 20 count 5
}

@test "what was saved of the queue goes out" {
	echo 'dead.example 192.0.2.1:2526' >"$tree/etc/chainmail/routes"
	page 'sendmail -i -f'
	await 30 far_has word-waits
	has 'bob@example.org' "$(grep -rh '^From:' "$BATS_FILE_TMPDIR/sink")"
}
