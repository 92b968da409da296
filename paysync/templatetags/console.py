"""Small parts of the console's pages: a state with its icon, an age in words."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

#: The icon of a tone, where a state has none of its own: no state is told by colour alone.
ICONS = {
    "good": "check_circle",
    "info": "info",
    "wait": "schedule",
    "warn": "warning",
    "bad": "error",
    "neutral": "radio_button_unchecked",
}
MINUTE, HOUR, DAY = 60, 3600, 86400


@register.simple_tag
def badge(text: str, tone: str = "neutral", icon: str = "") -> SafeString:
    """A state in words, with an icon; the colour only repeats what they say."""
    return format_html(
        '<span class="state state-{}"><span class="material-symbols-outlined" aria-hidden="true">'
        "{}</span>{}</span>",
        tone,
        icon or ICONS.get(tone, ICONS["neutral"]),
        text,
    )


@register.filter
def ago(instant: datetime | None) -> str:
    """How long ago, in the largest unit: "2 minutes ago"."""
    if instant is None:
        return "never"
    seconds = int((timezone.now() - instant).total_seconds())
    if seconds < 0:
        return f"in {span(-seconds)}"
    return "just now" if seconds < 10 else f"{span(seconds)} ago"


def span(seconds: int) -> str:
    for size, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= size:
            return counted(seconds // size, word)
    return counted(seconds, "second")


@register.filter
def counted(number: int, word: str) -> str:
    """`3, "day"` as "3 days", with thousands separated."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


@register.filter
def took(start: datetime | None, end: datetime | None) -> str:
    """The time between two instants, short: "1.3 s", "4 min"."""
    if start is None or end is None:
        return "–"
    seconds = max((end - start).total_seconds(), 0.0)
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"


@register.filter
def days_old(instant: datetime | None) -> int:
    """Whole calendar days since, in the site's time zone."""
    if instant is None:
        return 0
    return (timezone.localdate() - timezone.localdate(instant)).days


@register.filter
def is_past(day: date | None) -> bool:
    return day is not None and day < timezone.localdate()


@register.filter
def pretty(payload: Any) -> str:
    """JSON for people to read; the template escapes it."""
    return json.dumps(payload, indent=2, sort_keys=True, ensure_ascii=False)
