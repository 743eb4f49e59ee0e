# imapd: SEARCH and what belongs to it, on pipes.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load helper
load imap

setup() { imap_setup; }
teardown() { imap_teardown; }

# Twelve messages: UIDs 1 to 12 without 3 and 4, so numbers 1 to 10; those of
# even UID are from Ann.
ten() {
	local i who lines=()
	for i in {01..12}; do
		who=ann
		[ $((10#$i % 2)) = 0 ] || who=bob
		mail "10000000$i.x" "Subject: s$i\nFrom: $who@example.org\n\nbody $i\n"
	done
	lines=('a SELECT INBOX' 'b UID STORE 3,4 +FLAGS.SILENT (\Deleted)' 'c EXPUNGE')
	imap "${lines[@]}" >/dev/null
}

# is_in_order TEXT...: each begins a line of $output, in this order.
is_in_order() {
	local line
	while IFS= read -r line; do
		[ $# -gt 0 ] && [[ $line == "$1"* ]] && shift
	done <<<"$output"
	[ $# = 0 ] || { printf 'missing: %s\nin: %s\n' "$1" "$output" >&2 && false; }
}

@test "RETURN answers with ESEARCH and the requested items" {
	ten
	run imap 'a EXAMINE INBOX' \
		'A282 SEARCH RETURN (MIN COUNT) FROM ann' \
		'A283 SEARCH RETURN () FROM ann' \
		'A284 SEARCH RETURN (MIN) FROM bob' \
		'A285 UID SEARCH RETURN (MIN MAX) 1:5000' \
		'A286 SEARCH RETURN (COUNT) DELETED' \
		'A287 UID SEARCH RETURN (MIN MAX ALL COUNT) FROM nobody' \
		'A288 UID SEARCH RETURN (ALL) 1:4,9:10' \
		'A289 search return (all max) NOT FROM ann'
	is_in_order '* ESEARCH (TAG "A282") MIN 2 COUNT 5' \
		'A282 OK Searched' \
		'* ESEARCH (TAG "A283") ALL 2,4,6,8,10' \
		'A283 OK Searched' \
		'* ESEARCH (TAG "A284") MIN 1' \
		'* ESEARCH (TAG "A285") UID MIN 1 MAX 12' \
		'* ESEARCH (TAG "A286") COUNT 0' \
		'* ESEARCH (TAG "A287") UID COUNT 0' \
		'* ESEARCH (TAG "A288") UID ALL 1:2,5:6,11:12' \
		'* ESEARCH (TAG "A289") MAX 9 ALL 1,3,5,7,9'
}

@test "RETURN with malformed or unknown options is BAD" {
	ten
	run imap 'a EXAMINE INBOX' 'b SEARCH RETURN (FOO) ALL' \
		'c SEARCH RETURN (MIN' 'd SEARCH RETURN(MIN) ALL' \
		'e SEARCH RETURN (MIN)ALL' 'f SEARCH RETURN (PARTIAL 0:1) ALL' \
		'g SEARCH RETURN (PARTIAL 1:-1) ALL' \
		'h SEARCH RETURN (PARTIAL 1:2 ALL) ALL' \
		'i SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL' \
		'j SEARCH RETURN (PARTIAL 1:*) ALL' \
		'k SEARCH OLDER 0' 'l SEARCH RETURN' 'm SEARCH RETURN ()'
	for tag in {b..m}; do
		has "$tag BAD" "$output"
	done
	lacks '* ESEARCH' "$output"
}

@test "PARTIAL returns the results of some positions, from either end" {
	ten
	run imap 'a EXAMINE INBOX' 'b UID SEARCH RETURN (PARTIAL 1:3) ALL' \
		'c UID SEARCH RETURN (PARTIAL 6:4) FROM ann' \
		'd UID SEARCH RETURN (PARTIAL -1:-2) ALL' \
		'e UID SEARCH RETURN (PARTIAL -3:-2 MIN MAX COUNT) FROM ann' \
		'f UID SEARCH RETURN (PARTIAL 11:20) ALL' \
		'g SEARCH RETURN (PARTIAL -10:-20) ALL' \
		'h SEARCH RETURN (PARTIAL 9:20 MAX) ALL' \
		'i SEARCH RETURN (PARTIAL 2:3 MAX) ALL'
	is_in_order '* ESEARCH (TAG "b") UID PARTIAL (1:3 1:2,5)' \
		'* ESEARCH (TAG "c") UID PARTIAL (4:6 10,12)' \
		'* ESEARCH (TAG "d") UID PARTIAL (-1:-2 11:12)' \
		'* ESEARCH (TAG "e") UID MIN 2 MAX 12 COUNT 5 PARTIAL (-2:-3 8,10)' \
		'* ESEARCH (TAG "f") UID PARTIAL (11:20 NIL)' \
		'* ESEARCH (TAG "g") PARTIAL (-10:-20 1)' \
		'* ESEARCH (TAG "h") MAX 10 PARTIAL (9:20 9:10)' \
		'* ESEARCH (TAG "i") MAX 10 PARTIAL (2:3 2:3)'
}

@test "UID FETCH takes PARTIAL, FETCH does not" {
	ten
	run imap 'a EXAMINE INBOX' 'b UID FETCH 2:11 (UID) (PARTIAL -1:-3)' \
		'c UID FETCH 2:11 UID (PARTIAL 1:2)' \
		'd UID FETCH 1:* UID (PARTIAL 50:60)' \
		'e FETCH 1:* UID (PARTIAL 1:2)' \
		'f UID FETCH 1:* UID (PARTIAL 1:2 PARTIAL 1:2)'
	is_in_order '* 7 FETCH (UID 9)' '* 8 FETCH (UID 10)' '* 9 FETCH (UID 11)' \
		'b OK Fetched' '* 2 FETCH (UID 2)' '* 3 FETCH (UID 5)' \
		'c OK Fetched' 'd OK Fetched'
	has 'e BAD' "$output"
	has 'f BAD' "$output"
}

@test "SAVE keeps a result that $ stands for in every command" {
	ten
	run imap 'a SELECT INBOX' 'b SEARCH RETURN (SAVE) FROM ann' \
		'c FETCH $ UID' 'd UID FETCH $ UID' 'e SEARCH $' \
		'f UID SEARCH UID $ SUBJECT s10' 'g SEARCH NOT $' \
		'h SEARCH OR $ 1' 'i STORE $ +FLAGS (\Flagged)' \
		'j SEARCH FLAGGED' 'k UID COPY $ Archive' 'l UID MOVE $ Trash' \
		'm SEARCH $' 'n FETCH $ UID'
	lacks '* ESEARCH' "$output"
	is_in_order 'b OK Searched' '* 2 FETCH (UID 2)' '* 10 FETCH (UID 12)' \
		'c OK Fetched' '* 2 FETCH (UID 2)' 'd OK Fetched' \
		'* SEARCH 2 4 6 8 10' '* SEARCH 10' '* SEARCH 1 3 5 7 9' \
		'* SEARCH 1 2 4 6 8 10' '* SEARCH 2 4 6 8 10' 'j OK Searched' \
		'l OK Moved' '* SEARCH' 'm OK Searched' 'n OK Fetched'
	[[ $output == *'k OK [COPYUID '*' 2,6,8,10,12 1,2,3,4,5] Copied'* ]]
}

@test "each combination of options saves the messages of RFC 5182 and RFC 9394" {
	ten
	local line returns n=0 lines=('a EXAMINE INBOX')
	for returns in 'MIN' 'MAX' 'MIN MAX' 'ALL MIN' 'COUNT MAX' 'PARTIAL 2:3' \
		'PARTIAL 2:3 MIN' 'PARTIAL -2:-3 MIN MAX' 'PARTIAL 2:3 COUNT'; do
		lines+=("b SEARCH RETURN (SAVE $returns) FROM ann" "c$((n++)) UID SEARCH \$")
	done
	run imap "${lines[@]}"
	is_in_order '* SEARCH 2' 'c0 OK Searched' '* SEARCH 12' 'c1 OK Searched' \
		'* SEARCH 2 12' 'c2 OK Searched' \
		'* SEARCH 2 6 8 10 12' 'c3 OK Searched' \
		'* SEARCH 2 6 8 10 12' 'c4 OK Searched' \
		'* SEARCH 6 8' 'c5 OK Searched' '* SEARCH 2 6 8' 'c6 OK Searched' \
		'* SEARCH 2 8 10 12' 'c7 OK Searched' \
		'* SEARCH 2 6 8 10 12' 'c8 OK Searched'
}

@test "a search that is refused empties what is saved, a malformed one does not" {
	ten
	run imap 'a EXAMINE INBOX' 'b SEARCH RETURN (SAVE) FROM ann' \
		'c SEARCH RETURN (SAVE) NOSUCHKEY' 'd SEARCH $' \
		'e SEARCH CHARSET NO-SUCH-SET ALL' 'f SEARCH $' \
		'g SEARCH RETURN (SAVE) CHARSET NO-SUCH-SET ALL' 'h SEARCH $' \
		'i SEARCH RETURN (SAVE) ALL' 'j EXAMINE INBOX' 'k SEARCH $'
	is_in_order 'c BAD' '* SEARCH 2 4 6 8 10' 'd OK' 'e NO [BADCHARSET' \
		'* SEARCH 2 4 6 8 10' 'f OK' 'g NO [BADCHARSET' '* SEARCH' 'h OK' \
		'* SEARCH' 'k OK'
}

@test "OLDER and YOUNGER are exact to the second" {
	local now=$EPOCHSECONDS
	mail 1.a 'Subject: a\n\n'
	mail 2.b 'Subject: b\n\n'
	touch -d "@$((now - 100000))" "$M/new/1.a"
	touch -d "@$((now - 1000))" "$M/new/2.b"
	run imap 'a EXAMINE INBOX' 'b SEARCH YOUNGER 50000' \
		'c SEARCH OLDER 50000' 'd SEARCH YOUNGER 500' \
		'e SEARCH OLDER 500' 'f SEARCH NOT YOUNGER 200000'
	is_in_order '* SEARCH 2' 'b OK' '* SEARCH 1' 'c OK' '* SEARCH' 'd OK' \
		'* SEARCH 1 2' 'e OK' '* SEARCH' 'f OK'
}

@test "text is compared by i;unicode-casemap" {
	mail 1.a 'Subject: =?utf-8?q?STRA=C3=9FE_caf=C3=A9?=\n\n=\n'
	mail 2.b 'Subject: =?utf-8?q?CAFE=CC=81?=\n\n\n'
	mail 3.c 'Subject: =?utf-8?q?=CE=A3=CE=AF=CF=83=CF=85=CF=86=CE=BF=CF=82?=\n\n\n'
	run imap 'a EXAMINE INBOX' $'b SEARCH SUBJECT "CAF\xc3\x89"' \
		$'c SEARCH CHARSET UTF-8 SUBJECT {8+}\r\n\xce\xa6\xce\xbf\xcf\x83   ' \
		$'d SEARCH CHARSET UTF-8 SUBJECT {6+}\r\n\xcf\x86\xce\xbf\xcf\x83'
	is_in_order '* SEARCH 1 2' 'b OK' '* SEARCH' 'c OK' '* SEARCH 3' 'd OK'
}

@test "CHARSET is BAD once text is UTF-8 by ENABLE" {
	mail 1.a $'Subject: caf\xc3\xa9\n\n\n'
	run imap 'a ENABLE UTF8=ACCEPT' 'b EXAMINE INBOX' \
		$'c SEARCH SUBJECT "caf\xc3\xa9"' 'd SEARCH CHARSET UTF-8 ALL'
	is_in_order '* SEARCH 1' 'c OK' 'd BAD'
}

@test "IMAP4rev2 answers SEARCH with ESEARCH" {
	ten
	run imap 'a ENABLE IMAP4rev2' 'b EXAMINE INBOX' 'c SEARCH FROM ann' \
		'd UID SEARCH CHARSET UTF-8 SUBJECT nothing' 'e SEARCH RETURN (SAVE) ALL' \
		'f SORT (REVERSE SUBJECT) UTF-8 1:2'
	is_in_order '* ESEARCH (TAG "c") ALL 2,4,6,8,10' 'c OK' \
		'* ESEARCH (TAG "d") UID' 'd OK' 'e OK' '* SORT 2 1' 'f OK'
}

@test "a thousand keys are the most" {
	ten
	run imap 'a EXAMINE INBOX' "b SEARCH $(printf 'ALL %.0s' {1..999})1" \
		"c SEARCH $(printf 'ALL %.0s' {1..1000})1"
	has 'b OK' "$output"
	has 'c BAD [TOOBIG]' "$output"
}

@test "UPDATE reports messages that enter and leave a result" {
	ten
	session "$M"
	say 'a SELECT INBOX' 'B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED' \
		'B02 SEARCH RETURN (UPDATE) FROM ann'
	hear 'B02 OK'
	has '* ESEARCH (TAG "B01") UID COUNT 0' "$HEARD"
	say 'c UID STORE 5,6 +FLAGS.SILENT (\Flagged)'
	hear 'c OK'
	has '* ESEARCH (TAG "B01") UID ADDTO (0 5:6)' "$HEARD"
	lacks 'B02' "$HEARD"
	say 'd STORE 3 -FLAGS (\Flagged)'
	hear 'd OK'
	has '* ESEARCH (TAG "B01") UID REMOVEFROM (0 5)' "$HEARD"
	# Another session's changes, and new mail behind its EXISTS.
	imap 'a SELECT INBOX' 'b UID STORE 6 -FLAGS.SILENT (\Flagged)' \
		'c UID STORE 12 +FLAGS.SILENT (\Flagged)' >/dev/null
	mail 2000000000.new 'From: ann@example.org\n\n'
	say 'e NOOP'
	hear 'e OK'
	has '* ESEARCH (TAG "B01") UID REMOVEFROM (0 6) ADDTO (0 12)' "$HEARD"
	[[ $HEARD == *'* 11 EXISTS'*'* ESEARCH (TAG "B02") ADDTO (0 11)'* ]]
	# Numbers are valid until EXPUNGE.
	say 'f UID STORE 2 +FLAGS.SILENT (\Deleted)' 'g EXPUNGE'
	hear 'g OK'
	[[ $HEARD == *'* ESEARCH (TAG "B02") REMOVEFROM (0 2)'*'* 2 EXPUNGE'* ]]
	say 'h CANCELUPDATE "B01"' 'i STORE 1 +FLAGS (\Flagged)'
	hear 'i OK'
	lacks 'ESEARCH' "$HEARD"
	say 'B02 SEARCH RETURN (UPDATE) ALL'
	hear 'B02 BAD Tag reuse'
	say 'j EXAMINE INBOX' 'B02 SEARCH RETURN (UPDATE) ALL'
	hear 'B02 OK'
}

@test "message numbers in an updated search are those at its start" {
	ten
	run imap 'a SELECT INBOX' 'b SEARCH RETURN (UPDATE) 1:2 UNFLAGGED' \
		'c UID STORE 1 +FLAGS.SILENT (\Deleted)' 'd EXPUNGE' \
		'e UID STORE 5 +FLAGS.SILENT (\Flagged)' \
		'f UID STORE 2 +FLAGS.SILENT (\Flagged)'
	is_in_order '* ESEARCH (TAG "b") REMOVEFROM (0 1)' '* 1 EXPUNGE' 'd OK' \
		'e OK' '* ESEARCH (TAG "b") REMOVEFROM (0 1)' 'f OK'
	[ "$(grep -c REMOVEFROM <<<"$output")" = 2 ]
}

@test "a keyword created later counts in an updated search" {
	ten
	run imap 'a SELECT INBOX' 'b UID SEARCH RETURN (UPDATE) KEYWORD later' \
		'c UID STORE 7 +FLAGS.SILENT (later)'
	is_in_order 'b OK' '* ESEARCH (TAG "b") UID ADDTO (0 7)'
}

@test "sixteen searches are updated, the seventeenth is only searched" {
	ten
	local i lines=('a EXAMINE INBOX')
	for i in {1..17}; do
		lines+=("t$i SEARCH RETURN (UPDATE COUNT) ALL")
	done
	run imap "${lines[@]}"
	has '* ESEARCH (TAG "t17") COUNT 10' "$output"
	has '* NO [NOUPDATE "t17"]' "$output"
	lacks 'NOUPDATE "t16"' "$output"
	has 't17 OK' "$output"
}

# Messages of RFC 5256's kind: subjects, dates and names that sort in another
# order than they arrived.
sorted() {
	mail 1.a 'Date: 3 Jan 2020 00:00:00 +0000\nFrom: zed <b@x.example>\nTo: c@x\nSubject: Re: [l] beta\nMessage-ID: <1@x>\n\n12345\n'
	mail 2.b 'Date: 1 Jan 2020 23:00:00 -0800\nFrom: =?utf-8?q?=C3=A4nne?= <C@x>\nTo: a@x\nCc: q@x\nSubject: alpha\nMessage-ID: <2@x>\n\n1\n'
	mail 3.c 'Date: 2 Jan 2020 00:00:00 +0000\nFrom: <a@x>\nTo: b@x\nSubject: Beta\nMessage-ID: <3@x>\nReferences: <1@x>\n\n123\n'
	mail 4.d 'From: Ann <a@y>\nSubject: fwd: ALPHA (fwd)\nMessage-ID: <4@x>\nIn-Reply-To: <2@x>\n\n\n'
	local i
	for i in 1.a 2.b 3.c 4.d; do touch -d "2021-01-0${i%%.*} 00:00:00 UTC" "$M/new/$i"; done
	touch -d '2019-01-01 00:00:00 UTC' "$M/new/4.d"
}

@test "SORT orders by each key, and by the number where that is equal" {
	sorted
	run imap 'a EXAMINE INBOX' 'b SORT (ARRIVAL) UTF-8 ALL' \
		'c SORT (CC) US-ASCII ALL' 'd SORT (DATE) UTF-8 ALL' \
		'e SORT (FROM) UTF-8 ALL' 'f SORT (SIZE) UTF-8 ALL' \
		'g SORT (SUBJECT) UTF-8 ALL' 'h SORT (TO) UTF-8 ALL' \
		'i SORT (DISPLAYFROM) UTF-8 ALL' 'j SORT (DISPLAYTO) UTF-8 ALL' \
		'k SORT (REVERSE SUBJECT) UTF-8 ALL' \
		'l SORT (SUBJECT REVERSE DATE) UTF-8 ALL' \
		'm UID SORT (reverse from arrival) UTF-8 UID 1:3' \
		'n SORT (SUBJECT) US-ASCII TEXT "not in mailbox"' \
		'o SORT (SUBJECT SUBJECT REVERSE SUBJECT) UTF-8 NOT 1'
	is_in_order '* SORT 4 1 2 3' 'b OK Sorted' '* SORT 1 3 4 2' 'c OK Sorted' \
		'* SORT 4 3 2 1' 'd OK Sorted' '* SORT 3 4 1 2' 'e OK Sorted' \
		'* SORT 4 3 1 2' 'f OK Sorted' '* SORT 2 4 1 3' 'g OK Sorted' \
		'* SORT 4 2 3 1' 'h OK Sorted' '* SORT 3 4 2 1' 'i OK Sorted' \
		'* SORT 4 2 3 1' 'j OK Sorted' '* SORT 1 3 2 4' 'k OK Sorted' \
		'* SORT 2 4 1 3' 'l OK Sorted' '* SORT 2 1 3' 'm OK Sorted' \
		'* SORT' 'n OK Sorted' '* SORT 2 4 3' 'o OK Sorted'
}

@test "ESORT answers in the order of the result, with ranges that ascend" {
	sorted
	run imap 'a EXAMINE INBOX' 'b UID SORT RETURN () (REVERSE ARRIVAL) UTF-8 ALL' \
		'c SORT RETURN (MIN MAX COUNT) (SUBJECT) UTF-8 ALL' \
		'd SORT RETURN (PARTIAL 2:3) (ARRIVAL) UTF-8 ALL' \
		'e SORT RETURN (ALL) (SUBJECT) UTF-8 SUBJECT gamma' \
		'f SORT RETURN (SAVE MIN) (REVERSE ARRIVAL) UTF-8 ALL' 'g SEARCH $' \
		'h SORT RETURN (SAVE) (REVERSE ARRIVAL) UTF-8 ALL' 'i SEARCH $ NOT 2'
	is_in_order '* ESEARCH (TAG "b") UID ALL 3,2,1,4' \
		'* ESEARCH (TAG "c") MIN 2 MAX 3 COUNT 4' \
		'* ESEARCH (TAG "d") PARTIAL (2:3 1:2)' \
		'* ESEARCH (TAG "e")' 'e OK' '* ESEARCH (TAG "f") MIN 3' \
		'* SEARCH 3' 'h OK' '* SEARCH 1 3 4'
}

@test "SORT and THREAD that are malformed are BAD, an unknown character set is NO" {
	sorted
	run imap 'a EXAMINE INBOX' 'b SORT () UTF-8 ALL' 'c SORT (NAME) UTF-8 ALL' \
		'd SORT (REVERSE) UTF-8 ALL' 'e SORT SUBJECT UTF-8 ALL' \
		'f SORT (SUBJECT) UTF-8' 'g SORT (SUBJECT) ALL' 'h THREAD FOO UTF-8 ALL' \
		'i THREAD REFERENCES ALL' 'j THREAD' 'k SORT (SUBJECT DATE) x-none ALL' \
		'l THREAD REFS x-none ALL'
	for tag in {b..j}; do
		has "$tag BAD" "$output"
	done
	has 'k NO [BADCHARSET (' "$output"
	has 'l NO [BADCHARSET (' "$output"
}

@test "THREAD has the three algorithms, by number and by UID" {
	sorted
	run imap 'a EXAMINE INBOX' 'b THREAD REFERENCES UTF-8 ALL' \
		'c UID THREAD REFS UTF-8 ALL' 'd THREAD ORDEREDSUBJECT US-ASCII ALL' \
		'e THREAD REFERENCES UTF-8 NOT 1' 'f THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"'
	is_in_order '* THREAD (2 4)(1 3)' 'b OK Threaded' '* THREAD (2 4)(1 3)' \
		'c OK Threaded' '* THREAD (4 2)(3 1)' 'd OK Threaded' \
		'* THREAD (3)(2 4)' 'e OK Threaded' '* THREAD' 'f OK Threaded'
}

@test "an updated sort reports the positions of messages" {
	sorted
	session "$M"
	say 'a SELECT INBOX' 'b UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNFLAGGED'
	hear 'b OK'
	has '* ESEARCH (TAG "b") UID ALL 2,4,1,3' "$HEARD"
	say 'c UID STORE 4 +FLAGS.SILENT (\Flagged)'
	hear 'c OK'
	has '* ESEARCH (TAG "b") UID REMOVEFROM (2 4)' "$HEARD"
	mail 9.e 'Subject: Re: alpha\n\n'
	say 'd UID STORE 4 -FLAGS.SILENT (\Flagged)' 'e NOOP'
	hear 'e OK'
	has '* ESEARCH (TAG "b") UID ADDTO (2 4)' "$HEARD"
	has '* ESEARCH (TAG "b") UID ADDTO (3 5)' "$HEARD"
	say 'f UID STORE 2 +FLAGS.SILENT (\Deleted)' 'g EXPUNGE'
	hear 'g OK'
	[[ $HEARD == *'* ESEARCH (TAG "b") UID REMOVEFROM (1 2)'*'* 2 EXPUNGE'* ]]
}

# Mailboxes with one message each that is called as the mailbox is.
boxes() {
	local box
	imap 'a CREATE f1' 'b CREATE f2' 'c CREATE f2/a' 'd CREATE f2/a/b' \
		'e SUBSCRIBE f1' >/dev/null
	for box in . .f1 .f2 .f2.a .f2.a.b; do
		printf 'Subject: in %s\n\n' "$box" >"$M/$box/new/1.x"
	done
}

@test "ESEARCH searches the mailboxes that its source names" {
	boxes
	run imap 'a ESEARCH IN (mailboxes f1 subtree f2) SUBJECT in' \
		'b ESEARCH IN (subtree-one f2) UNSEEN' \
		'c ESEARCH IN (subtree (f1 f2/a) mailboxes ("INBOX" none)) RETURN (COUNT) ALL' \
		'd ESEARCH IN (personal) SUBJECT f2.a.b' \
		'e ESEARCH IN (mailboxes inbox subscribed) RETURN (MIN) ALL' \
		'f ESEARCH IN (personal) SUBJECT nothing' 'g ESEARCH IN (inboxes) SUBJECT f2.a.b'
	line() {
		local name=\"$2\"
		[ "$2" != INBOX ] || name=INBOX
		printf '* ESEARCH (TAG "%s" MAILBOX %s UIDVALIDITY ' "$1" "$name"
	}
	is_in_order "$(line a f1)" "$(line a f2)" "$(line a f2/a)" \
		"$(line a f2/a/b)" 'a OK' "$(line b f2)" "$(line b f2/a)" 'b OK' \
		"$(line c INBOX)" "$(line c f1)" "$(line c f2/a)" \
		"$(line c f2/a/b)" 'c OK' "$(line d f2/a/b)" 'd OK' \
		"$(line e INBOX)" "$(line e f1)" 'e OK' 'f OK' "$(line g f2/a/b)"
	[ "$(grep -c '^\* ESEARCH' <<<"$output")" = 14 ]
	[[ $output == *"$(line a f1)"*') UID ALL 1'* ]]
	[[ $output == *"$(line c INBOX)"*') UID COUNT 1'* ]]
}

@test "ESEARCH takes the selected mailbox by itself, with SAVE and UPDATE" {
	boxes
	run imap 'a ESEARCH ALL' 'b ESEARCH IN (selected) ALL' \
		'c SELECT f1' 'd ESEARCH ALL' 'e ESEARCH RETURN (SAVE) ALL' 'f SEARCH $' \
		'g ESEARCH IN (selected mailboxes f2) RETURN (SAVE) ALL' 'g2 SEARCH $' \
		'h ESEARCH IN (mailboxes f1) RETURN (UPDATE) ALL' \
		'i ESEARCH IN (selected mailboxes (f1 f2)) RETURN (MAX) ALL' \
		'j ESEARCH IN (selected) RETURN (UPDATE COUNT) UNFLAGGED' \
		'k STORE 1 +FLAGS.SILENT (\Flagged)' 'l ESEARCH IN (nonsense) ALL' \
		'm ESEARCH IN (mailboxes) ALL' 'n ESEARCH IN () ALL' 'o ESEARCH IN (personal)'
	is_in_order 'a BAD' 'b BAD' 'c OK' '* ESEARCH (TAG "d" MAILBOX "f1" UIDVALIDITY ' \
		'd OK' 'e OK' '* SEARCH 1' 'g BAD' '* SEARCH 1' 'g2 OK' 'h BAD' \
		'* ESEARCH (TAG "i" MAILBOX "f1" ' '* ESEARCH (TAG "i" MAILBOX "f2" ' 'i OK' \
		'* ESEARCH (TAG "j" MAILBOX "f1" ' 'j OK' \
		'* ESEARCH (TAG "j" MAILBOX "f1" UIDVALIDITY ' 'k OK' 'l BAD' 'm BAD' 'n BAD' \
		'o BAD'
}

@test "a keyword is looked up in each mailbox" {
	boxes
	run imap 'a SELECT f1' 'b STORE 1 FLAGS.SILENT (one two)' 'c SELECT f2' \
		'd STORE 1 FLAGS.SILENT (two)' 'e ESEARCH IN (personal) KEYWORD two' \
		'f ESEARCH IN (personal) KEYWORD one'
	is_in_order '* ESEARCH (TAG "e" MAILBOX "f1" ' '* ESEARCH (TAG "e" MAILBOX "f2" ' \
		'e OK' '* ESEARCH (TAG "f" MAILBOX "f1" ' 'f OK'
}

@test "a thousand mailboxes are the most that one ESEARCH may name" {
	run imap "a ESEARCH IN (mailboxes ($(printf 'x %.0s' {1..999})x)) ALL" \
		"b ESEARCH IN (mailboxes ($(printf 'x %.0s' {1..1000})x)) ALL"
	is_in_order 'a OK' 'b BAD [TOOBIG]'
}

@test "a result that changes is told in IDLE too" {
	ten
	session "$M"
	say 'a SELECT INBOX' 'b UID SEARCH RETURN (UPDATE) SUBJECT new' 'c IDLE'
	hear '+ idling'
	# Whole when it is seen.
	printf 'Subject: new\n\n' >"$M/tmp/2000000000.new"
	mv "$M/tmp/2000000000.new" "$M/new"
	hear ADDTO
	[[ $HEARD == *'* 11 EXISTS'*'* ESEARCH (TAG "b") UID ADDTO (0 13)'* ]]
	say DONE
	hear 'c OK'
}
