#!/usr/bin/env python3
"""Speaks authd's protocol: authd.py raw LINE... sends the lines, each when the
one before is answered, and prints the answers; authd.py scram [options] does a
whole SCRAM-SHA-256 exchange, checks the server's signature, and prints the last
answer; authd.py plain USER PASSWORD [WORD...] is one PLAIN attempt."""
import base64
import hashlib
import hmac
import os
import secrets
import socket
import sys
import time


def connect(sock, path):
    """The socket has its name a moment before anybody listens."""
    end = time.monotonic() + 60
    while True:
        try:
            return sock.connect(path)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Dialogue:
    def __init__(self):
        path = os.environ["CHAINMAIL_RUN"] + "/auth"
        self.sock = socket.socket(socket.AF_UNIX)
        connect(self.sock, path)
        self.sock.settimeout(40)
        self.file = self.sock.makefile("rb")

    def say(self, line):
        self.sock.sendall(line.encode("latin-1") + b"\n")
        return self.file.readline().decode("latin-1").rstrip("\n")


def b64(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.b64encode(data).decode()


def facts(options):
    words = ["service=imap", "ip=" + options.get("ip", "192.0.2.1")]
    if "notls" not in options:
        words.append("tls=TLSv1.3")
    for key in ("binding", "cert", "local"):
        if key in options:
            words.append(key + "=" + options[key])
    return " ".join(words)


def challenge(answer):
    if not answer.startswith("more data="):
        print(answer)
        sys.exit(0)
    return base64.b64decode(answer[len("more data=") :]).decode()


def scram(options):
    password = options["password"].encode()
    header = options.get("header", "n,,")
    user = options["user"].replace("=", "=3D").replace(",", "=2C")
    bare = f"n={user},r={secrets.token_hex(12)}"
    d = Dialogue()
    first = challenge(
        d.say(
            f"auth mech={options.get('mech', 'SCRAM-SHA-256')} "
            f"{facts(options)} initial={b64(header + bare)}"
        )
    )
    parts = dict(p.split("=", 1) for p in first.split(","))
    print("salt", parts["s"], file=sys.stderr)
    salt = base64.b64decode(parts["s"])
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, int(parts["i"]))
    bound = header.encode() + bytes.fromhex(options.get("cbind", ""))
    final = f"c={b64(bound)},r={options.get('nonce', parts['r'])}"
    message = ",".join((bare, first, final)).encode()
    key = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(key).digest()
    signature = hmac.digest(stored, message, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature))
    last = challenge(d.say("data=" + b64(f"{final},p={b64(proof)}")))
    server = hmac.digest(salted, b"Server Key", "sha256")
    assert last == "v=" + b64(hmac.digest(server, message, "sha256"))
    print(d.say("data="))


def main():
    verb, rest = sys.argv[1], sys.argv[2:]
    if verb == "raw":
        d = Dialogue()
        for line in rest:
            print(d.say(line))
    elif verb == "plain":
        text = b64(f"\0{rest[0]}\0{rest[1]}")
        options = dict(w.split("=", 1) for w in rest[2:])
        print(Dialogue().say(f"auth mech=PLAIN {facts(options)} initial={text}"))
    else:
        scram(dict(w.split("=", 1) for w in rest))


main()
