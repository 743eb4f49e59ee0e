#!/usr/bin/env python3
"""Outside test data through the real mail-verify and verifyd, with a name server
of its own: tests/trust-data.py BUILD FOLDER

FOLDER holds the public suites, which are not part of this project:
    spf/rfc7208-tests.yml                 of openspf.org
    arc/arc-draft-validation-tests.yml    of ValiMail's arc_test_suite
    dkim/                                 messages of dkimpy, with their keys
Prints each case that fails; exits with 1 if any does. Needs python3-yaml."""
import os, re, socket, struct, subprocess, sys, tempfile, threading
import ipaddress
import yaml

# Of RFC 8463 A.2, whose message is dkim/rfc6376.signed.msg.
RFC8463_KEY = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SPF": 99}


def name_bytes(name):
    out = b""
    for label in name.rstrip(".").split("."):
        raw = label.encode("latin-1", "replace")[:63]
        out += bytes([len(raw)]) + raw if raw else b""
    return out + b"\0"


def text_bytes(data):
    parts = data if isinstance(data, list) else [data]
    out = b""
    for part in parts:
        raw = part.encode("latin-1", "replace") if isinstance(part, str) else part
        for i in range(0, max(len(raw), 1), 255):
            out += bytes([len(raw[i:i + 255])]) + raw[i:i + 255]
    return out


def data_bytes(kind, data):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(data).packed
    if kind == "MX":
        return struct.pack("!H", int(data[0])) + name_bytes(data[1])
    if kind in ("PTR", "CNAME"):
        return name_bytes(data)
    return text_bytes(data)


class Server(threading.Thread):
    """Answers from self.zone: {name: [(type, data)] or "TIMEOUT"}."""

    def __init__(self):
        super().__init__(daemon=True)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.port = self.udp.getsockname()[1]
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen(64)
        self.zone = {}
        threading.Thread(target=self.over_tcp, daemon=True).start()

    def run(self):
        while True:
            query, peer = self.udp.recvfrom(4096)
            reply = self.answer(query)
            if len(reply) > 1232:
                at = 12
                while query[at]:
                    at += 1 + query[at]
                reply = reply[:2] + b"\x87\x80" + b"\0\1\0\0\0\0\0\0" + query[12:at + 5]
            self.udp.sendto(reply, peer)

    def over_tcp(self):
        while True:
            c, _ = self.tcp.accept()
            with c:
                size = struct.unpack("!H", c.recv(2))[0]
                reply = self.answer(c.recv(size))
                c.sendall(struct.pack("!H", len(reply)) + reply)

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        wanted = struct.unpack("!H", query[at + 1:at + 3])[0]
        name, code, found = ".".join(labels).lower(), 0, []
        for _ in range(9):
            here = self.zone.get(name)
            if here is None:
                code = 0 if any(n.endswith("." + name) for n in self.zone) else 3
                break
            timeout = "TIMEOUT" in here
            here = [r for r in here if r != "TIMEOUT"]
            match = [(k, d) for k, d in here if TYPES[k] == wanted]
            if timeout and not match:
                code = 2
                break
            found += [(name, k, d) for k, d in match]
            alias = [d for k, d in here if k == "CNAME"]
            if not alias or wanted == 5:
                break
            found.append((name, "CNAME", alias[0]))
            name = alias[0].lower().rstrip(".")
        body = b""
        for n, k, d in found:
            raw = data_bytes(k, d)
            body += name_bytes(n) + struct.pack("!HHIH", TYPES[k], 1, 300, len(raw)) + raw
        return (query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(found), 0, 0) +
                query[12:at + 5] + body)


def zone_of_spf(data):
    """As the suite says: SPF records are TXT records too, unless there are some."""
    zone = {}
    for name, records in data.items():
        out, has_txt = [], any(isinstance(r, dict) and "TXT" in r for r in records)
        for r in records:
            if r == "TIMEOUT":
                out.append("TIMEOUT")
                continue
            for kind, value in r.items():
                if kind == "SPF" and not has_txt:
                    out.append(("TXT", value))
                elif kind == "TXT" and value == "NONE":
                    continue
                elif kind != "SPF":
                    out.append((kind, value))
        zone[name.lower().rstrip(".")] = out
    return zone


