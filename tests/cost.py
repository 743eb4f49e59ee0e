#!/usr/bin/env python3
"""cost.py WORD AIM: page faults of one of tests/bench/cost's operations, over a
private server, told when they are more than AIM. Counted by the kernel for each
process, and for those that have ended in the one that waited for them."""
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SERVE = os.path.join(TOP, "tests", "serve")
COUNT = 20


def operations():
    loader = importlib.machinery.SourceFileLoader("cost", os.path.join(TOP, "tests", "bench", "cost"))
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("cost", loader))
    loader.exec_module(module)
    return {name: work for name, work, tls in module.OPERATIONS if not tls}


def processes(pid):
    """The faults of each process of the tree, and how many there are without those that wait for another dialogue."""
    todo, found, waiting = [pid], {}, 0
    while todo:
        pid = todo.pop()
        try:
            with open(f"/proc/{pid}/stat") as f:
                name, _, fields = f.read().rpartition(")")
                fields = fields.split()
            with open(f"/proc/{pid}/task/{pid}/children") as f:
                todo += [int(word) for word in f.read().split()]
        except OSError:
            continue
        waiting += name.endswith("(authd")
        found[pid] = int(fields[7]) + int(fields[8])  # minflt, cminflt
    return sum(found.values()), len(found) - waiting


def settled(pid, most):
    """The faults, once no more processes are there than before."""
    end = time.monotonic() + 120
    while True:
        faults, count = processes(pid)
        if count <= most:
            return faults
        if time.monotonic() > end:
            sys.exit("cost.py: processes are left")
        time.sleep(0.05)


def main():
    work, aim = operations()[sys.argv[1]], int(sys.argv[2])
    out = subprocess.run([SERVE, "start", "--bench"], stdout=subprocess.PIPE, check=True).stdout
    stack = json.loads(out)
    try:
        for _ in range(5):
            work(stack, None)
        time.sleep(1)
        _, most = processes(stack["pid"])
        before = settled(stack["pid"], most)
        for _ in range(COUNT):
            work(stack, None)
        faults = (settled(stack["pid"], most) - before) / COUNT
    finally:
        subprocess.run([SERVE, "stop", str(stack["pid"])], check=False)
    print(f"{sys.argv[1]}: {faults:.1f} page faults, at most {aim} are wanted")
    sys.exit(faults > aim)


main()
