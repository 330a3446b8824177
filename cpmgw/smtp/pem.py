"""Certificates in PEM."""

from __future__ import annotations

import re
from typing import Final

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)


def certificates(pem: bytes) -> list[bytes]:
    """Each certificate of a PEM file, in its order."""
    return _CERTIFICATE.findall(pem)
