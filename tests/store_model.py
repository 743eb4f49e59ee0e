#!/usr/bin/python3
"""One mailbox under several sessions, one command at a time, each answer compared with a model.

usage: store_model.py BIN_DIR random SEED [STEPS]     a walk of random commands, the same for the same seed
       store_model.py BIN_DIR harm SEED [STEPS]       the same, with the folders' indexes deleted, cut and damaged between
       store_model.py BIN_DIR pairs [ACTION COMMAND]  each command after each action of another session

The model knows what every mailbox holds, and of every session what it was told. Commands run one after the other, so
after each of them it is certain what must have been answered (RFC 3501; RFC 2180 for what another session removed),
what each client must have been told, what the names on the disk say, and what the quota's file adds up to.
At the first difference it ends with 1, the seed, and the last commands.
"""
import itertools
import os
import random
import re
import subprocess
import sys
import traceback

from store_session import SYSTEM, Imap, Place, Pop, Wrong, check, mail

KEYWORDS_MAX = 26
QUOTA = 60000


def ranges(numbers):
    """A sequence set."""
    parts, numbers = [], sorted(numbers)
    for n in numbers:
        if parts and parts[-1][1] == n - 1:
            parts[-1][1] = n
        else:
            parts.append([n, n])
    return ",".join("%d" % a if a == b else "%d:%d" % (a, b) for a, b in parts)


def numbers_of(text):
    found = []
    for part in text.split(","):
        low, _, high = part.partition(":")
        found += range(int(low), int(high or low) + 1)
    return found


class Message:
    def __init__(self, token, size, flags=()):
        self.token, self.size, self.flags = token, size, set(flags)


class Box:
    def __init__(self):
        self.messages = {}  # uid: Message
        self.arrived = []   # delivered; nobody has told us the UID yet
        self.used = set()   # every UID there was

    def keywords(self):
        return {k for m in self.all() for k in m.flags if k[0] != "\\"}

    def all(self):
        return list(self.messages.values()) + self.arrived

    def put(self, uid, message):
        check(uid not in self.used, "UID", uid, "comes again")
        self.used.add(uid)
        self.messages[uid] = message


class Session(Imap):
    read_only = False


