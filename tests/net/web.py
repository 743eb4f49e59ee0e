#!/usr/bin/python3
"""The web server of the MTA-STS policies: web.py FOLDER ADDRESS

Gives https://mta-sts.NAME.example/.well-known/mta-sts.txt for each of world.STS
(RFC 8461 3.3), and keeps what is posted to /report (RFC 8460 5.4) in
FOLDER/web/N.gz. `log` there has a line for each request.
"""
import http.server, os, ssl, sys, threading

import certs, world


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder, lock = "", threading.Lock()

    def log_message(self, form, *words):
        with self.lock, open(os.path.join(self.folder, "web", "log"), "a") as f:
            f.write("%s %s\n" % (self.headers["Host"] if hasattr(self, "headers") else "-", form % words))

    def answer(self, code, text, kind="text/plain"):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        name = self.headers["Host"].removeprefix("mta-sts.").removesuffix(".example")
        if self.path != "/.well-known/mta-sts.txt" or name not in world.STS:
            return self.answer(404, b"nothing\n")
        mode, mx = world.STS[name]
        return self.answer(200, ("version: STSv1\r\nmode: %s\r\nmx: %s\r\nmax_age: 86400\r\n" % (mode, mx)).encode())

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            n = len([f for f in os.listdir(os.path.join(self.folder, "web")) if f.endswith(".gz")]) + 1
            with open(os.path.join(self.folder, "web", "%d.gz" % n), "wb") as f:
                f.write(data)
        self.answer(201, b"thanks\n")


def main(folder, address):
    os.makedirs(os.path.join(folder, "web"), exist_ok=True)
    Handler.folder = folder
    server = http.server.ThreadingHTTPServer((address, 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs.path(folder, "web", "pem"), certs.path(folder, "web", "key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
