#!/usr/bin/python3
"""What runs out while the chain works, and comes back; and the end of a chain at work.

usage: scarce.py spool|spool-inodes|mail|mail-inodes|processes|stop

Put off, never lost, never refused for good, and served again without a restart.
Exit 77: not possible here."""
import imaplib
import os
import signal
import smtplib
import sys
import time
from pathlib import Path

import chain as crash
from chain import DOMAIN, Chain, Disk, skip
from load import Keeper, Ledger, content, healthy
from verdict import check_all, end_with

LATER = range(400, 500)


class Case:
    """A chain, and what is wrong with it."""

    def __init__(self):
        self.chain, self.ledger, self.wrong = Chain(), Ledger(), []
        self.group = None
        self.chain.limits("disk-reserve 64K\n")

    def expect(self, truth, what):
        if not truth:
            self.wrong.append(what)

    def session(self):
        return smtplib.SMTP("127.0.0.1", self.chain.facts["smtp"], timeout=20)

    def send(self, peer, user="ann", least=0):
        """One message of at least so many bytes; the first code that is not good, or 250."""
        token = self.ledger.token()
        while len(content(token)) < least:
            token = self.ledger.token()
        for code in (peer.ehlo("x")[0], peer.mail(f"s@{DOMAIN}")[0], peer.rcpt(f"{user}@{DOMAIN}")[0]):
            if code != 250:
                peer.rset()
                return code
        self.ledger.doubt(user, token)
        try:
            code = peer.data(content(token).replace(b"\n", b"\r\n"))[0]
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
        if code == 250:
            self.ledger.promise(user, token)
        else:
            self.ledger.refuse(user, token)
        return code

    def keeper(self):
        return Keeper(self.chain.facts, self.ledger, 0, "ann")

    def delivered(self):
        """Whatever had to wait comes now."""
        until = time.monotonic() + 60
        while self.chain.queued() and time.monotonic() < until:
            self.chain.signal("queue-run", signal.SIGHUP)
            self.chain.settle(0.5)
        self.wrong += check_all(self.chain, self.ledger)[0]
        trouble = healthy(self.chain.facts)
        self.expect(not trouble, trouble)

    def tmpfs(self, part, options):
        folder = self.chain.folder / part
        folder.mkdir()
        done = crash.quiet("mount", "-t", "tmpfs", "-o", options, "none", folder)
        if done.returncode:
            skip(done.stderr)
        return folder

    def close(self):
        self.chain.kill()
        until = time.monotonic() + 5
        while self.group and self.group.exists() and time.monotonic() < until:
            crash.reap()
            try:
                self.group.rmdir()
            except OSError:
                time.sleep(0.02)
        for part in ("spool", "mail"):
            crash.quiet("umount", self.chain.folder / part)
        self.chain.remove()


