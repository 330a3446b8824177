"""User-Agent and Server values: release and product (TS App. C, conversation TS D)."""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata
from typing import Final, Literal

import msgspec

PRODUCT_VERSION: Final = "OMA2.1"

# Appendix C: iwf-type-token by Non-CPM Communication Service Identifier (App. D).
IWF_TYPES: Final = {"SMS": "IWF-SMS", "MMS": "IWF-MMS", "email": "IWF-e-mail"}

Role = Literal["client", "serv"]


def _version() -> str:
    """Give the version of the installed distribution, 0.1.0 in a bare checkout."""
    try:
        return metadata.version("cpmgw")
    except metadata.PackageNotFoundError:
        return "0.1.0"


OWN_PRODUCT: Final = f"cpmgw/{_version()}"


class Product(msgspec.Struct, frozen=True):
    """The CPM product that a peer says it is.

    `type` is "CPM", "IWF-SMS", ...; `role` is "client" or "serv" as written; `version`
    the (major, minor) of its OMA release, or None when it names none.
    """

    type: str
    role: str
    version: tuple[int, int] | None


def user_agent(service: str) -> str:
    """Give the IWF's User-Agent for a Non-CPM service: SMS, MMS, email (App. C)."""
    return _value(service, "client")


def server(service: str) -> str:
    """Give the IWF's Server value for a Non-CPM service: SMS, MMS, email (App. C)."""
    return _value(service, "serv")


def _value(service: str, role: Role) -> str:
    iwf_type = IWF_TYPES.get(service, f"IWF-{service}")
    return f"{iwf_type}-{role}/{PRODUCT_VERSION} {OWN_PRODUCT}"


def parse_product(value: str) -> Product | None:
    """Find the CPM product in a User-Agent or Server value, None if there is none.

    The TS wants it first; real clients put theirs before it, so any place is taken.
    """
    if len(value) > 512:
        return None
    return _parse_product(value)


@lru_cache(maxsize=256)
def _parse_product(value: str) -> Product | None:
    for token in value.split():
        name, _, release = token.partition("/")
        kind, dash, role = name.rpartition("-")
        upper = kind.upper()
        if dash and (upper == "CPM" or upper.startswith("IWF-")):
            return Product(kind, role.lower(), _release(release))
    return None


def _release(text: str) -> tuple[int, int] | None:
    """Read OMA<digits>.<digits>, whatever its case (App. C, conversation TS D)."""
    if text[:3].upper() != "OMA":
        return None
    major, _, minor = text[3:].partition(".")
    if not (_is_number(major) and _is_number(minor or "0")):
        return None
    return int(major), int(minor or "0")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4
