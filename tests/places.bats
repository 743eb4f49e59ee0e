#!/usr/bin/env bats
# shellcheck disable=SC2034 # what put takes
# One place, one result: whatever an address stands for, each mailbox, command and
# address elsewhere gets one copy, and one report names only those that failed.

load queue

over_quota() {
	users "$(account bob)" "$(account alice quota=4K)" \
		'sales@example.org -> bob@example.org, alice@example.org'
	SUBJECT=filler BODY=$(text 3000) put -f '<>' alice@example.org
	pass
	BODY=$(text 1500)
	SUBJECT=one put -f ann@example.org sales@example.org
	SUBJECT=two put -f ann@example.org sales@example.org
	pass
	copies 2 bob
	copies 1 alice
	delete bob one
	archive bob two
	pass 2
	copies 0 bob one
	copies 1 bob two
	users "$(account bob)" "$(account alice quota=1M)" \
		'sales@example.org -> bob@example.org, alice@example.org'
	pass
	empty
	copies 0 bob one
	copies 1 bob two
	copies 1 alice one
	copies 1 alice two
	reports 0
}
@test "while one target of an alias is over quota, the other may delete and move its copy" {
	both over_quota
}

remote_beside_command() {
	users "team@example.org -> ext@other.example, | cat >>$ROOM/out/ran; test -e $ROOM/out/go || exit 75"
	other other.example
	put -f ann@example.org team@example.org
	pass 4
	each 1 ext@other.example
	spooled "$ID"
	each 4 "$ROOM/out/ran"
	touch "$ROOM/out/go"
	pass 2
	empty
	each 1 ext@other.example
	each 5 "$ROOM/out/ran"
	reports 0
}
@test "an address elsewhere beside a command that fails gets one copy" {
	both remote_beside_command
}

mbox_beside_command() {
	mkdir -m 777 "$ROOM/out/boxes"
	users "$(account box "mbox=$ROOM/out/boxes/box")" 'both@example.org -> box@example.org, | exit 75'
	put -f ann@example.org both@example.org
	pass 3
	each 1 "$ROOM/out/boxes/box"
	# Its reader takes it away.
	: >"$ROOM/out/boxes/box"
	pass
	each 0 "$ROOM/out/boxes/box"
	spooled "$ID"
}
@test "an mbox beside a command that fails is appended to once" { both mbox_beside_command; }

two_commands() {
	users "one@example.org | cat >>$ROOM/out/one" \
		"two@example.org -> one@example.org, | cat >>$ROOM/out/two; exit 75" \
		"three@example.org -> two@example.org, | cat >>$ROOM/out/three"
	put -f ann@example.org three@example.org
	pass 3
	each 1 "$ROOM/out/one" "$ROOM/out/three"
	each 3 "$ROOM/out/two"
}
@test "of several commands only the one that fails runs again" { both two_commands; }

# A list of all kinds, and one member in it that fails.
members() {
	users "$(account bob)" "$(account alice)" "$(account small quota=2K)" \
		"list@example.org -> bob@example.org, :include:$CHAINMAIL_ETC/list, ext2@other.example"
	other other.example
	other tiny.example offer=SIZE_1000
	list list '# everybody' alice@example.org "$1" ext1@other.example
}
all_members() { each 1 bob alice ext1@other.example ext2@other.example; }

dead_member() {
	members dead@example.org
	put -f ann@example.org list@example.org
	pass 2
	empty
	all_members
	reports 1 dead@example.org
}
@test "a dead address in a list: all others get it, one report names only that address" {
	both dead_member
}

dead_elsewhere() {
	members dead@gone.example
	other gone.example 'rcpt:dead=550 5.1.1 nobody'
	put -f ann@example.org list@example.org
	pass 2
	empty
	all_members
	reports 1 dead@gone.example
}
@test "a list's member that its host refuses: the same" { both dead_elsewhere; }

@test "with a null sender the log names the dead address of a list" {
	room user
	members dead@example.org
	put -f '<>' list@example.org
	pass
	empty
	all_members
	reports 0
	grep -q "event=dropped id=$ID .*to=dead@example.org" <<<"$output"
	[ "$(grep -c event=dropped <<<"$output")" = 1 ]
}

