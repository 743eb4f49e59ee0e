"""Programs that speak IMAP and POP3 on a socket, and what a client may conclude from their answers.

Used by store_pairs.py and store_model.py. An Imap keeps the view that RFC 3501 lets a client keep, and refuses
answers that can't be true of any mailbox: an EXPUNGE while numbers are in use, a number that nobody has, a keyword
that no FLAGS has told.
"""
import os
import re
import shutil
import socket
import subprocess
import tempfile

SYSTEM = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
LETTERS = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}


class Wrong(Exception):
    pass


def check(truth, *what):
    if not truth:
        raise Wrong(" ".join(str(w) for w in what))


def mail(token, size=200):
    head = "From: stress@test.example\r\nSubject: %s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n" % token
    return (head + ("x" * 70 + "\r\n") * (max(size - len(head), 0) // 72)).encode()


class Program:
    """A program that speaks a line protocol over one socket."""

    def __init__(self, *argv):
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(argv, stdin=theirs, stdout=theirs)
        theirs.close()
        ours.settimeout(60)
        self.socket, self.file, self.name = ours, ours.makefile("rb"), os.path.basename(argv[0])

    def line(self):
        line = self.file.readline()
        check(line.endswith(b"\r\n"), self.name, "ended in the middle:", line, line or self.process.wait(60))
        return line

    def send(self, data):
        self.socket.sendall(data)

    def close(self):
        self.file.close()
        self.socket.close()
        check(self.process.wait(60) == 0, self.name, "exit", self.process.returncode)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.file.close()
        self.socket.close()


class Answer:
    """One command's answer: kind (OK, NO, BAD), code (what stands in brackets), text, untagged lines."""

    def __init__(self, last, lines):
        m = re.match(r"\S+ (OK|NO|BAD) (?:\[([^]]*)\] )?(.*)", last)
        check(m, "odd answer", last)
        self.kind, self.code, self.text, self.lines = m.group(1), m.group(2) or "", m.group(3), lines

    def __str__(self):
        return "%s [%s] %s" % (self.kind, self.code, self.text)

    def all(self, pattern):
        return [m for m in (re.match(pattern, line) for line in self.lines) if m]


class Seen:
    """A message as the client knows it."""

    def __init__(self):
        self.uid = self.flags = None


class Imap:
    def __init__(self, bin, maildir, log=None):
        self.program = Program(os.path.join(bin, "imapd"), maildir)
        check(b"PREAUTH" in self.program.line(), "no PREAUTH")
        self.tags, self.view, self.folder, self.log = 0, [], None, log
        self.told = self.permanent = None

    def untagged(self, line, command):
        m = re.match(r"\* (\d+) (EXISTS|EXPUNGE|FETCH)", line)
        if line.startswith("* FLAGS ("):
            self.told, self.permanent = set(line[9:-1].split()), None
        p = re.match(r"\* OK \[PERMANENTFLAGS \(([^)]*)\)", line)
        if p:
            self.permanent = set(p.group(1).split())
        if not m or self.folder is None:
            return
        n, what = int(m.group(1)), m.group(2)
        if what == "EXISTS":
            check(n >= len(self.view), "EXISTS", n, "below", len(self.view), "without EXPUNGE")
            self.view += [Seen() for _ in range(n - len(self.view))]
            return
        check(1 <= n <= len(self.view), line, "of", len(self.view))
        if what == "EXPUNGE":
            # RFC 3501 7.4.1
            check(not re.match("FETCH|STORE|SEARCH", command), "EXPUNGE during", command)
            self.view.pop(n - 1)
        else:
            self.fetched(self.view[n - 1], line)

    def fetched(self, seen, line):
        m = re.search(r"[ (]UID (\d+)", line)
        if m:
            check(seen.uid in (None, int(m.group(1))), "UID was", seen.uid, "and is", line)
            seen.uid = int(m.group(1))
        m = re.search(r"[ (]FLAGS \(([^)]*)\)", line)
        if m:
            seen.flags = set(m.group(1).split()) - {"\\Recent"}
            new = {k for k in seen.flags if k[0] != "\\"} - self.told
            check(not new, "keywords that no FLAGS told:", new, "in", line)

    def answer(self, command):
        lines = []
        while True:
            line = self.program.line()
            while True:
                m = re.search(rb"\{(\d+)\}\r\n$", line)
                if not m:
                    break
                line += self.program.file.read(int(m.group(1))) + self.program.line()
            line = line[:-2].decode()
            if self.log:
                self.log("  S: " + line[:200].replace("\r\n", "|"))
            if line.startswith("t%d " % self.tags):
                # RFC 3501 7.1: what may be changed is told again when it is another.
                check(self.told is None or self.permanent is not None or self.folder is None, "FLAGS without PERMANENTFLAGS")
                return Answer(line, lines)
            check(line.startswith(("* ", "+ ")), "odd line", line)
            if line.startswith("+ "):
                return Answer("t%d OK +" % self.tags, lines)
            self.untagged(line, command)
            lines.append(line)

    def start(self, text):
        self.tags += 1
        if self.log:
            self.log("  C: " + text)
        self.program.send(b"t%d %s\r\n" % (self.tags, text.encode()))

    def command(self, text):
        self.start(text)
        return self.answer(text)

    def ok(self, text):
        a = self.command(text)
        check(a.kind == "OK", text, "->", a)
        return a

    def select(self, folder="INBOX", how="SELECT"):
        self.folder = None
        self.view, self.told, self.permanent = [], None, None
        self.start("%s %s" % (how, folder))
        self.folder = folder
        a = self.answer(how)
        if a.kind != "OK":
            self.folder = None
            return a
        self.learn()
        return a

    def learn(self):
        """The UIDs and flags of what is not known yet."""
        unknown = [n for n, s in enumerate(self.view, 1) if s.uid is None or s.flags is None]
        if unknown:
            self.command("FETCH %d:%d (UID FLAGS)" % (unknown[0], unknown[-1]))

    def append(self, folder, data, flags=""):
        self.tags += 1
        text = "APPEND %s (%s) {%d+}" % (folder, flags, len(data))
        if self.log:
            self.log("  C: " + text)
        self.program.send(b"t%d %s\r\n" % (self.tags, text.encode()) + data + b"\r\n")
        return self.answer("APPEND")

    def idle(self):
        self.start("IDLE")
        check(self.answer("IDLE").text == "+", "no continuation of IDLE")
        self.program.send(b"DONE\r\n")
        return self.answer("IDLE")

    def uids(self):
        return [s.uid for s in self.view]

    def logout(self):
        self.command("LOGOUT")
        self.program.close()


class Pop:
    """A POP3 session; unique holds what UIDL said at the start."""

    def __init__(self, bin, maildir):
        self.program = Program(os.path.join(bin, "pop3d"), maildir)
        check(self.program.line().startswith(b"+OK"), "POP3 greeting")
        self.unique = dict(line.split() for line in self.say("UIDL", True)[1])

    def say(self, text, many=False):
        self.program.send(text.encode() + b"\r\n")
        first = self.program.line().decode().strip()
        lines = []
        while many and first.startswith("+OK"):
            line = self.program.line()
            if line == b".\r\n":
                break
            lines.append((line[1:] if line.startswith(b".") else line).decode())
        return first, lines

    def uid(self, n):
        return int(self.unique[str(n)][:8], 16)

    def quit(self):
        first = self.say("QUIT")[0]
        self.program.close()
        return first


class Place:
    """The directories of one private server with one user, bob."""

    def __init__(self, bin, quota=None):
        self.bin, self.base = os.path.abspath(bin), tempfile.mkdtemp(prefix="chainmail-store-")
        self.user = "bob@test.example"
        self.maildir = os.path.join(self.base, "mail/test.example/bob/Maildir")
        for name in ("etc", "mail", "run", "spool"):
            os.mkdir(os.path.join(self.base, name))
            os.environ["CHAINMAIL_" + name.upper()] = os.path.join(self.base, name)
        # A sandboxed program can't be searched for leaks at its end.
        os.environ["ASAN_OPTIONS"] = "detect_leaks=0"
        self.users(quota)
        self.deliver("first")

    def users(self, quota=None):
        words = "mailbox" + (" quota=%d" % quota if quota else "")
        with open(os.path.join(self.base, "etc/users"), "w") as f:
            f.write("test.example domain\n%s %s\n" % (self.user, words))
        subprocess.run([os.path.join(self.bin, "chainmail-user"), "compile"], check=True)

    def deliver(self, token, size=200):
        """The exit code of deliver."""
        p = subprocess.run([os.path.join(self.bin, "deliver"), "-f", "a@test.example", self.user],
                           input=mail(token, size).replace(b"\r\n", b"\n"), stderr=subprocess.DEVNULL)
        return p.returncode

    def folder(self, name):
        return self.maildir if name == "INBOX" else os.path.join(self.maildir, "." + name.replace("/", "."))

    def files(self, name):
        """(path, uid or None, letters) of each message."""
        found = []
        for part in ("new", "cur"):
            d = os.path.join(self.folder(name), part)
            for file in os.listdir(d):
                uid = re.search(r",U=(\d+)", file)
                letters = file.partition(":2,")[2]
                found.append((os.path.join(d, file), int(uid.group(1)) if uid else None, letters))
        return found

    def keywords(self, name):
        path = os.path.join(self.folder(name), "keywords")
        lines = open(path).read().splitlines() if os.path.exists(path) else []
        return {chr(97 + int(line.split()[0])): line.split()[1] for line in lines}

    def flags(self, name):
        """uid: flags, as the names have them."""
        words = dict(LETTERS, **self.keywords(name))
        return {uid: {words.get(c, c) for c in letters} for _, uid, letters in self.files(name)}

    def mailboxes(self):
        return ["INBOX"] + [d[1:].replace(".", "/") for d in os.listdir(self.maildir)
                            if d.startswith(".") and os.path.isdir(os.path.join(self.maildir, d, "cur"))]

    def counted(self):
        """Bytes and messages, counted now."""
        sizes = [os.stat(path).st_size for name in self.mailboxes() for path, _, _ in self.files(name)]
        return sum(sizes), len(sizes)

    def written(self):
        """Bytes and messages as maildirsize says; None without one."""
        path = os.path.join(self.maildir, "maildirsize")
        if not os.path.exists(path):
            return None
        lines = [line.split() for line in open(path).read().splitlines()[1:]]
        return sum(int(a) for a, _ in lines), sum(int(b) for _, b in lines)

    def remove(self):
        shutil.rmtree(self.base)
