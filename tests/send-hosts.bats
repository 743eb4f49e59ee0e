#!/usr/bin/env bats
# Which hosts send goes to: MX records, the files routes, dns and hosts.
load helper

declare -gA PORT
NETS= # network namespaces to remove

setup() {
	need python3
	private_dirs
	ZONE=$BATS_TEST_TMPDIR/zone
	ASKED=$BATS_TEST_TMPDIR/asked
	MESSAGE=$BATS_TEST_TMPDIR/message
	printf 'Subject: x\n\nhello\n' >"$MESSAGE"
	: >"$ASKED"
	echo me.example >"$CHAINMAIL_ETC/me"
	: >"$CHAINMAIL_ETC/hosts"
	host here
	DNS=$(free_port)
	echo "127.0.0.1:$DNS" >"$CHAINMAIL_ETC/dns"
	zone 'x.example A 192.0.2.1'
	background "$TOP/tests/zone.py" "$DNS" "$ZONE" "$ASKED"
	NAME_SERVER=$!
	await 10 name_server_answers # a packet before that is lost
	: >"$ASKED"
}
teardown() {
	stop_background
	for net in $NETS; do ip netns del "$net"; done
}

zone() { printf '%s\n' "$@" >"$ZONE"; }
routes() { printf '%s\n' "$@" >"$CHAINMAIL_ETC/routes"; }

# name_server_answers [COMMAND ...]: asked for x, behind COMMAND, it says
# something.
name_server_answers() {
	"$@" python3 - "$DNS" 2>/dev/null <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(0.2)
		s.connect(("127.0.0.1", int(sys.argv[1])))
		s.send(bytes.fromhex("000101000001000000000000") + b"\x01x\x00\x00\x01\x00\x01")
		s.recv(512)
	END
}

# host NAME [key=value ...]: a mail host at port PORT[NAME]; its mail is in
# NAME.mail.
host() {
	local name=$1
	shift
	mkdir "$BATS_TEST_TMPDIR/$name.mail"
	"$TOP/tests/smtp-host.py" save="$BATS_TEST_TMPDIR/$name.mail" "$@" \
		>"$BATS_TEST_TMPDIR/$name" 3>&- &
	BACKGROUND+=("$!")
	await 10 test -s "$BATS_TEST_TMPDIR/$name"
	PORT[$name]=$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/$name")
}
# got NAME: how many messages the host has.
got() { find "$BATS_TEST_TMPDIR/$1.mail" -type f | wc -l; }

# mail TARGET: by hand.
mail() { run send -v -f ann@example.net "$1" bob@example.org <"$MESSAGE"; }
# job DOMAIN...: by the file routes, one worker for all.
job() {
	run "$TOP/tests/send-jobs.py" domain="$1" bob@"$1" <"$MESSAGE"
}

@test "the best MX is tried first, then the next" {
	zone 'example.org MX 20 b.example.org' 'example.org MX 10 a.example.org' \
		'a.example.org A 127.0.0.2' 'b.example.org A 127.0.0.1'
	mail "mx:example.org:${PORT[here]}"
	[ "$status" = 0 ]
	has 'host=b.example.org' "$output"
	has 'host=a.example.org ip=127.0.0.2 status=4.4.1' "$output"
	[ "$(got here)" = 1 ]
}

@test "a domain without MX is its own host, also behind an alias" {
	zone 'example.org A 127.0.0.1' 'alias.org CNAME example.org'
	mail "mx:example.org:${PORT[here]}"
	[ "$status" = 0 ]
	mail "mx:alias.org:${PORT[here]}"
	[ "$status" = 0 ]
	[ "$(got here)" = 2 ]
}

@test "mail for a missing domain, a null MX, and ourselves is refused" {
	zone 'null.org MX 0 .' 'loop.org MX 10 me.example' \
		'home.org MX 10 mx.home.org' 'mx.home.org A 127.0.0.1'
	mail mx:gone.org
	[ "$status" = 67 ]
	has 'status=5.1.2' "$output"
	mail mx:null.org
	[ "$status" = 67 ]
	has 'status=5.1.10' "$output"
	for domain in loop.org home.org; do
		mail "mx:$domain"
		[ "$status" = 78 ]
		has 'status=5.4.6' "$output"
	done
}

@test "mail to this host's own address does not loop" {
	for ip in 127.0.0.1 IPv6:::1 0.0.0.0; do
		job "[$ip]"
		has 'verdict=78 status=5.4.6' "$output"
	done
	routes "[127.0.0.1] 127.0.0.1:${PORT[here]}" # unless that is wanted
	job '[127.0.0.1]'
	has 'verdict=0' "$output"
	[ "$(got here)" = 1 ]
}

