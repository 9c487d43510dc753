"""Hands mails to the mail server that SMTP_URL names: encrypted, to a server whose certificate is trusted, or not at all.

SMTP_URL is `smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host:465` (TLS from the first byte). Only to a relay on
this machine that asks for no password (`smtp://localhost`) do mails go unencrypted. Trusted is whom the system trusts, or what
SSL_CERT_FILE names.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from bookkeeping.errors import TemporaryError

SMTP_SECONDS = 15
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class MailServerError(TemporaryError):
    """Nothing can be mailed now, as the server is out of reach, not trusted, or does not let us in. Says why, without secrets."""


class MailRefusedError(TemporaryError):
    """The server does not take this one mail."""


def send(smtp_url: str, mail: EmailMessage) -> list[str]:
    """Hand one mail to the server and return those of its addresses that the server refused while it took others.

    Raises:
        MailServerError, MailRefusedError: nobody got the mail.
    """
    with _connected(urlsplit(smtp_url)) as server, _in_plain_words():
        server.ehlo_or_helo_if_needed()
        everybody = [one.addr_spec for one in mail["To"].addresses]
        plain = everybody if server.has_extn("smtputf8") else [one for one in everybody if one.isascii()]
        refused = server.send_message(mail, to_addrs=plain or everybody)
        return [one for one in everybody if one in refused or (plain and one not in plain)]


def let_in(smtp_url: str) -> None:
    """Connect and log in, and leave again without a mail.

    Raises:
        MailServerError: the server is out of reach, not trusted, or does not let us in.
    """
    with _connected(urlsplit(smtp_url)) as server, _in_plain_words():
        server.noop()


@contextmanager
def _connected(url: SplitResult) -> Iterator[smtplib.SMTP]:
    with _in_plain_words():
        server = _open(url)
    try:
        with _in_plain_words():
            if url.scheme == "smtp" and (url.username or url.hostname not in THIS_MACHINE):
                _start_tls(server)
            if url.username:
                _log_in(server, unquote(url.username), unquote(url.password or ""))
        yield server
    finally:
        # The mail is out, or not, by now: whatever the server answers to the farewell changes nothing.
        with suppress(OSError):
            server.quit()
        server.close()


def _open(url: SplitResult) -> smtplib.SMTP:
    host = url.hostname or ""  # The settings refuse a SMTP_URL without one.
    if url.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, url.port or 465, timeout=SMTP_SECONDS, context=context)
    return smtplib.SMTP(host, url.port or (587 if url.username else 25), timeout=SMTP_SECONDS)


def _start_tls(server: smtplib.SMTP) -> None:
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("starttls"):
        raise MailServerError("The mail server offers no encryption (STARTTLS), so nothing was sent to it.")
    server.starttls(context=ssl.create_default_context())


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    server.ehlo_or_helo_if_needed()
    if not server.esmtp_features.get("auth", "").strip():
        raise MailServerError("The mail server offers no login, but SMTP_URL has a user name and a password.")
    server.login(user, password)


@contextmanager
def _in_plain_words() -> Iterator[None]:
    """Turn what smtplib raises into our two errors. The server's own words stay with the cause; ours go to ops."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailServerError(
            f"The mail server's certificate is not trusted: {error.verify_message}."
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailServerError(
            f"The mail server refuses our user name or password ({error.smtp_code})."
        ) from error
    except smtplib.SMTPSenderRefused as error:
        raise MailServerError(f"The mail server refuses our sender address ({error.smtp_code}).") from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(sorted({str(code) for code, _ in error.recipients.values()}))
        raise MailRefusedError(f"The mail server refuses every address ({codes}).") from error
    except smtplib.SMTPDataError as error:
        raise MailRefusedError(f"The mail server does not take this mail ({error.smtp_code}).") from error
    except smtplib.SMTPResponseException as error:
        raise MailServerError(f"The mail server does not let us in ({error.smtp_code}).") from error
    except smtplib.SMTPServerDisconnected as error:
        raise MailServerError("The mail server broke off.") from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailRefusedError("The mail server cannot write one of the addresses (SMTPUTF8).") from error
    except smtplib.SMTPException as error:
        raise MailServerError("The mail server and we know no common way to log in.") from error
    except UnicodeError as error:
        raise MailServerError(
            "SMTP_URL has letters in its user name or password that SMTP cannot send."
        ) from error
    except OSError as error:
        raise MailServerError(f"The mail server cannot be reached ({type(error).__name__}).") from error
