"""The site's settings that a preflight compares with the site's data."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from paysync.adapters.sage500 import queries
from paysync.adapters.sage500.site import settings_of

SQL = Path(__file__).parents[1] / "sql"
WORD = re.compile(r"\b[A-Za-z_]\w+\b")


@dataclass(frozen=True, slots=True)
class Site:
    """used: every name that our SQL speaks of, so that only those columns have to be there.

    options: the site settings as they were given, from which the shipped script is made.
    """

    batch_type: int
    key_name: str
    pending_status: int
    posted_status: int
    next_key_procedure: str
    next_batch_procedure: str
    batch_status_procedure: str
    submit_procedure: str
    user_id: str
    used: Collection[str]
    options: Mapping[str, object] = field(default_factory=dict)


def site_of(options: Mapping[str, object] | None, user_id: str) -> Site:
    """From the connection's own settings. Raises RecordError for one of the wrong form."""
    settings = settings_of(options)
    return Site(
        batch_type=int(settings["BatchType"]),
        key_name=settings["PaymentKeyName"],
        pending_status=int(settings["PendingTranStatus"]),
        posted_status=int(settings["PostedTranStatus"]),
        next_key_procedure=bare(settings["NextKeyProc"]),
        next_batch_procedure=bare(settings["NextBatchProc"]),
        batch_status_procedure=bare(settings["BatchStatusProc"]),
        submit_procedure=f"{settings['Schema']}.ReceiptSubmit",
        user_id=user_id or settings["SageUser"],
        used=used_names(),
        options=options or {},
    )


def bare(procedure: str) -> str:
    """Without its owner, as the catalogue lists it."""
    return procedure.rpartition(".")[2]


@cache
def used_names() -> frozenset[str]:
    """The words of the shipped T-SQL and of our queries: tables and columns are among them."""
    texts = [path.read_text(encoding="utf-8") for path in SQL.glob("*.sql")]
    texts += [value for value in vars(queries).values() if isinstance(value, str)]
    return frozenset(word for text in texts for word in WORD.findall(text))
