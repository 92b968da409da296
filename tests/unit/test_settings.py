"""A site with a wrong setting does not start, and says which one to mend."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "paysync" / "settings.py"
EXAMPLE = ROOT / ".env.example"
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#: The numbers of settings.py and what each may be at least and at most.
BOUNDS = {
    "Q_TIMEOUT_S": (60, 7200),
    "Q_WORKERS": (1, 64),
    "Q_POLL_S": (0.02, 10),
    "POLL_LOOKBACK_DAYS": (1, 60),
    "PAYTRACE_READ_TIMEOUT_S": (0.1, 300),
    "PAYTRACE_MONEY_TIMEOUT_S": (0.1, 600),
    "ERP_READ_TIMEOUT_S": (0.1, 300),
    "ERP_SUBMIT_TIMEOUT_S": (0.1, 600),
    "SENDING_LEASE_S": (1, 86_400),
    "AUTHORIZATION_DAYS": (3, 60),
    "ERP_FILES_KEEP_DAYS": (7, 3650),
    "EMAIL_TIMEOUT_S": (1, 30),
    "HINT_MAX_BYTES": (1_024, 1_048_576),
    "HINT_TOLERANCE_S": (5, 3_600),
}
#: The functions of paysync/env.py that read a value, besides `env` itself.
READERS = {"required", "number", "switch", "delays", "zone", "fernet_keys", "database"}
SWITCHES = ["BEHIND_PROXY", "DEBUG", "DEMO", "HTTPS"]
#: Names the example shows, as a comment, though only the demo reads them.
ELSEWHERE = {"DEMO_DIR": ROOT / "paysync" / "sandbox" / "environment.py"}


def start(folder: Path, python: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
    """Start Django on a good set of values with some changed, and nothing else around it."""
    values = {
        "SECRET_KEY": "k" * 48,
        "VAULT_KEYS": KEY,
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
        **changes,
    }
    file = folder / "site.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {python}"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ENV_FILE": str(file),
            "DJANGO_SETTINGS_MODULE": "paysync.settings",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal(folder: Path, **changes: str) -> str:
    """The sentence that a start with these values ends in."""
    result = start(folder, **changes)
    assert result.returncode != 0, f"it started all the same with {changes}"
    return result.stderr.strip().splitlines()[-1]


# --- what stops the start -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SECRET_KEY", "VAULT_KEYS", "DATABASE_URL"])
def test_a_required_value_that_is_empty_stops_the_start(tmp_path: Path, name: str) -> None:
    sentence = refusal(tmp_path, **{name: " "})
    assert f"ImproperlyConfigured: {name} is not set." in sentence
    assert "Set it to" in sentence
    assert ".env.example" in sentence


def test_the_example_as_it_stands_asks_for_the_first_required_value(tmp_path: Path) -> None:
    names = dict.fromkeys(re.findall(r"^([A-Z0-9_]+)=$", EXAMPLE.read_text(), re.MULTILINE), "")
    assert {"SECRET_KEY", "VAULT_KEYS", "DATABASE_URL"} <= set(names)
    assert "SECRET_KEY is not set" in refusal(tmp_path, **names)


def test_the_example_starts_once_its_required_values_are_filled_in(tmp_path: Path) -> None:
    lines = re.findall(r"^([A-Z0-9_]+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE)
    result = start(tmp_path, **dict(lines))
    assert result.returncode == 0, result.stderr


def test_a_short_secret_key_stops_the_start_and_is_not_shown(tmp_path: Path) -> None:
    result = start(tmp_path, SECRET_KEY="hunter2" * 4)
    assert result.returncode != 0
    assert "SECRET_KEY is shorter than 32 characters" in result.stderr
    assert "hunter2" not in result.stderr


def test_debug_and_https_contradict_each_other(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, DEBUG="true", HTTPS="true")
    assert "DEBUG=true and HTTPS=true contradict each other" in sentence


@pytest.mark.parametrize(("name", "bounds"), list(BOUNDS.items()))
def test_a_number_outside_its_bounds_stops_the_start(
    tmp_path: Path, name: str, bounds: tuple[float, float]
) -> None:
    low, high = bounds
    said = f"must lie between {low:g} and {high:g}"
    for value in (low / 2, high + 1):
        sentence = refusal(tmp_path, **{name: f"{value:f}"})
        assert f"ImproperlyConfigured: {name} is {value:g}; it {said}" in sentence


@pytest.mark.parametrize("name", ["Q_WORKERS", "SENDING_LEASE_S"])
def test_a_number_that_is_none_stops_the_start(tmp_path: Path, name: str) -> None:
    assert f"{name} is 'soon'; set it to a number." in refusal(tmp_path, **{name: "soon"})
    assert f"{name} is ''; set it to a number." in refusal(tmp_path, **{name: ""})
    assert f"{name} is nan; it must lie between" in refusal(tmp_path, **{name: "nan"})


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_that_is_neither_true_nor_false_stops_the_start(tmp_path: Path, name: str) -> None:
    sentence = refusal(tmp_path, **{name: "yes"})
    assert f"ImproperlyConfigured: {name} is 'yes'; set it to true or false." in sentence


@pytest.mark.parametrize("delays", ["60,soon", "60,,300", "", "1m"])
def test_look_up_delays_that_are_no_numbers_stop_the_start(tmp_path: Path, delays: str) -> None:
    sentence = refusal(tmp_path, UNKNOWN_LOOKUP_DELAYS_S=delays)
    assert f"UNKNOWN_LOOKUP_DELAYS_S is {delays!r}; set it to seconds, for instance 60," in sentence


@pytest.mark.parametrize("delays", ["0", "60,-1,300", "60,nan", "nan", "60,inf", "300,60", "1e300"])
def test_look_up_delays_that_no_plan_can_keep_stop_the_start(tmp_path: Path, delays: str) -> None:
    sentence = refusal(tmp_path, UNKNOWN_LOOKUP_DELAYS_S=delays)
    assert f"UNKNOWN_LOOKUP_DELAYS_S is {delays!r}; set it to seconds above 0" in sentence
    assert "the shortest first" in sentence


@pytest.mark.parametrize(
    "url",
    [
        "nonsense", "foo://user:hunter2@host/name", "postgres://user:hunter2@host:port/name",
        "postgres://user:hunter2@host", "mysql://user:hunter2@host/name", "sqlite://",
        "sqlite://:memory:",
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_one_stops_the_start_and_is_not_shown(
    tmp_path: Path, url: str
) -> None:
    result = start(tmp_path, DATABASE_URL=url)
    assert result.returncode != 0
    sentence = result.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured: DATABASE_URL names no database we know. Set it to" in sentence
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("keys", ["hunter2", f"{KEY},hunter2", f"{KEY[:-4]}", ",", "käse"])
def test_a_vault_key_that_is_none_stops_the_start_and_is_not_shown(
    tmp_path: Path, keys: str
) -> None:
    result = start(tmp_path, VAULT_KEYS=keys)
    assert result.returncode != 0, f"it started all the same with {keys}"
    sentence = result.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured: VAULT_KEYS holds" in sentence
    assert "make one with: python3" in sentence
    assert "hunter2" not in result.stderr


def test_vault_keys_may_have_blanks_between_them(tmp_path: Path) -> None:
    show = "from django.conf import settings as s; print(*s.VAULT_KEYS)"
    result = start(tmp_path, show, VAULT_KEYS=f"{KEY} , {KEY},")
    assert result.stdout.split() == [KEY, KEY], result.stderr


@pytest.mark.parametrize("zone", ["Mars/Base", "America", "", "../x"])
def test_a_time_zone_that_does_not_exist_stops_the_start(tmp_path: Path, zone: str) -> None:
    sentence = refusal(tmp_path, TIME_ZONE=zone)
    assert f"ImproperlyConfigured: TIME_ZONE is {zone!r}; set it to a time zone" in sentence


def test_a_money_timeout_shorter_than_slow_answers_stops_the_start(tmp_path: Path) -> None:
    assert "PAYTRACE_MONEY_TIMEOUT_S is 59." in refusal(tmp_path, PAYTRACE_MONEY_TIMEOUT_S="59")


def test_the_demo_may_wait_less_for_money(tmp_path: Path) -> None:
    result = start(tmp_path, PAYTRACE_MONEY_TIMEOUT_S="2", DEMO="true")
    assert result.returncode == 0, result.stderr


def test_a_lease_no_longer_than_a_send_stops_the_start(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, SENDING_LEASE_S="60", ERP_SUBMIT_TIMEOUT_S="60")
    assert "SENDING_LEASE_S (60) must be longer than ERP_SUBMIT_TIMEOUT_S (60)" in sentence


def test_a_log_level_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    assert "LOG_LEVEL is LOUD; set DEBUG" in refusal(tmp_path, LOG_LEVEL="loud")


# --- what a good start is -----------------------------------------------------------------------


def test_three_values_are_enough_and_the_site_is_safe_by_default(tmp_path: Path) -> None:
    show = (
        "from django.conf import settings as s; "
        "print(s.DEBUG, s.DEMO, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
        "s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0, s.PAYTRACE_MONEY_TIMEOUT_S >= 60, "
        "s.SECURE_PROXY_SSL_HEADER is None)"
    )
    result = start(tmp_path, show)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["False"] * 2 + ["True"] * 6


# --- the example names every setting ------------------------------------------------------------


def calls() -> list[tuple[str, list[ast.expr]]]:
    """Each reading of the environment in settings.py: the name asked for, the other arguments."""
    found = []
    for node in ast.walk(ast.parse(SETTINGS.read_text())):
        if isinstance(node, ast.Call) and is_reading(node.func) and node.args:
            name, *rest = node.args
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.append((name.value, rest))
    return found


def is_reading(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id in READERS
    return isinstance(called, ast.Attribute) and ast.unparse(called.value) == "env"


def test_the_example_names_every_setting_once_and_nothing_else() -> None:
    text = EXAMPLE.read_text()
    live = re.findall(r"^([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    commented = re.findall(r"^# ?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    read = {name for name, _ in calls()}
    assert len(live) == len(set(live))
    assert len(commented) == len(set(commented))
    assert read - set(live) - set(commented) == set()
    assert (set(live) | set(commented)) - read == set(ELSEWHERE)


@pytest.mark.parametrize(("name", "reader"), list(ELSEWHERE.items()))
def test_what_the_settings_do_not_read_is_read_where_it_is_said(name: str, reader: Path) -> None:
    assert f'"{name}"' in reader.read_text()


def test_every_switch_of_the_settings_is_tried_above() -> None:
    assert sorted(re.findall(r'switch\("(\w+)"', SETTINGS.read_text())) == SWITCHES


def test_every_bounded_number_of_the_settings_is_tried_above() -> None:
    bounded = {
        name: (ast.literal_eval(rest[1]), ast.literal_eval(rest[2]))
        for name, rest in calls()
        if len(rest) == 3
    }
    assert bounded == BOUNDS


def test_the_values_of_the_example_are_the_defaults(tmp_path: Path) -> None:
    lines = dict(re.findall(r"^([A-Z0-9_]+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE))
    for name, rest in calls():
        if name in BOUNDS:
            assert float(lines[name]) == ast.literal_eval(rest[0]), name
