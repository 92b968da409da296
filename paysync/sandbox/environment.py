"""The demo's own settings: a folder `var/demo` with a database and random secrets, made once."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def demo_folder() -> Path:
    """Where the demo keeps its files: DEMO_DIR, or var/demo in the checkout."""
    folder = Path(os.environ.get("DEMO_DIR", ROOT / "var" / "demo"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def use_demo_environment() -> None:
    """Point the settings at the demo's own file, written on first use.

    A value that is already in the environment wins, so `DATABASE_URL=… manage.py demo` works.
    One headless pass (`--once`) gets a new database of its own, which it removes again.
    """
    if "--once" in sys.argv and "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = f"sqlite:///{demo_folder() / f'once-{os.getpid()}.sqlite3'}"
    path = demo_folder() / "demo.env"
    if not path.exists():
        vault_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        path.touch(mode=0o600)
        path.write_text(
            "# Made for the demo, with random secrets. Delete the folder to begin anew.\n"
            f"SECRET_KEY={secrets.token_urlsafe(48)}\n"
            f"VAULT_KEYS={vault_key}\n"
            f"DATABASE_URL=sqlite:///{demo_folder() / 'paysync.sqlite3'}\n"
            "ALLOWED_HOSTS=localhost,127.0.0.1\n"
            "HTTPS=false\n"
            "DEMO=true\n"
            "LOG_LEVEL=ERROR\n"
            # Everything happens sooner than on a real site, so that there is something to see.
            "PAYTRACE_READ_TIMEOUT_S=1.5\nPAYTRACE_MONEY_TIMEOUT_S=1.5\n"
            "ERP_READ_TIMEOUT_S=1.5\nERP_SUBMIT_TIMEOUT_S=1.5\n"
            "UNKNOWN_LOOKUP_DELAYS_S=0.5,1,2,5\nSENDING_LEASE_S=15\n"
        )
    os.environ["ENV_FILE"] = str(path)
