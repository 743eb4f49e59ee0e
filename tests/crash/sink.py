"""Another host for the mail that goes out."""
import re
import socketserver
import threading
import time
from collections import Counter


class Sink(socketserver.ThreadingTCPServer):
    """Another host: takes mail and counts who got what. Nobody@ is not there, for
    later@ a message comes too early the first time; late: seconds to a 250."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, late=0):
        self.late = late
        self.early = set()
        super().__init__(("127.0.0.1", 0), Session)
        self.got = Counter()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def text(self):
        """What tells the message apart: the token of load.py, or the subject."""
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                return None
            lines.append(line)
        text = b"".join(lines)
        found = re.search(rb"^X-Token: (.*?)\r$", text, re.M) or re.search(rb"^Subject: (.*?)\r$", text, re.M)
        return found.group(1).decode() if found else "no header"

    def too_early(self, line):
        """Later@ is one who has not been asked for before."""
        if "<later" not in line or line in self.server.early:
            return False
        self.server.early.add(line)
        return True

    def handle(self):
        try:
            self.talk()
        except OSError:  # the client has died
            pass

    def talk(self):
        to = []
        self.say("220 sink ESMTP")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "RCPT" and "<nobody@" in line:
                self.say("550 5.1.1 nobody is here")
                continue
            if word == "RCPT" and self.too_early(line):
                self.say("451 4.3.0 not now")
                continue
            if word == "RCPT":
                to.append(re.search("<(.*)>", line).group(1))
            if word in ("MAIL", "RSET"):
                to = []
            if word == "DATA" and not to:
                self.say("503 5.5.1 to whom?")
                continue
            if word == "DATA":
                self.say("354 go on")
                subject = self.text()
                if subject is None:
                    return
                time.sleep(self.server.late)
                for who in to:
                    self.server.got[subject, who] += 1
            self.say("221 bye" if word == "QUIT" else "250 2.0.0 ok")
            if word == "QUIT":
                return
