#!/usr/bin/env python3
"""chainmail-log(5): its questions answered from a made log, its words the code's.

log.py questions PAGE    each command of QUESTIONS on the log below: its answer
log.py words PAGE TREE   every event and word in the code is in the page
"""
import glob
import re
import subprocess
import sys
import tempfile

ONE, TWO = "01K8XJ3N4T0000000000000001", "01K8XJ3N4T0000000000000002"
LOG = {
    "connect": "listen event=connect conn=K1DQXQ4PPA service=smtp client=192.0.2.7 port=4711",
    "unknown": 'smtpd event=refuse conn=K1DQXQ4PPA id=' + ONE + ' from=eve@else.example to=nobody@example.org client=192.0.2.7 port=4711 service=smtp helo=else.example tls=none rule=recipient reply="550 5.1.1 No such mailbox here"',
    "full": 'smtpd event=refuse conn=K1DQXQ4PPA id=' + ONE + ' from=eve@else.example to=bob@example.org client=192.0.2.7 port=4711 service=smtp helo=else.example tls=none rule=quota reply="452 4.2.2 The mailbox is full"',
    "flood": 'smtpd event=refuse-last conn=K1DQXQ4PPB client=192.0.2.7 port=4712 service=smtp helo=x tls=none rule=quota reply="452 4.2.2 The mailbox is full"',
    "full2": 'smtpd event=refuse conn=K1DQXQ4PPB from=eve@else.example to=ann@example.org client=192.0.2.7 port=4712 service=smtp helo=x tls=none rule=quota reply="452 4.2.2 The mailbox is full"',
    "in": 'smtpd event=message conn=K1DQXQ4PPA id=' + ONE + ' from=eve@else.example to=bob@example.org to=ann@example.org rcpts=2 size=1234 message-id=<m1@client.example> client=192.0.2.7 port=4711 service=smtp helo=else.example tls=none',
    "got": 'deliver event=delivered id=' + ONE + ' to=bob@example.org mailbox=/var/mail/example.org/bob/Maildir folder=Junk verdict=0 status=2.0.0 size=1234 ms=3',
    "closed": 'listen event=connection conn=K1DQXQ4PPA service=smtp client=192.0.2.7 port=4711 ms=120 exit=0',
    "login": 'authd event=auth conn=K1DQXQ4PPC result=ok user=Bob account=bob@example.org mech=PLAIN service=imap client=198.51.100.9 tls=TLSv1.3 how=hash',
    "clear": 'login event=auth conn=K1DQXQ4PPD client=203.0.113.5 port=999 service=imap mech=LOGIN user=bob tls=none result=plaintext',
    "guess": 'authd event=auth conn=K1DQXQ4PPE result=credentials user=root mech=LOGIN service=submission client=203.0.113.6 tls=TLSv1.2 how=hash',
    "guess2": 'authd event=auth conn=K1DQXQ4PPF result=busy user=root mech=LOGIN service=submission client=203.0.113.6 tls=TLSv1.2',
    "guess3": 'authd event=auth conn=K1DQXQ4PPG result=credentials user=x mech=LOGIN service=submission client=203.0.113.7 tls=TLSv1.2',
    "moved": 'imapd event=move conn=K1DQXQ4PPC user=bob@example.org folder=Junk to-folder=INBOX messages=1 uid=4 new-uid=9 id=' + ONE + ' new-id=01K8XJ3N4T0000000000000003',
    "marked": 'imapd event=delete conn=K1DQXQ4PPC user=bob@example.org folder=INBOX messages=2 uid=7:8 id=01K8XJ3N4T0000000000000004 id=01K8XJ3N4T0000000000000005',
    "removed": 'pop3d event=expunge conn=K1DQXQ4PPH user=bob@example.org folder=INBOX messages=1 uid=9 id=01K8XJ3N4T0000000000000003',
    "other": 'imapd event=expunge conn=K1DQXQ4PPI user=ann@example.org folder=INBOX messages=1 uid=1 id=01K8XJ3N4T0000000000000006',
    "out": 'smtpd event=message conn=K1DQXQ4PPJ id=' + TWO + ' from=ann@example.org to=zoe@far.example rcpts=1 size=99 message-id=<m2@client.example> client=198.51.100.9 port=5 service=submission helo=pc user=ann@example.org tls=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384',
    "tried": 'send event=deferred id=' + TWO + ' to=zoe@far.example host=mx.far.example ip=203.0.113.99 tls=none verdict=75 status=4.4.1 text="connect: Connection refused" size=99 ms=5',
    "waits": 'queue-run event=deferred id=' + TWO + ' to=zoe@far.example from=ann@example.org verdict=75 status=4.4.1 next=2026-11-23T12:00:00Z text="connect: Connection refused"',
    "down": 'queue-run event=back-off dest=far.example next=2026-11-23T12:00:00Z text="connect: Connection refused"',
    "failed": 'queue-run event=failed id=01K8XJ3N4T0000000000000007 to=no@far.example from=ann@example.org verdict=67 status=5.1.1 host=mx.far.example text="550 5.1.1 unknown"',
    "wrong": 'smtpd event=config file=limits line=3 error="unknown limit; see chainmail-limits(5)"',
    "end": 'deliver event=die text="open /var/mail" error="Permission denied" exit=75',
}
ANSWERS = [
    ["out", "tried", "waits"],
    ["unknown", "full", "in", "got", "moved"],
    ["connect", "unknown", "full", "in", "closed"],
    ["in"],
    ["unknown", "full", "flood", "full2"],
    "2 quota\n1 recipient",
    ["full"],
    "folder=Junk",
    ["marked", "removed"],
    ["moved"],
    "1 client=203.0.113.5",
    ["in"],
    "2 client=203.0.113.6\n1 client=203.0.113.7",
    "client=198.51.100.9",
    ["failed"],
    ["waits"],
    ["down"],
    ["tried"],
    "1 client=198.51.100.9\n1 client=192.0.2.7",
    ["wrong", "end"],
]


