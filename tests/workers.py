"""For tests of several workers on the database of the test: processes, and threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


def url_of_test_database() -> str:
    """The address of the database this test runs on, for child processes."""
    values = connection.settings_dict
    if values["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{values['NAME']}"
    configured = urlsplit(os.environ["DATABASE_URL"])
    return configured._replace(path=f"/{values['NAME']}").geturl()


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(n)` returned in `count` threads at once."""
    results: list[Any] = [None] * count
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = work(number)
        except BaseException as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
