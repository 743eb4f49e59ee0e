#!/usr/bin/env python3
"""In place of rspamd and clamd: their ports and protocols, on loopback.

What has "word-virus" in it has a virus, all else is spam by its header.
"""
import http.server
import socketserver
import struct
import threading


class Rspamd(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"score":7.1,"action":"add header"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Clamd(socketserver.StreamRequestHandler):
    def handle(self):
        text = b""
        if self.rfile.read(10) == b"zINSTREAM\0":
            while size := struct.unpack("!I", self.rfile.read(4))[0]:
                text += self.rfile.read(size)
        found = b"Test-Virus FOUND" if b"word-virus" in text else b"OK"
        self.wfile.write(b"stream: " + found + b"\0")


socketserver.ThreadingTCPServer.allow_reuse_address = True
clamd = socketserver.ThreadingTCPServer(("127.0.0.1", 3310), Clamd)
threading.Thread(target=clamd.serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", 11333), Rspamd).serve_forever()
