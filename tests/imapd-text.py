#!/usr/bin/python3
"""SEARCH BODY and TEXT against a slow reference, in many scripts; without an index
of texts and with one, which is damaged, written by two sessions, or by one that
is killed.

usage: imapd-text.py MAILDIR [SEED [MESSAGES [QUERIES]]]
       imapd-text.py silence MAILDIR

Messages are random texts in random character sets and transfer encodings, and
the queries are random pieces of them. The reference knows the texts, and
compares them as RFC 5051 says, by Python's own tables.
"""
import base64
import os
import quopri
import random
import struct
import subprocess
import sys
import time
import unicodedata

SCRIPTS = [
    ("the quick brown Fox, jumps 0123 over=it & more", ["us-ascii", "utf-8", "iso-8859-1", "utf-16", "utf-7", "no-such-set"]),
    ("Äpfel naïve crème brûlée Ünïcode ß ÿ Åse øre", ["utf-8", "iso-8859-1", "windows-1252", "no-such-set"]),
    ("Žluťoučký kůň pěl ďábelské ódy Łódź ŐŰ", ["utf-8", "iso-8859-2", "windows-1250"]),
    ("Σίσυφος ὈΔΥΣΣΕΎΣ φως ΆΈΉΊΌΎΏ ΐΰ", ["utf-8"]),
    ("Σίσυφος φωςσ ΆΈΉΊΌΎΏ ΐΰ", ["utf-8", "iso-8859-7", "windows-1253"]),
    ("Съешь ещё этих мягких французских Булок Йод", ["utf-8", "koi8-r", "windows-1251", "iso-8859-5"]),
    ("İstanbul ısı Iğdır ŞİŞE çağrı iI", ["utf-8", "iso-8859-9", "windows-1254"]),
    ("漢字かな交じり文のテスト、日本語メール", ["utf-8", "iso-2022-jp", "shift_jis", "euc-jp"]),
    ("中文邮件测试汉字编码简体", ["utf-8", "gb2312", "gbk", "gb18030"]),
    ("繁體中文郵件測試漢字編碼", ["utf-8", "big5"]),
    ("한국어 메일 시험 문장", ["utf-8", "euc-kr"]),
    ("ภาษาไทยทดสอบการค้นหา", ["utf-8", "tis-620"]),
    ("שלום עולם بحث في البريد", ["utf-8"]),
    ("😀👩‍🚀🇩🇪✂️ 𝔘𝔫𝔦 ﬁﬂ ＡＢｃ ǅǆ ℃ ① e\u0301e\u0327", ["utf-8", "utf-16", "utf-7"]),
]
folds = {}


def fold(c):
    """One character as it is compared: its title case, taken apart."""
    if c not in folds:
        title = c.title() if len(c.title()) == 1 else c
        parts = [p for p in unicodedata.decomposition(title).split() if p[0] != "<"]
        folds[c] = "".join(fold(chr(int(p, 16))) for p in parts) if parts else title
    return folds[c]


def folded(text):
    return "".join(map(fold, text))


