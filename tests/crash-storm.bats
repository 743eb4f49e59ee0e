#!/usr/bin/env bats
# limit: 900
# Processes of a busy server die at random: crash/storm.py. STORM_SECONDS=600 by hand.

load helper
load crash/running

@test "SIGKILL at random: every message once, a healthy server, nothing left running" {
	survives $((${STORM_SECONDS:-30} + 100)) storm.py "${STORM_SECONDS:-30}" all
}

@test "SIGKILL at random, but of no worker: nothing comes twice, at no place" {
	survives $((${STORM_SECONDS:-30} + 100)) storm.py "${STORM_SECONDS:-30}" but-workers
}