too_large() {
	BODY=$(text 5000)
	members small@example.org
	put -f ann@example.org list@example.org
	pass 2
	empty
	all_members
	reports 1 small@example.org
	reported 'Status: 5\.[23]\.[0-9]'
}
@test "a list's member for whom the message is too large: all others have it" { both too_large; }

@test "a list's member whose host takes no such size: all others have it" {
	room user
	BODY=$(text 5000)
	members big@tiny.example
	put -f ann@example.org list@example.org
	pass 2
	empty
	all_members
	copies 0 big@tiny.example
	reports 1 big@tiny.example
}

no_address() {
	members 'neither an address nor a comment'
	echo "| touch $ROOM/out/ran" >>"$CHAINMAIL_ETC/list"
	put -f ann@example.org list@example.org
	pass 2
	empty
	all_members
	reports 1
	reported '^Status: 5\.1\.3'
	[ ! -e "$ROOM/out/ran" ]
}
@test "lines of a list that are no address fail by themselves, and run nothing" { both no_address; }

@test "if a list can't be read the mail waits for all its members" {
	room user
	members dead@example.org
	mv "$CHAINMAIL_ETC/list" "$CHAINMAIL_ETC/away"
	put -f ann@example.org list@example.org
	pass 2
	spooled "$ID"
	each 0 bob ext2@other.example
	reports 0
	mv "$CHAINMAIL_ETC/away" "$CHAINMAIL_ETC/list"
	pass
	empty
	all_members
	reports 1 dead@example.org
}

@test "an empty list is a failure, reported to the sender" {
	room user
	users "none@example.org -> :include:$CHAINMAIL_ETC/none"
	list none '# nobody yet'
	put -f ann@example.org none@example.org
	pass
	empty
	reports 1 none@example.org
	reported '^Status: 5\.2\.4'
	put -f '<>' none@example.org
	pass
	empty
	has "to=none@example.org" "$(grep event=dropped <<<"$output")"
}

@test "a loop of lists is a failure, reported to the sender" {
	room user
	users "$(account bob)" "a@example.org -> :include:$CHAINMAIL_ETC/a" \
		"b@example.org -> :include:$CHAINMAIL_ETC/b"
	list a b@example.org
	list b a@example.org
	put -f ann@example.org a@example.org
	pass 2
	empty
	reports 1
	reported '^Status: 5\.4\.6'
	put -f '<>' a@example.org
	pass
	empty
	has 'id='"$ID" "$(grep event=dropped <<<"$output")"
	# With somebody in it, he has his copy.
	list b a@example.org bob@example.org
	put -f '<>' a@example.org
	pass
	empty
	each 1 bob
}

names_itself() {
	users "$(account bob)" "bob@example.org -> :include:$CHAINMAIL_ETC/bob" \
		"$(account alice)" "alice@example.org -> :include:$CHAINMAIL_ETC/alice" \
		"middle@example.org -> :include:$CHAINMAIL_ETC/middle" \
		"$(account forwarded)" "forwarded@example.org -> :include:$CHAINMAIL_ETC/forwarded"
	other other.example
	list bob Bob@Example.org
	list alice middle@example.org ext@other.example
	list middle alice@example.org
	list forwarded to@other.example
	put -f ann@example.org bob@example.org alice@example.org forwarded@example.org
	pass 2
	empty
	each 1 bob alice ext@other.example to@other.example
	each 0 forwarded
	reports 0
}
@test "a mailbox whose targets lead back to it, through lists, has its copy" { both names_itself; }

