#!/usr/bin/env bats
# From some moment on nothing can be noted, while one message goes to places of all
# kinds, and readers delete and move what they have: crash/places.py.
# limit: 900
# release only

load helper
load crash/crash

@test "a disk that is full from any write of queue-run on: nothing comes twice" { places queue-run FULL; }
@test "a disk that is read-only from any call of queue-run on: the same" { places queue-run READONLY; }
