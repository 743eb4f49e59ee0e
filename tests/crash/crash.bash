# shellcheck shell=bash disable=SC2154
# What the files about crashes share.

setup() {
	need strace python3
	sanitized && skip "the calls are those of the release build"
	strace -o /dev/null true 2>/dev/null || skip "ptrace is not allowed here"
	# The order of calls is what counts; memory is quicker than a disk.
	if [ -w /dev/shm ]; then
		CRASH_TMP=$(mktemp -d /dev/shm/chainmail-XXXXXX)
	else
		CRASH_TMP=$(mktemp -d)
	fi
	export CRASH_TMP
	unset CHAINMAIL_ETC CHAINMAIL_SPOOL CHAINMAIL_MAIL CHAINMAIL_RUN
}

teardown() { rm -rf "${CRASH_TMP:?}"; }

matrix() {
	run timeout 250 "$TOP/tests/crash/matrix.py" "$@"
	echo "$output"
	[ "$status" = 0 ]
}

# places TARGET FAULT: places.py.
places() {
	# Most of their time they wait.
	JOBS=${JOBS:-4} run timeout 280 "$TOP/tests/crash/places.py" "$@"
	echo "$output"
	[ "$status" = 0 ]
}
