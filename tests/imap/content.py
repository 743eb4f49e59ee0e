#!/usr/bin/python3
"""Answers are the same bytes with index.content, without it, and whatever becomes of it.

usage: tests/imap/content.py IMAPD FOLDER [SEED [ROUNDS [MESSAGE...]]]

In FOLDER a Maildir is made of odd messages, or of these files. What imapd answers where
it can't have an index.content (a directory has the name) is what it has to answer each
time. Ends with 0 and counts, or with 1 and what differs.
"""
import os
import random
import re
import shutil
import subprocess
import sys

IMAPD, FOLDER = sys.argv[1:3]
RNG = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
ROUNDS = int(sys.argv[4]) if len(sys.argv) > 4 else 12

PEOPLE = [
    b"Ann <ann@example.org>", b"bob@example.com", b'"Doe, \\"J\\"" <j@example.net> (home)',
    b"=?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <jm@example.de>", b"friends: a@example.org, b@example.org;",
    b"undisclosed-recipients:;", b"<@route.example:deep@example.org>", b"J\xc3\xbcrgen <\xc3\xbc@example.org>",
    b"\xff\xfe <x@example.org>", b"", b"no address at all", b"a@b, , c@d,", b"\"unclosed <u@example.org>",
    b"(comment (nested)) c@example.org", b"=?iso-8859-1?b?/Pz8?= =?iso-8859-1?b?5OQ=?= <l@example.org>",
]
SUBJECTS = [
    b"Hello", b"Re: Hello", b"Fwd: [list] Re[2]: hello (fwd)", b"=?utf-8?b?w5xiZXI=?= uns", b"", b"   ", b"\xc3\x84ndern",
    b"\x80\x81 broken", b"with \"quotes\" and \\", b"a" * 1200, b"nul \0 inside", b"two\r\n lines", b"three\n\tlines\n  here",
    b"bare \r return", b"=?utf-8?q?open", b"STRASSE stra\xc3\x9fe", b"trailing blanks   \t",
]
DATES = [
    b"Mon, 30 Nov 2026 02:00:00 +0000", b"30 Nov 2026 02:00 EST", b"Tue, 1 Jan 0102 00:00:00 +0000", b"yesterday", b"",
    b"Fri, 31 Feb 2025 10:00:00 +0100 (CET)", b"1 Dec 2026 23:59:60 -1200",
]
IDS = [b"<%d@example.org>" % i for i in range(8)] + [b"<\"q q\"@example.org>", b"<open@example.org", b"none", b"<a@b> <c@d>"]
BODIES = [
    (b"", b"text\n"),
    (b"Content-Type: text/html; charset=utf-8; format=\"f;l\"\nContent-Transfer-Encoding: quoted-printable\n", b"<p>=C3=BC</p>\n"),
    (b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n",
     b"pre\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename*0=\"lo\"; filename*1=\"ng\"\n\na\n--b\n"
     b"Content-Type: message/rfc822\n\nFrom: inner@example.org\nSubject: inner\n\nin\n--b--\npost\n"),
    (b"Content-Type: multipart/alternative; boundary=x\n", b"--x\n\n--x\nContent-Language: de, en\nContent-ID: <c@d>\n\ny"),
    (b"Content-Type: multipart/mixed\n", b"no boundary\n"),
    (b"Content-Type: nonsense\n", b"x" * 3000),
    (b"Content-Type: multipart/digest; boundary=d\n", b"--d\n\nSubject: one\n\n1\n--d\n\nSubject: two\n\n2\n--d--\n"),
]
OTHERS = [
    b"X-Priority: 1\n", b"List-Id: The list <l.example.org>\n", b"List-Post : <mailto:l@example.org>\n", b"Received: from a\n\tby b\n",
    b"Sender: s@example.org\n", b"reply-TO: r@example.org\n", b"Bcc: hidden@example.org\n", b"User-Agent: none\n", b"X-Odd:\n",
]
WHOLE = [
    b"", b"\n", b"\r\n", b"no header", b"Subject: cut", b"Subject: cut\r", b"From: a@b\nSubject", b"\nSubject: in the body\n",
    b"From ann Mon Nov 30 02:00:00 2026\nSubject: mbox\n\nbody\n", b">From ann Mon\nFrom: a@b\n\nx", b" folded first\nFrom: a@b\n\nx\n",
    b"Subject: \0\nFrom: \0@\0\n\n\0\n", b":\nSubject: x\n\n", b"Subject:x\nSubject: y\nSUBJECT: z\n\n", b"To: " + b"a@b, " * 20000 + b"c@d\n\nbody\n",
    b"".join(b"To: p%d@example.org\n" % i for i in range(900)) + b"\n", b"References: " + b"<r@example.org>\n " * 3000 + b"\n\n",
]
ASKED = [
    "FETCH 1:* ENVELOPE",
    "FETCH 1:* (ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE)",
    "FETCH 1:* FULL",
    "FETCH 1:* (BODY)",
    "FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT CONTENT-TYPE CC REPLY-TO LIST-POST X-PRIORITY MESSAGE-ID)])",
    "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (subject)]<2.9> BODY.PEEK[HEADER.FIELDS (Nothing)] ENVELOPE)",
    "FETCH 2:5 (BODY.PEEK[HEADER.FIELDS (References In-Reply-To List-Id)] BODY.PEEK[HEADER.FIELDS (Bcc Sender)]<0.5>)",
    "UID FETCH 1:* (BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS.NOT (From)])",
    "SEARCH FROM ann", "SEARCH FROM \"ann <\"", "SEARCH FROM \"\"", "SEARCH TO example", "SEARCH CC b", "SEARCH BCC hidden",
    "SEARCH SUBJECT hello", "SEARCH SUBJECT \"\"", "SEARCH SUBJECT r", "SEARCH CHARSET UTF-8 SUBJECT {8}\r\nstra\u00dfe ",
    "SEARCH HEADER Message-ID 3", "SEARCH HEADER References \"\"", "SEARCH HEADER List-Post mailto", "SEARCH HEADER X-Odd \"\"",
    "SEARCH SENTON 30-Nov-2026", "SEARCH SENTBEFORE 1-Dec-2026 NOT FROM bob", "SEARCH OR SENTSINCE 1-Dec-2026 SUBJECT re",
    "SEARCH TEXT hello", "SEARCH BODY inner",
    *("SORT (%s) UTF-8 ALL" % k for k in ("DATE", "SUBJECT", "FROM", "TO", "CC", "SIZE", "DISPLAYFROM", "DISPLAYTO", "REVERSE SUBJECT DATE", "ARRIVAL")),
    "SORT (SUBJECT FROM) UTF-8 TO example", "THREAD REFERENCES UTF-8 ALL", "THREAD ORDEREDSUBJECT UTF-8 ALL", "THREAD REFS UTF-8 FROM a",
]


