"""A real SMTP server on this machine for tests, with TLS, login, and the ways in which mail servers refuse."""

import email
import email.policy
import ipaddress
import logging
import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.harness.processes import LOOPBACK, free_port

logging.getLogger("mail.log").setLevel(logging.WARNING)  # Or it tells each line that is said to it.

USER, PASSWORD = "tieout@mail.example", "correct/horse:battery@staple"
QUOTED = "tieout%40mail.example:correct%2Fhorse%3Abattery%40staple"


class MailServer:
    """One server that keeps what it takes in `mails` and who tried to log in in `logins`.

    `tls` is "starttls", "smtps" or "" for none; with `authority` it shows a certificate of that authority. `login` makes it ask for
    USER and PASSWORD. Without `utf8` it takes addresses in ASCII alone. `refusing` makes it answer 451 to every mail, `farewell` is its answer to QUIT.
    """

    def __init__(
        self, tls: str = "", authority: "Authority | None" = None, *, login: bool = False, utf8: bool = True
    ):
        self.mails: list[EmailMessage] = []
        self._logins: dict[object, bool] = {}
        self.refusing, self.farewell, self.tls = False, "221 bye", tls
        context = authority.server_context() if authority else None
        asking = {"authenticator": self._check, "auth_required": True}
        options = asking if login else {"auth_exclude_mechanism": ("LOGIN", "PLAIN")}
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        else:  # aiosmtpd does not count TLS from the first byte as TLS; without TLS the password must be there to be leaked.
            options |= {"auth_require_tls": False}
        self._controller = Controller(
            _Handler(self),
            hostname=LOOPBACK,
            port=free_port(),
            ssl_context=context if tls == "smtps" else None,
            enable_SMTPUTF8=utf8,
            **options,
        )
        self._controller.start()

    @property
    def port(self) -> int:
        return self._controller.port

    @property
    def logins(self) -> list[bool]:
        """Whether the login fitted, for each connection that tried one (in as many ways as the server offers)."""
        return list(self._logins.values())

    def url(self, login: str = "", host: str = LOOPBACK) -> str:
        """Return what SMTP_URL has to say; `login` is user and password, quoted."""
        scheme = "smtps" if self.tls == "smtps" else "smtp"
        return f"{scheme}://{login}{'@' if login else ''}{host}:{self.port}"

    def stop(self) -> None:
        """End it; a second time does nothing."""
        if self._controller.server is not None:
            self._controller.stop()

    def _check(self, server, session, envelope, mechanism, given: LoginPassword) -> AuthResult:
        fits = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        self._logins[session.peer] = fits
        return AuthResult(success=fits, handled=False)


class _Handler:
    def __init__(self, mail_server: MailServer):
        self._mail_server = mail_server

    async def handle_DATA(self, server, session: Session, envelope: Envelope) -> str:
        if self._mail_server.refusing:
            return "451 not now"
        self._mail_server.mails.append(
            email.message_from_bytes(envelope.content, policy=email.policy.default)
        )
        return "250 taken"

    async def handle_QUIT(self, server, session: Session, envelope: Envelope) -> str:
        return self._mail_server.farewell


class Authority:
    """A certificate authority made for a test: `file` is what SSL_CERT_FILE names for whoever trusts it."""

    def __init__(self, folder: Path):
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority for tests")])
        self.file = folder / "authority.pem"
        itself = self._certificate(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))
        self.file.write_bytes(itself.public_bytes(serialization.Encoding.PEM))

    def server_context(self) -> ssl.SSLContext:
        """Return the TLS of a server on this machine, with a certificate of this authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        certificate = self._certificate(name, key, x509.SubjectAlternativeName(here))
        chain = self._folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _certificate(self, name: x509.Name, key, extension: x509.ExtensionType) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        return builder.add_extension(extension, critical=True).sign(self._key, hashes.SHA256())
