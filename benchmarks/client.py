"""A load client in a process of its own, so that its work is not ours: no Django in here.

Reads one order per line from stdin, {"port", "path", "method", "threads", "requests": [[headers,
body]]}, POST where no method is named, and answers each with a line {"started", "ended",
"latencies_ms", "statuses"}. Instants are of the monotonic clock, which all processes of a machine
share. An order that takes longer than MOST_S ends the client.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from typing import Any

TIMEOUT_S = 30.0
MOST_S = 120.0
Message = tuple[dict[str, str], str]


def send_all(
    port: int, path: str, method: str, messages: list[Message], deadline: float
) -> tuple[list[float], Counter[int]]:
    """Send the messages one after the other on one kept connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    latencies_ms: list[float] = []
    statuses: Counter[int] = Counter()
    try:
        connection.connect()
        for headers, body in messages:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all requests to {path} were answered in {MOST_S:g} s")
            started = time.perf_counter()
            connection.request(method, path, body.encode() or None, headers)
            answer = connection.getresponse()
            answer.read()
            latencies_ms.append((time.perf_counter() - started) * 1000)
            statuses[answer.status] += 1
    finally:
        connection.close()
    return latencies_ms, statuses


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    threads, messages = order["threads"], order["requests"]
    shares = [messages[place::threads] for place in range(threads)]
    latencies_ms: list[float] = []
    statuses: Counter[int] = Counter()
    started = time.monotonic()
    target = (order["port"], order["path"], order.get("method", "POST"))
    send = partial(send_all, *target, deadline=started + MOST_S)
    with ThreadPoolExecutor(threads) as pool:
        for took, seen in pool.map(send, shares):
            latencies_ms += took
            statuses += seen
    return {
        "started": started,
        "ended": time.monotonic(),
        "latencies_ms": latencies_ms,
        "statuses": statuses,
    }


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(carry_out(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
