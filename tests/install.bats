#!/usr/bin/env bats
# make install, make uninstall, and what they leave alone.
load helper
# release only

setup() {
	sanitized && skip 'release builds are installed'
	root=$BATS_TEST_TMPDIR/root
}

do_make() { env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" V="${BUILD##*/}" DESTDIR="$root" "$@"; }

@test "make uninstall removes exactly the files of make install" {
	do_make install install-systemd
	[ -x "$root/usr/local/lib/chainmail/smtpd" ]
	[ "$(readlink -f "$root/usr/local/bin/chainmail")" = "$root/usr/local/lib/chainmail/chainmail" ]
	[ "$(readlink -f "$root/usr/local/share/man/man1/mailq.1")" = "$root/usr/local/share/man/man8/sendmail.8" ]
	for unit in "$root"/usr/lib/systemd/system/chainmail-*.service; do
		grep -q '^ExecStart=-\?/usr/local/lib/chainmail/' "$unit"
	done
	mkdir -p "$root/etc/chainmail"
	touch "$root/etc/chainmail/users" "$root/usr/local/bin/other"
	do_make uninstall
	[ "$(cd "$root" && find . ! -type d | sort | tr '\n' ' ')" = \
		'./etc/chainmail/users ./usr/local/bin/other ' ]
	[ -z "$(find "$root" -name 'chainmail*' -path '*usr*')" ]
}

@test "README, doc and etc are installed, and their links lead somewhere" {
	do_make install
	doc=$root/usr/local/share/doc/chainmail
	[ -r "$doc/etc/s6/README.md" ]
	while read -r link; do
		[[ $link == tests/* ]] || [ -e "$doc/$link" ]
	done < <(grep -o ']([a-zA-Z][^):]*)' "$doc/README.md" | tr -d '()]')
}

@test "sendmail goes where SENDMAIL says" {
	do_make install
	[ "$(readlink -f "$root/usr/local/sbin/sendmail")" = "$root/usr/local/lib/chainmail/sendmail" ]
	[ ! -e "$root/usr/sbin/sendmail" ]
	do_make uninstall
	do_make install SENDMAIL=/usr
	for name in sbin/sendmail lib/sendmail bin/mailq bin/newaliases; do
		[ "$(readlink -f "$root/usr/$name")" = "$root/usr/local/lib/chainmail/sendmail" ]
	done
	[ ! -e "$root/usr/local/sbin/sendmail" ]
	do_make install SENDMAIL=/usr # again
	do_make uninstall SENDMAIL=/usr
	[ ! -L "$root/usr/sbin/sendmail" ]
	do_make install SENDMAIL=no
	[ -z "$(find "$root" -name sendmail ! -path '*/lib/chainmail/*')" ]
}

@test "another server's sendmail is neither replaced nor removed" {
	mkdir -p "$root/usr/sbin"
	echo other >"$root/usr/sbin/sendmail"
	run do_make install SENDMAIL=/usr
	[ "$status" != 0 ]
	has "usr/sbin/sendmail is another mail server's" "$output"
	[ "$(cat "$root/usr/sbin/sendmail")" = other ]
	do_make uninstall SENDMAIL=/usr
	[ "$(cat "$root/usr/sbin/sendmail")" = other ]
}
