"""Endpoints to an SM-SC, plain or over TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet import ssl
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint

from txsmpp.options import TlsOptions

CONNECT_TIMEOUT = 30


def endpoint_for(
    reactor: Any, host: str, port: int, tls: TlsOptions | None = None
) -> IStreamClientEndpoint:
    """The endpoint for this host and port; the files of `tls` are read at once.

    With `tls` the peer has to show a certificate for its name that is trusted.
    OSError or ValueError tell what is wrong with a file.
    """
    plain = HostnameEndpoint(reactor, host, port, timeout=CONNECT_TIMEOUT)
    if tls is None:
        return plain
    try:
        options = ssl.optionsForClientTLS(
            tls.hostname or host, _authority(tls), _shown(tls)
        )
    except (SSL.Error, crypto.Error) as error:
        raise ValueError(f"no usable certificate: {error}") from error
    return wrapClientTLS(options, plain)


def _authority(tls: TlsOptions) -> Any:
    """What is trusted: every certificate of the file, or the platform's."""
    if not tls.authority:
        return ssl.platformTrust()
    marker = b"-----BEGIN CERTIFICATE-----"
    parts = Path(tls.authority).read_bytes().split(marker)[1:]
    if not parts:
        raise ValueError(f"{tls.authority}: no certificate")
    return ssl.trustRootFromCertificates(
        [ssl.Certificate.loadPEM(marker + part) for part in parts]
    )


def _shown(tls: TlsOptions) -> Any:
    """What this end shows, if anything."""
    if not tls.certificate:
        return None
    octets = Path(tls.certificate).read_bytes()
    if tls.key:
        octets += b"\n" + Path(tls.key).read_bytes()
    return ssl.PrivateCertificate.loadPEM(octets)
