#!/usr/bin/env bats
# listen: sockets, limits, facts, log, restart and end.
# shellcheck disable=SC2016,SC2030,SC2031

bats_require_minimum_version 1.5.0
load helper

setup() {
	LOG=$BATS_TEST_TMPDIR/log
	SOCK=$BATS_TEST_TMPDIR/sock
	PATH=$HELPERS:$PATH
}
teardown() { stop_background; }

# start OPTIONS... : listen in the background, its log in $LOG.
start() {
	background listen "$@" 2>"$LOG"
	LISTEN=$!
}
start_tcp() {
	start "$@"
	await 10 port_open "$PORT"
}
logged() { grep -q -- "$1" "$LOG"; }

# talk PORT PYTHON: c() opens a connection to the port; line() reads one line.
talk() {
	python3 - "$1" <<-EOF
		import socket, sys, time
		def c(family=socket.AF_INET, address=("127.0.0.1", int(sys.argv[1] or 0))):
		    s = socket.socket(family); s.settimeout(10); s.connect(address); return s
		def line(s):
		    b = b""
		    while not b.endswith(b"\n"):
		        n = s.recv(1)
		        if not n: return b.decode("latin1")
		        b += n
		    return b.decode("latin1").strip()
		$2
	EOF
}

@test "a kept program gets each connection with its facts" {
	PORT=$(free_port)
	start_tcp -k "imap=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" '
a = c(); b = c()
print(line(a)); print(line(b)); print(a.getsockname()[1])'
	has "imap TCP 127.0.0.1 " "$output"
	has " 127.0.0.1 $PORT" "$output"
	has "127.0.0.1 ${lines[2]} 127" "${lines[0]}"
}

@test "without -k any program runs for each connection" {
	PORT=$(free_port)
	SERVICE=x start_tcp "127.0.0.1:$PORT" /bin/sh -c \
		'echo "$SERVICE $PROTO $TCPREMOTEIP $TCPLOCALPORT${LISTEN_CHANNEL-}"'
	run -0 talk "$PORT" 'print(line(c())); print(line(c()))'
	[ "$output" = "x TCP 127.0.0.1 $PORT
x TCP 127.0.0.1 $PORT" ]
}

@test "one line is logged per connection, with its end and duration" {
	PORT=$(free_port)
	start_tcp -k "pop3=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" '
s = c(); line(s); s.sendall(b"exit 7\r\n"); print(s.recv(1))'
	await 10 logged "exit=7"
	grep -Eq '^listen event=connection conn=[0-9A-Z]{10} service=pop3 client=127.0.0.1 port=[0-9]+ ms=[0-9]+ exit=7$' "$LOG"
}

@test "several addresses are served at once, each by its name" {
	PORT=$(free_port)
	start_tcp -k "a=127.0.0.1:$PORT,b=$SOCK:0600" greeter
	await_socket "$SOCK"
	run -0 talk "$PORT" "
print(line(c())); print(line(c(socket.AF_UNIX, '$SOCK')))"
	has "a TCP 127.0.0.1" "${lines[0]}"
	has "b UNIX local" "${lines[1]}"
	[ "$(stat -c %a "$SOCK")" = 600 ]
}

@test "a stale socket file is replaced, one in use is not" {
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$SOCK"
	start -k "$SOCK" greeter
	await 10 eval '[ "$(stat -c %a "$SOCK")" = 660 ]'
	run -78 listen -k "$SOCK" greeter
	has "Address already in use" "$output"
}

@test "packet sockets are served" {
	start -c 2 "seqpacket:$SOCK" /bin/sh -c 'echo "$PROTO"'
	await_socket "$SOCK"
	run -0 python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])
print(s.recv(100))' "$SOCK"
	[ "$output" = "b'UNIX\\n'" ]
}

@test "descriptor 0 as a listening socket is served" {
	python3 - "$BATS_TEST_TMPDIR/port" 2>"$LOG" <<-'EOF' 3>&- &
		import os, socket, sys
		s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
		open(sys.argv[1], "w").write(str(s.getsockname()[1]))
		os.dup2(s.fileno(), 0)
		os.environ["SERVICE"] = "pop3"
		os.execvp("listen", ["listen", "-k", "-", "greeter"])
	EOF
	BACKGROUND+=("$!")
	await 10 test -s "$BATS_TEST_TMPDIR/port"
	run -0 talk "$(cat "$BATS_TEST_TMPDIR/port")" 'print(line(c()))'
	has "pop3 TCP 127.0.0.1" "$output"
}

