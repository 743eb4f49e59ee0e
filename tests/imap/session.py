"""An IMAP session with any server, and one form for answers that mean the same."""
import os
import re
import select
import socket
import subprocess
import time
import zlib


def quoted(data):
    """A string as cases write it, whether it came quoted or as a literal."""
    data = data.encode() if isinstance(data, str) else data
    for a, b in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\r", b"\\r"), (b"\n", b"\\n"), (b"\t", b"\\t")):
        data = data.replace(a, b)
    text = data.decode("utf-8", "backslashreplace")
    return '"' + re.sub("[\0-\x1f]", lambda m: "\\x%02x" % ord(m.group()), text) + '"'


def tokens(text, at=0, inside=False):
    """Atoms, strings and lists; an atom goes on through [...] and "..."."""
    found = []
    while at < len(text):
        c = text[at]
        if c == " ":
            at += 1
        elif c == "(":
            sub, at = tokens(text, at + 1, True)
            found.append(sub)
        elif c == ")":
            if not inside:
                raise ValueError(text)
            return found, at + 1
        else:
            m = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\[(?:"(?:[^"\\]|\\.)*"|[^]"])*\]|[^ ()"\[])+').match(text, at)
            if not m:
                raise ValueError(text)
            found.append(m.group())
            at = m.end()
    if inside:
        raise ValueError(text)
    return found, at


def written(token):
    return "(" + " ".join(map(written, token)) + ")" if isinstance(token, list) else token


def by_case(token):
    return written(token).lower()


def pairs_sorted(items):
    """NAME value NAME value ...: in the order of the names."""
    if len(items) % 2:
        return items
    pairs = sorted((items[i:i + 2] for i in range(0, len(items), 2)), key=lambda p: by_case(p[0]))
    for p in pairs:
        if written(p[0]).upper() == "FLAGS" and isinstance(p[1], list):
            p[1] = flags_sorted(p[1])
    return [t for p in pairs for t in p]


def flags_sorted(flags):
    return sorted((f for f in flags if by_case(f) != "\\recent"), key=by_case)


def numbers(text):
    """A set of UIDs, each by itself."""
    if not re.fullmatch(r"[0-9:,]+", text):
        return text
    ranges = [part.split(":") for part in text.split(",")]
    return ",".join(str(n) for r in ranges for n in range(int(r[0]), int(r[-1]) + 1))


def normal_code(line):
    """Likewise sets in COPYUID, flags in PERMANENTFLAGS, the day of INTERNALDATE, fields'
    names, a mailbox's name as an atom."""
    line = re.sub(r"(\[COPYUID \S+) (\S+) (\S+)\]", lambda m: "%s %s %s]" % (m.group(1), numbers(m.group(2)), numbers(m.group(3))), line)
    line = re.sub(r'(INTERNALDATE ")0(\d-)', r"\1 \2", line)
    line = re.sub(r"(HEADER\.FIELDS(?:\.NOT)?) (\([^()]*\))", lambda m: m.group(1) + " " + m.group(2).upper(), line)
    line = re.sub(r'^(\* (?:LIST|LSUB) \(.*?\) \S+) ([^" ]+)', r'\1 "\2"', line)
    line = re.sub(r'^(\* STATUS) ([^" ]+)', r'\1 "\2"', line)
    m = re.match(r"(\S+ OK \[PERMANENTFLAGS )\((.*?)\)(\].*)$", line)
    return m.group(1) + written(flags_sorted(m.group(2).split())) + m.group(3) if m else line


def normal(line):
    """The same text for what a server may write in one order or another: the items of
    a FETCH or STATUS, flags, attributes, the numbers of a SEARCH."""
    line = normal_code(line)
    m = re.match(r'(\* (?:(?:\d+|\$\w+) (?:UID)?FETCH|FLAGS|LIST|LSUB|STATUS|CAPABILITY|ENABLED|SEARCH|ESEARCH|METADATA))(?: (.*))?$', line)
    m = re.match(r'(\* (?:(?:\d+|\$\w+) (?:UID)?FETCH|FLAGS|LIST|LSUB|STATUS|CAPABILITY|ENABLED|SEARCH|ESEARCH|METADATA))(?: (.*))?$', line)
    if not m:
        return line
    try:
        rest, _ = tokens(m.group(2) or "")
    except ValueError:
        return line
    kind = m.group(1).split()[-1]
    if kind in ("FETCH", "UIDFETCH") and len(rest) == 1 and isinstance(rest[0], list):
        rest = [pairs_sorted(rest[0])]
    elif kind == "FLAGS" and rest:
        rest = [flags_sorted(rest[0])]
    elif kind in ("LIST", "LSUB") and len(rest) >= 3:
        rest = [sorted(rest[0], key=by_case), rest[1], rest[2] if rest[2].startswith('"') else quoted(rest[2])] + rest[3:]
    elif kind in ("STATUS", "METADATA") and len(rest) == 2 and isinstance(rest[1], list):
        rest = [rest[0] if rest[0].startswith('"') else quoted(rest[0]), pairs_sorted(rest[1])]
    elif kind in ("CAPABILITY", "ENABLED"):
        rest = sorted(rest, key=by_case)
    elif kind == "SEARCH":
        rest = sorted((t for t in rest if not isinstance(t, list)), key=lambda t: (len(t), t)) + [t for t in rest if isinstance(t, list)]
    elif kind == "ESEARCH":
        head = [t for t in rest[:2] if isinstance(t, list) or t == "UID"]
        pairs = rest[len(head):]
        pairs = [numbers(t) if i % 2 and pairs[i - 1] == "ALL" else t for i, t in enumerate(pairs)]
        rest = head + pairs_sorted(pairs)
    return " ".join([m.group(1)] + [written(t) for t in rest])




class Refused(Exception):
    """A command that had to succeed did not."""


class Session:
    """A connection, its lines, and the tags that wait for an answer."""

    def __init__(self, server, folder, name="1", patience=10, show=False, log=None):
        """server: as tests/imap/run takes it; folder: for its {}."""
        self.patience, self.shows, self.inflater, self.deflater = patience, show, None, None
        self.name, self.buffer, self.tags, self.count, self.process = name, b"", [], 0, None
        m = re.match(r"([^/ ]+):(\d+)/(.*)/(.*)$", server)
        if m:
            self.socket = socket.create_connection((m.group(1), int(m.group(2))), self.patience)
            self.read_from = self.write_to = self.socket.fileno()
        else:
            self.process = subprocess.Popen(["/bin/sh", "-c", "exec " + server.replace("{}", folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0)
            self.read_from, self.write_to = self.process.stdout.fileno(), self.process.stdin.fileno()
        self.capabilities = set()
        greeting = self.line()
        if m:
            self.run('LOGIN "%s" "%s"' % m.groups()[2:])
        elif not greeting.startswith("* PREAUTH"):
            raise Refused("no PREAUTH but: " + greeting)
        self.capabilities = set(self.run("CAPABILITY")[-1].split()[2:])

    def show(self, way, text):
        if self.shows:
            print("   %s%s %s" % (way, self.name, text))

    def send(self, data):
        self.show("C", data.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        if self.deflater:
            data = self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        try:
            while data:
                data = data[os.write(self.write_to, data):]
        except (BrokenPipeError, ConnectionResetError):
            pass

    def fill(self, until):
        left = until - time.monotonic()
        if left <= 0 or not select.select([self.read_from], [], [], left)[0]:
            raise TimeoutError("nothing came" + (", only " + repr(self.buffer) if self.buffer else ""))
        try:
            more = os.read(self.read_from, 1 << 16)
        except ConnectionResetError:
            more = b""
        if not more:
            raise EOFError("the connection was closed")
        self.buffer += self.inflater.decompress(more) if self.inflater else more

    def line(self):
        """One line with its literals, these as strings."""
        until, text = time.monotonic() + self.patience, ""
        while True:
            while b"\n" not in self.buffer:
                self.fill(until)
            line, self.buffer = self.buffer.split(b"\n", 1)
            if not line.endswith(b"\r"):
                raise ValueError("a line without CR: %r" % line)
            line = line[:-1]
            m = re.search(rb"~?\{(\d+)\}$", line)
            text += (line[:m.start()] if m else line).decode("utf-8", "backslashreplace")
            if not m:
                self.show("S", text)
                return text
            size = int(m.group(1))
            while len(self.buffer) < size:
                self.fill(until)
            text += quoted(self.buffer[:size])
            self.buffer = self.buffer[size:]

    def deflate(self):
        """RFC 4978: from here on both ways are compressed."""
        self.inflater = zlib.decompressobj(-15)
        self.deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        self.buffer = self.inflater.decompress(self.buffer)

    def tag(self):
        self.count += 1
        self.tags.append("t%s.%d" % (self.name, self.count))
        return self.tags[-1]

    def run(self, command, literal=None):
        """A command that has to succeed, for what cases begin with."""
        tag, lines = self.tag(), []
        self.tags.pop()
        self.send(("%s %s" % (tag, command)).encode() + (b" {%d}\r\n" % len(literal) if literal is not None else b"\r\n"))
        while True:
            line = self.line()
            if line.startswith("+ ") and literal is not None:
                self.send(literal + b"\r\n")
            elif line.startswith(tag + " OK"):
                return lines
            elif line.startswith(tag):
                raise Refused("%s: %s" % (command, line))
            else:
                lines.append(line)

    def end(self):
        if not self.process:
            self.socket.close()
            return
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(self.patience)
