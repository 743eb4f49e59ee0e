#!/usr/bin/env bats
# Mail goes in by every port with programs that people use.
load server
setup_file() { server_start; }
teardown_file() { server_stop; }
setup() { server_vars; }

@test "swaks delivers to port 25 without TLS" {
	mail_in
}

@test "swaks delivers to port 25 with STARTTLS and a verified certificate" {
	swaks --silent 2 --server "$HOST:$SMTP" --tls --tls-verify --tls-ca-path "$CA" \
		--from sender@remote.example --to "$USER1" --header "Subject: $SUBJECT"
	inbox_await 1
}

@test "swaks submits with STARTTLS and AUTH PLAIN" {
	swaks --silent 2 --server "$HOST:$SUBMISSION" --tls --tls-verify --tls-ca-path "$CA" --auth PLAIN \
		--auth-user "$USER1" --auth-password "$PASS1" --from "$USER1" --to "$USER1" --header "Subject: $SUBJECT"
	inbox_await 1
}

@test "swaks submits with implicit TLS and AUTH LOGIN" {
	swaks --silent 2 --server "$HOST:$SMTPS" --tlsc --tls-verify --tls-ca-path "$CA" --auth LOGIN \
		--auth-user "$USER1" --auth-password "$PASS1" --from "$USER1" --to "$USER1" --header "Subject: $SUBJECT"
	inbox_await 1
}

@test "a wrong password is refused with 535" {
	run swaks --server "$HOST:$SMTPS" --tlsc --auth PLAIN --auth-user "$USER2" --auth-password wrong \
		--from "$USER2" --to "$USER1"
	[ "$status" -ne 0 ]
	[[ $output == *"535 5.7.8"* ]]
}

@test "another user's sender address is refused" {
	run swaks --server "$HOST:$SMTPS" --tlsc --auth PLAIN --auth-user "$USER1" --auth-password "$PASS1" \
		--from "$USER2" --to "$USER1"
	[ "$status" -ne 0 ]
	[[ $output == *" 553 5.7.1"* ]]
}

@test "a stranger can't relay" {
	run swaks --server "$HOST:$SMTP" --from sender@remote.example --to someone@elsewhere.example
	[ "$status" -ne 0 ]
	[[ $output == *" 55"[0-9]" 5.7.1"* ]]
}

@test "an unknown recipient is refused at RCPT" {
	run swaks --server "$HOST:$SMTP" --from sender@remote.example --to "nobody-here@$DOMAIN"
	[ "$status" -ne 0 ]
	[[ $output == *" 550 5.1.1"* ]]
}

@test "curl submits over smtps and over smtp with STARTTLS" {
	printf 'From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\n\r\nBy curl.\r\n' "$USER1" "$USER1" "$SUBJECT" >"$HOME/mail"
	curl -s --cacert "$CA" -u "$USER1:$PASS1" "smtps://$HOST:$SMTPS" --mail-from "$USER1" --mail-rcpt "$USER1" -T "$HOME/mail"
	curl -s --cacert "$CA" --ssl-reqd -u "$USER1:$PASS1" "smtp://$HOST:$SUBMISSION" --mail-from "$USER1" --mail-rcpt "$USER1" -T "$HOME/mail"
	inbox_await 2
}

@test "Python's smtplib submits, 8-bit and SMTPUTF8 too" {
	/usr/bin/python3 - "$HOST" "$SUBMISSION" "$USER1" "$PASS1" "$SUBJECT" <<-'P'
	import smtplib, ssl, sys
	host, port, user, password, subject = sys.argv[1:]
	with smtplib.SMTP(host, int(port)) as s:
	    s.starttls(context=ssl.create_default_context())
	    s.login(user, password)
	    text = "From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße.\r\n" % (user, user, subject)
	    s.sendmail(user, [user], text.encode(), mail_options=["BODY=8BITMIME", "SMTPUTF8"])
	P
	inbox_await 1
}

@test "mutt sends through submission" {
	cat >"$HOME/.muttrc" <<-M
	set smtp_url="smtp://$USER1@$HOST:$SUBMISSION" smtp_pass="$PASS1" ssl_force_tls=yes ssl_starttls=yes
	set certificate_file="$CA" from="$USER1" use_from=yes envelope_from_address="$USER1" copy=no realname="Mutt User"
	M
	echo "By mutt." | mutt -F "$HOME/.muttrc" -s "$SUBJECT" -- "$USER1"
	inbox_await 1
}

@test "a message of 20 MB arrives whole" {
	mkdir "$HOME/big"
	head -c 15000000 /dev/urandom | base64 >"$HOME/big/body"
	{ printf 'Subject: %s\n\n' "$SUBJECT"; cat "$HOME/big/body"; } | sed 's/$/\r/' >"$HOME/big/mail"
	curl -s --cacert "$CA" -u "$USER1:$PASS1" "smtps://$HOST:$SMTPS" --mail-from "$USER1" --mail-rcpt "$USER1" -T "$HOME/big/mail"
	inbox_await 1
	curl -s --cacert "$CA" -u "$USER1:$PASS1" "imaps://$HOST:$IMAPS/INBOX;UID=$(curl -s --cacert "$CA" -u "$USER1:$PASS1" \
		"imaps://$HOST:$IMAPS/INBOX" -X "UID SEARCH SUBJECT \"$SUBJECT\"" | tr -dc '0-9 ' | awk '{print $1}');SECTION=TEXT" |
		tr -d '\r' | cmp - "$HOME/big/body"
}

@test "two hundred clients start TLS in the same moment, and all get it" {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/burst.py" "$BATS_FILE_TMPDIR/server.json" 200
}