class Model:
    def __init__(self, bin, log):
        self.place, self.log = Place(bin, QUOTA), log
        self.tokens = itertools.count(1)
        self.boxes = {name: Box() for name in ("INBOX", "Archive", "Trash")}
        self.boxes["INBOX"].arrived.append(Message("first", 0))
        self.boxes["INBOX"].arrived[0].size = os.stat(self.place.files("INBOX")[0][0]).st_size
        self.sessions, self.pops = [], []

    def close(self):
        for p in self.sessions + self.pops:
            p.program.kill()
        self.place.remove()

    def session(self):
        s = Session(self.place.bin, self.place.maildir, self.log)
        self.sessions.append(s)
        return s

    def total(self):
        every = [m for b in self.boxes.values() for m in b.all()]
        return sum(m.size for m in every), len(every)

    # What a client was told, and what is there.

    def learn(self, s):
        """Whatever is new to the client has a UID; a delivery gets its own by it."""
        s.learn()
        box = self.boxes[s.folder]
        for n, seen in enumerate(s.view, 1):
            if seen.uid not in box.messages and seen.uid not in box.used:
                self.resolve(box, seen.uid, s.command("FETCH %d BODY.PEEK[HEADER.FIELDS (SUBJECT)]" % n).lines)

    def resolve(self, box, uid, lines):
        token = re.search(r"Subject: (\S+)", "\n".join(lines))
        check(token, "UID", uid, "can't be read:", lines)
        found = [m for m in box.arrived if m.token == token.group(1)]
        check(found, "UID", uid, "is", token.group(1), "which was not delivered here")
        box.arrived.remove(found[0])
        box.put(uid, found[0])

    def synced(self, s, expunges):
        """After a command that looks: nothing is missing, nothing is stale."""
        if s.folder is None:
            return
        self.learn(s)
        box = self.boxes[s.folder]
        uids = s.uids()
        check(uids == sorted(uids), "UIDs don't ascend:", uids)
        alive = [u for u in uids if u in box.messages]
        check(alive == sorted(box.messages), "the client knows", alive, "there are", sorted(box.messages))
        check(not box.arrived, "not told of", [m.token for m in box.arrived])
        check(not expunges or alive == uids, "not told that", set(uids) - set(alive), "are gone")
        for seen in s.view:
            if seen.uid in box.messages:
                flags = box.messages[seen.uid].flags
                check(seen.flags == flags, "UID", seen.uid, "has", flags, "the client knows", seen.flags)
        if not s.read_only:
            room = len(box.keywords()) < KEYWORDS_MAX
            check(("\\*" in s.permanent) <= room, "\\* is promised, and all letters are in use")

    def disk(self):
        for name, box in self.boxes.items():
            there = self.place.flags(name)
            for uid, message in box.messages.items():
                check(there.get(uid) == message.flags, name, "UID", uid, "has", message.flags, "on the disk", there.get(uid))
            check(len(self.place.files(name)) == len(box.all()), name, "holds", len(self.place.files(name)), "not", len(box.all()))
            left = os.listdir(os.path.join(self.place.folder(name), "tmp"))
            check(not left, "left in tmp of", name, left)
        check(self.place.written() in (None, self.total()), "maildirsize says", self.place.written(), "there are", self.total())

    # Choosing among a client's messages.

    def chosen(self, s, by_uid, numbers):
        """(the set as text, UIDs asked for, those that are gone)"""
        uids = [s.view[n - 1].uid for n in numbers]
        gone = [u for u in uids if u not in self.boxes[s.folder].messages]
        return ranges(uids if by_uid else numbers), uids, gone

    def removed_rule(self, a, by_uid, gone, what):
        """RFC 2180 4.1.2, 4.2.2, 4.2.3, 4.4.1; RFC 3501 6.4.8: a UID that is not there is ignored."""
        if gone and not by_uid:
            check(a.kind == "NO" and a.code == "EXPUNGEISSUED", what, "of", gone, "gone ->", a)
        else:
            check(a.kind == "OK", what, "->", a)

    def kind(self, a, kind, code, what):
        check(a.kind == kind and a.code.split(" ")[0] == code, what, "->", a, "not", kind, code)

    # Commands.

    def do_noop(self, s, how="NOOP"):
        a = s.idle() if how == "IDLE" else s.command(how)
        self.kind(a, "OK", "", how)
        self.synced(s, True)

    def do_fetch(self, s, by_uid, numbers, item):
        text, uids, gone = self.chosen(s, by_uid, numbers)
        box = self.boxes[s.folder]
        by_number = {n: s.view[n - 1].uid for n in numbers}
        if item == "BODY[]" and not s.read_only:
            for u in set(uids) - set(gone):
                box.messages[u].flags.add("\\Seen")
        a = s.command("%sFETCH %s (%s)" % ("UID " if by_uid else "", text, item))
        if item in ("FLAGS", "UID", "RFC822.SIZE") and a.kind == "OK":
            gone = []  # answered from what is known (RFC 2180 4.1.1)
        self.removed_rule(a, by_uid, gone, "FETCH")
        key = item.replace(".PEEK", "").partition("[")[0]
        # Before any EXPUNGE: numbers are the old ones until then.
        head = list(itertools.takewhile(lambda line: not line.endswith(" EXPUNGE"), a.lines))
        told = {}
        for line in head:
            m = re.match(r"\* (\d+) FETCH \(.*%s\b" % re.escape(key), line)
            if m and int(m.group(1)) in by_number:
                told.setdefault(by_number[int(m.group(1))], line)
        for u in uids:
            if u in box.messages:
                check(u in told, "FETCH", item, "gave nothing of UID", u, a.lines)
                if "BODY" in item:
                    check("Subject: %s\r\n" % box.messages[u].token in told[u], "UID", u, "is", told[u], "not", box.messages[u].token)
        self.synced(s, by_uid)

    def do_store(self, s, by_uid, numbers, how, flags, silent):
        text, uids, gone = self.chosen(s, by_uid, numbers)
        box = self.boxes[s.folder]
        a_text = "%sSTORE %s %sFLAGS%s (%s)" % ("UID " if by_uid else "", text, how, ".SILENT" if silent else "", " ".join(flags))
        alive = [u for u in uids if u not in gone]
        new = {f for f in flags if f[0] != "\\"}
        if s.read_only:
            self.kind(s.command(a_text), "NO", "READ-ONLY", "STORE")
            return self.synced(s, by_uid)
        if how != "-" and len(box.keywords() | new) > KEYWORDS_MAX:
            self.kind(s.command(a_text), "NO", "LIMIT", "STORE of another keyword")
            return self.synced(s, by_uid)
        for u in alive:
            m = box.messages[u]
            m.flags = m.flags | set(flags) if how == "+" else m.flags - set(flags) if how == "-" else set(flags)
        by_number = {s.view[n - 1].uid: n for n in numbers}
        a = s.command(a_text)
        self.removed_rule(a, by_uid or silent, gone, "STORE")
        if silent and a.kind == "OK":  # the client takes it for done (RFC 3501 6.4.6)
            for seen in s.view:
                if seen.uid in alive:
                    seen.flags = seen.flags | set(flags) if how == "+" else seen.flags - set(flags) if how == "-" else set(flags)
        if not silent:
            for u in alive:
                check(a.all(r"\* %d FETCH .*FLAGS" % by_number[u]), "STORE does not tell of", u, a.lines)
        self.synced(s, by_uid)

    def do_place(self, s, by_uid, numbers, to, move):
        text, uids, gone = self.chosen(s, by_uid, numbers)
        box = self.boxes[s.folder]
        verb = "MOVE" if move else "COPY"
        command = "%s%s %s %s" % ("UID " if by_uid else "", verb, text, to)
        alive = [u for u in uids if u not in gone]
        used, count = self.total()
        if move and s.read_only:
            self.kind(s.command(command), "NO", "READ-ONLY", "MOVE")
        elif to not in self.boxes:
            self.kind(s.command(command), "NO", "TRYCREATE", verb)
        elif gone and not by_uid:
            self.kind(s.command(command), "NO", "EXPUNGEISSUED", verb)
        elif not move and used + sum(box.messages[u].size for u in alive) > QUOTA:
            self.kind(s.command(command), "NO", "OVERQUOTA", verb)
        else:
            self.placed(s, s.command(command), alive, to, move)
        self.synced(s, True)

    def placed(self, s, a, alive, to, move):
        box, target = self.boxes[s.folder], self.boxes[to]
        check(a.kind == "OK", "COPY or MOVE ->", a)
        code = re.search(r"\[(COPYUID [^]]*)\]", "\n".join(a.lines) + "[%s]" % a.code)
        if not alive:
            return check(not code, "COPYUID of nothing", code)
        check(code, "no COPYUID of", alive, a)
        _, _, source, new = code.group(1).split(" ")
        check(numbers_of(source) == alive, "COPYUID of", source, "not", alive)
        kept = target.keywords()
        for old, uid in zip(alive, numbers_of(new)):
            m = box.messages[old]
            target.put(uid, Message(m.token, m.size, m.flags))
            if len(kept | target.keywords()) > KEYWORDS_MAX:  # some were left out: which, the disk says
                target.messages[uid].flags = self.place.flags(to)[uid]
        if move:
            for u in alive:
                del box.messages[u]

    def do_expunge(self, s, numbers=None):
        box = self.boxes[s.folder]
        if s.read_only:
            self.kind(s.command("EXPUNGE"), "NO", "READ-ONLY", "EXPUNGE")
            return self.synced(s, True)
        among = s.uids() if numbers is None else [s.view[n - 1].uid for n in numbers]
        self.forget(box, among)
        a = s.command("EXPUNGE" if numbers is None else "UID EXPUNGE " + ranges(among))
        self.kind(a, "OK", "", "EXPUNGE")
        self.synced(s, True)

    def forget(self, box, among):
        for u in among:
            if u in box.messages and "\\Deleted" in box.messages[u].flags:
                del box.messages[u]

    def do_close(self, s):
        box, name = self.boxes[s.folder], s.folder
        if not s.read_only:
            self.forget(box, s.uids())
        s.folder = None
        self.kind(s.command("CLOSE"), "OK", "", "CLOSE")
        self.do_select(s, name)

    def do_select(self, s, name, how="SELECT"):
        s.read_only = how == "EXAMINE"
        a = s.select(name, how)
        self.kind(a, "OK", "READ-ONLY" if s.read_only else "READ-WRITE", how)
        self.synced(s, True)

    def do_append(self, s, to, size, flags):
        box = self.boxes[to]
        data = mail("token-%d" % next(self.tokens), size)
        stored = len(data.replace(b"\r\n", b"\n"))
        token = re.search(rb"Subject: (\S+)", data).group(1).decode()
        used, _ = self.total()
        new = {f for f in flags if f[0] != "\\"}
        a = s.append(to, data, " ".join(flags))
        if used + stored > QUOTA:
            self.kind(a, "NO", "OVERQUOTA", "APPEND")
        elif len(box.keywords() | new) > KEYWORDS_MAX:
            self.kind(a, "NO", "LIMIT", "APPEND with another keyword")
        else:
            self.kind(a, "OK", "APPENDUID", "APPEND")
            box.put(int(a.code.split(" ")[2]), Message(token, stored, flags))
        self.synced(s, True)

    def do_search(self, s, by_uid, key):
        a = s.command("%sSEARCH %s" % ("UID " if by_uid else "", key))
        check(a.kind == "OK", "SEARCH ->", a)
        found = [int(n) for line in a.all(r"\* SEARCH(.*)") for n in line.group(1).split()]
        self.synced(s, by_uid)
        uids = set(found) if by_uid else {s.view[n - 1].uid for n in found}
        word, _, name = key.partition(" ")
        flag = name if word == "KEYWORD" else "\\" + word.capitalize()
        there = {u for u, m in self.boxes[s.folder].messages.items() if word == "ALL" or flag in m.flags}
        check(uids == there, "SEARCH", key, "found", uids, "not", there)

    def do_status(self, s, name):
        box = self.boxes[name]
        a = s.ok("STATUS %s (MESSAGES UNSEEN UIDNEXT)" % name)
        n, unseen, uidnext = (int(x) for x in a.all(r"\* STATUS \S+ \(MESSAGES (\d+) UIDNEXT (\d+) UNSEEN (\d+)\)")[0].group(1, 3, 2))
        check(n == len(box.all()), "STATUS MESSAGES", n, "of", len(box.all()))
        check(unseen == sum("\\Seen" not in m.flags for m in box.all()), "STATUS UNSEEN", unseen)
        check(uidnext > max(box.messages, default=0), "STATUS UIDNEXT", uidnext)

    # Others.

    def do_deliver(self, size=200):
        message = Message("token-%d" % next(self.tokens), 0)
        used, _ = self.total()
        message.size = len(mail(message.token, size).replace(b"\r\n", b"\n"))
        before = {p for p, _, _ in self.place.files("INBOX")}
        code = self.place.deliver(message.token, size)
        self.log("deliver %s -> %d" % (message.token, code))
        new = [p for p, _, _ in self.place.files("INBOX") if p not in before]
        if code == 75:
            check(used + message.size * 2 + 300 > QUOTA and not new, "deliver", code, "though there is room")
            return
        check(code == 0 and len(new) == 1, "deliver", code, new)
        message.size = os.stat(new[0]).st_size
        self.boxes["INBOX"].arrived.append(message)

    def do_stranger(self, pick, letter):
        """A program without locks that changes a flag."""
        files = sorted(f for f in self.place.files("INBOX") if f[1] in self.boxes["INBOX"].messages)
        if not files:
            return
        path, uid, letters = files[pick % len(files)]
        word = {"F": "\\Flagged", "R": "\\Answered", "S": "\\Seen"}[letter]
        letters = "".join(sorted(set(letters) ^ {letter}))
        folder = os.path.join(self.place.maildir, "cur")
        os.rename(path, os.path.join(folder, os.path.basename(path).partition(":")[0] + ":2," + letters))
        self.boxes["INBOX"].messages[uid].flags ^= {word}
        self.log("stranger: UID %d gets %s" % (uid, letters))

    def pop_open(self):
        p = Pop(self.place.bin, self.place.maildir)
        p.doomed, p.seen = [], set()
        self.pops.append(p)
        box = self.boxes["INBOX"]
        for n in p.unique:
            if p.uid(n) not in box.messages:
                self.resolve(box, p.uid(n), p.say("TOP %s 0" % n, True)[1])
        check([p.uid(n) for n in p.unique] == sorted(box.messages), "UIDL", list(p.unique.values()), "there are", sorted(box.messages))
        self.log("POP3 opens: %d messages" % len(p.unique))
        return p

    def pop_use(self, p, n):
        box, uid = self.boxes["INBOX"], p.uid(n)
        first, lines = p.say("RETR %s" % n, True)
        if uid in p.doomed:
            return
        check(first.startswith("+OK") == (uid in box.messages), "RETR", n, "->", first)
        if uid in box.messages:
            check("Subject: %s\r\n" % box.messages[uid].token in "".join(lines), "RETR gave another message")
            p.seen = p.seen | {uid}
        check(p.say("DELE %s" % n)[0].startswith("+OK"), "DELE", n)
        p.doomed.append(uid)
        self.log("POP3 takes %d" % uid)

    def pop_quit(self, p):
        box = self.boxes["INBOX"]
        self.pops.remove(p)
        first = p.quit()
        check(first.startswith("+OK"), "QUIT ->", first)
        for u in p.doomed:
            box.messages.pop(u, None)
        for u in p.seen:  # what was sent whole is seen
            if u in box.messages:
                box.messages[u].flags.add("\\Seen")
        self.log("POP3 quits, %s are gone" % p.doomed)


