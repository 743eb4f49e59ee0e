#!/usr/bin/env bats
# Migration from other servers: etc/moving, and Dovecot's mailboxes.
load helper
# release only

setup() {
	private_dirs
	cd "$BATS_TEST_TMPDIR" || return
	MOVING=$TOP/etc/moving
	unset DOVECOT
}
teardown() {
	[ -z "${DOVECOT-}" ] || kill "$(<dovecot/master.pid)" 2>/dev/null || true
	stop_background
}

@test "a passwd-file is users with their hashes and limits" {
	cat >passwd <<-'TEXT'
		# Dovecot's
		Bob@Example.org:{SHA512-CRYPT}$6$salt$hash:5000:5000::/srv/bob::userdb_quota_rule=*:storage=5G
		ann:{SSHA256}abc+/=
		old@example.org:$1$x%y#z::::::nologin
		few@example.org:{CRYPT}$5$a$b::::::userdb_quota_rule=*:storage=1000 nologin=
		nobody@example.org:
	TEXT
	"$MOVING/passwd-file" -v domain=example.org passwd >users
	diff users - <<-'TEXT'
		bob@example.org mailbox password={SHA512-CRYPT}$6$salt$hash quota=5G
		ann@example.org mailbox password={SSHA256}abc+/=
		old@example.org mailbox password=!$1$x%25y%23z
		few@example.org mailbox password=!{CRYPT}$5$a$b quota=1000K
		nobody@example.org mailbox
	TEXT
	run "$MOVING/passwd-file" passwd
	has 'ann has no domain' "$output"
	printf '%s\n' 'bob:$y$j9T$salt$hash:19000:0:99999:7:::' 'daemon:*:19000:0:99999:7:::' 'off:!$y$x:1::::::' >shadow
	[ "$("$MOVING/passwd-file" -v domain=example.org shadow)" = 'bob@example.org mailbox password=$y$j9T$salt$hash' ]
}

@test "Postfix's virtual and aliases become lines of users" {
	cat >virtual <<-'TEXT'
		# of the domain
		Sales@example.org    bob@example.org, ann@elsewhere.net
		info@example.org     bob
		team@example.org     bob@example.org,
		    ann@example.org

		old.example          anything
		@old.example         @example.org
		other.example        anything
		x@other.example      bob@example.org
		@example.org         bob@example.org
	TEXT
	cat >aliases <<-'TEXT'
		postmaster:    root
		root: bob@example.org,
		  "|/usr/local/bin/robot --fast"
		robot: |/usr/bin/robot
		dump: /dev/null
		file: /var/log/mail.copy, bob
		list: :include:/etc/mail/list
	TEXT
	"$MOVING/virtual" -v domain=example.org virtual >users
	"$MOVING/aliases" -v domain=example.org aliases >>users 2>told
	diff users - <<-'TEXT'
		sales@example.org -> bob@example.org, ann@elsewhere.net
		info@example.org -> bob@example.org
		team@example.org -> bob@example.org, ann@example.org
		@old.example -> @example.org
		x@other.example -> bob@example.org
		@example.org -> bob@example.org
		other.example domain
		postmaster@example.org -> root@example.org
		root@example.org -> bob@example.org, | /usr/local/bin/robot --fast
		robot@example.org | /usr/bin/robot
		dump@example.org -> /dev/null
		file@example.org -> bob@example.org
		list@example.org -> :include:/etc/mail/list
	TEXT
	has "file: /var/log/mail.copy can't be taken over" "$(<told)"
	# Debian's own file: without the line, such mail goes to the first account.
	run "$MOVING/aliases" -v domain=example.org <<<'postmaster: root'
	[ "$output" = 'postmaster: left out, root has no alias itself' ]
	mkdir "$CHAINMAIL_ETC/lists"
	echo bob@example.org >"$CHAINMAIL_ETC/lists/list"
	{
		printf '%s\n' 'example.org domain' 'bob@example.org mailbox'
		sed "s,/etc/mail,$CHAINMAIL_ETC/lists," users
	} >"$CHAINMAIL_ETC/users"
	chainmail user check
}

