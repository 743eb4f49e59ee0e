#!/usr/bin/env bats
# send and hosts that hang, drip, or hang up between two messages: every wait has
# an end, and none is taken for an acceptance.
load send-host
load certificates

setup_file() {
	export CERTS=$BATS_FILE_TMPDIR/certs
	command -v openssl >/dev/null || return 0
	mkdir -p "$CERTS"
	authority root
	certificate host root 127.0.0.1
}
# patience SECONDS: so long for a reply, twice as long after the dot.
patience() { printf 'send-time %s\ndata-rate 1G\n' "$1" >"$CHAINMAIL_ETC/limits"; }
port_of() { awk '{ print $2 }' "$BATS_TEST_TMPDIR/$1"; }
# route NAME WORD...: where mail for NAME.example goes: hosts, in this order,
# "lmtp:" may stand before one; tls=... as it is.
route() {
	local line=$1.example word
	shift
	for word; do
		case $word in
		tls=*) line+=" $word" ;;
		lmtp:*) line+=" lmtp:127.0.0.1:$(port_of "${word#lmtp:}")" ;;
		*) line+=" 127.0.0.1:$(port_of "$word")" ;;
		esac
	done
	echo "$line" >>"$CHAINMAIL_ETC/routes"
}
# jobs NAME...: mail for each, all at the same time: result NAME has the answer.
jobs() {
	local name pids=()
	for name; do
		"$TOP/tests/send-jobs.py" {bob,amy}@"$name.example" <"$MESSAGE" \
			>"$BATS_TEST_TMPDIR/$name.out" 2>&1 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
}
result() { cat "$BATS_TEST_TMPDIR/$1.out"; }
# both NAME TEXT: the words of its two answers.
both() {
	has "done n=0 $2" "$(result "$1")"
	has "done n=1 $2" "$(result "$1")"
}
log() { cat "$BATS_TEST_TMPDIR/$1.log"; }
got() { find "$BATS_TEST_TMPDIR/$1.mail" -type f | wc -l; }
connections() { grep -c '(connected)' "$BATS_TEST_TMPDIR/$1.log"; }
LATE='verdict=75 status=4.4.2 host=127.0.0.1 ip=127.0.0.1 rule=opportunistic text=no%20answer%20in%20time'

@test "a host that hangs or drips before the end of the message: another gets it" {
	patience 2
	host good
	host on-greeting greeting=hang
	host on-ehlo ehlo=hang
	host on-mail mail=hang
	host on-rcpt rcpt=hang offer=PIPELINING
	host on-data data=hang
	host drip 'greeting=drip 2'
	host lines 'ehlo=drip 250-x\n'
	local name
	for name in on-{greeting,ehlo,mail,rcpt,data} drip lines; do
		route "alone-$name" "$name"
		route "then-$name" "$name" good
	done
	jobs {alone,then}-{on-{greeting,ehlo,mail,rcpt,data},drip,lines}
	for name in on-{greeting,ehlo,mail,rcpt,data} drip lines; do
		has "$LATE" "$(result "alone-$name" | sed 's/ down=1//')"
		both "then-$name" 'verdict=0 '
	done
	[ "$(got good)" = 7 ]
}

@test "a host that hangs in TLS: another gets it" {
	need openssl
	patience 2
	local tls=(cert="$CERTS/host.pem" key="$CERTS/host.key") name
	host good "${tls[@]}"
	host starttls "${tls[@]}" starttls=hang
	host shake "${tls[@]}" 'starttls=220 go on;hang'
	for name in starttls shake; do
		route "alone-$name" $name tls=require
		route "then-$name" $name good tls=require
	done
	route may shake
	jobs {alone,then}-{starttls,shake} may
	for name in starttls shake; do
		both "alone-$name" 'verdict=75 status=4.'
		has 'down=1' "$(result "alone-$name")"
		both "then-$name" 'verdict=0 '
	done
	[ "$(got good)" = 2 ]
	both may 'verdict=0 ' # rather in plain text than not
}

@test "a host that stops reading in the middle of the message: another gets it" {
	patience 8 # 30 MB take a while on a slow machine
	yes 'a line of a long message' | head -c 30000000 >>"$MESSAGE"
	host good
	host stuck stop=1000
	route alone stuck
	route both stuck good
	jobs alone both
	has '(hangs)' "$(log stuck)"
	both alone 'verdict=75 status=4.4.2 '
	both both 'verdict=0 '
	[ "$(got good)" = 1 ]
}

