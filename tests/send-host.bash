# shellcheck shell=bash
# What the tests of send share: a scripted host, and mail to it.
load helper

setup() {
	need python3
	private_dirs
	echo me.example >"$CHAINMAIL_ETC/me"
	echo none >"$CHAINMAIL_ETC/dns"
	MESSAGE=$BATS_TEST_TMPDIR/message
	printf 'Subject: x\n\n.dot\nhello\n' >"$MESSAGE"
}
teardown() { stop_background; }

# host NAME [key=value ...]: sets PORT; mail is in NAME.mail, words in NAME.log.
host() {
	local name=$BATS_TEST_TMPDIR/$1
	shift
	mkdir "$name.mail"
	"$TOP/tests/smtp-host.py" save="$name.mail" log="$name.log" "$@" \
		>"$name" 3>&- &
	BACKGROUND+=("$!")
	await 10 test -s "$name"
	PORT=$(awk '{ print $2 }' "$name")
}
mail() {
	run send -v -f ann@example.net "127.0.0.1:$PORT" "$@" <"$MESSAGE"
}

# job [key=value ...] TO...: as queue-run would ask a worker.
job() { run "$TOP/tests/send-jobs.py" "$@" <"$MESSAGE"; }
