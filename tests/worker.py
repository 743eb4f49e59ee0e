#!/usr/bin/env python3
"""A worker of queue-run for its tests: worker.py SOCKET LOG.

Listens on a packet socket, writes every job's record to LOG (one line for each
recipient), and answers by the recipient's local part: ok done, later 75, no 67,
die ends the connection, die-once does so at the first attempt, die-late when
it has got another job too, or half a second later, hang gives no
answer, slow answers after all others, leave takes no more jobs on its connection and
answers when another one has got a job, give-back does so too but gives its own job
back at first, relayed and dsn are done in the words of send.
Anything else is done.

The domain of a job for other hosts counts before: down.* can't be used (as long
as the file LOG.up does not exist), busy.* wants one connection, hang.* never
answers, slow.* answers after half a second, tls.* reports a session, strict.* can't
be used but by messages that say TLS-Required: No, lax.* by those with REQUIRETLS.

LOG.ends has a line for each connection that ended."""
import array
import os
import select
import socket
import sys
import time

ANSWERS = {
    "later": "verdict=75 status=4.2.0 text=not%20now",
    "no": "verdict=67 status=5.1.1 text=no%20such%20user",
    "relayed": "verdict=0 status=2.0.0 action=1 host=mx.example.net text=250%20ok",
    "dsn": "verdict=0 status=2.0.0 dsn=1 host=mx.example.net text=250%20ok",
}
DOWN = "verdict=75 status=4.4.1 down=1 text=connection%20refused"
STRICT = "verdict=75 status=4.7.5 down=1 host=mx.example.net reply=1 text=454%20no%20TLS"
BUSY = "verdict=75 status=4.3.2 busy=1 text=421%20too%20many"
SECURE = "verdict=0 status=2.0.0 host=mx.example.net ip=192.0.2.9 tls=TLSv1.3 rule=dane text=250%20ok"


def receive(conn):
    data, control, _, _ = conn.recvmsg(65536, socket.CMSG_SPACE(16))
    fds = array.array("i")
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(value[: len(value) // 4 * 4])
    return data.decode(), list(fds)


def words(line):
    return dict(w.split("=", 1) for w in line.split() if "=" in w)


def jobs_of(packet):
    """One dictionary a recipient, the first line's words in each."""
    first, *lines = packet.splitlines()
    common = words(first)
    return [common | words(line) for line in lines] if lines else [common]


class Worker:
    def __init__(self, path, log):
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(path)
        self.server.listen(64)
        self.path = path
        self.log = log
        self.conns = []
        self.late = []  # (time, connection, answers)
        self.most = {}  # domain: connections that had a job at once
        self.open = {}  # connection: (domain, jobs)
        self.dying = {}  # connection: when it ends at the latest
        self.leaving = {}  # connection that takes no more: its answers
        self.given = set()  # tokens of jobs that were given back

    def said(self, job):
        domain = job.get("domain", "").split(".")[0]
        if domain == "down" and not os.path.exists(sys.argv[2] + ".up"):
            return DOWN
        if domain == "strict" and b"\nTLS-Required: No\n" not in job["text"]:
            return STRICT
        if domain == "lax" and job.get("requiretls") == "1":
            return STRICT
        if domain == "busy" and len(self.at(job["domain"])) > 1:
            return BUSY
        if domain == "tls":
            return SECURE
        return ANSWERS.get(job["to"].split("@")[0], "verdict=0 status=2.0.0 text=")

    def at(self, domain):
        return [c for c, (d, n) in self.open.items() if d == domain and n > 0]

    def answer(self, conn, answers):
        domain, n = self.open.get(conn, ("", 0))
        self.open[conn] = (domain, n - 1)
        try:
            conn.send("\n".join(answers).encode())
        except OSError:
            self.end(conn)

    def end(self, conn):
        if conn in self.conns:
            self.conns.remove(conn)
            self.open.pop(conn, None)
            self.dying.pop(conn, None)
            self.leaving.pop(conn, None)
            self.late = [x for x in self.late if x[1] is not conn]
            with open(self.log.name + ".ends", "a", encoding="ascii") as file:
                file.write(f"conn={conn.fileno()}\n")
            conn.close()

    def transaction(self, conn, jobs):
        domain = jobs[0].get("domain", "")
        self.open[conn] = (domain, self.open.get(conn, ("", 0))[1] + 1)
        kind = domain.split(".")[0]
        if any(j["to"].startswith("die@") or (j["to"].startswith("die-once@") and
               j["attempt"] == "1") for j in jobs):
            self.end(conn)
            return
        if conn in self.dying:
            self.end(conn)
            return
        if any(j["to"].startswith("die-late@") for j in jobs):
            self.dying[conn] = time.monotonic() + 0.5
            return
        if kind == "hang":
            return
        answers = [f"done n={j['n']} {self.said(j)}" for j in jobs
                   if not j["to"].startswith("hang")]
        for other in list(self.leaving):
            self.answer(other, self.leaving[other])
            self.end(other)
        if jobs[0]["to"].startswith("give-back") and jobs[0]["token"] not in self.given:
            self.given |= {j["token"] for j in jobs}
            conn.shutdown(socket.SHUT_RD)
            self.leaving[conn] = ["session domain=none"]
            self.answer(conn, [f"back n={j['n']}" for j in jobs])
            return
        if jobs[0]["to"].startswith("leave"):
            conn.shutdown(socket.SHUT_RD)
            self.leaving[conn] = answers
            return
        if kind == "tls":
            answers.append(f"session domain={domain} policy=sts result=success mx=mx.example.net")
        if kind in ("slow", "busy"):
            self.late.append((time.monotonic() + 0.5, conn, answers))
        elif jobs[0]["to"].startswith("slow"):
            self.late.append((None, conn, answers))
        elif answers:
            self.answer(conn, answers)

    def read(self, conn):
        data, fds = receive(conn)
        text = b""
        if fds:  # the message; behind it may be the notes
            text = os.pread(fds[0], 65536, 0)
        for fd in fds:
            os.close(fd)
        if not data:
            self.end(conn)
            return
        jobs = [job | {"text": text} for job in jobs_of(data)]
        first = data.splitlines()[0]
        for i, job in enumerate(jobs):
            line = data.splitlines()[i + 1] if "domain" in job else ""
            self.log.write(f"{first} {line} conn={conn.fileno()} part={len(jobs)} head={text[:18]!r}\n")
        self.log.flush()
        self.transaction(conn, jobs)

    def serve(self):
        while True:
            wait = 0.05 if self.dying or any(at for at, *_ in self.late) else 0.2 if self.late else None
            heard = [c for c in self.conns if c not in self.leaving]
            ready, _, _ = select.select([self.server, *heard], [], [], wait)
            now = time.monotonic()
            due = [x for x in self.late if (x[0] is None and not ready) or (x[0] or now + 1) <= now]
            self.late = [x for x in self.late if x not in due]
            for _, conn, answers in due:
                self.answer(conn, answers)
            for conn in [c for c, at in self.dying.items() if at <= now]:
                self.end(conn)
            for conn in ready:
                if conn is self.server:
                    self.conns.append(self.server.accept()[0])
                elif conn in self.conns:
                    self.read(conn)


with open(sys.argv[2], "a", encoding="ascii") as file:
    Worker(sys.argv[1], file).serve()
