# imapd: quotas, annotations and uses of mailboxes.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load helper
load imap

setup() { imap_setup; }
teardown() { imap_teardown; }

# answers LINE...: what one session says to them, without greeting, end and ids.
answers() {
	imap "$@" | grep -v -e '^\* PREAUTH' -e '^\* BYE' | sed 's/ \[MAILBOXID ([^)]*)\]//'
}

# is TEXT: the output of the last `run` is exactly this.
is() {
	[ "$output" = "$1" ] && return
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$output") >&2
	return 1
}

@test "the quota is one root for all mailboxes, with what is used of it" {
	mail 1.a.h,S=1500 "$(printf '%1500s' x)"
	mail 2.b.h,S=10 0123456789
	printf '5000S,10C\n1510 2\n' >"$M/maildirsize"
	run answers 'a GETQUOTAROOT INBOX' 'b GETQUOTA mail' 'c getquotaroot "not/there"'
	is '* QUOTAROOT INBOX "mail"
* QUOTA "mail" (STORAGE 2 5 MESSAGE 2 10)
a OK Done
* QUOTA "mail" (STORAGE 2 5 MESSAGE 2 10)
b OK Done
* QUOTAROOT "not/there" "mail"
* QUOTA "mail" (STORAGE 2 5 MESSAGE 2 10)
c OK Done'
	printf '4096S\n1024 1\n' >"$M/maildirsize"
	run answers 'a GETQUOTA "mail"'
	is '* QUOTA "mail" (STORAGE 1 4)
a OK Done'
}

@test "an account without a quota has no quota root" {
	run answers 'a GETQUOTAROOT INBOX' 'b GETQUOTA mail' 'c GETQUOTA "" x' 'd GETQUOTA'
	is '* QUOTAROOT INBOX
a OK Done
b NO [NONEXISTENT] No such quota root
c BAD Syntax error at byte 15 of the line
d BAD Syntax error at byte 11 of the line'
}

@test "a quota is set by nobody but the administrator" {
	run answers 'a SETQUOTA "" (STORAGE 512)' 'b SETQUOTA "" ()' 'c SETQUOTA "" (STORAGE -1)'
	is 'a NO [NOPERM] Only the administrator can set quotas
b NO [NOPERM] Only the administrator can set quotas
c BAD Syntax error at byte 24 of the line'
	run imap 'a CAPABILITY'
	has ' QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE ' "$output"
	lacks QUOTASET "$output"
}

@test "STATUS tells what an expunge would free" {
	mail 1.a.h,S=5:2,T '1\n3\n5'
	mail 2.b.h:2,ST 'four'
	mail 3.c.h 'stays'
	mv "$M/new/1.a.h,S=5:2,T" "$M/new/2.b.h:2,ST" "$M/cur"
	run answers 'a STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)' \
		'b LIST "" INBOX RETURN (STATUS (DELETED-STORAGE SIZE))'
	is '* STATUS INBOX (MESSAGES 3 DELETED 2 DELETED-STORAGE 9)
a OK Done
* LIST (\HasNoChildren) "/" INBOX
* STATUS INBOX (SIZE 16 DELETED-STORAGE 9)
b OK Listed'
}

@test "mail over the quota is refused, and GETQUOTA shows less after an expunge" {
	mail 1.a.h,S=3000 "$(printf '%3000s' x)"
	printf '6005S\n3000 1\n' >"$M/maildirsize"
	run answers 'b SELECT INBOX' 'c COPY 1 Sent' 'd COPY 1 Trash' \
		'a APPEND INBOX {12+}' 'Subject: x' '' 'h GETQUOTA mail' \
		'e STORE 1 +FLAGS.SILENT (\Deleted)' 'f EXPUNGE' 'g GETQUOTA mail'
	has 'c OK [COPYUID ' "$output"
	has 'd NO [OVERQUOTA] The mailbox is full' "$output"
	has $'a NO [OVERQUOTA] The mailbox is full\n* QUOTA "mail" (STORAGE 6 6)\nh OK' "$output"
	has $'* 1 EXPUNGE\nf OK Expunged\n* QUOTA "mail" (STORAGE 3 6)\ng OK' "$output"
}