@test "a mailbox that Dovecot made and never filled is opened and delivered to" {
	private_users 'example.org domain
ann@example.org mailbox'
	box=$CHAINMAIL_MAIL/example.org/ann/Maildir
	for sign in dovecot.list.index.log dovecot-uidlist dovecot-uidvalidity; do
		rm -rf "$box"
		mkdir -p "$box"
		: >"$box/$sign"
		printf 'a SELECT INBOX\r\nb LOGOUT\r\n' | imapd "$box" | grep -q 'a OK'
		rm -rf "$box"
		mkdir -p "$box"
		: >"$box/$sign"
		printf 'Subject: x\n\nx\n' | deliver ann@example.org
		[ "$(find "$box/new" -type f | wc -l)" = 1 ]
	done
	rm -rf "$box"
	mkdir -p "$box" # some folder is no mailbox
	: >"$box/file"
	run imapd "$box" </dev/null
	[ "$status" = 75 ]
}

# Dovecot with one user, nobody's mail in mdbox, and no port.
dovecot_start() {
	local uid gid
	uid=$(id -u nobody) gid=$(id -g nobody)
	mkdir old box
	chown nobody old box
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	echo "bob@example.org:{PLAIN}x:$uid:$gid::$PWD/old::" >passwd
	cat >dovecot.conf <<-TEXT
		base_dir = $PWD/dovecot
		state_dir = $PWD/dovecot
		log_path = $PWD/dovecot.log
		protocols =
		ssl = no
		first_valid_uid = 1
		first_valid_gid = 1
		mail_location = mdbox:~/mdbox
		passdb {
		  driver = passwd-file
		  args = username_format=%u $PWD/passwd
		}
		userdb {
		  driver = passwd-file
		  args = username_format=%u $PWD/passwd
		}
		namespace inbox {
		  inbox = yes
		}
	TEXT
	dovecot -c "$PWD/dovecot.conf" 3>&-
	DOVECOT=yes
}
dove() { doveadm -c "$BATS_TEST_TMPDIR/dovecot.conf" "$@"; }

@test "doveadm backup, as doc/moving.md has it: UIDs, flags, folders and keywords stay" {
	need_root
	need dovecot doveadm
	grep -q 'doveadm -o namespace/inbox/separator=. backup -u "$user" "maildir:$to/Maildir"' "$TOP/doc/moving.md"
	dovecot_start
	dove mailbox create -u bob@example.org -s Work/2026
	for n in 1 2 3; do printf 'Subject: %s\n\nx\n' $n | dove save -u bob@example.org -m INBOX; done
	printf 'Subject: work\n\nx\n' | dove save -u bob@example.org -m Work/2026
	dove expunge -u bob@example.org mailbox INBOX uid 1
	dove flags add -u bob@example.org '\Flagged $Label1' mailbox INBOX uid 2
	validity=$(dove mailbox status -u bob@example.org uidvalidity INBOX | grep -oE '[0-9]+$')
	for _ in 1 2; do
		dove -o namespace/inbox/separator=. backup -u bob@example.org "maildir:$PWD/box/Maildir"
	done
	printf '%s\r\n' 'a SELECT INBOX' 'b FETCH 1:* (UID FLAGS)' 'c SELECT Work/2026' 'd LSUB "" *' 'e LOGOUT' |
		setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups imapd box/Maildir >out
	has "UIDVALIDITY $validity" "$(<out)"
	has '* 1 FETCH (UID 2 FLAGS (\Flagged' "$(<out)"
	has '$Label1' "$(<out)"
	has '* 2 FETCH (UID 3 ' "$(<out)"
	has 'c OK' "$(<out)"
	has '"/" "Work/2026"' "$(<out)"
}
