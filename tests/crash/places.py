#!/usr/bin/env python3
"""What a crash or a failing disk does to mail for places of all kinds:
places.py TARGET FAULT [CALL NUMBER].

One message goes to an alias of a mailbox, a list, a command and an address
elsewhere, to a mailbox of its own, and to a slow host; in the list are an mbox,
an address that does not exist and one that is wanted later. As in matrix.py the
target's calls are learned, and at each of them it is killed, or the call fails.

TARGET  queue-run: the workers stay behind their sockets, untouched
        deliver, send: of the workers the first one alone has the fault
FAULT   KILL, EIO, ENOSPC; with queue-run also FULL and READONLY: every call
        from that one on fails, until what has to happen has happened

After the fault readers delete, move and empty what they have. Then all is
started anew, and each place must have had the message once: not twice, before
and after together. Only what a killed worker had in its hands may come a second
time where nothing can find the first: at another host, from a command, in an
mbox. One report names the address that does not exist."""
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import matrix
from matrix import BUILD, FAILING, Place, calls_of, programs_of
from sink import Sink

SUBJECT = "nine"
TO = ["all@example.org", "ann@example.org", "x@slow.example"]
MAILBOXES = ["ann", "bob", "cat"]
OUTSIDE = ["x@slow.example", "y@fast.example", "z@slow.example", "later@fast.example"]
DEAD = "dead@example.org"
LASTING = {"FULL": "ENOSPC", "READONLY": "EROFS"}
# What a file system without room, or without writing, refuses.
REFUSED = {"write", "writev", "pwrite64", "fsync", "fdatasync", "syncfs", "renameat2", "renameat", "linkat",
           "unlinkat", "ftruncate", "mkdirat"}
FAILING |= {"FULL": REFUSED - {"unlinkat", "fsync", "fdatasync", "syncfs"}, "READONLY": REFUSED}
# The first one started, and no other, is traced.
FIRST = """#!/bin/sh
if [ -n "$CHAINMAIL_INJECT" ] && mkdir "$CHAINMAIL_TRACE.first" 2>/dev/null; then
	exec strace -f -qq -o "$CHAINMAIL_TRACE" $CHAINMAIL_INJECT "$CHAINMAIL_REAL/{name}" "$@"
fi
exec "$CHAINMAIL_REAL/{name}" "$@"
"""


