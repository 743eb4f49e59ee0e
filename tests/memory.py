#!/usr/bin/python3
"""Use a server of tests/serve, and tell what its processes keep: memory.py DESCRIPTOR MOST.

One line a process, KB and name; "total" is of those that stay. What counts is what can't be dropped:
anonymous and shared memory, a part for each of those that share it (Pss). Programs' text is left out,
which is the page cache's, and so are the supervisor's own processes. What `listen -w` starts is told
below the total, since it ends when it is idle. Sessions and workers take their time to end: the total
is told when it is below MOST KB, or still is not a minute later.
"""
import glob, imaplib, json, os, smtplib, socket, ssl, sys, time

WAIT = 60


def children(pid):
    try:
        return [int(p) for f in glob.glob("/proc/%d/task/*/children" % pid) for p in open(f).read().split()]
    except OSError:
        return []


def tree(pid):
    return [pid] + [p for child in children(pid) for p in tree(child)]


def words(pid):
    try:
        return open("/proc/%d/cmdline" % pid).read().split("\0")
    except OSError:
        return []


def kept(pid):
    """KB; None when the process has ended."""
    try:
        lines = open("/proc/%d/smaps_rollup" % pid).read().splitlines()[1:]
    except OSError:
        return None
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))


def await_process(server, name):
    end = time.monotonic() + WAIT
    while [name] not in [words(p)[:1] for p in tree(server)]:
        assert time.monotonic() < end, "%s does not start" % name
        time.sleep(0.05)


def use(told):
    """Mail in by submission, to a user and to a host that is not there; read it by IMAP; a policy."""
    context = ssl.create_default_context(cafile=told["ca"])
    alice, bob = list(told["users"])[:2]
    with open(os.path.join(told["dirs"]["etc"], "routes"), "w") as f:
        f.write("far.example 127.0.0.1:1\n")
    with smtplib.SMTP("localhost", told["submission"], source_address=("127.0.0.1", 0)) as s:
        s.starttls(context=context)
        s.login(alice, told["users"][alice])
        s.sendmail(alice, [bob, "nobody@far.example"], "Subject: word\r\n\r\nHello.\r\n")
    await_process(told["pid"], "send")
    with imaplib.IMAP4_SSL("localhost", told["imaps"], ssl_context=context) as i:
        i.login(bob, told["users"][bob])
        end = time.monotonic() + WAIT
        while i.select()[1] == [b"0"] and time.monotonic() < end:
            time.sleep(0.05)
        assert i.fetch("1", "BODY[]")[0] == "OK"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(told["dirs"]["run"] + "/sts")
        s.settimeout(WAIT)
        s.send(b"policy domain=nowhere.invalid\n")
        assert s.recv(65536)


def measure(server):
    """(KB, name) of those that stay, and of those that end when they are idle."""
    stays, ends, idle = [], [], set()
    for pid in tree(server):
        name = words(pid)[0].rpartition("/")[2] if words(pid) else ""
        if not name or name.startswith("s6-"):
            continue
        if "-w" in words(pid):
            idle |= {p for child in children(pid) for p in tree(child)}
        (ends if pid in idle else stays).append((kept(pid) or 0, name))
    return stays, ends


def main():
    told, most = json.load(open(sys.argv[1])), int(sys.argv[2])
    use(told)
    stays, ends = measure(told["pid"])
    until = time.monotonic() + WAIT
    while sum(size for size, _ in stays) >= most and time.monotonic() < until:
        time.sleep(0.2)
        stays, _ = measure(told["pid"])
    for size, name in sorted(stays, reverse=True):
        print(size, name)
    print(sum(size for size, _ in stays), "total")
    for size, name in ends:
        print(size, name)


main()
