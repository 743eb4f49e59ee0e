# imapd beside the RFCs: the cases of tests/imap.

load helper

setup() {
	need python3
	private_dirs
	cd "$TOP/tests/imap" || return
}

@test "imapd answers every case of tests/imap as it is written" {
	echo '* +UIDONLY' >"$CHAINMAIL_ETC/imap"
	run ./run 'imapd {}/Maildir' ./*.txt
	echo "$output"
	[ "$status" = 0 ]
}

@test "twenty sessions, deliveries and another program at once agree with a model" {
	run ./stress.py 'imapd {}/Maildir' "${STRESS_SECONDS:-6}" "${STRESS_SEED:-1}" 20
	echo "$output"
	[ "$status" = 0 ]
}

@test "every extension that imapd announces has cases" {
	# login has those of SASL-IR, since it is over when imapd begins.
	local word words missing=
	words=$(printf 'a CAPABILITY\r\n' | imapd "$BATS_TEST_TMPDIR/Maildir" 2>/dev/null | lf | sed -n 's/^\* CAPABILITY //p')
	has UIDPLUS "$words"
	for word in $words; do
		[[ $word == IMAP4rev1 || $word == SASL-IR ]] ||
			grep -h '^need: ' ./*.txt | tr ' |' '\n' | grep -Fxq -e "$word" -e "${word%%=*}" || missing+=" $word"
	done
	echo "without cases:$missing"
	[ -z "$missing" ]
}
