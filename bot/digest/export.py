"""Digests and playlists as JSON, and digests as Markdown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.digest.content import DigestContent
from bot.library.cards import TrackCard
from bot.playlists.covers import title_of
from bot.playlists.formats import m3u8, plain, queue_link, stem
from bot.playlists.playlist import Entry, Playlist
from bot.suggestions.pick import Pick
from bot.suggestions.wording import ForMarkdown, ForTerminal, Wording, count, sharer_and_likes

JsonObject = dict[str, Any]


def track_json(card: TrackCard, wording: Wording) -> JsonObject:
    """A track; `score` is by how many likes it leads, `why` says who shared it and how many like it."""
    return {
        "id": card.id,
        "title": plain(card.title),
        "artist": plain(card.artist),
        "score": card.likes - card.dislikes,
        "why": sharer_and_likes(card, wording),
        "seconds": round(card.seconds, 1),
        "url": card.url,
        "message": card.first.jump(card.guild_id) if card.first else None,
    }


def pick_json(pick: Pick, wording: Wording) -> JsonObject:
    """A suggested track; `score` as Qdrant gave it, `percent` the match."""
    suggested = {"score": round(pick.score, 6), "why": pick.explain(wording), "percent": pick.percent}
    return track_json(pick.card, wording) | suggested


def digest_json(content: DigestContent, wording: Wording) -> JsonObject:
    """A digest; `results` are the week's tracks. What there is nothing to say about is null or empty."""
    playlist, outlier, sleeper = content.playlist, content.outlier, content.sleeper
    return {
        "guild": content.guild_id,
        "week": content.period,
        "since": content.since.isoformat(),
        "until": content.until.isoformat(),
        "headline": content.headline,
        "numbers": asdict(content.tally),
        "numbers_before": asdict(content.before) if content.before else None,
        "results": [
            track_json(card, wording) | {"why": _why(card, content, wording)} for card in content.tracks
        ],
        "loved": [track_json(card, wording) for card in content.loved],
        "divisive": track_json(content.divisive, wording) if content.divisive else None,
        "sleeper": _entry_json(sleeper, wording) if sleeper else None,
        "outlier": track_json(outlier.card, wording) | {"percent": outlier.percent} if outlier else None,
        "newcomers": [
            {"member": wording.person(each.user_id), "first": track_json(each.card, wording)}
            for each in content.newcomers
        ],
        "sharers": [
            {"member": wording.person(each.user_id), "likes": each.likes} for each in content.sharers
        ],
        "moved": content.moved,
        "pick": pick_json(content.pick, wording) if content.pick else None,
        "playlists": [playlist_json(each, wording) for each in content.playlists],
        "playlist": playlist_json(playlist, wording) if playlist else None,
    }


def playlist_json(playlist: Playlist, wording: Wording) -> JsonObject:
    """A playlist; `results` are its songs in playing order, `queue` opens those on YouTube."""
    return {
        "id": playlist.key,
        "name": plain(playlist.name),
        "kind": playlist.kind,
        "note": playlist.note,
        "queue": queue_link(playlist),
        "results": [_entry_json(entry, wording) for entry in playlist.entries],
    }


def sections(content: DigestContent, wording: Wording) -> dict[str, list[str]]:
    """A digest as text: headings with their lines; those with nothing to say are left out."""
    found = {
        f"Shared this {content.length} ({len(content.tracks)})": _songs(content.tracks, content, wording)
    }
    found["In numbers"] = content.compared
    found["Most loved"] = _songs(content.loved, content, wording)
    if divisive := content.divisive:
        (line,) = _songs([divisive], content, wording)
        found["Most divisive"] = [f"{line}, {count(divisive.dislikes, 'dislike')}"]
    if sleeper := content.sleeper:
        found["Sleeper of the week"] = [f"{wording.title(sleeper.card)} · {sleeper.explain(wording)}"]
    if outlier := content.outlier:
        alike = f"the nearest songs are {outlier.percent}% like it"
        found[f"Outlier of the {content.length}"] = [f"{wording.title(outlier.card)} · {alike}"]
    found["Newcomers' corner"] = [
        f"{wording.person(each.user_id)}: {wording.title(each.card)}" for each in content.newcomers
    ]
    found["Shared what people liked"] = [
        f"{wording.person(each.user_id)} ({count(each.likes, 'like')})" for each in content.sharers
    ]
    if pick := content.pick:
        found["Recommendation of the week"] = [f"{wording.title(pick.card)} · {pick.explain(wording)}"]
    for playlist in content.playlists:
        found[f"Playlist: {wording.text(title_of(playlist))}"] = _listed(playlist, wording)
    if around := content.playlist:
        found[f"Vibe playlist: {wording.text(around.name)}"] = _listed(around, wording)
    found["How the sound moved"] = [wording.text(content.moved)] if content.moved else []
    return {heading: lines for heading, lines in found.items() if lines}


def markdown(content: DigestContent, wording: Wording) -> str:
    """A digest as a Markdown file."""
    parts = [f"# {content.title}, {content.period}", content.headline]
    for heading, lines in sections(content, wording).items():
        bullets = [line if line[0].isdigit() else f"- {line}" for line in lines]
        parts += [f"## {heading}", "\n".join(bullets)]
    return "\n\n".join(parts) + "\n"


def write_digest(content: DigestContent, folder: Path, names: Mapping[int, str]) -> list[Path]:
    """Write a digest's files (JSON, Markdown and M3U8 of its playlists) into a folder; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "digest.json": json.dumps(digest_json(content, ForTerminal(names)), ensure_ascii=False, indent=2)
        + "\n",
        "digest.md": markdown(content, ForMarkdown(names)),
    }
    first = content.playlist or next(iter(content.playlists), None)
    if first:
        texts["playlist.m3u8"] = m3u8(first)
    texts |= {f"{stem(each)}.m3u8": m3u8(each) for each in content.playlists if each is not first}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _songs(cards: Sequence[TrackCard], content: DigestContent, wording: Wording) -> list[str]:
    lines = [(wording.title(card), _why(card, content, wording)) for card in cards]
    return [" · ".join(part for part in line if part) for line in lines]


def _why(card: TrackCard, content: DigestContent, wording: Wording) -> str:
    """Who shared it, how many like it, and who had shared it before."""
    first = content.first_sharer(card)
    parts = (
        sharer_and_likes(card, wording),
        f"first shared by {wording.person(first)}" if first is not None else "",
    )
    return ", ".join(part for part in parts if part)


def _listed(playlist: Playlist, wording: Wording) -> list[str]:
    return [f"{place}. {wording.title(card)}" for place, card in enumerate(playlist.cards, 1)]


def _entry_json(entry: Entry, wording: Wording) -> JsonObject:
    track = track_json(entry.card, wording)
    return track | {"why": entry.explain(wording) or track["why"]}
