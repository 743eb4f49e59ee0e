#!/usr/bin/env python3
"""Speak to a deliver worker: deliver-jobs.py [key=value ...] TO... < message

One job for each TO over a packet socket, all sent before the worker can take
the first; every answer is printed, in the order of the jobs. id=, attempt=
and from= go into the jobs; program= is what to start (deliver). With turns=1
each job is sent after the answer to the one before, and the worker must end by
itself after the last.
"""
import os
import random
import socket
import subprocess
import sys
import time
from urllib.parse import quote

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id():
    n = int(time.time() * 1000) << 80 | random.getrandbits(80)
    return "".join(ALPHABET[n >> shift & 31] for shift in range(125, -1, -5))


def spool_file(sender, message):
    lines = f"from={quote(sender, safe='@')}\nclient=192.0.2.7 service=smtp\nto=x@y\n\n"
    first = "chainmail-spool 1 header=%010d size=%020d\n"
    head = first % (len(first % (0, 0)) + len(lines), len(message)) + lines
    fd = os.memfd_create("spool")
    os.write(fd, head.encode() + message)
    return fd


def main():
    options = {"from": "ann@example.net", "attempt": "1", "program": "deliver"}
    recipients = []
    for word in sys.argv[1:]:
        key, equals, value = word.partition("=")
        if equals and "@" not in key:
            options[key] = value
        else:
            recipients.append(word)
    fd = spool_file(options["from"], sys.stdin.buffer.read())
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker = None
    answers = {}

    def start():
        return subprocess.Popen(options["program"].split(), stdin=theirs)

    def receive():
        answer = ours.recv(65536).decode()
        if answer:
            answers[int(answer.split("n=")[1].split()[0])] = answer
        return bool(answer)

    for n, to in enumerate(recipients):
        words = {
            "n": n, "id": options.get("id") or new_id(), "to": to,
            "from": options["from"], "attempt": options["attempt"],
        }
        record = "job " + " ".join(
            f"{k}={quote(str(v), safe='@+')}" for k, v in words.items())
        socket.send_fds(ours, [record.encode()], [fd])
        if "turns" in options:
            worker = worker or start()
            receive()
    worker = worker or start()
    theirs.close()
    if "turns" in options:
        assert not receive(), "the worker still listens"
    while len(answers) < len(recipients) and receive():
        pass
    for n in sorted(answers):
        print(answers[n])
    ours.close()
    sys.exit(worker.wait())


if __name__ == "__main__":
    main()
