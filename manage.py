#!/usr/bin/env python
"""paysync's command line: `python manage.py help` lists the commands."""

from __future__ import annotations

import os
import sys


def main() -> None:
    if sys.argv[1:2] in (["demo"], ["sandbox"]):
        # The demo and the twins bring their own settings: a new clone has no .env yet.
        from paysync.sandbox.environment import use_demo_environment

        use_demo_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paysync.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
