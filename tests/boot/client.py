#!/usr/bin/env python3
"""A client of the server in the tree.

    client.py mail SENDER RCPT WORD          one message, port 25
    client.py many PREFIX COUNT RCPT USER PASSWORD
        COUNT messages, four at once, port 587, until each has its 250
    client.py crowd ADDRESS COUNT            so many connections to port 25 at
        once; prints how many were greeted and what the next one hears
"""
import smtplib
import socket
import sys
import threading
import time

LIMIT = 90


def message(sender, rcpt, word):
    return f"From: {sender}\r\nTo: {rcpt}\r\nSubject: {word}\r\n\r\n{word}\r\n"


def mail(sender, rcpt, word):
    with smtplib.SMTP("127.0.0.1", 25, timeout=30) as smtp:
        smtp.sendmail(sender, [rcpt], message(sender, rcpt, word))


def some(numbers, prefix, rcpt, user, password, deadline):
    """Each number until it is taken; a session has several."""
    numbers = list(numbers)
    while numbers and time.monotonic() < deadline:
        try:
            with smtplib.SMTP("127.0.0.1", 587, timeout=30) as smtp:
                smtp.login(user, password)
                while numbers:
                    text = message(user, rcpt, f"{prefix}-{numbers[0]}-")
                    smtp.sendmail(user, [rcpt], text)
                    numbers.pop(0)
        except (OSError, smtplib.SMTPException):
            time.sleep(0.1)
    return not numbers


def many(prefix, count, rcpt, user, password):
    deadline = time.monotonic() + LIMIT
    done = []

    def work(first):
        numbers = range(first, int(count) + 1, 4)
        done.append(some(numbers, prefix, rcpt, user, password, deadline))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0 if done == [True] * 4 else 1


def crowd(address, count):
    greeted, socks = 0, []
    for _ in range(int(count)):
        sock = socket.create_connection((address, 25), 20, (address, 0))
        socks.append(sock)
        greeted += sock.recv(512).startswith(b"220")
    with socket.create_connection((address, 25), 20, (address, 0)) as sock:
        print(greeted, sock.recv(512).decode().strip())


if __name__ == "__main__":
    sys.exit({"mail": mail, "many": many, "crowd": crowd}[sys.argv[1]](*sys.argv[2:]))
