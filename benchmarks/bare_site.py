"""The baseline of the hint benchmark: a view that checks an HMAC and stores a row by the ORM.

Django, settings and server are those of paysync, only the addresses are our own. With
BENCH_NO_MIDDLEWARE=1 the middleware goes too: the least that can be called Django.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

PATH = "bare/"
KEY = base64.b64decode(os.environ.get("BENCH_HINT_KEY", "").removeprefix("whsec_"))
if os.environ.get("BENCH_BARE_SITE"):  # as a server, not imported for PATH and the table
    django.setup()


class BareHint(models.Model):
    """The row a bare view would keep: one unique id, the body, the time."""

    message_id = models.CharField(max_length=80, unique=True)
    body = models.TextField()
    received_at = models.DateTimeField()

    class Meta:
        app_label = "paysync"
        managed = False
        db_table = "bench_bare_hint"

    def __str__(self) -> str:
        return self.message_id


@csrf_exempt
def take(request: HttpRequest) -> HttpResponse:
    message_id = request.headers.get("webhook-id", "")
    text = f"{message_id}.{request.headers.get('webhook-timestamp', '')}.".encode() + request.body
    wanted = b"v1," + base64.b64encode(hmac.digest(KEY, text, hashlib.sha256))
    if not hmac.compare_digest(wanted, request.headers.get("webhook-signature", "").encode()):
        return JsonResponse({"code": "wrong_signature"}, status=401)
    body = request.body.decode()
    BareHint._default_manager.create(message_id=message_id, body=body, received_at=timezone.now())
    return JsonResponse({"id": message_id}, status=202)


urlpatterns = [path(PATH, take)]

if os.environ.get("BENCH_BARE_SITE"):
    settings.ROOT_URLCONF = __name__
    if os.environ.get("BENCH_NO_MIDDLEWARE"):
        settings.MIDDLEWARE = []
    application = get_wsgi_application()
