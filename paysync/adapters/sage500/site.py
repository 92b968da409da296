"""What differs between Sage 500 sites: names, numbers and codes inside the shipped T-SQL.

The files in `sql/` are templates with sqlcmd-style variables: `$(NextKeyProc)`. The table below is
the one list of them. A value becomes SQL text, so it must have the plain form of its kind, whoever
wrote it. Sources are sections of the Sage 500 reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from paysync.domain.errors import RecordError

VARIABLE = re.compile(r"\$\((\w+)\)")


class Grade(StrEnum):
    """How sure the reference is of a default. OURS: our own design, no grade."""

    CERTAIN = "certain"
    INFERRED = "inferred"
    UNKNOWN = "unknown"
    OURS = "our own"


class Kind(StrEnum):
    """The form a value must have."""

    NAME = "a plain identifier"
    PROCEDURE = "a procedure name: owner.name"
    NUMBER = "a whole number"
    NUMBERS = "whole numbers with commas between"
    FLAG = "0 or 1"
    WORDS = "letters, digits, blanks and - _ . only"


#: Spelled out in ASCII: `\w` would let foreign letters through, `$` a line break.
FORMS = {
    Kind.NAME: re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}"),
    Kind.PROCEDURE: re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\.[A-Za-z_][A-Za-z0-9_]{0,127}"),
    Kind.NUMBER: re.compile(r"[0-9]{1,9}"),
    Kind.NUMBERS: re.compile(r"[0-9]{1,9}(, ?[0-9]{1,9}){0,19}"),
    Kind.FLAG: re.compile(r"[01]"),
    Kind.WORDS: re.compile(r"(?!.*--)[A-Za-z0-9_.-]+( [A-Za-z0-9_.-]+)*"),
}
#: Schemas of others: uninstalling must never be able to reach into them.
FOREIGN_SCHEMAS = frozenset({"dbo", "sys", "guest", "information_schema"})


@dataclass(frozen=True, slots=True)
class SiteSetting:
    """One thing that may be otherwise at a site. limit: longest text, or largest number.

    in_script: whether the T-SQL uses it; what is not in the script, only the preflight asks for.
    """

    name: str
    default: str
    kind: Kind
    grade: Grade
    meaning: str
    source: str
    limit: int = 0
    in_script: bool = True

    def checked(self, value: object) -> str:
        """The value as SQL text. Raises RecordError naming the setting."""
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not FORMS[self.kind].fullmatch(text):
            raise RecordError(f"site setting {self.name}: {str(value)[:60]!r} is not {self.kind}")
        if self.limit and (int(text) if self.kind is Kind.NUMBER else len(text)) > self.limit:
            raise RecordError(f"site setting {self.name}: {text[:60]!r} is over {self.limit}")
        if self.name == "Schema" and text.lower() in FOREIGN_SCHEMAS:
            raise RecordError(f"site setting Schema: {text} is not a schema of our own")
        return text


def setting(
    name: str, default: str, kind: Kind, grade: Grade, meaning: str, source: str, limit: int = 0
) -> SiteSetting:
    return SiteSetting(name, default, kind, grade, meaning, source, limit)


SETTINGS: tuple[SiteSetting, ...] = (
    setting("Schema", "ptx", Kind.NAME, Grade.OURS, "schema of our tables and procedures", "14.1"),
    setting("AppRole", "ptx_app", Kind.NAME, Grade.OURS, "role of paysync's login", "15"),
    setting("NextKeyProc", "dbo.spGetNextSurrogateKey", Kind.PROCEDURE, Grade.CERTAIN,
            "gives the next surrogate key of a table", "2.4"),
    setting("NextBatchProc", "dbo.spGetNextBatch", Kind.PROCEDURE, Grade.CERTAIN,
            "makes a batch; called by position", "4.1"),
    setting("BatchStatusProc", "dbo.spGetBatchStatus", Kind.PROCEDURE, Grade.CERTAIN,
            "recomputes and tells the status of a batch", "4.1"),
    setting("PaymentKeyName", "tarCustPmtLog", Kind.NAME, Grade.INFERRED,
            "the name in tciSurrogateKey under which receipts take their key", "2.5", 30),
    setting("KeyTries", "5", Kind.NUMBER, Grade.OURS,
            "keys taken before a counter behind its table is reported", "2.6", 100),
    setting("ModuleNo", "5", Kind.NUMBER, Grade.CERTAIN, "accounts receivable", "2.2", 32767),
    setting("BatchType", "503", Kind.NUMBER, Grade.CERTAIN, "AR cash receipt batches", "3.2"),
    setting("ReceiptTranType", "0", Kind.NUMBER, Grade.INFERRED,
            "type of a receipt; 0 looks it up in tciBatchTranType (511 expected)", "3.1"),
    setting("PayableTypes", "501, 503, 504", Kind.NUMBERS, Grade.INFERRED,
            "documents a receipt may pay: invoice, debit memo, finance charge", "6"),
    setting("TranNoWidth", "0", Kind.NUMBER, Grade.INFERRED,
            "receipt numbers are padded with zeros to this width; 0 leaves them as given",
            "4.2", 10),
    setting("PendingTranStatus", "2", Kind.NUMBER, Grade.INFERRED,
            "tarCustPmtLog.TranStatus of an unposted receipt", "3.4", 32767),
    setting("VoidTranStatus", "5", Kind.NUMBER, Grade.INFERRED,
            "tarCustPmtLog.TranStatus of a receipt that was taken back", "3.4", 32767),
    SiteSetting("PostedTranStatus", "3", Kind.NUMBER, Grade.INFERRED,
                "tarCustPmtLog.TranStatus of a posted receipt", "3.4", 32767, in_script=False),
    setting("StatusInUse", "1", Kind.NUMBER, Grade.CERTAIN, "batch open on a screen", "3.3"),
    setting("StatusOnHold", "2", Kind.NUMBER, Grade.CERTAIN, "batch on hold", "3.3"),
    setting("StatusBalanced", "4", Kind.NUMBER, Grade.CERTAIN, "batch balanced", "3.3"),
    setting("StatusPosting", "5", Kind.NUMBER, Grade.CERTAIN, "batch being posted", "3.3"),
    setting("StatusPosted", "6", Kind.NUMBER, Grade.CERTAIN, "batch posted", "3.3"),
    setting("StatusInterrupted", "7", Kind.NUMBER, Grade.CERTAIN, "posting broke off", "3.3"),
    setting("PostStatusDeleted", "999", Kind.NUMBER, Grade.CERTAIN, "batch deleted", "3.3"),
    setting("CustomerActive", "1", Kind.NUMBER, Grade.CERTAIN, "tarCustomer.Status: active",
            "3.4"),
    setting("CashAcctActive", "1", Kind.NUMBER, Grade.INFERRED, "tcmCashAcct.Status: active", "9"),
    setting("PeriodClosed", "2", Kind.NUMBER, Grade.CERTAIN, "tglFiscalPeriod.Status: closed",
            "3.4"),
    setting("CreateType", "2", Kind.NUMBER, Grade.INFERRED,
            "CreateType of our rows: import", "2.15", 32767),
    setting("AppliedAtCreation", "1", Kind.NUMBER, Grade.INFERRED,
            "mark of an application entered with its receipt", "4.2", 32767),
    setting("HoldAfter", "0", Kind.FLAG, Grade.INFERRED,
            "1 leaves our batches on hold until a person releases them", "14.3"),
    setting("HoldReason", "being filled", Kind.WORDS, Grade.OURS,
            "tarBatch.HoldReason of a batch that we hold", "14.3", 20),
    setting("BatchComment", "PayTrace receipts", Kind.WORDS, Grade.OURS,
            "comment of the batches we make", "4.1", 50),
    setting("SageUser", "paysync", Kind.WORDS, Grade.INFERRED,
            "the Sage user our rows name when the caller names none", "15", 30),
    setting("RefuseDisputed", "0", Kind.FLAG, Grade.OURS,
            "1 refuses applications to invoices in dispute", "14.3"),
    setting("ReversalRehearsed", "0", Kind.FLAG, Grade.UNKNOWN,
            "1 says that a reversal was rehearsed in a test company; 0 refuses them", "14.5"),
    setting("ReversalTranType", "0", Kind.NUMBER, Grade.UNKNOWN,
            "type of a reversing receipt; 0 takes the receipts' own", "3.1"),
    setting("ReversalNegative", "1", Kind.FLAG, Grade.INFERRED,
            "1 enters a reversing receipt with negative amounts", "5"),
    setting("GLEntryProc", "$(Schema).GLEntryNotMapped", Kind.PROCEDURE, Grade.UNKNOWN,
            "the site's own procedure that enters a general journal", "8"),
    setting("GLBatchType", "301", Kind.NUMBER, Grade.CERTAIN, "GL general journal batches", "3.2"),
    setting("AccountActive", "1", Kind.NUMBER, Grade.CERTAIN, "tglAccount.Status: active", "3.4"),
    setting("CustomerSessionProc", "$(Schema).CustomerSessionNotMapped", Kind.PROCEDURE,
            Grade.UNKNOWN, "the site's own procedure that opens an import session of its Data "
            "Import job for customers", "7.1"),
    setting("CustomerImportProc", "dbo.spARapiCustomerIns", Kind.PROCEDURE, Grade.CERTAIN,
            "Sage's import of customers from staging tables", "13.1"),
    setting("LockTimeoutMs", "5000", Kind.NUMBER, Grade.OURS,
            "milliseconds to wait for a lock before the caller is told to try again", "15", 60000),
)  # fmt: skip

BY_NAME = {found.name: found for found in SETTINGS}


def settings_of(options: Mapping[str, object] | None = None) -> dict[str, str]:
    """Every setting: the site's own value where it has one, else the default.

    Raises RecordError for a name we do not know and for a value of another form.
    """
    given = dict(options or {})
    unknown = sorted(given.keys() - BY_NAME.keys())
    if unknown:
        raise RecordError(f"no such site setting: {', '.join(unknown)[:200]}")
    schema = BY_NAME["Schema"].checked(given.get("Schema", BY_NAME["Schema"].default))
    return {
        name: found.checked(given.get(name, found.default.replace("$(Schema)", schema)))
        for name, found in BY_NAME.items()
    }


def variables_of(script: str) -> set[str]:
    return set(VARIABLE.findall(script))


def render(script: str, settings: Mapping[str, object]) -> str:
    """The script with its variables filled in.

    Raises RecordError for a variable without a value, a value without a variable, a value of the
    wrong form, and anything else that begins with `$(`.
    """
    wanted = variables_of(script)
    for problem, names in (
        ("is not a site setting", wanted - BY_NAME.keys()),
        ("has no value", wanted - settings.keys()),
        ("is not used by this script", settings.keys() - wanted),
    ):
        if names:
            raise RecordError(f"site setting {', '.join(sorted(names))} {problem}")
    texts = {name: BY_NAME[name].checked(settings[name]) for name in wanted}
    if "$(" in VARIABLE.sub("", script):
        raise RecordError("the script has a variable that cannot be read")
    return VARIABLE.sub(lambda found: texts[found.group(1)], script)


def rendered(script: str, options: Mapping[str, object] | None = None) -> str:
    """`render` with those of the site's settings that this script uses."""
    wanted = variables_of(script)
    settings = settings_of(options)
    return render(script, {name: text for name, text in settings.items() if name in wanted})
