#!/usr/bin/env python3
"""A client of the server in the tree.

    client.py mail SENDER RCPT WORD          one message, port 25
    client.py read USER PASSWORD WORD        by IMAP: "read" if a message has it
    client.py many PREFIX COUNT RCPT USER PASSWORD
        COUNT messages, four at once, port 587, until each has its 250
    client.py steady FILE USER PASSWORD RCPT...
        messages with a word of their own, four at once, to each RCPT in turn,
        until there is FILE.stop; the words of those with a 250 go into FILE
    client.py crowd ADDRESS COUNT            so many connections to port 25 at
        once; prints how many were greeted and what the next one hears
"""
import imaplib
import itertools
import os
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


def read(user, password, word):
    with imaplib.IMAP4("127.0.0.1", 143, timeout=30) as imap:
        imap.login(user, password)
        imap.select("INBOX", readonly=True)
        for number in imap.search(None, "ALL")[1][0].split():
            if word.encode() in imap.fetch(number, "(BODY.PEEK[])")[1][0][1]:
                print("read")


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


def flow(accepted, stop, first, user, password, rcpts):
    """A word is used once: who hears no 250 says another one."""
    numbers = itertools.count(first, 4)
    while not os.path.exists(stop):
        try:
            with smtplib.SMTP("127.0.0.1", 587, timeout=30) as smtp:
                smtp.login(user, password)
                while not os.path.exists(stop):
                    number = next(numbers)
                    rcpt = rcpts[number // 4 % len(rcpts)]
                    word = f"steady-{number}-"
                    smtp.sendmail(user, [rcpt], message(user, rcpt, word))
                    accepted.write(word + "\n")
                    time.sleep(0.02)
        except (OSError, smtplib.SMTPException):
            time.sleep(0.1)


def steady(file, user, password, *rcpts):
    with open(file, "w", buffering=1) as accepted:
        threads = [threading.Thread(target=flow, args=(
            accepted, file + ".stop", i, user, password, rcpts)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def crowd(address, count):
    greeted, socks = 0, []
    for _ in range(int(count)):
        sock = socket.create_connection((address, 25), 20, (address, 0))
        socks.append(sock)
        greeted += sock.recv(512).startswith(b"220")
    with socket.create_connection((address, 25), 20, (address, 0)) as sock:
        print(greeted, sock.recv(512).decode().strip())


if __name__ == "__main__":
    sys.exit({"mail": mail, "read": read, "many": many, "steady": steady,
              "crowd": crowd}[sys.argv[1]](*sys.argv[2:]))
