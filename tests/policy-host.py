#!/usr/bin/env python3
"""A web server for tests: policy-host.py PORT CERTIFICATE KEY FOLDER

Over TLS it answers each request with FOLDER/response as it stands (the status
line and all), waiting as many seconds as FOLDER/wait says, and appends what it
was asked to FOLDER/requests."""
import os, socket, ssl, sys, time

port, certificate, key, folder = sys.argv[1:]


def content(name):
    try:
        return open(os.path.join(folder, name), "rb").read()
    except FileNotFoundError:
        return b""


def serve(c):
    head = b""
    while b"\r\n\r\n" not in head:
        more = c.recv(4096)
        if not more:
            return
        head += more
    head, body = head.split(b"\r\n\r\n", 1)
    length = [int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")]
    while length and len(body) < length[0]:
        body += c.recv(4096)
    with open(os.path.join(folder, "requests"), "ab") as f:
        f.write(head + b"\r\n\r\n" + body)
    time.sleep(float(content("wait") or 0))
    c.sendall(content("response"))


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    tcp, _ = listener.accept()
    try:
        tcp.settimeout(5)
        with context.wrap_socket(tcp, server_side=True) as c:
            serve(c)
    except (OSError, ssl.SSLError):
        pass
