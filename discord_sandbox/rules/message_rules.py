"""What Discord refuses in a message's body beyond its schema: lengths, totals, unknown keys, empty messages."""

from collections.abc import Collection

from discord_sandbox.rules.component_rules import check_components, check_media
from discord_sandbox.rules.errors import BodyErrors, Json, keys
from discord_sandbox.rules.message_flags import (
    COMPONENTS_V2,
    EPHEMERAL,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    VOICE_MESSAGE,
)

CONTENT_LIMIT, EMBED_TOTAL, EMBED_COUNT, FILE_COUNT, NONCE_LIMIT = 2000, 6000, 10, 10, 25

CREATE_KEYS = keys(
    "content nonce tts embeds allowed_mentions message_reference components sticker_ids attachments flags "
    "enforce_nonce poll payload_json"
)
EDIT_KEYS = keys("content embeds flags allowed_mentions components attachments sticker_ids tts")
WEBHOOK_KEYS = keys(
    "content username avatar_url tts embeds allowed_mentions components attachments flags thread_name "
    "applied_tags poll"
)
CALLBACK_KEYS = keys("tts content embeds allowed_mentions flags components attachments poll")

EMBED_KEYS = keys(
    "title type description url timestamp color footer image thumbnail video provider author fields flags"
)
FIELD_KEYS = frozenset({"name", "value", "inline"})
MENTION_KEYS = frozenset({"parse", "roles", "users", "replied_user"})
ATTACHMENT_KEYS = keys(
    "id filename title description duration_secs waveform is_spoiler content_type size url proxy_url height "
    "width ephemeral flags spoiler"
)
FLAGS_TO_SET = SUPPRESS_EMBEDS | EPHEMERAL | SUPPRESS_NOTIFICATIONS | VOICE_MESSAGE | COMPONENTS_V2

EMBED_LENGTHS = {"title": 256, "description": 4096}
EMBED_NESTED_LENGTHS = {("footer", "text"): 2048, ("author", "name"): 256}


def check_message(
    body: Json, form: BodyErrors, *, known: frozenset[str], file_names: Collection[str], v2: bool
) -> None:
    """Add an error for everything that Discord refuses in a message's body; `v2`: it has that flag already."""
    form.unknown_keys([], body, known)
    form.too_long(["content"], body.get("content"), CONTENT_LIMIT)
    form.too_long(["nonce"], str(body.get("nonce") or ""), NONCE_LIMIT)
    flags = body.get("flags") or 0
    if flags & ~FLAGS_TO_SET:
        form.add(["flags"], "MESSAGE_FLAGS_INVALID", "These flags can't be set.")
    v2 = v2 or bool(flags & COMPONENTS_V2)
    if v2 and (body.get("content") or body.get("embeds") or body.get("poll")):
        code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
        form.add(["flags"], code, "The content, embeds and poll fields cannot be used with Components V2.")
    _check_embeds(body.get("embeds") or [], form, file_names)
    check_components(body.get("components") or [], form, v2=v2, file_names=file_names)
    _check_attachments(body.get("attachments") or [], form)
    _check_mentions(body.get("allowed_mentions") or {}, form)


def _check_mentions(allowed: Json, form: BodyErrors) -> None:
    form.unknown_keys(["allowed_mentions"], allowed, MENTION_KEYS)
    for kind in ("users", "roles"):
        form.too_long(["allowed_mentions", kind], allowed.get(kind), 100)
        if kind in (allowed.get("parse") or ()) and allowed.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.add(["allowed_mentions"], "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def is_empty(body: Json) -> bool:
    """Whether such a message would have no visible content."""
    content = (body.get("content") or "").strip()
    return not (content or any(body.get(key) for key in ("embeds", "components", "sticker_ids", "poll")))


def _check_embeds(embeds: list[Json], form: BodyErrors, file_names: Collection[str]) -> None:
    form.too_long(["embeds"], embeds, EMBED_COUNT)
    for index, embed in enumerate(embeds):
        _check_embed(embed, form, ["embeds", index], file_names)
    if sum(_embed_length(embed) for embed in embeds) > EMBED_TOTAL:
        message = f"Embed size exceeds maximum size of {EMBED_TOTAL}"
        form.add(["embeds"], "MAX_EMBED_SIZE_EXCEEDED", message)


def _check_embed(embed: Json, form: BodyErrors, path: list[str | int], file_names: Collection[str]) -> None:
    form.unknown_keys(path, embed, EMBED_KEYS)
    for key, limit in EMBED_LENGTHS.items():
        form.too_long([*path, key], embed.get(key), limit)
    for (outer, inner), limit in EMBED_NESTED_LENGTHS.items():
        form.too_long([*path, outer, inner], (embed.get(outer) or {}).get(inner), limit)
    form.too_long([*path, "fields"], embed.get("fields"), 25)
    for index, item in enumerate(embed.get("fields") or []):
        here = [*path, "fields", index]
        form.unknown_keys(here, item, FIELD_KEYS)
        for key, limit in (("name", 256), ("value", 1024)):
            if item.get(key):
                form.too_long([*here, key], item[key], limit)
            else:
                form.missing([*here, key])
    for key in ("image", "thumbnail"):
        check_media((embed.get(key) or {}).get("url"), form, [*path, key, "url"], file_names)
    if url := embed.get("url"):
        check_media(url, form, [*path, "url"], ())


def _embed_length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get(outer) or {}).get(inner) for outer, inner in EMBED_NESTED_LENGTHS]
    texts += [text for item in embed.get("fields") or [] for text in (item.get("name"), item.get("value"))]
    return sum(len(text) for text in texts if text)


def _check_attachments(attachments: list[Json], form: BodyErrors) -> None:
    form.too_long(["attachments"], attachments, FILE_COUNT)
    for index, attachment in enumerate(attachments):
        form.unknown_keys(["attachments", index], attachment, ATTACHMENT_KEYS)
        form.too_long(["attachments", index, "description"], attachment.get("description"), 1024)