def commands(page):
    """The literal text behind each question."""
    section = re.search(r"^\.Sh QUESTIONS\n(.*?)^\.Sh ", page, re.S | re.M)[1]
    for item in re.split(r"^\.It ", section, flags=re.M)[1:]:
        question = item.split("\n", 1)[0]
        text = re.search(r"^\.Bd .*?\n(.*?)^\.Ed", item, re.S | re.M)[1]
        yield question, text.replace("\\e", "\\")


def plain(text):
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def questions(page):
    # Each line as journald and s6 show it, with something before it.
    log = "".join(f"2026-11-23T11:00:00+0000 host x[1]: {line}\n" for line in LOG.values())
    asked = list(commands(page))
    assert len(asked) == len(ANSWERS) >= 20, len(asked)
    with tempfile.NamedTemporaryFile("w") as made:
        made.write(log)
        made.flush()
        for (question, command), answer in zip(asked, ANSWERS):
            got = subprocess.run(
                ["bash", "-c", f'log() {{ cat "{made.name}"; }}\n{command}'],
                stdout=subprocess.PIPE, text=True, check=True).stdout
            if isinstance(answer, list):
                answer = "\n".join(LOG[name] for name in answer)
                got = re.sub(r"(?m)^.*? x\[1\]: ", "", got)
            assert plain(got) == plain(answer), f"{question}\n{command}\ngives\n{got}\nnot\n{answer}"
    print(len(asked))


STARTS = r"\b(?:log_start|activity_start|connection_log|folder_log|log_result)\("
WORDS = r"\blog_(?:span|text|number|time|peer)\(\s*[^,;\"]+,\s*\"([a-z_-]+)\""


def used(tree):
    """The events and the words of all lines that the programs write."""
    events, words = set(), set()
    for path in glob.glob(f"{tree}/bin/**/*.c", recursive=True) + glob.glob(f"{tree}/lib/*/*.c"):
        text = open(path, encoding="utf-8").read()
        for start in re.finditer(STARTS, text):
            call = text[start.end():text.index(";", start.end())]
            events.update(re.findall(r'"([a-z][a-z-]*)"', call))
        words.update(re.findall(WORDS, text))
    return events, words


def described(page, section):
    part = re.search(rf"^\.Sh {section}\n(.*?)^\.Sh ", page, re.S | re.M)[1]
    lines = re.findall(r"^\.It Li (.*)$", part, re.M)
    return {word for line in lines for word in line.replace(",", " ").split()}


def words(page, tree):
    events, keys = used(tree)
    assert len(events) > 40 and len(keys) > 60, (len(events), len(keys))
    # What a call's other arguments hold.
    events -= {"ok"}
    missing = sorted(events - described(page, "EVENTS")) + sorted(keys - described(page, "WORDS"))
    assert not missing, f"not in chainmail-log(5): {' '.join(missing)}"
    rules = set()
    for path in glob.glob(f"{tree}/bin/smtpd/*.c"):
        text = open(path, encoding="utf-8").read()
        rules.update(re.findall(r'\b(?:refuse|message_refuse|reply_close)\(\s*s, "([a-z0-9]+)"', text))
    missing = sorted(rules - described(page, "WORDS"))
    assert len(rules) > 15 and not missing, f"rules not in chainmail-log(5): {' '.join(missing)}"


if __name__ == "__main__":
    page_text = open(sys.argv[2], encoding="utf-8").read()
    if sys.argv[1] == "questions":
        questions(page_text)
    else:
        words(page_text, sys.argv[3])
