"""smtpd over real sockets: python3 tests/smtpd.py TEST, in a bats test's own
directories. smtpd listens itself (descriptor 0), authd is a few lines here."""
import atexit
import base64
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading

RUN = os.environ["CHAINMAIL_RUN"]
SPOOL = os.environ["CHAINMAIL_SPOOL"]


class Server:
    def __init__(self, service="smtp", program=("smtpd",)):
        self.clients = []
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(50)
        self.port = self.socket.getsockname()[1]
        self.log = open(os.environ["BATS_TEST_TMPDIR"] + "/log", "w")
        self.process = subprocess.Popen(
            program, stdin=self.socket, stderr=self.log,
            stdout=subprocess.DEVNULL, env=dict(os.environ, SERVICE=service))
        atexit.register(self.process.kill)  # when a test fails

    def stop(self):
        for client in self.clients:
            client.sock.close()
        self.process.terminate()
        assert self.process.wait(10) == 0

    def client(self):
        self.clients.append(Client(self.port))
        return self.clients[-1]


class Client:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.settimeout(10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.have = b""

    def line(self):
        while b"\n" not in self.have:
            got = self.sock.recv(65536)
            if not got:
                return ""
            self.have += got
        line, self.have = self.have.split(b"\n", 1)
        assert line.endswith(b"\r"), line
        return line[:-1].decode()

    def reply(self):
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def say(self, text, expect=None):
        self.send(text + "\r\n")
        reply = self.reply()
        if expect is not None:
            assert reply.startswith(expect), (text[:80], expect, reply)
        return reply

    def hello(self, word="EHLO"):
        assert self.reply().startswith("220 ")
        return self.say(word + " client.example", "250")

    def data(self):
        """A transaction up to the message."""
        self.say("MAIL FROM:<s@r.example>", "250")
        self.say("RCPT TO:<bob@example.org>", "250")
        self.say("DATA", "354")

    def start_tls(self, server_hostname="mx.example.org"):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(
            self.sock, server_hostname=server_hostname)

    def closed(self):
        return self.line() == ""


def greeted():
    """A server, and a client that has said EHLO."""
    s = Server()
    c = s.client()
    c.hello()
    return s, c


USERS = {"bob@example.org": "secret", "ann@example.org": "word"}


class Authd(threading.Thread):
    """PLAIN and LOGIN, a mechanism X with a last word, in authd's protocol."""

    def __init__(self):
        super().__init__(daemon=True)
        self.requests = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(RUN + "/auth")
        self.socket.listen(50)
        self.start()

    def run(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(
                target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = connection.makefile("rw", newline="\n")

        def ask(challenge):
            data = base64.b64encode(challenge).decode()
            print(f"more data={data}", file=stream, flush=True)
            answer = stream.readline().strip()
            return answer[5:] if answer.startswith("data=") else None

        def end(text):
            print(text, file=stream, flush=True)
            stream.close()
            connection.close()

        request = stream.readline().strip()
        self.requests.append(request)
        words = dict(w.split("=", 1) for w in request.split()[1:])
        mech = words["mech"].upper()
        try:
            if mech == "PLAIN":
                first = words.get("initial")
                first = ask(b"") if first is None else first
                _, name, password = base64.b64decode(
                    first, validate=True).split(b"\0")
            elif mech == "LOGIN":
                first = words.get("initial") or ask(b"Username:")
                name = base64.b64decode(first, validate=True)
                password = base64.b64decode(ask(b"Password:"), validate=True)
            elif mech == "X-LAST":
                if ask(b"v1") != "":
                    return end("fail code=malformed text=bad")
                return end("ok user=bob@example.org mailbox=/x")
            else:
                return end("fail code=mechanism text=none")
        except (ValueError, TypeError):
            return end("fail code=malformed text=bad")
        name, password = name.decode(), password.decode()
        if USERS.get(name) == password:
            return end(f"ok user={name} mailbox=/x")
        return end("fail code=credentials text=no")


def plain(name, password):
    return base64.b64encode(f"\0{name}\0{password}".encode()).decode()


def login(client, name="bob@example.org"):
    client.hello()
    client.say("AUTH PLAIN " + plain(name, USERS[name]), "235 2.7.0")


def queued():
    return sorted(os.listdir(SPOOL + "/new"))


def message():
    with open(SPOOL + "/new/" + queued()[-1], encoding="latin-1") as f:
        return f.read()


def submit(client, data, sender="<bob@example.org>"):
    client.say(f"MAIL FROM:{sender}", "250")
    client.say("RCPT TO:<x@remote.example>", "250")
    client.say("DATA", "354")
    client.send(data.replace("\n", "\r\n") + ".\r\n")
    return client.reply()


# The tests.

def pipelining():
    """A whole session in one packet is answered in order, and in one packet."""
    s, c = greeted()
    c.send("MAIL FROM:<s@r.example>\r\nRCPT TO:<bob@example.org>\r\n"
           "RCPT TO:<no@example.org>\r\nDATA\r\n")
    got = c.sock.recv(65536).decode()
    assert [l[:3] for l in got.splitlines()] == ["250", "250", "550", "354"], got
    c.send("a: b\r\n\r\nx\r\n.\r\nRSET\r\nQUIT\r\n")
    assert [c.reply()[:3] for _ in range(3)] == ["250", "250", "221"]
    assert c.closed()
    s.stop()


def byte_by_byte():
    """The end of the message is recognised across any reads."""
    s, c = greeted()
    c.data()
    for b in b"a: b\r\n\r\nbody\r\n..\r\n.\r\nNOOP\r\n":
        c.send(bytes([b]))
    assert c.reply().startswith("250 2.0.0 0")
    assert c.reply().startswith("250 2.0.0 OK")
    assert len(queued()) == 1 and message().endswith("\n\nbody\n.\n")
    s.stop()


def many_sessions():
    """Children serve at once; the parent ends with the last of them."""
    s = Server()
    clients = [s.client() for _ in range(20)]
    for c in clients:
        c.hello()
    s.process.terminate()
    for c in clients:
        c.say("QUIT", "221")
    assert s.process.wait(10) == 0


def flood_of_noops():
    s, c = greeted()
    replies = []
    try:
        for _ in range(300):
            replies.append(c.say("NOOP"))
    except OSError:
        pass
    assert any(r.startswith("421 ") for r in replies[:201]), len(replies)
    s.stop()


def too_slow():
    """Half a message and then silence: 421 at the time limit, nothing kept."""
    s, c = greeted()
    c.data()
    c.send("a: b\r\n\r\nx\r\n")
    assert c.reply().startswith("421 4.4.2")
    assert c.closed()
    s.stop()
    assert queued() == [] and os.listdir(SPOOL + "/tmp") == []


def idle_command():
    s, c = greeted()
    c.send("NO")
    assert c.reply().startswith("421 4.4.2")
    assert c.closed()
    s.stop()


def stop_in_data():
    """A session that ends within DATA leaves no message."""
    s, c = greeted()
    c.data()
    c.send(b"x" * 100000)
    c.sock.close()
    s.stop()
    assert queued() == [] and os.listdir(SPOOL + "/tmp") == []


def no_process():
    """A connection without a process of its own is closed; the next is served."""
    # The first child is the runner of filters.
    s = Server(program=(
        "strace", "-f", "-o", "/dev/null", "-e",
        "inject=clone,clone3,fork,vfork:error=EAGAIN:when=2", "smtpd"))
    try:
        assert Client(s.port).line() == ""
        s.client().hello()
        s.clients.pop().sock.close()
    finally:
        traced = f"/proc/{s.process.pid}/task/{s.process.pid}/children"
        os.kill(int(open(traced).read().split()[0]), signal.SIGTERM)
        s.process.wait(12)


def terminated_in_data():
    """SIGTERM within DATA: no 250, in time, nothing partial."""
    s, c = greeted()
    c.data()
    c.send(b"x" * 1000000)
    s.process.terminate()
    assert s.process.wait(14) == 0
    c.sock.settimeout(2)
    try:
        assert not c.line().startswith("2")
    except ConnectionError:
        pass
    assert queued() == []


def database_replaced():
    """A user who is added is known to the next session."""
    s = Server()
    for name in ("new1", "new2"):
        with open(os.environ["CHAINMAIL_ETC"] + "/users", "a") as f:
            f.write(f"{name}@example.org mailbox\n")
        c = s.client()
        c.hello()
        c.say("MAIL FROM:<s@r.example>", "250")
        c.say(f"RCPT TO:<{name}@example.org>", "550")
        subprocess.run(["chainmail-user", "compile"], check=True)
        d = s.client()
        d.hello()
        d.say("MAIL FROM:<s@r.example>", "250")
        d.say(f"RCPT TO:<{name}@example.org>", "250")
        d.say("QUIT", "221")
        c.say("QUIT", "221")
    s.stop()


def auth_plain_and_login():
    a = Authd()
    s = Server("submission")
    for steps in (
            [("AUTH PLAIN " + plain("bob@example.org", "secret"), "235")],
            [("auth plain", "334 "), (plain("bob@example.org", "secret"), "235")],
            [("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("Ym9iQGV4YW1wbGUub3Jn",
             "334 UGFzc3dvcmQ6"), ("c2VjcmV0", "235")],
            [("AUTH LOGIN Ym9iQGV4YW1wbGUub3Jn", "334 UGFzc3dvcmQ6"),
             ("c2VjcmV0", "235")],
            [("AUTH X-LAST =", "334 djE="), ("", "235")],
    ):
        c = s.client()
        ehlo = c.hello()
        assert "AUTH PLAIN LOGIN" in ehlo, ehlo
        for text, expect in steps:
            c.say(text, expect)
        assert "AUTH" not in c.say("EHLO x", "250")
        c.say("MAIL FROM:<bob@example.org> AUTH=<>", "250")
        c.say("QUIT", "221")
    assert "initial= " in a.requests[-1] + " " and "local=1" in a.requests[0]
    s.stop()


def auth_malformed():
    Authd()
    s = Server("submission")
    c = s.client()
    c.hello()
    c.say("AUTH PLAIN =", "5")
    c.say("AUTH PLAIN A", "501")
    c.send(b"AUTH PLAIN AAA\xff\r\n")
    assert c.reply().startswith("501")
    c.say("AUTH PLAIN", "334 ")
    c.say("*", "501")
    c.say("AUTH PLAIN " + "QUFB" * 4096, "50")
    c.say("AUTH PLAIN", "334 ")
    c.say("QUFB" * 300000, "50")
    c.say("AUTH PLAIN " + plain("bob@example.org", "wrong"), "535 5.7.8")
    c.say("AUTH NOSUCH", "504")
    c.say("AUTH", "501")
    c.say("MAIL FROM:<bob@example.org>", "530")
    c.say("AUTH PLAIN " + plain("bob@example.org", "secret"), "235")
    c.say("AUTH PLAIN " + plain("bob@example.org", "secret"), "503")
    c.say("MAIL FROM:<bob@example.org>", "250")
    c.say("AUTH PLAIN " + plain("bob@example.org", "secret"), "503")
    s.stop()


def auth_aborted():
    """Endless aborted dialogues end the session."""
    Authd()
    s = Server("submission")
    c = s.client()
    c.hello()
    for n in range(1000):
        if not c.say("AUTH PLAIN").startswith("334"):
            break
        if not c.say("*").startswith("501"):
            break
    assert n < 25, n
    s.stop()


def auth_unavailable():
    s = Server("submission")
    c = s.client()
    c.hello()
    c.say("AUTH PLAIN " + plain("bob@example.org", "secret"), "454")
    c.say("MAIL FROM:<bob@example.org>", "530")
    s.stop()


def auth_log():
    """A user name can't forge a line of the log."""
    Authd()
    s = Server("submission")
    c = s.client()
    c.hello()
    c.say("AUTH PLAIN " + base64.b64encode(
        b"\0x\r\nauth ok user=root ip=192.0.2.1\0y").decode(), "535")
    c.say("QUIT", "221")
    s.stop()
    with open(s.log.name) as f:
        lines = f.read().splitlines()
    assert len([l for l in lines if "event=auth" in l]) == 1, lines
    assert not any(l.startswith("auth ok") or "secret" in l for l in lines)


def senders():
    """An account sends in its own name, and in no other one's."""
    Authd()
    s = Server("submission")
    c = s.client()
    login(c, "ann@example.org")
    for address in ("bob@example.org", "nobody@example.org",
                    "x@remote.example"):
        c.say(f"MAIL FROM:<{address}>", "553 5.7.1")
    for address in ("ann@example.org", "ann+x@example.org",
                    "Ann@EXAMPLE.org", "sales@example.org", ""):
        c.say(f"MAIL FROM:<{address}>", "250")
        c.say("RSET", "250")
    for author in ("bob@example.org", "Ann <bob@example.org>",
                   "ann@example.org, bob@example.org",
                   "ann@example.org (x), \"ann@example.org\" <bob@example.org>",
                   "bob @ example.org", "<@a.example:bob@example.org>",
                   "g: bob@example.org;", "(c)bob(d)@example.org",
                   "bob@example.org Bob", "bob@exam ple.org",
                   "<ann@example.org> bob@example.org",
                   "bob@example.org@remote.example"):
        reply = submit(c, f"From: {author}\n\nforged\n", "<ann@example.org>")
        assert reply.startswith("553 5.7.1 You may not send with this address in From:"), (
            author, reply)
    reply = submit(c, "Sender: bob@example.org\n\nx\n", "<ann@example.org>")
    assert reply.startswith("553 5.7.1"), reply
    c.say("QUIT", "221")
    c = s.client()
    login(c, "ann@example.org")
    for author in ("ann@example.org", "\"bob@example.org\" <ann@example.org>",
                   "ann+list@example.org (bob@example.org)",
                   "Ann <sales@example.org>", "ann@remote.example"):
        reply = submit(c, f"From: {author}\n\nx\n", "<ann@example.org>")
        assert reply.startswith("250"), (author, reply)
    s.stop()


def submission_completes():
    """Date and Message-ID are added where they lack; Bcc goes."""
    Authd()
    s = Server("submission")
    c = s.client()
    login(c)
    assert submit(c, "From: bob@example.org\nBcc: x@r.example\n\nx\n")[:3] == "250"
    text = message()
    assert "\nDate: " in text and "\nMessage-ID: <" in text
    assert "Bcc" not in text and " with ESMTPA\n" in text
    assert "auth=bob@example.org" in text
    assert submit(c, "date: x\nmessage-id: <y>\n\nx\n")[:3] == "250"
    text = message()
    assert "\nDate: " not in text and "\nMessage-ID: " not in text
    s.stop()


def local_over_tcp():
    """SERVICE=local by mistake on a TCP socket is no open relay."""
    s = Server("local")
    c = s.client()
    c.hello()
    c.say("MAIL FROM:<a@example.org>", "530 5.7.0 Only")
    s.stop()


def submission_lax():
    """Outlook's blank and bare paths, Apple's UTF-8, a script's bare LF."""
    Authd()
    s = Server("submission")
    c = s.client()
    login(c)
    for path in (" <bob@example.org>", "bob@example.org", " bob@example.org"):
        c.say(f"MAIL FROM:{path} SIZE=100", "250")
        c.say("RCPT TO: <x@remote.example>", "250")
        c.say("RCPT TO:y@remote.example", "250")
        c.say("RSET", "250")
    c.say("MAIL FROM:<bob@example.org>", "250")
    c.say("RCPT TO:<\u00fc@remote.example>", "250")
    c.say("DATA", "354")
    c.send("Subject: \u00fc\n\none\ntwo\n.\nthree\r\n.\r\n")
    assert c.reply().startswith("250")
    assert "smtputf8=1" in message()
    assert message().endswith("\none\ntwo\n.\nthree\n")
    s.stop()


def tls_and_state():
    """STARTTLS forgets what came before it, in the buffer and in the state."""
    Authd()
    s = Server("submission")
    c = s.client()
    assert "250-STARTTLS" in c.hello()
    c.say("STARTTLS x", "501")
    c.send("STARTTLS\r\nEHLO evil.example\r\nAUTH PLAIN "
           + plain("bob@example.org", "secret") + "\r\n")
    assert c.reply().startswith("220")
    c.start_tls()
    c.say("MAIL FROM:<bob@example.org>", "503")
    ehlo = c.say("EHLO client.example", "250")
    assert "STARTTLS" not in ehlo and "AUTH PLAIN" in ehlo, ehlo
    c.say("STARTTLS", "50")
    c.say("NOOP", "250")
    c.say("AUTH PLAIN " + plain("bob@example.org", "secret"), "235")
    assert submit(c, "From: bob@example.org\n\nx\n").startswith("250")
    assert " with ESMTPSA (TLSv1." in message() and "tls=TLSv1." in message()
    c.say("QUIT", "221")
    s.stop()


def tls_during_mail():
    s, c = greeted()
    c.say("MAIL FROM:<s@r.example>", "250")
    c.say("RCPT TO:<bob@example.org>", "250")
    c.say("STARTTLS", "220")
    c.start_tls()
    c.say("RCPT TO:<bob@example.org>", "503")
    c.say("EHLO x", "250")
    c.say("RCPT TO:<bob@example.org>", "503")
    c.say("QUIT", "221")
    s.stop()


def tls_from_the_start():
    Authd()
    s = Server("submissions")
    c = s.client()
    c.start_tls()
    ehlo = c.hello()
    assert "STARTTLS" not in ehlo and "AUTH PLAIN" in ehlo
    c.say("STARTTLS", "50")
    c.say("QUIT", "221")
    s.stop()


def no_tlsd():
    """Without tlsd STARTTLS is not offered."""
    s = Server()
    c = s.client()
    assert "STARTTLS" not in c.hello()
    c.say("STARTTLS", "454")
    c.say("NOOP", "250")
    s.stop()


def filters():
    """Twenty sessions at once, each with its own message through the filter."""
    s = Server()
    clients = [s.client() for _ in range(20)]
    for n, c in enumerate(clients):
        c.hello()
        c.data()
        c.send(f"a: {n}\r\n\r\nx{n}\r\n.\r\n")
    for c in clients:
        assert c.reply().startswith("250")
    s.stop()
    texts = []
    for name in queued():
        with open(SPOOL + "/new/" + name) as f:
            texts.append(f.read().splitlines()[-1])
    assert sorted(texts) == sorted(f"y{n}" for n in range(20)), texts


if __name__ == "__main__":
    globals()[sys.argv[1]]()
