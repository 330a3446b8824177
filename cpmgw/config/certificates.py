"""PEM files of TLS, looked into as they will be when they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from OpenSSL import SSL, crypto

from cpmgw.config.reading import unreadable

_MARKER: Final = b"-----BEGIN CERTIFICATE-----"
# A key that asks for a passphrase gets this one: nobody is there to type it.
_NO_PASSPHRASE: Final = b""


def fault_of_authority(name: str) -> str:
    """Why a file cannot say who is trusted, or nothing."""
    fault = unreadable(name)
    if fault:
        return fault
    parts = Path(name).read_bytes().split(_MARKER)[1:]
    try:
        for part in parts:
            crypto.load_certificate(crypto.FILETYPE_PEM, _MARKER + part)
    except crypto.Error:
        return f"{name}: a certificate in it cannot be read"
    return "" if parts else f"{name}: no certificate"


def fault_of_identity(certificate: str, key: str) -> str:
    """Why what two readable files hold cannot be shown to a peer, or nothing.

    An empty `key` is in the certificate's file.
    """
    octets = Path(certificate).read_bytes()
    if key:
        octets += b"\n" + Path(key).read_bytes()
    try:
        shown = crypto.load_certificate(crypto.FILETYPE_PEM, octets)
    except crypto.Error:
        return f"{certificate}: no certificate that can be read"
    try:
        secret = crypto.load_privatekey(crypto.FILETYPE_PEM, octets, _NO_PASSPHRASE)
    except crypto.Error:
        return f"{key or certificate}: no private key that can be read"
    context = SSL.Context(SSL.TLS_METHOD)
    try:
        context.use_certificate(shown)
        context.use_privatekey(secret)
    except SSL.Error as error:
        return f"{certificate}: cannot be shown: {_reason(error)}"
    return ""


def _reason(error: SSL.Error) -> str:
    """The last thing that OpenSSL says of an error."""
    (said,) = error.args or ([],)
    return str(said[-1][-1]) if said else "no reason given"
