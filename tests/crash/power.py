#!/usr/bin/python3
"""The power fails while the whole chain works.

usage: power.py FILESYSTEM ROUNDS [SEED]

Spool and mail are on one file system (ext4 or xfs) on a loop device. Clients
send, append, copy and move; at a random moment the file system is shut down
without its log, everything is killed, mounted again and started again. Then all
that was promised must be there; see load.py and verdict.py. After CUTS rounds
everything begins anew. Exit 77: not possible here."""
import sys
import time
from collections import Counter

import chain as crash
from chain import Chain, Disk
from load import Ledger, end_clients, healthy, start_clients
from verdict import check_all, end_with

CUTS = 5


class Machine:
    """A server whose spool and mail are on a disk that can lose its power."""

    def __init__(self, kind):
        self.chain = Chain()
        self.disk = Disk(kind, self.chain.folder / "disk")
        self.disk.mount()
        for part in ("spool", "mail"):
            (self.disk.folder / part).mkdir()
        self.bind()
        self.chain.start()
        self.ledger = Ledger(power=True)

    def bind(self):
        for part in ("spool", "mail"):
            (self.chain.folder / part).mkdir(exist_ok=True)
            done = crash.quiet("mount", "--bind", self.disk.folder / part, self.chain.folder / part)
            if done.returncode:
                raise OSError(done.stderr)

    def off(self):
        self.chain.kill()
        for part in ("spool", "mail"):
            crash.unmount(self.chain.folder / part)
        self.disk.unmount()

    def on(self):
        self.disk.mount()
        self.bind()
        self.chain.start()

    def round(self, rng):
        """One power cut; what is wrong, and doubles."""
        clients = start_clients(self.chain.facts, self.ledger, rng, few=rng.random() < 0.3)
        time.sleep(rng.uniform(0.1, 1.5))
        with self.ledger.lock:
            self.ledger.dark = True
            self.disk.cut()
        if rng.random() < 0.5:  # programs may live on a little, the disk does not
            time.sleep(rng.uniform(0, 0.1))
        for c in clients:
            c.ending = True
        self.off()
        end_clients(clients, self.ledger)
        self.ledger.dark = False
        self.on()
        return check_all(self.chain, self.ledger)

    def end(self):
        try:
            self.off()
        finally:
            self.chain.remove()


def main():
    kind, rounds = sys.argv[1], int(sys.argv[2])
    crash.enter(needed=True)
    why = crash.works(kind)
    if why:
        crash.skip(why)
    seed, rng = crash.randomly(int(sys.argv[3]) if len(sys.argv) > 3 else None)
    seen, wrong = Counter(), []
    while seen["cuts"] < rounds and not wrong:
        machine = Machine(kind)
        try:
            wrong = some_cuts(machine, rng, min(CUTS, rounds - seen["cuts"]), seen)
            code = end_with(f"power {kind}", machine.chain, wrong, f"seed {seed}") if wrong else 0
        finally:
            machine.end()
            print(f"power {kind}:", ", ".join(f"{n} {what}" for what, n in seen.items()), flush=True)
    return code


def some_cuts(machine, rng, cuts, seen):
    """What was wrong; the numbers go into seen."""
    wrong = []
    for _ in range(cuts):
        more, doubles = machine.round(rng)
        seen["cuts"] += 1
        seen["doubles after a move"] += doubles
        wrong += [f"cut {seen['cuts']}: {w}" for w in more]
        if wrong:
            break
    trouble = healthy(machine.chain.facts)
    seen["promises"] += machine.ledger.count()
    seen["answers in the dark"] += machine.ledger.late
    return wrong + ([trouble] if trouble else [])


sys.exit(main())
