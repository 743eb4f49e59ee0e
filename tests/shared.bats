#!/usr/bin/env bats
# Folders that one account shares with another (RFC 4314), through the real
# login and imapd; authd is a stand-in.

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	private_users $'example.org domain\nann@example.org mailbox\nbob@example.org mailbox\neve@example.org mailbox'
	FAKE_MAILBOX=none background "$TOP/tests/helper/fake-authd" "$CHAINMAIL_RUN/auth" "$BATS_TEST_TMPDIR/asked"
	await_socket "$CHAINMAIL_RUN/auth"
	LOG=$BATS_TEST_TMPDIR/log
	ANN=$CHAINMAIL_MAIL/example.org/ann/Maildir
	BOB=$CHAINMAIL_MAIL/example.org/bob/Maildir
	TEAM="Other Users/ann@example.org/Team"
}
teardown() { stop_background; }

# as USER LINE...: a session of these lines; what it answers after the login.
as() {
	local user=$1
	shift
	printf '%s\r\n' "login LOGIN $user@example.org secret" "$@" |
		SERVICE=imap login 2>>"$LOG" | lf | sed '1,/^login OK/d'
}
# ann has a folder Team with three messages.
team() {
	local text=$'Subject: hello\r\n\r\nbody\r\n'
	as ann 'a CREATE Team' 'a CREATE Own' \
		"a APPEND Team {${#text}+}" "$text" "a APPEND Team {${#text}+}" "$text" \
		"a APPEND Team {${#text}+}" "$text" "a APPEND Own {${#text}+}" "$text" >/dev/null
}
share() { as ann "a SETACL Team $1 $2"; }

@test "who was given rights finds the folder in the namespace of others" {
	team
	has 'a OK' "$(share bob@example.org lrs)"
	run -0 as bob 'a CAPABILITY' 'b NAMESPACE' 'c LIST "" *' "d MYRIGHTS \"$TEAM\"" \
		"e STATUS \"$TEAM\" (MESSAGES UNSEEN)" "f SELECT \"$TEAM\"" 'g FETCH 1:* (UID FLAGS)'
	has ' ACL RIGHTS=kxte LIST-MYRIGHTS ' "$output"
	has '* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL' "$output"
	has "* LIST (\\HasNoChildren) \"/\" \"$TEAM\"" "$output"
	has '* LIST (\Noselect \HasChildren) "/" "Other Users/ann@example.org"' "$output"
	lacks 'Own' "$output"
	has "* MYRIGHTS \"$TEAM\" lrs" "$output"
	has "* STATUS \"$TEAM\" (MESSAGES 3 UNSEEN 3)" "$output"
	has '* OK [PERMANENTFLAGS (\Seen)]' "$output"
	has 'f OK [READ-WRITE]' "$output"
	has '* 3 FETCH (UID 3 FLAGS (' "$output"
	run -0 as eve 'c LIST "" *' "d MYRIGHTS \"$TEAM\"" "f SELECT \"$TEAM\""
	lacks 'Other Users' "${output%%d NO*}"
	has 'd NO [NONEXISTENT]' "$output"
	has 'f NO [NONEXISTENT]' "$output"
}

@test "each reader has a \\Seen of his own, and changes no other flag" {
	team
	share anyone lrs
	run -0 as bob "a SELECT \"$TEAM\"" 'b FETCH 1 BODY[TEXT]' 'c STORE 2 +FLAGS (\Seen \Flagged)' \
		'd STORE 3 +FLAGS (\Flagged)' 'e STORE 3 +FLAGS (key)' 'f UID STORE 3 -FLAGS (\Seen)'
	has '* 1 FETCH (BODY[TEXT] {6}' "$output"
	has '* 2 FETCH (FLAGS (\Seen' "$output"
	lacks 'Flagged)' "${output#*c OK}"
	has 'd NO [NOPERM]' "$output"
	has 'e NO [NOPERM]' "$output"
	has 'f OK' "$output"
	run -0 as bob "a SELECT \"$TEAM\"" 'b SEARCH SEEN' 'c STORE 1 -FLAGS (\Seen)' "d STATUS \"$TEAM\" (UNSEEN)"
	has '* SEARCH 1 2' "$output"
	has "(UNSEEN 2)" "$output"
	run -0 as eve "a EXAMINE \"$TEAM\"" 'b SEARCH SEEN'
	has $'* SEARCH\n' "$output"
	run -0 as ann 'a SELECT Team' 'b SEARCH SEEN' 'c SEARCH FLAGGED' 'd STORE 3 +FLAGS (\Seen \Flagged)'
	[ "$(grep -c '^\* SEARCH$' <<<"$output")" = 2 ]
	run -0 as bob "a SELECT \"$TEAM\"" 'b SEARCH SEEN' 'c SEARCH FLAGGED'
	has $'* SEARCH 2\nb OK' "$output"
	has $'* SEARCH 3\nc OK' "$output"
}

