#!/usr/bin/env python3
"""What a crash or a failing disk does to what programs leave that run by hand
or at times: tools.py TARGET FAULT.

TARGET  a class below, in small letters: its text says what must hold
FAULT   KILL, EIO, ENOSPC, EDQUOT, or SHORT (a file ends where it should not)

The program runs once under strace to learn its system calls, those of the
loader too with some. Then, for each that could change or tell something, it runs anew and
is killed on entering that call, or that call fails. What it left is looked at,
and once more after it has run again without a fault. Only what cannot have
been done may be called done. BUILD names the build."""
import base64
import concurrent.futures
import email
import email.policy
import hashlib
import hmac
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from matrix import BUILD, FAILING, calls_of

TESTS = Path(__file__).resolve().parent.parent
TEMP = 75
LOADER = b"error while loading shared libraries"
READING = {"read", "pread64", "getdents64"}
CALLS = {fault: names | (READING if fault in ("KILL", "EIO") else set())
         for fault, names in FAILING.items()} | {"SHORT": {"pread64"}}
CALLS["KILL"] = CALLS["KILL"] - {"poll", "exit_group", "wait4"}
HOW = {"KILL": "signal=KILL", "SHORT": "retval=0"}


def is_password(users, password):
    """The SCRAM record (RFC 5802 3) of the last line is that of the password."""
    rounds, salt, stored, _ = re.search(rb".* scram=(\S+)", users, re.S).group(1).split(b",")
    salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), int(rounds))
    key = hmac.digest(salted, b"Client Key", "sha256")
    return hashlib.sha256(key).digest() == base64.b64decode(stored)


def content(folder):
    return {f.name: f.read_bytes() for f in folder.glob("*") if f.is_file()}


class Tool:
    """A private etc, spool and run; what the program is and left."""

    command = []
    input = b""
    ends = {0}  # of a run without a fault
    start = "execve("  # what is in a line of strace, behind which calls fail
    servers = []

    def __init__(self):
        self.top = Path(tempfile.mkdtemp(prefix="tools-", dir=os.environ.get("CRASH_TMP")))
        self.env = {"PATH": os.environ["PATH"]}
        for name in ("etc", "spool", "run"):
            (self.top / name).mkdir()
            self.env[f"CHAINMAIL_{name.upper()}"] = str(self.top / name)
        self.etc, self.spool = self.top / "etc", self.top / "spool"
        (self.etc / "me").write_text("mail.example.org\n")
        self.trace = self.top / "trace"
        self.make()

    def program(self, *words, data=b"", before=(), stdin=None):
        return subprocess.run([*before, BUILD / "bin" / words[0], *words[1:]], input=None if stdin else data,
                              stdin=stdin, env=self.env, capture_output=True, timeout=60, check=False)

    def enqueue(self, *to, body="text\n", state=""):
        """A message in the spool; what is known of its recipients."""
        before = set(content(self.spool / "new"))
        self.program("enqueue", "-f", "ann@example.org", *to,
                     data=f"Subject: one\nMessage-ID: <1@example.org>\n\n{body}".encode())
        name, = set(content(self.spool / "new")) - before
        if state:
            (self.spool / "state" / name).write_text(f"chainmail-state 1\n{state}")
        return name

    def run(self, before=()):
        return self.program(*self.command, data=self.input, before=before)

    def make(self):
        """Before the program runs."""

    def check(self, done):
        """What is wrong with what it left, whatever happened."""

    def check_end(self, _done):
        """The same after a run that met no fault."""
        return []

    def code(self, done, fault):
        """Killed, done, or an error that is temporary."""
        if done.returncode in (0, TEMP) or fault == "KILL" or LOADER in done.stderr:
            return []
        return [f"ends with {done.returncode}"]

    def left_over(self, fault):
        """Files under names for a time: a killed program alone leaves some."""
        some = [*self.etc.glob(".*.new"), *self.spool.glob("*/.new*"), *self.spool.glob("tmp/*")]
        return [f"left over: {f.name}" for f in some if fault != "KILL"]

    def close(self):
        shutil.rmtree(self.top)


