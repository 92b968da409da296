"""The tables of codes.py: brand, category, code, title."""

from __future__ import annotations

VISA = {
    "fraud": {
        "10.1": "EMV liability shift: counterfeit fraud",
        "10.2": "EMV liability shift: non-counterfeit fraud",
        "10.3": "Other fraud: card present",
        "10.4": "Other fraud: card absent",
        "10.5": "Visa fraud monitoring program",
    },
    "authorization": {
        "11.1": "Card recovery bulletin",
        "11.2": "Declined authorization",
        "11.3": "No authorization",
    },
    "processing_error": {
        "12.1": "Late presentment",
        "12.2": "Incorrect transaction code",
        "12.3": "Incorrect currency",
        "12.4": "Incorrect account number",
        "12.5": "Incorrect amount",
        "12.6": "Duplicate processing or paid by other means",
        "12.6.1": "Duplicate processing",
        "12.6.2": "Paid by other means",
        "12.7": "Invalid data",
    },
    "consumer_dispute": {
        "13.1": "Merchandise or services not received",
        "13.2": "Cancelled recurring transaction",
        "13.3": "Not as described, or defective",
        "13.4": "Counterfeit merchandise",
        "13.5": "Misrepresentation",
        "13.6": "Credit not processed",
        "13.7": "Cancelled merchandise or services",
        "13.8": "Original credit transaction not accepted",
        "13.9": "Non-receipt of cash or load transaction value",
    },
}

MASTERCARD = {
    "fraud": {
        "4837": "No cardholder authorization",
        "4849": "Questionable merchant activity",
        "4870": "Chip liability shift",
        "4871": "Chip liability shift: lost, stolen or never received",
    },
    "authorization": {"4808": "Authorization-related chargeback"},
    "processing_error": {"4834": "Point-of-interaction error"},
    "consumer_dispute": {
        "4850": "Installment billing dispute",
        "4853": "Cardholder dispute",
    },
}

#: Folded into the codes above; old cases and some processors still name them.
MASTERCARD_RETIRED = {
    "fraud": {
        "4840": "Fraudulent processing of transactions",
        "4863": "Cardholder does not recognize: potential fraud",
    },
    "authorization": {
        "4807": "Warning bulletin file",
        "4812": "Account number not on file",
    },
    "processing_error": {
        "4831": "Transaction amount differs",
        "4842": "Late presentment",
        "4846": "Correct transaction currency code not provided",
    },
    "consumer_dispute": {
        "4841": "Cancelled recurring or digital goods transactions",
        "4854": "Cardholder dispute, not classified elsewhere (US)",
        "4855": "Goods or services not provided",
        "4859": "Addendum, no-show, or ATM dispute",
        "4860": "Credit not processed",
    },
}

AMEX = {
    "fraud": {
        "F10": "Missing imprint",
        "F14": "Missing signature",
        "F24": "No card member authorization",
        "F29": "Card not present",
        "F30": "EMV counterfeit",
        "F31": "EMV lost, stolen, or never received",
        "FR2": "Fraud full recourse program",
    },
    "authorization": {
        "A01": "Charge amount exceeds authorization amount",
        "A02": "No valid authorization",
        "A08": "Authorization approval expired",
    },
    "processing_error": {
        "P01": "Unassigned card number",
        "P03": "Credit processed as charge",
        "P04": "Charge processed as credit",
        "P05": "Incorrect charge amount",
        "P07": "Late submission",
        "P08": "Duplicate charge",
        "P22": "Non-matching card number",
        "P23": "Currency discrepancy",
    },
    "consumer_dispute": {
        "C02": "Credit not processed",
        "C04": "Goods or services returned or refused",
        "C05": "Goods or services cancelled",
        "C08": "Goods or services not received, or only partly",
        "C14": "Paid by other means",
        "C18": "No show, or deposit cancelled",
        "C28": "Cancelled recurring billing",
        "C31": "Goods or services not as described",
        "C32": "Goods or services damaged or defective",
        "M10": "Vehicle rental: capital damages",
        "M49": "Vehicle rental: theft or loss of use",
    },
    "other": {
        "FR4": "Immediate chargeback program",
        "FR6": "Partial immediate chargeback program",
        "M01": "Chargeback authorization",
        "R03": "Insufficient reply to an inquiry",
        "R13": "No reply to an inquiry",
    },
}

DISCOVER = {
    "fraud": {
        "UA01": "Fraud: card present",
        "UA02": "Fraud: card not present",
        "UA05": "Fraud: counterfeit chip",
        "UA06": "Fraud: chip and PIN",
        "AA": "Does not recognize",
    },
    "authorization": {
        "AT": "Authorization non-compliance",
        "DA": "Declined authorization",
        "EX": "Expired card",
        "NA": "No authorization",
    },
    "processing_error": {
        "AW": "Altered amount",
        "CD": "Credit or debit posted incorrectly",
        "DP": "Duplicate processing",
        "IN": "Invalid card number",
        "LP": "Late presentment",
        "PM": "Paid by other means",
    },
    "consumer_dispute": {
        "AP": "Cancelled recurring payment",
        "NF": "Non-receipt of cash from an ATM",
        "RG": "Goods or services not received",
        "RM": "Quality of goods or services",
        "RN2": "Credit not processed",
    },
}

#: Discover's numbers, beside the letters with the same title.
DISCOVER_NUMBERS = {
    "4534": "DP",
    "4541": "AP",
    "4542": "LP",
    "4550": "CD",
    "4553": "RM",
    "4586": "AW",
    "4752": "AA",
    "4753": "IN",
    "4755": "RG",
    "4863": "AT",
    "4864": "NF",
    "4865": "PM",
    "4866": "UA05",
    "4867": "UA06",
    "7010": "UA01",
    "7030": "UA02",
    "8002": "RN2",
}
