"""The kinds of amounts that settings have."""

from __future__ import annotations

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
# No head of a frame fits into less.
HeadSize = Annotated[int, msgspec.Meta(ge=1024)]
# So much is sent at once anyway (RFC 4975 5.1).
ChunkSize = Annotated[int, msgspec.Meta(ge=2048)]
