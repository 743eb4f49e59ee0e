#!/usr/bin/env python3
"""What a crash or a failing disk does to mail: matrix.py TARGET FAULT.

TARGET  smtpd, enqueue, sendmail (smtpd at its socket is not touched), queue-run
        (with its helper and bounce), bounce (alone of these), deliver or send
FAULT   KILL, EIO, ENOSPC or EDQUOT

The target runs once under strace to learn its system calls after its sandbox
is on. Then, for each call that can change anything outside, everything is set
up anew and the target is killed on entering that call, or that call fails.
After a restart without faults every message that was accepted is in every
recipient's Maildir exactly once, one that was not at most once, the report on
a failed recipient has come exactly once, whole, and nothing is left in the spool. What
goes to another host, where a worker made here takes it, got there at least once,
and twice only if queue-run was killed; by way of send at most twice: RFC 5321
6.1 has the second where the answer to the first was lost.
BUILD names the build. One line for each case that went wrong."""
import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from sink import Sink

CHANGING = {
    "openat", "write", "writev", "pwrite64", "fsync", "fdatasync", "renameat2", "renameat",
    "linkat", "unlinkat", "mkdirat", "fchmod", "ftruncate", "symlinkat", "sendmsg", "sendto",
}
WAITING = {"read", "recvmsg", "recvfrom", "poll", "exit_group", "wait4"}
# Reading can fail too; a full disk cannot make it fail.
FAILING = {
    "KILL": CHANGING | WAITING,
    "EIO": (CHANGING - {"sendmsg", "sendto", "fchmod"}) | {"pread64", "read", "getdents64"},
    "ENOSPC": CHANGING - {"sendmsg", "sendto", "fchmod", "unlinkat"},
}
FAILING["EDQUOT"] = FAILING["ENOSPC"] - {"fsync", "fdatasync"}
BUILD = Path(os.environ["BUILD"]).resolve()
STALE = 40 * 3600
USERS = """example.org domain
ann@example.org mailbox
bob@example.org mailbox
all@example.org -> bob@example.org, ann@example.org
"""
# Subject, recipients, and who gets it in the end.
MAIL = [
    ("one", ["bob"], ["bob"]),
    ("two", ["bob", "ann"], ["bob", "ann"]),
    ("three", ["all"], ["bob", "ann"]),
]
REMOTE = ("five", ["x@elsewhere.example", "y@elsewhere.example"], [])
BOUNCED = ("four", ["nobody"], [])
# To other hosts, who know everybody but nobody@.
OUTWARD = [
    ("seven", ["x@one.example"], []),
    ("six", ["x@one.example", "y@one.example", "z@two.example", "bob"], ["bob"]),
]
REFUSED = ("eight", ["nobody@one.example"], [])
# Under strace, as queue-run's companions.
TRACED = """#!/bin/sh
exec strace -f -qq -o "$CHAINMAIL_TRACE" $CHAINMAIL_INJECT "$CHAINMAIL_REAL/{name}" "$@"
"""
COMPANIONS = ("deliver", "send")
# queue-run's helper is sandboxed and can trace nothing, so bounce is traced with
# all of queue-run; after so many calls that do nothing (helper/late.c) it alone
# has those that fail.
LATE = 500
BOUNCE = {"openat", "read", "pread64", "write"}


