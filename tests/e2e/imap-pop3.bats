#!/usr/bin/env bats
# Mail is read by IMAP and POP3 with programs that people use.
load server
setup_file() { server_start; }
teardown_file() { server_stop; }
setup() { server_vars; }

@test "curl reads over imaps and over imap with STARTTLS" {
	mail_in "Read by curl."
	uid=$(curl -s --cacert "$CA" -u "$USER1:$PASS1" "imaps://$HOST:$IMAPS/INBOX" -X "UID SEARCH SUBJECT \"$SUBJECT\"" | tr -dc '0-9 ' | awk '{print $1}')
	curl -s --cacert "$CA" -u "$USER1:$PASS1" "imaps://$HOST:$IMAPS/INBOX;UID=$uid" | grep -q "Read by curl."
	curl -s --cacert "$CA" --ssl-reqd -u "$USER1:$PASS1" "imap://$HOST:$IMAP/INBOX;UID=$uid" | grep -q "Read by curl."
}

@test "curl reads over pop3s and over pop3 with STLS" {
	mail_in
	curl -s --cacert "$CA" -u "$USER1:$PASS1" "pop3s://$HOST:$POP3S/1" | grep -qi '^Return-Path:'
	curl -s --cacert "$CA" --ssl-reqd -u "$USER1:$PASS1" "pop3://$HOST:$POP3/1" | grep -qi '^Return-Path:'
}

@test "a client that wants a verified certificate refuses another CA's" {
	run curl -s -u "$USER1:$PASS1" --cacert /etc/ssl/certs/ca-certificates.crt "imaps://$HOST:$IMAPS/"
	[ "$status" -eq 60 ] || [ "$status" -eq 77 ]
}

@test "Python's imaplib and poplib work a mailbox" {
	mail_in
	/usr/bin/python3 "$BATS_TEST_DIRNAME/stdlib.py" "$HOST" "$IMAPS" "$POP3S" "$USER1" "$PASS1" "$SUBJECT"
}

@test "mbsync keeps a Maildir and the mailbox the same in both directions" {
	mail_in
	mkdir "$HOME/mail"
	cat >"$HOME/.mbsyncrc" <<-M
	IMAPStore server
	Host $HOST
	Port $IMAPS
	User $USER1
	Pass $PASS1
	SSLType IMAPS
	CertificateFile $CA

	MaildirStore local
	Path $HOME/mail/
	Inbox $HOME/mail/INBOX
	SubFolders Verbatim

	Channel all
	Far :server:
	Near :local:
	Patterns *
	Create Both
	Remove Both
	Expunge Both
	SyncState *
	M
	mbsync -q -a
	file=$(grep -lr "$SUBJECT" "$HOME/mail/INBOX")
	# What is made, flagged and deleted here appears there.
	printf 'Subject: %s\n\nMade by hand.\n' "$SUBJECT-local" >"$HOME/mail/INBOX/cur/1.local.host:2,S"
	mv "$file" "${file%:2,*}:2,T"
	mbsync -q -a
	[ "$(inbox_count)" -eq 1 ]
	curl -s --cacert "$CA" -u "$USER1:$PASS1" "imaps://$HOST:$IMAPS/INBOX" -X "SEARCH SEEN SUBJECT \"$SUBJECT-local\"" | grep -q 'SEARCH [0-9]'
	# And a further run finds nothing to do.
	[ -z "$(mbsync -a -V 2>&1 | grep -iE 'propagat|copying' || true)" ]
}

