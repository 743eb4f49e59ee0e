# imapd: what it keeps of messages beside the index, on pipes.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load helper
load imap

setup() { imap_setup; }
teardown() { imap_teardown; }

# opened LINE...: how many messages a session of these lines opens.
opened() {
	printf '%s\r\n' "$@" |
		strace -f -e trace=openat -o "$BATS_TEST_TMPDIR/trace" \
			imapd "$M" >/dev/null 2>&1
	grep -c '10000000[0-9]*\.x' "$BATS_TEST_TMPDIR/trace" || true
}

five() {
	local i
	for i in {01..05}; do
		mail "10000000$i.x" "Subject: s$i\nFrom: ann@example.org\n\nbody $i\n"
	done
	imap 'a SELECT INBOX' 'b FETCH 1:* (RFC822.SIZE)' >/dev/null
}

@test "answers are the same bytes with what is kept, without it, and when it is damaged" {
	run python3 "$TOP/tests/imap/content.py" "$BUILD/bin/imapd" "$BATS_TEST_TMPDIR/mail"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *" messages, "* ]]
}

@test "a message whose answer is kept is not opened again" {
	need strace
	five
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:3 (ENVELOPE BODYSTRUCTURE)')" = 3 ]
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* (FLAGS BODYSTRUCTURE)')" = 2 ]
	# BODY is kept of those for which it was asked.
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* BODY')" = 5 ]
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* FULL')" = 0 ]
	[ "$(opened 'a SELECT INBOX' 'b UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (From Subject)])')" = 0 ]
	[ "$(opened 'a SELECT INBOX' 'b SEARCH FROM ann SUBJECT s3' 'c SEARCH HEADER Message-ID x' 'd SEARCH SENTSINCE 1-Jan-2026')" = 0 ]
	[ "$(opened 'a SELECT INBOX' 'b SORT (SUBJECT DATE FROM DISPLAYTO) UTF-8 ALL' 'c THREAD REFERENCES UTF-8 ALL')" = 0 ]
	# What is kept has not all fields.
	[ "$(opened 'a SELECT INBOX' 'b FETCH 2 (BODY.PEEK[HEADER.FIELDS (From X-Odd)])')" = 1 ]
	# Of a header alone there is no BODYSTRUCTURE.
	rm "$M/index.content"
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* ENVELOPE')" = 5 ]
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* ENVELOPE' 'c FETCH 1:* BODY')" = 5 ]
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* (BODY BODYSTRUCTURE ENVELOPE)')" = 0 ]
	# Who reads a message for a search keeps the same.
	rm "$M/index.content"
	[ "$(opened 'a SELECT INBOX' 'b SEARCH TO x' 'c SORT (DATE) UTF-8 ALL' 'd FETCH 1:* ENVELOPE')" = 5 ]
	rm "$M/index.content"
	[ "$(opened 'a SELECT INBOX' 'b THREAD REFS UTF-8 ALL' 'c SEARCH SENTON 1-Jan-2026')" = 5 ]
}

@test "another file in a message's place is not told of from what is kept" {
	local name
	five
	imap 'a SELECT INBOX' 'b FETCH 1:* ENVELOPE' >/dev/null
	name=$(cd "$M/cur" && echo 1000000003.x*)
	printf 'Subject: other\n\nx\n' >"$M/tmp/x"
	mv "$M/tmp/x" "$M/cur/2000000003.y,${name#*,}"
	rm "$M/cur/$name"
	run imap 'a SELECT INBOX' 'b UID FETCH 3 ENVELOPE'
	echo "$output"
	[[ $output == *'UID 3 ENVELOPE (NIL "other" '* ]]
}

@test "what is kept outlives an index that is made anew" {
	five
	imap 'a SELECT INBOX' 'b FETCH 1:* ENVELOPE' 'c FETCH 1:2 BODYSTRUCTURE' >/dev/null
	rm "$M/index"
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* ENVELOPE' 'c FETCH 1:2 BODYSTRUCTURE')" = 0 ]
	# Another start of the kernel; the last excerpt was not written.
	printf x | dd of="$M/index" bs=1 seek=20 conv=notrunc status=none
	truncate -s -16 "$M/index.content"
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:* ENVELOPE')" = 0 ]
	[ "$(opened 'a SELECT INBOX' 'b FETCH 1:2 BODYSTRUCTURE')" = 1 ]
}