@test "annotations are kept, asked for by depth and size, and removed by NIL" {
	run answers 'a SETMETADATA INBOX (/private/comment {33+}' \
		'My new comment across' 'two lines.)' \
		'b SETMETADATA INBOX (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/boss/deep "")' \
		'c GETMETADATA INBOX (DEPTH 1) (/private/filters/values)' \
		'd GETMETADATA (MAXSIZE 32) "INBOX" (/shared/comment /private/comment)' \
		'e GETMETADATA INBOX (MAXSIZE 33 DEPTH infinity) /private'
	is 'a OK SETMETADATA completed
b OK SETMETADATA completed
* METADATA INBOX (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"")
c OK Done
* METADATA INBOX (/shared/comment NIL)
d OK [METADATA LONGENTRIES 33] Done
* METADATA INBOX (/private/comment {33}
My new comment across
two lines. /private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/boss/deep "")
e OK Done'
	run answers 'a SETMETADATA INBOX (/PRIVATE/comment NIL /shared/comment "x")' \
		'b GETMETADATA "INBOX" /private/comment /shared/comment' \
		'c SETMETADATA "" (/shared/comment "Shared comment")' \
		'd GETMETADATA "" /shared/comment'
	is 'a OK SETMETADATA completed
* METADATA INBOX (/private/comment NIL /shared/comment "x")
b OK Done
c OK SETMETADATA completed
* METADATA "" (/shared/comment "Shared comment")
d OK Done'
}

@test "annotations of any bytes come back, NUL in a literal8" {
	run bash -c "printf 'a SETMETADATA INBOX (/shared/vendor/x/y ~{4+}\r\n\0\r\n%%)\r\nb GETMETADATA INBOX /shared/vendor/x/y\r\n' |
		imapd '$M' 2>/dev/null | tail -n +2 | od -An -c | tr -d ' \n'"
	has '(/shared/vendor/x/y~{4}\r\n\0\r\n%)\r\nbOKDone\r\n' "$output"
	has 'name=/shared/vendor/x/y value=%00%0D%0A%25' "$(cat "$M"/metadata)"
}

@test "annotations have limits, and what is over one changes nothing" {
	local many
	many=$(printf ' /private/x/%s "1"' {1..98})
	run answers "a SETMETADATA INBOX (${many# } /private/a \"2\" /private/b \"3\")" \
		'b SETMETADATA INBOX (/private/a "new" /private/c "one too many")' \
		'c GETMETADATA INBOX /private/a' \
		"d SETMETADATA INBOX (/private/a {65537+}" "$(printf '%65537s' x))" \
		"e SETMETADATA INBOX (/private/a {65536+}" "$(printf '%65536s' x)\
 /private/b {65536+}" "$(printf '%65536s' x) /private/x/1 {65536+}" \
		"$(printf '%65536s' x) /private/x/2 {65536+}" "$(printf '%65536s' x))"
	is 'a OK SETMETADATA completed
b NO [METADATA TOOMANY] A mailbox has at most 100 annotations of 262144 bytes together
* METADATA INBOX (/private/a "2")
c OK Done
d NO [METADATA MAXSIZE 65536] An annotation has at most 65536 bytes
e NO [METADATA TOOMANY] A mailbox has at most 100 annotations of 262144 bytes together'
}

