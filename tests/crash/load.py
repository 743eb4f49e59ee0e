"""Clients that keep a running server busy, and a ledger of what it promised them.

A message is known by its token. It is sent once: whatever happens, it must be
there once for each promise, and at most once where none was read."""
import imaplib
import random
import re
import smtplib
import socket
import ssl
import threading
import time
from collections import Counter

from chain import DOMAIN, USERS

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 .,-"
FOLDERS = ("INBOX", "Archive")
TROUBLE = (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error, ssl.SSLError)


def content(token):
    """The bytes of a message as its sender wrote them; they follow from the token."""
    rng = random.Random(token)
    size = rng.choice((40, 400, 400, 4000, 4000, 40000, 150000))
    text = "".join(rng.choices(LETTERS, k=199)) * (size // 199 + 1)
    lines = [text[i:i + 71] for i in range(0, size, 71)]
    head = [f"From: s@{DOMAIN}", f"X-Token: {token}", "Subject: crash", "",
            ".", "..dots", "From here", ""]
    return ("\n".join(head + lines) + "\n").encode()


class Ledger:
    """Promised: what was answered 250 or OK. Doubtful: what was not answered; and
    what was put off, when the power may fail: the name may be on the disk.
    In the dark, once the power is about to fail, nobody hears an answer: xfs may
    end an fsync well that it did not finish."""

    def __init__(self, power=False):
        self.power, self.dark = power, False
        self.late = 0
        self.lock = threading.Lock()
        self.promised, self.doubtful = Counter(), Counter()  # (user, token): copies
        self.uid = {}  # (user, folder, uid): token; what a client was ever told
        self.fixed = {}  # the same, where the answer promised that it is there
        self.moved = set()
        self.outward = Counter()  # (token, address) at another host: accepted
        self.files = Counter()  # (place, token) of commands and mboxes: accepted
        self.validity = {}
        self.wrong = []
        self.tokens = 0

    def token(self):
        with self.lock:
            self.tokens += 1
            return f"t{self.tokens}t"

    def doubt(self, user, token):
        with self.lock:
            self.doubtful[user, token] += 1

    def promise(self, user, token):
        """One of its doubtful copies is certain now."""
        with self.lock:
            if self.dark:
                self.late += 1
                return
            self.doubtful[user, token] -= 1
            self.promised[user, token] += 1

    def refuse(self, user, token, for_good=False):
        with self.lock:
            if for_good or not self.power:
                self.doubtful[user, token] -= 1

    def seen(self, place, token, fixed=False):
        """place: (user, folder, uid)."""
        with self.lock:
            if self.dark:
                return
            if self.uid.setdefault(place, token) != token:
                self.wrong.append(f"{place} was {self.uid[place]} and is {token}")
            if fixed:
                self.fixed[place] = token

    def valid(self, user, folder, validity):
        with self.lock:
            if self.validity.setdefault((user, folder), validity) != validity:
                self.wrong.append(f"UIDVALIDITY of {user} {folder} changed")

    def count(self):
        with self.lock:
            return sum(self.promised.values())


class Client(threading.Thread):
    """Works until it is told to end, and comes back after every trouble."""

    def __init__(self, facts, ledger, seed):
        super().__init__(daemon=True)
        self.facts, self.ledger, self.random = facts, ledger, random.Random(seed)
        self.pause = 0  # seconds between messages
        self.ending = False
        self.troubles = 0
        self.broken = None

    def run(self):
        try:
            while not self.ending:
                try:
                    self.session()
                except TROUBLE:
                    self.troubles += 1
                    time.sleep(0.02)
        except Exception as error:  # pylint: disable=broad-except
            self.broken = repr(error)

    def rest(self):
        if self.pause:
            time.sleep(self.random.uniform(0, 2 * self.pause))

    def address(self, user):
        return f"{user}@{DOMAIN}"

    def session(self):
        raise NotImplementedError


class Sender(Client):
    """SMTP at port 25: DATA, or BDAT in pieces."""

    def connect(self):
        return smtplib.SMTP("127.0.0.1", self.facts["smtp"], timeout=20)

    def session(self):
        peer = self.connect()
        try:
            peer.ehlo_or_helo_if_needed()
            for _ in range(self.random.randint(1, 12)):
                if self.ending:
                    break
                self.one(peer)
                self.rest()
            peer.quit()
        finally:
            peer.close()

    def one(self, peer):
        token = self.ledger.token()
        to = self.random.sample(USERS, self.random.randint(1, len(USERS)))
        if peer.mail(f"s@{DOMAIN}")[0] != 250:
            raise OSError("no")
        to = [u for u in to if peer.rcpt(self.address(u))[0] == 250]
        for user in to:
            self.ledger.doubt(user, token)
        codes = self.hand_over(peer, content(token), len(to))
        for user, code in zip(to, codes):
            if code == 250:
                self.ledger.promise(user, token)
            else:
                self.ledger.refuse(user, token, code >= 500)

    def hand_over(self, peer, data, count):
        if self.random.random() < 0.5:
            return [peer.data(data.replace(b"\n", b"\r\n"))[0]] * count
        self.chunks(peer, data)
        return [peer.getreply()[0]] * count

    def chunks(self, peer, data):
        """Sends all; reads all replies but those of the last."""
        data = data.replace(b"\n", b"\r\n")
        cut = self.random.randint(0, len(data))
        peer.send(b"BDAT %d\r\n" % cut + data[:cut])
        code = peer.getreply()[0]
        if code != 250:
            raise OSError("BDAT refused")
        peer.send(b"BDAT %d LAST\r\n" % (len(data) - cut) + data[cut:])


class OutwardSender(Sender):
    """To another host, by way of this one."""

    def one(self, peer):
        token = self.ledger.token()
        to = [f"{name}@sink.example" for name in self.random.sample("abcd", self.random.randint(1, 4))]
        if peer.mail(f"{USERS[0]}@{DOMAIN}")[0] != 250:
            raise OSError("no")
        to = [x for x in to if peer.rcpt(x)[0] == 250]
        if to and peer.data(content(token).replace(b"\n", b"\r\n"))[0] == 250:
            with self.ledger.lock:
                self.ledger.outward.update((token, x) for x in to)


class PlacesSender(Sender):
    """To one address that stands for places of all kinds."""

    alias = f"all@{DOMAIN}"
    outside = ("x@sink.example", "y@slow.example")
    files = ("box", "ran")

    def one(self, peer):
        token = self.ledger.token()
        if peer.mail(f"s@{DOMAIN}")[0] != 250 or peer.rcpt(self.alias)[0] != 250:
            raise OSError("no")
        for user in USERS:
            self.ledger.doubt(user, token)
        code = peer.data(content(token).replace(b"\n", b"\r\n"))[0]
        if code != 250:
            for user in USERS:
                self.ledger.refuse(user, token, code >= 500)
            return
        for user in USERS:
            self.ledger.promise(user, token)
        with self.ledger.lock:
            self.ledger.outward.update((token, x) for x in self.outside)
            self.ledger.files.update((x, token) for x in self.files)


class LocalSender(Sender):
    """LMTP: an answer for each recipient."""

    def connect(self):
        peer = smtplib.LMTP(self.facts["lmtp"])
        peer.sock.settimeout(20)
        return peer

    def hand_over(self, peer, data, count):
        if self.random.random() < 0.5:
            self.chunks(peer, data)
        else:
            if peer.docmd("DATA")[0] != 354:
                raise OSError("no DATA")
            lines = [b"." + x if x.startswith(b".") else x for x in data.split(b"\n")]
            peer.send(b"\r\n".join(lines) + b".\r\n")
        return [peer.getreply()[0] for _ in range(count)]


class Mailbox(Client):
    """What readers share."""

    def __init__(self, facts, ledger, seed, user):
        super().__init__(facts, ledger, seed)
        self.user = user

    def connect(self):
        peer = imaplib.IMAP4("127.0.0.1", self.facts["imap"], timeout=20)
        peer.login(self.address(self.user), self.facts["users"][self.address(self.user)])
        return peer

    def open(self, peer, folder):
        peer.select(folder)
        said = peer.response("UIDVALIDITY")[1][0]
        if said is None:
            raise OSError("no folder")
        self.ledger.valid(self.user, folder, said)

    def look(self, peer, folder):
        """{uid: token} of the folder that is open."""
        found = {}
        for part in peer.uid("FETCH", "1:*", "(UID BODY.PEEK[HEADER.FIELDS (X-TOKEN)])")[1]:
            if isinstance(part, tuple):
                uid, token = re.search(rb"UID (\d+)", part[0]), re.search(rb"X-Token: (t\d+t)", part[1])
                if uid and token:
                    found[int(uid.group(1))] = token.group(1).decode()
        for uid, token in found.items():
            self.ledger.seen((self.user, folder, uid), token)
        return found

    def leave(self, peer):
        try:
            peer.logout()
        except TROUBLE:
            peer.shutdown()


class Watcher(Mailbox):
    """Notes which UID is which message."""

    def session(self):
        peer = self.connect()
        try:
            for _ in range(5):
                for folder in FOLDERS:
                    self.open(peer, folder)
                    self.look(peer, folder)
                time.sleep(self.random.random() / 10)
                if self.ending:
                    break
        finally:
            self.leave(peer)


class Keeper(Mailbox):
    """The one who appends, copies and moves in this mailbox."""

    def session(self):
        peer = self.connect()
        try:
            peer.create("Archive")
            for _ in range(self.random.randint(3, 20)):
                if self.ending:
                    break
                what = self.random.choices(("append", "COPY", "MOVE", "delete"), (55, 15, 15, 15))[0]
                if what == "append":
                    self.append(peer, self.random.choice(FOLDERS))
                elif what == "delete":
                    self.delete(peer)
                else:
                    self.carry(peer, what)
                self.rest()
        finally:
            self.leave(peer)

    def append(self, peer, folder):
        token = self.ledger.token()
        data = content(token).replace(b"\n", b"\r\n")
        self.ledger.doubt(self.user, token)
        kind, said = peer.append(folder, "(\\Seen)", None, data)
        if kind != "OK":
            self.ledger.refuse(self.user, token)
            return
        self.ledger.promise(self.user, token)
        uid = int(re.search(rb"APPENDUID \d+ (\d+)", said[0]).group(1))
        self.ledger.seen((self.user, folder, uid), token, fixed=True)

    def carry(self, peer, how):
        self.open(peer, "INBOX")
        found = self.look(peer, "INBOX")
        if not found:
            return
        uids = self.random.sample(sorted(found), min(len(found), self.random.randint(1, 3)))
        for uid in uids:
            if how == "COPY":
                self.ledger.doubt(self.user, found[uid])
            else:
                self.gone(uid, found[uid])
        kind, said = peer.uid(how, ",".join(map(str, uids)), "Archive")
        if kind != "OK":
            if how == "COPY":
                for uid in uids:
                    self.ledger.refuse(self.user, found[uid])
            return
        self.arrived(peer, how, said, found)

    def delete(self, peer):
        """What is deleted must not come again."""
        self.open(peer, "INBOX")
        found = self.look(peer, "INBOX")
        if not found:
            return
        uid = self.random.choice(sorted(found))
        self.gone(uid, found[uid])
        with self.ledger.lock:
            self.ledger.promised[self.user, found[uid]] -= 1
            self.ledger.doubtful[self.user, found[uid]] += 1
        peer.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Deleted)")
        if peer.expunge()[0] == "OK":
            with self.ledger.lock:
                self.ledger.doubtful[self.user, found[uid]] -= 1

    def gone(self, uid, token):
        with self.ledger.lock:
            self.ledger.fixed.pop((self.user, "INBOX", uid), None)
            self.ledger.moved.add((self.user, token))

    def arrived(self, peer, how, said, found):
        code = peer.response("COPYUID")[1][-1]
        if code is None:
            told = re.search(rb"COPYUID (\d+ \S+ \S+)\]", said[-1] or b"")
            code = told.group(1) if told else None
        if code is None:
            return
        _, source, target = code.decode().split()
        for old, new in zip(numbers(source), numbers(target)):
            if how == "COPY":
                self.ledger.promise(self.user, found[old])
            self.ledger.seen((self.user, "Archive", new), found[old], fixed=True)


