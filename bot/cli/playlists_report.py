"""The report of `earworm playlists`, as text and as JSON, and its playlist files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.digest.export import playlist_json
from bot.playlists import formats
from bot.playlists.music import VisibleVibes
from bot.playlists.playlist import NO_PLAYLISTS, Playlist
from bot.playlists.service import PastPlaylist
from bot.suggestions.wording import ForTerminal, sharer_and_likes


def write(playlists: Sequence[Playlist], folder: Path) -> list[Path]:
    """Every playlist in every format, into a folder; the files."""
    written: list[Path] = []
    for playlist in playlists:
        written += formats.write(playlist, folder, frozenset(path.stem for path in written))
    return written


def document(
    guild_id: int,
    found: VisibleVibes,
    playlists: Sequence[Playlist],
    past: Sequence[PastPlaylist],
    files: Sequence[Path],
    wording: ForTerminal,
) -> dict[str, Any]:
    """For a program."""
    results = [playlist_json(playlist, wording) for playlist in playlists]
    for result, each in zip(results, past, strict=False):
        result |= {"number": each.id, "week": each.week, "pinned": each.pinned}
    return {
        "guild": guild_id,
        "note": found.note,
        "missing": found.missing,
        "vibes": [
            {"id": vibe.id, "name": vibe.name, "named": vibe.named, "tracks": sorted(vibe.track_ids)}
            for vibe in found.vibes
        ],
        "results": results,
        "files": [str(path) for path in files],
    }


def text(
    found: VisibleVibes,
    playlists: Sequence[Playlist],
    past: Sequence[PastPlaylist],
    files: Sequence[Path],
    wording: ForTerminal,
) -> str:
    """For a person."""
    lines = [found.note] if found.note else []
    lines += [f"vibe {vibe.id}: {vibe.name} ({len(vibe.track_ids)} songs)" for vibe in found.vibes]
    for number, playlist in enumerate(playlists):
        when = f"{past[number].id}. {past[number].week} " if past else ""
        pinned = " (pinned)" if past and past[number].pinned else ""
        lines += ["", f"{when}{wording.text(playlist.name)}{pinned}", *_songs(playlist, wording)]
    if not playlists:
        lines += ["", NO_PLAYLISTS]
    if files:
        lines += ["", f"{len(files)} files are in {files[0].parent}"]
    return "\n".join(lines)


def _songs(playlist: Playlist, wording: ForTerminal) -> list[str]:
    lines = [f"   ({playlist.note})"] if playlist.note else []
    for place, entry in enumerate(playlist.entries, 1):
        minutes, seconds = divmod(round(entry.card.seconds), 60)
        why = entry.explain(wording) or sharer_and_likes(entry.card, wording)
        lines.append(
            f"{place:3}. {wording.text(entry.card.label)} ({minutes}:{seconds:02}), track {entry.card.id}"
        )
        lines += [f"       {why}"] if why else []
    if link := formats.queue_link(playlist):
        lines.append(f"     {link}")
    return lines
