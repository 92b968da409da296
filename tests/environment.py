"""Loaded by pytest before Django reads its settings: tests never see a developer's own .env."""

from __future__ import annotations

import os
from pathlib import Path

from tests.tds.drivers import register_drivers

os.environ["ENV_FILE"] = str(Path(__file__).with_name("test.env"))
register_drivers()
