#!/usr/bin/python3
"""Processes of a busy chain die at random, and the supervisor starts them again.

usage: storm.py SECONDS [SEED]

Clients send, append, copy and move; meanwhile any process but the supervisor's
own is killed with SIGKILL. Afterwards everything that was promised is there, and
exactly once, at another host once or more; the server is healthy; it has the processes and descriptors that it
had at the start, and no connection."""
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import chain as crash
from chain import Chain, reap
from load import Ledger, OutwardSender, end_clients, healthy, start_clients
from sink import Sink
from verdict import check_all, end_with

SUPERVISOR = ("s6-svscan", "s6-supervise", "s6-log")
PAUSE = 0.25  # seconds between two deaths, on average
PORTS = ("smtp", "submission", "smtps", "imap", "imaps", "pop3", "pop3s")


def kill_one(chain, rng, killed):
    """Each kind of process is as likely as any other."""
    kinds = {}
    for pid, _, name in chain.processes():
        if name not in SUPERVISOR:
            kinds.setdefault(name, []).append(pid)
    if not kinds:
        return
    name = rng.choice(sorted(kinds))
    try:
        os.kill(rng.choice(kinds[name]), signal.SIGKILL)
        killed[name] += 1
    except OSError:
        pass


def is_pool(name, fd):
    """queue-run's sockets: the workers come and go."""
    return name == "queue-run" and os.readlink(fd).startswith("socket:")


def shape(chain):
    """Processes and how many descriptors they have; the workers come and go."""
    found = Counter()
    for pid, _, name in chain.processes():
        try:
            count = sum(1 for fd in Path(f"/proc/{pid}/fd").iterdir() if not is_pool(name, fd))
        except OSError:
            continue
        if name not in ("deliver", *SUPERVISOR):
            found[name, count] += 1
    return found


def connections(facts):
    """Ours in /proc/net/tcp, but those listening or closed in good order."""
    ours = {facts[p] for p in PORTS}
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return [f[1] for f in fields if f[3] not in ("0A", "06") and int(f[1].split(":")[1], 16) in ours]


def strays(chain):
    """Programs of the chain that no supervisor knows any more."""
    parent = {pid: up for pid, up, _ in chain.processes()}
    return [p for p, up in parent.items() if up not in parent and p != chain.facts["pid"]]


def check_shape(chain, before):
    """None, or what differs for 20 s."""
    until = time.monotonic() + 20
    while True:
        reap()
        now, left = shape(chain), connections(chain.facts)
        if now == before and not left and not strays(chain):
            return None
        if time.monotonic() > until:
            return (f"more: {dict(now - before)}, fewer: {dict(before - now)}, "
                    f"connections: {left}, strays: {strays(chain)}")
        time.sleep(0.1)


def outward(chain, sink):
    """All mail for sink.example goes to the sink; who connects from here may send there."""
    etc = chain.folder / "etc"
    (etc / "relay").write_text("127.0.0.0/8\n")
    (etc / "routes").write_text(f"sink.example 127.0.0.1:{sink.server_address[1]} tls=none\n")
    (etc / "dns").write_text("none\n")


def check_outward(sink, ledger):
    """Lost: accepted, and not at the other host; and how many came more than once."""
    with ledger.lock:
        lost = [x for x, n in ledger.outward.items() if n > 0 and sink.got[x] == 0]
        return [f"{x} never came to the other host" for x in lost], sum(n > 1 for n in sink.got.values())


def recovered(facts):
    """The supervisor waits a second before it starts what has died young."""
    until = time.monotonic() + 10
    while True:
        wrong = healthy(facts)
        if not wrong or time.monotonic() > until:
            return [wrong] if wrong else []
        time.sleep(0.2)


def storm(chain, ledger, rng, seconds, sink):
    """What was wrong, and who was killed."""
    killed = Counter()
    before = shape(chain)
    clients = start_clients(chain.facts, ledger, rng, pause=0.05)
    clients += [OutwardSender(chain.facts, ledger, rng.getrandbits(32))]
    clients[-1].pause = 0.05
    clients[-1].start()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(rng.expovariate(1 / PAUSE))
        kill_one(chain, rng, killed)
        reap()
    end_clients(clients, ledger)
    wrong = recovered(chain.facts)
    chain.retry(60)
    wrong += check_all(chain, ledger)[0]
    lost, doubles = check_outward(sink, ledger)
    wrong += lost
    # Workers whose listen has died serve queue-run until it ends.
    chain.signal("queue-run", signal.SIGTERM)
    wrong += [w for w in [check_shape(chain, before)] if w]
    if seconds > 1 and not killed:
        wrong.append("nobody was killed")
    return wrong, killed, doubles


def main():
    seconds = float(sys.argv[1])
    crash.enter()
    seed, rng = crash.randomly(int(sys.argv[2]) if len(sys.argv) > 2 else None)
    chain, ledger, sink = Chain(), Ledger(), Sink()
    outward(chain, sink)
    try:
        chain.start()
        time.sleep(1.5)  # a program is young, and its supervisor patient, for a second
        wrong, killed, doubles = storm(chain, ledger, rng, seconds, sink)
        dead = ", ".join(f"{n} {name}" for name, n in sorted(killed.items()))
        return end_with(f"storm, seed {seed}", chain, wrong, f"killed {dead}; {ledger.count()} promises, "
                        f"{len(sink.got)} sent on, {doubles} twice")
    finally:
        if chain.facts:
            chain.kill()
        chain.remove()


sys.exit(main())