class Walk:
    """Random commands of eight sessions."""

    WORDS = ["k%d" % i for i in range(40)]

    def __init__(self, model, seed, harm=False):
        self.m, self.r, self.harm = model, random.Random(seed), harm
        self.harmed = self.gave_up = 0
        for i in range(8):
            s = model.session()
            model.do_select(s, "INBOX" if i < 6 else "Archive", "EXAMINE" if i == 5 else "SELECT")

    def numbers(self, s):
        n = len(s.view)
        return sorted(self.r.sample(range(1, n + 1), self.r.randint(1, min(n, 5)))) if n else []

    def flags(self, few=True):
        words = self.r.sample(self.WORDS, self.r.randint(1, 2 if few else 6)) if self.r.random() < 0.4 else []
        return words + self.r.sample(SYSTEM, self.r.randint(0 if words else 1, 2))

    def step(self):
        r, m = self.r, self.m
        s = r.choice(m.sessions)
        act = r.choices(["noop", "fetch", "store", "place", "expunge", "append", "search", "status", "select", "deliver",
                         "stranger", "pop", "reopen"], [6, 8, 16, 8, 5, 6, 4, 2, 2, 4, 2, 4, 1])[0]
        if self.harm and not self.survives(s):
            return
        getattr(self, "a_" + act)(s)
        m.disk()

    def survives(self, s):
        """Harm is done; s looks, and then more is done. A session that can't know any more which message has which
        number, since records were damaged and messages of these went before it looked, ends: it gives no answer that
        may be wrong. It does so here, where nothing is asked of it."""
        for _ in range(self.r.randrange(3)):
            self.damage(self.m.place.folder(self.r.choice(["INBOX", "INBOX", "INBOX", "Archive"])))
        try:
            self.m.do_noop(s)
        except (Wrong, OSError) as e:
            if "ended in the middle" not in str(e) or s.program.process.wait(60) != 75:
                raise
            self.gave_up += 1
            self.m.sessions.remove(s)
            self.m.do_select(self.m.session(), "INBOX")
            return False
        if self.r.random() < 0.5:
            self.damage(self.m.place.folder("INBOX"))
        return True

    def damage(self, folder):
        """An index is a cache: whatever becomes of it, the answers are the same."""
        path = os.path.join(folder, self.r.choice(["index", "index", "index.names", "index.content"]))
        kind = self.r.choice(["delete", "cut", "bytes", "bytes", "zeros", "record", "old"])
        size = os.path.getsize(path) if os.path.exists(path) else 0
        if size == 0:
            return
        self.harmed += 1
        self.m.log("  %s of %s" % (kind, path))
        if kind == "delete":
            os.unlink(path)
        elif kind == "cut":
            os.truncate(path, self.r.randrange(size))
        elif kind == "old":  # as a backup brings it back
            with open(path, "rb") as f:
                was = f.read()
            os.unlink(path)
            with open(path, "wb") as f:
                f.write(was)
        else:
            with open(path, "r+b") as f:
                for _ in range(1 if kind == "record" else 40):
                    at = self.r.randrange(size)
                    if kind == "record" and size > 4096:
                        at = self.r.randrange(4096, size)
                    f.seek(at)
                    f.write(bytes([0 if kind == "zeros" else self.r.randrange(256)]))

    def a_noop(self, s):
        self.m.do_noop(s, self.r.choice(["NOOP", "CHECK", "IDLE"]))

    def a_fetch(self, s):
        numbers = self.numbers(s)
        if numbers:
            self.m.do_fetch(s, self.r.random() < 0.4, numbers, self.r.choice(
                ["FLAGS", "UID", "BODY.PEEK[]", "BODY[]", "BODY.PEEK[HEADER]", "RFC822.SIZE", "ENVELOPE"]))

    def a_store(self, s):
        numbers = self.numbers(s)
        if numbers:
            self.m.do_store(s, self.r.random() < 0.4, numbers, self.r.choice("++ -").strip(), self.flags(self.r.random() < 0.8), self.r.random() < 0.4)

    def a_place(self, s):
        numbers = self.numbers(s)
        if numbers:
            to = self.r.choice(["INBOX", "INBOX", "Archive", "Archive", "Trash", "Nowhere"])
            self.m.do_place(s, self.r.random() < 0.5, numbers, to, self.r.random() < 0.5)

    def a_expunge(self, s):
        if s.view and self.r.random() < 0.4:
            self.m.do_expunge(s, self.numbers(s))
        elif self.r.random() < 0.2:
            self.m.do_close(s)
        else:
            self.m.do_expunge(s)

    def a_append(self, s):
        self.m.do_append(s, self.r.choice(["INBOX", "INBOX", "Archive"]), self.r.randint(200, 6000), self.flags())

    def a_search(self, s):
        keys = ["ALL", "SEEN", "DELETED", "ANSWERED"] + ["KEYWORD " + self.r.choice(self.WORDS)] * 2
        self.m.do_search(s, self.r.random() < 0.5, self.r.choice(keys))

    def a_status(self, s):
        self.m.do_status(s, self.r.choice([n for n in self.m.boxes if n != s.folder]))

    def a_select(self, s):
        self.m.do_select(s, self.r.choice(["INBOX", "INBOX", "Archive", "Trash"]), self.r.choice(["SELECT"] * 4 + ["EXAMINE"]))

    def a_deliver(self, s):
        self.m.do_deliver(self.r.randint(200, 6000))

    def a_stranger(self, s):
        self.m.do_stranger(self.r.randrange(1000), self.r.choice("FRS"))

    def a_pop(self, s):
        if not self.m.pops or (len(self.m.pops) < 2 and self.r.random() < 0.3):
            self.m.pop_open()
            return
        p = self.r.choice(self.m.pops)
        if self.harm:
            p.program.kill()  # what it was told to remove stays
            self.m.pops.remove(p)
            return
        if p.unique and self.r.random() < 0.6:
            self.m.pop_use(p, self.r.choice(sorted(p.unique)))
        else:
            self.m.pop_quit(p)

    def a_reopen(self, s):
        s.logout()
        self.m.sessions.remove(s)
        self.m.do_select(self.m.session(), "INBOX")


