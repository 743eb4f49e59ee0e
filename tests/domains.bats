#!/usr/bin/env bats
# A domain is one however it is written (UTS 46): capitals, letters taken apart
# (NFD), other dots, its ASCII form, a last dot. Everywhere.
# shellcheck disable=SC2030,SC2031

load send-host.bash

forms=('münchen.example' 'MÜNCHEN.Example' $'mu\u0308nchen.example'
	$'MU\u0308NCHEN\u3002EXAMPLE' $'münchen\uff0eexample' 'xn--mnchen-3ya.example'
	'XN--MNCHEN-3YA.example.' 'münchen.example.' $'mün\u00adchen.example'
	$'\uff4d\u00fc\uff4e\uff43\uff48\uff45\uff4e.example')

@test "users takes it in every form, and twice is twice" {
	for form in "${forms[@]}"; do
		private_users "$form domain
bob@$form mailbox"
		run chainmail-user list
		has 'bob@' "$output"
		run private_users "$form domain
münchen.example domain
bob@$form mailbox
bob@münchen.example mailbox"
		[ "$status" != 0 ]
	done
}

@test "smtpd and deliver know it in every form" {
	private_users 'münchen.example domain
bob@münchen.example mailbox'
	for form in "${forms[@]}"; do
		run smtpd < <(printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@r.example> SMTPUTF8' \
			"RCPT TO:<bob+x@$form>" "RCPT TO:<eve@$form>" QUIT) 2>/dev/null
		has '250 2.1.5' "$output"
		has '550 5.1.1' "$output"
		deliver -f a@r.example "bob@$form" <"$MESSAGE"
	done
	[ "$(find "$CHAINMAIL_MAIL"/xn--mnchen-3ya.example/bob/Maildir/new -type f | wc -l)" = "${#forms[@]}" ]
	# Another that looks like it is none of ours.
	run smtpd < <(printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@r.example> SMTPUTF8' \
		'RCPT TO:<bob@munchen.example>' QUIT) 2>/dev/null
	has '550 5.7.1' "$output"
}

@test "routes and send know it in every form, and say it in one" {
	host a offer=8BITMIME,SMTPUTF8
	host b offer=8BITMIME
	for form in "${forms[@]}"; do
		for name in a b; do
			port=$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/$name")
			echo "$form 127.0.0.1:$port" >"$CHAINMAIL_ETC/routes"
			job domain=xn--mnchen-3ya.example from=ann@example.net 'bob@MÜNCHEN。example'
			has 'verdict=0' "$output"
			echo "münchen.example 127.0.0.1:$port" >"$CHAINMAIL_ETC/routes"
			job domain=xn--mnchen-3ya.example from=ann@example.net "bob@$form"
			has 'verdict=0' "$output"
		done
	done
	[ "$(grep -h RCPT "$BATS_TEST_TMPDIR/b.log" | sed 's/.*TO:<//; s/>.*//' | tr A-Z a-z | sed 's/[.]$//' | sort -u)" = bob@xn--mnchen-3ya.example ]
	run grep -h RCPT "$BATS_TEST_TMPDIR/a.log"
	has '<bob@münchen.example>' "$output"
	for odd in MÜN $'u\u0308' $'\u3002' $'\uff0e' $'\u00ad'; do
		[[ $output != *"$odd"* ]]
	done
}
