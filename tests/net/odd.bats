#!/usr/bin/env bats
# Hosts on a bad day: what is sent to them arrives once, or its sender is told.
# shellcheck disable=SC2030,SC2031

bats_require_minimum_version 1.5.0
load ../helper
load net

setup_file() { internet_up chain; }
teardown_file() { internet_down; }
teardown() { internet_tell; }
setup() { internet_vars; }

# what_was_told: the report of this test in ann's mailbox.
what_was_told() {
	await 15 mailed chain ann@chain.example
	mail_files chain ann@chain.example | xargs cat
}

@test "greylisting: 450, and 250 the next time" {
	message | post chain "$THIS@grey.example"
	await 10 waits chain "$THIS@grey.example"
	run ! arrived grey
	again chain
	await 10 arrived grey
	run ! mailed chain ann@chain.example
}

@test "one of three recipients is refused: two get it, one is reported" {
	message | post chain "$THIS-a@picky.example" "no-$THIS@picky.example" \
		"$THIS-b@picky.example"
	await 10 arrived picky
	grep -q "to=<$THIS-a@" "$(messages picky)"
	grep -q "to=<$THIS-b@" "$(messages picky)"
	run -0 what_was_told
	has "There is nobody of that name" "$output"
	has "Final-Recipient: rfc822;no-$THIS@picky.example" "${output//; /;}"
	lacks "rfc822;$THIS-a@" "${output//; /;}"
}

@test "one of three has to wait: the others get it now, and it once, later" {
	message | post chain "$THIS-a@picky.example" "later-$THIS@picky.example" \
		"$THIS-b@picky.example"
	await 10 waits chain "later-$THIS@picky.example"
	await 10 arrived picky
	again chain
	await 10 arrived picky 2
	[ "$(messages picky | xargs cat | grep -c "to=<$THIS-a@")" = 1 ]
	[ "$(messages picky | xargs cat | grep -c "to=<later-$THIS@")" = 1 ]
}

@test "the line is dropped after the dot: tried again, delivered" {
	message | post chain "$THIS@drop.example"
	await 10 waits chain "$THIS@drop.example"
	run ! arrived drop
	again chain
	await 10 arrived drop
}

@test "answers that come byte by byte are answers" {
	message | post chain "$THIS@slow.example"
	await 30 arrived slow
}

@test "a 421 for a greeting: tried again, delivered" {
	message | post chain "$THIS@busy.example"
	await 10 waits chain "$THIS@busy.example"
	again chain
	await 10 arrived busy
}

@test "a greeting of several lines is one greeting" {
	message | post chain "$THIS@greet.example"
	await 10 arrived greet
}

@test "a host that knows no EHLO is greeted by HELO" {
	message | post chain "$THIS@helo.example"
	await 10 arrived helo
	said helo "HELO mx.chain.example"
}

@test "refused after the dot: the report says it in the host's own words" {
	message | post chain "$THIS@refuse.example"
	run -0 what_was_told
	has "We do not like it." "$output"
	has "Ask at https://good.example/why" "$output"
	has "Status: 5.7.1" "$output"
}

@test "8-bit text for a host of seven bits is made quoted-printable" {
	printf '%s\n' 'From: ann@chain.example' "Subject: $THIS" 'MIME-Version: 1.0' \
		'Content-Type: text/plain; charset=utf-8' \
		'Content-Transfer-Encoding: 8bit' '' 'Grüße, und ein = dazu.' |
		post chain "$THIS@seven.example"
	await 10 arrived seven
	run -0 cat "$(messages seven | sed 's/env$/eml/')"
	run ! grep -P '[\x80-\xff]' <<<"$output"
	run -0 python3 -c '
import email, email.policy, sys
m = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
print(m["Content-Transfer-Encoding"], m.get_content())' \
		"$(messages seven | sed 's/env$/eml/')"
	has "quoted-printable Grüße, und ein = dazu." "$output"
}

@test "an address of another script is refused where no SMTPUTF8 is known" {
	message | post chain "grüße-$THIS@seven.example"
	run -0 what_was_told
	has "5.6.7" "$output"
	run ! arrived seven
}

@test "an address of another script goes where SMTPUTF8 is known" {
	message | post chain "grüße-$THIS@good.example"
	await 10 arrived good
	grep -q "to=<grüße-$THIS@good.example>" "$(messages good)"
	grep -q '^from=.*SMTPUTF8' "$(messages good)"
}

@test "a message above the host's SIZE is reported and not sent" {
	message "$(seq 1000)" | post chain "$THIS@full.example"
	run -0 what_was_told
	has "5.3.4" "$output"
	run ! said full "DATA"
}

@test "dots at the start of lines arrive as they were" {
	message ".
..two
.text" | post chain "$THIS@good.example"
	await 10 arrived good
	run -0 cat "$(messages good | sed 's/env$/eml/')"
	has $'\r\n.\r\n..two\r\n.text\r\n' "$output"$'\n'
}

@test "many messages for one host share connections" {
	local before
	before=$(grep -c connect "$NET/odd/four/log" || true)
	for _ in $(seq 20); do message | post chain "$THIS@four.example"; done >&2
	await 20 arrived four 20
	[ $(($(grep -c connect "$NET/odd/four/log") - before)) -le 10 ]
}
