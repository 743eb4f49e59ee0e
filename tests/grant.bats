#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# Sessions end when their account does, or what its login was based on changes:
# within seconds, in the protocol's words, also in IDLE. Real programs on
# loopback; nothing is asserted on time.

load helper

setup() {
	need python3
	private_dirs
	echo mail.example.org >"$CHAINMAIL_ETC/me"
	printf 'example.org domain\n' >"$CHAINMAIL_ETC/users"
	for user in bob ann; do
		chainmail-user add $user@example.org <<<"secret of $user" >/dev/null
	done
	background authd </dev/null 2>"$BATS_TEST_TMPDIR/authd"
	await_socket "$CHAINMAIL_RUN/auth"
	IMAP=$(free_port)
	POP3=$(free_port)
	MSA=$(free_port)
	background listen -k "imap=127.0.0.1:$IMAP,pop3=127.0.0.1:$POP3" login \
		</dev/null 2>"$BATS_TEST_TMPDIR/login"
	background listen -k "submission=127.0.0.1:$MSA" smtpd \
		</dev/null 2>"$BATS_TEST_TMPDIR/smtpd"
	for port in "$IMAP" "$POP3" "$MSA"; do await 10 port_open "$port"; done
}

teardown() { stop_background; }

# sessions CHANGE PYTHON: bob and ann log in everywhere; then CHANGE, a command of
# the shell, is run where the python says change().
sessions() {
	CHANGE=$1 python3 - <<-EOF
		import base64, os, socket, subprocess
		class Session:
		    def __init__(self, port, greeting=True):
		        self.s = socket.create_connection(("127.0.0.1", port))
		        self.s.settimeout(60)
		        self.f = self.s.makefile("rb")
		        if greeting: self.line()
		    def line(self): return self.f.readline().decode().rstrip("\r\n")
		    def say(self, text): self.s.sendall(text.encode() + b"\r\n")
		    def until(self, start):
		        while True:
		            l = self.line()
		            if l.startswith(start) or l == "": return l
		    def ask(self, text, start):
		        self.say(text)
		        l = self.until(start)
		        assert l != "", text
		        return l
		    def ended(self): return self.f.read() == b""
		def imap(user):
		    c = Session($IMAP)
		    c.ask(f'a LOGIN {user}@example.org "secret of {user}"', "a OK")
		    return c
		def pop3(user):
		    c = Session($POP3)
		    c.ask(f"USER {user}@example.org", "+OK")
		    c.ask(f"PASS secret of {user}", "+OK")
		    return c
		def smtp(user):
		    c = Session($MSA)
		    c.ask("EHLO x", "250 ")
		    plain = f"\0{user}@example.org\0secret of {user}"
		    c.ask("AUTH PLAIN " + base64.b64encode(plain.encode()).decode(), "235 ")
		    return c
		def change(): subprocess.run(["bash", "-ec", os.environ["CHANGE"]], check=True)
		$2
	EOF
}

everywhere='
idle = imap("bob"); idle.ask("b SELECT INBOX", "b OK"); idle.ask("c IDLE", "+ ")
bare = imap("bob"); bare.ask("b IDLE", "+ ")
quiet = imap("bob")
half = imap("bob"); half.say("b APPEND INBOX {10}"); half.until("+ ")
post = pop3("bob")
msa = smtp("bob")
data = smtp("bob")
data.ask("MAIL FROM:<bob@example.org>", "250 ")
data.ask("RCPT TO:<ann@example.org>", "250 ")
data.ask("DATA", "354 "); data.say("a: b")
others = [imap("ann"), pop3("ann"), smtp("ann")]
change()
for c in idle, bare, quiet, half:
    assert c.until("* BYE").startswith("* BYE The account"), c
    assert c.ended()
assert post.line().startswith("-ERR [AUTH]") and post.ended()
for c in msa, data:
    assert c.line().startswith("421 4.7.0 ") and c.ended()
for c in others: c.ask("x NOOP" if c is others[0] else "NOOP", ("x OK", "+OK", "250"))
print("done")'

@test "a new password ends the sessions of the account, and no other's" {
	run -0 --separate-stderr sessions 'chainmail-user passwd bob@example.org <<<"another" >&2' "$everywhere"
	[ "$output" = "done" ]
	[ -z "$(find "$CHAINMAIL_SPOOL/new" -type f)" ]
}

