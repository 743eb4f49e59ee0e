# imapd: SEARCH BODY and TEXT find what a slow reference finds.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load helper
load imap

setup() { imap_setup; }
teardown() { imap_teardown; }

@test "texts in many scripts, character sets and encodings are found as the reference finds them" {
	python3 "$TOP/tests/imapd-text.py" "$M" "${TEXT_SEED:-1}" 150 150
}

@test "what a search has not learnt is learnt while the client is silent" {
	python3 "$TOP/tests/imapd-text.py" silence "$M"
}