def numbers(text):
    for part in text.split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


def start_clients(facts, ledger, rng, few=False, pause=0):
    """Some of each kind, different each time."""
    def seed():
        return rng.getrandbits(32)

    clients = [Sender(facts, ledger, seed()) for _ in range(rng.randint(1, 1 if few else 4))]
    clients += [LocalSender(facts, ledger, seed()) for _ in range(rng.randint(0, 2))]
    clients += [Keeper(facts, ledger, seed(), u) for u in rng.sample(USERS, rng.randint(1, len(USERS)))]
    clients += [Watcher(facts, ledger, seed(), u) for u in rng.sample(USERS, rng.randint(0, 2))]
    for c in clients:
        c.pause = pause
        c.start()
    return clients


def end_clients(clients, ledger):
    for c in clients:
        c.ending = True
    for c in clients:
        c.join(60)
        if c.is_alive():
            ledger.wrong.append(f"{type(c).__name__} hangs")
        if c.broken:
            ledger.wrong.append(f"{type(c).__name__}: {c.broken}")


def healthy(facts):
    """One message from port 25 to a reader, by TLS too; None or what is wrong."""
    token = f"t{time.time_ns()}t"
    try:
        with smtplib.SMTP("127.0.0.1", facts["smtp"], timeout=20) as peer:
            peer.starttls(context=ssl.create_default_context(cafile=facts["ca"]))
            peer.sendmail("x@elsewhere.example", f"{USERS[0]}@{DOMAIN}", f"X-Token: {token}\r\n\r\nhello\r\n")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            peer = imaplib.IMAP4_SSL("localhost", facts["imaps"], timeout=20,
                                     ssl_context=ssl.create_default_context(cafile=facts["ca"]))
            peer.login(f"{USERS[0]}@{DOMAIN}", facts["password"])
            peer.select("INBOX", readonly=True)
            found = peer.search(None, "HEADER", "X-Token", token)[1][0].split()
            peer.logout()
            if found:
                return None if len(found) == 1 else "the last message came twice"
            time.sleep(0.05)
        return "the last message does not arrive"
    except TROUBLE as error:
        return f"not healthy afterwards: {error!r}"
