#!/usr/bin/env python3
"""A worker of queue-run for its tests: worker.py SOCKET LOG.

Listens on a packet socket, writes every job's record to LOG, and answers by
the recipient's local part: ok done, later 75, no 67, die ends the connection,
die-once does so at the first attempt, hang gives no answer, slow answers
after all others. Anything else is done."""
import array
import os
import select
import socket
import sys


def receive(conn):
    data, control, _, _ = conn.recvmsg(65536, socket.CMSG_SPACE(16))
    fds = array.array("i")
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(value[: len(value) // 4 * 4])
    return data.decode(), list(fds)


ANSWERS = {"later": (75, "4.2.0", "not%20now"), "no": (67, "5.1.1", "no%20such%20user")}


def answer(conn, job):
    """False: the connection is to end."""
    kind = job["to"].split("@")[0]
    if kind == "die" or (kind == "die-once" and job["attempt"] == "1"):
        return False
    verdict, status, text = ANSWERS.get(kind, (0, "2.0.0", ""))
    if kind != "hang":
        record = f"done n={job['n']} verdict={verdict} status={status} text={text}"
        conn.send(record.encode())
    return True


def serve(path, log):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(path)
    server.listen(64)
    conns, slow = [], []
    while True:
        ready, _, _ = select.select([server, *conns], [], [], 0.2 if slow else None)
        for conn, job in slow if not ready else []:
            answer(conn, job)
        slow = slow if ready else []
        for conn in ready:
            if conn is server:
                conns.append(server.accept()[0])
                continue
            data, fds = receive(conn)
            for fd in fds:
                head = os.pread(fd, 18, 0)
                os.close(fd)
            alive = bool(data)
            if alive:
                log.write(f"{data} conn={conn.fileno()} head={head!r}\n")
                log.flush()
                job = dict(w.split("=", 1) for w in data.split()[1:])
                if job["to"].startswith("slow"):
                    slow.append((conn, job))
                else:
                    alive = answer(conn, job)
            if not alive:
                conns.remove(conn)
                conn.close()


with open(sys.argv[2], "a", encoding="ascii") as file:
    serve(sys.argv[1], file)
