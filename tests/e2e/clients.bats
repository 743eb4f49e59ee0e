#!/usr/bin/env bats
# What people read and send mail with: small programs of a distribution, and
# the habits of programs that don't run here, byte for byte.
load server
setup_file() { server_start; }
teardown_file() { server_stop; }
setup() { server_vars; }
# release only

needs() { command -v "$1" >/dev/null || skip "$1 is not installed"; }

# Keys and screen of a program for people: tmux is its terminal.
screen_start() {
	needs tmux
	tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null new-session -d -x 100 -y 30 "$@"
}
screen_keys() { tmux -S "$BATS_TEST_TMPDIR/tmux" send-keys "$@"; }
screen_await() {
	local until=$((SECONDS + 20))
	until tmux -S "$BATS_TEST_TMPDIR/tmux" capture-pane -p | grep -q "$1"; do
		[ $SECONDS -lt $until ] || { tmux -S "$BATS_TEST_TMPDIR/tmux" capture-pane -p; return 1; }
		read -rt 0.1 <> <(:) || true
	done
}
teardown() { [ ! -S "$BATS_TEST_TMPDIR/tmux" ] || tmux -S "$BATS_TEST_TMPDIR/tmux" kill-server || true; }

@test "msmtp submits with every mechanism it shares with us" {
	needs msmtp
	for how in "on $SUBMISSION on" "on $SUBMISSION plain" "on $SUBMISSION login" "on $SUBMISSION scram-sha-256" "off $SMTPS on"; do
		read -r starttls port auth <<<"$how"
		printf 'Subject: %s\n\nBy msmtp.\n' "$SUBJECT" |
			msmtp --file=/dev/null --host=localhost --port="$port" --tls=on --tls-starttls="$starttls" \
				--tls-trust-file="$CA" --auth="$auth" --user="$USER1" --passwordeval="echo '$PASS1'" \
				--from="$USER1" "$USER1"
	done
	inbox_await 5
}

@test "mpop fetches over pop3s and STLS with every mechanism it shares with us" {
	needs mpop
	mail_in "Fetched by mpop."
	for how in "off $POP3S on" "off $POP3S user" "off $POP3S plain" "off $POP3S login" "off $POP3S scram-sha-256" "on $POP3 on"; do
		read -r starttls port auth <<<"$how"
		rm -rf "$HOME/mbox" "$HOME/uidls"
		mpop --file=/dev/null --host=localhost --port="$port" --tls=on --tls-starttls="$starttls" \
			--tls-trust-file="$CA" --auth="$auth" --user="$USER1" --passwordeval="echo '$PASS1'" \
			--keep=on --uidls-file="$HOME/uidls" --delivery=mbox,"$HOME/mbox" -q
		grep -q "$SUBJECT" "$HOME/mbox"
	done
}

@test "s-nail sends, reads, copies and deletes" {
	needs s-nail
	cat >"$HOME/rc" <<-M
	set v15-compat tls-ca-file=$CA tls-verify=strict from=$USER1
	set mta=submission://${USER1/@/%40}:$PASS1@localhost:$SUBMISSION smtp-auth=plain
	set folder=imaps://${USER1/@/%40}:$PASS1@localhost:$IMAPS
	M
	echo "By s-nail." | MAILRC=$HOME/rc s-nail -:u -s "$SUBJECT" "$USER1"
	inbox_await 1
	number=$(curl -s --cacert "$CA" -u "$USER1:$PASS1" "imaps://$HOST:$IMAPS/INBOX" -X "SEARCH SUBJECT \"$SUBJECT\"" | tr -dc '0-9')
	printf 'print %s\ncopy %s +Archive\ndelete %s\nquit\n' "$number" "$number" "$number" |
		MAILRC=$HOME/rc s-nail -:u -f "imaps://${USER1/@/%40}:$PASS1@localhost:$IMAPS/INBOX" >"$HOME/out"
	grep -q "By s-nail." "$HOME/out"
	inbox_await 0
	inbox_await 1 Archive
	mail_in "By POP3."
	echo 'print $' | MAILRC=$HOME/rc s-nail -:u -f "pop3s://${USER1/@/%40}:$PASS1@localhost:$POP3S" | grep -q "By POP3."
}

