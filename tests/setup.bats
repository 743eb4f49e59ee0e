#!/usr/bin/env bats
# chainmail-setup creates missing files and leaves existing ones unchanged.
bats_require_minimum_version 1.5.0
load helper
# release only

setup() {
	private_dirs
	need openssl
	rm -r "$CHAINMAIL_SPOOL"
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	cd "$BATS_TEST_TMPDIR" || return
}
teardown() { stop_background; }

leaf() { openssl x509 -in "$CHAINMAIL_ETC/tls/default/cert.pem" -noout "$@"; }

@test "a new server gets folders, an authority, a certificate and a user" {
	run chainmail-setup -u bob@mail.example.org
	[ "$status" = 0 ]
	has 'user: bob@mail.example.org' "$output"
	has 'password: ' "$output"
	[ -d "$CHAINMAIL_SPOOL/new" ]
	[ -s "$CHAINMAIL_ETC/users.cdb" ]
	[ -s "$CHAINMAIL_ETC/secrets.cdb" ]
	openssl verify -CAfile "$CHAINMAIL_ETC/ca/ca.pem" -purpose sslserver \
		-verify_hostname mail.example.org "$CHAINMAIL_ETC/tls/default/cert.pem"
	openssl verify -CAfile "$CHAINMAIL_ETC/ca/ca.pem" -verify_ip 127.0.0.1 \
		"$CHAINMAIL_ETC/tls/default/cert.pem"
}

@test "the server's certificate is no authority" {
	chainmail-setup
	leaf -ext basicConstraints | grep -q CA:FALSE
	leaf -ext extendedKeyUsage | grep -q 'TLS Web Server'
}

@test "private keys can be read by their owner alone, or their group" {
	chainmail-setup
	[ "$(stat -c %a "$CHAINMAIL_ETC/ca/key.pem")" = 600 ]
	[ "$(stat -c %a "$CHAINMAIL_ETC/tls/default/key.pem")" = 640 ]
}

@test "a second run changes nothing" {
	chainmail-setup -u bob@mail.example.org
	before=$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)
	run chainmail-setup -u eve@mail.example.org
	[ "$status" = 0 ]
	lacks password: "$output"
	lacks eve@ "$output"
	[ "$before" = "$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)" ]
}

@test "the services' folder has a run script for each and one log" {
	chainmail-setup -s "$BATS_TEST_TMPDIR/services"
	for service in tlsd authd commands filters verifyd deliver send mta-sts queue-run tls-report \
		smtpd local login certificate check log; do
		[ -x "$BATS_TEST_TMPDIR/services/$service/run" ]
	done
	[ -p "$BATS_TEST_TMPDIR/services/log/fifo" ]
}

@test "a sleep until the next day ends with its service" {
	need setpriv
	background chainmail-service tls-report
	waits() {
		read -r waiting <"/proc/${BACKGROUND[0]}/task/${BACKGROUND[0]}/children" || [ -n "$waiting" ] || return
		[ "$(cat "/proc/${waiting%% *}/comm")" = sleep ]
	}
	await 5 waits
	kill "${BACKGROUND[0]}"
	await 5 gone "${waiting%% *}"
}
gone() { ! kill -0 "$1" 2>/dev/null; }

@test "an unknown service is refused" {
	run chainmail-service nntp
	[ "$status" = 64 ]
}

# The records of a domain, made and read by a name server's own checker.
zone_of() {
	printf '%s 3600 IN SOA ns.example.net. root.example.net. 1 2 3 4 5\n%s 3600 IN NS ns.example.net.\n' "$1." "$1."
	cat "$2"
}

@test "a domain gets names, keys, a policy and a user, and its records are a zone" {
	need nsd-checkzone ldns-read-zone
	rm "$CHAINMAIL_ETC/me"
	run chainmail-setup Example.org
	[ "$status" = 0 ]
	has 'user: postmaster@example.org' "$output"
	grep -qx 'example.org domain' "$CHAINMAIL_ETC/users"
	grep -q 'mode: testing' "$CHAINMAIL_ETC/mta-sts.example.org.txt"
	chainmail-records -s example.org >records
	zone_of example.org records >zone
	nsd-checkzone example.org zone
	ldns-read-zone zone >parsed
	for type in MX TXT TLSA SRV CAA; do grep -q "	$type	" parsed; done
	# Every record has the life of the fragment's own $TTL.
	[ "$(awk '$2 != 3600' parsed)" = '' ]
	leaf -pubkey | openssl pkey -pubin -outform DER | sha256sum | grep -q "^$(awk '/ TLSA / { print $NF }' records)"
}