@test "without the right s nothing is marked as seen" {
	team
	share bob@example.org lr
	run -0 as bob "a SELECT \"$TEAM\"" 'b FETCH 1 BODY[]' 'c STORE 2 +FLAGS (\Seen)' 'd SEARCH SEEN'
	has '* OK [PERMANENTFLAGS ()]' "$output"
	has 'a OK [READ-ONLY]' "$output"
	has 'c NO [READ-ONLY]' "$output"
	has $'* SEARCH\nd OK' "$output"
	[ ! -e "$BOB/seen" ]
}

@test "what writes into the owner's mail is refused" {
	team
	share bob@example.org lrs
	before=$(cd "$ANN" && find . | sort)
	run -0 as bob "a SELECT \"$TEAM\"" 'a FETCH 1:* (ENVELOPE PREVIEW RFC822.SIZE)' 'a SEARCH BODY body' 'a SORT (SUBJECT) UTF-8 ALL' 'b EXPUNGE' 'c MOVE 1 INBOX' "d COPY 1 \"$TEAM\"" \
		"e APPEND \"$TEAM\" {2+}" 'ab' "f CREATE \"$TEAM/x\"" "g DELETE \"$TEAM\"" "h RENAME \"$TEAM\" mine" \
		"i RENAME Sent \"Other Users/ann@example.org/Sent\"" "j SETACL \"$TEAM\" bob@example.org +a" \
		"k GETACL \"$TEAM\"" "l SETMETADATA \"$TEAM\" (/shared/comment \"x\")" "m REPLACE 1 INBOX {2+}" 'ab' \
		"n DELETEACL \"$TEAM\" bob@example.org" "o LISTRIGHTS \"$TEAM\" bob@example.org" 'p CLOSE'
	for tag in b c d e f g h i j k l m n o; do
		has "$tag NO [NOPERM]" "$output"
	done
	has 'p OK' "$output"
	has '* SEARCH 1 2 3' "$output"
	[ "$(cd "$ANN" && find . | sort)" = "$before" ]
}

@test "a reader copies, and the copy is its own file" {
	team
	share bob@example.org lrs
	run -0 as bob "a SELECT \"$TEAM\"" 'b STORE 1 +FLAGS (\Seen)' 'c COPY 1:2 Archive' 'd SELECT Archive' 'e SEARCH SEEN'
	has 'c OK [COPYUID ' "$output"
	has $'* SEARCH 1\n' "$output"
	[ "$(find "$BOB" "$ANN" -path '*/cur/*' -links +1 | wc -l)" = 0 ]
}

