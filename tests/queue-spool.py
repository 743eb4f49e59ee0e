#!/usr/bin/env python3
"""Fill a spool: queue-spool.py SPOOL MESSAGES DOMAINS [deferred].
Messages to uN@dN.example, hours old; deferred: tried twice, due in the next hour."""
import os
import random
import sys
import time
from pathlib import Path

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY = b"Subject: x\n\n" + b"y" * 500 + b"\n"
FIRST = 62  # bytes of the first line


def base32(value, digits):
    return "".join(ALPHABET[value >> 5 * i & 31] for i in reversed(range(digits)))


def message(spool, i, domains, now, deferred):
    name = base32((now - 3 * 3600 + i % 3600) * 1000, 10) + base32(random.getrandbits(80), 16)
    words = ("from=ann@mail.example.org\nclient=local service=enqueue\n"
             f"to=u{i}@d{i % domains}.example\n\n").encode()
    first = b"chainmail-spool 1 header=%010d size=%020d\n" % (len(words) + FIRST, len(BODY))
    file = spool / "new" / name
    file.write_bytes(first + words + BODY)
    file.chmod(0o640)
    if deferred:
        lines = [f"at={now - 600} index=0 verdict=75 status=4.4.1 next={at} text=refused\n"
                 for at in (now, now + 600 + i % 2000)]
        (spool / "state" / name).write_text("chainmail-state 1\n" + "".join(lines))


def main():
    spool = Path(sys.argv[1])
    for folder in ("new", "state"):
        os.makedirs(spool / folder, exist_ok=True)
    now = int(time.time())
    for i in range(int(sys.argv[2])):
        message(spool, i, int(sys.argv[3]), now, "deferred" in sys.argv[4:])


main()