becomes_alias() {
	users "$(account bob)" "$(account carol)" "$(account alice)" "$(account dora)" \
		'sales@example.org -> bob@example.org, alice@example.org'
	other other.example
	# Alice's mailbox can't be used: her place waits.
	SUBJECT=filler put -f '<>' alice@example.org
	pass
	chmod g+w "$(maildir alice)/new"
	put -f ann@example.org carol@example.org sales@example.org
	users "$(account bob)" 'carol@example.org -> dora@example.org, ext@other.example' \
		"$(account dora)" "$(account alice)" 'sales@example.org -> bob@example.org, alice@example.org'
	pass
	each 1 bob dora ext@other.example
	each 0 carol
	spooled "$ID"
	delete bob test
	users "$(account bob)" "$(account dora)" 'carol@example.org -> bob@example.org' \
		'sales@example.org -> bob@example.org' 'alice@example.org -> second@other.example, dora@example.org'
	pass 2
	empty
	each 1 dora ext@other.example second@other.example
	each 0 bob carol
	reports 0
}
@test "an address, or a place, that became an alias is expanded in its turn" { both becomes_alias; }

expanded_once() {
	users "$(account bob)" "$(account carol)" \
		"list@example.org -> bob@example.org, later@other.example, :include:$CHAINMAIL_ETC/list"
	list list dora@other.example
	other other.example 'rcpt:later=451 4.3.0 not now|250 ok'
	put -f ann@example.org list@example.org
	pass
	each 1 bob dora@other.example
	delete bob test
	list list carol@example.org x@other.example
	users "$(account bob)" "$(account carol)" \
		"list@example.org -> bob@example.org, carol@example.org, :include:$CHAINMAIL_ETC/list"
	pass 2
	empty
	each 0 bob carol x@other.example
	each 1 later@other.example dora@other.example
	# The next message goes by what is there now.
	put -f ann@example.org list@example.org
	pass
	each 1 bob carol x@other.example
}
@test "an alias that is changed between two tries changes nothing for a message" { both expanded_once; }

two_ways() {
	users "$(account bob)" "$(account alice)" \
		'list@example.org -> bob@example.org, sales@example.org, ext@other.example' \
		"sales@example.org -> Bob@Example.org, alice@example.org, :include:$CHAINMAIL_ETC/list" \
		"team@example.org -> alice@example.org, ext@OTHER.example"
	list list alice@example.org ext@other.example later@other.example
	other other.example 'rcpt:later=451 4.3.0 not now|451 4.3.0 not now|250 ok'
	put -f ann@example.org list@example.org bob@example.org BOB@example.org team@example.org \
		ext@Other.example sales@example.org
	pass
	each 1 bob alice ext@other.example
	delete bob test
	delete alice test
	pass 2
	empty
	each 0 bob alice
	each 1 ext@other.example later@other.example
	reports 0
}
@test "a mailbox reached in two ways has one copy" { both two_ways; }

# back HOST N: the host sends its N-th message back to us, as its users had it.
back() {
	tr -d '\r' <"$BATS_TEST_TMPDIR/$1.mail/$2" | "${AS[@]}" enqueue -f ann@example.org "$3"
}

@test "a loop over another host ends with one report" {
	room user
	users "$(account bob)" 'here@example.org -> there@other.example' \
		"many@example.org -> bob@example.org, there@other.example, :include:$CHAINMAIL_ETC/list"
	other other.example
	list list list@other.example
	put -f ann@example.org here@example.org
	pass
	grep -q $'^Delivered-To: here@example.org\r$' "$BATS_TEST_TMPDIR/other.example.mail/1"
	back other.example 1 here@example.org
	pass 2
	empty
	each 1 there@other.example
	reports 1 here@example.org
	reported '^Status: 5\.4\.6'
	rm "$(files ann)"
	SUBJECT=round
	put -f ann@example.org many@example.org
	pass
	back other.example 2 many@example.org
	pass 2
	empty
	each 1 bob there@other.example list@other.example
	reports 1 many@example.org
}

