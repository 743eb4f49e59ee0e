#!/usr/bin/env bats
# Mail between chainmail and Postfix, both ways, and mail that goes in circles.
# shellcheck disable=SC2030,SC2031
# release only

bats_require_minimum_version 1.5.0
load ../helper
load net

setup_file() { internet_up chain other fix; }
teardown_file() { internet_down; }
teardown() { internet_tell; }
setup() { internet_vars; }

# eight_bit: a message with lines that are hard to carry.
eight_bit() {
	printf '%s\n' 'From: ann@chain.example' "Subject: $THIS" 'MIME-Version: 1.0' \
		'Content-Type: text/plain; charset=utf-8' \
		'Content-Transfer-Encoding: 8bit' '' 'Grüße aus Köln' '.' '..' \
		'From here on' "$(printf '%990s' '' | tr ' ' x)" '' 'the end'
}
# large: 20 MB of lines.
large() {
	message
	openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null |
		head -c 15000000 | base64
}
# by_postfix SENDER RCPT...: the message on stdin.
by_postfix() {
	local sender=$1
	shift
	on fix /usr/sbin/sendmail -C "$INSIDE/fix/conf" -i -f "$sender" "$@"
}
# body [FILE]: everything behind the header.
body() { lf <"${1-/dev/stdin}" | sed '1,/^$/d'; }

@test "Postfix to chainmail: 8-bit text arrives unchanged" {
	eight_bit | by_postfix ann@fix.example bob@chain.example
	await 20 mailed chain bob@chain.example
	cmp <(eight_bit | body) <(body "$(mail_files chain bob@chain.example)")
}

@test "Postfix to chainmail: DANE finds the certificate right" {
	message | by_postfix ann@fix.example bob@chain.example
	await 20 mailed chain bob@chain.example
	grep -q "Verified TLS connection established to mx.chain.example" \
		"$NET/fix/maillog"
}

@test "Postfix to chainmail: addresses in UTF-8" {
	message | by_postfix grüße@fix.example jürgen@chain.example
	await 20 mailed chain j%C3%BCrgen@chain.example
	grep -q '^Return-Path: <grüße@fix.example>' \
		"$(mail_files chain j%C3%BCrgen@chain.example)"
}

@test "Postfix to chainmail: 20 MB" {
	large | by_postfix ann@fix.example bob@chain.example
	await 40 mailed chain bob@chain.example
	cmp <(large | body) <(body "$(mail_files chain bob@chain.example)")
}

@test "chainmail to Postfix: 8-bit text arrives unchanged" {
	eight_bit | post chain bob@fix.example
	await 20 mailed fix bob@fix.example
	cmp <(eight_bit | body) <(body "$(mail_files fix bob@fix.example)")
}

@test "chainmail to Postfix: TLS, found right by DANE" {
	message | post chain bob@fix.example
	await 20 mailed fix bob@fix.example
	grep -qE 'with ESMTPS' "$(mail_files fix bob@fix.example)"
	await 5 decided chain bob@fix.example dane
}

@test "chainmail to Postfix: addresses in UTF-8, domains in both forms" {
	message | FROM=jürgen@chain.example post chain grüße@bücher.example \
		bob@xn--bcher-kva.example
	await 20 mailed fix all 2
	run -0 cat "$(mail_files fix all | head -n 1)"
	has "jürgen@chain.example" "$output"
	mail_files fix all | xargs grep -q "Delivered-To: grüße@"
}

@test "chainmail to Postfix: 20 MB" {
	large | post chain bob@fix.example
	await 40 mailed fix bob@fix.example
	cmp <(large | body) <(body "$(mail_files fix bob@fix.example)")
}

@test "a client submits with STARTTLS and AUTH, and Postfix gets it" {
	need swaks
	on chain swaks --silent 2 --server mx.chain.example:587 --tls \
		--auth PLAIN --auth-user ann@chain.example \
		--auth-password 'open sesame' --from ann@chain.example \
		--to bob@fix.example --header "Subject: $THIS"
	await 20 mailed fix bob@fix.example
	run -0 cat "$(mail_files fix bob@fix.example)"
	lacks "192.0.2.10]) by mx.chain" "$output"
}

@test "Postfix refuses a recipient: the report has its words" {
	message | post chain "bob@nowhere.fix.example" "bob@[192.0.2.30]"
	await 20 mailed chain ann@chain.example
	grep -q "Relay access denied\|5\.7\.1\|5\.4\.6\|5\.1\." \
		"$(mail_files chain ann@chain.example)"
}

# quiet: this test's message is in no queue.
quiet() {
	! grep -rqsw "$THIS" "$NET"/{chain,other}/spool/{new,tmp} \
		"$NET"/fix/spool/{active,incoming,deferred}
}

@test "two chainmails that forward to each other: one report" {
	message | post chain circle@chain.example
	await 30 mailed chain ann@chain.example
	await 20 quiet
	mailed chain ann@chain.example
	grep -qi "loop" "$(mail_files chain ann@chain.example)"
}

@test "chainmail and Postfix that forward to each other: one report" {
	message | post chain fixed@chain.example
	await 30 mailed chain ann@chain.example
	await 20 quiet
	mailed chain ann@chain.example
	grep -qi "loop" "$(mail_files chain ann@chain.example)"
}
