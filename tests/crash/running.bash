# shellcheck shell=bash disable=SC2154
# What the files about crashes of a running chain share.

setup() {
	need python3 s6-svscan
	if [ -w /dev/shm ]; then
		CRASH_TMP=$(mktemp -d /dev/shm/chainmail-XXXXXX)
	else
		CRASH_TMP=$(mktemp -d)
	fi
	chmod 755 "$CRASH_TMP"
	export CRASH_TMP
}

# The namespaces took everything else with them.
teardown() {
	rm -rf "${CRASH_TMP:?}"
	rmdir /sys/fs/cgroup/{,pids/}"${CRASH_TMP##*/}" 2>/dev/null || true
}

# survives SECONDS PROGRAM...: skipped with its reason at exit 77.
survives() {
	local limit=$1 program=$2
	shift 2
	run timeout "$limit" /usr/bin/python3 "$TOP/tests/crash/$program" "$@"
	echo "$output"
	[ "$status" != 77 ] || skip "$output"
	[ "$status" = 0 ]
}
