"""Turns a request's body into a message draft or an edit, or raises the error that Discord would answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from discord_sandbox.rules.errors import ApiError, BodyErrors, Json
from discord_sandbox.rules.message_flags import COMPONENTS_V2
from discord_sandbox.rules.message_rules import EDIT_KEYS, check_message, is_empty
from discord_sandbox.world.cdn import clean_name
from discord_sandbox.world.messages import MessageDraft, Upload
from discord_sandbox.world.model import Message

Uploads = Mapping[int, Upload]


def described(uploads: Uploads, body: Json) -> list[Upload]:
    """The files with the names and descriptions that `attachments` gives them."""
    about = {str(a.get("id")): a for a in body.get("attachments") or []}
    files = []
    for number, upload in uploads.items():
        entry = about.get(str(number), {})
        name = entry.get("filename") or upload.name
        files.append(replace(upload, name=name, description=entry.get("description")))
    return files


def to_draft(body: Json, uploads: Uploads, *, known: frozenset[str]) -> MessageDraft:
    """A new message. Raises 50006 and 50035."""
    files = described(uploads, body)
    form = BodyErrors()
    names = [clean_name(file.name) for file in files]
    check_message(body, form, known=known, file_names=names, v2=False)
    form.too_long(["files"], files, 10)
    form.raise_if_any()
    if is_empty(body) and not files:
        raise ApiError.known(50006)
    return MessageDraft(
        content=body.get("content") or "",
        embeds=body.get("embeds") or (),
        components=body.get("components") or (),
        uploads=files,
        flags=body.get("flags") or 0,
        mentioned=body.get("allowed_mentions"),
        tts=bool(body.get("tts")),
    )


def check_edit(
    message: Message, body: Json, uploads: Uploads, *, known: frozenset[str] = EDIT_KEYS
) -> Sequence[Upload]:
    """The new files of an edit. Raises 50006 and 50035 for one that Discord refuses."""
    files = described(uploads, body)
    kept = {str(a["id"]) for a in body["attachments"]} if body.get("attachments") else None
    old = [a.name for a in message.attachments if kept is None or str(a.id) in kept]
    form = BodyErrors()
    names = [*old, *(clean_name(file.name) for file in files)]
    check_message(body, form, known=known, file_names=names, v2=message.is_v2)
    if (body.get("flags") or 0) & COMPONENTS_V2 and not message.is_v2:
        _check_nothing_legacy_stays(message, body, form)
    form.raise_if_any()
    after = {key: body[key] if key in body else getattr(message, key) for key in ("content", "embeds")}
    after["components"] = body.get("components", message.components)
    if is_empty(after) and not names:
        raise ApiError.known(50006)
    return files


def _check_nothing_legacy_stays(message: Message, body: Json, form: BodyErrors) -> None:
    stays = (message.content and "content" not in body) or (message.embeds and "embeds" not in body)
    if stays:
        code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
        form.add(["flags"], code, "Content and embeds must be taken away first.")
