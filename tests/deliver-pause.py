#!/usr/bin/env python3
"""Two jobs to one worker; between them the Maildir is moved away."""
import importlib.util
import os
import socket
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("jobs", here + "/deliver-jobs.py")
jobs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(jobs)

maildir = sys.argv[1]
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
worker = subprocess.Popen(["deliver"], stdin=theirs)
theirs.close()
fd = jobs.spool_file("a@b", b"Subject: x\n\nx\n")
for n in range(2):
    record = f"job n={n} id={jobs.new_id()} to=bob@example.org from=a@b attempt=1"
    socket.send_fds(ours, [record.encode()], [fd])
    assert b"verdict=0" in ours.recv(65536)
    if n == 0:
        os.rename(maildir, maildir + ".old")
ours.close()
sys.exit(worker.wait())
