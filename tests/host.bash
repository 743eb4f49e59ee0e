# shellcheck shell=bash disable=SC2034
# Other hosts for tests (smtp-host.py); `load helper` comes first.

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
