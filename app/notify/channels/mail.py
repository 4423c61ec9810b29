"""Mail by SMTP, over TLS; one message for each of ours, to one address."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate

from app.notify.channels import words
from app.ports.outbox import Message, Notifier, Undelivered
from app.settings.notify import MailServer

#: Seconds for each step of the dialogue.
STEP_SECONDS = 10.0
#: Most characters of a subject.
SUBJECT = 150


class Mail:
    """A Channel to an address of mail."""

    def __init__(self, notifier: Notifier, server: MailServer) -> None:
        self.notifier = notifier
        self._server = server

    def send(self, message: Message) -> None:
        """See Channel."""
        letter = write(message, self.notifier.target, self._server.sender or f"logingestor@{_domain()}")
        try:
            smtp = self._connect()
            try:
                smtp.send_message(letter)
                # It is taken: however the goodbye is answered, it must not be sent again.
                with suppress(OSError, smtplib.SMTPException):
                    smtp.quit()
            finally:
                smtp.close()
        except smtplib.SMTPAuthenticationError as error:
            # The message was not refused: a password can be mended.
            raise Undelivered(f"{self._server.host} does not let {self._server.user!r} in: {_said(error)}") from error
        except smtplib.SMTPResponseException as error:
            final = 500 <= error.smtp_code < 600
            raise Undelivered(f"{self._server.host} refused it: {_said(error)}", final=final) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, said = error.recipients[self.notifier.target]
            reason = f"{self._server.host} refused {self.notifier.target}: {code} {said.decode('utf-8', 'replace')}"
            raise Undelivered(words.harmless(reason), final=500 <= code < 600) from error
        except ssl.SSLCertVerificationError as error:
            raise Undelivered(f"the certificate of {self._server.host} is not good: {error.verify_message}") from error
        except (OSError, smtplib.SMTPException) as error:
            reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
            raise Undelivered(f"{self._server.host}, port {self._server.port}: {words.harmless(reason)}") from error

    def _connect(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context()
        smtp: smtplib.SMTP
        if server.tls:
            smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=STEP_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=STEP_SECONDS)
        try:
            smtp.ehlo()
            if not server.tls and server.starttls != "never":
                if smtp.has_extn("starttls"):
                    smtp.starttls(context=context)
                elif server.starttls == "required":
                    raise Undelivered(f"{server.host} offers no STARTTLS, and without it nothing is sent there")
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def write(message: Message, to: str, sender: str) -> EmailMessage:
    """Return the letter; headers hold one line each, whatever a system said."""
    letter = EmailMessage()
    letter["From"] = sender
    letter["To"] = to
    letter["Date"] = formatdate()
    # The same at each try, as a webhook's id is.
    domain = sender.rpartition("@")[2]
    letter["Message-ID"] = f"<{message.id}@{domain}>"
    if len(message.deliveries) == 1 and message.deliveries[0].event != "opened":
        letter["References"] = f"<{message.deliveries[0].notice.id}-opened@{domain}>"
    # No machine answers a machine.
    letter["Auto-Submitted"] = "auto-generated"
    subject = f"[LogIngestor {words.host()}] {words.summary(message)}"
    letter["Subject"] = " ".join(words.harmless(subject).split())[:SUBJECT]
    letter.set_content(_body(message))
    return letter


def _body(message: Message) -> str:
    parts = [words.text(message)]
    if len(message.deliveries) == 1:
        details = words.details(message.deliveries[0].notice)
        parts += [f"{words.harmless(name)}: {words.harmless(str(value))}" for name, value in details.items()]
    return "\n\n".join(parts) + "\n"


def _domain() -> str:
    name = socket.getfqdn()
    return name if name.isascii() and name.replace("-", "").replace(".", "").isalnum() else "localhost.localdomain"


def _said(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"{error.smtp_code} {words.harmless(' '.join(text.split()))[:200]}"
