#!/usr/bin/env bats
# chainmail-check tells every mistake of the configuration.
load helper

setup() {
	private_dirs
	mkdir -p "$CHAINMAIL_SPOOL"/{scratch,history,tls,sts}
	chmod -R go= "$CHAINMAIL_SPOOL"
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	printf 'disk-reserve 1K\n' >"$CHAINMAIL_ETC/limits"
	cd "$BATS_TEST_TMPDIR" || return
}

write() { printf '%b' "$2" >"$CHAINMAIL_ETC/$1"; }
# A certificate for a name, for some days, at tls/FOLDER.
pair() {
	mkdir -p "$CHAINMAIL_ETC/tls/$1"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$2" -addext "subjectAltName=DNS:$2" -days "$3" \
		-keyout "$CHAINMAIL_ETC/tls/$1/key.pem" \
		-out "$CHAINMAIL_ETC/tls/$1/cert.pem" 2>/dev/null
	chmod 640 "$CHAINMAIL_ETC/tls/$1/key.pem"
}
# finds STATUS FILE[:LINE] TEXT: the check does, and with the file mended it is
# silent about it.
finds() {
	run chainmail check
	[ "$status" = "$1" ] || { echo "status $status, not $1: $output"; return 1; }
	local line
	for line in "${lines[@]}"; do
		[[ $line == "$CHAINMAIL_ETC/$2: "*"$3"* ]] && return
	done
	printf 'not found: %s: …%s\nin: %s\n' "$2" "$3" "$output"
	return 1
}
silent() {
	run chainmail check
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	[ "$output" = "$CHAINMAIL_ETC: no mistakes" ] || { echo "$output"; return 1; }
}

@test "what chainmail setup has made is without mistakes, and one line says so" {
	need openssl
	rm -r "$CHAINMAIL_SPOOL" "$CHAINMAIL_ETC/limits"
	chainmail setup -u bob@mail.example.org >/dev/null
	silent
	chainmail setup example.org >/dev/null 2>&1
	silent
}

