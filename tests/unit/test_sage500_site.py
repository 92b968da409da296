"""What differs between sites becomes SQL text: only plain values of the right form may."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysync.adapters.sage500.script import (
    VERSION,
    batches_of,
    install_script,
    parts,
    uninstall_script,
)
from paysync.adapters.sage500.site import (
    BY_NAME,
    SETTINGS,
    Grade,
    Kind,
    render,
    rendered,
    settings_of,
)
from paysync.domain.errors import RecordError

#: The shipped T-SQL by version: SHA-256 of all parts with the default settings.
SHIPPED = {
    "1.0": "5484c6267f86f20848d26148822e28a4bbefbff5520de8a8f0105bec1d52922a",
    "1.1": "6d7b8c44740698d229b70c89ae4b5f1cdb5108fdc0d1e0adef5e94a54dc72d6a",
    "1.2": "c81438443a61ef1a6049a9a8ad8b266b18265c2a1491d6935cabaaac68f364ea",
}

INJECTIONS = [
    "x'; DROP TABLE dbo.tarInvoice --", "x' OR '1'='1", "ptx; GRANT CONTROL TO public",
    "ptx]", "[ptx]", "ptx\nGO\nDROP SCHEMA ptx", "ptx\n", "\nptx", "ptx\r", "ptx\x00", "ptx/*",
    "1--", "1;", "1 OR 1=1", "-1", "1e3", "0x10", "1,", ",1", "501,,503", "501) OR (1=1",
    "$(Schema)",
    "${Schema}", "dbo.sp; EXEC xp_cmdshell 'x'", "dbo..sp", "master.dbo.sp_executesql", "dbo.sp x",
    "ｐｔｘ", "ptx\u2028", "٥٠٣", "", " ", "ptx ", "'", '"', "\\",
]  # fmt: skip

#: Another value of the same form.
OTHERS = {
    Kind.NAME: "Other_name", Kind.PROCEDURE: "dbo.spOther", Kind.NUMBER: "8", Kind.NUMBERS: "8, 9",
    Kind.WORDS: "other words",
}  # fmt: skip


def test_every_setting_has_a_default_of_its_own_form() -> None:
    defaults = settings_of()
    assert list(defaults) == [found.name for found in SETTINGS] and len(defaults) == len(BY_NAME)
    assert all(found.meaning and found.source for found in SETTINGS)
    assert {found.grade for found in SETTINGS} == set(Grade)


@pytest.mark.parametrize("value", INJECTIONS)
def test_no_setting_lets_sql_in(value: str) -> None:
    for found in SETTINGS:
        try:
            settings = settings_of({found.name: value})
        except RecordError as error:
            assert found.name in str(error)
        else:  # plain words with a blank are fine where words are meant
            assert found.kind is Kind.WORDS and re.fullmatch(r"[\w. -]+", settings[found.name])


@given(st.text(max_size=30))
def test_whatever_is_let_through_is_a_word_or_a_number(value: str) -> None:
    for found in SETTINGS:
        try:
            text = found.checked(value)
        except RecordError:
            continue
        assert re.fullmatch(r"[A-Za-z0-9_., -]+", text) and "--" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Schema", "dbo"), ("Schema", "DBO"), ("Schema", "sys"), ("BatchType", True),
        ("BatchType", 5.5), ("BatchType", None), ("BatchType", [503]), ("HoldAfter", 2),
        ("HoldReason", "x" * 21),
        ("ModuleNo", 40000), ("PaymentKeyName", "t" * 31), ("LockTimeoutMs", 10**9),
    ],
)  # fmt: skip
def test_what_the_database_could_not_take_is_refused(name: str, value: Any) -> None:
    with pytest.raises(RecordError, match=f"site setting {name}"):
        settings_of({name: value})


def test_a_site_changes_what_it_must_and_keeps_the_rest() -> None:
    settings = settings_of({"BatchType": 513, "NextKeyProc": "dbo.spMyKey"})
    assert (settings["BatchType"], settings["NextKeyProc"]) == ("513", "dbo.spMyKey")
    assert settings["Schema"] == "ptx"
    assert settings_of(settings) == settings


def test_our_own_defaults_follow_the_schema() -> None:
    assert settings_of({"Schema": "pay"})["GLEntryProc"] == "pay.GLEntryNotMapped"


def test_an_unknown_setting_is_told() -> None:
    with pytest.raises(RecordError, match="no such site setting: NextKeyProcedure"):
        settings_of({"NextKeyProcedure": "dbo.x"})


def test_variables_are_filled_in() -> None:
    script = "EXEC $(NextKeyProc) '$(PaymentKeyName)', $(ModuleNo);"
    assert rendered(script) == "EXEC dbo.spGetNextSurrogateKey 'tarCustPmtLog', 5;"


@pytest.mark.parametrize(
    ("script", "settings", "problem"),
    [
        ("SELECT $(Unheard)", {}, "is not a site setting"),
        ("SELECT $(ModuleNo)", {}, "has no value"),
        ("SELECT $(ModuleNo)", {"ModuleNo": "5", "BatchType": "503"}, "is not used"),
        ("SELECT $(ModuleNo)", {"ModuleNo": "5 --"}, "is not a whole number"),
        ("SELECT $( ModuleNo)", {}, "cannot be read"),
        ("SELECT $(ModuleNo), $(", {"ModuleNo": "5"}, "cannot be read"),
    ],
)
def test_a_script_and_its_values_fit_or_nothing_is_made(
    script: str, settings: dict[str, str], problem: str
) -> None:
    with pytest.raises(RecordError, match=problem):
        render(script, settings)


def test_every_setting_is_used_by_the_shipped_files() -> None:
    before = [part.text for part in parts()]
    assert "$(" not in install_script()
    for found in SETTINGS:
        other = "1" if found.kind is Kind.FLAG else OTHERS[found.kind]
        other = "0" if other == found.default else other
        changed = [part.text for part in parts({found.name: other})] != before
        assert changed is found.in_script, found.name


def test_the_script_says_what_was_set_and_how_sure_that_is() -> None:
    head = install_script({"BatchType": 513}).split("SET QUOTED_IDENTIFIER")[0]
    assert f"paysync {VERSION}" in head and re.search(r"sha256 .*: [0-9a-f]{64}", head)
    for found in SETTINGS:
        assert re.search(rf"-- +{found.name} += .*\[{found.grade}: reference", head), found.name
    assert "= 513 (changed)" in head and "= ptx  [our own" in head
    assert all(line.startswith("--") or not line for line in head.splitlines())


def test_every_part_is_noted_with_its_own_digest() -> None:
    script = install_script()
    for part in parts():
        note = f"VALUES ('{part.name}', '{VERSION}', '{part.sha256}', GETUTCDATE())"
        assert script.count(note) == 1
        assert all(f"OBJECT_ID('{name}') IS NOT NULL" in script for name in part.objects)
    submit = next(part for part in parts() if part.name == "30_receipt_submit.sql")
    assert submit.objects == ["ptx.ReceiptSubmit"]


def test_other_sql_has_another_version() -> None:
    """Sites compare versions: T-SQL that changed under an old one would be taken for theirs."""
    digest = hashlib.sha256("".join(part.text for part in parts()).encode()).hexdigest()
    advice = f"the T-SQL changed: raise VERSION in script.py and note {digest} here"
    assert SHIPPED.get(VERSION) == digest, advice
    assert len(set(SHIPPED.values())) == len(SHIPPED)


def test_a_changed_setting_changes_the_digest_of_what_uses_it() -> None:
    before = {part.name: part.sha256 for part in parts()}
    after = {part.name: part.sha256 for part in parts({"BatchType": 513})}
    assert {name for name in before if before[name] != after[name]} == {
        "23_batch_open.sql", "24_receipt_check.sql",
    }  # fmt: skip


def test_a_script_is_cut_at_its_go_lines_only() -> None:
    script = "SELECT 'GO';\nGO\n-- GO on\nSELECT 1;\n  go  \n\nGO\nSELECT 2;"
    assert batches_of(script) == ["SELECT 'GO';", "-- GO on\nSELECT 1;", "SELECT 2;"]
    assert not any(re.search(r"^\s*GO\s*$", batch, re.M) for batch in batches_of(install_script()))


def test_removing_everything_is_asked_for_by_name() -> None:
    assert "IF 0 = 0" in uninstall_script() and "IF 1 = 0" in uninstall_script(drop_receipts=True)


def test_what_is_installed_is_what_is_removed() -> None:
    removed = set(re.findall(r"DROP (?:TABLE|VIEW|FUNCTION|PROCEDURE) (\S+);", uninstall_script()))
    assert removed == {name for part in parts() for name in part.objects}
