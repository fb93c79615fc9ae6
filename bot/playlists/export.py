"""Digests and playlists as JSON, and digests as Markdown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.library.cards import TrackCard
from bot.playlists.content import DigestContent
from bot.playlists.formats import m3u8, plain, queue_link
from bot.playlists.playlist import Entry, Playlist
from bot.taste.explain import ForMarkdown, ForTerminal, Wording, standing
from bot.taste.recommend import Pick

Json = dict[str, Any]


def track_json(card: TrackCard, wording: Wording) -> Json:
    """A track; `score` is by how many likes it leads, `why` says who shared it and how many like it."""
    return {
        "id": card.id,
        "title": plain(card.title),
        "artist": plain(card.artist),
        "score": card.likes - card.dislikes,
        "why": standing(card, wording),
        "seconds": round(card.seconds, 1),
        "url": card.url,
        "message": card.first.jump(card.guild_id) if card.first else None,
    }


def pick_json(pick: Pick, wording: Wording) -> Json:
    """A suggested track; `score` as Qdrant gave it, `percent` the match."""
    suggested = {"score": round(pick.score, 6), "why": pick.explain(wording), "percent": pick.percent}
    return track_json(pick.card, wording) | suggested


def digest_json(content: DigestContent, wording: Wording) -> Json:
    """A digest; `results` are the week's tracks."""
    playlist = content.playlist
    return {
        "guild": content.guild_id,
        "week": content.week,
        "since": content.since.isoformat(),
        "until": content.until.isoformat(),
        "headline": content.headline,
        "results": [track_json(card, wording) for card in content.tracks],
        "loved": [track_json(card, wording) for card in content.loved],
        "pick": pick_json(content.pick, wording) if content.pick else None,
        "playlist": playlist_json(playlist, wording) if playlist else None,
    }


def playlist_json(playlist: Playlist, wording: Wording) -> Json:
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
    week, loved = ([_song(card, wording) for card in cards] for cards in (content.tracks, content.loved))
    found = {f"Shared this week ({len(week)})": week, "Most loved": loved}
    if pick := content.pick:
        found["Recommendation of the week"] = [f"{wording.title(pick.card)} · {pick.explain(wording)}"]
    if playlist := content.playlist:
        songs = [f"{place}. {wording.title(card)}" for place, card in enumerate(playlist.cards, 1)]
        found[f"Vibe playlist: {wording.text(playlist.name)}"] = songs
    return {heading: lines for heading, lines in found.items() if lines}


def markdown(content: DigestContent, wording: Wording) -> str:
    """A digest as a Markdown file."""
    parts = [f"# The week in music, {content.week}", content.headline]
    for heading, lines in sections(content, wording).items():
        bullets = [line if line[0].isdigit() else f"- {line}" for line in lines]
        parts += [f"## {heading}", "\n".join(bullets)]
    return "\n\n".join(parts) + "\n"


def write_digest(content: DigestContent, folder: Path, names: Mapping[int, str]) -> list[Path]:
    """Write a digest's files (JSON, Markdown and, if it has a playlist, M3U8) into a folder; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "digest.json": json.dumps(digest_json(content, ForTerminal(names)), ensure_ascii=False, indent=2)
        + "\n",
        "digest.md": markdown(content, ForMarkdown(names)),
    }
    if content.playlist:
        texts["playlist.m3u8"] = m3u8(content.playlist)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _song(card: TrackCard, wording: Wording) -> str:
    return " · ".join(part for part in (wording.title(card), standing(card, wording)) if part)


def _entry_json(entry: Entry, wording: Wording) -> Json:
    track = track_json(entry.card, wording)
    return track | {"why": entry.explain(wording) or track["why"]}