@test "no record is for a missing feature, and TLSA is for signed zones" {
	chainmail-setup example.org >records 2>told
	for word in _domainkey _mta-sts mta-sts. autoconfig autodiscover ' TLSA '; do
		lacks "$word" "$(<records)"
	done
	grep -q '^; DANE: only if .* signed' records
	grep -qE '^example.org. .*"v=spf1 .*~all"$' records
}

@test "each group of records is explained" {
	chainmail-records -s example.org >records
	awk 'BEGIN { RS = "" } !/^;/ { print; bad = 1 } END { exit bad }' records
}

@test "the SRV record of a service that is off says so, another port is named" {
	need nsd-checkzone
	printf '%s\n' 'pop3 off # for ever' 'pop3s off' 'imap 127.0.0.1:143' 'submissions *:4650' >"$CHAINMAIL_ETC/listen"
	chainmail-records example.org >records
	zone_of example.org records >zone
	nsd-checkzone example.org zone
	for name in pop3 pop3s imap; do grep -qE "^_$name._tcp.example.org. +IN SRV +0 0 0 \\.$" records; done
	grep -qE '^_submissions._tcp.* 0 1 4650 mail.example.org.$' records
	grep -qE '^_imaps._tcp.* 0 1 993 mail.example.org.$' records
}

@test "mail that leaves by a smarthost has SPF ask for its provider" {
	lacks smarthost "$(chainmail-records example.org)"
	printf '%s\n' 'far.example 192.0.2.9' '* smtp.provider.example:587 user=me' >"$CHAINMAIL_ETC/routes"
	has 'by smtp.provider.example:587: put the include:' "$(chainmail-records example.org)"
}

@test "without rights nothing is printed, rather than half of it" {
	chainmail-setup example.org >/dev/null 2>&1
	for closed in me listen tls tls/default tls/default/cert.pem .; do
		: >>"$CHAINMAIL_ETC/listen"
		chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" 2>/dev/null || true
		mode=$(stat -c %a "$CHAINMAIL_ETC/$closed")
		chmod 0 "$CHAINMAIL_ETC/$closed"
		code=0
		as_nobody chainmail-records example.org >out 2>err || code=$?
		chmod "$mode" "$CHAINMAIL_ETC/$closed"
		[ "$code" = 77 ]
		[ ! -s out ]
		has "$CHAINMAIL_ETC" "$(<err)"
	done
	as_nobody chainmail-records example.org | grep -q ' MX '
}
# As root, by a user that the modes count for.
as_nobody() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

@test "a server without a full name has no records" {
	echo alone >"$CHAINMAIL_ETC/me"
	run chainmail-records example.org
	[ "$status" = 78 ]
	has "$CHAINMAIL_ETC/me" "$output"
}

@test "a second run for the domain changes nothing and prints the same records" {
	chainmail-setup example.org >/dev/null
	before=$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)
	chainmail-records example.org >records
	chainmail-setup example.org | diff - records
	[ "$before" = "$(find "$CHAINMAIL_ETC" "$CHAINMAIL_SPOOL" -type f -exec sha256sum {} + | sort)" ]
}

@test "existing mistakes are reported, and setup still completes" {
	echo 'recipients lots' >"$CHAINMAIL_ETC/limits"
	run --separate-stderr chainmail-setup example.org
	[ "$status" = 0 ]
	# shellcheck disable=SC2154 # bats sets it
	has "$CHAINMAIL_ETC/limits:1: " "$stderr"
	lacks 'you may not read it' "$stderr"
	has 'example.org.' "$output"
}

@test "the password is not among the records" {
	chainmail-setup example.org >out 2>told
	grep -q '^password: ' told
	chainmail-records example.org | diff - out
}

@test "a second domain has a user and keys of its own, and a zone without the host" {
	need nsd-checkzone
	chainmail-setup example.org.uk >/dev/null
	chainmail-setup -u bob@example.org example.org >records
	grep -q '^bob@example.org mailbox' "$CHAINMAIL_ETC/users"
	grep -q '^postmaster@example.org.uk mailbox' "$CHAINMAIL_ETC/users"
	[ "$(find "$CHAINMAIL_ETC/dkim" -name 'example.org.uk.*.pem' | wc -l)" = 2 ]
	lacks uk. "$(<records)"
	echo mail.example.net >"$CHAINMAIL_ETC/me"
	for domain in example.org example.org.uk; do
		chainmail-records -s $domain >records
		zone_of $domain records >zone
		nsd-checkzone $domain zone
		grep -q '^; in the zone of mail.example.net: _25._tcp' records
	done
	run chainmail-setup -u eve@example.net example.org
	[ "$status" = 64 ]
}

