"""The reactor; mypy knows it only as an empty module."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as installed

reactor: Any = installed
