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

@test "no password is in users.cdb, and only the owner can read secrets" {
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

@test "a weak password is taken with a warning, a good one without" {
	run -0 user add bob@example.org <<<'Password123'
	has 'warning: the password is one of the most common ones' "$output"
	lacks Password123 "$output"
	run -0 user passwd bob@example.org <<<'this is bob again'
	has 'warning: the password contains the name of its user or domain' "$output"
	run -0 user passwd bob@example.org <<<'tulip beside nine clocks'
	[ -z "$output" ]
}

@test "an empty password, one with control characters, or a missing one is refused" {
	run -65 user add bob@example.org <<<''
	run -65 user add bob@example.org <<<$'a\tb'
	run -65 user add bob@example.org </dev/null
	run -65 user add bob@example.org <<<"$(printf 'x%.0s' {1..513})"
	[ ! -e users ]
}

@test "del removes an address, but not one that others need" {
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

@test "an alias of a domain has its users" {
	user add bob@new.example <<<secret
	echo '@old.example -> @new.example' >>users
	run -0 user compile
	[ "$(value users old.example)" = "alias to=new.example" ]
	run -0 user list
	[ "${lines[2]}" = '@old.example -> @new.example' ]
	echo 'eve@old.example mailbox' >>users
	run -65 user check
	has 'eve@old.example: its domain is an alias of new.example' "$output"
	sed -i '/^eve/d' users
	run -0 user del @OLD.example
	run ! value users old.example
}

@test "each command takes an address in a domain that is an alias of another" {
	user add bob@new.example <<<secret
	echo '@old.example -> @new.example' >>users
	before=$(value secrets bob@new.example)
	run -0 user passwd bob@OLD.example <<<another
	has 'bob@old.example is an alias of bob@new.example' "$output"
	[ "$(value secrets bob@new.example)" != "$before" ]
	run -0 user add eve@old.example <<<secret
	run -0 user alias sales@old.example eve@old.example
	run -0 user forward eve@old.example x@elsewhere.net
	grep -q '^eve@new.example mailbox' users
	grep -qx 'sales@new.example -> eve@old.example' users
	grep -qx 'eve@new.example -> eve@new.example, x@elsewhere.net' users
	run -0 user del sales@old.example
	run -0 user forward eve@old.example
	run -0 user del eve@old.example
	run ! grep -q '^eve\|^sales' users
	run -67 user passwd eve@old.example <<<secret
	has 'eve@new.example has no mailbox' "$output"
	grep -qx '@old.example -> @new.example' users
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

@test "hashes of other schemes are taken over or refused, with file and line" {
	cat >users <<'EOF'
a@mx.lan mailbox password={SSHA.hex}d46f74e272e44e41968ca36742e07f8695970bf873616c7473616c74
b@mx.lan mailbox password={PLAIN}secret
c@mx.lan mailbox password={CRAM-MD5}e02d374fde0dc75a17a557039a3a5338
d@mx.lan mailbox password={SCRAM-SHA-256}4096,c2FsdA==,x,y
EOF
	run -65 user compile
	has 'users:2: password: clear-text passwords are not stored' "$output"
	has 'users:3: password: this {SCHEME} is not supported' "$output"
	has 'users:4: password: ' "$output"
	lacks users:1: "$output"
	sed -i 2,4d users
	run -0 user compile
	has 'password={SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA==' "$(cdb -q secrets.cdb a@mx.lan | sed 's/%7B/{/; s/%7D/}/')"
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

@test "a change of the file does not overwrite users from a pipe" {
	user add ann@example.org <<<'tulip beside nine clocks'
	printf '%s\n' 'example.org domain' 'bob@example.org mailbox' >sql
	run -0 user compile - <sql
	before=$(cat users users.cdb secrets.cdb | cksum)
	for change in 'add eve@example.org' 'passwd ann@example.org' 'del ann@example.org' \
		'alias x@example.org ann@example.org' 'forward ann@example.org x@elsewhere.net' compile; do
		run -65 user $change <<<'tulip beside nine clocks'
		has 'the users in force came by a pipe' "$output"
		has 'chainmail user compile -f' "$output"
	done
	[ "$(cat users users.cdb secrets.cdb | cksum)" = "$before" ]
	run -0 user list
	has "this is about the file $CHAINMAIL_ETC/users" "$output"
	run -0 user compile - <sql
	run -0 user compile -f
	[ -z "$output" ]
	run ! value users bob@example.org
	run -0 user add eve@example.org <<<'tulip beside nine clocks'
	[ "$(value users ann@example.org)" = mailbox ]
	run -64 user compile -x
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

@test "two concurrent changes both take effect" {
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

@test "alias creates or replaces an address, and leaves the rest unchanged" {
	user add bob@example.org <<<secret
	printf '# ours\nsales@Example.org  ->  bob@example.org   # for now\n' >>users
	run -0 user alias Sales@example.org bob@example.org x@elsewhere.net '| /bin/run a, b'
	grep -qxF 'sales@example.org -> bob@example.org, x@elsewhere.net, | /bin/run a, b   # for now' users
	[ "$(grep -c sales users)" = 1 ]
	grep -qx '# ours' users
	run -0 user alias info@other.example bob@example.org
	grep -qx 'other.example domain' users
	run -0 user alias @other.example bob@example.org
	grep -qx '@other.example -> bob@example.org' users
	run -0 user alias gone@example.org /dev/null
	[ "$(value users gone@example.org)" = 'targets pipe=/dev/null' ]
	run -0 user list
	has 'gone@example.org -> /dev/null' "$output"
	run -0 user del info@other.example
	run -0 user alias @old.example @example.org
	run ! grep -q 'old.example domain' users
	[ "$(value users old.example)" = 'alias to=example.org' ]
}

@test "an impossible alias is refused, and nothing is changed" {
	user add bob@example.org <<<secret
	cp users before
	run -65 user alias bob@example.org x@elsewhere.net
	has 'forward' "$output"
	run -65 user alias a@example.org nobody@example.org
	run -65 user alias a@example.org a@example.org
	run -65 user alias @old.example @elsewhere.net
	run -64 user alias a@example.org
	run -64 user alias a@example.org '| x' bob@example.org
	run -64 user alias a@example.org $'x@elsewhere.net\nroot@example.org -> bob@example.org'
	run -64 user alias a@example.org 'x@elsewhere.net # no'
	run -64 user alias a@example.org ''
	cmp users before
}

@test "forward sends a mailbox's mail on, with a copy unless it is told otherwise" {
	user add bob@example.org <<<secret
	run -0 user forward bob@example.org x@elsewhere.net
	[ "$(value users bob@example.org)" = 'targets mailbox=1 to=bob@example.org to=x@elsewhere.net' ]
	run -0 user forward -o bob@example.org y@elsewhere.net
	[ "$(value users bob@example.org)" = 'targets mailbox=1 to=y@elsewhere.net' ]
	[ "$(grep -c ' -> ' users)" = 1 ]
	run -0 user passwd bob@example.org <<<'other one'
	run -0 user forward bob@example.org
	[ "$(value users bob@example.org)" = mailbox ]
	run -67 user forward bob@example.org
	run -67 user forward ann@example.org x@elsewhere.net
	run -64 user forward -o bob@example.org
}

@test "removing the recipient of root's and postmaster's mail is reported" {
	user add bob@example.org <<<secret
	user add ann@example.org <<<secret
	run -0 user del bob@example.org
	has 'goes to ann@example.org, the first mailbox' "$output"
	user add bob@example.org <<<secret
	run -0 user alias postmaster@mx.lan bob@example.org
	run -0 user del ann@example.org
	lacks postmaster "$output"
	run -65 user del bob@example.org
	has 'users:' "$output"
	has 'chainmail user alias postmaster@mx.lan ADDRESS' "$output"
	grep -q '^bob@' users
	user add eve@example.org <<<secret
	run -0 user alias postmaster@mx.lan eve@example.org
	run -0 user del bob@example.org
	lacks postmaster "$output"
}
