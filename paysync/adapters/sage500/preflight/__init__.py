"""The preflight of a site on SQL Server: every question of the reference (17), one finding each.

Nothing is written. A question that cannot be asked, for instance because the login may not see the
catalogue, is a finding too; only an outage ends the preflight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from paysync.adapters.sage500.preflight import company, receipts, schema, server, wrappers
from paysync.adapters.sage500.preflight.asking import Reader, warn
from paysync.adapters.sage500.preflight.site import Site, site_of
from paysync.domain.errors import RecordError, RejectedError
from paysync.domain.ledger import Finding

__all__ = ["Reader", "Site", "preflight", "site_of"]

Question = Callable[[], Finding | Iterable[Finding]]


def preflight(reader: Reader, company_id: str, site: Site) -> list[Finding]:
    """Ask everything. Raises UnavailableError and CredentialError: then nothing is known."""
    found: list[Finding] = []
    for code, question in questions(reader, company_id, site):
        try:
            answer = question()
            found += [answer] if isinstance(answer, Finding) else answer
        except (RejectedError, RecordError) as error:
            found.append(
                warn(
                    code,
                    f"This could not be asked: {error}",
                    "Ask the DBA, or let the login see the catalogue (VIEW DEFINITION).",
                )
            )
    return found


def questions(reader: Reader, company_id: str, site: Site) -> list[tuple[str, Question]]:
    """In the order in which a person would ask."""
    return [
        ("sql_server", lambda: server.ask_server(reader)),
        ("sage_version", lambda: server.sage_version(reader)),
        ("company", lambda: company.company(reader, company_id)),
        ("ar_active", lambda: company.ar_active(reader, company_id)),
        ("columns", lambda: schema.ask_columns(reader, site.used)),
        (
            "procedures",
            lambda: schema.ask_procedures(
                reader,
                site.next_key_procedure,
                site.next_batch_procedure,
                site.batch_status_procedure,
            ),
        ),
        ("wrappers", lambda: wrappers.ask_wrappers(reader, site.options)),
        ("may_execute", lambda: schema.may_execute(reader, site.submit_procedure)),
        ("least_privilege", lambda: schema.least_privilege(reader)),
        ("receipt_type", lambda: receipts.receipt_type(reader, company_id, site.batch_type)),
        ("batch_numbers", lambda: receipts.batch_numbers(reader, company_id, site.batch_type)),
        ("surrogate_key", lambda: receipts.surrogate_key(reader, site.key_name)),
        ("tran_id", lambda: receipts.tran_id_form(reader, company_id)),
        ("pending_code", lambda: receipts.pending_code(reader, company_id, site.pending_status)),
        ("posted_code", lambda: receipts.posted_code(reader, company_id, site.posted_status)),
        ("hand_keyed", lambda: receipts.hand_keyed(reader, company_id)),
        ("memo_sign", lambda: receipts.memo_sign(reader, company_id)),
        ("write_off", lambda: receipts.write_off_sample(reader, company_id)),
        ("ar_options", lambda: company.options(reader, company_id)),
        ("cash_account", lambda: company.cash_accounts(reader, company_id)),
        ("open_period", lambda: company.periods(reader, company_id)),
        ("sage_user", lambda: company.user(reader, site.user_id)),
        ("code_lists", lambda: company.code_lists(reader)),
        ("card_columns", lambda: schema.card_columns(reader)),
        ("triggers", lambda: server.triggers(reader)),
        ("import_surface", lambda: server.surfaces(reader)),
        ("add_ons", lambda: server.add_ons(reader)),
        ("freshness", lambda: server.freshness(reader, company_id)),
    ]
