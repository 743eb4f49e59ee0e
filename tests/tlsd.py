#!/usr/bin/env python3
"""A program in front of tlsd and a client behind it, in one process: each
subcommand is one scene and prints what both saw. Options are key=value:
service= alpn= (asked for by the front), sni= client_alpn= max= cert= key= (the
client's)."""
import hashlib
import os
import socket
import ssl
import sys
import threading
import time


def tcp_pair():
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    listener.close()
    return client, server


def ask(server, options):
    """Pass the descriptor to tlsd; the asking socket."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(os.environ["CHAINMAIL_RUN"] + "/tls")
    text = f"handshake service={options.get('service', 'imaps')} peer=192.0.2.7"
    if options.get("alpn"):
        text += " alpn=" + options["alpn"]
    socket.send_fds(sock, [text.encode()], [server.fileno()])
    server.close()
    return sock


def answer(sock):
    """tlsd's record and the plaintext socket (or None)."""
    data, fds, _, _ = socket.recv_fds(sock, 65536, 4)
    sock.close()
    return data.decode(), socket.socket(fileno=fds[0]) if fds else None


def context_of(options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if "client_alpn" in options:
        context.set_alpn_protocols(options["client_alpn"].split(","))
    if options.get("max") == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if "cert" in options:
        context.load_cert_chain(options["cert"], options["key"])
    return context


def connect(options, context=None, session=None):
    """A finished connection: the client's side, the plaintext side, and the
    record. The client's side is None when the handshake failed."""
    context = context or context_of(options)
    client, server = tcp_pair()
    sock = ask(server, options)
    result = {}

    def shake():
        try:
            result["tls"] = context.wrap_socket(
                client,
                server_hostname=options.get("sni"),
                session=session,
            )
        except (ssl.SSLError, OSError) as e:
            result["error"] = e

    thread = threading.Thread(target=shake)
    thread.start()
    record, plain = answer(sock)
    thread.join()
    tls = result.get("tls")
    if tls is None:
        print("client:", result["error"])
    return tls, plain, record


def receive(sock, size):
    data = b""
    while len(data) < size:
        got = sock.recv(size - len(data))
        if not got:
            break
        data += got
    return data


def scene_hello(options):
    tls, plain, record = connect(options)
    print(record)
    if tls is None or plain is None:
        return
    tls.sendall(b"question")
    assert receive(plain, 8) == b"question"
    plain.sendall(b"answer")
    assert receive(tls, 6) == b"answer"
    der = tls.getpeercert(binary_form=True)
    print("sha256", hashlib.sha256(der).hexdigest())
    print("alpn", tls.selected_alpn_protocol())


def scene_bulk(options):
    """Much at once in both directions, read slowly: nothing lost, no dead
    lock."""
    size = int(options["size"])
    tls, plain, _ = connect(options)
    data = os.urandom(size)
    threads = [
        threading.Thread(target=tls.sendall, args=(data,)),
        threading.Thread(target=plain.sendall, args=(data[::-1],)),
    ]
    threads[0].start()
    time.sleep(0.2)
    assert receive(plain, size) == data
    threads[1].start()
    assert receive(tls, size) == data[::-1]
    for t in threads:
        t.join()
    print("whole")


def scene_client_ends_first(options):
    tls, plain, _ = connect(options)
    tls.sendall(b"last words")
    client = tls.detach()
    raw = socket.socket(fileno=client)
    raw.shutdown(socket.SHUT_WR)
    assert receive(plain, 100) == b"last words"
    plain.close()
    raw.settimeout(5)
    while raw.recv(100):
        pass
    print("both ended")


def scene_server_ends_first(options):
    tls, plain, _ = connect(options)
    tls.sendall(b"unread")
    plain.sendall(b"bye")
    plain.close()
    tls.settimeout(5)
    assert receive(tls, 3) == b"bye"
    assert tls.recv(10) == b""
    print("heard the end")


def scene_slow_reader(options):
    """The program has said much and left; the client does not read yet."""
    tls, plain, _ = connect(options)
    total = fill(plain)
    plain.close()
    used = cpu_of_children()
    time.sleep(1)
    print("idle" if cpu_of_children() - used < 20 else "busy")
    assert len(receive(tls, total + 1)) == total
    print("whole")


def fill(sock):
    """Send until every buffer on the way is full; how much that was."""
    sock.setblocking(False)
    total = blocked = 0
    while blocked < 3:
        try:
            total += sock.send(bytes(65536))
            blocked = 0
        except BlockingIOError:
            blocked += 1
            time.sleep(0.1)
    return total


def cpu_of_children():
    """Hundredths of a second used by the processes of tlsd, whose pid is in
    TLSD."""
    parent = os.environ["TLSD"]
    with open(f"/proc/{parent}/task/{parent}/children") as f:
        pids = f.read().split()
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total


def scene_resume(options):
    """A session of the first connection offered again."""
    context = context_of(options)
    tls, plain, _ = connect(options, context)
    plain.sendall(b"x")  # TLS 1.3: the ticket comes before this
    assert receive(tls, 1) == b"x"
    session = tls.session
    for key in ("service", "sni"):
        if key + "2" in options:
            options[key] = options[key + "2"]
    tls, plain, record = connect(options, context, session)
    print("reused" if tls.session_reused else "full", record)


def scene_pieces(options):
    """A ClientHello in many small records, byte by byte, and with as much in
    it as size= says."""
    client, server = tcp_pair()
    sock = ask(server, options)
    context = context_of(options)
    if "size" in options:  # protocols that nobody speaks
        count = int(options["size"]) // 200
        context.set_alpn_protocols(["x" * 195 + "%04d" % i for i in range(count)] + ["imap"])
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(inward, outward, server_hostname=options["sni"])
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        hello = outward.read()
    message, step = hello[5:], int(options.get("step", 10000))
    parts = [message[i:i + step] for i in range(0, len(message), step)]
    data = b"".join(b"\x16\x03\x01" + len(p).to_bytes(2, "big") + p for p in parts)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(0, len(data), int(options.get("bytes", 100000))):
        client.sendall(data[i:i + int(options.get("bytes", 100000))])
    while True:
        try:
            got = client.recv(65536)
        except ConnectionResetError:
            break
        inward.write(got) if got else inward.write_eof()
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as e:
            print("client:", e)
            break
        finally:
            client.sendall(outward.read())
    print(answer(sock)[0])


def scene_http(options):
    client, server = tcp_pair()
    sock = ask(server, options)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    print(answer(sock)[0])


def scene_stall(options):
    client, server = tcp_pair()
    start = time.time()
    print(answer(ask(server, options))[0])
    print("after", int(time.time() - start), "closed", client.recv(1) == b"")


def scene_asker_gone(options):
    client, server = tcp_pair()
    ask(server, options).close()
    client.settimeout(5)
    print("closed", client.recv(1) == b"")


def scene_idle(options):
    """Stay connected until told otherwise; for looking at the process."""
    held = [connect(options) for _ in range(int(options.get("count", 1)))]
    for tls, plain, _ in held:
        tls.sendall(b"x" * 5000)
        receive(plain, 5000)
    print("connected", flush=True)
    time.sleep(float(options.get("time", 20)))


globals()["scene_" + sys.argv[1]](dict(w.split("=", 1) for w in sys.argv[2:]))
