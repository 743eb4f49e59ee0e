#!/usr/bin/env bats
# The Debian package: installed, upgraded, removed, purged.
# limit: 900
load helper
load boot/tree
: "${tree=}" # of tree_vars
# release only

setup_file() {
	tree_missing >"$BATS_FILE_TMPDIR/missing"
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || return 0
	tree_make "$BATS_FILE_TMPDIR/tree"
	install_deb chainmail.deb >"$BATS_FILE_TMPDIR/dpkg.log" 2>&1
}

setup() { tree_vars; }

install_deb() { in_tree "$BATS_FILE_TMPDIR/tree" dpkg -i "/root/$1"; }

@test "lintian finds no error" {
	need lintian
	lintian --fail-on error "$SHARED"/package/*.changes
}

@test "its users and their folders are there" {
	for user in tls ca auth mx queue out log; do
		in_tree "$tree" getent passwd "chainmail-$user"
	done
	has mail "$(in_tree "$tree" id -Gn vmail)"
	[ "$(in_tree "$tree" stat -c '%U:%G %a' /var/spool/chainmail/new)" = \
		'chainmail-queue:chainmail 2770' ]
}

@test "sendmail, mailq and newaliases, with their manuals" {
	for link in sbin/sendmail lib/sendmail bin/mailq bin/newaliases; do
		[ "$(in_tree "$tree" readlink -f "/usr/$link")" = /usr/lib/chainmail/sendmail ]
	done
	run dpkg-deb -c "$tree/root/chainmail.deb"
	for page in mailq newaliases; do
		grep -q "man1/$page.1.gz -> ../man8/sendmail.8.gz" <<<"$output"
	done
}

@test "no file is set-uid or set-gid, none can be written by others" {
	run in_tree "$tree" sh -c 'dpkg -L chainmail | while read -r f; do
		find "$f" -maxdepth 0 \( -type f -perm /6022 -o -type d -perm /6022 \); done'
	[ -z "$output" ]
}

@test "nothing is enabled before chainmail setup" {
	run find "$tree/etc/systemd/system" -name 'chainmail*'
	[ -z "$output" ]
}

@test "an upgrade keeps configuration, mail and spool" {
	fill
	dpkg-deb -R "$tree/root/chainmail.deb" "$BATS_TEST_TMPDIR/next"
	sed -i 's/^Version: .*/&.1/' "$BATS_TEST_TMPDIR/next/DEBIAN/control"
	dpkg-deb -b "$BATS_TEST_TMPDIR/next" "$tree/root/next.deb"
	install_deb next.deb
	has .1 "$(in_tree "$tree" dpkg-query -Wf '${Version}' chainmail)"
	kept
}

fill() {
	in_tree "$tree" sh -c 'echo mail.example.org >/etc/chainmail/me
		chainmail setup -u bob@mail.example.org
		mkdir -p /var/mail/mail.example.org/bob/Maildir/new
		echo mail >/var/mail/mail.example.org/bob/Maildir/new/1
		echo mail >/var/spool/chainmail/new/1' >/dev/null
	sums >"$BATS_FILE_TMPDIR/before"
}
sums() {
	(cd "$tree" && find etc/chainmail var/mail var/spool/chainmail -type f \
		-exec sha256sum {} + | sort)
}
kept() { [ -s "$BATS_FILE_TMPDIR/before" ] && diff "$BATS_FILE_TMPDIR/before" <(sums); }

@test "it takes the place of any other server of mail, IMAP or POP3" {
	fields=$(dpkg-deb -f "$tree/root/chainmail.deb" Provides Conflicts Replaces)
	for role in mail-transport-agent imap-server pop3-server; do
		[ "$(grep -cw "$role" <<<"$fields")" = 3 ]
	done
	# dovecot-imapd and the like provide the role; this is one that does not.
	[ "$(grep -cw dovecot-submissiond <<<"$fields")" = 2 ]
}

@test "README, doc and etc are there to be read" {
	run dpkg-deb -c "$tree/root/chainmail.deb"
	for file in README.md NEWS.md doc/formats.md etc/s6/README.md copyright; do
		has "usr/share/doc/chainmail/$file" "$output"
	done
	lacks .md.gz "$output"
}

# What setup and an administrator leave for systemd and s6.
units=etc/systemd/system
@test "removed, it stays enabled" {
	mkdir -p "$tree/$units/multi-user.target.wants" "$tree/$units/chainmail-imap.socket.d"
	in_tree "$tree" systemctl enable -q chainmail
	[ -L "$tree/$units/multi-user.target.wants/chainmail.target" ]
	in_tree "$tree" dpkg -r chainmail
	[ -L "$tree/$units/multi-user.target.wants/chainmail.target" ]
	install_deb next.deb
	[ "$(in_tree "$tree" systemctl is-enabled chainmail.target)" = enabled ]
	kept
}

@test "removed, it leaves configuration, mail and spool" {
	in_tree "$tree" dpkg -r chainmail
	[ ! -e "$tree/usr/lib/chainmail" ]
	[ ! -e "$tree/lib/systemd/system/chainmail.target" ]
	kept
}

@test "purged, it leaves mail, and a spool with mail in it" {
	mkdir -p "$tree"/var/{log/chainmail,mail/.full,lib/systemd/timers}
	touch "$tree"/var/{log/chainmail/current,mail/.full/x} \
		"$tree/var/lib/systemd/timers/stamp-chainmail-tls-report.timer"
	in_tree "$tree" dpkg -P chainmail
	[ "$(in_tree "$tree" find / -xdev -name '*chainmail*' ! -path '/root/*' \
		! -path '/proc/*' ! -path '/var/spool/chainmail*' ! -path '/var/lib/dpkg/*')" = '' ]
	[ "$(ls -A "$tree/var/mail")" = mail.example.org ]
	[ ! -e "$tree/etc/chainmail" ]
	[ -s "$tree/var/mail/mail.example.org/bob/Maildir/new/1" ]
	[ -s "$tree/var/spool/chainmail/new/1" ]
}

@test "installed and purged again without mail, it takes the spool along" {
	rm "$tree/var/spool/chainmail/new/1"
	install_deb chainmail.deb
	in_tree "$tree" dpkg -P chainmail
	[ ! -e "$tree/var/spool/chainmail" ]
	[ -s "$tree/var/mail/mail.example.org/bob/Maildir/new/1" ]
}