class Bounce(Tool):
    """It says 0 only when the whole report, with the whole message, is written."""

    body = "".join(f"{n} Grüße, a line of text of the message\n" for n in range(1200))

    def make(self):
        to = [f"{x}@example.org" for x in ("bob", "eve", "zoe")]
        line = "at=1 index={} verdict=69 status=5.1.1 next=0 text=nobody\n"
        self.name = self.enqueue(*to, body=self.body, state="".join(map(line.format, range(3))))

    def run(self, before=()):
        with open(self.spool / "new" / self.name, "rb") as message:
            return self.program("bounce", "-f", self.spool / "state" / self.name, before=before, stdin=message)

    def check(self, done):
        if done.returncode != 0:
            return []
        report = email.message_from_bytes(done.stdout, policy=email.policy.default)
        parts = list(report.iter_parts())
        wrong = [f"defect: {d!r}" for d in report.defects]
        if len(parts) != 3 or not done.stdout.endswith(f"--{report.get_boundary()}--\n".encode()):
            return wrong + ["0, and the report is not whole"]
        if self.body.encode() not in done.stdout:
            wrong.append("0, and the message is not whole")
        if b"\nReporting-MTA: dns; mail.example.org\n" not in done.stdout:
            wrong.append("another host's name")
        blocks = len(parts[1].get_payload())
        return wrong + ([] if blocks == 4 else [f"{blocks} blocks"])


class Hold(Tool):
    """Each message is in new/ or hold/, whole; its state stays."""

    command = ["chainmail-queue", "hold", "--all"]
    ends = {0, 1}
    before, after = "new", "hold"

    def make(self):
        state = "at=1 index=0 verdict=0 status=2.0.0 next=0 text=\n"
        names = [self.enqueue("bob@example.org", "eve@example.org", state=state), self.enqueue("bob@example.org")]
        self.mail, self.state = content(self.spool / "new"), content(self.spool / "state")
        for name in names:
            (self.spool / "new" / name).rename(self.spool / self.before / name)

    def check(self, done):
        new, hold = content(self.spool / "new"), content(self.spool / "hold")
        wrong = ["both in new and in hold"] if new.keys() & hold.keys() else []
        wrong += ["not whole, or lost"] if new | hold != self.mail else []
        # What was known still stands, whole; wishes may stand behind it.
        state = content(self.spool / "state")
        wrong += [f"the state of {name} is another" for name, text in self.state.items()
                  if not re.fullmatch(re.escape(text) + rb"(wish do=[a-z]+ end=1\n)*", state.get(name, b""))]
        if done.returncode == 0 and content(self.spool / self.after) != self.mail:
            wrong.append("0, and not done")
        return wrong

    def check_end(self, done):
        return [] if content(self.spool / self.after) == self.mail else ["not done the second time"]


class Release(Hold):
    """The way back."""

    command = ["chainmail-queue", "release", "--all"]
    before, after = "hold", "new"


class Remove(Hold):
    """A message is whole with its state, or gone."""

    command = ["chainmail-queue", "remove", "--all"]

    def check(self, done):
        mail, state = content(self.spool / "new"), content(self.spool / "state")
        wrong = [f"not whole: {name}" for name in mail if mail[name] != self.mail[name]]
        wrong += [f"without its state: {name}" for name in mail if name in self.state and name not in state]
        return wrong + (["0, and still there"] if done.returncode == 0 and mail else [])

    def check_end(self, _done):
        return ["still there"] if content(self.spool / "new") else []


class RemoveTo(Remove):
    """By recipient: only where that one waits."""

    command = ["chainmail-queue", "remove", "to=bob@example.org"]

    def check(self, done):
        mail, (other,) = content(self.spool / "new"), self.state
        wrong = super().check(done) if done.returncode else []
        return wrong + ([] if other in mail else ["what is for another is removed"])

    def check_end(self, _done):
        return ["still there"] if content(self.spool / "new").keys() != self.state.keys() else []


class Report(Hold):
    """remove --report: a held message leaves hold/ only as one that failed."""

    command = ["chainmail-queue", "remove", "--report", "--all"]
    before, after = "hold", "new"

    def failed(self, name):
        state = content(self.spool / "state").get(name, b"")
        waiting = {b"1"} if name in self.state else {b"0"}
        return waiting <= set(re.findall(rb"^at=\d+ index=(\d) verdict=69 .* text=.*\n", state, re.M))

    def check(self, done):
        new, hold = content(self.spool / "new"), content(self.spool / "hold")
        wrong = ["not whole, or lost"] if new | hold != self.mail or new.keys() & hold.keys() else []
        wrong += [f"to be sent after all: {name}" for name in new if not self.failed(name)]
        return wrong + (["0, and not done"] if done.returncode == 0 and hold else [])