class Maker:
    """Makes messages: .pieces are what BODY searches, .fields what TEXT adds."""

    def __init__(self, r):
        self.r = r

    def text(self, letters, words):
        r = self.r
        lines, line = [], ""
        for _ in range(words):
            at = r.randrange(len(letters))
            line += letters[at:at + r.randint(1, 12)] + r.choice(["", " ", ".", ", "])
            if len(line) > 60:
                lines.append(line)
                line = ""
        return "\n".join(lines + [line]) + "\n"

    def field(self, name):
        r = self.r
        letters, sets = r.choice(SCRIPTS)
        text = self.text(letters, r.randint(1, 6)).replace("\n", " ").strip() or "x"
        charset = r.choice([s for s in sets if s not in ("no-such-set", "utf-16", "utf-7")])
        words, left = [], text
        while left:
            n = r.randint(4, 14)
            raw, left = left[:n].encode(charset), left[n:]
            if r.random() < .5:
                words.append("=?%s?B?%s?=" % (charset, base64.b64encode(raw).decode()))
            else:
                words.append("=?%s?Q?%s?=" % (charset, "".join("=%02X" % b for b in raw)))
        self.fields.append("%s: %s" % (name, text))
        return "%s: %s\n" % (name, "\n ".join(words))

    def encoded(self, raw, charset):
        r = self.r
        kinds = ["base64", "quoted-printable"]
        if charset not in ("utf-16",):
            kinds.append("8bit")
        kind = r.choice(kinds)
        if kind == "base64":
            text, n = base64.b64encode(raw), r.choice([4, 60, 61, 76])
            return kind, b"\n".join(text[i:i + n] for i in range(0, len(text), n)) + b"\n"
        if kind == "quoted-printable":
            return kind, quopri.encodestring(raw).replace(b"\r\n", b"\n")
        return kind, raw

    def leaf(self, boundary=None):
        r = self.r
        letters, sets = r.choice(SCRIPTS)
        charset = r.choice(sets)
        text = self.text(letters, r.randint(1, 60))
        kind = r.choice(["plain", "plain", "html"])
        if kind == "html":
            text = "<p class=\"x\">" + text.replace(" ", "&nbsp;", 3).replace("\n", "<br>\n") + "</p>\n"
        known = "utf-8" if charset == "no-such-set" else charset
        transfer, body = self.encoded(text.encode(known), charset)
        # The line end before a delimiter is the delimiter's.
        self.pieces.append(text[:-1] if transfer == "8bit" and boundary else text)
        head = "Content-Type: text/%s; charset=%s\nContent-Transfer-Encoding: %s\n" % (kind, charset, transfer)
        return head, body

    def headers(self, message):
        """Of a whole message, and the same for an embedded one."""
        self.fields = []
        subject = self.field("Subject")
        origin = "From: Ann <ann%d@example.org>\n" % self.r.randrange(100)
        self.fields.append(origin[:-1])
        self.fields += ["Message-ID: <%d@example.org>" % message]
        return subject + origin + self.fields[-1] + "\n"

    def message(self, number):
        r = self.r
        self.pieces = []
        outer = self.headers(number)
        fields = self.fields
        shape = r.random()
        if shape < .5:
            head, body = self.leaf()
        else:
            boundary = "b%d" % number
            head = "Content-Type: multipart/mixed; boundary=%s\n" % boundary
            body = b""
            for _ in range(r.randint(1, 3)):
                inner, text = self.leaf(boundary)
                if r.random() < .3:
                    own = self.headers(number + 100000)
                    self.pieces += self.fields + inner[:-1].split("\n")
                    inner = "Content-Type: message/rfc822\n\n" + own + inner
                body += b"--%s\n%s\n%s" % (boundary.encode(), inner.encode(), text)
                if not text.endswith(b"\n"):
                    body += b"\n"
            body += b"--%s\nContent-Type: image/png\n\nunseen-bytes\n--%s--\n" % (boundary.encode(), boundary.encode())
        made = (outer + head + "\n").encode() + body
        self.fields = fields + head[:-1].split("\n")
        return made, list(map(folded, self.pieces)), list(map(folded, self.fields)), self.pieces, self.fields


