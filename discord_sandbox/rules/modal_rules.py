"""Modals: what Discord refuses in one, and what a client sends for one that was filled in."""

from collections.abc import Mapping
from typing import Any

from discord_sandbox.rules.component_rules import LABEL, ROW, SELECTS, TEXT, TEXT_INPUT, walk
from discord_sandbox.rules.errors import BodyErrors, Json, SandboxError


def check_modal(modal: Json) -> None:
    """Refuse what Discord refuses. Raises 50035."""
    form = BodyErrors()
    form.unknown_keys(["data"], modal, frozenset({"custom_id", "title", "components", "flags"}))
    form.too_long(["data", "title"], modal.get("title") or "", 45, 1)
    form.too_long(["data", "custom_id"], modal.get("custom_id") or "", 100, 1)
    form.too_long(["data", "components"], modal.get("components") or [], 5, 1)
    for index, component in enumerate(modal.get("components") or []):
        if component.get("type") not in (ROW, LABEL, TEXT):
            message = f'Value of field "type" must be one of {(ROW, TEXT, LABEL)}.'
            form.add(["data", "components", index, "type"], "UNION_TYPE_CHOICES", message)
    fields = [c["custom_id"] for c in walk(modal.get("components")) if c.get("custom_id")]
    if len(set(fields)) < len(fields):
        message = "Component custom id cannot be duplicated"
        form.add(["data", "components"], "COMPONENT_CUSTOM_ID_DUPLICATED", message)
    form.raise_if_any()


def filled(modal: Json, values: Mapping[str, Any]) -> Json:
    """What a member's client sends for a modal that was filled in, by custom id.

    Raises SandboxError for an unknown field or a required one left empty.
    """
    fields = {c["custom_id"]: c for c in walk(modal["components"]) if c.get("custom_id")}
    if unknown := values.keys() - fields.keys():
        raise SandboxError(f"The modal has no field {sorted(unknown)}; it has {sorted(fields)}.")
    for name, about in fields.items():
        if about.get("required", True) and not values.get(name, about.get("value")):
            raise SandboxError(f"The field {name!r} is required.")
    components = [_filled(component, values) for component in modal["components"]]
    return {"custom_id": modal["custom_id"], "components": components}


def _filled(component: Json, values: Mapping[str, Any]) -> Json:
    kind = component["type"]
    answer: Json = {"type": kind, "id": component.get("id", 0)}
    if kind == ROW:
        return answer | {"components": [_filled(child, values) for child in component["components"]]}
    if kind == LABEL:
        return answer | {"component": _filled(component["component"], values)}
    if kind == TEXT:
        return answer | {"content": component["content"]}
    name = component["custom_id"]
    if kind == TEXT_INPUT:
        return answer | {"custom_id": name, "value": values.get(name, component.get("value") or "")}
    key = "values" if kind in SELECTS else "value"
    return answer | {"custom_id": name, key: values.get(name, [])}
