"""Why a planned receipt waits although nothing is wrong with it. Anything else is a Reason."""

#: Held for good, until a person says otherwise: the only wait that does not pass by itself.
BY_STAFF = "by_staff"
#: What each wait means, for people.
WAITS = {
    "shadow": "The company is in shadow mode: nothing is sent.",
    BY_STAFF: "The staff entered it in Sage 500 by hand, or may have: see Shadow mode.",
    "proposal": "A person has to release it.",
    "not_settled": "It is sent once the gateway has settled the payment.",
    "period_closed": "The fiscal period of its date is closed for AR.",
}