# Every command of one session after every action of another (RFC 2180). B has looked last; A has five messages, of
# which the third has \Deleted, and was told nothing of the action.

def other(how, flags):
    return lambda m, b: m.do_store(b, False, [2], how, flags, True)


def expunge(numbers):
    def act(m, b):
        m.do_store(b, False, numbers, "+", ["\\Deleted"], True)
        m.do_expunge(b, numbers)
    return act


def pop3(m, b):
    p = m.pop_open()
    m.pop_use(p, "2")
    m.pop_quit(p)


ACTIONS = {
    "nothing": lambda m, b: None,
    "flag": other("+", ["\\Flagged"]),
    "same": other("+", ["\\Answered"]),
    "unflag": other("-", ["\\Flagged", "\\Draft"]),
    "keyword": other("+", ["fresh"]),
    "same keyword": other("+", ["wanted"]),
    "delete": other("+", ["\\Deleted"]),
    "undelete": lambda m, b: m.do_store(b, False, [3], "-", ["\\Deleted"], True),
    "seen": lambda m, b: m.do_fetch(b, False, [2], "BODY[]"),
    "expunge": expunge([2]),
    "expunge most": expunge([1, 2, 4, 5]),
    "expunge all": expunge([1, 2, 3, 4, 5]),
    "move away": lambda m, b: m.do_place(b, False, [2], "Archive", True),
    "move here": lambda m, b: m.do_place(b, False, [2], "INBOX", True),
    "copy here": lambda m, b: m.do_place(b, False, [2], "INBOX", False),
    "append": lambda m, b: m.do_append(b, "INBOX", 300, ["\\Flagged", "fresh"]),
    "append there": lambda m, b: m.do_append(b, "Archive", 300, ["fresh"]),
    "deliver": lambda m, b: m.do_deliver(),
    "pop3": pop3,
    "stranger": lambda m, b: m.do_stranger(1, "F"),
    "flag, expunge": lambda m, b: (other("+", ["\\Flagged"])(m, b), expunge([4])(m, b)),
    "keyword, expunge": lambda m, b: (other("+", ["fresh"])(m, b), expunge([4])(m, b)),
}
COMMANDS = {how.lower(): lambda m, a, how=how: m.do_noop(a, how) for how in ("NOOP", "CHECK", "IDLE")}
STORES = (("+", ["\\Answered"], False), ("+", ["\\Answered"], True), ("-", ["\\Flagged", "wanted"], False),
          ("", ["\\Flagged", "wanted"], False), ("+", ["wanted"], True))
