#!/usr/bin/env python3
"""A name server for tests, on UDP: zone.py PORT ZONE [LOG]

The file ZONE is read for each question; a line is NAME TYPE DATA:
    mx.example.org A 127.0.0.1
    _25._tcp.mx.example.org TLSA 3 1 1 00ff...
    broken.example.org ANY servfail
    mute.example.org ANY silent
    forged.example.org ANY insecure
Answers are marked as authentic (AD), but for names said to be insecure. Each
question goes to LOG as NAME TYPE."""
import ipaddress, socket, struct, sys

TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "TLSA": 52}
NAMES = {v: k for k, v in TYPES.items()}


def name_bytes(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.split(".") if l) + b"\0"


def data_bytes(kind, data):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(data).packed
    if kind in ("CNAME", "PTR"):
        return name_bytes(data)
    if kind == "MX":
        preference, host = data.split()
        return struct.pack("!H", int(preference)) + name_bytes(host)
    if kind == "TXT":
        parts = [data[i:i + 255].encode() for i in range(0, len(data), 255)]
        return b"".join(bytes([len(p)]) + p for p in parts)
    usage, selector, matching, rest = data.split()
    return bytes([int(usage), int(selector), int(matching)]) + bytes.fromhex(rest)


def zone_read(path):
    records = {}
    for line in open(path):
        words = line.strip().split(" ", 2)
        if len(words) == 3:
            records.setdefault(words[0].lower(), []).append((words[1], words[2]))
    return records


def answer(query, path, log):
    number, flags = struct.unpack("!HH", query[:4])
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    kind = NAMES.get(struct.unpack("!H", query[at + 1:at + 3])[0], "?")
    question, name = query[12:at + 5], ".".join(labels).lower()
    if log:
        with open(log, "a") as f:
            print(name, kind, file=f)
    zone, found, secure, code = zone_read(path), [], True, 0
    for _ in range(8):
        here = zone.get(name, [])
        secure = secure and ("ANY", "insecure") not in here
        if ("ANY", "silent") in here:
            return None
        if ("ANY", "servfail") in here:
            code = 2
        elif not here and not any(n.endswith("." + name) for n in zone):
            code = 3
        found += [(name, k, d) for k, d in here if k == kind]
        alias = [d for k, d in here if k == "CNAME"]
        if code or not alias or kind == "CNAME":
            break
        found.append((name, "CNAME", alias[0]))
        name = alias[0].lower()
    body = b"".join(
        name_bytes(n) + struct.pack("!HHIH", TYPES[k], 1, 300, len(data_bytes(k, d))) + data_bytes(k, d)
        for n, k, d in found)
    flags = 0x8180 | code | (0x20 if secure and code != 2 else 0)
    return struct.pack("!HHHHHH", number, flags, 1, len(found), 0, 0) + question + body


def main():
    port, path, log = int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", port))
    while True:
        query, peer = s.recvfrom(4096)
        reply = answer(query, path, log)
        if reply:
            s.sendto(reply, peer)


main()