# from_client WORDS ADDRESS WORDS...: by SMTP, with a client's DSN words.
from_client() {
	local words=$1 answer
	shift
	answer=$({
		printf '%s\r\n' 'EHLO client.example' "MAIL FROM:<ann@example.org> $words"
		while [ $# -gt 0 ]; do
			printf 'RCPT TO:<%s> %s\r\n' "$1" "$2"
			shift 2
		done
		printf '%s\r\n' DATA 'Subject: test' '' hello . QUIT
	} | SERVICE=smtp "${AS[@]}" smtpd 2>>"$ROOM/log.smtpd")
	grep -q '^250 2.0.0 [0-9A-Z]\{26\}' <<<"$answer"
}

@test "DSN: an alias of one address passes all words on, and reports nothing" {
	room user
	users 'one@example.org -> two@example.org' 'two@example.org -> ext@other.example'
	other other.example offer=DSN
	from_client 'RET=HDRS ENVID=e1' one@example.org 'NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old@example.org'
	pass 2
	empty
	each 1 ext@other.example
	reports 0
	grep -q 'MAIL FROM:.* RET=HDRS.* ENVID=e1' <<<"$(heard other.example)"
	grep '< RCPT' <<<"$(heard other.example)" >rcpt
	grep -q 'NOTIFY=SUCCESS,DELAY' rcpt
	grep -q 'ORCPT=rfc822;old@example.org' rcpt
}

@test "DSN: an alias of several passes all but SUCCESS on, and is reported as expanded" {
	room user
	users "$(account bob)" 'many@example.org -> bob@example.org, ext@other.example' \
		'few@example.org -> bob@example.org, few@other.example' \
		'quiet@example.org -> bob@example.org, quiet@other.example'
	other other.example offer=DSN
	from_client ENVID=e1 many@example.org 'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;many@example.org'
	pass 2
	empty
	grep 'RCPT TO:<ext' <<<"$(heard other.example)" >rcpt
	grep -q 'NOTIFY=FAILURE' rcpt
	grep -q 'ORCPT=rfc822;many@example.org' rcpt
	each 1 bob ext@other.example
	reports 1 many@example.org
	reported '^Action: expanded'
	rm "$(files ann)"
	# Of SUCCESS alone nothing is left; without it there is no report.
	from_client '' few@example.org NOTIFY=SUCCESS quiet@example.org NOTIFY=FAILURE
	pass 2
	empty
	grep -q 'RCPT TO:<few@other.example> .*NOTIFY=NEVER' <<<"$(heard other.example)"
	grep -q 'RCPT TO:<quiet@other.example> .*NOTIFY=FAILURE' <<<"$(heard other.example)"
	reports 1 few@example.org
}

@test "DSN: a failure below an alias of several is reported with the words of the alias" {
	room user
	users "$(account bob)" 'many@example.org -> bob@example.org, dead@other.example'
	other other.example 'rcpt:dead=550 5.1.1 nobody'
	from_client '' many@example.org NOTIFY=NEVER
	pass
	empty
	reports 0
	from_client '' many@example.org 'NOTIFY=FAILURE ORCPT=rfc822;first@example.net'
	pass
	empty
	reports 1 dead@other.example
	reported 'Original-Recipient: rfc822; *first@example.net'
}

@test "an alias of one mailbox that wants to know of SUCCESS is told of the delivery" {
	room user
	users "$(account bob)" 'one@example.org -> bob@example.org'
	from_client '' one@example.org 'NOTIFY=SUCCESS ORCPT=rfc822;one@example.org'
	pass
	empty
	reports 1 bob@example.org
	reported '^Action: delivered'
}

@test "a catch-all command runs, whoever else has an entry" {
	room user
	users "$(account x)" "$(account bob)" "@example.org | cat >>$ROOM/out/all"
	put -f ann@example.org zed@example.org
	pass
	empty
	each 1 "$ROOM/out/all"
	put -f ann@example.org x@example.org bob@example.org
	pass
	each 1 x bob "$ROOM/out/all"
}

@test "a newly made mbox: its folder is synced before it is called delivered" {
	need strace
	sanitized && skip "the calls are those of the release build"
	room user
	mkdir -m 777 "$ROOM/out/boxes"
	users "$(account box "mbox=$ROOM/out/boxes/box")"
	strace -f -y -o trace -e trace=fsync,fdatasync deliver -i 01KA0000000000000000000000 \
		box@example.org <<<$'Subject: test\n\nx'
	each 1 "$ROOM/out/boxes/box"
	grep -qE "f(data)?sync\([0-9]+<$ROOM/out/boxes>\) += 0" trace
}