@test "a host that hangs or drips after the end of the message: later" {
	patience 2
	host good
	host on-dot dot=hang
	host drip 'dot=drip 250 taken'
	host lines 'dot=drip 250-taken\n'
	host on-bdat offer=CHUNKING bdat=hang
	host on-lmtp lmtp=1 'dot:1=hang'
	local name
	for name in on-dot drip lines on-bdat; do
		route "r-$name" $name good
	done
	route r-on-lmtp lmtp:on-lmtp good
	jobs r-{on-dot,drip,lines,on-bdat,on-lmtp}
	for name in r-{on-dot,drip,lines,on-bdat}; do
		both "$name" "$LATE"
	done
	has 'done n=0 verdict=0 ' "$(result r-on-lmtp)"
	has "done n=1 $LATE" "$(result r-on-lmtp)"
	[ "$(got good)" = 0 ]
}

@test "a message sent with its envelope: a slow host may have it, a closed one has not" {
	patience 2
	local offer=offer=CHUNKING,PIPELINING name
	host good
	host slow-mail $offer mail=hang
	host slow-rcpt $offer rcpt:amy=hang
	host lost-rcpt $offer rcpt:amy=drop
	host gone-mail $offer mail=drop
	host busy-mail $offer 'mail=421 4.3.2 no more;drop'
	host busy-rcpt $offer 'rcpt:amy=421 4.3.2 no more;drop'
	for name in {slow,lost,busy}-rcpt {slow,gone,busy}-mail; do
		route "r-$name" $name good
	done
	jobs r-{slow,lost,busy}-rcpt r-{slow,gone,busy}-mail
	for name in r-slow-mail r-slow-rcpt r-lost-rcpt; do
		both $name 'verdict=75 status=4.4.2 '
	done
	for name in r-gone-mail r-busy-mail r-busy-rcpt; do
		both $name 'verdict=0 '
	done
	[ "$(got good)" = 3 ]
}

@test "two hosts that hang end the attempt, a third is for the next" {
	patience 1
	host a greeting=hang
	host b ehlo=hang
	host good
	route r a b good
	jobs r
	both r 'verdict=75 status=4.4.2 '
	has 'down=1' "$(result r)"
	[ "$(connections a)" = 1 ]
	[ "$(connections b)" = 1 ]
	[ "$(got good)" = 0 ]
}

@test "an envelope that is answered slowly again and again has an end" {
	patience 1
	host a 'rcpt=late:900 250 ok'
	route a a
	job to{1..30}@a.example
	[ "$(grep -c '^done.*verdict=75 status=4.4.2' <<<"$output")" = 30 ]
	[ "$(grep -c RCPT "$BATS_TEST_TMPDIR/a.log")" -lt 15 ]
}

# next NAME TLS WORD...: two messages, the host hangs up between them; the second
# one goes over a new connection at once.
next() {
	local name=${1//,/-} how=$2
	shift 2
	[ "$how" = none ] || set -- "$@" cert="$CERTS/host.pem" key="$CERTS/host.key"
	host "$name" "$@"
	route "r-$name" "$name" "tls=$how"
	job times=2 "bob@r-$name.example"
	has 'done n=0 verdict=0 ' "$output"
	has 'done n=1 verdict=0 ' "$output"
	lacks 'verdict=75' "$output"
	[ "$(connections "$name")" = 2 ]
	[ "$(got "$name")" = 2 ]
}

@test "a connection that ends between two messages: the next one goes at once" {
	need openssl
	local kind
	for kind in 'require NONE' 'require PIPELINING,CHUNKING' 'none PIPELINING,CHUNKING'; do
		set -- ${kind% *} offer=${kind#* }
		next "closed-$1-${2#*=}" "$@" messages=1
		next "idle-$1-${2#*=}" "$@" 'dot=250 ok\n421 4.4.2 idle;drop|250 ok' \
			'bdat=250 ok\n421 4.4.2 idle;drop|250 ok'
		next "busy-$1-${2#*=}" "$@" 'mail=250 ok|421 4.7.0 one is enough;drop|250 ok'
		next "mail-$1-${2#*=}" "$@" 'mail=250 ok|drop|250 ok'
	done
}
