# shellcheck shell=bash
# What the tests of send share: a scripted host, and mail to it.
load helper
load host

setup() {
	need python3
	private_dirs
	echo me.example >"$CHAINMAIL_ETC/me"
	echo none >"$CHAINMAIL_ETC/dns"
	MESSAGE=$BATS_TEST_TMPDIR/message
	printf 'Subject: x\n\n.dot\nhello\n' >"$MESSAGE"
}
teardown() { stop_background; }

mail() {
	run send -v -f ann@example.net "127.0.0.1:$PORT" "$@" <"$MESSAGE"
}

# job [key=value ...] TO...: as queue-run would ask a worker.
job() { run "$TOP/tests/send-jobs.py" "$@" <"$MESSAGE"; }
