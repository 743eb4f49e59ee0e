#!/usr/bin/env bats
# Commands that change many messages tell of their progress (RFC 9585).
load helper

setup() { private_dirs; }

# The file system is made slow, so each command takes ten seconds at least; all run at
# the same time.
@test "STORE, COPY, MOVE, EXPUNGE and APPEND of many tell how far they are" {
	need strace python3
	sanitized && skip "the leak checker and strace do not go together"
	cd "$BATS_TEST_TMPDIR"
	python3 - <<-'END'
		import os, re, socket, subprocess, threading, zlib
		N = 11
		def session(name, call, command, zipped=False):
		    box = os.path.abspath(name)
		    subprocess.run(["imapd", box], input=b"a NOOP\r\n", stdout=subprocess.DEVNULL,
		        stderr=subprocess.DEVNULL)
		    for i in range(N):
		        with open("%s/cur/%d.a.h,S=12,W=14:2,ST" % (box, i), "wb") as f:
		            f.write(b"Subject: x\n\n")
		    subprocess.run(["imapd", box], input=b"a SELECT INBOX\r\n",
		        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		    a, b = socket.socketpair()
		    p = subprocess.Popen(["strace", "-o", "/dev/null", "-e", "trace=" + call, "-e",
		        "inject=%s:delay_enter=1000000" % call, "imapd", box], stdin=b, stdout=b,
		        stderr=subprocess.DEVNULL)
		    b.close()
		    deflate, inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)
		    got = b""
		    def until(word, plain):
		        nonlocal got
		        while not re.search(rb"(?m)^%s " % word, got):
		            bytes = a.recv(65536)
		            assert bytes, (name, got)
		            got += bytes if plain else inflate.decompress(bytes)
		    a.sendall(b"a SELECT INBOX\r\n")
		    until(b"a", True)
		    if zipped:
		        a.sendall(b"z COMPRESS DEFLATE\r\n")
		        until(b"z", True)
		        command = deflate.compress(command) + deflate.flush(zlib.Z_SYNC_FLUSH)
		    a.sendall(command)
		    until(b"b", not zipped)
		    a.close()
		    p.wait()
		    told = re.findall(rb'(?m)^\* OK \[INPROGRESS \("b" (\d+) (\d+|NIL)\)\] [^\r]+\r$', got)
		    lines = got.split(b"\r\n")
		    assert told and 0 < int(told[0][0]) <= N + 2, (name, got)
		    assert any(l.startswith(b"b OK") for l in lines), (name, got)
		    assert told[0][1] == b"NIL" or int(told[0][1]) == N > int(told[0][0]), (name, told)
		    results.append(name)
		results = []
		message = b"{12+}\r\nSubject: x\r\n"
		many = [
		    ("store", "renameat2", b"b STORE 1:* +FLAGS (\\Flagged)\r\n"),
		    ("zipped", "renameat2", b"b STORE 1:* +FLAGS (\\Flagged)\r\n", True),
		    ("copy", "linkat", b"b COPY 1:* Archive\r\n"),
		    ("move", "renameat2", b"b UID MOVE 1:* Archive\r\n"),
		    ("expunge", "unlinkat", b"b EXPUNGE\r\n"),
		    ("append", "fsync", b"b APPEND Archive " + b" ".join([message] * (N + 2)) + b"\r\n"),
		]
		all = [threading.Thread(target=session, args=one) for one in many]
		for t in all: t.start()
		for t in all: t.join()
		assert len(results) == len(many), results
	END
}