for _set, _by_uid in itertools.product(([1, 2, 3, 4, 5], [2], [3]), (False, True)):
    _few = 1 if _set == [3] else 9
    _name = "%%s%s %s" % (" uid" if _by_uid else "", ranges(_set))
    for _item in ("BODY.PEEK[]", "BODY[]", "FLAGS")[:_few]:
        COMMANDS[_name % "fetch" + " " + _item] = lambda m, a, s=_set, u=_by_uid, i=_item: m.do_fetch(a, u, s, i)
    for _how, _flags, _silent in STORES[:_few]:
        COMMANDS["%s %s%s%s" % (_name % "store", _how, _flags[-1], " silent" if _silent else "")] = \
            lambda m, a, s=_set, u=_by_uid, h=_how, f=_flags, q=_silent: m.do_store(a, u, s, h, f, q)
    for _to, _move in itertools.product(("Archive", "INBOX", "Nowhere")[:_few if _by_uid else 2], (False, True)):
        COMMANDS[_name % ("move" if _move else "copy") + " " + _to] = \
            lambda m, a, s=_set, u=_by_uid, t=_to, v=_move: m.do_place(a, u, s, t, v)
    if _by_uid:
        COMMANDS[_name % "expunge"] = lambda m, a, s=_set: m.do_expunge(a, s)
