"""The ASGI application. WSGI is the measured, recommended way to run."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paysync.settings")
application = get_asgi_application()
