# imapd: NOTIFY, with a session that listens and others that change things.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load helper
load imap

setup() {
	imap_setup
	imap 'a CREATE Lists' 'b CREATE Lists/one' 'c CREATE Lists/two' 'd CREATE misc' >/dev/null
	session "$M"
	hear PREAUTH
}
teardown() { imap_teardown; }

# other LINE...: another session does it.
other() { printf '%s\r\n' "$@" | imapd "$M" >"$BATS_TEST_TMPDIR/other" 2>/dev/null; }

# at_once LINE...: the same, and the listening session sees all of it at once.
at_once() {
	kill -STOP "$IMAP_PID"
	other "$@"
	kill -CONT "$IMAP_PID"
}

# append MAILBOX SUBJECT: another session puts a message there.
append() {
	other "a APPEND $1 {$((${#2} + 13))+}" "Subject: $2" '' ''
	grep -q '^a OK' "$BATS_TEST_TMPDIR/other"
}

@test "STATUS of what is watched comes before the OK, and again with new mail" {
	say 'b NOTIFY SET STATUS (SELECTED MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge)'
	hear 'b BAD'
	say 'b notify set status (selected (MessageNew (uid body.peek[header.fields (subject)]) MessageExpunge)) (subtree Lists (MessageNew MessageExpunge))'
	hear 'b OK'
	[ "$(sed 's/UIDVALIDITY [0-9]*/UIDVALIDITY n/' <<<"$HEARD")" = '* STATUS "Lists" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY n)
* STATUS "Lists/one" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY n)
* STATUS "Lists/two" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY n)
b OK NOTIFY completed' ]
	say 'c select inbox'
	hear 'c OK'
	append misc silent
	append Lists/one 'one'
	hear 'STATUS "Lists/one" (MESSAGES 1 UIDNEXT 2)'
	lacks misc "$HEARD"
	# A delivery, and no command of this session.
	mail 1764000000.x.h 'Subject: hello\n\nbody\n'
	hear $'Subject: hello'
	has '* 1 EXISTS' "$HEARD"
	has '* 1 FETCH (UID 1 BODY[HEADER.FIELDS (subject)] {18}' "$HEARD"
	hear ')'
	other 'a SELECT Lists/one' 'b STORE 1 +FLAGS (\Deleted)' 'c EXPUNGE' \
		'd SELECT INBOX' 'e STORE 1 +FLAGS (\Deleted)' 'f EXPUNGE'
	hear 'STATUS "Lists/one" (MESSAGES 0 UIDNEXT 2)'
	[[ $HEARD == *'* 1 EXPUNGE'* ]] || hear '* 1 EXPUNGE'
	lacks 'FLAGS' "$HEARD"
	say 'z NOTIFY NONE'
	hear 'z OK NOTIFY completed'
	append Lists/two 'two'
	append INBOX 'here'
	say 'y NOOP'
	hear 'y OK'
	[ "$HEARD" = $'y OK Done\n' ]
}

@test "changed flags are reported if requested, as UNSEEN for other mailboxes" {
	append Lists/one 'x'
	append INBOX 'y'
	say 'a SELECT INBOX' 'b NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange)) (MAILBOXES (Lists/one none "Lists/*") (MessageNew MessageExpunge FlagChange))'
	hear 'b OK'
	lacks 'STATUS' "$HEARD"
	other 'a SELECT INBOX' 'b STORE 1 +FLAGS (\Answered)' 'c SELECT Lists/one' 'd STORE 1 +FLAGS (\Seen)'
	hear 'STATUS "Lists/one" (UNSEEN 0)'
	[[ $HEARD == *'FLAGS (\Answered'* ]] || hear 'FLAGS (\Answered'
	other 'c SELECT Lists/one' 'd STORE 1 +FLAGS (\Flagged)' 'e STORE 1 -FLAGS (\Seen)'
	hear 'STATUS "Lists/one" (UNSEEN 1)'
	[ "$HEARD" = $'* STATUS "Lists/one" (UNSEEN 1)\n' ]
}