@test "offlineimap mirrors the mailbox and carries a new local message back" {
	mail_in
	cat >"$HOME/.offlineimaprc" <<-M
	[general]
	accounts = a
	metadata = $HOME/offline
	ui = quiet
	[Account a]
	localrepository = l
	remoterepository = r
	[Repository l]
	type = Maildir
	localfolders = $HOME/offmail
	[Repository r]
	type = IMAP
	remotehost = $HOST
	remoteport = $IMAPS
	remoteuser = $USER1
	remotepass = $PASS1
	ssl = yes
	sslcacertfile = $CA
	M
	offlineimap -o -c "$HOME/.offlineimaprc"
	grep -qr "$SUBJECT" "$HOME/offmail/INBOX"
	printf 'From: a@b.example\nSubject: %s-off\nMessage-ID: <%s@off>\n\nLocal.\n' "$SUBJECT" "$SUBJECT" >"$HOME/offmail/INBOX/new/1.offline.host"
	offlineimap -o -c "$HOME/.offlineimaprc"
	inbox_await 2
}

@test "fetchmail takes a message by IMAP and by POP3" {
	mail_in
	for proto in "imap port $IMAPS" "pop3 port $POP3S"; do
		cat >"$HOME/.fetchmailrc" <<-M
		poll $HOST protocol $proto user "$USER1" password "$PASS1" ssl sslcertfile "$CA" keep fetchall
		mda "cat >>$HOME/fetched.${proto%% *}"
		M
		chmod 600 "$HOME/.fetchmailrc"
		FETCHMAILHOME=$HOME fetchmail --nosyslog -f "$HOME/.fetchmailrc" --fetchsizelimit 0
		grep -q "$SUBJECT" "$HOME/fetched.${proto%% *}"
	done
}

@test "getmail takes a message by IMAP and by POP3" {
	mail_in
	mkdir -p "$HOME/.getmail" "$HOME/got/cur" "$HOME/got/new" "$HOME/got/tmp"
	for kind in "SimpleIMAPSSLRetriever $IMAPS" "SimplePOP3SSLRetriever $POP3S"; do
		cat >"$HOME/.getmail/rc" <<-M
		[retriever]
		type = ${kind% *}
		server = $HOST
		port = ${kind#* }
		username = $USER1
		password = $PASS1
		ca_certs = $CA
		[destination]
		type = Maildir
		path = $HOME/got/
		[options]
		read_all = true
		delete = false
		M
		# It refuses to deliver as root.
		as_nobody getmail --getmaildir "$HOME/.getmail" -r rc -q
	done
	[ "$(grep -lr "$SUBJECT" "$HOME/got/new" | wc -l)" -eq 2 ]
}

@test "mutt opens the mailbox, reads, saves to a new folder and deletes" {
	mail_in "Read by mutt."
	cat >"$HOME/.muttrc" <<-M
	set folder="imaps://$USER1@$HOST:$IMAPS/" spoolfile="+INBOX" imap_user="$USER1" imap_pass="$PASS1"
	set certificate_file="$CA" ssl_force_tls=yes confirmcreate=no confirmappend=no delete=yes move=no quit=yes
	set mark_old=no wait_key=no imap_check_subscribed=yes
	push "<limit>~s $SUBJECT<enter><save-message>=Mutt-$SUBJECT<enter><sync-mailbox><quit>"
	M
	TERM=vt100 timeout 60 script -qec "mutt -F $HOME/.muttrc" /dev/null >"$HOME/screen" </dev/null
	[ "$(inbox_count)" -eq 0 ]
	[ "$(inbox_count "Mutt-$SUBJECT")" -eq 1 ]
}

@test "nodemailer submits and imapflow reads, flags, moves and idles" {
	[ -n "${NODE_CLIENTS:=$ROOT/build/node}" ] && [ -d "$NODE_CLIENTS/node_modules/imapflow" ] || skip "nodemailer and imapflow are not installed"
	NODE_PATH=$NODE_CLIENTS/node_modules NODE_EXTRA_CA_CERTS=$CA node "$BATS_TEST_DIRNAME/node-clients.cjs" \
		"$HOST" "$SUBMISSION" "$SMTPS" "$IMAPS" "$IMAP" "$USER1" "$PASS1" "$SUBJECT"
}
