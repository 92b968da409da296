"""The queue, and one payment of it with everything a person can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from paysync.admin.base import LedgerAdmin, require_permission
from paysync.domain.errors import PaySyncError
from reconciliation.admin.workbench import shown
from reconciliation.admin.workbench.asking import asked_of, is_key, query_of
from reconciliation.admin.workbench.bulk import BulkMixin
from reconciliation.admin.workbench.doors import (
    FOLDER,
    PERMISSION,
    SEES,
    UNMATCH,
    Bench,
    deed_of,
    ledger_of,
    tell_done,
    to_payment,
    to_queue,
)
from reconciliation.admin.workbench.typed import (
    Typed,
    read_day,
    read_key,
    read_owner,
    read_revision,
    read_typed,
    split_of,
)
from reconciliation.models import GatewayTransaction, ItemNote, Proposal, WorkStep
from reconciliation.queries import workbench as queries
from reconciliation.queries.workbench import Asked, Work
from reconciliation.services import workbench as services
from reconciliation.services.matching import propose

Act = Callable[[services.Deed, int | None], WorkStep | ItemNote]


@admin.register(Proposal)
class WorkbenchAdmin(BulkMixin, Bench, LedgerAdmin):
    def get_urls(self) -> list[URLPattern]:
        gets = {"": "payment", "split/": "split", "link/": "link"}
        posts = ("accept", "oldest", "account", "park", "assign", "aside", "note", "look",
                 "unmatch", "presence")  # fmt: skip
        own = [
            path(f"payment/<int:pk>/{tail}", self.door(getattr(self, f"{name}_page")),
                 name=f"workbench_{name}")
            for tail, name in gets.items()
        ]  # fmt: skip
        own += [
            path(f"payment/<int:pk>/{name}/", self.door(require_POST(getattr(self, name))),
                 name=f"workbench_{name}")
            for name in posts
        ]  # fmt: skip
        own += [
            path("bulk/", self.door(require_POST(self.bulk)), name="workbench_bulk"),
            path(
                "payment/<int:pk>/alike/",
                self.door(require_GET(self.alike)),
                name="workbench_alike",
            ),
            path("counts/", self.door(require_GET(self.counts)), name="workbench_counts"),
        ]
        return own + super().get_urls()

    def door(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self.admin_site.admin_view(view)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(SEES))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A proposal's page is its payment's."""
        require_permission(request, SEES)
        found = Proposal.objects.filter(pk=object_id).first() if is_key(object_id) else None
        if found is None:
            messages.warning(request, "There is no such proposal any more.")
            return to_queue("")
        return to_payment(found.transaction_id, "")

    # --- what is shown --------------------------------------------------------------------------

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require_permission(request, SEES)
        return self.show_queue(request, asked_of(request.GET))

    def show_queue(
        self, request: HttpRequest, asked: Asked, status: int = 200, **more: Any
    ) -> HttpResponse:
        page = queries.queue(
            asked,
            user_id=request.user.pk,  # type: ignore[arg-type]  # signed in
            today=timezone.localdate(),
            after=request.GET.get("after", ""),
            before=request.GET.get("before", ""),
        )
        context = {
            "title": "Workbench",
            "asked": asked,
            "query": query_of(asked),
            "clear": query_of(shown.view_only(asked, asked.view)),
            "page": page,
            **shown.filters(asked),
            **more,
        }
        return self.show(request, "queue", context, status)

    def counts(self, request: HttpRequest) -> HttpResponse:
        """How much is in each view: counted apart, so that the list need not wait for it."""
        require_permission(request, SEES)
        asked = asked_of(request.GET)
        found = queries.view_counts(
            asked.company, user_id=request.user.pk, today=timezone.localdate()  # type: ignore[arg-type]
        )  # fmt: skip
        context = {"asked": asked, "counts": found, **shown.filters(asked)}
        return TemplateResponse(request, f"{FOLDER}/_views.html", context)

    def payment_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        require_permission(request, SEES)
        rank = read_key(request.GET, "shown") or 1
        return self.bench(request, pk, "candidates", rank=rank)

    def bench(
        self, request: HttpRequest, pk: int, mode: str, status: int = 200, **more: Any
    ) -> HttpResponse:
        """The payment on the left; suggestions, a split or a link on the right."""
        work, asked = self.get_work(pk), asked_of(request.GET)
        context = {
            "title": "Workbench",
            "mode": mode,
            "asked": asked,
            "query": query_of(asked),
            **shown.payment_parts(request, work, asked),
            **self.side(work, mode, more),
            **more,
        }
        return self.show(request, "payment", context, status)

    def side(self, work: Work, mode: str, more: dict[str, Any]) -> dict[str, Any]:
        if mode == "split":
            return shown.split_parts(work, more.get("typed") or Typed({}))
        if mode == "link":
            return shown.link_parts(work, more.get("find", ""))
        rank = more.get("rank", 1)
        return {"preview": shown.preview_for(work, rank, timezone.now()), "rank": rank}

    def get_work(self, pk: int) -> Work:
        work = queries.find_work(pk)
        if work is None:
            raise Http404("no such payment")
        return work

    def alike(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What else waits that looks like this unknown payer: apart, for it takes its time."""
        require_permission(request, SEES)
        payment = self.get_work(pk).payment
        context = {"payment": payment, "earlier": queries.earlier_of(payment)}
        return TemplateResponse(request, f"{FOLDER}/_earlier.html", context)

    # --- matching -------------------------------------------------------------------------------

    def accept(self, request: HttpRequest, pk: int) -> HttpResponse:
        rank, digest = read_key(request.POST, "rank") or 0, request.POST.get("digest", "")[:12]
        return self.do(request, pk, lambda deed, revision: services.accept(
            pk, deed, rank=rank, digest=digest, revision=revision))  # fmt: skip

    def oldest(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.do(request, pk, lambda deed, revision: services.apply_to_oldest(
            pk, deed, revision=revision))  # fmt: skip

    def account(self, request: HttpRequest, pk: int) -> HttpResponse:
        """On account of the payer; one that is not known has to be chosen first."""
        chosen = read_key(request.POST, "customer")
        mode = "link" if chosen or not self.get_work(pk).payment.customer_id else "candidates"
        return self.do(request, pk, lambda deed, revision: services.leave_on_account(
            pk, deed, customer_id=chosen, revision=revision), mode=mode)  # fmt: skip

    def split_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Opens empty or with a suggestion; searching and counting keep what is typed."""
        require_permission(request, SEES)
        if request.method != "POST":
            typed = shown.typed_of(self.get_work(pk), read_key(request.GET, "from") or 0)
            return self.bench(request, pk, "split", typed=typed)
        typed = read_typed(request.POST)
        if request.POST.get("do") != "match":
            return self.bench(request, pk, "split", typed=typed)
        currency = self.get_work(pk).payment.currency

        def match(deed: services.Deed, revision: int | None) -> WorkStep:
            split = split_of(typed, currency)
            return services.match_by_hand(pk, deed, split=split, revision=revision)

        return self.do(request, pk, match, mode="split", typed=typed)

    def unmatch(self, request: HttpRequest, pk: int) -> HttpResponse:
        require_permission(request, UNMATCH)
        return self.do(request, pk, lambda deed, revision: services.unmatch_payment(
            pk, deed, ledger_of=ledger_of, revision=revision), stays=True)  # fmt: skip

    # --- the payer ------------------------------------------------------------------------------

    def link_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        require_permission(request, SEES)
        find = request.GET.get("find", "").replace("\x00", "")[:40]
        if request.method != "POST":
            return self.bench(request, pk, "link", find=find)
        chosen = read_key(request.POST, "customer") or 0
        remember = request.POST.get("remember") == "on"
        return self.do(request, pk, lambda deed, revision: services.link(
            pk, deed, customer_id=chosen, remember=remember, revision=revision),
            mode="link", stays=True, find=find)  # fmt: skip

    # --- tending --------------------------------------------------------------------------------

    def park(self, request: HttpRequest, pk: int) -> HttpResponse:
        reason = request.POST.get("reason", "")
        return self.do(request, pk, lambda deed, revision: services.park(
            pk, deed, due_on=read_day(request.POST), reason=reason, revision=revision),
            opens="park")  # fmt: skip

    def assign(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.do(request, pk, lambda deed, revision: services.assign(
            pk, deed, owner=read_owner(request.POST), revision=revision), stays=True,
            opens="assign")  # fmt: skip

    def aside(self, request: HttpRequest, pk: int) -> HttpResponse:
        note = request.POST.get("note", "")
        return self.do(request, pk, lambda deed, revision: services.set_aside(
            pk, deed, note=note, revision=revision), opens="aside")  # fmt: skip

    def note(self, request: HttpRequest, pk: int) -> HttpResponse:
        text = request.POST.get("text", "")
        return self.do(request, pk, lambda deed, _: services.write_note(pk, deed, text=text),
                       stays=True, opens="note")  # fmt: skip

    def look(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have the engine look at the payment now. It only suggests."""
        require_permission(request, PERMISSION)
        self.get_work(pk)
        propose([pk], now=timezone.now())
        return to_payment(pk, query_of(asked_of(request.GET)))

    def presence(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say that this person looks at the payment; answers who else does."""
        require_permission(request, SEES)
        if not GatewayTransaction.objects.filter(pk=pk).exists():
            raise Http404("no such payment")
        others = services.look(pk, user=request.user, now=timezone.now())  # type: ignore[arg-type]
        return TemplateResponse(request, f"{FOLDER}/_others.html", {"others": others})

    def do(
        self,
        request: HttpRequest,
        pk: int,
        act: Act,
        *,
        mode: str = "candidates",
        stays: bool = False,
        **kept: Any,
    ) -> HttpResponse:
        """Do it and go on to the next payment. What is refused is said, with all that was typed."""
        require_permission(request, PERMISSION)
        asked = asked_of(request.GET)
        try:
            done = act(deed_of(request), read_revision(request.POST))
        except GatewayTransaction.DoesNotExist as error:
            raise Http404("no such payment") from error
        except PaySyncError as error:
            status = self.status_of(error)
            kept |= {"problem": str(error), "values": request.POST}
            return self.bench(request, pk, mode, status, **kept)
        tell_done(request, "The note is written." if isinstance(done, ItemNote) else done.title)
        return to_payment(pk, query_of(asked)) if stays else self.go_on(request, pk, asked)

    def go_on(self, request: HttpRequest, pk: int, asked: Asked) -> HttpResponse:
        """The next payment of the queue, or the queue where this was the last."""
        row, query = GatewayTransaction.objects.get(pk=pk), query_of(asked)
        place: dict[str, Any] = {"user_id": request.user.pk, "today": timezone.localdate()}
        following = queries.nearest(asked, row, **place)
        following = following or queries.nearest(asked, row, **place, backwards=True)
        return to_payment(following, query) if following else to_queue(query)
