#!/usr/bin/python3
"""Clients that leave in every way, on every port: no process stays behind, none burns the processor.

usage: soak.py SERVER.json [NAME...]     runs the named cases, or all
Prints a line for each process or connection that is not as it should be; exit 1 if there is any.

A case is one way to behave. It is tried on every port (where TLS is possible also with STARTTLS), in the states of STATES.
When all have left, every process that was not there before must end; while those that stay do, nobody may be busy.
"""
import itertools
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

D = json.load(open(sys.argv[1]))
USER, PASSWORD = list(D["users"].items())[0]
PLAIN, WRAPPED = ("smtp", "submission", "imap", "pop3"), ("smtps", "imaps", "pop3s")
STATES = [(p, how) for p in PLAIN for how in ("plain", "starttls")] + [(p, "tls") for p in WRAPPED]
TLS_STATES = [s for s in STATES if s[1] != "plain"]
GONE_S, REST_S, WINDOW_S = 40, 60, 3
RESIDENT = ("deliver", "send")  # workers, which queue-run keeps for a while
DIALOGUE_PROCESSES = 8
TICKS = os.sysconf("SC_CLK_TCK")
BIG = 3 << 20
CASES = {}


def case(states=STATES):
    def add(f):
        CASES[f.__name__] = (f, states)
        return f
    return add


class Client:
    """A connection whose every byte is ours: TLS without a socket of its own, so that it can be cut anywhere."""
    numbers = itertools.count()

    def __init__(self, port, how, window=None):
        # An address for each connection: none pays for what another one guessed.
        self.protocol = port.rstrip("s") if port != "submission" else "smtp"
        if port == "smtps":
            self.protocol = "smtp"
        self.raw = socket.socket()
        self.raw.settimeout(20)
        if window:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.raw.bind(("127.0.%d.1" % (2 + next(Client.numbers) % 250), 0))
        self.raw.connect((socket.gethostbyname(D["host"]), D[port]))
        self.tls, self.held = None, b""
        if how == "starttls":
            self.starttls()
        elif how == "tls":
            self.shake()

    def starttls(self):
        self.line()
        if self.protocol == "smtp":
            self.send(b"EHLO x\r\n")
            while self.line()[3:4] == b"-":
                pass
        self.send({"smtp": b"STARTTLS\r\n", "imap": b"a STARTTLS\r\n", "pop3": b"STLS\r\n"}[self.protocol])
        self.line()
        self.shake()

    def begin(self):
        """The client's first words, not yet sent."""
        context = ssl.create_default_context(cafile=D["ca"])
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inward, self.outward, server_hostname=D["host"])
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outward.read()

    def shake(self):
        self.raw.sendall(self.begin())
        while True:
            self.take()
            try:
                self.tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                pass
            finally:
                self.flush()

    def flush(self):
        self.raw.sendall(self.outward.read())

    def take(self):
        got = self.raw.recv(65536)
        if got:
            self.inward.write(got)
        else:
            self.inward.write_eof()
        return got

    def send(self, data):
        if self.tls is None:
            self.raw.sendall(data)
        else:
            self.tls.write(data)
            self.flush()

    def receive(self):
        if self.tls is None:
            return self.raw.recv(65536)
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self.take()
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                return b""

    def line(self):
        while b"\n" not in self.held:
            got = self.receive()
            if not got:
                return b""
            self.held += got
        line, _, self.held = self.held.partition(b"\n")
        return line

    def read_to_end(self):
        try:
            while self.receive():
                pass
        except ConnectionError:
            pass

    def ask(self, text, tag):
        self.send(text)
        while not self.line().startswith(tag):
            pass

    def login(self):
        if self.protocol == "imap":
            self.ask(b'l LOGIN "%s" "%s"\r\n' % (USER.encode(), PASSWORD.encode()), b"l OK")
        else:
            self.ask(b"USER %s\r\n" % USER.encode(), b"+OK")
            self.ask(b"PASS %s\r\n" % PASSWORD.encode(), b"+OK")

    def close_notify(self):
        if self.tls is None:
            return
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.flush()

    def half_close(self):
        self.raw.shutdown(socket.SHUT_WR)

    def close(self):
        self.raw.close()

    def reset(self):
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.raw.close()


# --- What they say before they leave.

def guesses(c):
    """Four wrong logins at once: answers come one by one, some after the client has left."""
    if c.protocol == "imap":
        return b"".join(b'g%d LOGIN "nobody@%s" "wrong"\r\n' % (i, D["domain"].encode()) for i in range(4))
    if c.protocol == "pop3":
        return b"USER nobody\r\nPASS wrong\r\n" * 4
    return b"EHLO x\r\n" + b"AUTH PLAIN AG5vYm9keQB3cm9uZw==\r\n" * 4