@test "an invalid domain is refused before anything is created for it" {
	for word in localhost '../x.y' 'a..b' -x.y 'a b.c'; do
		run chainmail-setup -- "$word"
		[ "$status" = 64 ]
		run chainmail-records "$word"
		[ "$status" = 64 ]
	done
	[ ! -e "$CHAINMAIL_ETC/dkim" ]
}

# pair FILE NAME... [-days N]: a certificate for these names, and its key.
pair() {
	local file=$1 days=10 names=
	shift
	for name; do
		[[ $name == [0-9]* ]] && days=$name || names+=,DNS:$name
	done
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$file.key" \
		-out "$file.crt" -subj "/CN=$1" -addext "subjectAltName=${names#,}" -days "$days" 2>/dev/null
}

@test "a certificate from elsewhere is installed completely or not at all" {
	pair one mail.example.org
	pair two www.example.org mail.example.org
	chainmail-certificate one.crt one.key
	cmp one.crt "$CHAINMAIL_ETC/tls/default/cert.pem"
	cmp one.key "$CHAINMAIL_ETC/tls/default/key.pem"
	[ "$(stat -c %a "$CHAINMAIL_ETC/tls/default/key.pem")" = 640 ]
	run chainmail-certificate two.crt one.key
	[ "$status" = 65 ]
	run chainmail-certificate one.key one.key
	[ "$status" = 65 ]
	run chainmail-certificate two.crt two.key ../x
	[ "$status" = 64 ]
	cmp one.crt "$CHAINMAIL_ETC/tls/default/cert.pem"
	chainmail-certificate two.crt two.key imap.example.net
	cmp two.key "$CHAINMAIL_ETC/tls/imap.example.net/key.pem"
	chainmail-certificate two.crt two.key
	cmp two.key "$CHAINMAIL_ETC/tls/default/key.pem"
}

@test "a certificate that does not name this server is not the default, unless forced" {
	pair good '*.example.org'
	pair other www.example.org www.example.net
	chainmail-certificate good.crt good.key
	run chainmail-certificate other.crt other.key
	[ "$status" = 65 ]
	for text in 'www.example.org, www.example.net' "$CHAINMAIL_ETC/me" 'not mail.example.org' ' -f'; do
		has "$text" "$output"
	done
	cmp good.crt "$CHAINMAIL_ETC/tls/default/cert.pem"
	chainmail-certificate other.crt other.key www.example.org
	chainmail-certificate -f other.crt other.key
	cmp other.crt "$CHAINMAIL_ETC/tls/default/cert.pem"
}

@test "another key is warned of, with the records of both; the same one is not" {
	pair one mail.example.org
	pair two mail.example.org
	run chainmail-certificate one.crt one.key
	[ -z "$output" ]
	tlsa() { openssl x509 -in "$1.crt" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -c 1-64; }
	run chainmail-certificate -n two.crt two.key
	[ "$status" = 0 ]
	has "3 1 1 $(tlsa two)" "$output"
	has "3 1 1 $(tlsa one)" "$output"
	cmp one.crt "$CHAINMAIL_ETC/tls/default/cert.pem" # -n only tells
	run chainmail-certificate two.crt two.key
	has "3 1 1 $(tlsa two)" "$output"
	openssl req -x509 -key two.key -out three.crt -subj /CN=mail.example.org -days 3
	run chainmail-certificate three.crt two.key
	[ "$status" = 0 ]
	[ -z "$output" ]
}

# lineage NAME...: what certbot has just renewed.
lineage() {
	rm -rf lineage
	mkdir lineage
	pair live "$@"
	mv live.crt lineage/fullchain.pem
	mv live.key lineage/privkey.pem
	export RENEWED_LINEAGE=$PWD/lineage
}

@test "certbot's hook installs certificates for this server, and no others" {
	lineage mail.example.org
	chainmail-certificate
	cmp lineage/fullchain.pem "$CHAINMAIL_ETC/tls/default/cert.pem"
	before=$(find "$CHAINMAIL_ETC" -type f -exec sha256sum {} + | sort)
	lineage www.example.org
	run chainmail-certificate
	[ "$status" = 0 ]
	has 'not installed' "$output"
	has www.example.org "$output"
	[ "$before" = "$(find "$CHAINMAIL_ETC" -type f -exec sha256sum {} + | sort)" ]
	# A host with a folder of its own is renewed there.
	pair first imap.example.net
	chainmail-certificate first.crt first.key imap.example.net
	lineage imap.example.net
	chainmail-certificate
	cmp lineage/fullchain.pem "$CHAINMAIL_ETC/tls/imap.example.net/cert.pem"
	run ! cmp lineage/fullchain.pem "$CHAINMAIL_ETC/tls/default/cert.pem"
	unset RENEWED_LINEAGE
	run chainmail-certificate
	[ "$status" = 64 ]
}

@test "uacme's hook" {
	export CHAINMAIL_ACME=$PWD/web
	chainmail-certificate begin http-01 mail.example.org to-ken_1 to-ken_1.auth
	[ "$(cat web/.well-known/acme-challenge/to-ken_1)" = to-ken_1.auth ]
	chainmail-certificate "done" http-01 mail.example.org to-ken_1 to-ken_1.auth
	[ ! -e web/.well-known/acme-challenge/to-ken_1 ]
	run chainmail-certificate begin dns-01 mail.example.org to-ken_1 x
	[ "$status" = 1 ]
	run chainmail-certificate begin http-01 mail.example.org ../../x y
	[ "$status" = 65 ]
}

@test "setup sets who gets the mail of root and postmaster, and that stays" {
	cd "$CHAINMAIL_ETC" || return
	run chainmail-setup
	lacks postmaster "$output"
	chainmail-user add ann@example.org <<<'a long password'
	run chainmail-setup
	[ "$status" = 0 ]
	has 'mail for root, postmaster, abuse and the like: ann@example.org' "$output"
	grep -qx 'postmaster@mail.example.org -> ann@example.org' users
	run chainmail-setup -u bob@example.org
	lacks 'mail for root' "$output"
	chainmail-user add bob@example.org <<<'a long password'
	# shellcheck disable=SC2016
	sed -i '/^ann@/{h;d};$G' users # bob is the first one now
	chainmail-user compile
	run deliver root@mail.example.org <<<'Subject: cron'
	has 'event=delivered' "$output"
	has 'example.org/ann/Maildir' "$output"
}

@test "a users file with mistakes, or not compiled yet, is not changed and stops nothing" {
	cd "$CHAINMAIL_ETC" || return
	chainmail-user add ann@example.org <<<'a long password'
	cp -p users good
	echo 'eve@example.org mailbox' >>users
	touch -d '+1 minute' users
	run chainmail-setup
	[ -d "$CHAINMAIL_SPOOL/new" ]
	lacks postmaster "$(<users)"
	echo 'no entry' >>users
	touch -d '-1 minute' users
	run chainmail-setup
	has 'could not set who gets mail for postmaster@mail.example.org' "$output"
	lacks postmaster "$(<users)"
	cp -p good users
	run chainmail-setup
	[ "$status" = 0 ]
	grep -q 'postmaster@mail.example.org -> ann@example.org' users
}

@test "users from a pipe are not changed" {
	printf '%s\n' 'example.org domain' 'bob@example.org mailbox' | chainmail-user compile -
	run chainmail-setup -u eve@example.org example.org
	[ "$status" = 0 ]
	has 'users.cdb is compiled from a pipe: eve@example.org is not added' "$output"
	[ ! -e "$CHAINMAIL_ETC/users" ]
	run deliver bob@example.org <<<'Subject: x'
	has 'event=delivered' "$output"
}

# --- ./setup run, as somebody without rights would see it

# Start it with a state of its own, and wait until it has said everything.
run_setup() {
	sanitized && skip 'it builds what users get'
	[[ ${BUILD##*/} == release ]] || skip 'another build'
	need s6-svscan make gcc
	state=$BATS_TEST_TMPDIR/state
	mkdir -p "$state"
	: >told
	somebody=(env "HOME=$state" "CHAINMAIL_STATE=$state")
	if [ "$(id -u)" = 0 ]; then
		chown nobody "$state"
		chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
		somebody+=(setpriv --reuid nobody --regid nogroup --clear-groups)
	fi
	background "$@" "${somebody[@]}" "$TOP/setup" run >told 2>&1
	await 60 has_told || { cat told; return 1; }
}
# The end of the text, or of the program.
has_told() {
	grep -q '^  mutt ' told || ! kill -0 "${BACKGROUND[-1]}" 2>/dev/null
}
# printed COMMAND: the lines as they are printed.
printed() { sed -n "s/^  \($1 .*\)/\1/p" told; }

# works WORDS LINE: the line succeeds, and prints the words when the mail is there.
works() { await 20 works_once "$1" "$2" || { echo "$2"; cat out; return 1; }; }
works_once() {
	"${somebody[@]}" bash -c "$2" >out 2>&1 </dev/null && grep -q "$1" out
}

# On a terminal, where somebody who has read the mail quits.
mutt_works() {
	local server=chainmail-$BATS_TEST_NUMBER-$$ line
	line=$(printed mutt)
	tmux -L "$server" -f /dev/null new-session -d -x 100 -y 30 "${somebody[@]}" bash -c "$line"
	await 20 shows "$server" hello
	tmux -L "$server" kill-server
}
shows() { tmux -L "$1" capture-pane -p | grep -q "$2"; }

@test "./setup run: every line that it prints works as printed" {
	run_setup
	grep -q 'Password: ' told
	lacks event=connection "$(<"$state/log/current")" # by looking whether it runs
	lacks event=handshake "$(<"$state/log/current")"
	run -0 "${somebody[@]}" env CHAINMAIL_{ETC="$state/etc",SPOOL="$state/spool",MAIL="$state/mail",RUN="$state/run"} \
		"$state/bin/chainmail" check
	"${somebody[@]}" bash -c "$(printed printf | grep sendmail)"
	works '^Hello from outside' "$(printed printf | grep openssl)"
	works 'delivered' "$(printed CHAINMAIL_RUN=.* | grep history)"
	works 'event=' "$(printed tail)"
	count=$(($(grep -c '^  ' told) - 4))
	need swaks curl mutt tmux
	while IFS= read -r line; do
		works '250 2.0.0' "$line"
	done < <(printed swaks)
	works '\* SEARCH 1 2 3' "$(printed curl | grep ALL)"
	works '^Hello from outside' "$(printed curl | grep MAILINDEX)"
	works '^Hello from outside' "$(printed curl | grep pop3s)"
	mutt_works
	[ $count = 6 ] # and there are no others
}

@test "./setup run: localhost is ::1 too, and a port that is taken is told" {
	grep -q '^0\{31\}1 ' /proc/net/if_inet6 || skip 'no IPv6 here'
	run_setup
	while read -r port; do
		(: <>"/dev/tcp/127.0.0.1/$port") && (: <>"/dev/tcp/::1/$port")
	done < <(sed -n 's/.* 127\.0\.0\.1://p' "$state/etc/listen")
	[ "$(grep -c '::1' "$state/etc/listen")" = 7 ]
	openssl s_client -quiet -verify_return_error -verify_ip ::1 -CAfile "$state/etc/ca/ca.pem" \
		-connect "[::1]:$(sed -n 's/^imaps \[::1\]://p' "$state/etc/listen")" <<<'a LOGOUT' 2>/dev/null |
		grep -q 'BYE'
	stop_background
	grep -q 'has stopped' told
	port=$(sed -n 's/^smtp 127\.0\.0\.1://p' "$state/etc/listen")
	sed -i 's/^pop3 127\.0\.0\.1:/pop3 *:/' "$state/etc/listen" # somebody's own choice
	run_setup
	grep -qx "pop3 \*:.*" "$state/etc/listen"
	grep -q '^  mutt' told
	stop_background
	background listen "127.0.0.1:$port" true
	await 10 port_open "$port"
	run_setup
	grep -q "has port $port" told
}

@test "./setup run: a machine without IPv6" {
	need_root
	need unshare ip nsenter sysctl
	run_setup unshare -n sh -c 'ip link set lo up
		sysctl -qw net.ipv6.conf.all.disable_ipv6=1; exec "$@"' sh
	lacks '::1' "$(<"$state/etc/listen")"
	line=$(printed printf | grep openssl)
	"${somebody[@]}" bash -c "$(printed printf | grep sendmail)"
	somebody=(nsenter -t "${BACKGROUND[0]}" -n "${somebody[@]}")
	works '^Hello from outside' "$line"
}

# names HOST...: the server's own certificate is good for each.
names() {
	local host
	for host; do
		has 'does match' "$(leaf -checkhost "$host")"
	done
}

@test "the server's own certificate has every name that a neighbour may use" {
	chainmail-setup
	machine=$(uname -n | tr '[:upper:]' '[:lower:]')
	names mail.example.org mail mail.local localhost "${machine%%.*}" "${machine%%.*}.local"
	has 'does match' "$(leaf -checkip ::1)"
}

@test "it is renewed when the name changes, with the same key, and clients need nothing new" {
	chainmail-setup
	cp -a "$CHAINMAIL_ETC" before
	chainmail-certificate -r
	diff -r before "$CHAINMAIL_ETC" # there was nothing to do
	echo imap.example.net >"$CHAINMAIL_ETC/me"
	run chainmail-certificate -r
	[ "$status" = 0 ]
	has 'event=certificate name=default result=renewed reason="imap.example.net is new"' "$output"
	names imap.example.net imap.local
	cmp before/tls/default/key.pem "$CHAINMAIL_ETC/tls/default/key.pem"
	openssl verify -CAfile before/ca/ca.pem -verify_hostname imap.example.net "$CHAINMAIL_ETC/tls/default/cert.pem"
	[ "$(leaf -pubkey)" = "$(openssl pkey -in "$CHAINMAIL_ETC/tls/default/key.pem" -pubout)" ]
	[ "$(ls "$CHAINMAIL_ETC/tls/default")" = "$(printf 'cert.pem\nkey.pem')" ]
}

@test "it is renewed a month before it expires" {
	chainmail-setup
	serial=$(leaf -serial)
	later() { # DAYS
		mkdir -p clock
		printf '#!/bin/sh\n[ "$*" != +%%s ] || exec /bin/date -d "%s days" +%%s\nexec /bin/date "$@"\n' "$1" >clock/date
		chmod 755 clock/date
	}
	later $((825 - 40))
	PATH=$PWD/clock:$PATH chainmail-certificate -r
	[ "$(leaf -serial)" = "$serial" ]
	later $((825 - 20))
	PATH=$PWD/clock:$PATH run chainmail-certificate -r
	has 'reason="it expires"' "$output"
	[ "$(leaf -serial)" != "$serial" ]
}

@test "an authority that is about to expire signs no more, and says what to do" {
	chainmail-setup
	mkdir clock
	printf '#!/bin/sh\n[ "$*" != +%%s ] || exec /bin/date -d "3620 days" +%%s\nexec /bin/date "$@"\n' >clock/date
	chmod 755 clock/date
	PATH=$PWD/clock:$PATH run chainmail-certificate -r
	[ "$status" = 78 ]
	has "remove $CHAINMAIL_ETC/ca" "$output"
	[ "$(ls -A "$CHAINMAIL_ETC/tls/default")" = "$(printf 'cert.pem\nkey.pem')" ]
}

@test "one from elsewhere is never renewed" {
	chainmail-setup
	pair one mail.example.org 3
	chainmail-certificate one.crt one.key
	echo imap.example.net >"$CHAINMAIL_ETC/me"
	run chainmail-certificate -r
	[ "$status" = 0 ]
	[ -z "$output" ]
	cmp one.crt "$CHAINMAIL_ETC/tls/default/cert.pem"
}

@test "setup ends with the settings for mail programs, and the next steps" {
	run chainmail-setup -u bob@mail.example.org
	for text in 'server    mail.example.org, or ' 'IMAP port 993, SSL/TLS; or port 143, STARTTLS' \
		'SMTP port 465, SSL/TLS' 'user      bob@mail.example.org' "$CHAINMAIL_ETC/ca/ca.pem in the clients"; do
		[[ $text == *', or ' && -z $(ip -o -4 addr show scope global) ]] && text=${text%, or }
		has "$text" "$output"
	done
	lacks PTR "$output"
	lacks certbot "$output"
	run chainmail-setup example.org
	for text in 'publish the records' "certbot certonly --standalone --reuse-key -d mail.example.org" PTR 'port 25'; do
		has "$text" "$output"
	done
	pair one mail.example.org
	chainmail-certificate one.crt one.key
	lacks certbot "$(chainmail-setup example.org 2>&1)"
}

@test "settings name the ports that there are" {
	printf '%s\n' 'imaps 127.0.0.1:2993' 'imap off' 'pop3s off' 'pop3 off' >"$CHAINMAIL_ETC/listen"
	run chainmail-setup -u bob@mail.example.org
	grep -q 'IMAP port 2993, SSL/TLS$' <<<"$output"
	lacks POP3 "$output"
}