class Sender:
    """The socket `send`: takes all, keeps what was sent."""

    def __init__(self, path):
        self.sent = Counter()
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(path)
        self.server.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                conn = self.server.accept()[0]
                threading.Thread(target=self.serve, args=(conn,), daemon=True).start()
        except OSError:
            pass

    def serve(self, conn):
        with conn:
            try:
                while packet := conn.recv(65536).decode():
                    lines = [dict(w.split("=", 1) for w in x.split()) for x in packet.splitlines()[1:]]
                    self.sent.update(x["to"] for x in lines)
                    conn.send("\n".join(f"done n={x['n']} verdict=0 status=2.0.0" for x in lines)
                              .encode())
            except OSError:
                pass

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class Place:
    """A private etc, spool, mail and run."""

    users = USERS

    def __init__(self, target, programs):
        self.target = target
        self.programs = programs
        self.top = Path(tempfile.mkdtemp(prefix="crash-", dir=os.environ.get("CRASH_TMP")))
        self.env = {"PATH": os.environ["PATH"], "SERVICE": "smtp"}
        for name in ("etc", "spool", "mail", "run"):
            (self.top / name).mkdir()
            self.env[f"CHAINMAIL_{name.upper()}"] = str(self.top / name)
        (self.top / "etc/me").write_text("mail.example.org\n")
        (self.top / "etc/users").write_text(self.users)
        self.trace = self.top / "trace"
        self.env |= {"CHAINMAIL_TRACE": str(self.trace), "CHAINMAIL_INJECT": "", "CHAINMAIL_LATE": str(LATE),
                     "CHAINMAIL_REAL": str(BUILD / "bin")}
        self.run([BUILD / "bin/chainmail-user", "compile"])
        self.hosts = self.make_hosts()
        self.sink = self.hosts[0]
        (self.top / "etc/dns").write_text("127.0.0.1:1\n")  # nobody answers there
        self.sender = None if target in ("send", "sendmail") else Sender(str(self.top / "run/send"))
        self.accepted = []

    def make_hosts(self):
        """The other hosts, and the routes to them."""
        sink = Sink()
        (self.top / "etc/routes").write_text(f".example 127.0.0.1:{sink.server_address[1]} tls=none\n")
        return [sink]

    def run(self, command, data=b"", **env):
        return subprocess.run([str(c) for c in command], input=data, env=self.env | env,
                              capture_output=True, timeout=60, check=False)

    def close(self):
        if self.sender:
            self.sender.close()
        for host in self.hosts:
            host.shutdown()
            host.server_close()
        shutil.rmtree(self.top)

    def enqueue(self, mail, before=()):
        subject, to, _ = mail
        done = self.run([*before, BUILD / "bin/enqueue", "-f", "ann@example.org",
                         *map(address, to)], f"Subject: {subject}\n\n".encode())
        if done.returncode == 0:
            self.accepted.append(mail)

    def local(self, before):
        """sendmail, with smtpd at its socket."""
        listen = subprocess.Popen([BUILD / "bin/listen", "-k", f"local={self.top}/run/local", BUILD / "bin/smtpd"],
                                  env=self.env, stderr=subprocess.DEVNULL)
        while not (self.top / "run/local").exists():
            time.sleep(0.005)
        for mail in (MAIL[1], OUTWARD[1]):
            done = self.run([*before, BUILD / "bin/sendmail", "-f", "ann@example.org", *map(address, mail[1])],
                            f"Subject: {mail[0]}\n\nhello\n".encode())
            if done.returncode == 0:
                self.accepted.append(mail)
            before = ()
        listen.terminate()
        listen.wait(20)

    def smtp(self, before):
        lines = ["EHLO test"]
        for subject, to, _ in MAIL:
            lines += ["MAIL FROM:<ann@example.org>"]
            lines += [f"RCPT TO:<{t}@example.org>" for t in to]
            lines += ["DATA", f"Subject: {subject}", "", "x" * 900, "."]
        lines.append("QUIT")
        out = self.run([*before, BUILD / "bin/smtpd"], "".join(f"{x}\r\n" for x in lines).encode())
        for found in re.findall(rb"^250 2\.0\.0 ([0-9A-Z]{26})\r$", out.stdout, re.M):
            file = self.top / "spool/new" / found.decode()
            text = file.read_text(encoding="utf-8") if file.exists() else "Subject: lost"
            subject = re.search(r"^Subject: (.*)$", text, re.M).group(1)
            self.accepted += [m for m in MAIL if m[0] == subject] or [("lost", [], ["bob"])]

    def pass_over(self, before=()):
        return self.run([*before, self.programs / "queue-run", "-1"])

    def go(self, inject):
        """The target's part, with a fault (or traced only)."""
        strace = ["strace", "-f", "-qq", "-o", self.trace, *inject]
        if self.target == "smtpd":
            self.smtp(strace)
        elif self.target == "enqueue":
            self.enqueue(MAIL[1], strace)
        elif self.target == "sendmail":
            self.local(strace)
        else:
            for mail in [*OUTWARD, REFUSED] if self.target == "send" else [*MAIL, BOUNCED, REMOTE]:
                self.enqueue(mail)
            if self.target in COMPANIONS:
                self.env["CHAINMAIL_INJECT"] = " ".join(inject)
                self.pass_over()
                self.env["CHAINMAIL_INJECT"] = ""
            else:
                self.pass_over(strace)

    def restart(self):
        """Passes without a fault; the last finds only what is stale."""
        if self.target in COMPANIONS:
            self.env["CHAINMAIL_INJECT"] = "-e trace=none"
        for _ in range(2):
            done = self.pass_over()
        old = time.time() - STALE
        for file in (self.top / "spool/tmp").iterdir():
            os.utime(file, (old, old))
        done = self.pass_over()
        return [] if done.returncode == 0 else [f"restart ends with {done.returncode}"]

    def check(self, fault):
        wrong = []
        found = Counter()
        for file in (self.top / "mail").glob("example.org/*/Maildir/**/*"):
            if file.is_file() and file.parent.name in ("new", "cur"):
                head = file.read_text(encoding="utf-8")
                subject = re.search(r"^Subject: (.*)$|\Z", head, re.M).group(1) or "none"
                found[subject, file.relative_to(self.top / "mail").parts[1]] += 1
                if subject.startswith("Not delivered") and not is_whole(head):
                    wrong.append(f"a report is not whole: {file.name}")
            elif file.is_file() and file.parent.name == "tmp" and fault != "KILL":
                wrong.append(f"left over: {file.name}")
        if any(m[0] == "lost" for m in self.accepted):
            wrong.append("accepted, and not in the spool")
        for mail in [*MAIL, *OUTWARD]:
            for who in mail[2]:
                n = found.pop((mail[0], who), 0)
                if n > 1 or (n == 0 and mail in self.accepted):
                    wrong.append(f"{who} has {mail[0]} {n} times")
        reports = [x for x in found if x[0].startswith("Not delivered to ") and x[1] == "ann"]
        count = sum(found.pop(x) for x in reports)
        if count != (BOUNCED in self.accepted) + (REFUSED in self.accepted):
            wrong.append(f"{count} reports")
        wrong += [f"strange: {x}" for x in found] + self.check_sink()
        most = 2 if fault == "KILL" else 1
        for who in REMOTE[1] if REMOTE in self.accepted else []:
            if not 1 <= self.sender.sent[who] <= most:
                wrong.append(f"{who} was sent {self.sender.sent[who]} times")
        for part in ("new", "state", "bad", "tmp", "blank"):
            wrong += [f"{part}: {f.name}" for f in (self.top / "spool" / part).glob("*")]
        return wrong


    def check_sink(self):
        wrong = []
        got = Counter(self.sink.got)
        for mail in OUTWARD:
            for who in mail[1]:
                n = got.pop((mail[0], who), 0)
                if "@" in who and (n > 2 or (n == 0 and mail in self.accepted)):
                    wrong.append(f"{who} got {mail[0]} {n} times")
        return wrong + [f"strange at the sink: {x}" for x in got]


