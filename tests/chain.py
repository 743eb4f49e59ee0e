#!/usr/bin/env python3
"""Messages of nasty shapes through smtpd, queue-run and deliver: each must lie
in the Maildir byte for byte, but for line ends and the fields on top.

usage: chain.py MAILDIR RCPT    (CHAINMAIL_* name the rest)
"""
import glob
import os
import random
import re
import subprocess
import sys

HEAD = b"Subject: x\r\nFrom: a@remote.example\r\n\r\n"
KIB64 = 65536


def shapes():
    """name, wire bytes (before dot-stuffing; CRLF line ends)."""
    yield "nothing", b""
    yield "an empty line", b"\r\n"
    yield "empty lines", b"\r\n" * 5
    yield "header only", b"Subject: x\r\n"
    yield "header and its end", HEAD
    yield "no header", b"hello\r\nworld\r\n"
    yield "no header, then empty", b"hello world\r\n\r\nmore\r\n"
    yield "a blank first", b" hello\r\n\r\nmore\r\n"
    yield "an empty line first", b"\r\nSubject: no header\r\n"
    yield "dots", HEAD + b".\r\n..\r\n...\r\n.x\r\n. \r\nx.\r\n.\r\n"
    yield "a dot alone", b".\r\n"
    yield "dots in the header", b".x: y\r\n..\r\n\r\n.\r\n"
    yield "eight bits", HEAD + bytes(range(128, 256)) + b"\r\n"
    yield "controls", HEAD + bytes(b for b in range(1, 32) if b not in (10, 13)) + b"\x7f\r\n"
    yield "a field folded", b"Subject: a\r\n b\r\n\tc\r\nX:\r\n\r\nbody\r\n"
    yield "a line of 998", HEAD + b"y" * 998 + b"\r\n"
    yield "a line of 100000", HEAD + b"z" * 100000 + b"\r\n"
    yield "a header line of 20000", b"X-Long: " + b"h" * 20000 + b"\r\n" + HEAD + b"b\r\n"
    yield "From_ lines", HEAD + b"From here\r\n>From there\r\n"
    yield "end of a header split by blocks", b"X: " + b"x" * 32700 + b"\r\n" + HEAD + b"b\r\n"
    for at in range(-3, 4):
        pad = KIB64 + at - len(HEAD)
        yield f"CRLF at 64 KiB {at:+}", HEAD + b"p" * pad + b"\r\n.q\r\n"
        pad = 32767 + at - len(HEAD)
        yield f"CRLF at a block {at:+}", HEAD + b"p" * pad + b"\r\n..\r\n\r\n"
    lines = b"".join(b"." * (i % 7) + b"l" * (i % 80) + b"\r\n" for i in range(40000))
    yield "1.5 MB of lines", HEAD + lines


def unended():
    """Only BDAT can leave the last line open."""
    yield "no last line end", HEAD + b"last"
    yield "header without its line end", b"Subject: x"
    yield "one byte", b"x"
    yield "a dot at the end", HEAD + b"."


FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")


def kept(wire):
    """What lies in the Maildir below our own fields: the same, but that a text without the empty line
    before it gets one, and so does a header without a text; and that the last line is ended (BDAT may leave
    it open), so that every reader counts the same bytes."""
    lines = wire.replace(b"\r\n", b"\n").splitlines(keepends=True)
    n = 0
    while n < len(lines) and (FIELD.match(lines[n]) or (n > 0 and lines[n][:1] in b" \t")):
        n += 1
    head = b"".join(lines[:n])
    if head and not head.endswith(b"\n"):
        head += b"\n"
    if n == len(lines) or lines[n] != b"\n":
        head += b"\n"
    text = head + b"".join(lines[n:])
    return text if text.endswith(b"\n") else text + b"\n"


def by_data(wire):
    stuffed = re.sub(rb"(?m)^\.", b"..", wire)
    return b"DATA\r\n" + stuffed + b".\r\n"


def by_bdat(wire, rng):
    out, at = b"", 0
    while at < len(wire) and rng.random() < 0.95:
        n = min(rng.choice((1, 2, 3, 10, 100, 4096, 32767, 32768, KIB64)), len(wire) - at)
        out += b"BDAT %d\r\n" % n + wire[at:at + n]
        at += n
    return out + b"BDAT %d LAST\r\n" % (len(wire) - at) + wire[at:]


def session(rcpt, transactions):
    """The replies' ids, one for each."""
    say = b"EHLO client.example\r\n"
    for t in transactions:
        say += b"MAIL FROM:<s@remote.example>\r\nRCPT TO:<%s>\r\n" % rcpt + t
    out = subprocess.run(["smtpd"], input=say + b"QUIT\r\n", stdout=subprocess.PIPE,
                         check=True).stdout
    return [m.decode() for m in re.findall(rb"(?m)^250 2.0.0 ([0-9A-Z]{26})\r$", out)]


TOP = re.compile(rb"Return-Path: <s@remote\.example>\nDelivered-To: [^\n]+\n(?P<blank>\n?)"
                 rb"Received: from [^\n]*\n(?:[ \t][^\n]*\n)*")


def check(maildir, name, message_id, wire):
    files = glob.glob(f"{maildir}/new/*{message_id}*")
    if len(files) != 1:
        return f"{name}: {len(files)} copies"
    data = open(files[0], "rb").read()
    top = TOP.match(data)
    want = kept(wire)
    if top is None:
        return f"{name}: the top is {data[:300]!r}"
    if data[top.end():] != want:
        got = data[top.end():]
        at = len(os.path.commonprefix([got, want]))
        return f"{name}: differs at {at}: {got[at:at + 40]!r}, not {want[at:at + 40]!r}"
    size, wire_size = re.search(r",S=(\d+),W=(\d+)", files[0]).groups()
    if int(size) != len(data) or int(wire_size) != len(data) + data.count(b"\n"):
        return f"{name}: S={size} W={wire_size} of {len(data)} bytes"
    return None


def main():
    maildir, rcpt = sys.argv[1], sys.argv[2].encode()
    rng = random.Random(1)
    cases = [(n, w, by_data(w)) for n, w in shapes()]
    cases += [(n + ", BDAT", w, by_bdat(w, rng)) for n, w in (*shapes(), *unended())]
    rng.shuffle(cases)
    ids = session(rcpt, [t for _, _, t in cases])
    assert len(ids) == len(cases), f"{len(ids)} of {len(cases)} were accepted"
    subprocess.run(["queue-run", "-1"], check=True, stderr=subprocess.DEVNULL)
    wrong = [check(maildir, n, i, w) for (n, w, _), i in zip(cases, ids)]
    wrong = [w for w in wrong if w]
    print("\n".join(wrong) or f"{len(cases)} messages came through")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
