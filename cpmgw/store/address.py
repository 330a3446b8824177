"""The address of a store: `state` in the configuration."""

from __future__ import annotations

from typing import Final

SQLITE: Final = "sqlite:"
_NOT_YET: Final = ("postgresql:", "postgres:")


def fault_of(url: str) -> str:
    """What is wrong with the address of a store, or nothing."""
    if url.startswith(_NOT_YET):
        return "PostgreSQL is not supported by this release; use sqlite:FILE"
    if not url.startswith(SQLITE) or url == SQLITE:
        return f"must be sqlite:FILE, not {url!r}"
    if url == SQLITE + ":memory:":
        return "a store in memory would outlive nothing; use sqlite:FILE"
    return ""


def path_of(url: str) -> str:
    """The file of a `sqlite:FILE` address."""
    return url.removeprefix(SQLITE)
