"""Mail as it really comes, put into a Maildir and read through imapd: what
BODYSTRUCTURE promises can be fetched, and is as long as it says.

	mail.py check MAILDIR FILE...      the messages of it, in their order
	mail.py make DIRECTORY SEED COUNT  such mail, of pieces put together
"""
import random
import re
import subprocess
import sys


class Session:
    def __init__(self, maildir):
        self.process = subprocess.Popen(
            ["imapd", maildir], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.line()

    def line(self):
        line = self.process.stdout.readline()
        assert line.endswith(b"\r\n"), line
        return line

    def say(self, command, literal=None):
        """The untagged answers, literals as (bytes,) among the text."""
        self.process.stdin.write(b"a " + command + b"\r\n")
        if literal is not None:
            self.process.stdin.write(literal + b"\r\n")
        self.process.stdin.flush()
        answers = []
        while True:
            pieces, line = [], self.line()
            while match := re.search(rb"\{(\d+)\}\r\n$", line):
                pieces.append(line[: match.start()])
                pieces.append((self.process.stdout.read(int(match[1])),))
                line = self.line()
            pieces.append(line[:-2])
            if not answers and line.startswith(b"+ "):
                continue
            if line.startswith(b"a ") and len(pieces) == 1:
                assert line.startswith(b"a OK"), (command, line)
                return answers
            answers.append(pieces)


def parse(pieces):
    """Text and literals as nested lists of bytes and None."""
    stack = [[]]
    for piece in pieces:
        if isinstance(piece, tuple):
            stack[-1].append(piece[0])
            continue
        for token in re.findall(
                rb'\(|\)|"(?:[^"\\]|\\.)*"|(?:[^\s()"\[]|\[[^\]]*\])+', piece):
            if token == b"(":
                stack.append([])
            elif token == b")":
                done = stack.pop()
                stack[-1].append(done)
            elif token.startswith(b'"'):
                stack[-1].append(re.sub(rb"\\(.)", rb"\1", token[1:-1]))
            else:
                stack[-1].append(None if token == b"NIL" else token)
    assert len(stack) == 1, pieces
    return stack[0]


def fetch(session, number, items):
    (answer,) = session.say(b"FETCH %d (%s)" % (number, b" ".join(items)))
    words = parse(answer)[3]
    return {words[i].upper(): words[i + 1] for i in range(0, len(words), 2)}


def check_single(session, number, s, where):
    section = b".".join(b"%d" % n for n in where)
    items = [b"BODY.PEEK[%s]" % section]
    message = s[0].lower() == b"message" and s[1].lower() == b"rfc822"
    if len(where) > 0:
        items.append(b"BODY.PEEK[%s.MIME]" % section)
    if message:
        items += [b"BODY.PEEK[%s.%s]" % (section, part)
                  for part in (b"HEADER", b"TEXT")]
    got = fetch(session, number, items)
    body = got[b"BODY[%s]" % section]
    assert body is not None, (where, s)
    assert len(body) == int(s[6]), (where, s, body)
    if message:
        header, text = (got[b"BODY[%s.%s]" % (section, part)]
                        for part in (b"HEADER", b"TEXT"))
        assert header + text == body, (where, header, text, body)
        assert int(s[9]) == body.count(b"\n"), (where, s)
        check(session, number, s[8], where, root=True)
    elif s[0].lower() == b"text":
        assert int(s[7]) == body.count(b"\n"), (where, s)


def check(session, number, s, where, root=False):
    if not isinstance(s[0], list):
        # RFC 3501 6.4.5: what is no multipart has one part.
        check_single(session, number, s, where + [1] if root else where)
        return
    for i, part in enumerate(s):
        if not isinstance(part, list):
            break
        inside = where + [i + 1]
        # The parts of a multipart inside a message have its number before.
        if isinstance(part[0], list):
            section = b".".join(b"%d" % n for n in inside)
            got = fetch(session, number, [b"BODY.PEEK[%s]" % section])
            assert got[b"BODY[%s]" % section] is not None, inside
            check(session, number, part, inside)
        else:
            check_single(session, number, part, inside)


def check_message(session, number, text):
    got = fetch(session, number, [
        b"BODY.PEEK[]", b"BODY.PEEK[HEADER]", b"BODY.PEEK[TEXT]",
        b"BODYSTRUCTURE", b"BODY", b"RFC822.SIZE", b"ENVELOPE"])
    wire = re.sub(rb"(?<!\r)\n", b"\r\n", text).replace(b"\0", b"?")
    assert (got[b"BODY[]"] or b"") == wire
    assert (got[b"BODY[HEADER]"] or b"") + (got[b"BODY[TEXT]"] or b"") == wire
    assert int(got[b"RFC822.SIZE"]) == len(wire)
    check(session, number, got[b"BODYSTRUCTURE"], [], root=True)


PIECES = [
    "Content-Type: multipart/mixed; boundary=a\n",
    "Content-Type: multipart/digest; boundary=\"b b\"\n",
    "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n",
    "Content-Type: multipart/mixed; boundary*=us-ascii''%61\n",
    "Content-Type: multipart/mixed; boundary=b b\n",
    "Content-Type: multipart/mixed\n", "Content-Type: message/rfc822\n",
    "Content-Type: message/global\n", "Content-Type: text/html; charset=x\n",
    "Content-Type: text\n", "Content-Type: ;\n", "Content-Type: (\n",
    "Content-Type: message/delivery-status\n",
    "Content-Transfer-Encoding: \"base64\"\n",
    "Content-Disposition: attachment; filename=a b.txt\n",
    "Subject: x\n", "From: a@b.\n", " continued\n", "no field\n", "From x\n",
    "\n", "\n", "\n", "\n", "\r\n", "\r\r\n", "\r", "--a\n", "--a\n", "--a\n",
    "--a--\n", "--b b\n", "--b b\n", "--b b--\n", "--ab\n", "--ab--\n",
    "--a", "--", "text\n", "caf\u00e9\n", "=41=\n", "w7w=\n", "\0\n",
]


def make(directory, seed, count):
    """Always the same for a seed."""
    pick = random.Random(seed)
    for i in range(count):
        text = "".join(pick.choice(PIECES) for _ in range(pick.randint(1, 40)))
        with open(f"{directory}/{i + 1000}.x.h", "wb") as f:
            f.write(text.encode())


def main(maildir, files):
    texts = []
    for file in files:
        with open(file, "rb") as f:
            texts.append(f.read())
    session = Session(maildir)
    session.say(b"SELECT INBOX")
    for i, (file, text) in enumerate(zip(files, texts)):
        try:
            check_message(session, i + 1, text)
        except AssertionError:
            print(f"{file}:", file=sys.stderr)
            raise
    session.say(b"LOGOUT")
    print(len(files))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(sys.argv[2], sys.argv[3:])
