#!/usr/bin/env bats
# limit: 900
# Crashes and failing disks while deliver works: crash/matrix.py.

load helper
load crash/crash

@test "deliver killed at any system call delivers once" { matrix deliver KILL; }
@test "deliver on a full disk" { matrix deliver ENOSPC; }
@test "deliver over the disk's quota" { matrix deliver EDQUOT; }
@test "deliver on a failing disk" { matrix deliver EIO; }
