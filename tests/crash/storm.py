#!/usr/bin/python3
"""Processes of a busy chain die at random, and the supervisor starts them again.

usage: storm.py SECONDS all|but-workers [SEED]

Clients send, append, copy, move and delete; one address stands for mailboxes, a
command, an mbox and two other hosts, one of them slow. Meanwhile any process but
the supervisor's own is killed with SIGKILL, or any but those that just deliver
and send a message. Afterwards everything that was promised is there; exactly
once where no worker was killed, and with them no more often than workers died
that had it in their hands; the server is healthy; it has the processes and
descriptors that it had at the start, and no connection."""
import os
import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import chain as crash
from chain import DOMAIN, USERS, Chain, reap
from load import Ledger, OutwardSender, PlacesSender, end_clients, healthy, start_clients
from sink import Sink
from verdict import check_all, end_with

SUPERVISOR = ("s6-svscan", "s6-supervise", "s6-log")
WORKERS = ("deliver", "send", "command-run", "sh", "sed")  # and a command with who watches it
IDLE = ("send", "mta-sts")  # these end when nobody has asked for a while
PAUSE = 0.25  # seconds between two deaths, on average
PORTS = ("smtp", "submission", "smtps", "imap", "imaps", "pop3", "pop3s")


def kill_one(chain, rng, killed, spared):
    """Each kind of process is as likely as any other; spared are those of these
    names that a supervisor did not start."""
    kinds, found = {}, chain.processes()
    supervisors = [pid for pid, _, name in found if name == "s6-supervise"]
    for pid, parent, name in found:
        if name not in SUPERVISOR and (name not in spared or parent in supervisors):
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
    """queue-run's and authd's sockets: their workers come and go; and smtpd's, which runs filters itself when it
    comes up before command-run."""
    return name in ("queue-run", "authd", "smtpd") and os.readlink(fd).startswith("socket:")


# Those that answer to a program of their own name and come and go: workers for dialogues, for filters.
HELPERS = ("authd", "smtpd")


def shape(chain):
    """Processes and how many descriptors they have; workers come and go, helpers, and what ends when it is idle."""
    found = Counter()
    names = {pid: name for pid, _, name in chain.processes()}
    for pid, parent, name in chain.processes():
        if name in HELPERS and names.get(parent) == name or name in IDLE and names.get(parent) == "listen":
            continue
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
    """None, or what differs for a minute."""
    until = time.monotonic() + 60
    while True:
        reap()
        now, left = shape(chain), connections(chain.facts)
        if now == before and not left and not strays(chain):
            return None
        if time.monotonic() > until:
            return (f"more: {dict(now - before)}, fewer: {dict(before - now)}, "
                    f"connections: {left}, strays: {strays(chain)}")
        time.sleep(0.1)


def outward(chain, sinks):
    """Two other hosts and an address for all kinds of places; who connects from here
    may send there."""
    etc = chain.folder / "etc"
    (etc / "relay").write_text("127.0.0.0/8\n")
    (etc / "routes").write_text("".join(f"{name}.example 127.0.0.1:{s.server_address[1]} tls=none\n"
                                        for name, s in sinks.items()))
    (etc / "dns").write_text("none\n")
    (etc / "list").write_text("".join(f"{x}\n" for x in (*PlacesSender.outside, f"box@{DOMAIN}", f"{USERS[0]}@{DOMAIN}")))
    targets = ", ".join(f"{u}@{DOMAIN}" for u in USERS)
    with chain.users.open("a") as file:
        file.write(f"box@{DOMAIN} mailbox mbox={chain.folder}/mail/box\n"
                   f"{PlacesSender.alias} -> {targets}, :include:{etc}/list, "
                   f"| sed -n '/^X-Token: /p' >>{chain.folder}/mail/ran\n")


def check_outward(chain, sinks, ledger, killed, spared):
    """What is wrong with that which went to other hosts, commands and the mbox, and
    how many came more than once. A worker that dies has one message in hand, for four
    recipients at most; one that delivers, as many as wait for it."""
    got = sum((s.got for s in sinks.values()), Counter())
    files = Counter()
    for name in PlacesSender.files:
        file = chain.folder / "mail" / name
        text = file.read_bytes() if file.exists() else b""
        files.update((name, t.decode()) for t in re.findall(rb"^X-Token: (t\d+t)$", text, re.M))
    with ledger.lock:
        wrong = [f"{x} never came" for x, n in (ledger.outward - got).items() if got[x] == 0 and n > 0]
        wrong += [f"{x} never came" for x in ledger.files if files[x] == 0]
    outside, inside = sum(n - 1 for n in got.values()), sum(n - 1 for n in files.values())
    if outside > (0 if "send" in spared else 4 * killed["send"]):
        wrong.append(f"{outside} too many came to other hosts: {[x for x, n in got.items() if n > 1][:9]}")
    if inside and (spared or not any(killed[x] for x in ("deliver", "command-run", "sh", "sed"))):
        wrong.append(f"{inside} too many came to {[x for x, n in files.items() if n > 1][:9]}")
    return wrong, outside + inside


def recovered(facts):
    """The supervisor waits a second before it starts what has died young."""
    until = time.monotonic() + 60
    while True:
        wrong = healthy(facts)
        if not wrong or time.monotonic() > until:
            return [wrong] if wrong else []
        time.sleep(0.2)


def storm(chain, ledger, rng, seconds, sinks, spared):
    """What was wrong, who was killed, and how many came twice."""
    killed = Counter()
    before = shape(chain)
    clients = start_clients(chain.facts, ledger, rng, pause=0.05)
    for kind in (OutwardSender, PlacesSender):
        clients.append(kind(chain.facts, ledger, rng.getrandbits(32)))
        clients[-1].pause = 0.05
        clients[-1].start()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(rng.expovariate(1 / PAUSE))
        kill_one(chain, rng, killed, spared)
        reap()
    end_clients(clients, ledger)
    wrong = recovered(chain.facts)
    chain.retry(60)
    more, moved = check_all(chain, ledger)
    wrong += more
    if moved and (spared or not killed["deliver"]):
        wrong.append(f"{moved} came again when they had been moved or deleted")
    more, doubles = check_outward(chain, sinks, ledger, killed, spared)
    wrong += more
    # Workers whose listen has died serve queue-run until it ends.
    chain.signal("queue-run", signal.SIGTERM)
    wrong += [w for w in [check_shape(chain, before)] if w]
    if seconds > 1 and not killed:
        wrong.append("nobody was killed")
    return wrong, killed, doubles + moved


def main():
    seconds, spared = float(sys.argv[1]), {"all": (), "but-workers": WORKERS}[sys.argv[2]]
    crash.enter()
    seed, rng = crash.randomly(int(sys.argv[3]) if len(sys.argv) > 3 else None)
    chain, ledger, sinks = Chain(), Ledger(), {"sink": Sink(), "slow": Sink(late=0.3)}
    outward(chain, sinks)
    try:
        chain.start()
        time.sleep(1.5)  # a program is young, and its supervisor patient, for a second
        wrong, killed, doubles = storm(chain, ledger, rng, seconds, sinks, spared)
        dead = ", ".join(f"{n} {name}" for name, n in sorted(killed.items()))
        sent = sum(len(s.got) for s in sinks.values())
        return end_with(f"storm {sys.argv[2]}, seed {seed}", chain, wrong, f"killed {dead}; {ledger.count()} promises, "
                        f"{sent} sent on, {doubles} twice")
    finally:
        if chain.facts:
            chain.kill()
        chain.remove()


sys.exit(main())
