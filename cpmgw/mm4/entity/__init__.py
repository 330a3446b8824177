"""MIME entities of multimedia messages: read, made, and written (RFC 2045, 2046)."""

from cpmgw.mm4.entity.reading import read_entity
from cpmgw.mm4.entity.value import Entity, described, leaf, multipart
from cpmgw.mm4.entity.writing import encoded, fields_for_cpm, to_cpm

__all__ = [
    "Entity",
    "described",
    "encoded",
    "fields_for_cpm",
    "leaf",
    "multipart",
    "read_entity",
    "to_cpm",
]
