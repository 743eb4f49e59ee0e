#!/usr/bin/env python3
"""An SMTP or LMTP host that does as it is told, for tests of what sends.

    smtp-host.py [key=value ...]

It prints "port N" once it listens, writes what it hears to the file log= (one
line a command, "N< COMMAND", N the connection), and each message that it gets
to save=DIR/1, DIR/2, ... as its bytes came, dots taken off.

    port=N ip=ADDRESS unix=PATH  where to listen (127.0.0.1, a free port)
    offer=WORD,WORD,...   keywords of EHLO; '_' is a space (SIZE_1000)
    lmtp=1                LHLO, an answer for each recipient
    cert=FILE key=FILE    STARTTLS is there; wrapped=1: TLS from the start
    auth=USER:PASSWORD    what AUTH PLAIN, LOGIN and SCRAM-SHA-256(-PLUS) take
    scram=WORD rounds=N   what is wrong with its SCRAM: unknown, unbound (PLUS
                          is), rubbish, nonce, sign, silent (no proof), error,
                          refuse
    stop=BYTES            in DATA it reads so many and then no more
    slow=MS               replies come byte by byte, so far apart
    messages=N            the connection is closed after so many messages
    taken=FILE            a line "ADDRESS SUBJECT" for each recipient of each
                          message, when its 250 is about to be said
    bare=1                replies end in LF alone

Replies: greeting ehlo helo mail rcpt data dot bdat rset quit auth starttls,
and rcpt:LOCAL for one recipient. Several with '|' between are said in turn, the
last for ever. Words in their place: "drop" closes the connection, "hang" says
nothing more, "say;drop" says and closes, "say;hang" says and hangs. "drip TEXT"
says the text's bytes one after another, again and again, for ever, "late:MS TEXT"
says the text so late, "until:FILE TEXT" once the file is there, and logs
"(waits)" before. '\\n' in a reply is a line end.
"""
import base64
import hashlib
import hmac
import os
import re
import socket
import ssl
import sys
import threading
import time

DEFAULTS = {
    "greeting": "220 host.example ESMTP",
    "helo": "250 host.example",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go on",
    "dot": "250 2.0.0 taken",
    "bdat": "250 2.0.0 taken",
    "rset": "250 2.0.0 ok",
    "quit": "221 2.0.0 bye",
    "auth": "235 2.7.0 ok",
    "starttls": "220 2.0.0 go on",
}


class Ended(Exception):
    pass


def good(reply):
    """Is it a 2xx, at once or when its time comes?"""
    while reply.startswith(("late:", "until:")):
        reply = reply.partition(" ")[2]
    return reply.startswith("2")


class Host:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.turns = {}
        self.count = 0
        self.connections = 0
        self.log_file = open(options.get("log", os.devnull), "a", encoding="utf-8")

    def reply(self, *names):
        """The next reply of the first name that has one."""
        with self.lock:
            for name in names:
                words = self.options.get(name)
                if words is None:
                    continue
                words = words.split("|")
                turn = self.turns.get(name, 0)
                self.turns[name] = turn + 1
                return words[min(turn, len(words) - 1)]
        return DEFAULTS[names[-1]]

    def log(self, number, text):
        with self.lock:
            self.log_file.write(f"{number}< {text}\n")
            self.log_file.flush()

    def save(self, data):
        with self.lock:
            self.count += 1
            folder = self.options.get("save")
            if folder:
                name = f"{folder}/{self.count}"
                with open(name + ".new", "wb") as file:
                    file.write(data)
                os.rename(name + ".new", name)

    def take(self, recipients, data):
        """Count a message: it is ours from now on, whoever hears of it."""
        subject = re.search(rb"^Subject: (.*?)\r$", data, re.M)
        with self.lock, open(self.options["taken"], "a", encoding="utf-8") as file:
            for who in recipients:
                file.write(f"{who} {subject.group(1).decode() if subject else ''}\n")

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.options["cert"], self.options.get("key"))
        return context