class Room(Place):
    """With places of all kinds, and readers."""

    def __init__(self, target, programs):
        self.seen = Counter()
        self.daemons = []
        super().__init__("send", programs)  # the hosts are real
        self.target = target

    @property
    def users(self):
        return "\n".join([
            "example.org domain", "ann@example.org mailbox", "bob@example.org mailbox", "cat@example.org mailbox",
            f"box@example.org mailbox mbox={self.top}/mail/box",
            f"run@example.org | cat >>{self.top}/ran",
            f"all@example.org -> bob@example.org, y@fast.example, :include:{self.top}/etc/list, "
            f"| cat >>{self.top}/ran-too"]) + "\n"

    def make_hosts(self):
        (self.top / "etc/list").write_text("\n".join([
            "Cat@example.org", "bob@example.org", "box@example.org", DEAD, "run@example.org",
            "z@slow.example", "later@fast.example"]) + "\n")
        hosts = [Sink(), Sink(late=0.05)]
        (self.top / "etc/routes").write_text("".join(
            f"{name}.example 127.0.0.1:{host.server_address[1]} tls=none\n"
            for name, host in zip(("fast", "slow"), hosts)))
        return hosts

    def close(self):
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()
        super().close()

    def serve(self):
        """The workers: a process for each connection."""
        for name in ("deliver", "send"):
            program = self.programs / name if name == self.target else BUILD / "bin" / name
            command = [BUILD / "bin/listen", "-c", "40", f"seqpacket:{self.top}/run/{name}", program]
            # pylint: disable-next=consider-using-with
            self.daemons.append(subprocess.Popen([str(c) for c in command], env=self.env,
                                                 stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            while not (self.top / "run" / name).exists():
                time.sleep(0.005)

    def go(self, inject):
        self.enqueue((SUBJECT, TO, []))
        if self.target == "queue-run":
            self.serve()
            self.pass_over(["strace", "-f", "-qq", "-o", self.trace, *inject])
            return
        self.env["CHAINMAIL_INJECT"] = " ".join(inject)
        self.serve()
        self.pass_over()

    def last(self, inject):
        """A queue-run that stays, whose fault lasts for a while."""
        self.serve()
        strace = ["strace", "-I2", "-f", "-qq", "-o", str(self.trace), *inject, str(self.programs / "queue-run")]
        with subprocess.Popen(strace, env=self.env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as runner:
            while not (self.top / "run/queue").exists() and runner.poll() is None:
                time.sleep(0.005)
            self.enqueue((SUBJECT, TO, []))
            self.settle()
            self.read()
            inside = [int(p) for p in children(runner.pid)]
            for pid in inside[:1]:
                signalled(pid, signal.SIGHUP)
            self.settle()
            # strace lets go of what it traces; queue-run goes on as if nothing were.
            runner.send_signal(signal.SIGINT)
            until = time.monotonic() + 60
            while self.queued() and time.monotonic() < until and inside and alive(inside[0]):
                signalled(inside[0], signal.SIGHUP)
                time.sleep(0.1)
            for pid in inside[:1]:
                signalled(pid, signal.SIGTERM)
                while alive(pid):
                    time.sleep(0.01)

    def settle(self):
        """Until nothing has changed for a while."""
        before, still = None, 0
        while still < 6:
            now = (self.count(), dict(self.seen))
            still = still + 1 if now == before else 0
            before = now
            time.sleep(0.03)

    def queued(self):
        return [f for part in ("new", "state") for f in (self.top / "spool" / part).iterdir()]

    def read(self):
        """Readers at work: one deletes, one moves, one empties."""
        for box in MAILBOXES:
            top = self.top / "mail/example.org" / box / "Maildir"
            for file in list(top.glob("new/*")):
                if not self.is_ours(file):
                    continue
                self.seen[box] += 1
                if box == "cat":
                    (top / ".Archive/cur").mkdir(parents=True, exist_ok=True)
                    file.rename(top / ".Archive/cur" / f"{file.name},U=1:2,S")
                    self.seen[box] -= 1  # it is still to be found
                else:
                    file.unlink()
        mbox = self.top / "mail/box"
        if mbox.exists():
            self.seen["box"] += self.lines(mbox)
            mbox.write_text("")

    @staticmethod
    def is_ours(file):
        return f"\nSubject: {SUBJECT}\n" in file.read_text(encoding="utf-8").partition("\n\n")[0] + "\n"

    @staticmethod
    def lines(file):
        return len(re.findall(rf"^Subject: {SUBJECT}$", file.read_text(encoding="utf-8"), re.M)) if file.exists() else 0

    def count(self):
        """Copies by place, and reports by whom they name."""
        found = Counter(self.seen)
        for box in MAILBOXES:
            for file in (self.top / "mail/example.org" / box / "Maildir").glob("**/*"):
                if file.is_file() and file.parent.name in ("new", "cur"):
                    text = file.read_text(encoding="utf-8")
                    names = re.findall(r"^Final-Recipient: rfc822; *(.*)$", text, re.M)
                    found[f"report {' '.join(names)}" if names else box if self.is_ours(file) else text[:80]] += 1
        for name, file in (("box", "mail/box"), ("run", "ran"), ("all", "ran-too")):
            found[name] += self.lines(self.top / file)
        for host in self.hosts:
            for (_, who), n in list(host.got.items()):
                found[who] += n
        return {k: n for k, n in found.items() if n}

    def restart(self):
        """Until nothing is left; a worker may still have something."""
        until = time.monotonic() + 60
        while True:
            done = self.pass_over()
            if done.returncode or not self.queued() or time.monotonic() > until:
                break
        return [] if done.returncode == 0 else [f"restart ends with {done.returncode}"]

    def check(self, fault):
        found = self.count()
        want = [*MAILBOXES, "box", "run", "all", *OUTSIDE, f"report {DEAD}"]
        # What the killed one alone knew, and nothing shows.
        twice = {"deliver": {"box", "run", "all"}, "send": set(OUTSIDE)}.get(self.target, set())
        wrong = []
        for place in want:
            n = found.pop(place, 0)
            if not 1 <= n <= (2 if fault == "KILL" and place in twice else 1):
                wrong.append(f"{place} had it {n} times")
        wrong += [f"strange: {n} of {place!r}" for place, n in found.items()]
        for part in ("new", "state", "bad", "hold"):
            wrong += [f"{part}: {f.name}" for f in (self.top / "spool" / part).glob("*")]
        return wrong


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def signalled(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def case(target, programs, fault, name, n):
    room = Room(target, programs)
    try:
        if fault in LASTING:
            room.last(["-e", "trace=all", "-e", f"inject={name}:error={LASTING[fault]}:when={n}+"])
        else:
            how = "signal=KILL" if fault == "KILL" else f"error={fault}"
            room.go(["-e", f"inject={name}:{how}:when={n}"])
        room.read()
        wrong = room.restart() + room.check(fault)
    except subprocess.TimeoutExpired as late:
        wrong = [f"hangs: {late.cmd[-2:]}"]
    room.close()
    return [f"{target} {fault} at {name} {n}: {w}" for w in wrong]


def learn(target, programs, fault):
    """The calls of a run without a fault, and what is wrong with it."""
    room = Room(target, programs)
    if fault in LASTING:
        room.last(["-e", "trace=all"])
    else:
        room.go(["-e", "trace=all"])
    trace = room.trace.read_text(encoding="utf-8", errors="replace").splitlines()
    room.read()
    wrong = room.restart() + room.check("none")
    room.close()
    return calls_of(trace, FAILING[fault]), [f"without a fault: {w}" for w in wrong]


def main():
    target, fault, *only = sys.argv[1:]
    matrix.TRACED = FIRST
    programs = programs_of(target)
    cases, wrong = learn(target, programs, fault)
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
