"""Words the demo company is made of. Every name is invented; phones use the 555-01xx range."""

from __future__ import annotations

FAMILY = (
    "Abbott", "Alder", "Baker", "Barlow", "Benson", "Birch", "Caldwell", "Cedar", "Chandler",
    "Coleman", "Dalton", "Draper", "Eastman", "Ellis", "Fairbanks", "Fletcher", "Garner", "Glacier",
    "Granite", "Hadley", "Harbor", "Hawthorn", "Hollis", "Ironwood", "Jarvis", "Juniper", "Keller",
    "Lakeside", "Larkin", "Madrona", "Marlow", "Meridian", "Miller", "Norris", "Oakhurst",
    "Olympic", "Pacific", "Palmer", "Pioneer", "Prescott", "Quarry", "Ramsey", "Redwood", "Rigby",
    "Salmon Bay", "Sawyer", "Sierra", "Summit", "Tanner", "Timberline", "Turner", "Union",
    "Vance", "Wallace", "Westbrook", "Whitman", "Willow", "Yarrow", "Zephyr",
)  # fmt: skip
TRADES = (
    "Boat Works", "Builders", "Cabinetry", "Conveyor", "Controls", "Electric", "Equipment",
    "Fabrication", "Fasteners", "Fisheries", "Foundry", "Freight", "Hydraulics", "Lumber",
    "Machine", "Marine", "Mechanical", "Millwork", "Packaging", "Pipe & Valve", "Plastics",
    "Plumbing", "Pump", "Refrigeration", "Roofing", "Seafoods", "Sheet Metal", "Steel", "Supply",
    "Tool & Die", "Towing", "Welding",
)  # fmt: skip
FORMS = ("Inc", "LLC", "Co", "Corp", "Ltd", "& Sons", "Group")
GIVEN = (
    "Alice", "Ben", "Carla", "Daniel", "Elena", "Frank", "Grace", "Hector", "Irene", "James",
    "Karen", "Luis", "Maria", "Nathan", "Olivia", "Paul", "Rosa", "Samuel", "Teresa", "Victor",
)  # fmt: skip
STREETS = (
    "Alaskan Way", "Commerce St", "Cedar Ave", "Dock St", "Fourth Ave S", "Harbor Blvd",
    "Industrial Pkwy", "Mill Rd", "Port Way", "Railroad Ave", "Terminal Rd", "Water St",
)  # fmt: skip
CITIES = (
    ("Seattle", "WA", "98134"), ("Tacoma", "WA", "98421"), ("Everett", "WA", "98201"),
    ("Spokane", "WA", "99202"), ("Portland", "OR", "97210"), ("Eugene", "OR", "97402"),
    ("Salem", "OR", "97301"), ("Boise", "ID", "83702"), ("Sacramento", "CA", "95811"),
    ("Oakland", "CA", "94607"), ("Reno", "NV", "89502"), ("Anchorage", "AK", "99501"),
    ("Denver", "CO", "80216"), ("Salt Lake City", "UT", "84104"), ("Phoenix", "AZ", "85009"),
)  # fmt: skip
CANADIAN_CITIES = (("Vancouver", "BC", "V5L1A1"), ("Victoria", "BC", "V8W1B2"))