class Session:
    def __init__(self, maildir):
        self.p = subprocess.Popen(["imapd", maildir], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.p.stdout.readline()

    def command(self, line):
        self.p.stdin.write(b"t " + line + b"\r\n")
        self.p.stdin.flush()
        lines = []
        while True:
            lines.append(self.p.stdout.readline())
            if not lines[-1]:
                sys.exit("the session ended at %r" % line)
            if lines[-1].startswith(b"t "):
                break
        if not lines[-1].startswith(b"t OK"):
            sys.exit("%r: %r" % (line, lines[-1]))
        return lines

    def search(self, query):
        for line in self.command(b"UID SEARCH CHARSET UTF-8 " + query):
            if line.startswith(b"* SEARCH"):
                return set(map(int, line.split()[2:]))
        return set()

    def close(self):
        self.p.stdin.close()
        if self.p.wait() != 0:
            sys.exit("imapd ended with %d" % self.p.returncode)


class Test:
    def __init__(self, maildir, seed):
        self.maildir, self.r = maildir, random.Random(seed)
        self.seed, self.texts, self.next = seed, {}, 1
        self.path = os.path.join(maildir, "index.text")
        Session(maildir).close()

    def deliver(self, count):
        maker = Maker(self.r)
        for _ in range(count):
            data, *texts = maker.message(self.next)
            with open("%s/new/1%09d.test" % (self.maildir, self.next), "wb") as f:
                f.write(data)
            self.texts[self.next] = texts
            self.next += 1

    def needle(self):
        r = self.r
        text = r.choice(self.texts[r.choice(list(self.texts))][2 if r.random() < .8 else 3])
        at = r.randrange(len(text))
        if r.random() < .1:
            letters = r.choice(SCRIPTS)[0]
            text, at = "".join(r.sample(letters, 5)), 0
        text = text[at:at + r.choice([1, 2, 3, 3, 4, 5, 6, 8, 12])].split("\n")[0]
        if r.random() < .6:
            text = "".join(c.swapcase() if len(c.swapcase()) == 1 and fold(c.swapcase()) == fold(c) else c for c in text)
        return text or "e"

    def key(self):
        """A key and what it finds."""
        needle = self.needle()
        wanted, raw = folded(needle), needle.encode()
        name = self.r.choice([b"BODY", b"TEXT"])
        found = {u for u, (body, fields, _, _) in self.texts.items()
                 if any(wanted in p for p in (body if name == b"BODY" else body + fields))}
        return b"%s {%d+}\r\n%s" % (name, len(raw), raw), found

    def query(self):
        query, wanted = self.key()
        how = self.r.random()
        if how < .15:
            return b"NOT " + query, set(self.texts) - wanted
        if how < .4:
            other, more = self.key()
            return (b"OR " + query + b" " + other, wanted | more) if how < .3 else (query + b" " + other, wanted & more)
        return query, wanted

    def ask(self, session, count, when):
        for _ in range(count):
            query, wanted = self.query()
            found = session.search(query)
            if found != wanted:
                sys.exit("seed %s, %s: %r (%s): found %s, but not %s" % (
                    self.seed, when, query, query.decode(), sorted(found - wanted), sorted(wanted - found)))

    def index(self):
        with open(self.path, "rb") as f:
            return bytearray(f.read())

    def damage(self):
        """Do something to the index, and say what."""
        r = self.r
        how = r.choice(["removed", "cut", "flipped", "zeros", "appended", "old", "folder", "left over", "names"])
        if how == "removed":
            os.unlink(self.path)
        elif how == "cut":
            os.truncate(self.path, r.randrange(len(self.index()) + 1))
        elif how in ("flipped", "zeros"):
            data = self.index()
            for _ in range(r.choice([1, 1, 20])):
                at = r.randrange(len(data))
                if how == "flipped":
                    data[at] ^= 1 << r.randrange(8)
                else:
                    data[at:at + 500] = bytes(len(data[at:at + 500]))
            with open(self.path, "r+b") as f:
                f.write(data)
        elif how == "appended":
            with open(self.path, "ab") as f:
                f.write(self.r.choice([os.urandom(100), bytes(5000), self.index()]))
        elif how == "old":
            with open(self.path, "r+b") as f:
                f.write(self.saved)
                f.truncate()
        elif how == "folder":
            os.unlink(self.path)
            os.mkdir(self.path)
        elif how == "left over":
            with open(self.path + ".new", "wb") as f:
                f.write(self.index())
        else:
            os.unlink(os.path.join(self.maildir, "index"))
        return how

    def repair(self):
        if os.path.isdir(self.path):
            os.rmdir(self.path)
        session = self.session()
        self.ask(session, 2, "again")
        session.close()

    def session(self):
        session = Session(self.maildir)
        session.command(b"SELECT INBOX")
        return session

    def expunge(self, session, count):
        gone = self.r.sample(list(self.texts), count)
        session.command(b"UID STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(map(str, gone)).encode())
        session.command(b"EXPUNGE")
        for uid in gone:
            del self.texts[uid]

    def kill(self):
        """A session that is killed while it searches, and so writes."""
        session = self.session()
        session.p.stdin.write(b"t SEARCH BODY nowhere-to-be-found\r\n" * 3)
        session.p.stdin.flush()
        time.sleep(self.r.random() * .02)
        session.p.kill()
        session.p.wait()

    def run(self, messages, queries):
        self.deliver(messages)
        old = self.session()
        self.ask(old, queries, "without an index")
        if len(self.index()) < messages * 100:
            sys.exit("no index was made")
        self.saved = self.index()
        for _ in range(queries // 10):
            how = self.damage()
            other = self.session()
            self.ask(other, 4, "after " + how)
            self.ask(old, 4, "after " + how + ", in an older session")
            other.close()
            self.repair()
            self.kill()
            if self.r.random() < .5:
                self.deliver(3)
                session = self.session()
                self.expunge(session, 3)
                session.close()
                old.command(b"NOOP")
        old.close()


    def silence(self):
        """More than one search learns is learnt while the client says nothing."""
        for i in range(100):
            with open("%s/new/1%09d.test" % (self.maildir, i), "wb") as f:
                f.write(b"Subject: x\n\n" + b"word%d-" % i * 12000)
        session = self.session()
        if session.search(b"BODY word59-") != {60}:
            sys.exit("the right one is not found")
        until = time.time() + 60
        while self.entries() < 100:
            if time.time() > until:
                sys.exit("%d of 100 were learnt" % self.entries())
            time.sleep(.05)
        if session.search(b"BODY word59-") != {60} or session.search(b"BODY word5") != {6, *range(51, 61)}:
            sys.exit("it is found otherwise now")
        session.close()

    def entries(self):
        """How many whole entries the index has (doc/formats.md)."""
        data, at, count = self.index(), 32, 0
        while at + 16 <= len(data):
            sizes = struct.unpack_from("=HH", data, at + 12)
            at += 16 + 8 * sum(n for n in sizes if n != 0xffff)
            count += at <= len(data)
        return count


if __name__ == "__main__":
    if sys.argv[1:2] == ["silence"]:
        Test(sys.argv[2], 1).silence()
        sys.exit()
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    numbers = [int(a) for a in sys.argv[2:]] + [1, 150, 150][len(sys.argv) - 2:]
    Test(sys.argv[1], numbers[0]).run(*numbers[1:3])