@test "mail waits when DNS fails" {
	zone 'example.org ANY servfail'
	mail mx:example.org
	[ "$status" = 75 ]
	has 'status=4.4.3' "$output"
	kill "$NAME_SERVER"
	wait "$NAME_SERVER" || true
	mail mx:example.org # nobody listens there any more
	[ "$status" = 75 ]
}

@test "without DNS mail goes to addresses and to known hosts, at once" {
	echo none >"$CHAINMAIL_ETC/dns"
	echo '127.0.0.1 pc.lan' >"$CHAINMAIL_ETC/hosts"
	routes "example.lan 127.0.0.1:${PORT[here]}" "other.lan pc.lan:${PORT[here]}" \
		"mx.lan mx:pc.lan:${PORT[here]}" 'six.lan unknown.lan'
	for domain in example.lan other.lan mx.lan; do
		job $domain
		has 'verdict=0' "$output"
	done
	[ "$(got here)" = 3 ]
	job nowhere.org
	has 'verdict=67' "$output"
	job six.lan
	has 'verdict=75' "$output"
	[ ! -s "$ASKED" ]
}

@test "a route to an address waits for no name server" {
	local start=$SECONDS
	kill -STOP "$NAME_SERVER"
	routes "example.lan 127.0.0.1:${PORT[here]}"
	job example.lan
	has 'verdict=0' "$output"
	kill -CONT "$NAME_SERVER"
	[ $((SECONDS - start)) -lt 5 ]
	await 10 name_server_answers # all that was asked before is in the log
	[ "$(sort -u "$ASKED")" = 'x A' ]
}

@test "routes: the nearest line counts, and a text refuses" {
	host other
	routes "example.org 127.0.0.1:${PORT[here]}" ".example.org 127.0.0.1:${PORT[other]}" \
		'shop.example.org error the shop is closed'
	job example.org
	[ "$(got here)" = 1 ]
	job a.example.org
	[ "$(got other)" = 1 ]
	job shop.example.org
	has 'the%20shop%20is%20closed' "$output"
	has 'status=5.7.1' "$output"
}

@test "routes: when nobody answers at the first target, the second gets it" {
	routes "example.org 127.0.0.2:${PORT[here]} lmtp:/nowhere/at/all 127.0.0.1:${PORT[here]}"
	job example.org
	has 'verdict=0' "$output"
	[ "$(got here)" = 1 ]
}

@test "routes: a line with a mistake is told, and its mail waits" {
	zone 'example.org A 127.0.0.1'
	routes 'example.org 127.0.0.1:port'
	job example.org
	has 'verdict=75' "$output"
	has 'event=config file=routes line=1 error=' "$output"
	[ "$(got here)" = 0 ]
	[ ! -s "$ASKED" ]
}

@test "tls-policy: a recipient whose domain has another line gets another transaction" {
	routes "* 127.0.0.1:${PORT[here]}"
	echo 'strict.example verify' >"$CHAINMAIL_ETC/tls-policy"
	run "$TOP/tests/send-jobs.py" domain=example.org bob@example.org bob@Strict.example \
		bob@other.example <"$MESSAGE"
	has 'verdict=0' "${lines[0]}"
	has 'verdict=75 status=4.7.5' "${lines[1]}"
	lacks 'down=1' "${lines[1]}"
	has 'verdict=0' "${lines[2]}"
	[ "$(got here)" = 1 ]
	lacks strict "$(cat "$BATS_TEST_TMPDIR"/*.log)"
}

@test "tls-policy: a line that is there now counts for an open connection too" {
	routes "example.org 127.0.0.1:${PORT[here]}"
	"$TOP/tests/send-jobs.py" domain=example.org times=40 wait=0.2 \
		bob@example.org <"$MESSAGE" >"$BATS_TEST_TMPDIR/answers" 3>&- &
	BACKGROUND+=("$!")
	await 10 test -e "$BATS_TEST_TMPDIR/here.mail/2"
	echo 'example.org verify' >"$CHAINMAIL_ETC/tls-policy"
	await 10 grep -q 'verdict=75 status=4.7' "$BATS_TEST_TMPDIR/answers"
}

@test "routes: a worker in its sandbox takes a changed file with the next job" {
	host other
	routes "example.org 127.0.0.1:${PORT[here]}"
	"$TOP/tests/send-jobs.py" domain=example.org times=40 wait=0.2 \
		bob@example.org <"$MESSAGE" >"$BATS_TEST_TMPDIR/answers" 3>&- &
	BACKGROUND+=("$!")
	await 10 test -e "$BATS_TEST_TMPDIR/here.mail/1"
	routes "example.org 127.0.0.1:${PORT[other]}"
	await 10 test -e "$BATS_TEST_TMPDIR/other.mail/1"
}

