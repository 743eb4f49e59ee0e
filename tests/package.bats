#!/usr/bin/env bats
# The Debian package: installed, upgraded, removed, purged.
load helper
load boot/tree
: "${tree=}" # of tree_vars

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
	lintian --fail-on error "$SHARED"/package/build/deb/*.changes
}

@test "its users and their folders are there" {
	for user in tls auth mx queue out log; do
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

@test "removed, it leaves configuration, mail and spool" {
	in_tree "$tree" dpkg -r chainmail
	[ ! -e "$tree/usr/lib/chainmail" ]
	[ ! -e "$tree/lib/systemd/system/chainmail.target" ]
	kept
}

@test "purged, it leaves mail, and a spool with mail in it" {
	in_tree "$tree" dpkg -P chainmail
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
