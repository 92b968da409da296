"""A light check of answers against an OpenAPI document: types, required fields, limits, patterns.

Not a JSON Schema validator: it knows the few words our own document uses, and an answer may not
hold a field the document does not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "boolean": (bool,),
    "null": (type(None),),
}  # fmt: skip


class Document:
    """One OpenAPI file."""

    def __init__(self, path: Path) -> None:
        self.data: dict[str, Any] = yaml.safe_load(path.read_text())

    def schema(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.data["components"]["schemas"][name]
        return found

    def resolved(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """The node with what it refers to; its own words win."""
        if "$ref" not in node:
            return dict(node)
        target: Any = self.data
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        own = {key: value for key, value in node.items() if key != "$ref"}
        return {**self.resolved(target), **own}

    def answer_schema(self, path: str, method: str, status: int) -> dict[str, Any]:
        answer = self.resolved(self.data["paths"][path][method]["responses"][str(status)])
        content = next(iter(answer["content"].values()))
        return self.resolved(content["schema"])

    def faults(self, value: Any, node: Mapping[str, Any], where: str = "$") -> Iterator[str]:
        """What is wrong with a value, one sentence each."""
        schema = self.resolved(node)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(fits(value, kind) for kind in kinds):
            yield f"{where} is {value!r}, not {kinds}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where} is {value!r}"
        if isinstance(value, str):
            yield from text_faults(value, schema, where)
        if isinstance(value, list):
            for place, item in enumerate(value):
                yield from self.faults(item, schema["items"], f"{where}[{place}]")
        if isinstance(value, dict):
            yield from self.object_faults(value, schema, where)

    def object_faults(
        self, value: Mapping[str, Any], schema: Mapping[str, Any], where: str
    ) -> Iterator[str]:
        properties = schema.get("properties", {})
        yield from (f"{where}.{n} is missing" for n in schema.get("required", []) if n not in value)
        yield from (f"{where}.{name} is not documented" for name in value if name not in properties)
        for name in value.keys() & properties.keys():
            yield from self.faults(value[name], properties[name], f"{where}.{name}")


def fits(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))


def text_faults(value: str, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{where} is longer than {schema['maxLength']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where} is {value!r}"