@test "no configuration but a folder is one" {
	rm "$CHAINMAIL_ETC"/*
	silent
}

# Hashes are nobody else's business.
users() {
	private_users "$1"
	chmod 600 "$CHAINMAIL_ETC/users"
}

# FILE LINE TEXT CONTENT: one mistake of each kind.
mistakes() {
	cat <<-'END'
		me|1|not a host name|mail example\n
		me|1|not a host name|mail..example.org\n
		me|2|only the first line counts|mail.example.org\nother.example.org\n
		limits|1|unknown limit|message-sise 5M\n
		limits|2|the value must be a number|disk-reserve 1K\nmessage-size 5 MB\n
		relay|2|not a network|192.0.2.0/24\n192.0.2.0/33\n
		relay|0|an open relay|0.0.0.0/0\n
		relay|0|an open relay|::/0\n
		filter.mx|2|/no/such/filter: there is no such program|cat\n/no/such/filter -x\n
		filter.mx|1|no-such-filter: there is no such program|no-such-filter | cat\n
		filter.submission|1|there is no such program|/no/such/filter\n
		filter.mx|1|write the path from / on|bin/filter\n
		checkpassword|1|there is no such program|/no/such/checkpassword\n
		checkpassword|2|only the first line counts|/bin/true\n/bin/true\n
		listen|1|the first word is|nntp *:119\n
		listen|2|not an address|smtp *:25\nimap localhost\n
		listen|2|occurs twice|smtp *:25\nsubmission *:587 *:25\n
		routes|1|the port is a number|* smarthost.example:99999\n
		routes|1|not a domain|a..b 192.0.2.1\n
		routes|2|occurs twice|a.example 192.0.2.1\na.example 192.0.2.2\n
		routes|1|bob has no password at smart.example|* smart.example user=bob\n
		routes.auth|1|write three words|smart.example bob\n
		tls-policy|1|the second word is|a.example maybe\n
		dns|1|not an address|ns.example.org\n
		verify|2|write spf, dkim|spf off\ndane off\n
		verify|1|write "off" after the name|spf on\n
		forwarders|2|not a domain|lists.example\na..b\n
		hosts|1|the first word is not an address|mx.example.org 192.0.2.1\n
		hosts|2|must follow the address|192.0.2.1 mx\n192.0.2.2\n
		authorities.pem|0|holds no certificate|nothing\n
		mta-sts.example.org.txt|0|no policy of MTA-STS|mode: enforce\n
		mta-sts.example.org.txt|0|add the line "mx: mail.example.org"|version: STSv1\nmode: testing\nmx: mx.example.org\nmax_age: 604800\n
	END
}

@test "each kind of mistake is found with its file and line" {
	while IFS='|' read -r file line text content; do
		write "$file" "$content"
		[ "$file" != routes.auth ] || chmod 600 "$CHAINMAIL_ETC/$file"
		at=$file
		[ "$line" = 0 ] || at=$file:$line
		finds 78 "$at" "$text" </dev/null
		rm "$CHAINMAIL_ETC/$file"
		echo mail.example.org >"$CHAINMAIL_ETC/me"
		printf 'disk-reserve 1K\n' >"$CHAINMAIL_ETC/limits"
	done < <(mistakes)
	silent
}

@test "a filter of chainmail's own needs no path" {
	write filter.mx 'mail-verify\n'
	silent
	write checkpassword 'mail-verify\n'
	finds 78 checkpassword:1 'there is no such program'
}

@test "mistakes of several files are reported at once, sorted, and counted" {
	write limits 'disk-reserve 1K\nx 1\ny 2\n'
	write relay 'lan\n'
	write tls-policy 'a.example none\n'
	write route '* smart.example\n'
	run chainmail check
	[ "$status" = 78 ]
	[ "${#lines[@]}" = 5 ]
	[[ ${lines[0]} == "$CHAINMAIL_ETC/limits:2: "* ]]
	[[ ${lines[1]} == "$CHAINMAIL_ETC/limits:3: "* ]]
	[[ ${lines[2]} == "$CHAINMAIL_ETC/relay:1: "* ]]
	[[ ${lines[3]} == "$CHAINMAIL_ETC/route: warning: "*"is it meant to be routes"* ]]
	[ "${lines[4]}" = '3 mistakes, 1 warning' ]
}

@test "a warning does not count as a mistake" {
	write route ''
	finds 0 route 'is it meant to be routes'
	has '1 warning' "${lines[-1]}"
	rm "$CHAINMAIL_ETC/route"
	write notes ''
	finds 0 notes 'no program reads a file of this name'
	rm "$CHAINMAIL_ETC/notes"
	# Copies, and folders of lists, are left alone.
	write routes.bak ''
	write limits~ ''
	mkdir "$CHAINMAIL_ETC/lists"
	silent
}

@test "every mistake of users is found, and lists and commands that it names" {
	mkdir "$CHAINMAIL_ETC/lists"
	printf 'bob@example.org\nnobody at all\n' >"$CHAINMAIL_ETC/lists/team"
	write users "example.org domain
bob@example.org mailbox qota=5G
x@other.example mailbox
team@example.org -> :include:$CHAINMAIL_ETC/lists/team
gone@example.org -> :include:$CHAINMAIL_ETC/lists/gone
robot@example.org | /no/such/robot
"
	chmod 600 "$CHAINMAIL_ETC/users"
	finds 78 users:2 'qota'
	finds 78 users:3 'its domain is not here'
	finds 78 lists/team:2 'not an address'
	finds 78 users:5 "$CHAINMAIL_ETC/lists/gone: No such file"
	finds 78 users:6 '/no/such/robot: there is no such program'
}

@test "users that were not compiled are not in force" {
	users 'example.org domain'
	silent
	touch -d '+1 minute' "$CHAINMAIL_ETC/users"
	finds 78 users 'has changed since it was compiled'
	touch -r "$CHAINMAIL_ETC/users.cdb" "$CHAINMAIL_ETC/users"
	silent
	rm "$CHAINMAIL_ETC/users.cdb"
	finds 78 users 'was never compiled'
}

@test "a file replaced by users from a pipe is reported" {
	users 'example.org domain'
	echo 'example.net domain' | chainmail user compile -
	echo 'nonsense' >>"$CHAINMAIL_ETC/users"
	finds 0 users 'is not in force'
	[ "${#lines[@]}" = 2 ]
}

@test "a damaged database is found" {
	users 'example.org domain'
	for file in users.cdb secrets.cdb logins/logins.cdb; do
		cp -p "$CHAINMAIL_ETC/$file" kept
		printf x | dd of="$CHAINMAIL_ETC/$file" bs=1 seek=2100 conv=notrunc status=none
		finds 78 $file 'is damaged'
		[ -z "$stderr" ]
		cp -p kept "$CHAINMAIL_ETC/$file"
	done
	silent
}

@test "certificates: missing, not one, expired, soon, of another name, another's key" {
	need openssl
	mkdir "$CHAINMAIL_ETC/tls"
	finds 78 tls 'holds no certificate'
	pair default mail.example.org 30
	silent
	pair default mail.example.org 3
	finds 0 tls/default/cert.pem 'expires in'
	pair default other.example.org 30
	finds 0 tls/default/cert.pem 'does not name mail.example.org'
	pair default mail.example.org 30
	pair www.example.org mail.example.org 30
	finds 0 tls/www.example.org/cert.pem 'does not name www.example.org'
	cp "$CHAINMAIL_ETC/tls/www.example.org/key.pem" "$CHAINMAIL_ETC/tls/default/key.pem"
	rm -r "$CHAINMAIL_ETC/tls/www.example.org"
	finds 78 tls/default/key.pem 'is not the key of cert.pem'
	echo x >"$CHAINMAIL_ETC/tls/default/key.pem"
	finds 78 tls/default/key.pem 'holds no private key'
	pair default mail.example.org 30
	echo x >"$CHAINMAIL_ETC/tls/default/cert.pem"
	finds 78 tls/default/cert.pem 'holds no certificate'
	pair default mail.example.org 30
	mkdir "$CHAINMAIL_ETC/tls/half"
	finds 0 tls/half 'no folder with cert.pem and key.pem'
	rmdir "$CHAINMAIL_ETC/tls/half"
	echo x >"$CHAINMAIL_ETC/tls/clients-ca.pem"
	finds 78 tls/clients-ca.pem 'holds no certificate'
}

@test "a certificate that has expired is found" {
	need openssl
	pair default mail.example.org 30
	openssl req -new -key "$CHAINMAIL_ETC/tls/default/key.pem" -subj /CN=mail.example.org -out request
	mkdir -p ca/new
	: >ca/index
	printf '[ca]\ndefault_ca=c\n[c]\ndatabase=ca/index\nnew_certs_dir=ca/new\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n' >ca/config
	openssl ca -config ca/config -selfsign -batch -notext -in request \
		-keyfile "$CHAINMAIL_ETC/tls/default/key.pem" \
		-startdate 20200101000000Z -enddate 20200201000000Z \
		-out "$CHAINMAIL_ETC/tls/default/cert.pem" 2>/dev/null
	finds 78 tls/default/cert.pem 'has expired'
}

@test "signing keys must be keys, with a valid name" {
	mkdir -m 700 "$CHAINMAIL_ETC/dkim"
	(umask 077 && echo x >"$CHAINMAIL_ETC/dkim/example.org.s1.pem")
	finds 78 dkim/example.org.s1.pem 'holds no private key'
	mv "$CHAINMAIL_ETC/dkim/example.org.s1.pem" "$CHAINMAIL_ETC/dkim/s1.pem"
	finds 0 dkim/s1.pem 'not named DOMAIN.SELECTOR.pem'
}

@test "world-writable files and world-readable secrets are found" {
	users 'example.org domain'
	need openssl
	pair default mail.example.org 30
	write routes.auth 'a.example b c\n'
	chmod 600 "$CHAINMAIL_ETC/routes.auth"
	silent
	for file in users secrets.cdb logins.key tls/default/key.pem routes.auth; do
		mode=$(stat -c %a "$CHAINMAIL_ETC/$file")
		chmod 644 "$CHAINMAIL_ETC/$file"
		finds 78 $file 'chmod '
		chmod "$mode" "$CHAINMAIL_ETC/$file"
	done
	for file in me users.cdb logins .; do
		mode=$(stat -c %a "$CHAINMAIL_ETC/$file")
		chmod o+w "$CHAINMAIL_ETC/$file"
		finds 78 $file 'everybody on this machine may change it'
		chmod "$mode" "$CHAINMAIL_ETC/$file"
	done
	silent
}

@test "a dangling link does not count as a missing file" {
	ln -s "$BATS_TEST_TMPDIR/gone" "$CHAINMAIL_ETC/dns"
	finds 78 dns 'is a link to a file that is not there'
}

@test "folders: missing, open to everybody, full" {
	has_line() { run chainmail check; [ "$status" = 78 ] && has "$1" "$output"; }
	rmdir "$CHAINMAIL_SPOOL/new"
	has_line "$CHAINMAIL_SPOOL/new: No such file or directory; run chainmail setup"
	mkdir -m 755 "$CHAINMAIL_SPOOL/new"
	has_line "$CHAINMAIL_SPOOL/new: everybody on this machine may read the mail in it"
	chmod 700 "$CHAINMAIL_SPOOL/new"
	chmod 777 "$CHAINMAIL_MAIL"
	has_line "$CHAINMAIL_MAIL: everybody on this machine may write to it"
	chmod 755 "$CHAINMAIL_MAIL"
	chmod 777 "$CHAINMAIL_RUN"
	has_line "$CHAINMAIL_RUN: everybody on this machine may write to it"
	chmod 755 "$CHAINMAIL_RUN"
	write limits 'disk-reserve 4000000G\n'
	has_line "$CHAINMAIL_SPOOL: "
	has 'no mail is taken below' "$output"
}

# A folder that other users can reach, with everything in it.
elsewhere() {
	place=$(mktemp -d /tmp/chainmail-check-XXXXXX)
	chmod 755 "$place"
	cp -a "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" "$CHAINMAIL_MAIL" "$CHAINMAIL_RUN" "$place"
	export CHAINMAIL_ETC=$place/etc CHAINMAIL_SPOOL=$place/spool \
		CHAINMAIL_MAIL=$place/mail CHAINMAIL_RUN=$place/run
	chmod 755 "$CHAINMAIL_ETC"
}
teardown() { [ -z "${place-}" ] || rm -r "$place"; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

@test "unreadable files are listed, with 77" {
	need_root
	users 'example.org domain'
	elsewhere
	as_nobody test -x "$BUILD/bin/chainmail" || skip 'the build is not for everybody'
	run as_nobody chainmail check
	[ "$status" = 77 ]
	has "$CHAINMAIL_ETC/users: you may not read it; run chainmail check as root" "$output"
	has "$CHAINMAIL_ETC/secrets.cdb: you may not read it" "$output"
	lacks "$CHAINMAIL_ETC/me" "$output"
	chmod 700 "$CHAINMAIL_ETC"
	run as_nobody chainmail check
	[ "$status" = 77 ]
	has "$CHAINMAIL_ETC: you may not read it" "$output"
}

@test "quiet: only mistakes in readable files are printed" {
	need_root
	users 'example.org domain'
	elsewhere
	as_nobody test -x "$BUILD/bin/chainmail" || skip 'the build is not for everybody'
	run as_nobody chainmail check -q
	[ "$status" = 0 ]
	[ -z "$output" ]
	write limits 'nonsense 1\n'
	run as_nobody chainmail check -q
	[ "$status" = 78 ]
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == "$CHAINMAIL_ETC/limits:1: "* ]]
}

@test "what the programs' user can't read, write or run is found by root" {
	need_root
	users 'example.org domain'
	elsewhere
	chown -R 65534:65534 "$place"
	silent
	chown root "$CHAINMAIL_ETC/users.cdb"
	chmod 600 "$CHAINMAIL_ETC/users.cdb"
	finds 78 users.cdb "can't be read by authd"
	chmod 644 "$CHAINMAIL_ETC/users.cdb"
	install -m 700 /bin/true "$place/filter"
	echo "$place/filter" >"$CHAINMAIL_ETC/filter.mx"
	finds 78 filter.mx:1 'smtpd may not run it'
	chmod 755 "$place/filter"
	silent
	chown root "$CHAINMAIL_SPOOL/new"
	run chainmail check
	[ "$status" = 78 ]
	has "$CHAINMAIL_SPOOL/new: can't be written to by smtpd" "$output"
}

@test "a wrong command line is told" {
	run chainmail check nonsense
	[ "$status" = 64 ]
	run chainmail check --help
	[ "$status" = 0 ]
	CHAINMAIL_ETC=/no/such run chainmail check
	[ "$status" = 78 ]
}
