"""Certificates of the small Internet: one authority, a leaf for each name."""
import hashlib, os, subprocess

import world


def openssl(*words, stdin=None):
    return subprocess.run(("openssl",) + words, input=stdin, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def path(folder, name, part):
    return os.path.join(folder, "certs", name + "." + part)


def key_make(folder, name):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path(folder, name, "key"))


def authority_make(folder, name="ca"):
    key_make(folder, name)
    openssl("req", "-x509", "-new", "-key", path(folder, name, "key"), "-subj", "/CN=The authority " + name,
            "-days", "30", "-out", path(folder, name, "pem"))


def leaf_make(folder, name, names, days="30"):
    """The certificate file holds the authority's too, as TLSA usage 2 needs it sent (RFC 7672 3.1.2)."""
    key_make(folder, name)
    extensions = path(folder, name, "ext")
    with open(extensions, "w") as f:
        f.write("subjectAltName=" + ",".join("DNS:" + n for n in names) + "\n")
    request = openssl("req", "-new", "-key", path(folder, name, "key"), "-subj", "/CN=" + name)
    leaf = openssl("x509", "-req", "-days", days, "-CA", path(folder, "ca", "pem"), "-CAkey", path(folder, "ca", "key"),
                   "-set_serial", "0x" + os.urandom(8).hex(), "-extfile", extensions, stdin=request)
    with open(path(folder, name, "pem"), "wb") as f:
        f.write(leaf + open(path(folder, "ca", "pem"), "rb").read())


def make(folder):
    os.mkdir(os.path.join(folder, "certs"))
    authority_make(folder)
    authority_make(folder, "self")
    for name in world.CERTIFICATES - {"expired"}:
        leaf_make(folder, name, [name + ".example"])
    leaf_make(folder, "expired", ["mx.daneexpired.example", "mx.stsexpired.example"], days="-1")
    leaf_make(folder, "web", ["mta-sts.%s.example" % n for n in world.STS])


def digest(folder, name, selector):
    """SHA-256 of the whole certificate (0) or of its public key (1), RFC 6698 2.1."""
    pem = path(folder, name, "pem")
    if selector == "0":
        der = openssl("x509", "-in", pem, "-outform", "DER")
    else:
        der = openssl("pkey", "-pubin", "-outform", "DER", stdin=openssl("x509", "-in", pem, "-noout", "-pubkey"))
    return hashlib.sha256(der).hexdigest()
