#!/usr/bin/python3
"""So many clients say STARTTLS at the same moment; each must get TLS.

usage: burst.py DESCRIPTOR COUNT  (of tests/serve)
"""
import json, socket, ssl, sys, threading
from collections import Counter

D, COUNT = json.load(open(sys.argv[1])), int(sys.argv[2])
CONTEXT = ssl.create_default_context(cafile=D["ca"])
together = threading.Barrier(COUNT)
results = Counter()


def client():
    try:
        with socket.create_connection((D["host"], D["submission"]), 30) as raw:
            lines = raw.makefile("rb")
            lines.readline()
            raw.sendall(b"EHLO burst\r\n")
            while not lines.readline().startswith(b"250 "):
                pass
            together.wait(30)
            raw.sendall(b"STARTTLS\r\n")
            answer = lines.readline()
            if answer.startswith(b"220"):
                with CONTEXT.wrap_socket(raw, server_hostname=D["host"]) as tls:
                    tls.sendall(b"NOOP\r\n")
                    answer = tls.recv(100)[:3]
    except (OSError, threading.BrokenBarrierError) as e:
        answer = repr(e)
    results[answer] += 1


threads = [threading.Thread(target=client) for _ in range(COUNT)]
for t in threads:
    t.start()
for t in threads:
    t.join()
sys.exit(None if results == {b"250": COUNT} else str(dict(results)))