@test "neomutt makes a folder of any name, moves there and is told of new mail" {
	needs neomutt
	mail_in "Read by neomutt."
	cat >"$HOME/rc" <<-M
	set folder="imaps://$USER1@localhost:$IMAPS/" spoolfile="+INBOX" imap_user="$USER1" imap_pass="$PASS1"
	set ssl_ca_certificates_file="$CA" ssl_force_tls=yes confirmcreate=no confirmappend=no delete=yes move=no
	set quit=yes mark_old=no wait_key=no charset=utf-8 imap_idle=yes record="" header_cache="" certificate_file="$HOME/certificates"
	push "<limit>~s $SUBJECT<enter><save-message>=Größe/$SUBJECT<enter><sync-mailbox>"
	M
	LC_ALL=C.UTF-8 screen_start "neomutt -F $HOME/rc"
	inbox_await 0
	inbox_await 1 "Gr&APYA3w-e%2F$SUBJECT"
	swaks --silent 2 --server "$HOST:$SMTP" --from sender@remote.example --to "$USER1" --header "Subject: $SUBJECT"
	screen_await "New mail in this mailbox"
}

@test "alpine opens the mailbox after a wrong key, reads and replies" {
	needs alpine
	swaks --silent 2 --server "$HOST:$SMTP" --from sender@remote.example --to "$USER2" \
		--header "From: $USER1" --header "Subject: $SUBJECT" --body "Read by alpine."
	server="{localhost:$IMAPS/ssl/novalidate-cert/user=$USER2}"
	cat >"$HOME/pinerc" <<-M
	user-domain=$DOMAIN
	inbox-path=${server}INBOX
	folder-collections=Mail ${server}[]
	default-fcc=${server}Sent
	smtp-server=localhost:$SUBMISSION/tls/novalidate-cert/user=$USER2
	personal-name=Bob
	customized-hdrs=From: Bob <$USER2>
	feature-list=quit-without-confirm,no-use-fk
	M
	LC_ALL=C.UTF-8 screen_start "alpine -p $HOME/pinerc -i"
	screen_await "Exit this greeting"
	screen_keys e
	screen_await "PASSWORD"
	screen_keys Enter
	screen_await "Retrying PLAIN authentication after"
	screen_await "PASSWORD"
	screen_keys -l "$PASS2"
	screen_keys Enter
	screen_await "Preserve password"
	screen_keys n
	screen_await "$SUBJECT"
	screen_keys Enter
	screen_await "Read by alpine"
	screen_keys r
	screen_await "Include original"
	screen_keys n
	screen_await "Reply to all"
	screen_keys n
	screen_await "COMPOSE MESSAGE REPLY"
	screen_keys -l "Reply by alpine."
	screen_keys C-x
	screen_await "Send message?"
	screen_keys y
	screen_await "PASSWORD"
	screen_keys -l "$PASS2"
	screen_keys Enter
	screen_await "Preserve password"
	screen_keys n
	inbox_await 1
}

@test "Perl's Mail::IMAPClient and Net::IMAP::Simple work a mailbox" {
	perl -MMail::IMAPClient -MNet::IMAP::Simple -e1 2>/dev/null || skip "Mail::IMAPClient and Net::IMAP::Simple are not installed"
	mail_in
	perl "$BATS_TEST_DIRNAME/perl-clients.pl" "$CA" "$IMAPS" "$IMAP" "$USER1" "$PASS1" "$SUBJECT"
}

replay() { /usr/bin/python3 "$BATS_TEST_DIRNAME/replay.py" "$BATS_FILE_TMPDIR/server.json" "$@"; }

@test "Apple Mail: commands in one packet with DONE" { replay apple_done_and_more_in_one_packet; }
@test "Apple Mail: IDLE inside IDLE is BAD and no more" { replay apple_idle_inside_idle; }
@test "Apple Mail: partial fetches past the end are empty strings" { replay apple_partial_fetches_past_the_end; }
@test "Apple Mail: CHANGEDSINCE 0" { replay apple_changedsince_zero; }
@test "Apple Mail: the message list comes from a search" { replay apple_lists_by_search_even_when_empty; }
@test "Apple Mail: 8-bit text is submitted without a word" { replay apple_submits_utf8_without_parameters; }
@test "Apple Mail: special uses stand in a plain LIST" { replay apple_reads_special_use_in_plain_list; }
@test "Outlook: SELECT, RFC822.PEEK" { replay outlook_selects_and_fetches_with_old_items; }
@test "Outlook: ID is always answered, UIDONLY never offered" { replay outlook_id_and_uidonly; }
@test "Outlook: IDLE before SELECT" { replay outlook_idle_before_select; }
@test "Outlook: MAIL FROM with a space, without brackets" { replay outlook_paths_without_their_shape; }
@test "Outlook: AUTH LOGIN, its prompts, a name on its line" { replay outlook_auth_login; }
@test "Outlook: the folders are subscribed from the first login" { replay outlook_finds_its_folders_subscribed; }
@test "Outlook: UIDL, and a message without end of header" { replay outlook_pop3; }
