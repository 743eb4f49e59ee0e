#!/usr/bin/env bats
# limit: 900
# Crashes and failing disks while mail leaves for other hosts, or comes in from
# programs of this one: crash/matrix.py.

load helper
load crash/crash

@test "sendmail killed at any system call: sent once, or not" { matrix sendmail KILL; }
@test "sendmail on a full disk" { matrix sendmail ENOSPC; }
@test "sendmail on a failing disk" { matrix sendmail EIO; }
@test "send killed at any system call: other hosts get it, at most twice" { matrix send KILL; }
@test "send on a full disk" { matrix send ENOSPC; }
@test "send on a failing disk" { matrix send EIO; }