def chatter(c):
    """As many answers as a stranger gets."""
    return {"imap": b"".join(b"c%d CAPABILITY\r\n" % i for i in range(200)), "pop3": b"CAPA\r\n" * 200,
            "smtp": b"EHLO x\r\n" * 200}[c.protocol]


def everything(c):
    """Far more than fits into all buffers on the way, for a user."""
    if c.protocol == "imap":
        return b"s SELECT INBOX\r\n" + b"".join(b"f%d FETCH 1 BODY.PEEK[]\r\n" % i for i in range(12))
    return b"RETR 1\r\n" * 12


# --- The ways to leave.

@case()
def probe(c):
    c.close_notify()
    c.close()


@case()
def probe_without_goodbye(c):
    c.close()


@case()
def probe_reset(c):
    c.reset()


@case()
def goodbye_then_half_close(c):
    c.close_notify()
    c.half_close()
    c.read_to_end()
    c.close()


@case()
def half_close_then_read(c):
    c.half_close()
    c.read_to_end()
    c.close()


@case(TLS_STATES)
def goodbye_and_wait(c):
    """The server has to end by itself."""
    c.close_notify()
    c.read_to_end()
    c.close()


@case()
def guesses_then_goodbye(c):
    c.send(guesses(c))
    c.close_notify()
    c.close()


@case()
def guesses_then_close(c):
    c.send(guesses(c))
    c.close()


@case()
def guesses_then_half_close(c):
    c.send(guesses(c))
    c.half_close()
    c.read_to_end()
    c.close()


@case()
def guesses_then_reset(c):
    c.send(guesses(c))
    c.reset()


@case()
def garbage(c):
    c.send(bytes(range(256)) * 40)
    c.close_notify()
    c.close()


@case()
def garbage_under_tls(c):
    """What is no record at all, where one is due."""
    c.raw.sendall(b"\x17\x03\x03\x00\x20" + b"rubbish " * 40)
    c.half_close()
    try:
        while c.raw.recv(65536):
            pass
    except ConnectionError:
        pass
    c.close()


@case()
def a_record_cut_short(c):
    c.raw.sendall(b"\x17\x03\x03\x40\x00" + b"x" * 100)
    c.close()


@case()
def chatter_then_goodbye(c):
    c.send(chatter(c))
    c.close_notify()
    c.close()


@case()
def chatter_then_reset(c):
    c.send(chatter(c))
    c.reset()


@case([s for s in STATES if s[0] in ("smtp", "smtps")])
def mail_cut_short(c):
    c.send(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: x\r\n\r\n" % USER.encode() + b"x\r\n" * 5000)
    c.close_notify()
    c.close()


MAILBOX_STATES = [(p, how) for p, how in STATES if p.startswith(("imap", "pop3"))]


@case(MAILBOX_STATES)
def fetch_then_goodbye(c):
    c.login()
    c.send(everything(c))
    c.close_notify()
    c.close()


@case(MAILBOX_STATES)
def fetch_aborted(c):
    c.login()
    c.send(everything(c))
    c.receive()
    c.close_notify()
    c.close()


@case(MAILBOX_STATES)
def fetch_then_close(c):
    c.login()
    c.send(everything(c))
    c.receive()
    c.close()


@case(MAILBOX_STATES)
def fetch_then_reset(c):
    c.login()
    c.send(everything(c))
    c.receive()
    c.reset()


@case(MAILBOX_STATES)
def fetch_then_half_close(c):
    c.login()
    c.send(everything(c))
    c.close_notify()
    c.half_close()
    c.read_to_end()
    c.close()


@case([s for s in MAILBOX_STATES if s[0].startswith("imap")])
def idle_then_goodbye(c):
    c.login()
    c.ask(b"s SELECT INBOX\r\n", b"s OK")
    c.ask(b"i IDLE\r\n", b"+")
    c.close_notify()
    c.close()


# --- Those that stay: while they do, nobody may be busy.

def stays(states=STATES):
    def add(f):
        f.stays = True
        return case(states)(f)
    return add


@stays()
def silent(c):
    pass


@stays(MAILBOX_STATES)
def never_reads(c):
    c.login()
    c.send(everything(c))


@stays(MAILBOX_STATES)
def never_reads_after_goodbye(c):
    c.login()
    c.send(everything(c))
    c.close_notify()


@stays(MAILBOX_STATES)
def never_reads_after_half_close(c):
    c.login()
    c.send(everything(c))
    c.close_notify()
    c.half_close()


@stays()
def chatter_never_read(c):
    c.send(chatter(c))


def half_a_handshake(port, how, bytes_of_hello):
    c = Client(port, "plain")
    if how == "starttls":
        shake, c.shake = c.shake, lambda: None
        c.starttls()
        c.shake = shake
    hello = c.begin()
    c.raw.sendall(hello[:bytes_of_hello])
    c.tls = None
    return c


@stays(TLS_STATES)
def handshake_not_begun(c):
    pass


@stays(TLS_STATES)
def handshake_cut_in_the_hello(c):
    pass


@stays(TLS_STATES)
def handshake_stalled(c):
    """The hello is whole, its answer is never answered."""


@stays(TLS_STATES)
def handshake_stalled_half_closed(c):
    c.half_close()


HALF = {"handshake_not_begun": 0, "handshake_cut_in_the_hello": 60, "handshake_stalled": None,
        "handshake_stalled_half_closed": 60}


# --- What is left of it.

def stat(pid):
    """Parent, state, name and used ticks; None when it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            head, _, tail = f.read().rpartition(")")
    except OSError:
        return None
    fields = tail.split()
    return int(fields[1]), fields[0], head.partition("(")[2], int(fields[11]) + int(fields[12])


def processes():
    """pid: (name, ticks) of the server."""
    table = {int(p): stat(int(p)) for p in os.listdir("/proc") if p.isdigit()}
    found, todo = {}, [D["pid"]]
    while todo:
        pid = todo.pop()
        if table.get(pid) and table[pid][1] != "Z":
            found[pid] = table[pid][2:]
        todo += [p for p, s in table.items() if s and s[0] == pid]
    return found


def spared(found):
    """authd's processes for dialogues stay, that many of them and its first one."""
    own = [p for p, s in found.items() if s[0] == "authd"]
    return set(own) if len(own) <= 1 + DIALOGUE_PROCESSES else set()


def await_gone(before):
    """Processes that stay for too long: none."""
    end = time.monotonic() + GONE_S
    while True:
        found = processes()
        left = {p: s[0] for p, s in found.items() if p not in before | spared(found) and s[0] not in RESIDENT}
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.05)