def field(name, value):
    return name + b": " + value + b"\n"


def message():
    lines = []
    for name, values in ((b"From", PEOPLE), (b"To", PEOPLE), (b"Cc", PEOPLE), (b"Subject", SUBJECTS), (b"Date", DATES), (b"Message-ID", IDS), (b"References", IDS),
                         (b"In-Reply-To", IDS)):
        for _ in range(RNG.choice([0, 1, 1, 1, 1, 1, 2])):
            lines.append(field(RNG.choice([name, name, name.lower(), name.upper()]), RNG.choice(values)))
    lines += RNG.sample(OTHERS, RNG.randrange(5))
    kind, body = RNG.choice(BODIES)
    lines.append(kind)
    RNG.shuffle(lines)
    whole = b"".join(lines) + RNG.choice([b"\n", b"\n", b"\n", b""]) + body
    return whole.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if RNG.random() < 0.3 else whole


def make(folder, messages):
    for d in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(folder, d))
    os.chmod(folder, 0o700)
    for i, m in enumerate(messages):
        size = ",S=%d" % len(m) if i % 4 else ""
        with open(os.path.join(folder, "cur", "%d.m%d.host%s:2," % (1764000000 + i * 7919 % 100000, i, size)), "wb") as f:
            f.write(m)


def ask(folder, commands, extra=()):
    lines = [*extra, "SELECT INBOX", *commands, "LOGOUT"]
    data = b"".join(b"a%d %s\r\n" % (i, line.encode()) for i, line in enumerate(lines))
    p = subprocess.run([IMAPD, folder], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    if p.returncode != 0:
        raise SystemExit("imapd ended with %d: %s" % (p.returncode, p.stderr.decode()))
    return p.stdout


def differ(wanted, given, when):
    if given == wanted:
        return
    for a, b in zip(wanted.split(b"\r\n"), given.split(b"\r\n")):
        if a != b:
            raise SystemExit("%s:\n wanted %r\n given  %r" % (when, a[:2000], b[:2000]))
    raise SystemExit("%s: %d bytes, not %d" % (when, len(given), len(wanted)))


def harm(path, other):
    """What becomes of the file; its name."""
    size = os.path.getsize(path) if os.path.exists(path) else 0
    kind = RNG.choice(["byte", "bytes", "bytes", "noise", "cut", "zeros", "delete", "foreign", "grown"]) if size else "none"
    if kind == "delete":
        os.unlink(path)
    elif kind == "foreign":
        shutil.copyfile(other, path)
    elif kind == "cut":
        os.truncate(path, RNG.randrange(size))
    elif kind != "none":
        with open(path, "r+b") as f:
            if kind == "grown":
                f.seek(0, 2)
                f.write(RNG.randbytes(5000))
            elif kind in ("noise", "zeros"):
                at = RNG.randrange(size)
                f.seek(at)
                f.write(RNG.randbytes(size - at) if kind == "noise" else bytes(size - at))
            else:
                for _ in range(1 if kind == "byte" else 300):
                    f.seek(RNG.randrange(size))
                    f.write(RNG.randbytes(1))
    return kind


def main():
    given = []
    for path in sys.argv[5:]:
        with open(path, "rb") as f:
            given.append(f.read())
    messages = given or WHOLE + [message() for _ in range(80)]
    plain, kept, other = (os.path.join(FOLDER, n) for n in ("plain", "kept", "other"))
    make(plain, messages)
    # What has no size in its name is measured once; and all have one UIDVALIDITY.
    ask(plain, ["FETCH 1:* RFC822.SIZE"])
    shutil.copytree(plain, kept)
    shutil.copytree(plain, other)
    path = os.path.join(kept, "index.content")
    os.mkdir(os.path.join(plain, "index.content"))
    commands = ASKED * 2
    wanted = ask(plain, commands)
    for i, word in re.findall(rb"^a(\d+) (NO|BAD) ", wanted, re.M):
        raise SystemExit("%s: %s" % (word.decode(), commands[int(i) - 1]))
    differ(wanted, ask(other, commands), "the other")
    for i, one in enumerate(ASKED):  # each is the first one that reads the messages
        if os.path.exists(path):
            os.unlink(path)
        alone = ask(plain, [one])
        differ(alone, ask(kept, [one]), "first, " + one)
        differ(alone, ask(kept, [one]), "again, " + one)
    # With a part that is kept of no message all is made of the message itself.
    items = "ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Sender References List-Id X-Priority)]"
    whole = ask(kept, ["FETCH 1:* (BODY.PEEK[99] %s)" % items]).replace(b"(BODY[99] NIL ", b"(")
    differ(whole, ask(kept, ["FETCH 1:* (%s)" % items]), "of the whole message")
    differ(whole, ask(kept, ["FETCH 1:* (%s)" % items]), "of the whole message, again")
    if os.path.exists(path):
        os.unlink(path)
    differ(wanted, ask(kept, commands), "the first time")
    if os.path.getsize(path) < 20 * len(messages):
        raise SystemExit("nothing is kept")
    for enable in ("ENABLE UTF8=ACCEPT", "ENABLE IMAP4rev2", "NOOP"):
        asked = [c for c in ASKED if "CHARSET" not in c]
        differ(ask(plain, asked, [enable]), ask(kept, asked, [enable]), "with " + enable)
    harmed = {}
    for _ in range(ROUNDS):
        kind = harm(path, os.path.join(other, "index.content"))
        harmed[kind] = harmed.get(kind, 0) + 1
        differ(wanted, ask(kept, commands), "after " + kind)
    print(len(messages), "messages,", ", ".join("%d %s" % (n, k) for k, n in sorted(harmed.items())))


main()
