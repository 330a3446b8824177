"""TLS towards relays (RFC 3207): who they have to be, and who we are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OpenSSL import crypto
from twisted.internet import ssl

from cpmgw.smtp.pem import certificates
from cpmgw.smtp.settings import ClientTls, TlsMode


class RelayTls:
    """What connections to one relay are secured with; its files are read at once."""

    def __init__(self, settings: ClientTls) -> None:
        self._settings = settings
        self._trust: Any = None
        self._own: ssl.PrivateCertificate | None = None
        if settings.mode is TlsMode.NONE:
            return
        if settings.authority:
            self._trust = _authorities(Path(settings.authority))
        if settings.certificate or settings.key:
            certificate = Path(settings.certificate or settings.key).read_bytes()
            key = Path(settings.key or settings.certificate).read_bytes()
            self._own = ssl.PrivateCertificate.loadPEM(certificate + b"\n" + key)

    def towards(self, host: str) -> Any:
        """For a connection to a host, None where TLS is not wanted."""
        settings = self._settings
        if settings.mode is TlsMode.NONE:
            return None
        if settings.mode is TlsMode.STARTTLS and self._trust is None:
            return self._unchecked()
        return ssl.optionsForClientTLS(
            settings.hostname or host,
            trustRoot=self._trust,
            clientCertificate=self._own,
        )

    def _unchecked(self) -> ssl.CertificateOptions:
        if self._own is None:
            return ssl.CertificateOptions()
        return ssl.CertificateOptions(
            privateKey=self._own.privateKey.original, certificate=self._own.original
        )


def _authorities(path: Path) -> Any:
    """All certificates of a PEM file; crypto.Error where there is none."""
    pem = path.read_bytes()
    return ssl.trustRootFromCertificates(
        ssl.Certificate(crypto.load_certificate(crypto.FILETYPE_PEM, each))
        for each in certificates(pem) or [pem]
    )