class Session:
    def __init__(self, host, sock):
        self.host = host
        self.sock = sock
        with host.lock:
            host.connections += 1
            self.number = host.connections
        self.lmtp = "lmtp" in host.options
        self.tls = False
        self.messages = 0
        self.buffer = b""
        self.forget()

    def forget(self):
        self.recipients = []
        self.chunks = b""

    def say(self, text):
        text = self.wait(text)
        head, _, action = text.rpartition(";")
        if text in ("drop", "hang"):
            head, action = "", text
        elif action not in ("drop", "hang"):
            head, action = text, ""
        text = head
        end = "\n" if "bare" in self.host.options else "\r\n"
        if text.startswith("drip "):
            self.drip(text[5:].replace("\\n", end).encode())
        if text.startswith("late:"):
            late, _, text = text[5:].partition(" ")
            time.sleep(int(late) / 1000)
        data = (text.replace("\\n", end) + end).encode("utf-8", "surrogateescape")
        if head:
            self.put(data)
        if action == "hang":
            self.host.log(self.number, "(hangs)")
            time.sleep(3600)
        if action == "drop":
            raise Ended
        return text

    def wait(self, text):
        """Until its file is there; what is to be said then."""
        if text.startswith("until:"):
            file, _, text = text[6:].partition(" ")
            if not os.path.exists(file):
                self.host.log(self.number, "(waits)")
            while not os.path.exists(file):
                time.sleep(0.01)
        return text

    def drip(self, data):
        self.host.log(self.number, "(drips)")
        while True:
            for i in range(len(data)):
                self.sock.sendall(data[i : i + 1])
                time.sleep(0.05)

    def put(self, data):
        slow = int(self.host.options.get("slow", 0))
        for i in range(len(data) if slow else 0):
            self.sock.sendall(data[i : i + 1])
            time.sleep(slow / 1000)
        if not slow:
            self.sock.sendall(data)

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Ended
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.fill()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("utf-8", "surrogateescape")

    def bytes(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def data(self):
        """What comes until the dot, dots taken off."""
        parts, stop = [], int(self.host.options.get("stop", 0))
        while True:
            if stop and sum(map(len, parts)) >= stop:
                self.say("hang")
            while b"\r\n" not in self.buffer:
                self.fill()
            end = self.buffer.rfind(b"\r\n") + 2
            whole, self.buffer = self.buffer[:end], self.buffer[end:]
            lines = whole.split(b"\r\n")[:-1]
            for i, line in enumerate(lines):
                if line == b".":
                    self.buffer = b"\r\n".join(lines[i + 1 :] + [b""]) + self.buffer
                    return b"".join(parts)
                parts.append((line[1:] if line.startswith(b".") else line) + b"\r\n")

    def finish(self, data, name):
        for number, _ in enumerate(self.recipients if self.lmtp else [0]):
            text = self.host.reply(f"{name}:{number}", name)
            if number == 0 and good(text) and self.recipients:
                self.host.save(data)
            text = self.wait(text)
            if "taken" in self.host.options and good(text):
                some = [self.recipients[number]] if self.lmtp else self.recipients
                self.host.take(some, data)
            self.say(text)
        self.forget()
        self.messages += 1
        if self.messages == int(self.host.options.get("messages", 0)):
            raise Ended

    def hello(self, verb):
        if verb == "HELO":
            self.say(self.host.reply("helo"))
            return
        offer = [w.replace("_", " ") for w in self.host.options.get("offer", "").split(",") if w]
        if "cert" in self.host.options and not self.tls and "wrapped" not in self.host.options:
            offer.append("STARTTLS")
        lines = ["host.example", *offer]
        text = "\\n".join("250" + (" " if i == len(lines) - 1 else "-") + w for i, w in enumerate(lines))
        self.say(self.host.reply("ehlo") if "ehlo" in self.host.options else text)

    def starttls(self):
        if self.say(self.host.reply("starttls")).startswith("220"):
            self.sock = self.host.context().wrap_socket(self.sock, server_side=True)
            self.buffer, self.tls = b"", True

    def auth(self, words):
        want = self.host.options.get("auth", ":").partition(":")
        if words[1].upper().startswith("SCRAM-"):
            self.scram(words, want[0], want[2].encode())
            return
        if words[1].upper() == "PLAIN":
            got = base64.b64decode(words[2]).decode().split("\0")[1:]
        else:
            got = []
            for prompt in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                self.say("334 " + prompt)
                got.append(base64.b64decode(self.line()).decode())
        right = got == [want[0], want[2]]
        self.say("235 2.7.0 ok" if right else "535 5.7.8 wrong name or password")

    def scram(self, words, user, password):
        """RFC 5802, the host's side. Of tls-exporter it believes any 32 bytes."""

        def mac(key, data):
            return hmac.digest(key, data, "sha256")

        def ask(data):
            self.say("334 " + base64.b64encode(data).decode())
            answer = self.line()
            self.host.log(self.number, "(cancelled)" if answer == "*" else "(answered)")
            return answer if answer == "*" else base64.b64decode(answer)

        wrong, plus = self.host.options.get("scram"), words[1].upper().endswith("-PLUS")
        if wrong == "unknown" or (wrong == "unbound" and plus):
            self.say("504 5.5.4 I know no such thing")
            return
        first = base64.b64decode(words[2]).decode()
        flag, _, bare = first.split(",", 2)
        self.host.log(self.number, f"({flag})")
        offered = "SCRAM-SHA-256-PLUS" in self.host.options.get("offer", "").replace("_", " ").split()
        good = flag == ("p=tls-exporter" if plus else "n" if offered or not self.tls else "y") or wrong
        nonce = bare.split(",r=")[1]
        salt, rounds = b"0123456789abcdef", int(self.host.options.get("rounds", 4096))
        challenge = f"r={'x' if wrong == 'nonce' else nonce}%new,s={base64.b64encode(salt).decode()},i={rounds}"
        if wrong == "rubbish":
            self.say("334 ****")
            self.host.log(self.number, "(cancelled)" if self.line() == "*" else "(answered)")
            self.say("501 5.7.0 as you like")
            return
        answer = ask(challenge.encode())
        if answer == "*":
            self.say("501 5.7.0 as you like")
            return
        without, _, proof = answer.decode().rpartition(",p=")
        binding = base64.b64decode(without.split(",")[0][2:])
        good = good and binding.startswith(flag.encode() + b",,") and len(binding) == len(flag) + 2 + (32 if plus else 0)
        message = f"{bare},{challenge},{without}".encode()
        salted = hashlib.pbkdf2_hmac("sha256", password, salt, rounds)
        client = mac(salted, b"Client Key")
        signature = mac(hashlib.sha256(client).digest(), message)
        right = bytes(a ^ b for a, b in zip(client, signature))
        name = bare.split(",r=")[0][2:].replace("=2C", ",").replace("=3D", "=")
        good = good and name == user and base64.b64decode(proof) == right and wrong != "refuse"
        server = base64.b64encode(mac(mac(salted, b"Server Key"), message)).decode()
        if wrong == "silent":
            self.say("235 2.7.0 welcome")
        elif wrong in ("sign", "error"):
            ask(b"e=invalid-proof" if wrong == "error" else b"v=" + base64.b64encode(bytes(32)))
            self.say("501 5.7.0 as you like")
        elif not good:
            self.say("535 5.7.8 wrong name or password")
        elif ask(b"v=" + server.encode()) == b"":
            self.say("235 2.7.0 ok")
        else:
            self.say("501 5.7.0 what?")

    def command(self, line):
        words = line.split()
        verb = words[0].upper() if words else ""
        secret = verb == "AUTH"
        self.host.log(self.number, f"AUTH {words[1].upper()} ..." if secret else line)
        if verb in ("EHLO", "LHLO", "HELO"):
            self.hello(verb)
        elif verb == "MAIL":
            self.forget()
            self.say(self.host.reply("mail"))
        elif verb == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            local = address.partition("@")[0]
            if self.say(self.host.reply("rcpt:" + local, "rcpt")).startswith("2"):
                self.recipients.append(address)
        elif verb == "DATA":
            if self.say(self.host.reply("data")).startswith("354"):
                data = self.data()
                self.host.log(self.number, f"({len(data)} bytes)")
                self.finish(data, "dot")
        elif verb == "BDAT":
            self.chunks += self.bytes(int(words[1]))
            if len(words) > 2 and words[2].upper() == "LAST":
                self.finish(self.chunks, "bdat")
            else:
                self.say("250 2.0.0 go on")
        elif verb == "RSET":
            self.forget()
            self.say(self.host.reply("rset"))
        elif verb == "QUIT":
            self.say(self.host.reply("quit"))
            raise Ended
        elif verb == "STARTTLS" and "cert" in self.host.options:
            self.starttls()
        elif verb == "AUTH" and "auth" in self.host.options:
            self.auth(words)
        else:
            self.say("500 5.5.2 what?")

    def run(self):
        try:
            if "wrapped" in self.host.options:
                self.sock = self.host.context().wrap_socket(self.sock, server_side=True)
                self.tls = True
            self.host.log(self.number, "(connected)")
            self.say(self.host.reply("greeting"))
            while True:
                self.command(self.line())
        except (Ended, OSError):
            pass
        self.host.log(self.number, "(closed)")
        self.sock.close()


def main():
    options = dict(word.split("=", 1) for word in sys.argv[1:])
    if "unix" in options:
        server = socket.socket(socket.AF_UNIX)
        server.bind(options["unix"])
    else:
        ip = options.get("ip", "127.0.0.1")
        server = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((ip, int(options.get("port", 0))))
    server.listen(128)
    # In one piece: who waits for it may read at once.
    print(f"port {server.getsockname()[1] if 'unix' not in options else 0}", flush=True)
    host = Host(options)
    while True:
        sock, _ = server.accept()
        threading.Thread(target=Session(host, sock).run, daemon=True).start()


if __name__ == "__main__":
    main()
