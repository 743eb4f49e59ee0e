"""Who lives in the small Internet: names, addresses, records, certificates.

A host is a network namespace. Host number N has 192.0.2.N and 2001:db8::N. The
hosts of ODD all live in the namespace `odd`, where odd.py plays them, each at
addresses of its own; for each there is a domain NAME.example with the MX
mx.NAME.example.
"""

HOSTS = {"dns": 53, "chain": 10, "other": 20, "fix": 30, "lan": 40, "dark": 41, "web": 80, "odd": 99}
VOID = 66       # nobody: packets to it vanish without an answer
CLOSED = 53     # a host that is there, where nobody listens at port 25

# name: (number, certificate or None, TLSA records of its MX)
ODD = {
    "good": (100, None, ()),
    "six": (101, None, ()),
    "four": (102, None, ()),
    "half": (103, None, ()),
    "grey": (104, None, ()),
    "picky": (105, None, ()),
    "drop": (106, None, ()),
    "slow": (107, None, ()),
    "busy": (108, None, ()),
    "helo": (109, None, ()),
    "refuse": (110, None, ()),
    "seven": (111, None, ()),
    "equal1": (112, None, ()),
    "equal2": (113, None, ()),
    "equal3": (114, None, ()),
    "wait": (115, None, ()),
    "full": (116, None, ()),
    "greet": (117, None, ()),
    "smart": (120, "mx.smart", ()),
    "plain": (121, None, ()),
    "self": (122, "self", ()),
    "dane": (130, "mx.dane", ("3 1 1 mx.dane",)),
    "daneca": (131, "mx.daneca", ("2 0 1 ca",)),
    "danewrong": (132, "mx.danewrong", ("3 1 1 mx.dane",)),
    "danerolled": (133, "mx.danerolled", ("3 1 1 mx.dane", "3 1 1 mx.danerolled")),
    "danestrip": (134, None, ("3 1 1 mx.dane",)),
    "daneexpired": (135, "expired", ("3 1 1 expired",)),
    "danelost": (136, "mx.danelost", ()),   # its TLSA lies in a bogus zone
    "sts": (140, "mx.sts", ()),
    "stsstrip": (141, None, ()),
    "stswrong": (142, "mx.dane", ()),
    "stsexpired": (143, "expired", ()),
    "ststest": (144, "mx.dane", ()),
    "stsother": (145, "mx.stsother", ()),
    "require": (150, "mx.require", ("3 1 1 mx.require",)),
    "norequire": (151, "mx.norequire", ("3 1 1 mx.norequire",)),
    "optional": (152, "mx.optional", ("3 1 1 mx.dane",)),
}

# With one address only, so that what fails has to wait.
IPV4_ONLY = {"four", "grey", "drop", "busy"}

# domain: mode and the MX names of its MTA-STS policy
STS = {
    "sts": ("enforce", "mx.sts.example"),
    "stsstrip": ("enforce", "mx.stsstrip.example"),
    "stswrong": ("enforce", "mx.stswrong.example"),
    "stsexpired": ("enforce", "mx.stsexpired.example"),
    "ststest": ("testing", "mx.ststest.example"),
    "stsother": ("enforce", "*.elsewhere.example"),
}

CERTIFICATES = {"mx." + name for name in HOSTS if name in ("chain", "other", "fix")} | \
    {c for _, c, _ in ODD.values() if c and c.startswith("mx.")} | {"expired"}


def v4(number):
    return "192.0.2.%d" % number


def v6(number):
    return "2001:db8::%x" % number


def addresses(name, number):
    both = [name + " A " + v4(number), name + " AAAA " + v6(number)]
    return both


def odd_records(name):
    number, _, tlsa = ODD[name]
    host = "mx.%s.example." % name
    yield "%s.example. MX 10 %s" % (name, host)
    if name != "six":
        yield "%s A %s" % (host, v4(number))
    if name == "half":
        yield "%s AAAA %s" % (host, v6(VOID))
    elif name not in IPV4_ONLY:
        yield "%s AAAA %s" % (host, v6(number))
    for record in tlsa:
        yield "_25._tcp.%s TLSA %s" % (host, record)


def sts_records(name):
    yield "mta-sts.%s.example. A %s" % (name, v4(HOSTS["web"]))
    yield '_mta-sts.%s.example. TXT "v=STSv1; id=1"' % name
    rua = "https://mta-sts.%s.example/report" % name if name == "stswrong" else "mailto:tls@good.example"
    yield '_smtp._tls.%s.example. TXT "v=TLSRPTv1; rua=%s"' % (name, rua)


# A zone: its records; "TLSA U S M NAME" is of the certificate NAME.
def zone_root():
    yield ". SOA ns. root. 1 300 300 300 300"
    yield ". NS ns."
    yield "ns. A " + v4(HOSTS["dns"])
    for name in ("chain", "other", "fix"):
        host = "mx.%s.example." % name
        yield "%s.example. MX 10 %s" % (name, host)
        yield from addresses(host, HOSTS[name])
        yield "_25._tcp.%s TLSA 3 1 1 mx.%s" % (host, name)
        yield "%d.2.0.192.in-addr.arpa. PTR %s" % (HOSTS[name], host)
    for name in ODD:
        yield from odd_records(name)
    for name in STS:
        yield from sts_records(name)
    yield "pref.example. MX 5 void.example."
    yield "pref.example. MX 7 closed.example."
    yield "pref.example. MX 10 mx.good.example."
    yield "pref.example. MX 20 mx.picky.example."
    yield from addresses("void.example.", VOID)
    yield from addresses("closed.example.", CLOSED)
    yield "dead.example. MX 10 void.example."
    yield "shut.example. MX 10 closed.example."
    yield "null.example. MX 0 ."
    yield from addresses("nomx.example.", ODD["good"][0])
    for i in "123":
        yield "equal.example. MX 10 mx.equal%s.example." % i
    yield "alias.example. MX 10 name.alias.example."
    yield "name.alias.example. CNAME mx.good.example."
    yield "itself.example. CNAME good.example."
    yield "xn--bcher-kva.example. MX 10 mx.fix.example."
    yield "_25._tcp.mx.danelost.example. CNAME record.bogus.example."
    for name in ("insecure", "bogus"):
        yield "%s.example. NS ns." % name


# Not signed, and a TLSA that would forbid: it must not count.
def zone_insecure():
    yield "insecure.example. SOA ns. root. 1 300 300 300 300"
    yield "insecure.example. NS ns."
    yield "insecure.example. MX 10 mx.insecure.example."
    yield from addresses("mx.insecure.example.", ODD["self"][0])
    yield "_25._tcp.mx.insecure.example. TLSA 3 1 1 mx.dane"


# Signed, then changed.
def zone_bogus():
    yield "bogus.example. SOA ns. root. 1 300 300 300 300"
    yield "bogus.example. NS ns."
    yield "bogus.example. MX 10 mx.good.example."
    yield "record.bogus.example. TLSA 3 1 1 mx.danelost"