class User(Tool):
    """The text and both databases are the old or the new ones, whole."""

    command = ["chainmail-user", "add", "carl@example.org"]
    input = b"secret\n"
    ends = {0, 65}  # here already: the text was written
    start = '"{etc}"'

    def make(self):
        (self.etc / "users").write_text("example.org domain\nbob@example.org mailbox quota=5G\n")
        self.program("chainmail-user", "compile")
        self.old = content(self.etc)

    def compiled(self):
        """The databases that belong to the text."""
        copy = self.top / "copy"
        shutil.copytree(self.etc, copy, ignore=shutil.ignore_patterns("*.cdb", ".*"))
        subprocess.run([BUILD / "bin/chainmail-user", "compile"], env=self.env | {"CHAINMAIL_ETC": str(copy)},
                       capture_output=True, check=False)
        files = content(copy)
        shutil.rmtree(copy)
        return files

    def check(self, done):
        now, new = content(self.etc), self.compiled()
        text, old = now["users"], self.old["users"]
        wrong = []
        if text != old and not re.fullmatch(re.escape(old) + rb"carl@example.org mailbox password=\S+ scram=\S+\n", text):
            wrong.append("the text is not whole")
        for name in ("users.cdb", "secrets.cdb"):
            if now.get(name) not in (self.old[name], new[name]):
                wrong.append(f"{name} is not whole")
            elif done.returncode == 0 and (now[name] != new[name] or text == old):
                wrong.append("0, and not done")
        if text != old and not is_password(text, self.input.strip()):
            wrong.append("another password")
        if b"nothing was changed" in done.stderr and text != old:
            wrong.append("says that nothing was changed")
        return wrong

    def check_end(self, _done):
        self.program("chainmail-user", "compile")
        now, new = content(self.etc), self.compiled()
        same = all(now[name] == new[name] for name in ("users.cdb", "secrets.cdb"))
        return [] if same and b"carl" in now["users"] else ["not done the second time"]


class Networked(Tool):
    """With a name server, made once for all cases. Of these programs' time the
    most goes into loading their libraries, which fails as with the others."""

    start = '"{etc}"'

    zone = ""
    dns = None

    @classmethod
    def serve(cls, words, port, udp):
        cls.servers.append(subprocess.Popen([str(w) for w in words], stderr=subprocess.DEVNULL))
        kind = f"/proc/net/{'udp' if udp else 'tcp'}"
        until = time.monotonic() + 60
        while f"0100007F:{port:04X} " not in Path(kind).read_text(encoding="utf-8"):
            if time.monotonic() > until:
                raise TimeoutError(words[0])
            time.sleep(0.01)

    @classmethod
    def prepare(cls, folder):
        cls.dns = free_port()
        (folder / "zone").write_text(cls.zone)
        cls.serve([TESTS / "zone.py", cls.dns, folder / "zone"], cls.dns, True)

    def make(self):
        (self.etc / "dns").write_text(f"127.0.0.1:{self.dns}\n")


class TlsReport(Networked):
    """Each domain's report is sent; its day is removed only then."""

    command = ["tls-report"]
    domains = ("one.example", "two.example")
    zone = "".join(f"_smtp._tls.{d} TXT v=TLSRPTv1; rua=mailto:tls@{d}\n" for d in domains)

    def make(self):
        super().make()
        self.day = self.spool / "tls" / time.strftime("%Y-%m-%d", time.gmtime(time.time() - 2 * 86400))
        self.enqueue("bob@example.org")
        for f in (self.spool / "new").glob("*"):
            f.unlink()
        self.day.parent.mkdir()
        self.day.write_text("".join(f"session domain={d} at=1 policy=sts result=ok mx=mx.{d}\n" for d in self.domains))

    def sent(self):
        return [re.search(rb"^to=tls@(.*)$", f, re.M).group(1).decode() for f in content(self.spool / "new").values()]

    def check(self, done):
        sent, kept = self.sent(), self.day.read_text(encoding="utf-8") if self.day.exists() else ""
        wrong = [f"{d} is lost" for d in self.domains if d not in sent and d not in kept]
        if done.returncode == 0 and self.day.exists():
            wrong.append("0, and the day is still there")
        return wrong

    def check_end(self, _done):
        sent = self.sent()
        return [f"{d}: {sent.count(d)} reports" for d in self.domains if not 1 <= sent.count(d) <= 2]


