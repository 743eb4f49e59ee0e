"""Debian's Postfix as a host of the small Internet, below one folder."""
import os, pwd, subprocess

import certs, world

MAIN = """compatibility_level = 3.6
meta_directory = /etc/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
queue_directory = {d}/spool
data_directory = {d}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {d}/maillog
maillog_file_prefixes = {d}
myhostname = mx.fix.example
mydestination =
mynetworks = 127.0.0.0/8
inet_protocols = all
smtputf8_enable = yes
message_size_limit = 60000000
alias_maps =
alias_database =
virtual_mailbox_domains = fix.example, bücher.example, xn--bcher-kva.example
virtual_mailbox_base = {d}/mail
virtual_mailbox_maps = static:all/
virtual_mailbox_limit = 0
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_alias_maps = inline:{{ {{ circle@fix.example = fixed@chain.example }} }}
minimal_backoff_time = 1s
queue_run_delay = 1s
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtp_dns_support_level = dnssec
smtp_tls_security_level = dane
smtp_tls_loglevel = 1
"""

MASTER = """smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def make(folder):
    """Its folders and files; gives the command that becomes it."""
    d = os.path.join(folder, "fix")
    for part in ("conf", "spool", "data", "mail"):
        os.makedirs(os.path.join(d, part))
    os.chown(os.path.join(d, "data"), pwd.getpwnam("postfix").pw_uid, -1)
    os.chown(os.path.join(d, "mail"), 65534, 65534)
    conf = os.path.join(d, "conf")
    write(os.path.join(conf, "main.cf"), MAIN.format(
        d=d, cert=certs.path(folder, "mx.fix", "pem"), key=certs.path(folder, "mx.fix", "key")))
    write(os.path.join(conf, "master.cf"), MASTER)
    return ["postfix", "-c", conf, "start-fg"]


def installed():
    return os.path.exists("/usr/lib/postfix/sbin/master")
