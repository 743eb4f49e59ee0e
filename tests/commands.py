#!/usr/bin/env python3
"""Speak to command-run: commands.py SOCKET RECORD... < message

Each record goes as a packet with the descriptors of the message, one (or
fds=N of them, as the first argument), and its answer is printed; "none" when
the connection is closed instead."""
import socket
import sys


def main():
    path, *records = sys.argv[1:]
    count = 1
    if records[0].startswith("fds="):
        count = int(records.pop(0)[4:])
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(path)
    for record in records:
        try:
            packet = record.encode().decode("unicode_escape").encode("latin1")
            socket.send_fds(sock, [packet], [0] * count)
            answer = sock.recv(65536)
        except OSError:
            answer = b""
        print(answer.decode("latin1") if answer else "none")


if __name__ == "__main__":
    main()
