"""Checks request bodies against Discord's own OpenAPI document.

https://github.com/discord/discord-api-spec. `jsonschema` is a development dependency, imported only when a document
is given.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from discord_sandbox.rules.errors import BodyErrors, Json, SandboxError

SCHEMAS = "#/components/schemas/"
OR_INTEGER = {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$"}


class Schema:
    """Discord's document, ready to check bodies; a validator is built when its route is first used."""

    def __init__(self, path: Path) -> None:
        try:
            from jsonschema import Draft202012Validator, validators
        except ImportError as error:
            raise SandboxError(
                "Checking against Discord's OpenAPI document needs jsonschema: pip install 'earworm[dev]'"
            ) from error
        self._document: Json = json.loads(path.read_text(encoding="utf-8"))
        self._components: Json = self._document["components"]["schemas"]
        # discord.py sends integers in four places where the document wants strings; Discord takes both.
        self._components["SnowflakeType"] |= OR_INTEGER
        keywords = {"oneOf": self._union, "anyOf": self._union, "$ref": self._reference}
        self._factory: Any = validators.extend(Draft202012Validator, keywords)
        self._validators: dict[tuple[str, str], Any] = {}
        self._branches: dict[int, dict[Any, Json]] = {}

    def check(self, method: str, route: str, body: Any, form: BodyErrors) -> None:
        """Add an error wherever a body doesn't fit its route's schema; routes that the document lacks pass."""
        validator = self._validator(method, route)
        if validator is None:
            return
        for error in validator.iter_errors(body):
            form.add(list(error.absolute_path), f"SCHEMA_{error.validator.upper()}", error.message)

    def _validator(self, method: str, route: str) -> Any:
        key = (method, route)
        if key not in self._validators:
            operation = self._document["paths"].get(route, {}).get(method.lower(), {})
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            self._validators[key] = self._factory(schema) if schema else None
        return self._validators[key]

    def _reference(self, validator: Any, ref: str, instance: Any, _schema: Json) -> Iterator[Any]:
        """Follow a reference; they all lead to a named schema, so no URI needs resolving."""
        yield from validator.descend(instance, self._components[ref.removeprefix(SCHEMAS)])

    def _union(self, validator: Any, branches: list[Json], instance: Any, _schema: Json) -> Iterator[Any]:
        """The errors of the one branch that is meant: by `type` where each has its own, else any that fits.

        Much quicker than trying every branch, and it says what is wrong instead of listing them all.
        """
        candidates = [branch for branch in branches if branch.get("type") != "null"]
        if instance is None and len(candidates) < len(branches):
            return
        if len(candidates) == 1:
            yield from validator.descend(instance, candidates[0])
            return
        if all("const" in branch for branch in candidates):
            yield from validator.descend(instance, {"enum": [branch["const"] for branch in candidates]})
            return
        by_type = self._by_type(branches)
        if by_type and isinstance(instance, dict):
            branch = by_type.get(instance.get("type"))
            if branch is None:
                yield from validator.descend(instance, {"properties": {"type": {"enum": list(by_type)}}})
            else:
                yield from validator.descend(instance, branch)
            return
        failures = [list(validator.descend(instance, branch)) for branch in candidates]
        if all(failures):
            yield from min(failures, key=len)

    def _by_type(self, branches: list[Json]) -> dict[Any, Json]:
        if id(branches) not in self._branches:
            found: dict[Any, Json] = {}
            for branch in branches:
                name = branch.get("$ref", "").removeprefix(SCHEMAS)
                kinds = self._components.get(name, {}).get("properties", {}).get("type", {}).get("enum", [])
                found |= dict.fromkeys(kinds, branch)
            covered = {id(branch) for branch in found.values()}
            self._branches[id(branches)] = found if len(covered) == len(branches) else {}
        return self._branches[id(branches)]
