"""Reading a configuration file and the profile it builds on."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec

from cpmgw.config.checks import RULES
from cpmgw.config.reading import Fault, Reader
from cpmgw.config.sections import Config
from cpmgw.errors import ConfigError
from cpmgw.policy import PROFILES, Policy, profile_text, without_effect

Table = dict[str, Any]


class Loaded(msgspec.Struct, frozen=True):
    """A configuration without faults, and a remark for each key without effect."""

    config: Config
    remarks: tuple[str, ...] = ()


def read(path: str, environment: Mapping[str, str] | None = None) -> Loaded:
    """The configuration in a file; ConfigError with all of its faults.

    Each fault reads "file: key: what is wrong". ${NAME} in a string is replaced from
    the environment. Relative names of files count from the working directory.
    """
    return _loaded(path, _octets(path), environment)


def load(path: str, environment: Mapping[str, str] | None = None) -> Config:
    """The same without the remarks."""
    return read(path, environment).config


def loads(text: str, environment: Mapping[str, str] | None = None) -> Config:
    """The configuration in a text, named "config" in faults."""
    return _loaded("config", text.encode(), environment).config


def _loaded(
    source: str, octets: bytes, environment: Mapping[str, str] | None
) -> Loaded:
    environment = os.environ if environment is None else environment
    table = _parsed(source, octets)
    remarks = tuple(without_effect(table))
    faults: list[str] = []
    profile = _profile(source, table, environment, faults)
    if isinstance(table.get("policy", {}), dict):
        table["policy"] = _merged(profile, table.get("policy", {}))
    reader = Reader(RULES, environment)
    config = reader.struct(Config, table, "")
    faults += _lines(source, reader.faults)
    if faults:
        raise ConfigError(tuple(faults))
    return Loaded(config, remarks)


def _octets(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}",)) from error


def _parsed(source: str, octets: bytes) -> Table:
    """The tables of a file in UTF-8, which an editor may have marked as such."""
    try:
        return tomllib.loads(octets.decode("utf-8-sig"))
    except RecursionError as error:
        raise ConfigError((f"{source}: is nested too deeply",)) from error
    except ValueError as error:  # no TOML, no UTF-8, or a number beyond all bounds
        raise ConfigError((f"{source}: is not TOML: {error}",)) from error


def _profile(
    source: str, table: Table, environment: Mapping[str, str], faults: list[str]
) -> Table:
    """The policy of the profile that a configuration names; faults are added.

    A name that has a slash in it or ends in .toml is that of an operator's own file.
    A profile tells its differences from "oma", which stands for one with faults.
    """
    standard = tomllib.loads(profile_text("oma"))
    gateway = table.get("gateway")
    name = gateway.get("profile", "oma") if isinstance(gateway, dict) else "oma"
    if isinstance(name, str):
        name = Reader(RULES, environment).expanded(name, "gateway.profile")
    if not isinstance(name, str):
        return standard  # what is wrong is found with the rest of the table
    if name in PROFILES:
        return _merged(standard, tomllib.loads(profile_text(name)))
    if "/" not in name and not name.endswith(".toml"):
        known = ", ".join(f'"{each}"' for each in PROFILES)
        faults.append(
            f"{source}: gateway.profile: must be {known} or a .toml file, not {name!r}"
        )
        return standard
    try:
        own = _merged(standard, _parsed(name, _octets(name)))
    except ConfigError as error:
        faults += [f"{source}: gateway.profile: {each}" for each in error.faults]
        return standard
    reader = Reader(RULES, environment)
    reader.struct(Policy, own, "")
    faults += _lines(name, reader.faults)
    return standard if reader.faults else own


def _merged(base: Table, over: Table) -> Table:
    """`base` with the keys of `over`, tables within tables likewise."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            value = _merged(below, value)
        merged[name] = value
    return merged


def _lines(source: str, faults: list[Fault]) -> list[str]:
    return [
        f"{source}: {fault.path}: {fault.text}"
        if fault.path
        else f"{source}: {fault.text}"
        for fault in faults
    ]
