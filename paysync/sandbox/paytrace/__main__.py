"""Run the PayTrace twin as a process: `python -m paysync.sandbox.paytrace --port 8101`."""

from __future__ import annotations

import argparse

from paysync.sandbox.paytrace.twin import PayTraceTwin
from paysync.sandbox.process import add_arguments, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m paysync.sandbox.paytrace", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--username", default="apiuser")
    parser.add_argument("--password", default="apipass")
    parser.add_argument("--integrator-id", default="paysync")
    parser.add_argument("--merchant-id", default="1234567")
    given = parser.parse_args()
    twin = PayTraceTwin(
        given.port,
        given.database,
        username=given.username,
        password=given.password,
        integrator_id=given.integrator_id,
        merchant_id=given.merchant_id,
    )
    run(twin, given.port_file)


if __name__ == "__main__":
    main()
