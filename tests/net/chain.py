"""A whole chainmail as a host of the small Internet, each service under its own user."""
import grp, os, pwd, shutil, subprocess

import certs

PASSWORD = "open sesame"

USERS = {
    "chain": """chain.example domain
ann@chain.example mailbox
bob@chain.example mailbox
jürgen@chain.example mailbox
tls@chain.example mailbox
postmaster@chain.example -> ann@chain.example
circle@chain.example -> circle@other.example
fixed@chain.example -> circle@fix.example
away@chain.example -> kept@good.example
""",
    "other": """other.example domain
ann@other.example mailbox
circle@other.example -> circle@chain.example
""",
    "lan": "ann@lan.home mailbox\n",
    "dark": "ann@dark.home mailbox\n",
}
LAN_ROUTES = """factory.lan     192.0.2.100          # good
named.lan       press.lan
.below.lan      192.0.2.100:25
"""
CHAIN_ROUTES = """cousin.example mx.smart.example:587 tls=verify user=me@smart.example
thief.example  mx.plain.example tls=verify user=me@smart.example
forger.example mx.stswrong.example tls=verify user=me@smart.example
"""
FILES = {
    "chain": {"me": "mx.chain.example", "routes": CHAIN_ROUTES,
              "routes.auth": "* me@smart.example opensesame\n"},
    "other": {"me": "mx.other.example"},
    "lan": {"me": "lan.home", "dns": "none", "routes": LAN_ROUTES, "hosts": "192.0.2.100 press.lan press\n"},
    "dark": {"me": "dark.home", "dns": "192.0.2.66", "routes": LAN_ROUTES, "hosts": "192.0.2.100 press.lan press\n"},
}


def write(path, text, mode=0o644, user="root", group="root"):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    os.chown(path, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)


def environment(folder, name):
    d = os.path.join(folder, name)
    env = {"PATH": os.path.join(folder, "bin") + ":/usr/sbin:/usr/bin:/sbin:/bin", "HOME": d,
           "CHAINMAIL_LOG": os.path.join(d, "log")}
    for part in ("ETC", "SPOOL", "MAIL", "RUN"):
        env["CHAINMAIL_" + part] = os.path.join(d, part.lower())
    for word in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if word in os.environ:
            env[word] = os.environ[word]
    return env


def certificate_put(folder, name, etc):
    host = "mx." + name
    if not os.path.exists(certs.path(folder, host, "pem")):
        return      # chainmail-setup makes one
    where = os.path.join(etc, "tls", "default")
    os.makedirs(where)
    shutil.copy(certs.path(folder, host, "pem"), os.path.join(where, "cert.pem"))
    write(os.path.join(where, "key.pem"), open(certs.path(folder, host, "key")).read(), 0o640, group="chainmail-tls")


def make(folder, name):
    """The command that becomes it, and its environment."""
    env = environment(folder, name)
    etc, tree = env["CHAINMAIL_ETC"], os.path.join(folder, name, "services")
    os.makedirs(etc)
    certificate_put(folder, name, etc)
    shutil.copy(certs.path(folder, "ca", "pem"), os.path.join(etc, "authorities.pem"))
    for file, text in FILES[name].items():
        secret = dict(mode=0o640, group="chainmail-out") if file == "routes.auth" else {}
        write(os.path.join(etc, file), text + "\n", **secret)
    write(os.path.join(etc, "users"), USERS[name], 0o640)
    users = [line.split()[0] for line in USERS[name].splitlines() if line.endswith(" mailbox")]
    for user in users:
        subprocess.run(["chainmail-user", "passwd", user], input=(PASSWORD + "\n").encode(), env=env, check=True,
                       stdout=subprocess.DEVNULL, executable=os.path.join(folder, "bin", "chainmail-user"))
    subprocess.run([os.path.join(folder, "bin", "chainmail-setup"), "-s", tree], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    # s6-log takes the lines of all from the fifo, which open both ways never blocks.
    return ["sh", "-c", 'cd "$0" && exec s6-svscan . <>log/fifo >&0 2>&1', tree], env
