"""Entities as they are written into mails."""

from __future__ import annotations

from cpmgw.mm4.entity import Entity, encoded


def encode_entity(entity: Entity) -> tuple[str, str, bytes]:
    """What SMTP gets of an entity: its type, its encoding, its octets."""
    written = encoded(entity)
    octets = b"".join(written.pieces())
    return written.content_type, written.transfer_encoding, octets