class MtaSts(Networked):
    """A policy that is good stays until there is a newer one."""

    zone = "mta-sts.example.org A 127.0.0.1\n_mta-sts.example.org TXT v=STSv1; id=2;\n"
    policy = "version: STSv1\r\nmode: enforce\r\nmx: {}.example.org\r\nmax_age: 864000\r\n"
    web = None
    certificates = None

    @classmethod
    def prepare(cls, folder):
        super().prepare(folder)
        cls.certificates, cls.web = folder, free_port()
        script = '. "$0"; authority root; certificate host root mta-sts.example.org'
        subprocess.run(["bash", "-c", script, TESTS / "certificates.bash"], check=True,
                       env=os.environ | {"CERTS": str(folder)})
        body = cls.policy.format("new")
        (folder / "response").write_bytes(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        cls.serve_policy(folder)

    @classmethod
    def serve_policy(cls, folder):
        cls.serve([TESTS / "policy-host.py", cls.web, folder / "host.pem", folder / "host.key", folder], cls.web, False)

    def make(self):
        super().make()
        self.command = ["mta-sts", "-p", str(self.web), "example.org"]
        shutil.copy(self.certificates / "root.pem", self.etc / "authorities.pem")
        self.known = self.spool / "sts" / "example.org"
        self.known.parent.mkdir()
        self.texts = [self.policy.format(x).encode() for x in ("old", "new")]
        self.known.write_bytes(b"chainmail-sts 1 id=1 fetched=%d failed=0\n" % (time.time() - 200000) + self.texts[0])

    def check(self, done):
        text = self.known.read_bytes() if self.known.exists() else b""
        wrong = []
        if text.partition(b"\n")[2] not in self.texts or not text.startswith(b"chainmail-sts 1 id="):
            wrong.append("the policy is forgotten")
        if done.returncode == 0 and done.stdout not in self.texts:
            wrong.append("0, and no policy")
        return wrong

    def check_end(self, done):
        return [] if done.stdout == self.texts[1] else ["the new policy is not found"]


class MtaStsDown(MtaSts):
    """The same where the policy's host is down."""

    @classmethod
    def serve_policy(cls, folder):
        pass

    def check_end(self, done):
        return [] if done.stdout == self.texts[0] else ["the old policy is not found"]


TARGETS = {re.sub("(?<=[a-z])(?=[A-Z])", "-", t.__name__).lower(): t
           for t in (Bounce, Hold, Release, Remove, RemoveTo, Report, User, TlsReport, MtaSts, MtaStsDown)}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def case(target, fault, name, n):
    tool = TARGETS[target]()
    how = HOW.get(fault, f"error={fault}")
    strace = ["strace", "-f", "-qq", "-o", tool.trace, "-e", f"trace={name}", "-e", f"inject={name}:{how}:when={n}"]
    try:
        done = tool.run(strace)
        wrong = tool.code(done, fault) + tool.check(done) + tool.left_over(fault)
        done = tool.run()
        if done.returncode not in tool.ends:
            wrong.append(f"the second time it ends with {done.returncode}: {done.stderr!r}")
        wrong += tool.check(done) + tool.check_end(done)
    except subprocess.TimeoutExpired as late:
        wrong = [f"hangs: {late.cmd[-2:]}"]
    tool.close()
    return [f"{target} {fault} at {name} {n}: {w}" for w in wrong]


def learn(target, fault):
    """The calls of a run without a fault, and what is wrong with it."""
    tool = TARGETS[target]()
    done = tool.run(["strace", "-f", "-qq", "-o", tool.trace])
    trace = tool.trace.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = tool.check(done) + tool.check_end(done) + tool.left_over(fault)
    if done.returncode != 0:
        wrong.append(f"ends with {done.returncode}: {done.stderr!r}")
    tool.close()
    return calls_of(trace, CALLS[fault], tool.start.format(etc=tool.etc)), wrong


def main():
    target, fault = sys.argv[1:3]
    with tempfile.TemporaryDirectory(dir=os.environ.get("CRASH_TMP")) as folder:
        if issubclass(TARGETS[target], Networked):
            TARGETS[target].prepare(Path(folder))
        try:
            cases, wrong = learn(target, fault)
            if sys.argv[3:]:
                cases = [(sys.argv[3], int(sys.argv[4]))]
            if len(cases) < 1:
                wrong.append("no system call was seen")
            with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
                for result in pool.map(lambda c: case(target, fault, *c), cases):
                    wrong += result
        finally:
            for server in Tool.servers:
                server.terminate()
                server.wait()
    print(*wrong, f"{target} {fault}: {len(cases)} cases, {len(wrong)} wrong", sep="\n")
    return len(wrong) > 0


if __name__ == "__main__":
    sys.exit(main())
