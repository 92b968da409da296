"""The control API every twin has under `/_twin/`, and its page for a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from paysync.sandbox.messages import Halt, Request, Response, route

if TYPE_CHECKING:
    from paysync.sandbox.twin import Twin

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #ccc;vertical-align:top}}input[type=number]{{width:5rem}}</style></head>
<body><h1>{name}</h1><p>A stand-in, not the real system. Its clock says {now}.</p>{sections}
<h2>In play</h2><table><tr><th>card</th><th>left</th><th>route</th><th>dealt</th></tr>{playing}
</table><form method="post" action="/_twin/faults/clear"><button>Take all cards back</button></form>
<h2>Cards</h2><table>{cards}</table></body></html>"""

CARD = """<tr><td><b>{name}</b><br>{what}</td><td><form method="post" action="/_twin/faults">
<input type="hidden" name="name" value="{name}"><label>times <input type="number" name="times"
value="1" min="1"></label> <label>route <input name="route" value="*"></label>
<button>Play</button></form></td></tr>"""

PLAYING = "<tr><td>{name}</td><td>{times}</td><td>{route}</td><td>{fired}</td></tr>"


def control(body: Any = None, status: int = 200) -> Response:
    """An answer of the control API: always marked as invented."""
    return Response(body, status, {}, True)


def refuse(message: str, status: int = 422) -> Halt:
    return Halt(control({"message": message}, status))


def moment_of(text: object) -> datetime:
    """An aware instant from ISO text. Ends the request with 422 otherwise."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise refuse(f"{text!r} is not an ISO date and time") from error
    if moment.tzinfo is None:
        raise refuse(f"{text!r} has no zone")
    return moment


class ControlRoutes:
    """Faults, clock, health and call counts of one twin."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    @route("GET", "/_twin/health")
    def health(self, _: Request) -> Response:
        facts = {"name": self._twin.name, "now": self._twin.clock.now().isoformat()}
        return control({**facts, **self._twin.health()})

    @route("GET", "/_twin/calls")
    def calls(self, _: Request) -> Response:
        """How often each route was called since the start, control routes left out."""
        return control(dict(self._twin.calls))

    @route("GET", "/_twin/faults")
    def list_faults(self, _: Request) -> Response:
        deck = self._twin.faults
        return control({"playing": [c.as_dict() for c in deck.in_play()], "cards": deck.names})

    @route("POST", "/_twin/faults")
    def play_fault(self, request: Request) -> Response:
        """{"name", "times": 1 or null, "probability", "route": glob, "seed", …options}."""
        data = request.data()
        try:
            card = self._twin.faults.play(**play_arguments(data))
        except (TypeError, ValueError) as error:
            raise refuse(str(error)) from error
        if "form" in request.headers.get("content-type", ""):
            return back_to_page()
        return control(card.as_dict(), 201)

    @route("DELETE", "/_twin/faults")
    def clear_faults(self, request: Request) -> Response:
        self._twin.faults.clear(request.query.get("name"))
        return control({"playing": [c.as_dict() for c in self._twin.faults.in_play()]})

    @route("POST", "/_twin/faults/clear")
    def clear_from_page(self, _: Request) -> Response:
        self._twin.faults.clear()
        return back_to_page()

    @route("GET", "/_twin/clock")
    def read_clock(self, _: Request) -> Response:
        return control({"now": self._twin.clock.now().isoformat()})

    @route("POST", "/_twin/clock")
    def set_clock(self, request: Request) -> Response:
        """{"at": ISO, "frozen": bool} or {"advance_s": n} or {"skew_s": n} or {"real": true}."""
        data, clock = request.data(), self._twin.clock
        if data.get("real"):
            clock.use_real_time()
        if "at" in data:
            clock.set(moment_of(data["at"]), frozen=bool(data.get("frozen")))
        if "advance_s" in data:
            clock.advance(timedelta(seconds=float(data["advance_s"])))
        if "skew_s" in data:
            clock.skew = timedelta(seconds=float(data["skew_s"]))
        return self.read_clock(request)

    @route("GET", "/_twin/")
    def page(self, _: Request) -> Response:
        twin = self._twin
        playing = [PLAYING.format_map(escaped(c.as_dict())) for c in twin.faults.in_play()]
        cards = [CARD.format_map(escaped({"name": n, "what": w})) for n, w in sorted_cards(twin)]
        html = PAGE.format(
            name=escape(twin.name),
            now=twin.clock.now().isoformat(" ", "seconds"),
            sections=twin.control_sections(),
            playing="".join(playing) or "<tr><td colspan=4>nothing</td></tr>",
            cards="".join(cards),
        )
        return control(html)


def play_arguments(data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `FaultDeck.play`, from JSON or from the page's form."""
    given = dict(data)
    if given.get("times", 1) is not None:
        given["times"] = int(given.get("times", 1))
    given["probability"] = float(given.get("probability", 1))
    return given


def back_to_page() -> Response:
    return Response("", 303, {"Location": "/_twin/"}, True)


def sorted_cards(twin: Twin) -> list[tuple[str, str]]:
    return sorted(twin.faults.names.items())


def escaped(values: Mapping[str, object]) -> dict[str, str]:
    """Ready for HTML; None, which means for ever, as a word."""
    return {k: "always" if v is None else escape(str(v)) for k, v in values.items()}
