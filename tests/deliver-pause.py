#!/usr/bin/env python3
"""Two jobs to one worker, a command between them, and (go) both delivered or
(end) the worker ends after the second: deliver-pause.py go|end COMMAND TO [TO2]
The second is TO2's, which the worker leaves to the next one by ending."""
import importlib.util
import os
import socket
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("jobs", here + "/deliver-jobs.py")
jobs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(jobs)

what, command, *to = sys.argv[1:]
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
worker = subprocess.Popen(["deliver"], stdin=theirs)
theirs.close()
fd = jobs.spool_file("a@b", b"Subject: x\n\nx\n")
for n in range(2):
    record = f"job n={n} id={jobs.new_id()} to={to[n % len(to)]} from=a@b attempt=1"
    socket.send_fds(ours, [record.encode()], [fd])
    if to[n % len(to)] != to[0]:
        break
    answer = ours.recv(65536)
    assert b"verdict=0" in answer, answer
    if n == 0:
        subprocess.run(command, shell=True, check=True)
if what == "end":
    assert ours.recv(65536) == b""
ours.close()
sys.exit(worker.wait())
