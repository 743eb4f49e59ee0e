#!/usr/bin/env python3
"""A deliver worker that is to end: deliver-term.py idle|busy|dead FOLDER TO,
or behind listen: deliver-term.py served FOLDER TO PID-OF-LISTEN

idle: SIGTERM ends it while it waits for jobs. busy: SIGTERM comes while TO's
command runs, which makes FOLDER/started and waits for FOLDER/go; the worker
waits for it, notes it, answers, gives further jobs back and ends. dead: the peer
goes away instead; the worker notes what it has and ends. served: as busy, and a
second worker, which is idle, ends before the busy one."""
import importlib.util
import os
import select
import signal
import socket
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("jobs", here + "/deliver-jobs.py")
jobs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(jobs)

what, folder, to, *listen = sys.argv[1:]
TOKEN = "0123456789abcdef"


def connect():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(os.environ["CHAINMAIL_RUN"] + "/deliver")
    return sock


if what == "served":
    worker = None
    ours, idle = connect(), connect()
else:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker = subprocess.Popen(["deliver"], stdin=theirs)
    theirs.close()
fd = jobs.spool_file("a@b", b"Subject: x\n\nx\n")
notes = os.open(folder + "/notes", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)


def send(n, address):
    words = {"n": n, "id": jobs.new_id(), "to": address, "from": "a@b",
             "attempt": 1, "index": n, "token": TOKEN}
    socket.send_fds(ours, [jobs.record(words)], [fd, notes])


def noted():
    return [line.split()[2] for line in open(folder + "/notes", encoding="ascii")]


def await_file(name):
    while not os.path.exists(folder + "/" + name):
        assert not worker or worker.poll() is None, "the worker has ended"
        time.sleep(0.02)


if what == "idle":
    send(0, to)
    assert b"verdict=0" in ours.recv(65536)
    worker.send_signal(signal.SIGTERM)
    assert ours.recv(65536) == b"", "it said something"
    assert worker.wait() == 0
    sys.exit()
send(0, to)
await_file("started")
if what == "served":
    os.kill(int(listen[0]), signal.SIGTERM)
    assert idle.recv(65536) == b""
if what == "busy":
    worker.send_signal(signal.SIGTERM)
if what != "dead":
    sent = given = 0
    while True:  # until it is refused
        try:
            send(1, "bob@example.org")
        except BrokenPipeError:
            break
        sent += 1
        time.sleep(0.02)
    while given < sent:
        assert ours.recv(65536) == b"back n=1\n", "it has taken another job"
        given += 1
    assert not select.select([ours], [], [], 0.3)[0], "it has taken another job"
    assert noted() == []
    assert not worker or worker.poll() is None
    open(folder + "/go", "w", encoding="ascii").close()
    answer = ours.recv(65536)
    assert answer.startswith(b"done n=0 verdict=0"), answer
    assert noted() == ["index=0"]
    assert ours.recv(65536) == b"", "it goes on"
else:
    ours.close()
    open(folder + "/go", "w", encoding="ascii").close()
assert not worker or worker.wait() == 0, "ended badly"
assert noted() == ["index=0"]
