"""The doors for machines: hints, health, metrics."""

from __future__ import annotations

import hmac
import logging
from functools import partial

from csp.decorators import csp_exempt
from django.conf import settings
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django_q.tasks import async_task

from paysync.domain.errors import RecordError
from paysync.queries import health
from paysync.services import hints
from paysync.services.hints import Door, HintRefusedError

logger = logging.getLogger(__name__)

WAKE_AFTER_S = 0.5
wake_job = hints.Waker(
    partial(async_task, "reconciliation.tasks.process_hints", task_name="hints arrived"),
    WAKE_AFTER_S,
)


# No browser reads the answer, and building the policy would be a tenth of its cost.
@csp_exempt()  # type: ignore[arg-type]  # its stub knows no view with arguments
@csrf_exempt
def receive_hint(request: HttpRequest, connection: str) -> HttpResponse:
    """POST a hint: checked, kept without card data, answered 202; the work comes after."""
    if request.method != "POST":
        answer = refusal_answer(HintRefusedError(405, "method_not_allowed", "Only POST."))
        answer["Allow"] = "POST"
        return answer
    try:
        return take_hint(request, connection)
    except (Error, RecordError):
        logger.exception("hint not taken", extra={"connection": connection})
        return refusal_answer(
            HintRefusedError(503, "unavailable", "Nothing was kept: send it again later.")
        )


def take_hint(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    door = hints.find_door(slug, keys=settings.VAULT_KEYS, now=now)
    if door is None:
        return refusal_answer(HintRefusedError(404, "unknown_connection", "No such connection."))
    try:
        event_id, known = keep_hint(request, door)
    except HintRefusedError as refusal:
        hints.count_refusal(door, refusal, now)
        return refusal_answer(refusal)
    transaction.on_commit(wake_job)
    return JsonResponse({"id": event_id, "duplicate": known}, status=202)


def keep_hint(request: HttpRequest, door: Door) -> tuple[int, bool]:
    """Check the cheap things first, and who sent it before what it says."""
    now = timezone.now()
    content_type = request.content_type or ""
    length = request.headers.get("Content-Length", "0") or "0"
    if not length.isdecimal() or int(length[:20]) > settings.HINT_MAX_BYTES:
        hints.refuse(413, "too_large", f"A hint has at most {settings.HINT_MAX_BYTES} bytes.")
    if content_type not in {hints.JSON_TYPE, hints.FORM_TYPE}:
        hints.refuse(415, "content_type", f"Send {hints.JSON_TYPE}.")
    try:
        body = request.body
    except UnreadablePostError:
        hints.refuse(400, "malformed", "The body ended early.")
    message_id = hints.authenticate(
        door, request.headers, body, now=now, tolerance_s=settings.HINT_TOLERANCE_S
    )
    event, known = hints.store_hint(door, message_id, hints.read_hint(content_type, body), now)
    return event.pk, known


def refusal_answer(refusal: HintRefusedError) -> HttpResponse:
    answer = JsonResponse({"code": refusal.code, "message": str(refusal)}, status=refusal.status)
    if refusal.status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="hints"'
    return answer


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process serves: 200, or 503 when the database does not answer."""
    if health.is_database_reachable():
        return JsonResponse({"status": "ok"})
    return JsonResponse({"status": "unavailable"}, status=503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for staff or for whoever has METRICS_TOKEN as a bearer token."""
    if not may_read_metrics(request):
        answer = JsonResponse({"code": "unauthorized", "message": "Sign in, or send the token."})
        answer.status_code = 401
        answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    text = "".join(to_text(metric) for metric in health.metrics())
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def may_read_metrics(request: HttpRequest) -> bool:
    token = str(getattr(settings, "METRICS_TOKEN", ""))
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return hmac.compare_digest(given.strip().encode(), token.encode())
    return bool(request.user.is_active and getattr(request.user, "is_staff", False))


def to_text(metric: health.Metric) -> str:
    """One metric in the Prometheus text format 0.0.4."""
    lines = [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
    for labels, value in metric.values:
        inside = ",".join(f'{name}="{escaped(text)}"' for name, text in labels.items())
        lines.append(
            f"{metric.name}{{{inside}}} {value:g}" if inside else f"{metric.name} {value:g}"
        )
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