def is_whole(report):
    boundary = re.search(r'^\tboundary="(.*)"$', report, re.M)
    return boundary is not None and report.endswith(f"\n--{boundary.group(1)}--\n")


def address(who):
    return who if "@" in who else f"{who}@example.org"


def calls_of(trace, names, start="PR_SET_SECCOMP", alone=False):
    """(name, n): the n-th call of that name by a process, after its sandbox is on
    (or another start); alone: of no process that never comes there."""
    count, found = {}, set()
    sandboxed = {line.split()[0] for line in trace if alone or start in line}
    ready = set()
    for line in trace:
        m = re.match(r"(\d+) +(\w+)\(", line)
        if not m:
            continue
        pid, name = m.groups()
        n = count.setdefault(pid, Counter())
        n[name] += 1
        if start in line:
            ready.add(pid)
        elif name in names and (pid in ready or pid not in sandboxed):
            found.add((name, n[name]))
    return sorted(found)


def late_calls(trace, fault):
    """Those of bounce, whose numbers no other process reaches."""
    start = '/bounce.late", ['
    pids = {line.split()[0] for line in trace if start in line}
    others = calls_of([line for line in trace if line.split()[0] not in pids], BOUNCE)
    found = calls_of(trace, BOUNCE if fault in ("KILL", "EIO") else BOUNCE & FAILING[fault], start, True)
    if max(n for _, n in others) > LATE or min(n for _, n in found) <= LATE:
        raise ValueError("LATE is too small")
    return found


def programs_of(target):
    """A folder where queue-run finds its companions, one of them perhaps under strace."""
    folder = Path(tempfile.mkdtemp(prefix="crash-bin-", dir=os.environ.get("CRASH_TMP")))
    for name in ("queue-run", "bounce", *COMPANIONS):
        shutil.copy(BUILD / "bin" / name, folder / name)
    if target in COMPANIONS:
        (folder / target).write_text(TRACED.format(name=target))
    if target == "bounce":
        (folder / "bounce").rename(folder / "bounce.late")
        shutil.copy(BUILD / "tests/helper/late", folder / "bounce")
    return folder


def case(target, programs, fault, name, n):
    place = Place(target, programs)
    try:
        how = "signal=KILL" if fault == "KILL" else f"error={fault}"
        place.go(["-e", f"inject={name}:{how}:when={n}"])
        wrong = place.restart() + place.check(fault)
    except subprocess.TimeoutExpired as late:
        wrong = [f"hangs: {late.cmd[-2:]}"]
    place.close()
    return [f"{target} {fault} at {name} {n}: {w}" for w in wrong]


def main():
    target, fault = sys.argv[1:3]
    only = sys.argv[3:]
    programs = programs_of(target)
    place = Place(target, programs)
    place.go([])
    trace = place.trace.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = place.restart() + place.check("none")
    if len(place.accepted) < 1:
        wrong.append("nothing was accepted")
    place.close()
    cases = late_calls(trace, fault) if target == "bounce" else calls_of(trace, FAILING[fault])
    if only:
        cases = [(only[0], int(only[1]))]
    if len(cases) < 1:
        wrong.append("no system call was seen")
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        for result in pool.map(lambda c: case(target, programs, fault, *c), cases):
            wrong += result
    shutil.rmtree(programs)
    print(*wrong, f"{target} {fault}: {len(cases)} cases, {len(wrong)} wrong", sep="\n")
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