@test "with SELECTED-DELAYED an expunge waits for a command, and IDLE is one" {
	append INBOX one
	append INBOX two
	say 'a SELECT INBOX' 'b NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))'
	hear 'b OK'
	other 'a SELECT INBOX' 'b STORE 1 +FLAGS.SILENT (\Deleted)' 'c EXPUNGE'
	append INBOX three
	hear '* 3 EXISTS'
	lacks EXPUNGE "$HEARD"
	say 'c FETCH 1 UID'
	hear 'c OK'
	lacks EXPUNGE "$HEARD"
	say 'd IDLE'
	hear '+ idling'
	[[ $HEARD == *'* 1 EXPUNGE'* ]] || hear '* 1 EXPUNGE'
	append Sent four
	hear '* STATUS "Sent" (MESSAGES 1 UIDNEXT 2'
	say DONE
	hear 'd OK'
}

@test "created, deleted and renamed mailboxes are reported once, but not one's own changes" {
	say 'a NOTIFY SET (PERSONAL (MailboxName SubscriptionChange))'
	hear 'a OK'
	say 'b CREATE own' 'c SUBSCRIBE own' 'd DELETE misc'
	hear 'd OK'
	at_once 'a CREATE new/below'
	hear '"new/below"'
	[ "$HEARD" = '* LIST (\NonExistent \HasChildren) "/" "new"
* LIST (\HasNoChildren) "/" "new/below"
' ]
	at_once 'a RENAME Lists Groups'
	hear '("OLDNAME" ("Lists"))'
	[ "$HEARD" = $'* LIST (\\HasChildren) "/" "Groups" ("OLDNAME" ("Lists"))\n' ]
	at_once 'a SUBSCRIBE Groups/one' 'b UNSUBSCRIBE Sent'
	hear '"Sent"'
	[ "$HEARD" = '* LIST (\HasNoChildren \Subscribed) "/" "Groups/one"
* LIST (\HasNoChildren \Sent) "/" "Sent"
' ]
	at_once 'a DELETE Groups/two' 'b DELETE Groups/one' 'c UNSUBSCRIBE Groups/one'
	hear '"Groups"'
	[ "$HEARD" = '* LIST (\NonExistent \HasNoChildren) "/" "Groups/one"
* LIST (\NonExistent \HasNoChildren) "/" "Groups/two"
* LIST (\HasNoChildren) "/" "Groups"
' ]
}

@test "a renamed or created mailbox is watched" {
	say 'a NOTIFY SET (PERSONAL (MailboxName MessageNew MessageExpunge))'
	hear 'a OK'
	other 'a RENAME misc other'
	hear '"other" ("OLDNAME" ("misc"))'
	append other x
	hear '* STATUS "other" (MESSAGES 1 UIDNEXT 2)'
	other 'a CREATE fresh'
	hear '"fresh"'
	append fresh y
	hear '* STATUS "fresh" (MESSAGES 1 UIDNEXT 2'
	other 'a DELETE fresh'
	hear '* LIST (\NonExistent \HasNoChildren) "/" "fresh"'
}

@test "swapped names, and a rename to an unwatched name, are reported" {
	say 'a NOTIFY SET (SUBTREE Lists (MailboxName MessageNew MessageExpunge)) (MAILBOXES misc (MailboxName))'
	hear 'a OK'
	at_once 'a RENAME misc elsewhere' 'b RENAME Lists/one x' 'c RENAME Lists/two Lists/one' 'd RENAME x Lists/two'
	hear '"Lists/two" ("OLDNAME" ("Lists/one"))'
	[ "$HEARD" = '* LIST (\NonExistent \HasNoChildren) "/" "misc"
* LIST (\HasNoChildren) "/" "Lists/one" ("OLDNAME" ("Lists/two"))
* LIST (\HasNoChildren) "/" "Lists/two" ("OLDNAME" ("Lists/one"))
' ]
	append Lists/one x
	hear '* STATUS "Lists/one" (MESSAGES 1 UIDNEXT 2'
	append Lists/two y
	hear '* STATUS "Lists/two" (MESSAGES 1 UIDNEXT 2'
	at_once 'a RENAME Lists/one Lists/three' 'b DELETE Lists/three'
	hear '* LIST (\NonExistent \HasNoChildren) "/" "Lists/one"'
}

@test "changed annotations are reported by name" {
	other 'a SETMETADATA misc (/shared/comment "x" /private/comment "y")'
	say 'a NOTIFY SET (MAILBOXES (misc INBOX) (MailboxMetadataChange)) (SUBTREE none (ServerMetadataChange))'
	hear 'a OK'
	say 'b SETMETADATA misc (/shared/comment "own")' 'c SETMETADATA "" (/shared/comment "own")'
	hear 'c OK'
	other 'a SETMETADATA misc (/private/comment NIL /shared/vendor/a/b "z")'
	hear METADATA
	[ "$HEARD" = $'* METADATA "misc" /shared/vendor/a/b /private/comment\n' ]
	other 'a SETMETADATA "" (/private/x "1")'
	hear METADATA
	[ "$HEARD" = $'* METADATA "" /private/x\n' ]
	other 'a SETMETADATA INBOX (/shared/comment "1")' 'b SETMETADATA Sent (/shared/comment "1")'
	hear METADATA
	[ "$HEARD" = $'* METADATA INBOX /shared/comment\n' ]
}

@test "malformed arguments are BAD, unsupported events are BADEVENT" {
	local lines=() n
	for n in '' ' NONE x' ' SET' ' SET STATUS' ' SET (PERSONAL MessageNew)' \
		' SET (PERSONAL (MessageNew))' ' SET (PERSONAL (FlagChange))' \
		' SET (SELECTED (MailboxName))' ' SET (PERSONAL (MessageNew (UID) MessageExpunge))' \
		' SET (SELECTED NONE) (SELECTED-DELAYED NONE)' ' SET (EVERYTHING NONE)' \
		' SET (SUBTREE (MessageNew MessageExpunge))'; do
		lines+=("a NOTIFY$n")
	done
	say "${lines[@]}" 'z NOOP'
	hear 'z OK'
	[ "$(grep -c '^a BAD Syntax error' <<<"$HEARD")" = 12 ]
	say 'a NOTIFY SET (PERSONAL (MessageNew MessageExpunge AnnotationChange))'
	hear 'a '
	[ "$HEARD" = $'a NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)] Unsupported event\n' ]
}

@test "more mailboxes than can be watched are an overflow" {
	local i
	for i in {1..300}; do mkdir -p "$M/.many.$i"/{cur,new,tmp}; done
	say 'a NOTIFY SET (PERSONAL (MessageNew MessageExpunge))'
	hear 'a NO [NOTIFICATIONOVERFLOW]'
	say 'b NOTIFY SET (SUBTREE (Lists none) (MessageNew MessageExpunge))'
	hear 'b OK'
	append Lists/one x
	hear '* STATUS "Lists/one" (MESSAGES 1 UIDNEXT 2)'
	mv "$M"/.many.* "$BATS_TEST_TMPDIR"
	say 'c NOTIFY SET (PERSONAL (MessageNew MessageExpunge MailboxName))'
	hear 'c OK'
	mv "$BATS_TEST_TMPDIR"/.many.* "$M"
	hear '* OK [NOTIFICATIONOVERFLOW]'
	append Lists/two x
	say 'd NOOP'
	hear 'd OK'
	lacks Lists "$HEARD"
}

@test "Evolution's NOTIFY is accepted, and sends the header of a new message" {
	say 'a SELECT INBOX' 'b NOTIFY SET (selected (MessageNew (UID RFC822.SIZE RFC822.HEADER FLAGS) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge MailboxName SubscriptionChange))'
	hear 'b OK NOTIFY completed'
	append INBOX hello
	hear 'Subject: hello'
	has '* 1 EXISTS' "$HEARD"
	has '* 1 FETCH (UID 1 RFC822.SIZE 18 RFC822.HEADER {18}' "$HEARD"
	hear ' FLAGS (\Recent))'
	other 'a RENAME misc "caf&AOk-"'
	hear '* LIST (\HasNoChildren) "/" "caf&AOk-" ("OLDNAME" ("misc"))'
	# The selected mailbox is not reported by the rules for others.
	append INBOX again
	hear '* 2 FETCH (UID 2 '
	lacks STATUS "$HEARD"
	hear ' FLAGS (\Recent))'
	say 'c UNSELECT'
	hear 'c OK'
	append INBOX third
	hear '* STATUS INBOX (MESSAGES 3 UIDNEXT 4)'
}
