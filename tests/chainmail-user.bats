#!/usr/bin/env bats
# shellcheck disable=SC2016 # hashes have dollars

bats_require_minimum_version 1.5.0
load helper

setup() {
	private_dirs
	echo mx.lan >"$CHAINMAIL_ETC/me"
	cd "$CHAINMAIL_ETC" || return
}

user() { chainmail-user "$@"; }

# value DATABASE KEY
value() {
	need cdb
	cdb -q "$1.cdb" "$2"
}

@test "add makes a mailbox that can log in, and its domain" {
	run -0 user add Bob@Example.org quota=5G <<<secret
	[ "$(sed -n 1p users)" = "example.org domain" ]
	[[ $(sed -n 2p users) == 'bob@example.org mailbox quota=5G password=$y$'*' scram=4096,'* ]]
	[ "$(value users bob@example.org)" = "mailbox quota=5368709120" ]
	has 'scram=4096,' "$(value secrets bob@example.org)"
}

@test "a mailbox at this host's own name needs no domain line" {
	run -0 user add demo@mx.lan <<<secret
	run ! grep domain users
}

@test "no password is in users.cdb, and secrets are readable by nobody else" {
	user add bob@example.org <<<secret
	run ! grep -aE 'secret|y\$|scram' users.cdb
	[ "$(stat -c %a secrets.cdb)" = 600 ]
	[ "$(stat -c %a users)" = 600 ]
}

@test "a password is never taken from the command line" {
	run -64 user add bob@example.org 'password=$y$x' <<<secret
	run -64 user passwd bob@example.org secret <<<secret
	[ ! -e users.cdb ]
}

@test "passwd changes the hash and leaves comments and order alone" {
	user add bob@example.org <<<secret
	{
		echo '# staff'
		sed '2s/$/   # the boss/' users
		echo 'sales@example.org ->  bob@example.org'
	} >new
	mv new users
	before=$(grep ^bob users)
	run -0 user passwd bob@example.org <<<other
	[ "$(sed -n 1p users)" = '# staff' ]
	[[ $(sed -n 3p users) == bob@*'   # the boss' ]]
	[ "$(sed -n 4p users)" = 'sales@example.org ->  bob@example.org' ]
	[ "$(grep ^bob users)" != "$before" ]
	[ "$(grep -o password= users | wc -l)" = 1 ]
}

@test "an empty password, one with control characters, or a missing one is refused" {
	run -65 user add bob@example.org <<<''
	run -65 user add bob@example.org <<<$'a\tb'
	run -65 user add bob@example.org </dev/null
	run -65 user add bob@example.org <<<"$(printf 'x%.0s' {1..513})"
	[ ! -e users ]
}

@test "del takes an address out, but not one that others need" {
	user add bob@example.org <<<secret
	user add ann@example.org <<<secret
	echo 'sales@example.org -> ann@example.org' >>users
	user compile
	run -0 user del bob@example.org
	run ! value users bob@example.org
	run -65 user del ann@example.org
	has ann@example.org "$output"
	has mailbox "$(value users ann@example.org)"
	grep -q '^ann@' users
	run -67 user del nobody@example.org
}

@test "list shows everybody and no secret" {
	user add bob@example.org quota=1M <<<secret
	echo 'a@example.org -> bob@example.org, | /bin/x y' >>users
	run -0 user list
	[ "${lines[0]}" = "example.org domain" ]
	[ "${lines[1]}" = "bob@example.org mailbox quota=1048576" ]
	[ "${lines[2]}" = "a@example.org -> bob@example.org, | /bin/x y" ]
}

@test "check reports all faults with their lines and changes nothing" {
	printf '%s\n' 'example.org domain' 'x' 'a@example.org mailbox quota=x' \
		'b@example.org -> c@example.org' >users
	run -65 user check
	has 'users:2: ' "$output"
	has 'users:3: ' "$output"
	has 'users:4: ' "$output"
	has '3 faults' "$output"
	[ ! -e users.cdb ]
}

@test "a faulty text leaves the databases in force" {
	private_users 'bob@mx.lan mailbox'
	before=$(stat -c %i users.cdb secrets.cdb)
	run -65 private_users 'bob@mx.lan letterbox'
	[ "$(stat -c %i users.cdb secrets.cdb)" = "$before" ]
}

@test "compile - takes the text from a pipe" {
	run -0 user compile - < <(printf '%s\n' 'example.org domain' 'bob@example.org mailbox')
	[ "$(value users bob@example.org)" = mailbox ]
	[ ! -e users ]
}

@test "databases are synced, renamed, and the folder synced, in this order" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	echo 'bob@mx.lan mailbox' >users
	strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=fsync,renameat,renameat2 \
		chainmail-user compile
	run -0 sed -n 's/^[0-9]* *\([a-z]*\).*/\1/p' "$BATS_TEST_TMPDIR/trace"
	has $'fsync\nrenameat\nfsync\nfsync\nrenameat\nfsync' "$output"
}

@test "a full disk leaves the old databases and no remains" {
	need strace
	sanitized && skip "the leak checker and strace do not go together"
	private_users 'bob@mx.lan mailbox'
	before=$(cat users.cdb secrets.cdb | cksum)
	echo 'ann@mx.lan mailbox' >>users
	for call in write:error=ENOSPC:when=1 fsync:error=EIO:when=1 \
		renameat:error=ENOSPC:when=1; do
		run -75 strace -f -o /dev/null -e inject="$call" chainmail-user compile
		run -0 ls -A
		[[ $output != *.new* ]]
	done
	grep -q . users.cdb
	[ "$(cat users.cdb secrets.cdb | cksum)" = "$before" ]
}

@test "two changes at once are both there in the end" {
	user add a@mx.lan <<<secret &
	user add b@mx.lan <<<secret &
	user add c@mx.lan <<<secret
	wait
	run -0 user list
	[ "${#lines[@]}" = 3 ]
}

@test "it can't read outside of the configuration" {
	echo 'bob@mx.lan mailbox' >"$BATS_TEST_TMPDIR/users"
	ln -s "$BATS_TEST_TMPDIR/users" users
	run -75 user check
	has 'Permission denied' "$output"
}

@test "a planted link is not followed" {
	ln -s "$CHAINMAIL_MAIL/elsewhere" .users.cdb.new
	echo 'bob@mx.lan mailbox' >users
	run -0 user compile
	[ ! -e "$CHAINMAIL_MAIL/elsewhere" ]
}
