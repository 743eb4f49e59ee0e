#!/usr/bin/env bats
# limit: 900
# Crashes and failing disks, at every system call: crash/matrix.py.

load helper
load crash/crash

@test "smtpd killed at any system call loses and doubles nothing" { matrix smtpd KILL; }
@test "smtpd on a full disk: refused, or kept" { matrix smtpd ENOSPC; }
@test "smtpd over the disk's quota: refused, or kept" { matrix smtpd EDQUOT; }
@test "smtpd on a failing disk: refused, or kept" { matrix smtpd EIO; }
@test "enqueue killed at any system call" { matrix enqueue KILL; }
@test "enqueue on a full disk" { matrix enqueue ENOSPC; }
@test "enqueue on a failing disk" { matrix enqueue EIO; }
@test "queue-run killed at any system call: delivered and reported once" { matrix queue-run KILL; }
@test "queue-run on a full disk" { matrix queue-run ENOSPC; }
@test "queue-run on a failing disk" { matrix queue-run EIO; }

# What is left of a mount ends with the process that unshared it.
@test "a spool without bytes or inodes: 452, and mail again afterwards" {
	need_root
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	private_users "$(printf 'example.org domain\nbob@example.org mailbox')"
	printf 'disk-reserve 64K\n' >"$CHAINMAIL_ETC/limits"
	session=$(printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@b.example>' \
		'RCPT TO:<bob@example.org>' DATA 'Subject: x' '' x . QUIT)
	export session SERVICE=smtp
	run unshare -m bash -c '
		mount -t tmpfs -o size=1m,nr_inodes=2000 none "$CHAINMAIL_SPOOL"
		mkdir -p "$CHAINMAIL_SPOOL"/{tmp,new,state,bad,blank}
		head -c 1000000 /dev/zero >"$CHAINMAIL_SPOOL/filler"
		smtpd <<<"$session"; echo "files: $(ls "$CHAINMAIL_SPOOL"/{tmp,new} | wc -w)"
		rm "$CHAINMAIL_SPOOL/filler"
		(cd "$CHAINMAIL_SPOOL/state"; touch $(seq 1850))
		smtpd <<<"$session"
		rm -f "$CHAINMAIL_SPOOL"/state/*
		smtpd <<<"$session"'
	[ "$(grep -c ^452 <<<"$output")" -ge 2 ]
	[ "$(grep -c '^250 2.0.0 [0-9A-Z]\{26\}' <<<"$output")" = 1 ]
}

@test "smtpd syncs the file, names it, syncs the directory, then says 250" {
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	private_users "$(printf 'example.org domain\nbob@example.org mailbox')"
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\r\n' 'EHLO x' 'MAIL FROM:<a@b.example>' 'RCPT TO:<bob@example.org>' \
		DATA 'Subject: x' '' x . QUIT |
		SERVICE=smtp strace -s 500 -o trace smtpd
	order=$(sed -n '/O_CREAT|O_EXCL/,$p' trace |
		sed -nE 's/^(openat|write|fsync|renameat2)\(.*/\1/p' | uniq | tr '\n' ' ')
	# The write of the reply with the id is behind the last fsync.
	has 'openat write fsync renameat2 fsync write' "$order"
	[ "$(grep -n '^fsync(' trace | tail -n 1 | cut -d: -f1)" -lt \
		"$(grep -n '250 2.0.0' trace | cut -d: -f1)" ]
}
