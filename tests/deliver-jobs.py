#!/usr/bin/env python3
"""Speak to a deliver worker: deliver-jobs.py [key=value ...] TO... < message

One job for each TO over a packet socket, all sent before the worker can take
the first; every line of an answer is printed, those of the first job first.
id=, attempt=, from= and any other word (kind=, for=, token=, index= ...) go into
the jobs; words with a + before them only into that of the TO before them.
program= is what to start (deliver); recipients= the message's own; notes= a file
that is passed to it, opened for appending, with the first job. With turns=1 each job is sent after the
answer to the one before, and the worker must end by itself after the last.
"""
import os
import random
import socket
import subprocess
import sys
import time
from urllib.parse import quote

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
OURS = ("program", "turns", "notes", "recipients")


def new_id():
    n = int(time.time() * 1000) << 80 | random.getrandbits(80)
    return "".join(ALPHABET[n >> shift & 31] for shift in range(125, -1, -5))


def spool_file(sender, message, recipients=("x@y",)):
    lines = f"from={quote(sender, safe='@')}\nclient=192.0.2.7 service=smtp\n"
    lines += "".join(f"to={quote(to, safe='@')}\n" for to in recipients) + "\n"
    first = "chainmail-spool 1 header=%010d size=%020d\n"
    head = first % (len(first % (0, 0)) + len(lines), len(message)) + lines
    fd = os.memfd_create("spool")
    os.write(fd, head.encode() + message)
    return fd


def record(words):
    return ("job " + " ".join(f"{k}={quote(str(v), safe='@+')}" for k, v in words.items())).encode()


def is_done(lines):
    return any(line.startswith("done ") for line in lines)


class Answers:
    """The lines that came, by the number of their job."""

    def __init__(self, sock):
        self.sock = sock
        self.lines = {}

    def receive(self):
        packet = self.sock.recv(65536).decode()
        for line in packet.splitlines():
            self.lines.setdefault(int(line.split(" n=")[1].split()[0]), []).append(line)
        return bool(packet)

    def wait(self, jobs):
        """Until so many are done, or the worker is gone."""
        while sum(is_done(x) for x in self.lines.values()) < jobs:
            if not self.receive():
                return False
        return True


def words_read(arguments):
    common = {"id": None, "from": "ann@example.net", "attempt": "1"}
    options, jobs = {"program": "deliver", "recipients": "x@y"}, []
    for word in arguments:
        key, equals, value = word.partition("=")
        if word.startswith("+"):
            jobs[-1][key[1:]] = value
        elif key in OURS and equals:
            options[key] = value
        elif not equals or "@" in key:
            jobs.append({"to": word})
        else:
            common[key] = value
    for n, job in enumerate(jobs):
        words = {"n": n, **common, **job}
        words["id"] = words["id"] or new_id()
        jobs[n] = words
    return options, jobs


def main():
    options, jobs = words_read(sys.argv[1:])
    fd = spool_file(jobs[0]["from"], sys.stdin.buffer.read(), options["recipients"].split(","))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    answers = Answers(ours)
    worker = None

    def start():
        return subprocess.Popen(options["program"].split(), stdin=theirs)

    for n, job in enumerate(jobs):
        fds = [fd]
        if n == 0 and "notes" in options:
            fds.append(os.open(options["notes"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        socket.send_fds(ours, [record(job)], fds)
        if "turns" in options:
            worker = worker or start()
            answers.wait(n + 1)
    worker = worker or start()
    theirs.close()
    if "turns" in options:
        assert not answers.receive(), "the worker still listens"
    answers.wait(len(jobs))
    for n in sorted(answers.lines):
        print("\n".join(answers.lines[n]))
    ours.close()
    sys.exit(worker.wait())


if __name__ == "__main__":
    main()
