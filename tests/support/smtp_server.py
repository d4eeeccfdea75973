#!/usr/bin/env python3
"""smtp_server.py DIRECTORY: Debian's aiosmtpd, with STARTTLS and AUTH, and one with neither.

Makes DIRECTORY/cert.pem and, when it listens, DIRECTORY/ports: the numbers of both.  Each mail becomes
a file DIRECTORY/mail-N, in front of it the envelope and how it came, as a line of JSON.  nobody@...
has no mailbox.  User "custos", password "geheim".
"""
import asyncio
import json
import os
import ssl
import subprocess
import sys

from aiosmtpd.smtp import SMTP, AuthResult

directory = sys.argv[1]


class Keep:
    def __init__(self):
        self.n = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}>: no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.n += 1
        head = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                "user": session.authenticated, "hello": session.host_name}
        name = os.path.join(directory, f"mail-{self.n}")
        with open(name + ".new", "wb") as f:
            f.write(json.dumps(head).encode() + b"\n" + envelope.content)
        os.rename(name + ".new", name)
        return "250 taken"


def who(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"custos", b"geheim"))


async def main():
    cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
                    "-out", cert], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    keep, loop = Keep(), asyncio.get_running_loop()
    full = await loop.create_server(lambda: SMTP(
        keep, tls_context=tls, require_starttls=True, authenticator=who, auth_required=True),
        "127.0.0.1", 0)
    plain = await loop.create_server(lambda: SMTP(keep), "127.0.0.1", 0)
    with open(os.path.join(directory, "ports.new"), "w") as f:
        f.write(" ".join(str(s.sockets[0].getsockname()[1]) for s in (full, plain)))
    os.rename(os.path.join(directory, "ports.new"), os.path.join(directory, "ports"))
    while os.path.isdir(directory):
        await asyncio.sleep(1)


asyncio.run(main())
