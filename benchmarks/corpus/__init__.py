"""A made-up world of payments with the truth about each: is the engine ever wrong?

    python -m benchmarks.corpus [--json] [--seed N] [--payments N] [--variant 1|2]
                                [--write FILE] [--file FILE] [--situation NAME] [--show-wrong]

Firms with a few hundred customers and some thousand open documents each are drawn from a seed;
for every situation (`situations/`) documents and payments are made as payers really behave, with
what is right written beside them. Each firm goes to the engine in one call, as the service does.

What is right is a list of answers. An answer is: how much of which document is paid (by the
payment and by credit memos together), the discount and write-off beside it, how much of which
credit memo is used, and what is left over. It may say that it must not be applied without asking
(`auto_ok` false): two invoices of one amount are both right as a proposal and wrong as a decision.
An answer without any document means: this pays nothing we know of.

One verdict a payment:

auto    applied by the engine, and exactly an answer that may be applied unasked
first   not applied, and the first suggestion is an answer; or nothing is offered, and the answer
        is that it pays nothing
top3    not applied, and the second or third suggestion is an answer; or something is offered for
        the money of a payer nobody knows, and the answer is that it pays nothing
missed  not applied, and no answer is among the first three suggestions
wrong   applied, and anything else. One of these is one too many.

readable: the payment carries a reference that a careful clerk would read, and that, with the
amount and the rules, settles what it pays.

auto_rate_referenced = auto of the readable; auto_rate = auto of all;
top3_rate = auto + first + top3 of all. Rates run from 0 to 1 in the JSON.
The file format: docs/reconciliation.md, "Corpus".
"""
