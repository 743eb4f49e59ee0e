#!/usr/bin/env bats
# What a person reads when mail could not go out: the report and the warning of
# delay, as mutt shows them.
# shellcheck disable=SC2030,SC2031
# release only

bats_require_minimum_version 1.5.0
load ../helper
load net

setup_file() { internet_up chain; }
teardown_file() {
	internet_down
}
teardown() { internet_tell; }
setup() { internet_vars; }

# seen_in_mutt: this test's one message in ann's mailbox on a screen of 80 by 50.
seen_in_mutt() {
	local screen=net-$$-$BATS_TEST_NUMBER folder=$BATS_TEST_TMPDIR/Maildir
	mkdir -p "$folder"/{cur,new,tmp}
	cp "$(mail_files chain ann@chain.example)" "$folder/new/1.x.y"
	printf '%s\n' "set folder=$BATS_TEST_TMPDIR" 'set sort=date' 'set wait_key=no' 'set pager_index_lines=0' \
		'ignore *' 'unignore from to subject' 'set quit=yes' \
		'set header_cache=""' >"$BATS_TEST_TMPDIR/muttrc"
	HOME=$BATS_TEST_TMPDIR LANG=C.UTF-8 tmux -L "$screen" -f /dev/null \
		new-session -d -x 80 -y 50 \
		"mutt -n -F $BATS_TEST_TMPDIR/muttrc -f $folder -e 'push <display-message>'"
	await_or_not 10 shows "$screen" 'Subject:' || true
	tmux -L "$screen" capture-pane -p
	tmux -L "$screen" kill-server
}
shows() { tmux -L "$1" capture-pane -p | grep -q "$2"; }

@test "a report in mutt: what happened, who said it, what to do" {
	need mutt tmux
	message | post chain "$THIS@refuse.example"
	await 15 mailed chain ann@chain.example
	run -0 seen_in_mutt
	echo "$output" >&2
	has "$THIS@refuse.example" "$output"
	has "We do not like it." "$output"
	has "refuse.example" "$(head -n 20 <<<"$output")"
	run -0 head -n 22 <<<"$output"
	has "Subject: Not delivered to $THIS@refuse.example" "$output"
	has "could not be delivered to $THIS@refuse.example" "$output"
	has "mx.refuse.example answered:" "$output"
	has "We do not like it." "$output"
	has "What to do:" "$output"
}

@test "a warning of delay in mutt: nothing to be done, and until when" {
	need mutt tmux
	echo 'delay-warning 1s' >"$NET/chain/etc/limits"
	on chain s6-svc -r "$INSIDE/chain/services/queue-run"
	message | post chain "$THIS@wait.example"
	await 10 waits chain "$THIS@wait.example"
	sleep 1.1 # what is tested is time
	again chain
	await 15 mailed chain ann@chain.example
	run -0 seen_in_mutt
	echo "$output" >&2
	has "$THIS@wait.example" "$output"
	has "The disk is tired" "$output"
	grep -q '^Action: delayed' "$(mail_files chain ann@chain.example)"
}
