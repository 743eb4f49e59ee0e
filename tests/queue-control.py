#!/usr/bin/env python3
"""Ask a running queue-run: queue-control.py SOCKET VERB [WORD=VALUE...] [ID...].
Prints the answer."""
import socket
import sys

path, verb, *rest = sys.argv[1:]
words = [w for w in rest if "=" in w]
packet = " ".join([verb, *words]) + "\n" + "".join(f"id={w}\n" for w in rest if "=" not in w)
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as conn:
    conn.connect(path)
    conn.settimeout(10)
    conn.send(packet.encode())
    print(conn.recv(1 << 17).decode(), end="")