@test "an invalid name of an annotation is BAD" {
	local n lines=()
	for n in /other/x private/x /private /private//x /private/x/ '"/private/x*"' \
		'"/private/%"' '/shared/vendor/x' '"/private/é"' "/private/$(printf '%250s' x | tr ' ' y)"; do
		lines+=("a SETMETADATA INBOX ($n \"1\")")
	done
	run answers "${lines[@]}"
	[ "${#lines[@]}" = 10 ]
	[ "$(grep -c '^a BAD Syntax error' <<<"$output")" = 10 ]
	[ ! -e "$M/metadata" ]
	run answers 'a GETMETADATA INBOX /shared//x' 'b GETMETADATA INBOX (DEPTH 2) /shared' \
		'c GETMETADATA none /shared/comment' 'd SETMETADATA none (/shared/comment "x")' \
		'e GETMETADATA "" ()'
	[ "$(cut -d' ' -f1-3 <<<"$output")" = 'a BAD Syntax
b BAD Syntax
c NO [NONEXISTENT]
d NO [NONEXISTENT]
e BAD Syntax' ]
}

@test "the administrator's address can be read but not set" {
	run bash -c "printf '%s\r\n' 'a GETMETADATA \"\" /shared/admin' \
		'b SETMETADATA \"\" (/shared/admin \"mailto:me\")' | imapd -u bob@example.org '$M' 2>/dev/null"
	has '* METADATA "" (/shared/admin "mailto:postmaster@example.org")' "$output"
	has 'b NO [NOPERM]' "$output"
}

@test "annotations go with a renamed mailbox and end with a deleted one" {
	run answers 'a CREATE one' 'b SETMETADATA one (/shared/comment "of one")' \
		'c CREATE one/below' 'd RENAME one two' 'e GETMETADATA two /shared/comment' \
		'f DELETE two' 'g CREATE two' 'h GETMETADATA two /shared/comment' \
		'i SETMETADATA INBOX (/private/comment "of the inbox")' 'j RENAME INBOX old' \
		'k GETMETADATA old /private/comment' 'l GETMETADATA INBOX /private/comment'
	has '* METADATA "two" (/shared/comment "of one")' "$output"
	has '* METADATA "two" (/shared/comment NIL)' "$output"
	has '* METADATA "old" (/private/comment "of the inbox")' "$output"
	has '* METADATA INBOX (/private/comment "of the inbox")' "$output"
}

@test "annotations that several sessions set at once are all kept" {
	local i n lines pids=()
	imap 'a LOGOUT' >/dev/null
	for i in 1 2 3; do
		lines=()
		for n in {1..20}; do lines+=("a SETMETADATA INBOX (/private/x/$i-$n \"$i\")"); done
		printf '%s\r\n' "${lines[@]}" | imapd "$M" >/dev/null 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	run answers 'a GETMETADATA INBOX (DEPTH infinity) /private/x'
	[ "$(grep -o '/private/x/' <<<"$output" | wc -l)" = 60 ]
	[ "$(find "$M/tmp" -type f | wc -l)" = 0 ]
}

@test "a damaged file of annotations is reported and not changed" {
	run imap 'a LOGOUT'
	echo 'chainmail-metadata 9' >"$M/metadata"
	run answers 'a GETMETADATA INBOX /shared/comment' 'b SETMETADATA INBOX (/shared/comment "x")'
	has 'a NO [SERVERBUG]' "$output"
	has 'b NO [SERVERBUG]' "$output"
	has 'what="read the annotations"' "$(cat "$LOG")"
	[ "$(cat "$M/metadata")" = 'chainmail-metadata 9' ]
}

@test "LIST returns annotations of what it lists" {
	run answers 'a CREATE foo' 'b SETMETADATA INBOX (/shared/vendor/cmu/cyrus-imapd/color "#b71c1c")' \
		'c SUBSCRIBE bar' \
		'd LIST (SUBSCRIBED) "" (INBOX foo bar) RETURN (METADATA ("/shared/vendor/cmu/cyrus-imapd/color"))' \
		'e LIST "" (foo INBOX) RETURN (METADATA (/shared/vendor/cmu/cyrus-imapd/color /private/specialuse) STATUS (MESSAGES))'
	is 'a OK Created
b OK SETMETADATA completed
c OK Subscribed
* LIST (\HasNoChildren \Subscribed) "/" INBOX
* METADATA INBOX (/shared/vendor/cmu/cyrus-imapd/color "#b71c1c")
* LIST (\NonExistent \HasNoChildren \Subscribed) "/" "bar"
d OK Listed
* LIST (\HasNoChildren) "/" INBOX
* STATUS INBOX (MESSAGES 0)
* METADATA INBOX (/shared/vendor/cmu/cyrus-imapd/color "#b71c1c" /private/specialuse NIL)
* LIST (\HasNoChildren) "/" "foo"
* STATUS "foo" (MESSAGES 0)
* METADATA "foo" (/shared/vendor/cmu/cyrus-imapd/color NIL /private/specialuse NIL)
e OK Listed'
}

@test "a mailbox is created for a special use, which no other then has" {
	run answers 'a CREATE MySpecial (USE (\Drafts \Sent))' 'b CREATE Everything (USE (\All))' \
		'c LIST (SPECIAL-USE) "" *' 'd CREATE Other (USE (\sent))' \
		'e LIST "" "%" RETURN (SPECIAL-USE)' 'f DELETE Other' 'g DELETE MySpecial' \
		'h LIST "" (Sent Drafts Everything)' 'i CREATE none (USE ())'
	is 'a OK Created
b NO [USEATTR] Special uses are \Archive, \Drafts, \Junk, \Sent and \Trash
* LIST (\HasNoChildren \Archive) "/" "Archive"
* LIST (\HasNoChildren \Junk) "/" "Junk"
* LIST (\HasNoChildren \Drafts \Sent) "/" "MySpecial"
* LIST (\HasNoChildren \Trash) "/" "Trash"
c OK Listed
d OK Created
* LIST (\HasNoChildren) "/" INBOX
* LIST (\HasNoChildren \Archive) "/" "Archive"
* LIST (\HasNoChildren) "/" "Drafts"
* LIST (\HasNoChildren \Junk) "/" "Junk"
* LIST (\HasNoChildren \Drafts) "/" "MySpecial"
* LIST (\HasNoChildren \Sent) "/" "Other"
* LIST (\HasNoChildren) "/" "Sent"
* LIST (\HasNoChildren \Trash) "/" "Trash"
e OK Listed
f OK Deleted
g OK Deleted
* LIST (\HasNoChildren \Drafts) "/" "Drafts"
* LIST (\HasNoChildren \Sent) "/" "Sent"
h OK Listed
i OK Created'
}

@test "a special use is changed as an annotation, and goes with a renamed mailbox" {
	run answers 'a CREATE SavedDrafts' 'b GETMETADATA Drafts /private/specialuse' \
		'c SETMETADATA SavedDrafts (/private/specialuse "\\Drafts")' \
		'd SETMETADATA Sent (/private/specialuse NIL)' \
		'e SETMETADATA Trash (/private/specialuse "\\Everything")' \
		'f SETMETADATA INBOX (/private/specialuse "\\Junk")' \
		'g RENAME Trash Papierkorb' 'h CREATE Trash' \
		'i LIST "" (*Drafts Sent Papierkorb Trash)' \
		'j GETMETADATA Sent /private/specialuse' 'k GETMETADATA Papierkorb (DEPTH infinity) /private'
	is 'a OK Created
* METADATA "Drafts" (/private/specialuse "\\Drafts")
b OK Done
c OK SETMETADATA completed
d OK SETMETADATA completed
e NO [USEATTR] Special uses are \Archive, \Drafts, \Junk, \Sent and \Trash, and not for INBOX
f NO [USEATTR] Special uses are \Archive, \Drafts, \Junk, \Sent and \Trash, and not for INBOX
g OK Renamed
h OK Created
* LIST (\HasNoChildren) "/" "Drafts"
* LIST (\HasNoChildren \Trash) "/" "Papierkorb"
* LIST (\HasNoChildren \Drafts) "/" "SavedDrafts"
* LIST (\HasNoChildren) "/" "Sent"
* LIST (\HasNoChildren) "/" "Trash"
i OK Listed
* METADATA "Sent" (/private/specialuse NIL)
j OK Done
* METADATA "Papierkorb" (/private/specialuse "\\Trash")
k OK Done'
}

@test "IMAP4rev2's SELECT lists the mailbox as LIST does, and an INBOX by its one name" {
	run answers 'a CREATE Sent/old' 'b ENABLE IMAP4rev2' 'c SELECT "inbox"' 'd EXAMINE Sent' 'e SELECT INBOX'
	[ "$(grep '^\* LIST' <<<"$output")" = '* LIST (\HasNoChildren) "/" INBOX ("OLDNAME" ("inbox"))
* LIST (\HasChildren \Sent) "/" "Sent"
* LIST (\HasNoChildren) "/" INBOX' ]
}
