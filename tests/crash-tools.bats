#!/usr/bin/env bats
# limit: 900
# Crashes and failing disks where reports are made (crash/matrix.py), and with
# programs that run by hand or at times (crash/tools.py).

load helper
load crash/crash

# tools TARGET...: with each fault, or with $FAULTS.
tools() {
	local target fault
	for target; do
		for fault in ${FAULTS:-KILL EIO ENOSPC}; do
			run timeout 120 "$TOP/tests/crash/tools.py" "$target" "$fault"
			echo "$output"
			[ "$status" = 0 ] || return
		done
	done
}

@test "bounce killed at any system call: one report, whole" { matrix bounce KILL; }
@test "bounce on a full disk" { matrix bounce ENOSPC; }
@test "bounce over the disk's quota" { matrix bounce EDQUOT; }
@test "bounce on a failing disk" { matrix bounce EIO; }
@test "bounce by itself: 0 is a whole report, all else is temporary" { tools bounce; }
@test "a spool file that ends too early is a failing disk, not a bad message" {
	FAULTS=SHORT tools bounce remove-to report
}
@test "chainmail queue hold, release, remove: whole, and in one place or gone" {
	tools hold release remove
}
@test "chainmail queue remove to=: never a message that it can't look into" { tools remove-to; }
@test "chainmail queue remove --report: never sent after all" { tools report; }
@test "chainmail user: whole databases, and no part of a password" { tools user; }
@test "tls-report: no report is lost, no day removed before" { tools tls-report; }
@test "mta-sts: a good policy is never forgotten" {
	need openssl
	tools mta-sts mta-sts-down
}
