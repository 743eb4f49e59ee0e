# What real clients send, as they send it, and what they wait for.
# shellcheck shell=bash disable=SC2016

load helper

setup() {
	private_dirs
	M=$BATS_TEST_TMPDIR/Maildir
	imap 'a LOGOUT' >/dev/null
}

# imap LINE...: one session of these lines; its output without CR.
imap() {
	printf '%s\r\n' "$@" | imapd "$M" 2>/dev/null | lf
}

# mail NAME TEXT: a message in new/, as another program delivers it.
mail() {
	printf '%b' "$2" >"$M/new/$1"
}

@test "Apple Mail: the message list is UID SEARCH 1:* NOT DELETED" {
	mail 1.a.h 'Subject: a\n\na\n'
	mail 2.b.h 'Subject: b\n\nb\n'
	run imap '1.1 SELECT INBOX' '1.2 UID SEARCH 1:* NOT DELETED' \
		'1.3 UID STORE 1 +FLAGS.SILENT (\Deleted)' '1.4 UID SEARCH 1:* NOT DELETED' \
		'1.5 UID SEARCH UID 1:* NOT DELETED'
	has $'* SEARCH 1 2\n1.2 OK' "$output"
	has $'* SEARCH 2\n1.4 OK' "$output"
	has $'* SEARCH 2\n1.5 OK' "$output"
}

@test "Apple Mail: a part is read in pipelined pieces, the last ones past the end" {
	mail 1.a.h "Subject: a\n\n$(printf 'x%.0s' {1..98})\n"
	run imap '3.1 SELECT INBOX' '3.2 UID FETCH 1 BODY.PEEK[1]<0.60>' \
		'3.3 UID FETCH 1 BODY.PEEK[1]<60.60>' '3.4 UID FETCH 1 BODY.PEEK[1]<120.60>' \
		'3.5 UID FETCH 1 BODY.PEEK[1]<100.60>'
	has 'BODY[1]<0> {60}' "$output"
	has 'BODY[1]<60> {40}' "$output"
	has 'BODY[1]<120> "")' "$output"
	has 'BODY[1]<100> "")' "$output"
	[[ $output != *'{0}'* ]]
}

@test "Apple Mail: quoted names, flags in lists, a literal where an atom would do" {
	run imap 'a STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)' \
		'b CREATE {5+}' 'Notes' 'c LIST "" "Notes"' 'd SELECT "Notes"' \
		'e SEARCH SUBJECT "x" FROM {1+}' 'y'
	has '* STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ' "$output"
	has 'b OK' "$output"
	has '* LIST (\HasNoChildren) "/" "Notes"' "$output"
	has 'd OK [READ-WRITE]' "$output"
	has 'e OK' "$output"
}

@test "Outlook: what an importer would trip over is not offered" {
	run imap 'a CAPABILITY' 'b ENABLE UIDONLY' 'c ENABLE XOAUTH'
	[[ $output != *UIDONLY* ]]
	# Nothing was enabled, so nothing is said to be.
	has $'* ENABLED\nb OK' "$output"
	has $'* ENABLED\nc OK' "$output"
}

@test "Outlook: ID is answered before its OK, whatever it says" {
	run imap 'a ID NIL' 'b ID ("name" "Microsoft Outlook" "version" "16.0" "os" NIL)'
	[[ $output == *$'* ID ("name" "chainmail")\na OK'* ]]
	[[ $output == *$'* ID ("name" "chainmail")\nb OK'* ]]
}

@test "Thunderbird: subscribed folders with their uses, none of them missing" {
	run imap '7 list (subscribed) "" "*" return (special-use)' '8 lsub "" "*"' \
		'9 LIST (SUBSCRIBED) "" "INBOX" RETURN (SPECIAL-USE)'
	local use
	for use in Sent Drafts Trash Junk Archive; do
		[[ $output == *"* LIST ("*"\\$use)"*" \"$use\""* ]]
		has "* LSUB () \"/\" \"$use\"" "$output"
	done
	[[ $output == *"* LIST ("*'\Subscribed'*') "/" INBOX'$'\n''9 OK'* ]]
	[[ $output != *NonExistent* ]]
}

@test "Thunderbird: the header list comes with sizes and flags in one line each" {
	mail 1.a.h 'From: a@b\nSubject: s\nDate: d\n\nx\n'
	run imap '5 select "INBOX"' \
		'6 UID fetch 1:* (FLAGS)' \
		'7 UID fetch 1 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])' \
		'8 UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])' '9 noop'
	has '* 1 FETCH (UID 1 FLAGS (\Recent))' "$output"
	has '* 1 FETCH (UID 1 RFC822.SIZE 37 FLAGS (\Recent) BODY[HEADER.FIELDS (From To Cc' "$output"
	has '* 1 FETCH (UID 1 RFC822.SIZE 37 BODY[] {37}' "$output"
	has '9 OK' "$output"
}