@test "deleting the account ends its sessions" {
	run -0 --separate-stderr sessions 'chainmail-user del bob@example.org >&2' "$everywhere"
	[ "$output" = "done" ]
}

@test "disabling the account ends its sessions" {
	run -0 --separate-stderr sessions 'sed -i "s/password=/password=!/" "$CHAINMAIL_ETC/users"
		sed -i "/^ann/s/password=!/password=/" "$CHAINMAIL_ETC/users"
		chainmail-user compile' "$everywhere"
	[ "$output" = "done" ]
}

@test "MAIL of a deleted user is not taken any more, not even at once" {
	run -0 --separate-stderr sessions 'chainmail-user del bob@example.org >&2' '
c = smtp("bob")
c.ask("MAIL FROM:<bob@example.org>", "250 "); c.ask("RSET", "250 ")
n = smtp("bob")
change()
print(c.ask("MAIL FROM:<bob@example.org>", "")[:9])
print(n.ask("MAIL FROM:<>", "")[:9])'
	[ "$output" = $'421 4.7.0\n421 4.7.0' ]
}

@test "a recipient that was deleted is unknown to sessions that were there before" {
	run -0 --separate-stderr sessions 'chainmail-user del ann@example.org >&2' '
c = smtp("bob")
c.ask("MAIL FROM:<bob@example.org>", "250 ")
c.ask("RCPT TO:<ann@example.org>", "250 "); c.ask("RSET", "250 ")
change()
c.ask("MAIL FROM:<bob@example.org>", "250 ")
print(c.ask("RCPT TO:<ann@example.org>", "")[:9])'
	[ "$output" = "550 5.1.1" ]
}

@test "changes that don't concern the login, or are unknown, end no session" {
	run -0 --separate-stderr sessions '' '
def sh(text): subprocess.run(["bash", "-ec", text], check=True)
logins = os.environ["CHAINMAIL_ETC"] + "/logins/logins.cdb"
c = smtp("bob")
for step in ["echo \"new@example.org -> bob@example.org\" >>$CHAINMAIL_ETC/users",
        "sed -i \"/^bob/s/$/ quota=1G/\" $CHAINMAIL_ETC/users",
        "chainmail-user passwd ann@example.org <<<another >&2",
        "! chainmail-user compile - <<<rubbish 2>/dev/null",
        f"rm {logins}", f"echo damaged >{logins}", f"chmod 0 {logins}",
        f"rm -r {os.path.dirname(logins)}", "true"]:
    sh(step)
    c.ask("MAIL FROM:<bob@example.org>", "250 "); c.ask("RSET", "250 ")
    if "logins" not in step:
        sh("chainmail-user compile")
        c.ask("MAIL FROM:<bob@example.org>", "250 "); c.ask("RSET", "250 ")
print("done")'
	[ "$output" = "done" ]
}

@test "a login that was checked before the change ends with it" {
	# As between authd's answer and the session's start.
	login=$(printf 'auth mech=PLAIN local=1 ip=127.0.0.1 initial=%s\n' \
		"$(printf '\0bob@example.org\0secret of bob' | base64 -w0)" |
		python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read()); print(s.makefile().readline())' "$CHAINMAIL_RUN/auth" |
		sed -n 's/.* login=\([0-9a-f]*\).*/\1/p')
	[ "${#login}" = 16 ]
	chainmail-user passwd bob@example.org <<<another >/dev/null
	mkdir -p "$CHAINMAIL_MAIL/example.org/bob"
	run -0 bash -c 'sleep 60 | CHAINMAIL_LOGIN=$0 imapd -u bob@example.org "$1"' \
		"$login" "$CHAINMAIL_MAIL/example.org/bob/Maildir"
	has '* BYE The account' "$output"
}

@test "the sessions' tokens reveal nothing about the secrets" {
	words() { cdb -d "$CHAINMAIL_ETC/logins/logins.cdb"; }
	need cdb
	chainmail-user compile
	before=$(words)
	has 'bob@example.org->login=' "$before"
	lacks "scram" "$before"
	lacks 'password' "$before"
	chainmail-user compile
	[ "$(words)" = "$before" ]
	# Under another key the same secrets have another word.
	rm "$CHAINMAIL_ETC/logins.key"
	chainmail-user compile
	[ "$(words)" != "$before" ]
}
