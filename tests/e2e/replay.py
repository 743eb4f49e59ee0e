#!/usr/bin/python3
"""What Apple Mail and Outlook send, byte for byte, through TLS, login and imapd, smtpd or pop3d.

usage: replay.py DESCRIPTOR BEHAVIOUR  (of tests/serve; a function below)
"""
import base64, json, re, socket, ssl, sys, time

D = json.load(open(sys.argv[1]))
(USER, PASSWORD), (OTHER, OTHER_PASSWORD) = list(D["users"].items())[:2]
NAMES = ("Archive", "Drafts", "Junk", "Sent", "Trash")


class Wire:
    def __init__(self, service):
        raw = socket.create_connection((D["host"], D[service]), 20)
        context = ssl.create_default_context(cafile=D["ca"])
        self.sock = context.wrap_socket(raw, server_hostname=D["host"])
        self.held = b""

    def send(self, *parts):
        self.sock.sendall(b"".join(p if isinstance(p, bytes) else p.encode() for p in parts))

    def until(self, pattern):
        """All that comes up to a whole line that begins like this."""
        wanted = re.compile(rb"(?:^|\r\n)" + pattern + rb"[^\r\n]*\r\n")
        while True:
            m = wanted.search(self.held)
            if m:
                text, self.held = self.held[:m.end()], self.held[m.end():]
                return text
            more = self.sock.recv(65536)
            assert more, "the connection ended after %r" % self.held
            self.held += more

    def ask(self, text, pattern=None):
        self.send(text, b"\r\n")
        tag = text.split()[0]
        return self.until(pattern or (tag if isinstance(tag, bytes) else tag.encode()) + rb" ")


def imap(user=USER, password=PASSWORD, select=None):
    w = Wire("imaps")
    w.until(rb"\* OK ")
    has(w.ask('L LOGIN "%s" "%s"' % (user, password)), b"L OK ")
    if select:
        has(w.ask("S SELECT " + select), b"S OK ")
    return w


def smtp(service="submissions", auth=True):
    w = Wire(service)
    w.until(rb"220 ")
    w.ask("EHLO [192.168.1.5]", rb"250 ")
    if auth:
        both = base64.b64encode(("\0%s\0%s" % (USER, PASSWORD)).encode()).decode()
        w.ask("AUTH PLAIN " + both, rb"235 ")
    return w


def has(text, *parts):
    for p in parts:
        assert p in text, "no %r in %r" % (p, text)


def append(w, box, text):
    w.ask("A APPEND %s {%d}" % (box, len(text)), rb"\+ ")
    got = w.ask(text, rb"A ")
    return re.search(rb"APPENDUID \d+ (\d+)", got).group(1).decode()


MESSAGE = b"From: a@b.example\r\nSubject: s\r\n\r\nbody\r\n"


def apple_done_and_more_in_one_packet():
    w = imap(select="INBOX")
    w.ask("1.1 IDLE", rb"\+ ")
    w.send("DONE\r\n2.1 NOOP\r\n3.1 UID SEARCH 1:* NOT DELETED\r\n")
    has(w.until(rb"3\.1 "), b"1.1 OK", b"2.1 OK", b"3.1 OK")


def apple_idle_inside_idle():
    w = imap(select="INBOX")
    w.ask("1 IDLE", rb"\+ ")
    has(w.ask("2 IDLE"), b"2 BAD ")
    has(w.ask("DONE", rb"1 "), b"1 OK ")
    has(w.ask("3 NOOP"), b"3 OK ")


def apple_partial_fetches_past_the_end():
    w = imap()
    w.ask("C CREATE partial")
    uid = append(w, "partial", MESSAGE)
    w.ask("S SELECT partial")
    w.send(*["%d UID FETCH %s (BODY.PEEK[1]<%d.393216> UID)\r\n" % (i, uid, i * 393216) for i in range(10)])
    got = w.until(rb"9 ")
    has(got, b'BODY[1]<0> {6}\r\nbody\r\n', *[b'BODY[1]<%d> ""' % (i * 393216) for i in range(1, 10)])
    assert b"{0}" not in got and b"393216}" not in got, got


def apple_changedsince_zero():
    w = imap()
    w.ask("C CREATE changed")
    append(w, "changed", MESSAGE)
    capable = w.ask("Q CAPABILITY")
    w.ask("S SELECT changed")
    if b"CONDSTORE" in capable:
        has(w.ask("1 FETCH 1:* (UID FLAGS) (CHANGEDSINCE 0)"), b"* 1 FETCH ", b"1 OK")


def apple_lists_by_search_even_when_empty():
    w = imap()
    w.ask("C CREATE empty")
    w.ask("S SELECT empty")
    has(w.ask("1 UID SEARCH 1:* NOT DELETED"), b"* SEARCH\r\n", b"1 OK")
    uid = append(w, "empty", MESSAGE)
    has(w.ask("2 UID SEARCH 1:* NOT DELETED"), b"* SEARCH " + uid.encode() + b"\r\n", b"2 OK")