@test "routes and tls-policy: a mistake leaves the former file in force" {
	routes "example.org 127.0.0.1:${PORT[here]}"
	echo 'example.org may' >"$CHAINMAIL_ETC/tls-policy"
	"$TOP/tests/send-jobs.py" domain=example.org times=40 wait=0.2 \
		bob@example.org <"$MESSAGE" >"$BATS_TEST_TMPDIR/answers" \
		2>"$BATS_TEST_TMPDIR/said" 3>&- &
	BACKGROUND+=("$!")
	await 10 test -e "$BATS_TEST_TMPDIR/here.mail/1"
	printf '%s\n' 'example.org 127.0.0.1:1' 'example.net h:port' >"$CHAINMAIL_ETC/new"
	mv "$CHAINMAIL_ETC"/{new,routes}
	printf '%s\n' 'example.org verify' 'example.net what' >"$CHAINMAIL_ETC/new"
	mv "$CHAINMAIL_ETC"/{new,tls-policy}
	for file in routes tls-policy; do
		await 10 grep -q "file=$file line=0 error=.*stays in force" \
			"$BATS_TEST_TMPDIR/said"
	done
	n=$(got here)
	await 10 test -e "$BATS_TEST_TMPDIR/here.mail/$((n + 2))"
	lacks 'verdict=75' "$(cat "$BATS_TEST_TMPDIR/answers")"
	[ "$(grep -c 'file=routes line=0' "$BATS_TEST_TMPDIR/said")" = 1 ]
}

@test "routes and tls-policy, both changed, count from the next job on" {
	host other
	routes "example.org 127.0.0.1:${PORT[here]}"
	"$TOP/tests/send-jobs.py" domain=example.org times=2 wait=4 \
		bob@example.org <"$MESSAGE" >"$BATS_TEST_TMPDIR/answers" 3>&- &
	BACKGROUND+=("$!")
	await 10 test -e "$BATS_TEST_TMPDIR/here.mail/1"
	echo '* may' >"$CHAINMAIL_ETC/tls-policy"
	routes "example.org 127.0.0.1:${PORT[other]}"
	await 10 test -e "$BATS_TEST_TMPDIR/other.mail/1"
	[ "$(got here)" = 1 ]
}

# two_networks: this host (10.9.0.1, fd09::1) and another (10.9.0.2, fd09::2).
two_networks() {
	local us=us$$ them=them$$
	ip netns add $us || return
	NETS=$us
	ip netns add $them || return
	NETS="$us $them"
	ip link add v0 netns $us type veth peer name v0 netns $them
	for net in $us $them; do
		ip -n $net link set lo up
		ip -n $net link set v0 up
	done
	ip -n $us address add 10.9.0.1/24 dev v0
	ip -n $us address add fd09::1/64 dev v0 nodad
	ip -n $them address add 10.9.0.2/24 dev v0
	ip -n $them address add fd09::2/64 dev v0 nodad
	US=$us THEM=$them
}

@test "at port 25 an MX is another host, and none that has our address" {
	need ip
	need_root
	two_networks || skip 'no network namespaces here'
	zone 'example.org MX 10 b.example.org' 'b.example.org A 10.9.0.2' \
		'b.example.org AAAA fd09::2' 'a.example.org A 10.9.0.1' \
		'second.org MX 10 b.example.org' 'second.org MX 20 a.example.org' \
		'own4.org MX 10 a.example.org' 'own6.org MX 10 fd.example.org' \
		'fd.example.org AAAA fd09::1'
	DNS=53
	echo 127.0.0.1 >"$CHAINMAIL_ETC/dns"
	background ip netns exec "$US" "$TOP/tests/zone.py" "$DNS" "$ZONE"
	mkdir "$BATS_TEST_TMPDIR/there.mail"
	background ip netns exec "$THEM" "$TOP/tests/smtp-host.py" port=25 \
		ip=10.9.0.2 save="$BATS_TEST_TMPDIR/there.mail"
	await 10 name_server_answers ip netns exec "$US"
	await 10 ip netns exec "$US" bash -c ': <>/dev/tcp/10.9.0.2/25'
	for domain in example.org second.org; do # nobody answers at fd09::2
		run ip netns exec "$US" send -v -f ann@example.net "mx:$domain" \
			bob@example.org <"$MESSAGE"
		[ "$status" = 0 ]
	done
	[ "$(got there)" = 2 ]
	for domain in own4.org own6.org; do
		run ip netns exec "$US" send -v -f ann@example.net "mx:$domain" \
			bob@example.org <"$MESSAGE"
		[ "$status" = 78 ]
		has 'status=5.4.6' "$output"
	done
}
