"""Values from the environment. A wrong one stops the start with a sentence that says what to set.

What may be a secret is never repeated in it, nor is the error behind it shown.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from paysync.mssql_url import own_sqlserver

BASE_DIR = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgres", "postgresql", "mssql")
#: The longest that a look-up may wait for the next one, in seconds.
LONGEST_DELAY_S = 86_400

env = environ.Env()
environ.Env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))


def required(name: str, advice: str) -> str:
    """The value of `name`; without one the start stops with a sentence that says what to set."""
    value = env.str(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {advice} See .env.example.")
    return str(value)


def number(name: str, default: float, low: float, high: float) -> float:
    """A number from the environment, held between `low` and `high`."""
    text = env.str(name, default=str(default))
    try:
        value = float(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {text!r}; set it to a number.") from error
    if not low <= value <= high:
        raise ImproperlyConfigured(
            f"{name} is {value:g}; it must lie between {low:g} and {high:g}."
        )
    return value


def switch(name: str, default: bool) -> bool:
    """true or false from the environment; anything else is refused, not taken for false."""
    text = str(env.str(name, default=str(default))).strip().lower()
    if text not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} is {text!r}; set it to true or false.")
    return text == "true"


def delays(name: str, default: str) -> list[float]:
    """Seconds, separated by commas, each longer than the one before."""
    text = env.str(name, default=default)
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is {text!r}; set it to seconds, for instance {default}."
        ) from error
    in_bounds = all(0 < delay_s <= LONGEST_DELAY_S for delay_s in found)  # so NaN is not
    if not in_bounds or found != sorted(found):
        raise ImproperlyConfigured(
            f"{name} is {text!r}; set it to seconds above 0 and up to {LONGEST_DELAY_S}, the "
            f"shortest first, for instance {default}."
        )
    return found


def zone(name: str, default: str) -> str:
    """The name of a time zone that this machine knows."""
    text = str(env.str(name, default=default)).strip()
    try:
        ZoneInfo(text)
    except (LookupError, ValueError, OSError) as error:
        raise ImproperlyConfigured(
            f"{name} is {text!r}; set it to a time zone, for instance {default}."
        ) from error
    return text


def fernet_keys(name: str, advice: str) -> list[str]:
    """One or more Fernet keys, newest first."""
    keys = [key.strip() for key in required(name, advice).split(",") if key.strip()]
    if not keys or not all(is_fernet_key(key) for key in keys):
        raise ImproperlyConfigured(
            f"{name} holds no key, or one that is not a Fernet key. {advice}"
        )
    return keys


def is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def database(name: str, advice: str) -> dict[str, Any]:
    """Django's settings of the database at a URL."""
    url = required(name, advice)
    refusal = ImproperlyConfigured(f"{name} names no database we know. {advice}")
    scheme = url.partition("://")[0]
    if scheme not in DATABASES:
        raise refusal
    if scheme == "mssql":
        return own_sqlserver(name, url)
    try:
        found: dict[str, Any] = env.db_url_config(url)
    except ValueError:
        raise refusal from None
    if found["NAME"] in {"", ":memory:"}:  # web server and workers could not share that
        raise refusal
    return found
