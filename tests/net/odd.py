#!/usr/bin/python3
"""Hosts that behave as real ones do on a bad day: odd.py FOLDER

Plays every host of world.ODD at its own addresses. What host NAME was told lies
in FOLDER/odd/NAME: `log`, a line for each command with the number of its
connection, and for each message N.env (from=, to=, tls=, helo= lines) and N.eml.
"""
import base64, os, socket, ssl, sys, threading, time

import certs, world


class Host:
    """One that does everything right. The others differ in a few methods."""
    words = ["PIPELINING", "SIZE 60000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "CHUNKING"]
    port = 25

    def __init__(self, folder, name):
        self.name = name
        self.folder = os.path.join(folder, "odd", name)
        os.makedirs(self.folder)
        self.lock = threading.Lock()
        self.connections = self.messages = 0
        self.context = context(folder, world.ODD[name][1])
        self.seen = set()

    def first(self, thing):
        with self.lock:
            new = thing not in self.seen
            self.seen.add(thing)
        return new

    def banner(self, session):
        return "220 mx.%s.example ESMTP" % self.name

    def ehlo(self, session):
        words = list(self.words)
        if self.context and not session.tls:
            words.append("STARTTLS")
        return "\r\n".join("250-" + w for w in ["mx.%s.example" % self.name] + words[:-1]) + "\r\n250 " + words[-1]

    def mail(self, session, path):
        return "250 2.1.0 ok"

    def rcpt(self, session, path):
        return "250 2.1.5 ok"

    def end(self, session, data):
        """The answer to the final dot; None: close the line."""
        return "250 2.0.0 kept"

    def write(self, session, data):
        session.stream.sendall(data)

    def auth(self, session, words):
        return "503 5.5.1 no"

    def log(self, number, text):
        with self.lock, open(os.path.join(self.folder, "log"), "a") as f:
            f.write("%d %s\n" % (number, text))

    def keep(self, session, data):
        with self.lock:
            self.messages += 1
            base = os.path.join(self.folder, "%d." % self.messages)
            with open(base + "eml", "wb") as f:
                f.write(data)
            with open(base + "new", "w") as f:
                f.write("from=%s\n" % session.sender + "".join("to=%s\n" % r for r in session.recipients) +
                        "tls=%s\nhelo=%s\nuser=%s\n" % (session.tls, session.helo, session.user))
            os.rename(base + "new", base + "env")


class Grey(Host):
    def rcpt(self, session, path):
        return "450 4.2.0 Greylisted, come again" if self.first(path) else "250 2.1.5 ok"


class Picky(Host):
    def rcpt(self, session, path):
        if path.startswith("<no"):
            return "550 5.1.1 There is nobody of that name"
        return "451 4.2.1 The mailbox is being moved" if path.startswith("<later") and self.first(path) else "250 2.1.5 ok"


class Drop(Host):
    def end(self, session, data):
        return None if self.first(session.recipients[0]) else "250 2.0.0 kept"


class Slow(Host):
    def write(self, session, data):
        for i in range(len(data)):
            session.stream.sendall(data[i:i + 1])
            time.sleep(0.01)


class Busy(Host):
    def banner(self, session):
        return "421 4.3.2 Too busy" if self.first("") else Host.banner(self, session)


class Helo(Host):
    words = []

    def ehlo(self, session):
        return "502 5.5.1 EHLO is not known here"


class Refuse(Host):
    def end(self, session, data):
        return "550-5.7.1 We do not like it.\r\n550 5.7.1 Ask at https://good.example/why"


class Seven(Host):
    words = ["PIPELINING", "SIZE 60000000"]


class Wait(Host):
    def rcpt(self, session, path):
        return "451 4.3.0 The disk is tired"


class Full(Host):
    words = ["PIPELINING", "SIZE 1000", "8BITMIME"]


class Greet(Host):
    def banner(self, session):
        return "220-mx.greet.example\r\n220-speaks at length\r\n220 before it begins"


class Smart(Host):
    """A provider's smarthost: port 587, TLS, then AUTH."""
    words = Host.words + ["AUTH PLAIN LOGIN"]
    port = 587

    def mail(self, session, path):
        return "250 2.1.0 ok" if session.user else "530 5.7.0 Log in first"

    def auth(self, session, words):
        if not session.tls:
            return "538 5.7.11 Encryption required"
        if words[:1] != ["PLAIN"]:
            return "504 5.5.4 Only PLAIN"
        data = words[1] if len(words) > 1 else session.ask("334 ")
        _, user, password = base64.b64decode(data).decode().split("\0")
        if (user, password) != ("me@smart.example", "opensesame"):
            return "535 5.7.8 Wrong name or password"
        session.user = user
        return "235 2.7.0 Welcome"


class Require(Host):
    words = Host.words + ["REQUIRETLS"]


KINDS = {"grey": Grey, "picky": Picky, "drop": Drop, "slow": Slow, "busy": Busy, "helo": Helo, "refuse": Refuse,
         "seven": Seven, "wait": Wait, "full": Full, "greet": Greet, "smart": Smart, "require": Require}


def context(folder, certificate):
    if certificate is None:
        return None
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(certs.path(folder, certificate, "pem"), certs.path(folder, certificate, "key"))
    return c


class Session:
    """One connection."""

    def __init__(self, host, stream, number):
        self.host, self.stream, self.number = host, stream, number
        self.file = stream.makefile("rb")
        self.tls = self.user = self.helo = ""
        self.reset()

    def reset(self):
        self.sender, self.recipients, self.chunks = None, [], b""

    def say(self, text):
        self.host.log(self.number, "S: " + text.replace("\r\n", " / "))
        self.host.write(self, text.encode() + b"\r\n")

    def line(self):
        line = self.file.readline(5000)
        if not line.endswith(b"\r\n"):
            self.host.log(self.number, "C: " + (repr(line) if line else "(closed)"))
            raise EOFError
        line = line[:-2].decode("utf-8", "surrogateescape")
        self.host.log(self.number, "C: " + line)
        return line

    def ask(self, text):
        self.say(text)
        return self.line()

    def run(self):
        banner = self.host.banner(self)
        self.say(banner)
        if not banner.startswith("220"):
            return
        while True:
            verb, _, rest = self.line().partition(" ")
            answer = getattr(self, "do_" + verb.lower(), self.unknown)(rest)
            if answer is None:
                return
            if answer:
                self.say(answer)

    def unknown(self, rest):
        return "500 5.5.2 What?"

    def do_helo(self, rest):
        self.helo = rest
        self.reset()
        return "250 mx.%s.example" % self.host.name

    def do_ehlo(self, rest):
        self.do_helo(rest)
        return self.host.ehlo(self)

    def do_starttls(self, rest):
        if not self.host.context or self.tls:
            return "502 5.5.1 no"
        self.say("220 2.0.0 go ahead")
        self.file.close()
        self.stream = self.host.context.wrap_socket(self.stream, server_side=True)
        self.file = self.stream.makefile("rb")
        self.tls = self.stream.version()
        self.reset()
        return ""

    def do_auth(self, rest):
        return self.host.auth(self, rest.split())

    def do_mail(self, rest):
        answer = self.host.mail(self, rest[5:])
        if answer.startswith("250"):
            self.sender = rest[5:]
        return answer

    def do_rcpt(self, rest):
        if self.sender is None:
            return "503 5.5.1 MAIL first"
        answer = self.host.rcpt(self, rest[3:])
        if answer.startswith("250"):
            self.recipients.append(rest[3:])
        return answer

    def do_data(self, rest):
        if not self.recipients:
            return "554 5.5.1 no valid recipients"
        self.say("354 go on")
        lines = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\r\n"):
                raise EOFError
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return self.finish(b"".join(lines))

    def do_bdat(self, rest):
        words = rest.split()
        self.chunks += self.file.read(int(words[0]))
        if not self.recipients:
            return "554 5.5.1 no valid recipients"
        if words[1:] != ["LAST"]:
            return "250 2.0.0 next"
        return self.finish(self.chunks)

    def finish(self, data):
        answer = self.host.end(self, data)
        if answer is None:
            self.host.log(self.number, "S: (closed)")
        elif answer.startswith("250"):
            self.host.keep(self, data)
        self.reset()
        return answer

    def do_rset(self, rest):
        self.reset()
        return "250 2.0.0 ok"

    def do_noop(self, rest):
        return "250 2.0.0 ok"

    def do_quit(self, rest):
        self.say("221 2.0.0 bye")
        return None


def serve(host, stream, number):
    try:
        stream.settimeout(100)
        session = Session(host, stream, number)
        session.run()
        stream = session.stream
    except (OSError, EOFError) as e:
        host.log(number, "E: %s %s" % (type(e).__name__, e))
    finally:
        stream.close()


def listen(host, family, address):
    s = socket.create_server((address, host.port), family=family)

    def accept():
        while True:
            stream, peer = s.accept()
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with host.lock:
                host.connections += 1
                number = host.connections
            host.log(number, "connect " + peer[0])
            threading.Thread(target=serve, args=(host, stream, number), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


def main(folder):
    for name, (number, _, _) in world.ODD.items():
        host = KINDS.get(name, Host)(folder, name)
        if name != "six":
            listen(host, socket.AF_INET, world.v4(number))
        if name not in world.IPV4_ONLY | {"half"}:
            listen(host, socket.AF_INET6, world.v6(number))
    open(os.path.join(folder, "odd", "ready"), "w").close()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