def apple_submits_utf8_without_parameters():
    w = smtp()
    subject = "apple-%s" % time.monotonic_ns()
    has(w.ask("MAIL FROM:<%s>" % USER, rb"\d+ "), b"250 ")
    has(w.ask("RCPT TO:<%s>" % USER, rb"\d+ "), b"250 ")
    w.ask("DATA", rb"354 ")
    w.send("From: Ünlü <%s>\r\nTo: %s\r\nSubject: %s\r\n\r\nGrüße\r\n" % (USER, USER, subject))
    has(w.ask(".", rb"\d+ "), b"250 ")
    box = imap()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        box.ask("S SELECT INBOX")
        found = re.search(rb"\* SEARCH (\d+)", box.ask('F SEARCH SUBJECT "%s"' % subject))
        if found:
            has(box.ask(b"G FETCH " + found.group(1) + b" BODY.PEEK[TEXT]"), "Grüße".encode())
            return
    raise AssertionError("it never came")


def apple_reads_special_use_in_plain_list():
    got = imap().ask('1 LIST "" "*"')
    for name in NAMES:
        assert re.search(rb'\* LIST \([^)]*\\%s[^)]*\) "/" "?%s"?\r\n' % (name.encode(), name.encode()), got), got


def outlook_selects_and_fetches_with_old_items():
    w = imap()
    w.ask('C CREATE "Outlook &- Co"')
    uid = append(w, '"Outlook &- Co"', MESSAGE)
    has(w.ask('1 SELECT "Outlook &- Co"'), b"* 1 EXISTS", b"[UIDVALIDITY ", b"1 OK")
    has(w.ask("2 UID FETCH %s (RFC822.PEEK)" % uid), b"{%d}\r\n" % len(MESSAGE) + MESSAGE, b"2 OK")
    has(w.ask("3 FETCH 1 FLAGS"), b"FLAGS (")
    assert b"\\Seen" not in w.ask("4 FETCH 1 FLAGS")


def outlook_id_and_uidonly():
    w = imap()
    got = w.ask('1 ID ("name" "Microsoft.Exchange.Imap4.Imap4Client" "version" "15.20")')
    assert re.match(rb"\* ID (\(.*\)|NIL)\r\n1 OK", got), got
    has(w.ask("2 ID NIL"), b"* ID ", b"2 OK")
    assert b"UIDONLY" not in w.ask("3 CAPABILITY")


def outlook_idle_before_select():
    w = imap()
    w.ask("1 IDLE", rb"\+ ")
    has(w.ask("DONE", rb"1 "), b"1 OK")


def outlook_paths_without_their_shape():
    for text in ("MAIL FROM: <%s>" % USER, "MAIL FROM:%s" % USER, "MAIL FROM: %s" % USER):
        w = smtp()
        has(w.ask(text, rb"\d+ "), b"250 ")
        has(w.ask("RCPT TO: <%s>" % USER, rb"\d+ "), b"250 ")


def outlook_auth_login():
    for first in ("AUTH LOGIN", "AUTH LOGIN " + base64.b64encode(USER.encode()).decode()):
        w = smtp(auth=False)
        got = w.ask(first, rb"334 ")
        if first == "AUTH LOGIN":
            has(got, b"334 VXNlcm5hbWU6\r\n")
            got = w.ask(base64.b64encode(USER.encode()), rb"334 ")
        has(got, b"334 UGFzc3dvcmQ6\r\n")
        has(w.ask(base64.b64encode(PASSWORD.encode()), rb"\d+ "), b"235 ")
    w = Wire("submissions")
    w.until(rb"220 ")
    assert re.search(rb"250.AUTH PLAIN LOGIN", w.ask("EHLO outlook", rb"250 "))


def outlook_finds_its_folders_subscribed():
    got = imap(OTHER, OTHER_PASSWORD).ask('1 LSUB "" "*"')
    for name in NAMES + ("INBOX",):
        assert re.search(rb'\* LSUB \([^)]*\) "/" "?%s"?\r\n' % name.encode(), got), got


def outlook_pop3():
    w = imap()
    append(w, "INBOX", b"Subject: no end of header\r\n")
    append(w, "INBOX", MESSAGE)
    p = Wire("pop3s")
    p.until(rb"\+OK")
    p.ask("USER " + USER, rb"\+OK")
    p.ask("PASS " + PASSWORD, rb"\+OK")
    lines = [line for line in p.ask("UIDL", rb"\.").split(b"\r\n") if line[:1].isdigit()]
    assert len(lines) >= 2 and all(len(line.split(b" ")) == 2 for line in lines), lines
    assert len({line.split(b" ")[1] for line in lines}) == len(lines)
    for line in lines:
        got = p.ask(b"RETR " + line.split()[0], rb"\.(?=\r\n)")
        has(got, b"\r\n\r\n")


globals()[sys.argv[2]]()