for _by_uid, _key in itertools.product((False, True), ("ALL", "ANSWERED", "KEYWORD fresh")):
    COMMANDS["search%s %s" % (" uid" if _by_uid else "", _key)] = lambda m, a, u=_by_uid, k=_key: m.do_search(a, u, k)
COMMANDS["expunge"] = lambda m, a: m.do_expunge(a)
COMMANDS["close"] = lambda m, a: m.do_close(a)
COMMANDS["append"] = lambda m, a: m.do_append(a, "INBOX", 300, ["wanted"])
COMMANDS["append there"] = lambda m, a: m.do_append(a, "Archive", 300, ["\\Seen"])
COMMANDS["status"] = lambda m, a: m.do_status(a, "Archive")
COMMANDS["select"] = lambda m, a: m.do_select(a, "INBOX")
COMMANDS["examine"] = lambda m, a: m.do_select(a, "INBOX", "EXAMINE")


def one_pair(m, action, command):
    """The mailbox is made anew for each pair by one session, A and B; both stay."""
    a, b = m.sessions
    for s in (a, b):
        if s.folder != "INBOX" or s.read_only:
            m.do_select(s, "INBOX")
    m.do_noop(a)
    m.do_store(a, False, range(1, len(a.view) + 1), "", ["\\Deleted"], True) if a.view else None
    m.do_expunge(a)
    for box in ("Archive", "INBOX"):
        if box == "Archive":
            m.do_select(b, "Archive")
            if b.view:
                m.do_store(b, False, range(1, len(b.view) + 1), "", ["\\Deleted"], True)
                m.do_expunge(b)
    for i in range(5):
        m.do_append(a, "INBOX", 200, [[], ["\\Flagged", "\\Draft"], ["\\Deleted"], ["old"], []][i])
    m.do_select(b, "INBOX")
    ACTIONS[action](m, b)
    COMMANDS[command](m, a)
    m.do_noop(a)
    m.do_noop(b)
    m.disk()


