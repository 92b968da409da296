"""The form of one matching rule: amounts as people write them, errors in plain language."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q

from customers.models import Customer
from paysync.domain.errors import RuleError
from paysync.models import Company
from reconciliation.domain.matching.rules import (
    MOST_DOCUMENTS,
    MOST_PERCENT,
    MOST_SIGNALS,
    Allowed,
    Conditions,
    Limits,
    Rule,
    Strategy,
)
from reconciliation.domain.rule_fields import LABELS, MOST_ENTRIES, WHOLE, check_rule
from reconciliation.domain.rule_words import DISCOUNTED, LOOKS_AT, MAY_DO, TOLERANT, may_choose
from reconciliation.models import GLAccount

ALLOWED_HELP = {
    Allowed.AUTO: "applied without a person, if nothing speaks against it",
    Allowed.SUGGEST: "offered to a person, who decides",
    Allowed.NEVER: "neither applied nor offered",
}
#: Where a field belongs on the page.
GROUPS = (
    ("The rule", ("title", "allowed")),
    ("How far it goes by itself", ("max_amount", "max_documents", "window_days",
                                   "second_signals")),
    ("Tolerance", ("tolerance_under", "tolerance_over", "tolerance_percent",
                   "write_off_account")),
    ("Discount", ("grace_days",)),
    ("Only for", ("methods", "currencies", "amount_from", "amount_to", "customer_ids")),
)  # fmt: skip


class AmountField(forms.DecimalField):
    """An amount of up to twelve digits before the point; thousands may be parted by commas."""

    def __init__(self, *, required: bool = False, most: Decimal | None = None, **kwargs: Any):
        super().__init__(
            required=required, min_value=0, max_value=most, max_digits=15, decimal_places=3,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            error_messages={
                "invalid": "Write an amount in plain digits, such as 25.00.",
                "min_value": "An amount below zero makes no sense here.",
                "max_value": "At most %(limit_value)s.",
                "max_decimal_places": "At most three digits behind the point.",
                "max_digits": "That is more than any column holds.",
                "max_whole_digits": "That is more than any column holds.",
            },
            **kwargs,
        )  # fmt: skip

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text):
            text = text.replace(",", "")
        if text and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:f}" if isinstance(value, Decimal) else value


def whole_field(name: str, help_text: str, *, required: bool = True) -> forms.IntegerField:
    least, most = WHOLE[name]
    return forms.IntegerField(
        label=LABELS[name], required=required, min_value=least, max_value=most,
        help_text=help_text,
        error_messages={
            "invalid": "Write a whole number.",
            "required": "Write a whole number.",
            "min_value": f"Write a number from {least} to {most}.",
            "max_value": f"Write a number from {least} to {most}.",
        },
    )  # fmt: skip


class RuleForm(forms.Form):
    """One rule of a draft. What its strategy does not look at is not asked for."""

    title = forms.CharField(
        label=LABELS["title"], max_length=80,
        help_text="How people see the rule: in the list and with each match it made.",
        error_messages={"required": "Give the rule a title."},
    )  # fmt: skip
    allowed = forms.ChoiceField(
        label=LABELS["allowed"], widget=forms.RadioSelect,
        error_messages={"required": "Choose what it may do."},
    )  # fmt: skip
    max_amount = AmountField(
        label=LABELS["max_amount"],
        help_text="A larger payment is only suggested. Empty: no bound.",
    )
    max_documents = whole_field(
        "max_documents",
        f"A solution with more documents is only suggested; at most {MOST_DOCUMENTS}.",
    )
    window_days = whole_field(
        "window_days",
        "Documents older than so many days before the payment are only suggested. Empty: any age.",
        required=False,
    )
    second_signals = whole_field(
        "second_signals",
        "How much else must support the match: payer, exact amount, purchase order … At least 1 "
        f"for a rule that applies by itself, at most {MOST_SIGNALS}.",
    )
    tolerance_under = AmountField(
        label=LABELS["tolerance_under"],
        help_text="So much less than is open may be written off. Both the amount and the "
        "percentage must hold.",
    )
    tolerance_over = AmountField(
        label=LABELS["tolerance_over"], help_text="So much more than is open is still a match."
    )
    tolerance_percent = AmountField(
        label=LABELS["tolerance_percent"], most=MOST_PERCENT,
        help_text=f"Of what is open on the document, at most {MOST_PERCENT}.",
    )  # fmt: skip
    write_off_account = forms.CharField(
        label=LABELS["write_off_account"], required=False, max_length=100,
        help_text="The GL account of Sage 500 that the rest goes to. Without one nothing is "
        "written off.",
    )  # fmt: skip
    grace_days = whole_field(
        "grace_days", "A discount still counts so many days after its last day."
    )
    methods = forms.MultipleChoiceField(
        label=LABELS["methods"], required=False, choices=[("card", "Card"), ("ach", "ACH")],
        widget=forms.CheckboxSelectMultiple, help_text="None chosen: any.",
    )  # fmt: skip
    currencies = forms.CharField(
        label=LABELS["currencies"], required=False, max_length=200,
        help_text="Codes such as USD, parted by commas. Empty: any.",
    )  # fmt: skip
    amount_from = AmountField(label=LABELS["amount_from"], help_text="Empty: any.")
    amount_to = AmountField(label=LABELS["amount_to"], help_text="Empty: any.")
    customer_ids = forms.CharField(
        label=LABELS["customer_ids"], required=False, max_length=12_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Customer ids of Sage 500, one a line or parted by commas. Empty: all.",
    )  # fmt: skip

    def __init__(self, *args: Any, rule: Rule, company: Company, **kwargs: Any) -> None:
        kwargs["initial"] = initial_of(rule)
        super().__init__(*args, **kwargs)
        self.rule, self.company = rule, company
        allowed = self.fields["allowed"]
        assert isinstance(allowed, forms.ChoiceField)  # noqa: S101 - for the type checker
        allowed.choices = [
            (one.value, f"{MAY_DO[one]}: {ALLOWED_HELP[one]}") for one in may_choose(rule.strategy)
        ]
        for name in unused_fields(rule):
            del self.fields[name]
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help_{name}"

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings, for the page."""
        found = [
            (title, [self[name] for name in names if name in self.fields])
            for title, names in GROUPS
        ]
        return [(title, fields) for title, fields in found if fields]

    def clean_currencies(self) -> list[str]:
        return words_of(self.cleaned_data["currencies"].upper())

    def clean_customer_ids(self) -> list[str]:
        """Ids as Sage 500 writes them: upper case; each has to be there."""
        names = words_of(self.cleaned_data["customer_ids"].upper())
        if len(names) > MOST_ENTRIES:
            raise forms.ValidationError(f"At most {MOST_ENTRIES} customers.")
        rows = Customer.objects.filter(company=self.company, customer_id__in=names)
        missing = sorted(set(names) - set(rows.values_list("customer_id", flat=True)))
        if missing:
            raise forms.ValidationError(f"Sage 500 has no customer {missing[0][:40]}.")
        return names

    def clean_write_off_account(self) -> str:
        name = str(self.cleaned_data["write_off_account"])
        rows = GLAccount.objects.filter(company=self.company, is_active=True)
        if name and not rows.filter(Q(number=name) | Q(formatted=name)).exists():
            raise forms.ValidationError(f"Sage 500 has no active GL account {name}.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_rule(self.to_rule())
            except RuleError as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned

    def to_rule(self) -> Rule:
        """The rule as the form says; what was not asked for stays as it was."""
        given = self.cleaned_data
        limits, conditions = self.rule.limits, self.rule.conditions

        def limit(name: str, empty: object = None) -> Any:
            if name not in given:
                return getattr(limits, name)
            return empty if given[name] is None else given[name]

        return Rule(
            self.rule.code,
            given["title"],
            self.rule.strategy,
            Allowed(given["allowed"]),
            Limits(
                max_amount=limit("max_amount"),
                tolerance_under=limit("tolerance_under", Decimal(0)),
                tolerance_over=limit("tolerance_over", Decimal(0)),
                tolerance_percent=limit("tolerance_percent", Decimal(0)),
                write_off_account=limit("write_off_account"),
                grace_days=limit("grace_days"),
                max_documents=limit("max_documents"),
                window_days=limit("window_days"),
                second_signals=limit("second_signals"),
            ),
            Conditions(
                frozenset(given.get("methods", conditions.methods)),
                frozenset(given.get("currencies", conditions.currencies)),
                given.get("amount_from", conditions.amount_from),
                given.get("amount_to", conditions.amount_to),
                frozenset(given.get("customer_ids", conditions.customer_ids)),
            ),
        )


def unused_fields(rule: Rule) -> set[str]:
    """Fields that this strategy never looks at, unless one holds something to be taken out."""
    unused = set()
    if rule.strategy not in TOLERANT:
        names = ("tolerance_under", "tolerance_over", "tolerance_percent", "write_off_account")
        unused |= {name for name in names if not getattr(rule.limits, name)}
    if rule.strategy not in DISCOUNTED and not rule.limits.grace_days:
        unused.add("grace_days")
    return unused


def initial_of(rule: Rule) -> dict[str, Any]:
    limits = {name: getattr(rule.limits, name) for name in Limits.__dataclass_fields__}
    conditions = rule.conditions
    return limits | {
        "title": rule.title,
        "allowed": rule.allowed.value,
        "methods": sorted(conditions.methods),
        "currencies": ", ".join(sorted(conditions.currencies)),
        "amount_from": conditions.amount_from,
        "amount_to": conditions.amount_to,
        "customer_ids": "\n".join(sorted(conditions.customer_ids)),
    }


def words_of(text: str) -> list[str]:
    """What stands on lines or between commas."""
    return sorted({word.strip() for word in re.split(r"[,;\n\r]", text)} - {""})


def new_rule(strategy: Strategy) -> Rule:
    """What the form of a further rule begins with: it only suggests."""
    title = LOOKS_AT[strategy].split(";")[0].split(",")[0].rstrip(".:")[:80]
    return Rule(strategy.value, title, strategy, Allowed.SUGGEST)
