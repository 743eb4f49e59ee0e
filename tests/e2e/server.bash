# One private server for a file of end-to-end tests, and how clients reach it.
# shellcheck shell=bash disable=SC2034,SC2154

server_start() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	"$ROOT/tests/serve" start "$@" >"$BATS_FILE_TMPDIR/server.json"
}

server_stop() {
	"$ROOT/tests/serve" stop "$(jq -r .pid "$BATS_FILE_TMPDIR/server.json")"
}

# The end of what its programs have logged.
server_log() {
	tail -n 60 "$(jq -r .dirs.log "$BATS_FILE_TMPDIR/server.json")/current"
}

# Variables for a test: HOST, CA, DOMAIN, the ports, two users.
server_vars() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	local json=$BATS_FILE_TMPDIR/server.json port
	HOST=$(jq -r .host "$json") CA=$(jq -r .ca "$json") DOMAIN=$(jq -r .domain "$json")
	for port in smtp smtps submission imap imaps pop3 pop3s; do
		declare -g "${port^^}=$(jq -r ".$port" "$json")"
	done
	USER1=$(jq -r '.users|keys[0]' "$json") PASS1=$(jq -r '.users|to_entries[0].value' "$json")
	USER2=$(jq -r '.users|keys[1]' "$json") PASS2=$(jq -r '.users|to_entries[1].value' "$json")
	export HOME=$BATS_TEST_TMPDIR SSL_CERT_FILE=$CA
	SUBJECT="e2e-$BATS_TEST_NUMBER-$RANDOM$RANDOM"
}

# Messages in USER1's INBOX with the subject of this test.
inbox_count() {
	curl -s --cacert "$CA" -u "$USER1:$PASS1" "imaps://$HOST:$IMAPS/${1:-INBOX}" \
		-X "SEARCH SUBJECT \"$SUBJECT\"" | tr -d '\r' | sed -n 's/^\* SEARCH *//p' | wc -w
}

# Wait until there are N of them; fail after ten seconds, and show what the server
# says.
inbox_await() {
	local until=$((SECONDS + 10))
	while [ "$(inbox_count "${2:-INBOX}")" != "$1" ]; do
		[ $SECONDS -lt $until ] || {
			echo "no $1 messages of $SUBJECT, but $(inbox_count "${2:-INBOX}")"
			server_log
			return 1
		}
	done
}

# Send one message to USER1 as an outside host does.
mail_in() {
	swaks --silent 2 --server "$HOST:$SMTP" --from sender@remote.example --to "$USER1" \
		--header "Subject: $SUBJECT" --body "${1:-Hello from outside.}"
	inbox_await 1
}

# Run a client that refuses to be root; its HOME becomes nobody's.
as_nobody() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		chown -R nobody "$HOME"
		chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
		setpriv --reuid nobody --regid nogroup --clear-groups "$@"
	fi
}
