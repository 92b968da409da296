"""What a request asks of the queue, read from its address and kept in every link."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from reconciliation.domain.reasons import Reason
from reconciliation.queries.dashboard import AGES
from reconciliation.queries.open_documents import amount_in
from reconciliation.queries.workbench import ORDERS, PAYERS, VIEWS, Asked

LONGEST = 60


def asked_of(values: QueryDict) -> Asked:
    """The filters; what is no filter is left out, never an error."""
    company, owner = values.get("company", ""), values.get("owner", "")
    return Asked(
        view=one_of(values.get("view", ""), VIEWS, "todo"),
        company=int(company) if is_key(company) else None,
        reason=one_of(values.get("reason", ""), set(Reason), ""),
        owner=owner if owner in {"me", "nobody"} or is_key(owner) else "",
        payer=one_of(values.get("payer", ""), PAYERS, ""),
        age=one_of(values.get("age", ""), {age.key for age in AGES}, ""),
        least=amount_in(values.get("least", "")[:20]),
        most=amount_in(values.get("most", "")[:20]),
        text=" ".join(values.get("q", "").replace("\x00", "").split())[:LONGEST],
        order=one_of(values.get("order", ""), ORDERS, "oldest"),
    )


def one_of(value: str, allowed: object, fallback: str) -> str:
    return value if value in allowed else fallback  # type: ignore[operator]  # any container


def is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def query_of(asked: Asked, **more: object) -> str:
    """The filters as an address carries them; what is as usual is left out."""
    values: dict[str, object] = {
        "view": asked.view if asked.view != "todo" else "",
        "company": asked.company or "",
        "reason": asked.reason,
        "owner": asked.owner,
        "payer": asked.payer,
        "age": asked.age,
        "least": plain(asked.least),
        "most": plain(asked.most),
        "q": asked.text,
        "order": asked.order if asked.order != "oldest" else "",
    }
    return urlencode({name: value for name, value in (values | more).items() if value != ""})


def plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


def is_part(request: HttpRequest) -> bool:
    """Whether only the workbench itself is wanted, without the shell around it."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in headers
