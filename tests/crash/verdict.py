"""Is everything there that was promised, once, and nothing else left?"""
import os
import re
import time
from collections import Counter

from chain import DOMAIN, USERS
from load import FOLDERS, TROUBLE, Mailbox, content

# What may stand before the message: the trace fields of smtpd and deliver, and
# what smtpd adds for those whose mail it sends on.
TRACE = re.compile(rb"((Date|Message-ID|Return-Path|Delivered-To|Received|Authentication-Results|X-[\w-]+):[^\n]*\n([ \t][^\n]*\n)*)*")


def messages(chain, user):
    """The files of a mailbox, whatever its folder: (path, content)."""
    top = chain.folder / "mail" / DOMAIN / user / "Maildir"
    for where, folders, names in os.walk(top):
        if os.path.basename(where) in ("new", "cur"):
            for name in names:
                path = os.path.join(where, name)
                with open(path, "rb") as f:
                    yield path, f.read()


def count_copies(chain, wrong):
    """(user, token): copies; each whole and byte for byte what was sent."""
    found = Counter()
    for user in USERS:
        for path, data in messages(chain, user):
            token = re.search(rb"^X-Token: (t\d+t)$", data, re.M)
            if token is None:
                wrong.append(f"not a whole message: {path}, {len(data)} bytes")
                continue
            token = token.group(1).decode()
            if len(token) > 15:  # of healthy()
                continue
            found[user, token] += 1
            sent = content(token)
            if not data.endswith(sent) or not TRACE.fullmatch(data[:len(data) - len(sent)]):
                wrong.append(f"{token} of {user} is damaged: {path}")
    return found


def check_copies(chain, ledger, wrong):
    """A message that was moved or deleted may be delivered once more after a crash of
    the worker that was to note its delivery: the name that would stop that is elsewhere."""
    found, doubles = count_copies(chain, wrong), 0
    for key in set(found) | set(ledger.promised):
        n, low = found[key], ledger.promised[key]
        high = low + ledger.doubtful[key]
        if n < low:
            wrong.append(f"{key} was promised {low} times and is there {n} times")
        elif n > high and key in ledger.moved:
            doubles += n - high
            ledger.doubtful[key] += n - high
        elif n > high:
            wrong.append(f"{key} is there {n} times, not {low} to {high}")
    return doubles


def check_uids(facts, ledger, wrong):
    for user in USERS:
        reader = Mailbox(facts, ledger, 0, user)
        try:
            peer = reader.connect()
            for folder in FOLDERS:
                if peer.select(folder)[0] != "OK":
                    if (user, folder) in ledger.validity:
                        wrong.append(f"{folder} of {user} is gone")
                    continue
                reader.open(peer, folder)
                found = reader.look(peer, folder)
                for (u, f, uid), token in sorted(ledger.fixed.items()):
                    if (u, f) == (user, folder) and found.get(uid) != token:
                        wrong.append(f"UID {uid} of {user} {folder} was {token}, is {found.get(uid)}")
            reader.leave(peer)
        except TROUBLE as error:
            wrong.append(f"{user} cannot look: {error!r}")


def check_spool(chain, wrong):
    """Leftovers in tmp are swept when they are old; there is nothing else."""
    wrong += [f"still queued: {f}" for f in chain.queued()]
    wrong += [f"bad: {f}" for f in os.listdir(chain.folder / "spool/bad")]
    return len(os.listdir(chain.folder / "spool/tmp"))


def check_all(chain, ledger):
    """What is wrong, and how many doubles are excused."""
    wrong = []
    chain.settle(30)
    check_spool(chain, wrong)
    doubles = check_copies(chain, ledger, wrong)
    check_uids(chain.facts, ledger, wrong)
    with ledger.lock:
        wrong += ledger.wrong
        ledger.wrong = []
    return wrong, doubles


def end_with(name, chain, wrong, told):
    """Print what was seen; the exit code."""
    wrong += [line for line in chain.log(100000) if "Sanitizer" in line or "runtime error:" in line]
    for w in wrong[:40]:
        print("wrong:", w)
    if wrong:
        print(*chain.log(), sep="\n")
    print(f"{name}: {told}, {len(wrong)} wrong, {time.strftime('%H:%M:%S')}")
    return len(wrong) > 0