@test "systemd's sockets are served by their names" {
	python3 - "$BATS_TEST_TMPDIR/port" 2>"$LOG" <<-'EOF' 3>&- &
		import os, socket, sys
		made = []
		for i in range(2):
		    s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); made.append(s)
		open(sys.argv[1], "w").write("\n".join(str(s.getsockname()[1]) for s in made))
		high = [os.dup(s.fileno()) for s in made]
		for i, fd in enumerate(high): os.dup2(fd, 20 + i)
		for i in range(2): os.dup2(20 + i, 3 + i)
		os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="imap:pop3.socket")
		os.execvp("listen", ["listen", "-k", "-", "greeter"])
	EOF
	BACKGROUND+=("$!")
	await 10 test -s "$BATS_TEST_TMPDIR/port"
	run -0 talk "$(head -1 "$BATS_TEST_TMPDIR/port")" 'print(line(c()))'
	has "imap TCP 127.0.0.1" "$output"
	run -0 talk "$(tail -1 "$BATS_TEST_TMPDIR/port")" 'print(line(c()))'
	has "pop3 TCP 127.0.0.1" "$output"
}

@test "over the total the protocol's own words refuse" {
	PORT=$(free_port)
	local other
	other=$(free_port)
	start_tcp -k -c 1 "smtp=127.0.0.1:$PORT,imap=127.0.0.1:$other" greeter
	await 10 logged "exit=" # of the look whether the port is open
	run -0 talk "$PORT" "
a = c(); line(a)
b = c(); print(line(b)); print(repr(b.recv(9)))
print(line(c(address=('127.0.0.1', $other))))
a.close()
while True:
    s = c()
    if line(s).startswith('smtp'): break
print('again')"
	[ "${lines[0]}" = "421 4.3.2 Too many connections, try again later" ]
	[ "${lines[1]}" = "b''" ]
	has "* BYE [UNAVAILABLE]" "${lines[2]}"
	[ "${lines[3]}" = again ]
	logged "event=refused service=smtp client=127.0.0.1 port=[0-9]* reason=total"
}

@test "one source has its own limit, this machine only when asked" {
	PORT=$(free_port)
	start_tcp -k -s 1,local "pop3=127.0.0.1:$PORT" greeter
	await 10 logged "exit="
	run -0 talk "$PORT" 'a = c(); line(a); print(line(c()))'
	has "-ERR [SYS/TEMP] Too many connections from your address" "$output"
	logged reason=source
	stop_background
	start_tcp -k -s 1 "pop3=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" 'a = c(); line(a); print(line(c()))'
	has "pop3 TCP" "$output"
}

@test "a flood of refusals is logged ten times a second" {
	PORT=$(free_port)
	start_tcp -k -c 1 "smtp=127.0.0.1:$PORT" greeter
	await 10 logged "exit="
	run -0 talk "$PORT" '
a = c(); line(a)
for i in range(200): line(c())'
	[ "$(grep -c event=refused "$LOG")" -le 60 ]
}

@test "a named balancer's PROXY header gives the client's address" {
	PORT=$(free_port)
	start_tcp -k -p 127.0.0.0/8 "smtp=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" '
s = c(); s.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 1234 25\r\nexit 5\r\n"); print(line(s)); print(s.recv(1))
s = c()
for byte in b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "::1") + b"\4\xd2\0\x19":
    s.send(bytes([byte]))
print(line(s))
s = c(); s.sendall(b"PROXY UNKNOWN\r\n"); print(line(s))
s = c(); s.sendall(b"EHLO x\r\n")
try: print(repr(s.recv(9)))
except ConnectionResetError: print(repr(b""))'
	[ "${lines[0]}" = "smtp TCP 192.0.2.7 1234 192.0.2.1 25" ]
	[ "${lines[1]}" = "b''" ]
	[ "${lines[2]}" = "smtp TCP 2001:db8::7 1234 ::1 25" ]
	has "smtp TCP 127.0.0.1" "${lines[3]}"
	[ "${lines[4]}" = "b''" ]
	logged "reason=proxy-header"
	logged "client=192.0.2.7 port=1234 .* exit=5"
}

@test "a PROXY header from any other peer is ignored" {
	PORT=$(free_port)
	start_tcp -k -p 192.0.2.0/24 "smtp=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" '
s = c(); s.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 1234 25\r\n"); print(line(s))'
	has "smtp TCP 127.0.0.1" "$output"
}

@test "SIGTERM stops accepting and lets sessions finish" {
	PORT=$(free_port)
	start_tcp -k "smtp=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" "
import os
a = c(); line(a); os.kill($LISTEN, 15)
while True:
    try: s = c(); s.close(); time.sleep(0.01)
    except (ConnectionRefusedError, ConnectionResetError): break
a.sendall(b'exit 3\r\n'); print(repr(a.recv(9)))"
	[ "$output" = "b''" ]
	wait "$LISTEN"
	logged exit=3
}

@test "after SIGTERM a session that does not end is ended, and listen too" {
	PORT=$(free_port)
	start_tcp -k "smtp=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" "
import os
a = c(); line(a); os.kill($LISTEN, 15); a.settimeout(15)
print(repr(a.recv(9)))"
	[ "$output" = "b''" ]
	wait "$LISTEN"
}

