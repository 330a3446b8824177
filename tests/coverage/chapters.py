"""All items, chapter by chapter: what references may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.coverage.item import Chapter, Item
from tests.coverage.rcc_10 import RCC_10
from tests.coverage.scr import SCR
from tests.coverage.ts_5 import TS_5
from tests.coverage.ts_6 import TS_6
from tests.coverage.ts_6_mms import TS_6_MMS

CHAPTERS: Final = (
    Chapter(
        "Interworking Selection Function",
        "The steps of OMA-TS-CPM_Interworking_Function V2.2 section 5.",
        TS_5,
    ),
    Chapter(
        "Interworking Function: large messages, sessions, failures with SMS",
        "The steps of OMA-TS-CPM_Interworking_Function V2.2 sections 6.1.2 to 6.2.4; "
        "those of single messages are the conformance items below.",
        TS_6,
    ),
    Chapter(
        "Interworking Function: file transfer, and MMS",
        "The steps of OMA-TS-CPM_Interworking_Function V2.2 sections 6.1.3 and 6.3.",
        TS_6_MMS,
    ),
    Chapter(
        "Static conformance requirements",
        "The items of OMA-TS-CPM_Interworking_Function V2.2 Appendix B, "
        "without `CPM-TS-`.",
        SCR,
    ),
    Chapter(
        "RCS endorsement",
        "The lines of GSMA RCC.10 8.0. It has the TS's section numbers.",
        RCC_10,
    ),
)

ITEMS: Final[Mapping[str, Item]] = {
    item.name: item for chapter in CHAPTERS for item in chapter.items
}
