#!/usr/bin/env bats
# limit: 900
# The power fails under load: crash/power.py. POWER_CUTS=500 by hand.

load helper
load crash/running

@test "ext4: after a power cut every accepted message is there, whole, once, under its UID" {
	survives $((${POWER_CUTS:-10} * 10 + 40)) power.py ext4 "${POWER_CUTS:-10}"
}

@test "xfs: the same" {
	survives $((${POWER_CUTS:-10} * 10 + 40)) power.py xfs "${POWER_CUTS:-10}"
}
