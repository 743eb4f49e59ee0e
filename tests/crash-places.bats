#!/usr/bin/env bats
# Crashes and failing disks while one message goes to places of all kinds, and
# readers delete and move what they have: crash/places.py.
# limit: 900

load helper
load crash/crash

@test "queue-run killed at any system call: every place has its copy once" { places queue-run KILL; }
@test "queue-run on a failing disk: the same" { places queue-run EIO; }
@test "queue-run on a full disk: the same" { places queue-run ENOSPC; }
