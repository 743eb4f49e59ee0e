#!/usr/bin/env python3
"""A client of imapd that speaks COMPRESS=DEFLATE (RFC 4978).

imapd-compress.py talk|garbage|bomb MAILDIR
"""
import os
import select
import socket
import subprocess
import sys
import time
import zlib


class Session:
    """imapd over a socket, or over pipes."""

    def __init__(self, maildir, pipes=False):
        if pipes:
            self.process = subprocess.Popen(["imapd", maildir], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.to, self.of = self.process.stdin.fileno(), self.process.stdout.fileno()
        else:
            ours, theirs = socket.socketpair()
            self.process = subprocess.Popen(["imapd", maildir], stdin=theirs, stdout=theirs)
            theirs.close()
            self.socket = ours
            self.to = self.of = ours.fileno()
        self.deflate = self.inflate = None
        self.buffer = b""

    def send(self, data, by=None):
        if self.deflate:
            data = self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        for at in range(0, len(data), by or len(data)):
            os.write(self.to, data[at:at + (by or len(data))])

    def read(self):
        assert select.select([self.of], [], [], 60)[0], f"nothing comes behind {self.buffer!r}"
        data = os.read(self.of, 65536)
        self.buffer += self.inflate.decompress(data) if self.inflate and data else data
        return data

    def line(self):
        while b"\r\n" not in self.buffer:
            assert self.read(), f"the end behind {self.buffer!r}"
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode()

    def until(self, tag):
        lines = [self.line()]
        while not lines[-1].startswith(tag + " "):
            lines.append(self.line())
        return lines

    def say(self, text, by=None):
        self.send(text.encode() + b"\r\n", by)
        return self.until(text.split()[0])

    def compress(self, level=6, window=15):
        assert self.say("c COMPRESS DEFLATE") == ["c OK Compression active"]
        self.deflate = zlib.compressobj(level, zlib.DEFLATED, -window)
        self.inflate = zlib.decompressobj(-15)


def greeted(maildir, pipes=False):
    s = Session(maildir, pipes)
    assert " COMPRESS=DEFLATE" in s.line()
    return s


def talk(maildir):
    for pipes in False, True:
        s = greeted(maildir, pipes)
        assert s.say("a COMPRESS GZIP")[-1].startswith("a BAD ")
        s.compress(level=0 if pipes else 9)
        assert s.say("d COMPRESS DEFLATE") == ["d NO [COMPRESSIONACTIVE] Already active"]
        assert s.say("e NOOP", by=1)[-1].startswith("e OK ")
        # Several commands in one packet, a message of its own size in them.
        text = b"Subject: x\r\n\r\n" + b"line %d of it\r\n" % 7 * 20000
        s.send(b"f APPEND INBOX {%d+}\r\n%s\r\ng SELECT INBOX\r\nh FETCH * BODY.PEEK[]\r\n" % (len(text), text))
        assert s.until("f")[-1].startswith("f OK [APPENDUID ")
        assert s.until("g")[-1].startswith("g OK [READ-WRITE] ")
        head = s.line()
        assert head.endswith("BODY[] {%d}" % len(text)), head
        while len(s.buffer) < len(text):
            assert s.read()
        assert s.buffer.startswith(text)
        s.buffer = s.buffer[len(text):]
        assert s.until("h")[-1].startswith("h OK ")
        # What comes during IDLE is told at once, also when half of DONE is there.
        s.send(b"i IDLE\r\n")
        assert s.line() == "+ idling"
        data = s.deflate.compress(b"DONE\r\n") + s.deflate.flush(zlib.Z_SYNC_FLUSH)
        os.write(s.to, data[:1])
        name = f"new{int(pipes)}.x.h"
        with open(f"{maildir}/tmp/{name}", "w") as f:
            f.write("Subject: y\n\nz\n")
        os.rename(f"{maildir}/tmp/{name}", f"{maildir}/new/{name}")
        assert s.line().endswith(" EXISTS")
        assert s.line().endswith(" RECENT")
        os.write(s.to, data[1:])
        assert s.until("i")[-1].startswith("i OK ")
        assert s.say("j LOGOUT")[-1].startswith("j OK ")
        assert s.read() == b""
        assert s.process.wait(10) == 0
    # Nothing may follow COMPRESS before its answer; the session goes on in clear.
    s = greeted(maildir)
    s.send(b"a COMPRESS DEFLATE\r\nb NOOP\r\n")
    assert s.until("a")[-1].startswith("a BAD ")
    assert s.until("b")[-1].startswith("b OK ")
    s.compress(window=9)
    assert s.say("z LOGOUT")[-1].startswith("z OK ")


def garbage(maildir):
    s = greeted(maildir)
    s.compress()
    s.deflate = None
    s.send(b"\xff\xff\xff\xff a NOOP\r\n")
    while s.read():
        continue
    assert s.process.wait(10) == 0
    # An end of the stream is the end of the connection.
    s = greeted(maildir)
    s.compress()
    os.write(s.to, s.deflate.compress(b"a NOOP\r\n") + s.deflate.flush(zlib.Z_FINISH))
    assert s.until("a")[-1].startswith("a OK ")
    while s.read():
        continue
    assert s.process.wait(10) == 0


def bomb(maildir):
    """A line of 1 GiB, in a megabyte."""
    s = greeted(maildir)
    s.compress(level=9)
    before = most = peak(s)
    block = bytes(1 << 20)
    try:
        for _ in range(1024):
            os.write(s.to, s.deflate.compress(block))
            most = max(most, peak(s))
        s.send(b"\r\n")
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        while s.read():
            continue
    except ConnectionResetError:
        pass
    assert s.buffer == b"* BYE [TOOBIG] Too much in one command\r\n", s.buffer[-200:]
    assert s.process.wait(10) == 0
    # The sanitizer keeps what is freed.
    assert most - before < (200000 if os.environ["BUILD"].endswith("san") else 2048), f"{before} {most} kB"


def peak(s):
    """Its memory so far, in kB; 0 when it has ended."""
    with open(f"/proc/{s.process.pid}/status") as f:
        return next((int(line.split()[1]) for line in f if line.startswith("VmHWM")), 0)


globals()[sys.argv[1]](sys.argv[2])
