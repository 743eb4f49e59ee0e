"""The DNS of the small Internet: zones, keys, signatures, NSD, unbound."""
import os, re, subprocess

import certs, world


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def line(record, folder):
    """A record as a line of a zone file; the TLSA of a certificate by its name."""
    name, kind, data = record.split(" ", 2)
    if kind == "TLSA":
        usage, selector, matching, certificate = data.split()
        data = " ".join((usage, selector, matching, certs.digest(folder, certificate, selector)))
    return "%s 300 IN %s %s\n" % (name, kind, data)


def zone_write(folder, name, records):
    path = "zone" + (name if name != "." else ".root")
    with open(os.path.join(folder, path), "w") as f:
        f.writelines(line(r, os.path.dirname(folder)) for r in records)
    return path


def zone_sign(folder, path, name):
    """Sign the zone; gives the DS record of its key."""
    key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name, cwd=folder)
    run("ldns-signzone", "-o", name, path, key, cwd=folder)
    return key, open(os.path.join(folder, key + ".ds")).read()


def make(folder):
    """All zones, signed from the leaves to the root, and the trust anchor."""
    os.mkdir(folder)
    zone_write(folder, "insecure.example.", world.zone_insecure())
    path = zone_write(folder, "bogus.example.", world.zone_bogus())
    _, ds = zone_sign(folder, path, "bogus.example.")
    signed = os.path.join(folder, path + ".signed")
    text = open(signed).read()
    text = re.sub(r"MX\s+10 ", "MX\t11 ", text, count=1)
    text = re.sub(r"TLSA\s+3 1 1", "TLSA\t3 0 1", text, count=1)
    open(signed, "w").write(text)
    path = zone_write(folder, ".", world.zone_root())
    with open(os.path.join(folder, path), "a") as f:
        f.write(ds)
    key, _ = zone_sign(folder, path, ".")
    os.rename(os.path.join(folder, key + ".key"), os.path.join(folder, "anchor"))
    with open(os.path.join(folder, "nsd.conf"), "w") as f:
        f.write(NSD % {"folder": folder})


NSD = """
server:
  zonesdir: "%(folder)s"
  zonelistfile: "%(folder)s/nsd.list"
  xfrdfile: ""
  xfrdir: "%(folder)s"
  database: ""
  pidfile: ""
  username: ""
  server-count: 1
zone:
  name: "."
  zonefile: zone.root.signed
zone:
  name: insecure.example
  zonefile: zoneinsecure.example.
zone:
  name: bogus.example
  zonefile: zonebogus.example..signed
remote-control:
  control-enable: no
"""


# A validating resolver on a host's own loopback.
UNBOUND = """
server:
  username: ""
  chroot: ""
  directory: "%(folder)s"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  interface: 127.0.0.1
  interface: ::1
  trust-anchor-file: "%(folder)s/anchor"
  qname-minimisation: no
  local-zone: 2.0.192.in-addr.arpa. nodefault
  do-ip6: no
stub-zone:
  name: .
  stub-addr: %(server)s
remote-control:
  control-enable: no
"""


def resolver_write(folder, path):
    with open(path, "w") as f:
        f.write(UNBOUND % {"folder": folder, "server": world.v4(world.HOSTS["dns"])})