@test "NOTIFY, ESEARCH and STATUS keep others' folders apart" {
	team
	share bob@example.org lrs
	run -0 as bob 'a ESEARCH IN (personal) ALL' "b ESEARCH IN (mailboxes \"$TEAM\") ALL" \
		"c ESEARCH IN (subtree \"Other Users\") ALL" "d SUBSCRIBE \"$TEAM\"" 'e LSUB "" *' \
		"f GETQUOTAROOT \"$TEAM\"" 'g LIST "" "Other Users/*" RETURN (MYRIGHTS STATUS (MESSAGES))' \
		"h NOTIFY SET STATUS (personal (MessageNew MessageExpunge))" \
		"i NOTIFY SET STATUS (subtree \"Other Users\" (MessageNew MessageExpunge))"
	lacks 'ESEARCH (' "${output%%a OK*}"
	[ "$(grep -c "ESEARCH (TAG \"[bc]\" MAILBOX \"$TEAM\" UIDVALIDITY [0-9]*) UID ALL 1:3" <<<"$output")" = 2 ]
	has "* LSUB () \"/\" \"$TEAM\"" "$output"
	has $"* QUOTAROOT \"$TEAM\""$'\n' "$output"
	has "* MYRIGHTS \"$TEAM\" lrs" "$output"
	[ "$(sed '1,/^h OK/d' <<<"$output" | grep -c "^\* STATUS \"$TEAM\"")" = 1 ]
	[ "$(sed -n '/^g OK/,/^h OK/p' <<<"$output" | grep -c "^\* STATUS \"$TEAM\"")" = 0 ]
}

@test "rights end with the folder and go with its name" {
	team
	share bob@example.org lrs
	as bob "a SELECT \"$TEAM\"" 'b STORE 2 +FLAGS (\Seen)' >/dev/null
	as ann 'a RENAME Team Crew' 'b CREATE Crew/sub' >/dev/null
	run -0 as bob 'a LIST "" "Other*"' 'b SELECT "Other Users/ann@example.org/Crew"' 'c SEARCH SEEN' \
		'd MYRIGHTS "Other Users/ann@example.org/Crew/sub"'
	lacks Team "$output"
	has $'* SEARCH 2\n' "$output"
	has 'Crew/sub" lrs' "$output"
	as ann 'a DELETE Crew/sub' 'b DELETE Crew' 'c CREATE Crew' >/dev/null
	run -0 as bob 'a LIST "" "Other*"'
	lacks Crew "$output"
}

@test "a right that is withdrawn ends a session in the folder" {
	team
	share bob@example.org lrs
	mkfifo "$BATS_TEST_TMPDIR/in"
	exec 8<>"$BATS_TEST_TMPDIR/in"
	SERVICE=imap login <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>>"$LOG" 3>&- 8>&- &
	BACKGROUND+=("$!")
	printf '%s\r\n' 'login LOGIN bob@example.org secret' "a SELECT \"$TEAM\"" >&8
	await 10 grep -q '^a OK' "$BATS_TEST_TMPDIR/out"
	share bob@example.org l
	printf '%s\r\n' 'b NOOP' >&8
	await 10 grep -q '^\* BYE' "$BATS_TEST_TMPDIR/out"
	exec 8>&-
	run -0 as bob 'a LIST "" "Other*"' "b SELECT \"$TEAM\"" "c MYRIGHTS \"$TEAM\""
	has "\"$TEAM\"" "$output"
	has 'b NO [NOPERM]' "$output"
	has "* MYRIGHTS \"$TEAM\" l" "$output"
	as ann 'a DELETEACL Team bob@example.org' >/dev/null
	run -0 as bob 'a LIST "" "Other*"'
	lacks 'Other Users' "$output"
}

@test "SETACL says what can't be given" {
	team
	run -0 as ann 'a SETACL Team bob@example.org lrq' 'b SETACL Team bob@example.org lrsx' 'c SETACL INBOX bob@example.org lr' \
		'd SETACL Team ann@example.org l' 'e SETACL Team -bob@example.org l' 'f SETACL none bob@example.org l' \
		'g SETACL Team Bob@Example.org lr' 'h SETACL Team bob@example.org +s' 'i SETACL Team bob@example.org -rda' \
		'j GETACL Team' 'k LISTRIGHTS Team bob@example.org' 'l LISTRIGHTS Team ann@example.org' 'm DELETEACL Team bob@example.org' \
		'n GETACL Team' 'o LISTRIGHTS INBOX bob@example.org'
	has 'a BAD' "$output"
	has 'b NO [CANNOT]' "$output"
	has 'c NO [CANNOT]' "$output"
	has 'd NO [CANNOT]' "$output"
	has 'e NO [CANNOT]' "$output"
	has 'f NO [NONEXISTENT]' "$output"
	has '* ACL "Team" "ann@example.org" lrswipkxteacd "bob@example.org" ls' "$output"
	has '* LISTRIGHTS "Team" "bob@example.org" "" l r s' "$output"
	has '* LISTRIGHTS "Team" "ann@example.org" lrswipkxteacd' "$output"
	has $'* ACL "Team" "ann@example.org" lrswipkxteacd\nn OK' "$output"
	has $'* LISTRIGHTS INBOX "bob@example.org" ""\n' "$output"
	has 'imapd event=folder-share user=ann@example.org folder=Team to=bob@example.org rights=lr' "$(cat "$LOG")"
}

@test "nobody gives himself what is another's" {
	team
	# eve's session was taken over: it can write its own list and its own folders.
	as eve 'a CREATE Team' 'b SETACL Team eve@example.org lrs' >/dev/null
	printf 'reader id=%s\n' eve@example.org anyone >"$CHAINMAIL_MAIL/.shared/eve@example.org"
	printf 'chainmail-acl 1\nright id=eve@example.org rights=lrs\nright id=bob@example.org rights=lrs\n' \
		>"$CHAINMAIL_MAIL/example.org/eve/Maildir/.Team/acl"
	EVE=$CHAINMAIL_MAIL/example.org/eve/Maildir
	ln -s "$ANN" "$EVE/.Ann"
	ln -s "$ANN/.Own" "$EVE/.Own"
	cp "$EVE/.Team/acl" "$ANN/.Own/acl"
	run -0 as eve 'a LIST "" "Other*"'
	lacks ann@ "$output"
	# Through the links bob sees nothing but what is eve's; ann's list does not name him.
	run -0 as bob 'a LIST "" "Other*"'
	has 'Other Users/eve@example.org/Team"' "$output"
	lacks Own "$output"
	lacks ann@ "$output"
	# Lists that are no lists, and owners who are none.
	printf 'reader id=bob@example.org\n' >"$CHAINMAIL_MAIL/.shared/nobody@example.org"
	printf 'reader id=bob@example.org\n' >"$CHAINMAIL_MAIL/.shared/..%2Fetc"
	head -c 100000 /dev/zero >"$CHAINMAIL_MAIL/.shared/ann@example.org"
	mkfifo "$CHAINMAIL_MAIL/.shared/pipe@example.org"
	run -0 as bob 'a LIST "" "Other*"'
	lacks ann@ "$output"
	has 'Other Users/eve@example.org/Team"' "$output"
	chainmail-user del eve@example.org >/dev/null
	run -0 as bob 'a LIST "" "Other*"'
	lacks 'Other Users' "$output"
}

@test "the sandbox has the shared folder for reading, and nothing else of its owner" {
	team
	share bob@example.org lrs
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$BUILD/bin/login" "$BATS_TEST_TMPDIR/bin/"
	cat >"$BATS_TEST_TMPDIR/bin/imapd" <<-'END'
		#!/bin/sh
		try() { "$@" >/dev/null 2>&1 && echo "can $*" || echo "can't $*"; }
		owner=$CHAINMAIL_MAIL/example.org/ann/Maildir
		try ls "$owner/.Team/cur"
		try cat "$owner/.Team/acl"
		try touch "$owner/.Team/cur/x"
		try cp "$owner/.Team/acl" "$owner/.Team/acl2"
		try ls "$owner"
		try ls "$owner/.Own/cur"
		try cat "$owner/subscriptions"
		echo "$CHAINMAIL_SHARED"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/imapd"
	CHAINMAIL_SHARED=forged run -0 bash -c 'printf "a LOGIN bob@example.org secret\r\n" | SERVICE=imap "$1"' - "$BATS_TEST_TMPDIR/bin/login"
	has "can ls $ANN/.Team/cur" "$output"
	has "can cat $ANN/.Team/acl" "$output"
	has "can't touch $ANN/.Team/cur/x" "$output"
	has "can't cp $ANN/.Team/acl" "$output"
	has "can't ls $ANN"$'\n' "$output"
	has "can't ls $ANN/.Own/cur" "$output"
	has "can't cat $ANN/subscriptions" "$output"
	has "folder owner=ann@example.org path=$ANN/.Team rights=lrs" "$output"
	lacks forged "$output"
	[ ! -e "$ANN/.Team/cur/x" ]
}

@test "without ACL in the file imap nothing is shared" {
	team
	share bob@example.org lrs
	echo 'imap -ACL' >"$CHAINMAIL_ETC/imap"
	run -0 as bob 'a LIST "" *' 'b MYRIGHTS INBOX' "c SELECT \"$TEAM\"" 'd CAPABILITY' 'e NAMESPACE' \
		'f LIST "" * RETURN (MYRIGHTS)'
	lacks 'Other Users' "$output"
	has 'b BAD' "$output"
	has 'c NO [NONEXISTENT]' "$output"
	lacks 'RIGHTS' "$output"
	has '* NAMESPACE (("" "/")) NIL NIL' "$output"
	has 'f BAD' "$output"
}
