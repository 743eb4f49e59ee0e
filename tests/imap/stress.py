#!/usr/bin/python3
"""Many sessions of imapd at once on the same folders, at random, against a model.

usage: tests/imap/stress.py SERVER SECONDS [SEED [SESSIONS [harm]]]

SERVER is a command as tests/imap/run takes it, with its mail in {}/Maildir.

Beside the sessions, of which random ones are killed with SIGKILL in the middle of a
command, one program delivers into new/ and another renames files in cur/, as
mail readers do that know nothing of imapd. With "harm" a third one deletes, cuts and
damages the files of the folders' indexes (doc/formats.md) meanwhile; then a session may end
by itself with 75, and nothing else may change. What has to hold (Ledger, Client):

  - a UID stands for one message for ever, and message numbers for what EXISTS,
    EXPUNGE and VANISHED said so far;
  - a message that nobody may remove ("keep") is always there, once, and a message
    that may be moved is never lost by it;
  - each session has a keyword that it alone sets: every FETCH, SEARCH, SORT and
    ESEARCH has to agree with what that session did, whoever changes other flags
    of the same messages meanwhile; after a kill, either state holds until it is seen;
  - ENVELOPE, BODYSTRUCTURE, RFC822.SIZE, and what SEARCH TEXT, BODY and SUBJECT find, are
    those of the message;
  - a MODSEQ never gets smaller, a change is among those since before it
    (CHANGEDSINCE, QRESYNC), and what QRESYNC tells of the past makes the
    mailbox as it is;
  - at the end every message that was accepted is in its folder, and nothing is left in tmp/.

Extensions are used as they are announced. Ends with 0 and counts, or with 1 and what was wrong.
"""
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

from session import Session, tokens