@test "K-9: the highest UID by *:*, and APPEND with its UID" {
	mail 1.a.h 'Subject: a\n\na\n'
	mail 2.b.h 'Subject: b\n\nb\n'
	run imap '1 SELECT "INBOX"' '2 UID SEARCH *:*' '3 LIST "" "*" RETURN (SPECIAL-USE)' \
		'4 APPEND "Sent" (\Seen) {14+}' $'Subject: s\r\n\r\n' '5 SELECT "Junk"' '6 UID SEARCH *:*'
	has $'* SEARCH 2\n2 OK' "$output"
	has '* LIST (\HasNoChildren \Sent) "/" "Sent"' "$output"
	[[ $output == *$'\n4 OK [APPENDUID '[1-9]*' 1]'* ]]
	has $'* SEARCH\n6 OK' "$output"
}

@test "getmail: CAPABILITY may be asked at any time" {
	run imap 'a CAPABILITY' 'b SELECT INBOX' 'c CAPABILITY'
	[ "$(grep -c '^\* CAPABILITY IMAP4rev1 ' <<<"$output")" = 2 ]
	has 'c OK' "$output"
}

@test "mbsync: UIDs ascend over sessions and are told for copies and moves" {
	mail 1.a.h 'Subject: a\n\na\n'
	run imap 'a SELECT INBOX' 'b UID COPY 1 INBOX' 'c UID MOVE 1 Archive'
	[[ $output == *'b OK [COPYUID '[1-9]*' 1 2]'* ]]
	[[ $output == *'* OK [COPYUID '[1-9]*' 1 1]'* ]]
	run imap 'd SELECT INBOX' 'e UID STORE 2 +FLAGS (\Deleted)' 'f CLOSE' \
		'g APPEND INBOX {14+}' $'Subject: s\r\n\r\n' 'h STATUS INBOX (UIDNEXT)'
	[[ $output == *'g OK [APPENDUID '[1-9]*' 3]'* ]]
	has '* STATUS INBOX (UIDNEXT 4)' "$output"
}

@test "everyone: INBOX is in LSUB, ranges turn, no UIDVALIDITY is 0" {
	mail 1.a.h 'Subject: a\n\na\n'
	mail 2.b.h 'Subject: b\n\nb\n'
	run imap 'a LSUB "" INBOX' 'b LSUB "" inbox' 'c SELECT INBOX' 'd FETCH 2:1 UID' \
		'e UID FETCH *:1 UID' 'f STATUS Sent (UIDVALIDITY UIDNEXT)'
	[ "$(grep -c '^\* LSUB () "/" INBOX$' <<<"$output")" = 2 ]
	[ "$(grep -c 'FETCH (UID [12])' <<<"$output")" = 4 ]
	[[ $output == *'* STATUS "Sent" (UIDNEXT 1 UIDVALIDITY '[1-9]* ]]
}

@test "everyone: no line ends with a blank, no text is missing behind a code" {
	mail 1.a.h 'Subject:\nFrom:\nContent-Type: text/plain; name="=?utf-8?q?=C3=A9?="; charset=\n\n'
	run imap 'a SELECT INBOX' 'b FETCH 1 (FLAGS ENVELOPE BODYSTRUCTURE BODY[])' \
		'c SEARCH FROM nobody' 'd UID SEARCH UID 99' 'e EXAMINE Sent' 'f FETCH 1 FLAGS' \
		'g APPEND Nowhere {1+}' 'x' 'h CREATE Sent' 'i NAMESPACE' 'j CHECK' 'k UNSELECT'
	[[ $output == *'("name" "=?utf-8?q?=C3=A9?="'* ]]
	# Only response lines; literals are the message's own.
	[ -z "$(grep -E '^(\*|[a-k]) ' <<<"$output" | grep -E ' $|^[^ ]+ (OK|NO|BAD) (\[[^]]*\])?$')" ]
}

@test "everyone: the number of lines of a part is never negative" {
	mail 1.a.h 'Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b\nContent-Type: message/rfc822\n\n--b\nContent-Type: text/html\n\n--b--'
	run imap 'a SELECT INBOX' 'b FETCH 1 (BODY BODYSTRUCTURE)' 'c FETCH 1 BODY[1]' 'd FETCH 1 BODY[3.1]'
	has 'd OK' "$output"
	[[ $output != *' -'[0-9]* && $output != *4294967295* ]]
}