def pairs(bin, only):
    """Each pair; sessions are made anew after a fault."""
    failed, run, m, log = [], 0, None, []
    for action, command in itertools.product(ACTIONS, COMMANDS):
        if only and only != [action, command]:
            continue
        run += 1
        try:
            if m is None:
                m = Model(bin, log.append)
                for _ in range(2):
                    m.do_select(m.session(), "INBOX")
            one_pair(m, action, command)
        except (Wrong, OSError) as e:
            failed.append((action, command))
            print("%r then %r: %s" % (action, command, e))
            if only:
                print("\n".join(log[-60:]))
            if m:
                m.close()
            m = None
        log.clear()
    if m:
        m.close()
    print("%d pairs, %d wrong" % (run, len(failed)))
    return 1 if failed or not run else 0


def walk(bin, seed, steps, harm=False):
    log = []
    m = Model(bin, log.append)
    n = 0
    try:
        w = Walk(m, seed, harm)
        for n in range(steps):
            log.append("step %d" % n)
            w.step()
        for s in list(m.sessions):
            if harm:
                w.survives(s)
            else:
                m.do_noop(s)
        m.disk()
    except (Wrong, OSError):
        print("\n".join(log[-80:]))
        traceback.print_exc()
        print("seed %d, step %d" % (seed, n))
        return 1
    finally:
        m.close()
    harmed = ", %d damages, %d sessions gave up" % (w.harmed, w.gave_up) if harm else ""
    print("seed %d: %d steps, %d messages left%s" % (seed, steps, m.total()[1], harmed))
    return 0


def main():
    if len(sys.argv) > 2 and sys.argv[2] == "pairs":
        return pairs(sys.argv[1], sys.argv[3:])
    if len(sys.argv) > 3 and sys.argv[2] in ("random", "harm"):
        return walk(sys.argv[1], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 500, sys.argv[2] == "harm")
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