SERVER, SECONDS = sys.argv[1], float(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
SESSIONS = int(sys.argv[4]) if len(sys.argv) > 4 else 20
HARM = sys.argv[5:] == ["harm"]
FOLDERS = ("INBOX", "Other")
UNKNOWN = None


class Wrong(Exception):
    pass


def check(truth, *what):
    if not truth:
        raise Wrong(" ".join(str(w) for w in what))


def uids_of(text):
    """The numbers of a set."""
    found = []
    for part in text.split(","):
        low, _, high = part.partition(":")
        found += range(int(low), int(high or low) + 1)
    return found


def set_of(numbers):
    return ",".join(map(str, numbers))


class Ledger:
    """What is true whoever did it. A token is a message's Subject: k... is kept by everybody, f... may go."""

    def __init__(self):
        self.lock = threading.Lock()
        self.token = {}     # (folder, uid): token
        self.sizes = {}     # token: bytes
        self.bodies = {}    # token: bytes and lines of its text
        self.arrived = {f: set() for f in FOLDERS}  # kept tokens that were accepted
        self.modseq = {}    # (folder, uid): the highest that was seen
        self.count = 0
        self.done = {}

    def new(self, rng):
        with self.lock:
            self.count += 1
            token = "%s%d" % (rng.choice("kkf"), self.count)
        body = "x" * rng.randint(1, 60) + "\r\n"
        lines = rng.randint(1, 30)
        text = body * lines + "of %s.\r\n" % token
        data = ("From: %s@example.org\r\nSubject: %s\r\n\r\n%s" % (token, token, text)).encode()
        self.sizes[token] = len(data)
        self.bodies[token] = len(text), lines + 1
        return token, data

    def accepted(self, folder, token):
        if token[0] == "k":
            with self.lock:
                self.arrived[folder].add(token)

    def seen(self, folder, uid, token):
        with self.lock:
            check(self.token.setdefault((folder, uid), token) == token, "UID", uid, "of", folder, "was", self.token[folder, uid], "and is", token)

    def kept(self, folder, uid):
        return self.token.get((folder, uid), "f")[0] == "k"

    def vanished(self, folder, uid):
        check(not self.kept(folder, uid), "UID", uid, "of", folder, "vanished, which is", self.token.get((folder, uid)))

    def modseq_seen(self, folder, uid, modseq, least):
        """least: the highest that was seen before the command was sent."""
        with self.lock:
            check(modseq >= least, "MODSEQ of UID", uid, "of", folder, "was", least, "and is", modseq)
            self.modseq[folder, uid] = max(modseq, self.modseq.get((folder, uid), 0))

    def did(self, what):
        with self.lock:
            self.done[what] = self.done.get(what, 0) + 1


class Client:
    def __init__(self, ledger, number, rng):
        self.ledger, self.number, self.random = ledger, number, rng
        self.keyword = "own%d" % number
        self.mine = {}     # (folder, uid): the keyword is set, is not, or UNKNOWN
        self.past = {}     # folder: (uidvalidity, modseq, UIDs) when it was left
        self.session, self.mortal = None, True

    def start(self):
        if self.session:
            self.session.end()
        self.session = Session(SERVER, HOME, str(self.number), 60, "SHOW" in os.environ, LOG)
        self.can = {c.upper() for c in self.session.capabilities}
        self.qresync = "QRESYNC" in self.can and self.random.random() < 0.5
        self.condstore = self.qresync or ("CONDSTORE" in self.can and self.random.random() < 0.5)
        if self.qresync:
            self.session.run("ENABLE QRESYNC")
        elif self.condstore:
            self.session.run("ENABLE CONDSTORE")
        if "COMPRESS=DEFLATE" in self.can and self.random.random() < 0.2:
            self.session.run("COMPRESS DEFLATE")
            self.session.deflate()
        self.folder, self.told = None, {}
        self.select()

    # ------------------------------------------------------------ answers
    def untagged(self, line, numbers_hold):
        m = re.match(r"\* (\d+) (EXISTS|EXPUNGE|FETCH)", line)
        gone = re.match(r"\* VANISHED (\(EARLIER\) )?(\S+)$", line)
        if gone:
            check(self.qresync, "VANISHED without QRESYNC")
            for uid in uids_of(gone.group(2)):
                if uid in self.view:
                    check(not numbers_hold or gone.group(1), line, "while numbers hold")
                    self.view.remove(uid)
                    self.ledger.vanished(self.folder, uid)
                    continue
                if not gone.group(1):  # one that EXISTS told of, and no FETCH yet
                    at = next((i for i, u in enumerate(self.view) if u and u > uid), len(self.view))
                    check(at > 0 and self.view[at - 1] is None, line, "of which UID", uid, "has no number")
                    check(not numbers_hold, line, "while numbers hold")
                    del self.view[at - 1]
                if uid in self.before:
                    self.before.discard(uid)
                    self.ledger.vanished(self.folder, uid)
        if not m:
            return
        n, what = int(m.group(1)), m.group(2)
        if what == "EXISTS":
            check(n >= len(self.view), line, "but there were", len(self.view))
            self.view += [None] * (n - len(self.view))
        elif what == "EXPUNGE":
            check(not numbers_hold, line, "while numbers hold")
            check(not self.qresync, line, "with QRESYNC")
            check(1 <= n <= len(self.view), line, "of", len(self.view))
            uid = self.view.pop(n - 1)
            if uid is not None:
                self.ledger.vanished(self.folder, uid)
        else:
            self.fetched(n, line)

    def fetched(self, n, line):
        check(1 <= n <= len(self.view), line, "of", len(self.view))
        items = tokens(line.split(" ", 3)[3])[0][0]
        items = dict(zip([i if isinstance(i, str) else "" for i in items[::2]], items[1::2]))
        if "UID" in items:
            uid = int(items["UID"])
            check(self.view[n - 1] in (None, uid), "message", n, "was UID", self.view[n - 1], "and is", uid)
            below = [u for u in self.view[:n - 1] if u is not None]
            above = [u for u in self.view[n:] if u is not None]
            check(not below or below[-1] < uid, "UID", uid, "behind", below[-1:])
            check(not above or above[0] > uid, "UID", uid, "before", above[:1])
            self.view[n - 1] = uid
        uid = self.view[n - 1]
        if uid is None:
            return
        for name, value in items.items():
            if name.startswith("BODY[HEADER"):
                subject = re.search(r"Subject: (\w+)", value)
                check(subject, "no Subject of UID", uid, "of", self.folder, "which is", self.ledger.token.get((self.folder, uid)), line)
                self.ledger.seen(self.folder, uid, subject.group(1))
        if "ENVELOPE" in items:
            token = items["ENVELOPE"][1].strip('"')
            self.ledger.seen(self.folder, uid, token)
            check(items["ENVELOPE"][2] == [["NIL", "NIL", '"%s"' % token, '"example.org"']], line)
            check(int(items["RFC822.SIZE"]) == self.ledger.sizes[token], line)
            check(tuple(map(int, items["BODYSTRUCTURE"][6:8])) == self.ledger.bodies[token], line)
        if "FLAGS" in items:
            has = self.keyword in items["FLAGS"]
            known = self.mine.setdefault((self.folder, uid), UNKNOWN)
            if known is UNKNOWN or uid in self.changing:
                self.mine[self.folder, uid] = has
            else:
                check(known == has, "UID", uid, "of", self.folder, "has" if has else "lacks", self.keyword, line)
        if "MODSEQ" in items:
            self.changed.add(uid)
            self.told[self.folder, uid] = int(items["MODSEQ"][0])
            self.ledger.modseq_seen(self.folder, uid, int(items["MODSEQ"][0]), self.least.get((self.folder, uid), 0))

    def modseqs(self):
        """The least that may be told now. A session whose index was taken away goes on with it until something changes,
        while others have a new one, whose numbers are higher."""
        return dict(self.told if HARM else self.ledger.modseq)

    def command(self, text, literal=None, changing=(), may_fail=False):
        """changing: UIDs whose keyword this command is about."""
        s, name = self.session, text.split()[0]
        numbers_hold = name in ("FETCH", "STORE", "SEARCH", "SORT", "THREAD")
        self.changing, self.changed = set(changing), set()
        self.least = self.modseqs() if self.condstore else {}
        s.send(("%s %s" % (s.tag(), text)).encode() + (b" {%d+}\r\n" % len(literal) + literal if literal else b"") + b"\r\n")
        if self.mortal and self.random.random() < 0.004:
            self.kill()
        lines = []
        while True:
            line = s.line()
            if line.startswith(s.tags[0] + " "):
                s.tags.pop(0)
                check(re.match(r"\S+ OK", line) or (may_fail and re.match(r"\S+ NO \[EXPUNGEISSUED\]", line)), text, "->", line)
                return line, lines
            check(line.startswith("* "), "odd line", line)
            check(not line.startswith("* BYE"), text, "->", line)
            lines.append(line)
            self.untagged(line, numbers_hold)

    def kill(self):
        time.sleep(self.random.random() * self.random.choice((0, 0.001, 0.02)))
        self.session.process.send_signal(signal.SIGKILL)
        self.ledger.did("kill")
        raise EOFError

    # ------------------------------------------------------------ mailboxes
    def select(self):
        folder = self.random.choice(FOLDERS)
        if self.folder:
            self.past[self.folder] = (self.validity, self.modseq, {u for u in self.view if u}) if self.modseq and None not in self.view else None
        how, self.before, self.view, self.folder = "", set(), [], folder
        if self.qresync and self.past.get(folder):
            how = " (QRESYNC (%s %s))" % self.past[folder][:2]
            self.before = set(self.past[folder][2])
        old = self.past.get(folder)
        with self.ledger.lock:
            must = set(self.ledger.arrived[folder])
        _, lines = self.command("SELECT " + folder + (how or (" (CONDSTORE)" if self.condstore else "")))
        text = "\n".join(lines)
        validity = re.search(r"UIDVALIDITY (\d+)", text).group(1)
        m = re.search(r"HIGHESTMODSEQ (\d+)", text)
        self.validity, self.modseq = validity, m and int(m.group(1))
        check(VALIDITY.setdefault(folder, validity) == validity, "UIDVALIDITY changed")
        told = self.before | {u for u in self.view if u}
        self.look(must)
        if how:  # what was, less what vanished, and what is new
            now = {u for u in self.view if u}
            check({u for u in told if self.ledger.kept(folder, u)} <= now, "QRESYNC left", sorted(told - now)[:5])
            missed = {u for u in now - told if self.ledger.kept(folder, u) and u < max(old[2] or {0})}
            check(not missed, "QRESYNC did not tell of", sorted(missed)[:5])
            self.ledger.did("qresync")

    def look(self, must=None):
        """All that is here, and that what has to be is here."""
        if must is None:
            with self.ledger.lock:
                must = set(self.ledger.arrived[self.folder])
        self.command("NOOP")
        if not self.view:
            check(not must, "nothing is in", self.folder)
            return
        self.command("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        have = [self.ledger.token.get((self.folder, u)) for u in self.view if u]
        kept = [t for t in have if t and t[0] == "k"]
        check(len(kept) == len(set(kept)), "twice in", self.folder, ":", sorted(t for t in kept if kept.count(t) > 1)[:4])
        check(must <= set(kept), "not in", self.folder, ":", sorted(must - set(kept))[:5])

    def some(self, wanted=lambda uid: True):
        known = [n for n, u in enumerate(self.view, 1) if u and wanted(u)]
        return sorted(self.random.sample(known, min(len(known), self.random.randint(1, 5))))

    def free(self, uid):
        return self.ledger.token.get((self.folder, uid), "k")[0] == "f"

    def do_keyword(self):
        numbers = self.some()
        if not numbers:
            return False
        uids, sign, by_uid = [self.view[n - 1] for n in numbers], self.random.choice("+-"), self.random.random() < 0.5
        for u in uids:
            self.mine[self.folder, u] = UNKNOWN
        self.command("%sSTORE %s %sFLAGS%s (%s)" % ("UID " if by_uid else "", set_of(uids if by_uid else numbers), sign,
                               self.random.choice(("", ".SILENT")), self.keyword), changing=uids, may_fail=True)
        for u in uids:
            if self.ledger.kept(self.folder, u):
                check(self.mine[self.folder, u] in (UNKNOWN, sign == "+"), "STORE told the flags of before for UID", u)
                self.mine[self.folder, u] = sign == "+"

    def do_changed(self):
        """A change of flags is among those since before it, and its MODSEQ is greater."""
        kept = [n for n in self.some(lambda u: self.ledger.kept(self.folder, u)) if self.mine.get((self.folder, self.view[n - 1])) is False]
        if not self.condstore or not kept:
            return False
        uid = self.view[kept[0] - 1]
        _, lines = self.command("UID FETCH %d (MODSEQ)" % uid)
        before = int(re.search(r"MODSEQ \((\d+)\)", "\n".join(lines)).group(1))
        self.mine[self.folder, uid] = UNKNOWN
        self.command("UID STORE %d +FLAGS.SILENT (%s)" % (uid, self.keyword), changing=[uid])
        self.mine[self.folder, uid] = True
        _, lines = self.command("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % before)
        check(uid in self.changed, "UID", uid, "of", self.folder, "is not among those changed since", before)

    def do_flags(self):
        numbers = self.some()
        if numbers:
            self.command("STORE %s %sFLAGS (%s)" % (set_of(numbers), self.random.choice("+-"),
                         " ".join(self.random.sample(["\\Seen", "\\Answered", "\\Draft"], 2))), may_fail=True)

    def do_fetch(self):
        numbers = self.some()
        if numbers:
            self.command("FETCH %s (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])" % set_of(numbers), may_fail=True)

    def do_content(self):
        numbers = self.some()
        if numbers:
            self.command("FETCH %s (UID ENVELOPE BODYSTRUCTURE RFC822.SIZE)" % set_of(numbers), may_fail=True)

    def do_text(self):
        """A search that few messages or many answer, from the index of texts or beside it."""
        known = [u for u in self.view if (self.folder, u) in self.ledger.token]
        if not known:
            return False
        text = self.ledger.token[self.folder, self.random.choice(known)]
        what = self.random.choice(("TEXT", "BODY", "SUBJECT"))
        text = text[:-1] if len(text) > 2 and self.random.random() < 0.5 else text  # one letter is in names of fields too
        text = {"TEXT": text + self.random.choice(("", "@example")), "BODY": "of " + text, "SUBJECT": text}[what]
        _, lines = self.command('UID SEARCH %s "%s"' % (what, text))
        found = {int(w) for w in re.sub(r"\(.*", "", [x for x in lines if x.startswith("* SEARCH")][-1]).split()[2:]}
        for u in self.view:
            token = self.ledger.token.get((self.folder, u))
            if token:
                fits = text in {"TEXT": token + "@example.org", "BODY": "of %s." % token, "SUBJECT": token}[what]
                check(fits or u not in found, "SEARCH", what, text, "found UID", u, "of", self.folder, "which is", token)
                check(not fits or u in found or token[0] == "f", "SEARCH", what, text, "missed UID", u, "of", self.folder)

    def agrees(self, found, what):
        """UIDs that have the keyword, held against what this session did."""
        for u in found:
            check(self.mine.get((self.folder, u), UNKNOWN) is not False, what, "found UID", u, "of", self.folder, "without", self.keyword)
        want = {u for u in self.view if u and self.mine.get((self.folder, u)) and self.ledger.kept(self.folder, u)}
        check(want <= set(found), what, "missed UIDs", sorted(want - set(found))[:5], "of", self.folder)

    def do_search(self):
        by_uid = self.random.random() < 0.5
        _, lines = self.command("%sSEARCH KEYWORD %s" % ("UID " if by_uid else "", self.keyword))
        line = [x for x in lines if x.startswith("* SEARCH")][-1]
        found = [int(w) for w in re.sub(r"\(.*", "", line).split()[2:]]
        found = found if by_uid else [self.view[n - 1] for n in found if self.view[n - 1]]
        self.agrees(found, "SEARCH")

    def do_esearch(self):
        if "ESEARCH" not in self.can:
            return False
        _, lines = self.command("UID SEARCH RETURN (MIN MAX COUNT ALL) KEYWORD %s" % self.keyword)
        line = [x for x in lines if x.startswith("* ESEARCH")][-1]
        found = uids_of(re.search(r"ALL ([0-9:,]+)", line).group(1)) if "ALL" in line else []
        check(int(re.search(r"COUNT (\d+)", line).group(1)) == len(found), line)
        if found:
            check(int(re.search(r"MIN (\d+)", line).group(1)) == min(found) and int(re.search(r"MAX (\d+)", line).group(1)) == max(found), line)
        # A range of ALL holds UIDs that were never seen, or are gone.
        self.agrees([u for u in found if self.mine.get((self.folder, u)) is not None], "ESEARCH")

    def do_sort(self):
        if "SORT" not in self.can:
            return False
        _, lines = self.command("UID SORT (SIZE) UTF-8 KEYWORD %s" % self.keyword)
        found = [int(w) for w in re.sub(r"\(.*", "", [x for x in lines if x.startswith("* SORT")][-1]).split()[2:]]
        sizes = [self.ledger.sizes[self.ledger.token[self.folder, u]] for u in found if (self.folder, u) in self.ledger.token]
        check(len(found) == len(set(found)) and sizes == sorted(sizes), "SORT by SIZE", sizes)
        self.agrees(found, "SORT")

    def do_thread(self):
        if "THREAD=REFERENCES" not in self.can:
            return False
        _, lines = self.command("UID THREAD REFERENCES UTF-8 KEYWORD %s" % self.keyword)
        found = [int(w) for w in re.findall(r"\d+", [x for x in lines if x.startswith("* THREAD")][-1])]
        check(len(found) == len(set(found)), "THREAD names one twice")
        self.agrees(found, "THREAD")

    def do_save(self):
        if "SEARCHRES" not in self.can:
            return False
        self.command("UID SEARCH RETURN (SAVE) KEYWORD %s" % self.keyword)
        _, lines = self.command("UID SEARCH UID $")
        line = [x for x in lines if x.startswith("* SEARCH")][-1]
        self.agrees([int(w) for w in re.sub(r"\(.*", "", line).split()[2:]], "$")

    def do_append(self):
        token, data = self.ledger.new(self.random)
        folder = self.random.choice(FOLDERS)
        last, _ = self.command("APPEND %s (\\Seen)" % folder, data)
        uid = int(re.search(r"APPENDUID \d+ (\d+)", last).group(1))
        self.ledger.seen(folder, uid, token)
        self.ledger.accepted(folder, token)

    def do_move(self):
        numbers = self.some(self.free)
        if not numbers:
            return False
        uids, to = [self.view[n - 1] for n in numbers], [f for f in FOLDERS if f != self.folder][0]
        verb = self.random.choice(("COPY", "MOVE", "MOVE"))
        last, lines = self.command("UID %s %s %s" % (verb, set_of(uids), to))
        for m in re.finditer(r"COPYUID \d+ (\S+) (\S+)\]", "\n".join(lines + [last])):
            old, new = uids_of(m.group(1)), uids_of(m.group(2))
            check(len(old) == len(new) and set(old) <= set(uids), m.group(), "of", uids)
            for a, b in zip(old, new):
                self.ledger.seen(to, b, self.ledger.token[self.folder, a])

    def do_expunge(self):
        numbers = self.some(self.free)
        if not numbers:
            return False
        uids = [self.view[n - 1] for n in numbers]
        self.command("UID STORE %s +FLAGS.SILENT (\\Deleted)" % set_of(uids))
        self.command(self.random.choice(("EXPUNGE", "UID EXPUNGE " + set_of(uids))))
        left = set(uids) & set(self.view)
        check(not left, "EXPUNGE left", left)

    def do_status(self):
        with self.ledger.lock:
            must = {f: len(self.ledger.arrived[f]) for f in FOLDERS}
        for f in FOLDERS:
            # One reading of a folder may miss a file that another program renames meanwhile; not one after the other.
            for _ in range(4):
                _, lines = self.command("STATUS %s (MESSAGES UNSEEN UIDNEXT)" % f)
                n = {k: int(v) for k, v in re.findall(r"(MESSAGES|UNSEEN|UIDNEXT) (\d+)", [x for x in lines if x.startswith("* STATUS")][-1])}
                if must[f] <= n["MESSAGES"]:
                    break
                self.ledger.did("status again")
            check(must[f] <= n["MESSAGES"] < n["UIDNEXT"] and n["UNSEEN"] <= n["MESSAGES"], "STATUS of", f, n, "at least", must[f])

    def do_idle(self):
        s = self.session
        self.changing, self.changed = set(), set()
        self.least = self.modseqs() if self.condstore else {}
        s.send((s.tag() + " IDLE\r\n").encode())
        time.sleep(self.random.random() / 10)
        s.send(b"DONE\r\n")
        while True:
            line = s.line()
            if line.startswith(s.tags[0]):
                s.tags.pop(0)
                return
            if not line.startswith("+ "):
                self.untagged(line, False)

    def do_look(self):
        self.look()

    def do_select(self):
        self.select()

    def ended(self, act):
        code = self.session.process.wait(60)
        # It can't know any more which message has which number: the index was damaged and messages went.
        gave_up = HARM and code == os.EX_TEMPFAIL
        check(gave_up or code == -signal.SIGKILL, act, "ended the session with", code)
        if gave_up:
            self.ledger.did("gave up")

    def run(self, until):
        acts = ["keyword"] * 6 + ["fetch", "search"] * 3 + ["content", "text", "flags", "append", "move", "expunge", "esearch", "sort", "changed", "look", "status"] * 2 + ["thread", "save", "idle", "select"]
        while time.time() < until:
            act = self.random.choice(acts)
            try:
                if self.session is None:
                    self.start()
                if getattr(self, "do_" + act)() is not False:
                    self.ledger.did(act)
            except EOFError:
                self.ended(act)
                self.past.clear()
                while True:
                    try:
                        self.start()
                        break
                    except EOFError:
                        self.ended("the beginning")
        self.mortal = False
        while True:
            try:
                if self.session is None or self.session.process.poll() is not None:
                    self.start()
                self.look()
                break
            except EOFError:
                self.ended("the last look")
        self.session.end()


def folder_path(folder):
    return MAILDIR if folder == "INBOX" else os.path.join(MAILDIR, "." + folder)


def deliver(ledger, rng, until):
    n = 0
    while time.time() < until:
        token, data = ledger.new(rng)
        n += 1
        name = "%d.D%d.host" % (time.time(), n)
        folder = rng.choice(FOLDERS)
        path = os.path.join(folder_path(folder), "tmp", name)
        open(path, "wb").write(data.replace(b"\r\n", b"\n"))
        os.rename(path, os.path.join(folder_path(folder), "new", name))
        ledger.accepted(folder, token)
        ledger.did("delivery")
        time.sleep(rng.random() / 5)


def rename(ledger, rng, until):
    """Another mail reader sets and takes \\Flagged, which nobody here counts on."""
    while time.time() < until:
        cur = os.path.join(folder_path(rng.choice(FOLDERS)), "cur")
        names = os.listdir(cur)
        if names:
            head, mark, flags = rng.choice(names).partition(":2,")
            if mark:
                new = flags.replace("F", "") if "F" in flags else "".join(sorted(flags + "F"))
                try:
                    os.rename(os.path.join(cur, head + mark + flags), os.path.join(cur, head + mark + new))
                    ledger.did("rename")
                except FileNotFoundError:
                    pass
        time.sleep(rng.random() / 20)


def harm(ledger, rng, until):
    """Indexes are caches: whatever becomes of their files, the answers are the same."""
    while time.time() < until:
        path = os.path.join(folder_path(rng.choice(FOLDERS)), rng.choice(("index", "index.names", "index.content", "index.text")))
        kind = rng.choice(("delete", "cut", "byte", "bytes", "zeros", "noise", "grow"))
        size = os.path.getsize(path) if os.path.exists(path) else 0
        try:
            if size and kind == "delete":
                os.unlink(path)
            elif size and kind == "cut":
                os.truncate(path, rng.randrange(size))
            elif size:
                with open(path, "r+b") as f:
                    if kind in ("byte", "bytes"):
                        for _ in range(1 if kind == "byte" else 100):
                            f.seek(rng.randrange(size))
                            f.write(rng.randbytes(1))
                    else:
                        at = size if kind == "grow" else rng.randrange(size)
                        f.seek(at)
                        f.write(bytes(size - at) if kind == "zeros" else rng.randbytes(size - at or 5000))
        except FileNotFoundError:
            continue
        ledger.did("harm")
        time.sleep(rng.random() / 2)


def final_look(ledger):
    for folder in FOLDERS:
        have = []
        for sub in ("new", "cur"):
            where = os.path.join(folder_path(folder), sub)
            for name in os.listdir(where):
                text = open(os.path.join(where, name), "rb").read()
                token = re.search(rb"Subject: (\w+)", text).group(1).decode()
                have.append(token)
                check(len(text.replace(b"\n", b"\r\n")) == ledger.sizes[token], token, "is not whole")
        kept = [t for t in have if t[0] == "k"]
        check(len(kept) == len(set(kept)), "twice in", folder)
        check(ledger.arrived[folder] <= set(kept), "lost from", folder, ":", ledger.arrived[folder] - set(kept))


def main():
    ledger, trouble = Ledger(), []
    first = Session(SERVER, HOME, log=LOG)
    first.run("CREATE Other")
    first.end()
    until = time.time() + SECONDS

    def guarded(work, *args):
        try:
            work(*args)
        except Exception:
            trouble.append(traceback.format_exc())

    jobs = [(lambda n, r: Client(ledger, n, r).run(until), n) for n in range(SESSIONS)]
    threads = [threading.Thread(target=guarded, args=(job, n, random.Random(SEED * 1000 + n))) for job, n in jobs]
    threads += [threading.Thread(target=guarded, args=(work, ledger, random.Random(SEED * 1000 + 900 + k), until)) for k, work in enumerate((deliver, rename) + ((harm,) if HARM else ()))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if not trouble:
        # What a killed session left in tmp is taken away by and by (store's own tests); nothing else may be lost.
        guarded(final_look, ledger)
    print("seed %d: %s" % (SEED, ", ".join("%d %s" % (n, what) for what, n in sorted(ledger.done.items()))))
    for t in trouble[:5]:
        print(t)
    if trouble and "KEEP" not in os.environ:
        print("files by token:")
        for word in set(re.findall(r"\b[kf]\d+\b", " ".join(trouble))):
            print("  ", word, [os.path.relpath(os.path.join(d, f), MAILDIR) for d, _, fs in os.walk(MAILDIR) for f in fs
                               if os.path.basename(d) in ("new", "cur") and b"Subject: %s\r" % word.encode() in open(os.path.join(d, f), "rb").read().replace(b"\n", b"\r\n")])
    return 1 if trouble or not ledger.done else 0


VALIDITY = {}
BASE = tempfile.mkdtemp()
HOME = os.path.join(BASE, "home")
os.mkdir(HOME)
MAILDIR = os.path.join(HOME, "Maildir")
LOG = open(os.path.join(BASE, "log"), "w")
try:
    code = main()
finally:
    if "KEEP" in os.environ:
        print(BASE)
    else:
        shutil.rmtree(BASE)
sys.exit(code)