@test "a program that dies takes its sessions along and is started again" {
	PORT=$(free_port)
	start_tcp -k -c 1 "smtp=127.0.0.1:$PORT" greeter
	await 10 logged "exit="
	run -0 talk "$PORT" "
import os
s = c(); line(s)
os.kill($(pgrep -P "$LISTEN" -x greeter), 9)
assert s.recv(1) == b''
while True:
    try:
        if line(c()).startswith('smtp TCP'): break
    except ConnectionResetError: pass
print('served')"
	[ "$output" = served ]
	logged "event=restart program=greeter exit=137"
}

@test "SIGTERM ends it while its program will not stay up" {
	PORT=$(free_port)
	start_tcp -k "smtp=127.0.0.1:$PORT" /bin/false
	await 10 logged "event=restart program=/bin/false exit=1"
	kill "$LISTEN"
	wait "$LISTEN"
}

@test "a thousand connections at once are all served" {
	PORT=$(free_port)
	ulimit -n 4096
	start_tcp -k -c 1200 "smtp=127.0.0.1:$PORT" greeter
	run -0 talk "$PORT" '
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 4096))
many = [c() for i in range(1000)]
print(sum(line(s).startswith("smtp TCP") for s in many))
for s in many: s.sendall(b"exit 9\r\n")
for s in many: s.recv(1)'
	[ "$output" = 1000 ]
	ended() { [ "$(grep -c exit=9 "$LOG")" = 1000 ]; }
	await 30 ended
}

@test "the acceptor can open no file and start nothing" {
	need strace
	PORT=$(free_port)
	start_tcp -k "smtp=127.0.0.1:$PORT" greeter
	# The port is open before it is there.
	confined() {
		acceptor=$(pgrep -P "$LISTEN" -x listen) &&
			[ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$acceptor/status")" = 2 ]
	}
	await 10 confined
	[ "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$acceptor/status")" = 1 ]
}

# -w: the program accepts by itself; this one answers one connection and ends
# with the given code; "end" makes it end before it accepts again.
waiting() {
	start -w "seqpacket:$SOCK" python3 -c '
import os, socket, sys
s = socket.socket(fileno=os.dup(0))
print("started", os.getpid(), file=sys.stderr, flush=True)
while True:
    c, _ = s.accept()
    word = c.recv(99).decode()
    c.send(("%d" % os.getpid()).encode())
    c.close()
    if word != "stay":
        sys.exit(int(word))'
	await_socket "$SOCK"
}
tell() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.settimeout(30)
s.connect(sys.argv[1])
s.send(sys.argv[2].encode())
print(s.recv(99).decode())' "$SOCK" "$1"
}
started() { [ "$(grep -c ^started "$LOG")" = "$1" ]; }

@test "-w: the program starts with the first connection and keeps the socket" {
	waiting
	run ! logged started
	run -0 tell stay
	first=$output
	run -0 tell stay
	[ "$output" = "$first" ]
	started 1
	[ "$(tr -d ' ' <"/proc/$LISTEN/task/$LISTEN/children")" = "$first" ]
}

@test "-w: no request is lost when the program ends as it arrives" {
	waiting
	for n in $(seq 40); do
		run -0 --separate-stderr tell 0
		[ -n "$output" ]
	done
	run ! logged event=restart
	# Several that wait while there is none.
	for n in $(seq 9); do tell 0 >"$BATS_TEST_TMPDIR/$n" & pids+=($!); done
	for pid in "${pids[@]}"; do wait "$pid"; done
	started 49
}

@test "-w: one that fails is logged, and tried again after a while" {
	waiting
	run -0 tell 3
	run -0 tell 0
	logged 'event=restart program=python3 exit=3 wait-ms=100'
	run -0 tell 75
	run -0 tell stay
	logged 'exit=75 wait-ms=100'
}

@test "-w: SIGTERM ends the program too, and the socket" {
	waiting
	run -0 tell stay
	kill "$LISTEN"
	wait "$LISTEN"
	run ! kill -0 "$output"
	run ! tell stay
}

@test "-w: a listen that is killed leaves no program behind" {
	waiting
	run -0 tell stay
	kill -KILL "$LISTEN"
	gone() { ! kill -0 "$1" 2>/dev/null; }
	await 10 gone "$output"
}

@test "a wrong command line says what is wrong" {
	run -64 listen -w 127.0.0.1:1,127.0.0.1:2 true
	run -64 listen -k
	has "usage: listen" "$output"
	run -64 listen -c 0 127.0.0.1:1 true
	run -64 listen -p example.org 127.0.0.1:1 true
	run -64 listen localhost:25 true
	has "is no address" "$output"
}
