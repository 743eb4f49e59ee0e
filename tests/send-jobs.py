#!/usr/bin/env python3
"""Speak to a send worker: send-jobs.py [key=value ...] TO... < message

One job with all recipients over a packet socket; what comes back is printed,
done lines in the order of the recipients. key=value words (id from for domain
ret envid smtputf8 requiretls) go into the job; a TO may be followed by words of
its own, "bob@x,notify=NEVER". times=N does it so often, one after the other;
wait=SECONDS between. together=1 sends all jobs before the first answer.
socket=PATH speaks to a running worker instead of a new one, program= is what to
start (send), notes= a file that is passed with the first job, opened for
appending.
"""
import os
import random
import socket
import subprocess
import sys
import time
from urllib.parse import quote

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
OURS = ("times", "wait", "together", "socket", "notes", "program")


def new_id():
    n = int(time.time() * 1000) << 80 | random.getrandbits(80)
    return "".join(ALPHABET[n >> shift & 31] for shift in range(125, -1, -5))


def spool_file(message):
    lines = "from=\nclient=192.0.2.7 service=smtp\nto=x@y\n\n"
    first = "chainmail-spool 1 header=%010d size=%020d\n"
    head = first % (len(first % (0, 0)) + len(lines), len(message)) + lines
    fd = os.memfd_create("spool")
    os.write(fd, head.encode() + message)
    return fd


def word(key, value):
    return f"{key}={quote(value, safe='@+;<>')}"


def packet(job, recipients, first):
    lines = ["job " + " ".join(word(k, v) for k, v in job.items())]
    for n, text in enumerate(recipients):
        to, *words = text.split(",")
        pairs = [("to", to), ("n", str(first + n)), ("index", str(n)), ("attempt", "1")]
        pairs += [w.split("=", 1) for w in words]
        lines.append(" ".join(word(k, v) for k, v in pairs))
    return ("\n".join(lines) + "\n").encode()


class Worker:
    def __init__(self, path, program):
        self.process = None
        if path:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.sock.connect(path)
        else:
            self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.process = subprocess.Popen(program.split(), stdin=theirs)
            theirs.close()

    def answers(self, count):
        done, others = {}, []
        while len(done) < count:
            data = self.sock.recv(65536).decode()
            if not data:
                break
            for line in data.splitlines():
                if line.startswith("done"):
                    done[int(line.split(" n=")[1].split()[0])] = line
                else:
                    others.append(line)
        return [done[n] for n in sorted(done)] + others


def main():
    job = {"id": new_id(), "from": "ann@example.net"}
    options, recipients = {}, []
    for text in sys.argv[1:]:
        key, equals, value = text.partition("=")
        if not equals or "@" in key:
            recipients.append(text)
        else:
            (options if key in OURS else job)[key] = value
    job.setdefault("domain", recipients[0].split(",")[0].partition("@")[2])
    message = sys.stdin.buffer.read()
    worker = Worker(options.get("socket"), options.get("program", "send"))
    times, together = int(options.get("times", 1)), "together" in options
    for i in range(times):
        fd = spool_file(message)
        fds = [fd]
        if i == 0 and "notes" in options:
            fds.append(os.open(options["notes"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        socket.send_fds(worker.sock, [packet(job, recipients, i * len(recipients))], fds)
        for fd in fds:
            os.close(fd)
        if not together:
            print("\n".join(worker.answers(len(recipients))))
            time.sleep(float(options.get("wait", 0)) if i < times - 1 else 0)
    if together:
        print("\n".join(worker.answers(times * len(recipients))))
    worker.sock.close()
    sys.exit(worker.process.wait() if worker.process else 0)


if __name__ == "__main__":
    main()
