"""Work a mailbox with Python's imaplib and poplib; any surprise is an exception."""
import imaplib
import poplib
import ssl
import sys

host, imaps, pop3s, user, password, subject = sys.argv[1:]
context = ssl.create_default_context()


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


imap = imaplib.IMAP4_SSL(host, int(imaps), ssl_context=context)
ok(imap.login(user, password))
folders = b"\n".join(ok(imap.list()))
for name in (b"INBOX", b"Sent", b"Drafts", b"Trash", b"Junk", b"Archive"):
    assert name in folders, folders
ok(imap.select("INBOX"))
uids = ok(imap.uid("SEARCH", "SUBJECT", '"%s"' % subject))[0].split()
assert len(uids) == 1, uids
whole = ok(imap.uid("FETCH", uids[0], "(BODY.PEEK[] FLAGS RFC822.SIZE)"))
assert subject.encode() in whole[0][1]
assert b"RFC822.SIZE %d" % len(whole[0][1]) in whole[0][0] + whole[1], whole
ok(imap.uid("STORE", uids[0], "+FLAGS", "(\\Flagged $Work)"))
assert b"$Work" in ok(imap.uid("FETCH", uids[0], "(FLAGS)"))[0]
ok(imap.create("Python"))
ok(imap.uid("COPY", uids[0], "Python"))
message = b"From: a@b.example\r\nSubject: %s appended\r\n\r\n8-bit: \xc3\xa9\r\n" % subject.encode()
answer = ok(imap.append("Python", "(\\Seen)", imaplib.Time2Internaldate(1700000000), message))
assert b"APPENDUID" in answer[0], answer
ok(imap.select("Python"))
found = ok(imap.uid("SEARCH", "SEEN", "SUBJECT", '"%s appended"' % subject))[0].split()
assert ok(imap.uid("FETCH", found[0], "(BODY[])"))[0][1] == message
assert b"14-Nov-2023" in ok(imap.uid("FETCH", found[0], "(INTERNALDATE)"))[0]
ok(imap.uid("STORE", "1:*", "+FLAGS", "\\Deleted"))
ok(imap.expunge())
assert ok(imap.search(None, "ALL")) == [b""]
ok(imap.close())
ok(imap.delete("Python"))
imap.logout()

pop = poplib.POP3_SSL(host, int(pop3s), context=context)
pop.user(user)
pop.pass_(password)
count, size = pop.stat()
listed = [line.split() for line in pop.list()[1]]
assert len(listed) == count and sum(int(s) for _, s in listed) == size
names = [line.split()[1] for line in pop.uidl()[1]]
assert len(set(names)) == count
for number in range(1, count + 1):
    _, lines, _ = pop.retr(number)
    assert len(b"\r\n".join(lines) + b"\r\n") == int(listed[number - 1][1])
    if any(subject.encode() in line for line in lines):
        pop.dele(number)
pop.quit()
pop = poplib.POP3_SSL(host, int(pop3s), context=context)
pop.user(user)
pop.pass_(password)
assert pop.stat()[0] == count - 1
pop.quit()
