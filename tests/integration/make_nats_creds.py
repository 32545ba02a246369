#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make_nats_creds.py DIR - an operator, an account with JetStream and a user of NATS:
DIR/auth.conf with the lines for a server's configuration, DIR/user.creds, and DIR/other.creds of a user
that the server does not know. Keys are made and used by the program openssl."""
import base64
import binascii
import hashlib
import json
import os
import subprocess
import sys

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3
DER_SEED, DER_PUBLIC = 16, 12  # lengths of the headers of Ed25519 keys in DER


def encode(data):
    crc = binascii.crc_hqx(data, 0).to_bytes(2, "little")
    return base64.b32encode(data + crc).decode().rstrip("=")


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


class Key:
    """A key pair; @prefix is the kind of its owner."""

    def __init__(self, folder, name, prefix):
        self.file = os.path.join(folder, name + ".der")
        openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER", "-out", self.file)
        with open(self.file, "rb") as file:
            secret = file.read()[DER_SEED:]
        public = openssl("pkey", "-in", self.file, "-inform", "DER", "-pubout", "-outform", "DER")[DER_PUBLIC:]
        self.public = encode(bytes([prefix]) + public)
        self.seed = encode(bytes([SEED | prefix >> 5, (prefix & 31) << 3]) + secret)

    def sign(self, text):
        path = self.file + ".text"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.file, "-keyform", "DER", "-in", path)

    def jwt(self, subject, name, nats):
        """Returns claims about the key @subject, signed with this key."""
        claims = {"iat": 1700000000, "iss": self.public, "name": name, "sub": subject.public, "nats": nats}
        digest = hashlib.new("sha512_256", json.dumps(claims).encode()).digest()
        claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
        text = ".".join(base64url(json.dumps(part).encode())
                        for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, claims))
        return text + "." + base64url(self.sign(text))


def write_creds(path, account, user):
    nats = {"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2}
    with open(path, "w", encoding="ascii") as file:
        file.write(f"-----BEGIN NATS USER JWT-----\n{account.jwt(user, 'sensor', nats)}\n"
                   f"------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{user.seed}\n"
                   "------END USER NKEY SEED------\n")


def main():
    folder = sys.argv[1]
    operator, account, system, stranger = (
        Key(folder, name, prefix) for name, prefix in
        (("operator", OPERATOR), ("account", ACCOUNT), ("system", ACCOUNT), ("stranger", ACCOUNT)))
    none = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": True,
            "conn": -1, "leaf": -1}
    disk = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
    write_creds(os.path.join(folder, "user.creds"), account, Key(folder, "user", USER))
    write_creds(os.path.join(folder, "other.creds"), stranger, Key(folder, "other", USER))
    accounts = [(account, operator.jwt(account, "weft", {"limits": {**none, **disk}, "type": "account", "version": 2})),
                (system, operator.jwt(system, "SYS", {"limits": none, "type": "account", "version": 2}))]
    preload = "\n".join(f"  {key.public}: {jwt}" for key, jwt in accounts)
    with open(os.path.join(folder, "auth.conf"), "w", encoding="ascii") as file:
        file.write(f"operator: {operator.jwt(operator, 'test', {'type': 'operator', 'version': 2})}\n"
                   f"system_account: {system.public}\nresolver: MEMORY\nresolver_preload: {{\n{preload}\n}}\n")


main()
