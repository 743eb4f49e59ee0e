#!/usr/bin/env bats
# limit: 900
# What runs out comes back: crash/scarce.py.

load helper
load crash/running

@test "the spool fills up: 452, and 250 again when there is room" { survives 60 scarce.py spool; }
@test "the spool is out of inodes: 452, and 250 again" { survives 60 scarce.py spool-inodes; }
@test "the disk of mailboxes fills up: mail waits, readers read and expunge" { survives 60 scarce.py mail; }
@test "the disk of mailboxes is out of inodes: the same" { survives 60 scarce.py mail-inodes; }
@test "no more processes: later, never refused for good; then as before" { survives 60 scarce.py processes; }
@test "stopped in DATA, APPEND and IDLE: within 15 s, nothing partial, no lie" { survives 90 scarce.py stop; }