def fill(folder, leave=0):
    """Every byte of it, or all but some."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                if not f.write(bytes(65536)):
                    break
        except OSError:
            pass
        f.truncate(max(0, f.tell() - leave))
    return path


def spool(case):
    folder = case.tmpfs("spool", "size=8m")
    case.chain.start()
    with case.session() as peer:
        case.expect(case.send(peer) == 250, "refused while there is room")
        case.chain.settle(10)
        # The file of the message before may lie in spool/blank for a second, and then be free.
        filler = fill(folder, leave=32 << 10)
        case.expect(case.send(peer, least=140000) == 452, "not 452 where it does not fit")
        filler = fill(folder)
        case.expect(case.send(peer) == 452, "not 452 on a full disk")
        filler.unlink()
        case.expect(case.send(peer, least=140000) == 250, "refused after there is room again")
    case.delivered()


def spool_inodes(case):
    folder = case.tmpfs("spool", "size=8m,nr_inodes=300")
    case.chain.start()
    files = folder / "files"
    files.mkdir()
    with case.session() as peer:
        case.expect(case.send(peer) == 250, "refused while there are inodes")
        try:
            for n in range(300):
                (files / str(n)).touch()
        except OSError:
            pass
        case.expect(case.send(peer) == 452, "not 452 without inodes")
        for f in files.iterdir():
            f.unlink()
        case.expect(case.send(peer) == 250, "refused after there are inodes again")
    case.delivered()


def read_and_expunge(case, keeper, reader):
    """How else would there be room again?"""
    case.expect(reader.select("INBOX")[0] == "OK", "a full disk shuts out readers")
    found = keeper.look(reader, "INBOX")
    case.expect(len(found) == 2, f"a full disk hides mail: {found}")
    reader.uid("STORE", str(min(found)), "+FLAGS", "(\\Deleted)")
    case.expect(reader.expunge()[0] == "OK", "a full disk prevents EXPUNGE")
    case.expect(len(keeper.look(reader, "INBOX")) == 1, "a full disk undoes EXPUNGE")
    case.ledger.promised["ann", found[min(found)]] -= 1


def mail_full(case, fullness, free):
    """Accepted and waiting; APPEND is refused; readers read."""
    with case.session() as peer:
        keeper = case.keeper()
        case.expect(case.send(peer, least=40000) == 250, "refused at first")
        case.chain.settle(10)
        keeper.connect().select("INBOX")  # the folder is known; one more comes that is not
        case.send(peer, least=40000)
        case.chain.settle(10)
        fullness()
        reader = keeper.connect()
        read_and_expunge(case, keeper, reader)
        fullness()
        for _ in range(3):
            case.expect(case.send(peer, least=40000) == 250, "refused for a full mailbox disk")
        promised = case.ledger.count()
        keeper.append(reader, "INBOX")
        case.expect(case.ledger.count() == promised, "APPEND succeeds on a full disk")
        until = time.monotonic() + 60
        while not any("event=deferred" in x for x in case.chain.log(200)) and time.monotonic() < until:
            time.sleep(0.02)
        case.expect(len([q for q in case.chain.queued() if q.startswith("new/")]) == 3, "they do not wait")
        free()
        keeper.append(reader, "INBOX")
        case.expect(case.ledger.count() == promised + 1, "no APPEND after there is room again")
        reader.logout()
    case.delivered()


def mail(case):
    why = crash.works("ext4")
    if why:
        skip(why)
    disk = Disk("ext4", case.chain.folder / "mail", size=16 << 20)
    disk.mount()
    case.chain.start()
    mail_full(case, lambda: fill(disk.folder), (disk.folder / "filler").unlink)


def mail_inodes(case):
    folder = case.tmpfs("mail", "size=8m,nr_inodes=200")
    case.chain.start()
    files = folder / "files"

    def take():
        files.mkdir(exist_ok=True)
        try:
            for n in range(200):
                (files / str(n)).touch()
        except OSError:
            pass

    def free():
        for f in files.iterdir():
            f.unlink()

    mail_full(case, take, free)


def control_group(case):
    """A group that can say how many processes there may be."""
    for base in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
        group = Path(base) / Path(os.environ.get("CRASH_TMP") or case.chain.folder).name
        try:
            group.mkdir()
        except OSError:
            continue
        if (group / "pids.max").exists():
            return group
        group.rmdir()
    return skip("no control group that counts processes")


def processes(case):
    """DS-10: nothing can be forked."""
    case.chain.start()
    case.group = control_group(case)
    with case.session() as peer:
        peer.ehlo()
        for pid, _, _ in case.chain.processes():
            (case.group / "cgroup.procs").write_text(str(pid))
        limit = case.group / "pids.max"
        limit.write_text((case.group / "pids.current").read_text())
        for _ in range(5):
            case.expect(case.send(peer) == 250, "a session that is there cannot work")
        try:
            with case.session() as other:
                case.expect(case.send(other) in LATER, "a session without a process")
        except (OSError, smtplib.SMTPException):
            pass  # closed, or 421
        try:
            case.keeper().connect()
            case.wrong.append("a login without a process")
        except (imaplib.IMAP4.error, OSError) as error:
            case.expect("AUTHENTICATIONFAILED" not in str(error), f"a good password is wrong: {error}")
        limit.write_text("max")
    time.sleep(0.5)
    case.delivered()


def stop(case):
    """SP-30: in the middle of DATA, APPEND and IDLE."""
    case.chain.start()
    with case.session() as peer:
        for _ in range(10):
            case.send(peer)
    case.chain.settle(10)
    data = case.session()
    data.ehlo("x")
    data.mail(f"s@{DOMAIN}")
    data.rcpt(f"ann@{DOMAIN}")
    data.docmd("DATA")
    data.send(b"X-Token: t0t\r\n\r\n" + b"x" * 70 + b"\r\n")
    append, idle = case.keeper().connect(), case.keeper().connect()
    append.send(b"a1 APPEND INBOX {100000}\r\n")
    append.readline()
    append.send(b"X-Token: t0t\r\n\r\n" + b"x" * 5000)
    idle.select("INBOX")
    idle.send(b"i1 IDLE\r\n")
    idle.readline()
    began = time.monotonic()
    case.chain.stop()
    took = time.monotonic() - began
    case.expect(took < 15, f"it took {took:.1f} s")
    said = [read_end(peer) for peer in (data.sock, append.sock, idle.sock)]
    case.expect(not any(b"250" in s or b" OK" in s for s in said), f"an answer that is a lie: {said}")
    case.expect(not case.chain.processes(), f"still there: {case.chain.processes()}")
    print(f"stopped after {took:.1f} s; the sessions heard {said}")
    case.chain.start()
    case.delivered()


def read_end(sock):
    """What comes until it is closed."""
    sock.settimeout(5)
    text = b""
    try:
        while True:
            more = sock.recv(4096)
            if not more:
                return text
            text += more
    except OSError as error:
        return text + repr(error).encode()


CASES = {f.__name__.replace("_", "-"): f for f in (spool, spool_inodes, mail, mail_inodes, processes, stop)}


def main():
    what = CASES[sys.argv[1]]
    crash.enter(needed=what is not stop)
    case = Case()
    try:
        what(case)
        return end_with(sys.argv[1], case.chain, case.wrong, f"{case.ledger.count()} promises")
    finally:
        if case.chain.facts:
            case.close()
        else:
            case.chain.remove()


sys.exit(main())
