"""A running chain of tests/serve that is made to crash, in namespaces of its own.

As root enter() goes on inside its own mount, process and network namespaces:
whatever happens to the test, no mount, loop device or process outlives it."""
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
INSIDE = "CHAINMAIL_TEST_INSIDE"
SKIPPED = 77
USERS = ["ann", "bob", "cat"]
DOMAIN = "example.test"
SHUTDOWN = 0x8004587D  # _IOR('X', 125, uint32_t)
NO_LOG_FLUSH = 2
MKFS = {"ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1"],
        "xfs": ["mkfs.xfs", "-q", "-f"]}
SIZE = 2 << 30  # sparse; more than a fast machine fills


def skip(why):
    print(why)
    sys.exit(SKIPPED)


def quiet(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)


def loopback_up():
    with socket.socket() as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def enter(needed=False):
    """Go on in namespaces; without them only where they are not needed."""
    if os.environ.get(INSIDE):
        # The first process of a namespace hears no signal that it does not ask for.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        loopback_up()
        return
    how = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.getuid() == 0 and quiet(*how, "true").returncode == 0:
        os.environ[INSIDE] = "1"
        os.execvp(how[0], [*how, sys.executable, *sys.argv])
    if needed:
        skip("needs root" if os.getuid() else "no namespaces here")


def scratch():
    """Where images and servers are: memory, where there is some."""
    return os.environ.get("CRASH_TMP") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


def unmount(folder):
    for _ in range(200):  # a killed process may still be on its way out
        done = quiet("umount", folder)
        if done.returncode == 0:
            return
        time.sleep(0.02)
    raise OSError(done.stderr)


class Disk:
    """A file system in a file, on a loop device that goes with its mount."""

    def __init__(self, kind, folder, size=0, options=""):
        self.kind, self.options = kind, options
        self.image, self.folder = Path(f"{folder}.image"), Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.image, "wb") as f:
            f.truncate(size or SIZE)
        made = quiet(*MKFS[kind], self.image)
        if made.returncode:
            raise OSError(made.stderr)

    def mount(self):
        done = quiet("mount", "-t", self.kind, "-o", "loop" + self.options, self.image, self.folder)
        if done.returncode:
            raise OSError(done.stderr)

    def unmount(self):
        unmount(self.folder)

    def cut(self):
        """The power fails: what is not on the disk now never will be."""
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(fd)


def works(kind):
    """None, or why there is no such disk here."""
    if shutil.which(MKFS[kind][0]) is None:
        return f"{MKFS[kind][0]} is not installed"
    with tempfile.TemporaryDirectory(dir=scratch()) as d:
        try:
            disk = Disk(kind, f"{d}/disk")
            disk.mount()
            disk.cut()
            disk.unmount()
        except OSError as error:
            return f"no {kind} on a loop device here: {error}"
    return None


class Chain:
    """The server; folder survives stops and crashes."""

    def __init__(self, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="chainmail-", dir=scratch()))
        self.folder.chmod(0o755)
        self.facts = None
        (self.folder / "etc").mkdir(exist_ok=True)
        self.users = self.folder / "users"
        self.users.write_text("\n".join([f"{DOMAIN} domain"] + [f"{u}@{DOMAIN} mailbox" for u in USERS]) + "\n")

    def limits(self, text):
        (self.folder / "etc/limits").write_text(text)

    def start(self):
        done = subprocess.run([str(TOP / "tests/serve"), "start", "--dir", str(self.folder), "--domain", DOMAIN,
                               "--users", str(self.users)], capture_output=True, text=True, timeout=90, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.facts = json.loads(done.stdout)

    def stop(self):
        subprocess.run([str(TOP / "tests/serve"), "stop", str(self.facts["pid"])], timeout=60, check=False)

    def processes(self):
        """(pid, parent, name) of what runs of this chain, supervisors too."""
        found, mine = {}, str(self.folder / "bin") + "/"
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
            except OSError:
                continue
            try:
                exe = os.readlink(stat.parent / "exe")
            except OSError:  # only root may look, and not at the dying
                exe = ""
            head, _, rest = text.rpartition(")")
            pid, _, name = head.partition(" (")
            found[int(pid)] = (int(rest.split()[1]), name, rest.split()[0], exe)
        below, todo = set(), {self.facts["pid"]}
        while todo:
            below |= todo
            todo = {p for p, f in found.items() if f[0] in todo} - below
        return [(p, f[0], f[1]) for p, f in found.items()
                if f[2] != "Z" and (p in below or f[3].startswith(mine))]

    def signal(self, name, number):
        """To a service; not to the helpers that it has forked."""
        found = self.processes()
        supervisors = [pid for pid, _, what in found if what == "s6-supervise"]
        for pid, parent, what in found:
            if what == name and parent in supervisors:
                os.kill(pid, number)

    def kill(self):
        """All at once, as the power would."""
        for _ in range(200):
            left = self.processes()
            if not left:
                return
            for pid, _, _ in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            reap()
            time.sleep(0.01)
        raise RuntimeError(f"these do not die: {left}")

    def queued(self):
        """Files of messages that are not finished."""
        spool = self.folder / "spool"
        return [f"{part}/{n}" for part in ("new", "state") for n in os.listdir(spool / part)]

    def retry(self, seconds):
        """Until the queue is empty, without waiting for the next tries."""
        env = dict(os.environ, **{f"CHAINMAIL_{n.upper()}": str(self.folder / n)
                                  for n in ("etc", "spool", "mail", "run")})
        until = time.monotonic() + seconds
        while self.settle(2) and time.monotonic() < until:
            subprocess.run([str(self.folder / "bin/chainmail-queue"), "retry", "--all"], env=env,
                           capture_output=True, timeout=30, check=False)

    def settle(self, seconds):
        """Until the queue is empty; what is left in it."""
        until = time.monotonic() + seconds
        while self.queued() and time.monotonic() < until:
            reap()
            time.sleep(0.02)
        return self.queued()

    def log(self, lines=40):
        text = []
        for f in sorted((self.folder / "log").glob("*")):
            if f.name == "current" or f.name.startswith("@"):
                text += f.read_text(errors="replace").splitlines()
        return text[-lines:]

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def reap():
    """Inside the namespace orphans are our children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def randomly(seed=None):
    seed = seed if seed is not None else int.from_bytes(os.urandom(4), "big")
    return seed, random.Random(seed)
