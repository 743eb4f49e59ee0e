#!/usr/bin/env bats
# Crashes and failing disks of a worker while one message goes to places of all
# kinds, and readers delete and move what they have: crash/places.py.
# limit: 900
# release only

load helper
load crash/crash

@test "deliver killed at any system call: mailboxes have one copy, nobody else's comes again" { places deliver KILL; }
@test "deliver on a failing disk: every place has one copy" { places deliver EIO; }
@test "deliver on a full disk: the same" { places deliver ENOSPC; }
@test "send killed at any system call: nothing but what it had comes twice" { places send KILL; }
@test "send on a failing disk: every place has one copy" { places send EIO; }
@test "send on a full disk: the same" { places send ENOSPC; }
