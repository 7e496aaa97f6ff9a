"""An independent mail server: aiosmtpd on loopback, over TLS. It prints the mails that it gets as lines of JSON.

mail_server.py starttls|tls CERTIFICATE KEY MECHANISM USER PASSWORD

It ends when its standard input closes. Python's own parser reads the mails. A recipient whose local part begins with
`never` is refused. One that begins with `later` is refused temporarily the first time, and one that begins with `full`
likewise, but only after the mail has been sent.
"""

import asyncio
import email
import email.errors
import email.policy
import json
import logging
import os
import re
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult


def tell(**event):
    print(json.dumps(event), flush=True)


def mail(envelope, session):
    # The parser would not read UTF-8 headers from bytes (RFC 6532).
    message = email.message_from_string(envelope.content.decode(), policy=email.policy.SMTPUTF8)
    bodies = list(message.iter_parts())
    return {
        "connection": session.peer[1],
        "user": session.auth_data,
        "from": envelope.mail_from,
        "to": envelope.rcpt_tos,
        "smtputf8": envelope.smtp_utf8,
        "headers": {name: str(value) for name, value in message.items()},
        "names": message.keys(),
        "type": message.get_content_type(),
        "parts": {body.get_content_type(): body.get_content() for body in bodies},
        "defects": [str(defect) for part in (message, *bodies) for defect in defects(part)],
        "lone_cr_or_lf": re.search(rb"\r(?!\n)|(?<!\r)\n", envelope.original_content) is not None,
    }


def defects(part):
    yield from part.defects
    for field in part.values():
        for defect in getattr(field, "defects", []):
            # RFC 6532 allows this.
            if not isinstance(defect, email.errors.NonASCIILocalPartDefect):
                yield defect


class Handler:
    def __init__(self):
        self.put_off = set()

    def first_time(self, key):
        is_new = key not in self.put_off
        self.put_off.add(key)
        return is_new

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("never"):
            tell(refused=address, connection=session.peer[1])
            return "550 5.1.1 No such user"
        if address.startswith("later") and self.first_time(address):
            tell(refused=address, connection=session.peer[1])
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        told = mail(envelope, session)
        if envelope.rcpt_tos[0].startswith("full") and self.first_time(envelope.rcpt_tos[0]):
            tell(refused=envelope.rcpt_tos[0], connection=session.peer[1], mail=told)
            return "452 4.3.1 Out of storage"
        tell(mail=told)
        return "250 2.0.0 Taken"


def end_with(stdin):
    stdin.read()
    os._exit(0)


async def main():
    mode, certificate, key, mechanism, user, password = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, login):
        given = (login.login.decode(), login.password.decode())
        if given == (user, password):
            return AuthResult(success=True, auth_data=f"{given[0]} by {mechanism}")
        return AuthResult(success=False, handled=False)

    handler = Handler()
    starttls = mode == "starttls"

    def protocol():
        return SMTP(
            handler,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            # aiosmtpd does not consider a connection secure if it uses TLS from the start.
            auth_require_tls=starttls,
            auth_required=True,
            auth_exclude_mechanism={"PLAIN", "LOGIN"} - {mechanism},
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=None if starttls else context)
    threading.Thread(target=end_with, args=[sys.stdin], daemon=True).start()
    tell(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


# Some tests cause refused handshakes and logins, which would be logged.
logging.disable()
asyncio.run(main())
