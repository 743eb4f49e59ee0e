#!/usr/bin/python3
"""Several IMAP sessions, a POP3 session and deliveries at once on one mailbox.
(One command at a time, with all that must be answered: tests/store_model.py.)

usage: stress.py BIN_DIR SECONDS [SEED [SESSIONS]]

Every message carries a token in its Subject. A ledger knows each token's state,
each session keeps its own view of the mailbox as RFC 3501 lets it follow from the
untagged answers, and every answer is compared with both:
  - a UID stands for one token for ever, and a token has one UID in a folder;
  - a message number means what the EXISTS and EXPUNGE answers so far say;
  - nothing vanishes that nobody asked to delete, nothing comes back, nothing is
    there twice; a delivered message is seen by the next NOOP;
  - a POP3 unique-id stands for one token for ever;
  - a NO says why, and only what can be: a message was removed, no letter is free;
  - copies are as many as COPYUID told, and none is left by a COPY that was refused;
  - a FETCH names no keyword that no FLAGS has told;
  - the quota's file adds up to what is there.
Ends with 0 and one line of counts, or with 1 and what was wrong.
"""
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

BIN, SECONDS = sys.argv[1], float(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
SESSIONS = int(sys.argv[4]) if len(sys.argv) > 4 else 2
PRESENT, DOOMED, MOVING, AWAY, GONE = "present", "doomed", "moving", "away", "gone"


class Wrong(Exception):
    pass


def check(truth, *what):
    if not truth:
        raise Wrong(" ".join(str(w) for w in what))


class Ledger:
    """What is true of every token, whoever did it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.state = {}
        self.uid_token = {}  # (folder, uid) -> token
        self.token_uid = {}
        self.uidl_token = {}
        self.count = 0
        self.done = {}
        self.copies = {}  # UID in Trash: UID it was copied from

    def new_token(self):
        with self.lock:
            self.count += 1
            return "token-%d" % self.count

    def set(self, token, state):
        with self.lock:
            old = self.state.get(token)
            # Another session may have seen it, and more, before its maker gets here.
            if (state == DOOMED and old in (GONE, AWAY)) or (state == PRESENT and old not in (None, MOVING)) or \
                    (state == GONE and old == AWAY):
                return
            self.state[token] = state

    def arrived(self, token):
        """It is safe; but somebody may have seen and deleted it already."""
        with self.lock:
            self.state.setdefault(token, PRESENT)

    def seen(self, folder, uid, token):
        with self.lock:
            check(self.uid_token.setdefault((folder, uid), token) == token, "UID", uid, "of", folder, "was",
                  self.uid_token[(folder, uid)], "and is now", token)
            check(self.token_uid.setdefault((folder, token), uid) == uid, token, "had UID",
                  self.token_uid[(folder, token)], "and now has", uid, "in", folder)

    def uidl(self, uidl, token):
        with self.lock:
            check(self.uidl_token.setdefault(uidl, token) == token, "UIDL", uidl, "was", self.uidl_token.get(uidl), "is", token)

    def vanished(self, folder, uid):
        with self.lock:
            token = self.uid_token.get((folder, uid))
            if token is not None and folder == "INBOX":
                check(self.state.get(token) != PRESENT, token, "UID", uid, "vanished though nobody deleted it")

    def did(self, what):
        with self.lock:
            self.done[what] = self.done.get(what, 0) + 1


def span(part):
    low, _, high = part.partition(b":")
    return range(int(low), int(high or low) + 1)


def mail(token, size):
    return ("From: stress@test.example\r\nSubject: %s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n%s" %
            (token, ("x" * 70 + "\r\n") * (size // 72))).encode()


def where(token):
    """The files that hold a token, for the report of a fault."""
    found = subprocess.run(["grep", "-rlw", "Subject: " + token, MAILDIR], stdout=subprocess.PIPE, text=True)
    return [os.path.relpath(f, MAILDIR) for f in found.stdout.split()]


class Program:
    """A program that speaks a line protocol over one socket."""

    def __init__(self, *argv):
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(argv, stdin=theirs, stdout=theirs)
        theirs.close()
        ours.settimeout(30)
        self.socket, self.file, self.name = ours, ours.makefile("rb"), os.path.basename(argv[0])

    def line(self):
        line = self.file.readline()
        check(line.endswith(b"\r\n"), self.name, "ended in the middle:", line)
        return line

    def send(self, data):
        self.socket.sendall(data)

    def close(self):
        self.file.close()
        self.socket.close()
        check(self.process.wait(30) == 0, self.name, "exit", self.process.returncode)


class Imap:
    def __init__(self, ledger, rng):
        self.ledger, self.random = ledger, rng
        self.program = Program(os.path.join(BIN, "imapd"), MAILDIR)
        check(b"PREAUTH" in self.program.line(), "no PREAUTH")
        self.tags = 0
        self.folder = None
        self.view = []  # UIDs by message number; None: not told yet
        self.validity = {}
        self.keywords = set()

    def untagged(self, line, command):
        m = re.match(rb"\* (\d+) (EXISTS|EXPUNGE|RECENT|FETCH)", line)
        if line.startswith(b"* FLAGS ("):
            self.keywords = set(line[9:-3].split())
        if not m or self.folder is None:
            return
        n, what = int(m.group(1)), m.group(2)
        if what == b"EXISTS":
            check(n >= len(self.view), "EXISTS", n, "below", len(self.view), "without EXPUNGE")
            self.view += [None] * (n - len(self.view))
        elif what == b"EXPUNGE":
            check(not re.match(rb"(FETCH|STORE|SEARCH)", command), "EXPUNGE during", command)
            check(1 <= n <= len(self.view), "EXPUNGE", n, "of", len(self.view))
            uid = self.view.pop(n - 1)
            if uid is not None:
                self.ledger.vanished(self.folder, uid)
        elif what == b"FETCH":
            check(1 <= n <= len(self.view), "FETCH", n, "of", len(self.view))
            flags = re.search(rb"FLAGS \(([^)]*)\)", line)
            if flags:
                new = set(flags.group(1).split()) - {b"\\Recent"} - self.keywords
                check(not new, "keywords that no FLAGS told:", new)
            u = re.search(rb"UID (\d+)", line)
            if u:
                uid = int(u.group(1))
                check(self.view[n - 1] in (None, uid), "message", n, "was UID", self.view[n - 1], "and is", uid)
                before = [x for x in self.view[:n - 1] if x is not None]
                check(not before or max(before) < uid, "UIDs do not ascend at", n, uid)
                self.view[n - 1] = uid
                t = re.search(rb"Subject: (token-\d+)", line)
                if t:
                    self.ledger.seen(self.folder, uid, t.group(1).decode())

    def answer(self, tag, command):
        lines = []
        while True:
            line = self.program.line()
            while True:
                m = re.search(rb"\{(\d+)\}\r\n$", line)
                if not m:
                    break
                line += self.program.file.read(int(m.group(1))) + self.program.line()
            if line.startswith(tag + b" "):
                return line, lines
            check(line.startswith(b"* ") or line.startswith(b"+ "), "odd line", line)
            if line.startswith(b"+ "):
                return line, lines
            self.untagged(line, command)
            lines.append(line)

    def command(self, text, may_fail=False):
        self.tags += 1
        tag = b"t%d" % self.tags
        command = text.encode()
        self.program.send(tag + b" " + command + b"\r\n")
        last, lines = self.answer(tag, command)
        check(last.startswith(tag + b" OK") or (may_fail and re.match(tag + rb" NO \[(EXPUNGEISSUED|LIMIT)\]", last)), text, "->", last)
        return last, lines

    def select(self, folder="INBOX"):
        self.folder, self.view = folder, []
        last, lines = self.command("SELECT " + folder)
        for line in lines:
            m = re.search(rb"UIDVALIDITY (\d+)", line)
            if m:
                check(self.validity.setdefault(folder, m.group(1)) == m.group(1), "UIDVALIDITY changed")

    def pick(self):
        return self.random.randint(1, len(self.view)) if self.view else 0

    def token_of(self, n):
        uid = self.view[n - 1]
        return None if uid is None else self.ledger.uid_token.get((self.folder, uid))

    def do_noop(self):
        with self.ledger.lock:
            must = {t for t, s in self.ledger.state.items() if s == PRESENT}
        self.command("NOOP")
        self.command("FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])" if self.view else "NOOP", may_fail=True)
        have = {self.token_of(n) for n in range(1, len(self.view) + 1)}
        if None not in have:
            with self.ledger.lock:
                missing = {t for t in must - have if self.ledger.state.get(t) == PRESENT}
            check(not missing, "not seen after NOOP:", [(t, where(t), self.ledger.token_uid.get(("INBOX", t))) for t in sorted(missing)[:5]])
            check(len(have) == len(self.view), "a token twice in the mailbox")

    def do_fetch(self):
        n = self.pick()
        if n:
            self.command("FETCH %d (UID FLAGS BODY.PEEK[])" % n, may_fail=True)

    def do_flag(self):
        n = self.pick()
        if n:
            self.command("STORE %d %sFLAGS (%s)" % (n, self.random.choice("+-"), self.random.choice(
                ["\\Seen", "\\Flagged", "\\Answered", "$Stress"])), may_fail=True)

    def numbers(self):
        return sorted(self.random.sample(range(1, len(self.view) + 1), min(len(self.view), self.random.randint(1, 6))))

    def do_store(self):
        numbers = self.numbers()
        if numbers:
            # Never without a sign: it would take away a \\Deleted that another session has just set.
            how = self.random.choice(["+FLAGS", "-FLAGS", "+FLAGS.SILENT", "-FLAGS.SILENT"])
            self.command("STORE %s %s (%s)" % (",".join(map(str, numbers)), how, " ".join(
                self.random.sample(["\\Seen", "\\Flagged", "\\Answered"] + ["k%d" % i for i in range(32)], 2))), may_fail=True)

    def do_copy(self):
        numbers = self.numbers()
        if not numbers:
            return
        old = [self.view[n - 1] for n in numbers]
        by_uid = self.random.random() < 0.5 and None not in old
        last, _ = self.command("%s %s Trash" % ("UID COPY" if by_uid else "COPY", ",".join(map(str, old if by_uid else numbers))), may_fail=True)
        m = re.search(rb"COPYUID \d+ (\S+) (\S+)\]", last)
        old, new = ([u for part in m.group(n).split(b",") for u in span(part)] if m else [] for n in (1, 2))
        check(by_uid or not m or len(old) == len(numbers), "COPY of", numbers, "copied", old)
        with self.ledger.lock:
            check(not set(new) & set(self.ledger.copies), "a UID of Trash is given twice:", new)
            self.ledger.copies.update(zip(new, old))

    def do_delete(self):
        n = self.pick()
        token = self.token_of(n) if n else None
        if token is None:
            return
        self.ledger.set(token, DOOMED)
        uid = self.view[n - 1]
        self.command("UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid, may_fail=True)
        self.command(self.random.choice(["EXPUNGE", "UID EXPUNGE %d" % uid]))
        self.ledger.set(token, GONE)

    def do_append(self):
        token = self.ledger.new_token()
        data = mail(token, self.random.randint(100, 5000))
        self.tags += 1
        tag = b"t%d" % self.tags
        head = b"APPEND INBOX (\\Seen)"
        plus = b"+" if self.random.random() < 0.5 else b""
        self.program.send(tag + b" " + head + b" {%d%s}\r\n" % (len(data), plus))
        if not plus:
            check(self.answer(tag, head)[0].startswith(b"+ "), "no continuation")
        self.program.send(data + b"\r\n")
        last, _ = self.answer(tag, head)
        m = re.match(tag + rb" OK \[APPENDUID \d+ (\d+)\]", last)
        check(m, "APPEND", last)
        self.ledger.seen("INBOX", int(m.group(1)), token)
        self.ledger.arrived(token)

    def do_move(self):
        n = self.pick()
        token = self.token_of(n) if n else None
        if token is None:
            return
        with self.ledger.lock:
            if self.ledger.state.get(token) != PRESENT:
                return
            self.ledger.state[token] = MOVING
        last, lines = self.command("UID MOVE %d Archive" % self.view[n - 1] if self.view[n - 1] else "NOOP", may_fail=True)
        moved = any(b"COPYUID" in line for line in lines + [last])
        with self.ledger.lock:  # somebody else may have deleted it meanwhile
            if self.ledger.state[token] == MOVING:
                self.ledger.state[token] = AWAY if moved else PRESENT
        if not moved:
            self.ledger.did("move lost the race")

    def do_idle(self):
        self.tags += 1
        tag = b"t%d" % self.tags
        self.program.send(tag + b" IDLE\r\n")
        check(self.answer(tag, b"IDLE")[0].startswith(b"+ "), "no continuation of IDLE")
        time.sleep(self.random.random() / 5)
        self.program.send(b"DONE\r\n")
        check(self.answer(tag, b"IDLE")[0].startswith(tag + b" OK"), "IDLE")

    def do_reselect(self):
        self.select()

    def run(self, until):
        self.select()
        acts = ["noop"] * 4 + ["fetch"] * 5 + ["flag"] * 5 + ["store"] * 4 + ["copy"] * 2 + ["delete"] * 3 + ["append"] * 4 + ["move", "idle", "reselect"]
        while time.time() < until:
            act = self.random.choice(acts)
            getattr(self, "do_" + act)()
            self.ledger.did(act)
        self.do_noop()
        self.command("LOGOUT")
        self.program.close()


def pop_session(ledger, rng):
    p = Program(os.path.join(BIN, "pop3d"), MAILDIR)

    def say(text, many=False):
        if text:
            p.send(text.encode() + b"\r\n")
        first = p.line()
        if not many or not first.startswith(b"+OK"):
            return first, []
        lines = []
        while True:
            line = p.line()
            if line == b".\r\n":
                return first, lines
            lines.append(line[1:] if line.startswith(b".") else line)

    check(say("")[0].startswith(b"+OK"), "POP3 greeting")
    uidl = [line.split() for line in say("UIDL", True)[1]]
    check(len({u for _, u in uidl}) == len(uidl), "a UIDL twice")
    doomed = []
    for number, unique in rng.sample(uidl, min(len(uidl), 6)):
        first, lines = say("RETR %d" % int(number), True)
        if not first.startswith(b"+OK"):
            continue  # another session expunged it
        token = re.search(rb"Subject: (token-\d+)", b"".join(lines)).group(1).decode()
        ledger.uidl(unique, token)
        if rng.random() < 0.3:
            ledger.set(token, DOOMED)
            if say("DELE %d" % int(number))[0].startswith(b"+OK"):
                doomed.append(token)
    first = say("QUIT")[0]
    for token in doomed if first.startswith(b"+OK") else []:
        ledger.set(token, GONE)
    p.close()
    ledger.did("pop3")


def pop_run(ledger, rng, until):
    while time.time() < until:
        pop_session(ledger, rng)
        time.sleep(rng.random() / 10)


def deliver_run(ledger, rng, until, env):
    while time.time() < until:
        token = ledger.new_token()
        p = subprocess.run([os.path.join(BIN, "deliver"), "-f", "stress@test.example", USER], input=mail(token, rng.randint(100, 9000)).replace(b"\r\n", b"\n"), env=env)
        check(p.returncode == 0, "deliver", p.returncode)
        ledger.arrived(token)
        ledger.did("deliver")
        time.sleep(rng.random() / 50)


def final_look(ledger):
    tokens = {}
    for sub in ("new", "cur"):
        for name in os.listdir(os.path.join(MAILDIR, sub)):
            text = open(os.path.join(MAILDIR, sub, name), "rb").read()
            token = re.search(rb"Subject: (token-\d+)", text).group(1).decode()
            check(token not in tokens, token, "is there twice:", name, tokens.get(token))
            tokens[token] = name
    for token, state in ledger.state.items():
        if state == PRESENT:
            check(token in tokens, token, "is lost")
        if state in (AWAY, GONE):
            check(token not in tokens, token, "was", state, "and is there")
    copies = set()
    for name in os.listdir(os.path.join(MAILDIR, ".Trash", "cur")):
        token = re.search(rb"Subject: (token-\d+)", open(os.path.join(MAILDIR, ".Trash", "cur", name), "rb").read()).group(1).decode()
        uid = int(re.search(",U=(\\d+)", name).group(1))
        copies.add(uid)
        source = ledger.uid_token.get(("INBOX", ledger.copies.get(uid)), token)
        check(source == token, "UID", uid, "of Trash is", token, "and was to be", source)
    check(copies == set(ledger.copies), "copies that nobody was told of, or that are not there:", copies ^ set(ledger.copies))
    lines = [line.split() for line in open(os.path.join(MAILDIR, "maildirsize")).read().splitlines()[1:]]
    sizes = [os.stat(os.path.join(d, f)).st_size for d, _, files in os.walk(MAILDIR) if os.path.basename(d) in ("new", "cur") for f in files]
    check((sum(int(a) for a, _ in lines), sum(int(b) for _, b in lines)) == (sum(sizes), len(sizes)), "maildirsize is wrong:", lines[:1], lines[-1:], sum(sizes), len(sizes))
    check(not os.listdir(os.path.join(MAILDIR, "tmp")), "left in tmp:", os.listdir(os.path.join(MAILDIR, "tmp")))
    return len(tokens)


def main():
    ledger, until, trouble = Ledger(), time.time() + SECONDS, []
    # A sandboxed program can't be searched for leaks at its end.
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0", CHAINMAIL_ETC=ETC, CHAINMAIL_MAIL=MAIL, CHAINMAIL_SPOOL=os.path.join(BASE, "spool"), CHAINMAIL_RUN=os.path.join(BASE, "run"))
    os.environ.update(env)
    open(os.path.join(ETC, "users"), "w").write("test.example domain\n%s mailbox quota=4G\n" % USER)
    subprocess.run([os.path.join(BIN, "chainmail-user"), "compile"], check=True, env=env)
    subprocess.run([os.path.join(BIN, "deliver"), USER], input=mail("token-0", 100).replace(b"\r\n", b"\n"), env=env, check=True)
    ledger.set("token-0", PRESENT)

    def guarded(work, *args):
        try:
            work(*args)
        except Exception:
            trouble.append(traceback.format_exc())

    jobs = [(lambda r: Imap(ledger, r).run(until),)] * SESSIONS + [(lambda r: pop_run(ledger, r, until),), (lambda r: deliver_run(ledger, r, until, env),)]
    threads = [threading.Thread(target=guarded, args=(job[0], random.Random(SEED + k))) for k, job in enumerate(jobs)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    left = 0
    if not trouble:
        guarded(lambda: print("messages left: %d" % final_look(ledger)))
    print("seed %d: %s" % (SEED, ", ".join("%d %s" % (n, what) for what, n in sorted(ledger.done.items()))))
    for t in trouble:
        print(t)
    return 1 if trouble else 0


BASE = tempfile.mkdtemp()
ETC, MAIL, USER = os.path.join(BASE, "etc"), os.path.join(BASE, "mail"), "bob@test.example"
MAILDIR = os.path.join(MAIL, "test.example", "bob", "Maildir")
for d in (ETC, MAIL, os.path.join(BASE, "run")):
    os.mkdir(d)
try:
    code = main()
finally:
    shutil.rmtree(BASE)
sys.exit(code)