def await_rest():
    """Processes that never come to use less than a twentieth of a processor for some seconds: none."""
    end = time.monotonic() + REST_S
    while True:
        first, since = processes(), time.monotonic()
        time.sleep(WINDOW_S)
        allowed = (time.monotonic() - since) * TICKS / 20 + 2
        busy = {p: s[0] for p, s in processes().items() if s[1] - first.get(p, s)[1] > allowed}
        if not busy or time.monotonic() > end:
            return busy


def one(name, act, state):
    """The connection, left or kept."""
    port, how = state
    window = 4096 if "never_read" in name else None
    c = half_a_handshake(port, how, HALF[name]) if name in HALF else Client(port, how, window)
    act(c)
    return c


class Soak:
    def __init__(self):
        self.known = set(processes())
        self.case_of, self.bad = {}, []

    def run(self, name):
        """Its connections, all at once; what processes came with them is noted."""
        act, states = CASES[name]
        clients = []

        def try_one(state):
            try:
                clients.append(one(name, act, state))
            except Exception as e:
                self.bad.append("%s on %s: %s: %s" % (name, "/".join(state), type(e).__name__, e))

        threads = [threading.Thread(target=try_one, args=(s,)) for s in states]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for pid in set(processes()) - self.known - set(self.case_of):
            self.case_of[pid] = name
        return clients

    def judge(self, what, pids):
        self.bad += ["%s %d, of %s or after, %s" % (pids[p], p, self.case_of.get(p, "a resident"), what) for p in pids]
        self.known |= set(pids)

    def run_all(self, names):
        for name in names:
            if not hasattr(CASES[name][0], "stays"):
                self.run(name)
        self.judge("does not end", await_gone(self.known))
        held = [c for name in names if hasattr(CASES[name][0], "stays") for c in self.run(name)]
        self.judge("is busy while its client stays", await_rest())
        for c in held:
            c.close()
        self.judge("does not end when its client is gone", await_gone(self.known))
        self.judge("is busy at the end", await_rest())


def prepare():
    """A big message, and every worker started that starts on demand."""
    c = Client("imaps", "tls")
    c.login()
    text = b"Subject: big\r\n\r\n" + b"0123456789abcdef0123456789abcdef\r\n" * (BIG // 34)
    c.ask(b"a APPEND INBOX {%d}\r\n" % len(text), b"+")
    c.ask(text + b"\r\n", b"a OK")
    c.close_notify()
    c.close()


def main():
    soak = Soak()
    prepare()
    soak.run_all(sys.argv[2:] or CASES)
    for text in soak.bad:
        print(text)
    sys.exit(len(soak.bad) > 0)


main()