class Bench:
    def __init__(self, build):
        self.build, self.server = build, Server()
        self.server.start()
        self.folder = tempfile.TemporaryDirectory()
        for name in ("etc", "run"):
            os.mkdir(os.path.join(self.folder.name, name))
        self.etc("me", "mx.test.example\n")
        self.etc("dns", "127.0.0.1:%d\n" % self.server.port)

    def etc(self, name, text):
        with open(os.path.join(self.folder.name, "etc", name), "w") as f:
            f.write(text)

    def verify(self, message, client="192.0.2.1", sender="", helo="client.example"):
        env = {"CHAINMAIL_ETC": os.path.join(self.folder.name, "etc"),
               "CHAINMAIL_RUN": os.path.join(self.folder.name, "run"),
               "TCPREMOTEIP": client, "SENDER": sender, "HELO": helo,
               "ASAN_OPTIONS": "detect_leaks=0"}
        p = subprocess.run([os.path.join(self.build, "bin", "mail-verify")], input=message,
                           env=env, capture_output=True, timeout=120)
        if p.returncode not in (0, 75, 77):
            raise RuntimeError("exit %d: %s" % (p.returncode, p.stderr.decode()))
        field = re.split(rb"\n(?![ \t])", p.stdout, 1)[0].decode("latin-1")
        self.log = p.stderr.decode("latin-1")
        return field


def results(field, method):
    return re.findall(r";\n\t%s=([a-z]+)" % method, field)


def spf_cases(bench, folder):
    bench.etc("verify", "dkim off\narc off\ndmarc off\niprev off\n")
    for suite in yaml.safe_load_all(open(os.path.join(folder, "spf/rfc7208-tests.yml"),
                                         encoding="utf-8")):
        bench.server.zone = zone_of_spf(suite["zonedata"])
        for name, t in suite["tests"].items():
            wanted = t["result"] if isinstance(t["result"], list) else [t["result"]]
            field = bench.verify(b"Subject: a\n\nb\n", str(t["host"]), t.get("mailfrom", ""), t["helo"])
            found = results(field, "spf")
            yield ("spf: " + suite["description"] + ": " + name, wanted,
                   found[0] if found else "none", field)


def arc_cases(bench, folder):
    bench.etc("verify", "spf off\ndkim off\ndmarc off\niprev off\n")
    for suite in yaml.safe_load_all(open(os.path.join(folder,
                                                      "arc/arc-draft-validation-tests.yml"))):
        for name, t in suite["tests"].items():
            # Keys of 512 bits are among the data; they count as too weak.
            bench.server.zone = {n.lower(): [("TXT", v)] for n, v in
                                 (t.get("txt-records") or suite["txt-records"]).items()}
            found = results(bench.verify(t["message"].encode()), "arc")
            # An empty result is that of a chain which says itself that it is broken.
            yield ("arc: " + suite["description"] + ": " + name, [(t["cv"] or "Fail").lower()],
                   found[0] if found else "none", t["description"])


def dkim_cases(bench, folder):
    bench.etc("verify", "spf off\narc off\ndmarc off\niprev off\n")

    def read(name):
        with open(os.path.join(folder, "dkim", name), "rb") as f:
            return f.read()

    def key(name):
        return read(name).decode().strip()
    football = {"brisbane._domainkey.football.example.com": [("TXT", RFC8463_KEY)],
                "test._domainkey.football.example.com": [("TXT", key("test.txt"))]}
    signed = read("rfc6376.signed.msg")
    exim = {"sed._domainkey.test.ex": [("TXT", key("eximtest.dns"))]}
    for name, message, zone, wanted in (
            ("both algorithms", signed, football, ["pass", "pass"]),
            ("both, with CRLF", signed.replace(b"\n", b"\r\n"), football, ["pass", "pass"]),
            ("a changed body", signed.replace(b"hungry", b"angry"), football, ["fail", "fail"]),
            ("a changed header", signed.replace(b"dinner", b"supper"), football, ["fail", "fail"]),
            ("a missing key", signed, {}, ["permerror", "permerror"]),
            ("no answer", signed, {n: ["TIMEOUT"] for n in football}, ["temperror", "temperror"]),
            ("a key of another kind", signed,
             {n: [("TXT", key("badk.txt"))] for n in football}, ["permerror", "permerror"]),
            ("a bad version", signed,
             {n: [("TXT", key("badversion.txt"))] for n in football}, ["permerror", "permerror"]),
            ("a bad key", signed,
             {n: [("TXT", key("test_bad.txt"))] for n in football}, ["permerror", "permerror"]),
            ("a key for another service", signed,
             {n: [("TXT", key("test_tlsrpt.txt"))] for n in football}, ["permerror", "permerror"]),
            ("Exim's Ed25519", read("ed25519test2.msg"), exim, ["pass"]),
    ):
        bench.server.zone = zone
        field = bench.verify(message)
        yield "dkim: " + name, [" ".join(wanted)], " ".join(results(field, "dkim")), field


def main():
    build, folder = sys.argv[1:3]
    bench, failed, count = Bench(os.path.abspath(build)), 0, 0
    for cases in (spf_cases, arc_cases, dkim_cases):
        for name, wanted, found, detail in cases(bench, folder):
            count += 1
            if found not in wanted:
                failed += 1
                print("%s: %s, not %s: %s" % (name, found, "/".join(wanted), detail))
    print("%d cases, %d failed" % (count, failed))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
