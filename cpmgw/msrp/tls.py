"""TLS of MSRP: own identity, and whose the other one is (RFC 4975 14, RFC 8122)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from OpenSSL import SSL, crypto
from twisted.internet import ssl

from cpmgw.msrp.settings import Listen

# What a fingerprint may be made with; older ones are no proof any more (RFC 8122 5).
_HASHES: Final = {
    "sha-224": hashlib.sha224,
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}
_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)


class Identity:
    """Who we are: a certificate, its key and the chain above it."""

    def __init__(self, listen: Listen) -> None:
        certificate = Path(listen.certificate or listen.key).read_bytes()
        key = Path(listen.key).read_bytes()
        self.pair = ssl.PrivateCertificate.loadPEM(certificate + b"\n" + key)
        self._chain: list[crypto.X509] = []
        if listen.chain:
            self._chain = certificates(Path(listen.chain).read_bytes())

    @property
    def fingerprint(self) -> str:
        """What a=fingerprint says of it."""
        return fingerprint_of(self.pair.original)

    def server(self) -> ssl.CertificateOptions:
        """For a listener; peers are asked for a certificate, and need not have one."""
        options = ssl.CertificateOptions(
            privateKey=self.pair.privateKey.original,
            certificate=self.pair.original,
            extraCertChain=self._chain,
        )
        options.getContext().set_verify(SSL.VERIFY_PEER, _let_in)
        return options


def client(
    identity: Identity | None, host: str, trust: Any, *, by_fingerprint: bool
) -> Any:
    """For a connection to a host, checked by name unless its fingerprint is known."""
    if not by_fingerprint:
        pair = identity.pair if identity is not None else None
        return ssl.optionsForClientTLS(host, trustRoot=trust, clientCertificate=pair)
    if identity is None:
        return ssl.CertificateOptions()
    return ssl.CertificateOptions(
        privateKey=identity.pair.privateKey.original,
        certificate=identity.pair.original,
    )


def trust_roots(paths: Iterable[str]) -> Any:
    """The authorities of some PEM files, None for those of the platform."""
    roots = [
        ssl.Certificate(root)
        for each in paths
        for root in certificates(Path(each).read_bytes())
    ]
    return ssl.trustRootFromCertificates(roots) if roots else None


def certificates(pem: bytes) -> list[crypto.X509]:
    """All certificates of a PEM file; crypto.Error where there is none."""
    found = _CERTIFICATE.findall(pem) or [pem]
    return [crypto.load_certificate(crypto.FILETYPE_PEM, each) for each in found]


def fingerprint_of(certificate: crypto.X509) -> str:
    """A certificate's hash as a=fingerprint has it (RFC 8122 5)."""
    return f"sha-256 {_hash(certificate, 'sha-256')}"


def is_one_of(certificate: crypto.X509 | None, fingerprints: Iterable[str]) -> bool:
    """Whether a certificate has one of these fingerprints."""
    if certificate is None:
        return False
    for each in fingerprints:
        name, _, value = each.strip().partition(" ")
        given = value.strip().upper()
        usable = name.lower() in _HASHES and given.isascii()
        if usable and hmac.compare_digest(_hash(certificate, name.lower()), given):
            return True
    return False


def has_certificate(transport: Any, fingerprints: Collection[str]) -> bool:
    """Whether a connection's peer has proved to be one of these; any without them."""
    if not fingerprints:
        return True
    get = getattr(transport, "getPeerCertificate", None)
    return get is not None and is_one_of(get(), fingerprints)


def _hash(certificate: crypto.X509, name: str) -> str:
    octets = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    return _HASHES[name](octets).digest().hex(":").upper()


def _let_in(*_: object) -> bool:
    return True
