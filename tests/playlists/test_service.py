"""Vibes and playlists of a server, from week to week and for different audiences.

The modules that the service is made of are tested through it: reader, records and music.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, update

from bot.errors import NotAllowed, NotFound
from bot.playlists.kinds import FORGOTTEN_AFTER
from bot.playlists.playlist import Playlist, PlaylistKind
from bot.playlists.vibe_names import is_same_name
from bot.playlists.vibes import MIN_SONGS
from bot.privacy.export import MemberExport
from bot.privacy.forget import MemberErasure
from bot.vectors.points import load_points
from models import Guild, Share, Source, Track, TrackVector, VibeRecord
from tests.support.library import ANA, BEN, CLEO, GUILD, HIDDEN, INFOS, PUBLIC, START, add_track
from tests.support.scene import DISLIKE, LIKE, Scene

WEEK = timedelta(days=7)
NOW = START + timedelta(days=1)
HERE = frozenset({PUBLIC})
CALM = {"tempo": 70.0, "loudness": -24.0, "brightness": 500.0, "key": "A minor"}
WILD = {"tempo": 150.0, "loudness": -8.0, "brightness": 2500.0, "key": "C major"}
PLAYED = {
    "calm": (0, CALM, "ambient"),
    "wild": (1, WILD, "punk"),
    "odd": (2, WILD | {"tempo": 100.0}, "jazz"),
}


async def add_songs(
    scene: Scene, kind: str, count: int, *, first: int = 0, channel: int = PUBLIC, at: datetime = START
) -> list[int]:
    """Songs that sound alike, each by another artist; their ids."""
    direction, features, genre = PLAYED[kind]
    random = np.random.default_rng(direction * 1000 + first)
    tracks = [
        Track(guild_id=GUILD, seconds=200.0, created_at=START, features=features, tags={genre: 0.9})
        for _ in range(count)
    ]
    async with scene.store.begin() as session:
        await session.execute(scene.store.insert(Guild).values(id=GUILD).on_conflict_do_nothing())
        session.add_all(tracks)
        await session.flush()
        for number, track in enumerate(tracks, first):
            sounds = np.eye(4, dtype=np.float32)[direction] + 0.12 * random.normal(size=4).astype(np.float32)
            session.add(TrackVector(track_id=track.id, name=INFOS[0].vector_name, data=sounds.tobytes()))
            session.add(shared(track, f"{kind} {number}", f"{kind} artist {number}", channel, at))
    ids = [track.id for track in tracks]
    async with scene.store.session() as session:
        points = await load_points(session, GUILD, Track.id.in_(ids))
    await scene.vectors.put_all(GUILD, points)
    return ids


def shared(track: Track, title: str, artist: str, channel: int, at: datetime) -> Share:
    """Ana's share of a track."""
    message = 7000 + track.id
    source = Source(guild_id=GUILD, track=track, key=f"discord:{message}", url="", title=title, artist=artist)
    return Share(
        message_id=message,
        track=track,
        guild_id=GUILD,
        channel_id=channel,
        user_id=ANA,
        url="",
        shared_at=at,
        source=source,
    )


async def describe(scene: Scene, ids: Sequence[int], features: Mapping, tags: Mapping) -> None:
    async with scene.store.begin() as session:
        await session.execute(update(Track).where(Track.id.in_(ids)).values(features=features, tags=tags))


async def remove(scene: Scene, track_id: int) -> None:
    share = (await scene.catalog.card(GUILD, track_id, None)).first
    await scene.refresher.drop_share(GUILD, share.message_id, track_id)


async def fill(scene: Scene) -> dict[str, list[int]]:
    """Eight songs each of two kinds."""
    return {kind: await add_songs(scene, kind, 8) for kind in ("calm", "wild")}


def track_ids(playlist) -> set[int]:
    return {card.id for card in playlist.cards}


async def weekly(scene: Scene, channels=None, now: datetime = NOW) -> dict[str, Playlist]:
    return {playlist.key: playlist for playlist in await scene.playlists.weekly(GUILD, channels, now=now)}


# -- vibes -------------------------------------------------------------------------------------------------


async def test_the_vibes_of_a_server_with_names_of_their_own(scene):
    ids = await fill(scene)
    found = await scene.playlists.vibes(GUILD, None, now=NOW)
    assert {vibe.name: set(vibe.track_ids) for vibe in found.vibes} == {
        "late-night slow · ambient · 70 bpm": set(ids["calm"]),
        "full throttle · punk · 150 bpm": set(ids["wild"]),
    }
    assert (found.missing, found.note) == (0, "")


@pytest.mark.parametrize(
    ("songs", "note"), [(0, "16 more songs"), (4, "12 more songs"), (MIN_SONGS - 1, "1 more song")]
)
async def test_too_few_songs_are_told_how_many_it_takes(scene, songs, note):
    if songs:
        await add_songs(scene, "calm", songs)
    found = await scene.playlists.vibes(GUILD, None, now=NOW)
    assert (found.vibes, found.note) == ((), f"{note} until vibes.")


async def test_songs_nobody_listened_to_yet_do_not_count(scene):
    await add_songs(scene, "calm", MIN_SONGS - 1)
    await add_track(scene.store, "unheard")
    assert (await scene.playlists.vibes(GUILD, None, now=NOW)).missing == 1


async def test_a_vibe_keeps_its_identity_and_name_while_most_of_its_songs_stay(scene):
    ids = await fill(scene)
    before = {vibe.name: vibe for vibe in (await scene.playlists.vibes(GUILD, None, now=NOW)).vibes}
    for track_id in ids["calm"][:3]:
        await remove(scene, track_id)
    await add_songs(scene, "calm", 3, first=20)
    await add_songs(scene, "odd", 6)
    await describe(scene, ids["calm"], WILD, {"polka": 0.9})
    after = {vibe.name: vibe for vibe in (await scene.playlists.vibes(GUILD, None, now=NOW + WEEK)).vibes}
    assert len(after) == 3
    for name, vibe in before.items():
        assert after[name].id == vibe.id
    assert not set(ids["calm"][:3]) & after["late-night slow · ambient · 70 bpm"].track_ids


async def test_songs_that_came_in_since_are_in_a_vibe_at_once(scene):
    await fill(scene)
    await scene.playlists.vibes(GUILD, None, now=NOW)
    (new,) = await add_songs(scene, "wild", 1, first=30)
    async with scene.store.begin() as session:
        await session.execute(
            update(Track).where(Track.id == new).values(created_at=NOW + timedelta(hours=1))
        )
    found = await scene.playlists.vibes(GUILD, None, now=NOW + timedelta(hours=2))
    assert any(new in vibe.track_ids for vibe in found.vibes)


async def test_no_vibe_takes_the_name_of_one_that_may_come_together_again(scene):
    ids = await fill(scene)
    await scene.playlists.vibes(GUILD, None, now=NOW)
    for track_id in ids["calm"]:
        await remove(scene, track_id)
    await describe(scene, await add_songs(scene, "odd", 8), CALM, {"ambient": 0.9})
    after = (await scene.playlists.vibes(GUILD, None, now=NOW + WEEK)).vibes
    (new,) = (vibe.name for vibe in after if "ambient" in vibe.name)
    assert not is_same_name(new, "late-night slow · ambient · 70 bpm")


async def test_two_who_ask_at_once_find_the_same_vibes(scene):
    await fill(scene)
    one, other = await asyncio.gather(*(scene.playlists.vibes(GUILD, None, now=NOW) for _ in range(2)))
    assert one == other


async def test_a_vibe_that_fell_apart_for_long_is_forgotten_unless_an_admin_named_it(scene):
    ids = await fill(scene)
    calm, wild = (vibe.id for vibe in (await scene.playlists.vibes(GUILD, None, now=NOW)).vibes)
    await scene.playlists.rename(GUILD, calm, "Ours")
    for track_id in [*ids["calm"], *ids["wild"]]:
        await remove(scene, track_id)
    for kind in ("odd", "calm"):
        await add_songs(scene, kind, 8, first=50)
    await scene.playlists.vibes(GUILD, None, now=NOW + 10 * WEEK)
    async with scene.store.session() as session:
        assert await session.get(VibeRecord, calm) is not None
        assert await session.get(VibeRecord, wild) is None


# -- an admin's name ---------------------------------------------------------------------------------------


async def test_an_admins_name_sticks(scene):
    await fill(scene)
    vibe = (await scene.playlists.vibes(GUILD, None, now=NOW)).vibes[0]
    renamed = await scene.playlists.rename(GUILD, vibe.id, " Rainy\nSundays ")
    assert (renamed.name, renamed.named) == ("Rainy Sundays", True)
    await add_songs(scene, "odd", 6)
    after = (await scene.playlists.vibes(GUILD, HERE, now=NOW + WEEK)).vibes
    assert {each.id: each.name for each in after}[vibe.id] == "Rainy Sundays"


async def test_a_name_that_is_taken_or_of_no_vibe_is_refused(scene):
    await fill(scene)
    one, other = (await scene.playlists.vibes(GUILD, None, now=NOW)).vibes
    with pytest.raises(NotAllowed, match="called"):
        await scene.playlists.rename(GUILD, one.id, other.name.upper())
    with pytest.raises(NotFound):
        await scene.playlists.rename(GUILD, 999, "Mine")
    with pytest.raises(NotFound):
        await scene.playlists.rename(GUILD + 1, one.id, "Mine")
    await scene.playlists.rename(GUILD, one.id, one.name)


# -- who may see what --------------------------------------------------------------------------------------


async def test_an_audience_sees_the_same_vibes_but_only_its_own_songs(scene):
    ids = await fill(scene)
    secret = await add_songs(scene, "calm", 4, first=40, channel=HIDDEN)
    everything = await scene.playlists.vibes(GUILD, None, now=NOW)
    seen = await scene.playlists.vibes(GUILD, HERE, now=NOW)
    assert [vibe.id for vibe in seen.vibes] == [vibe.id for vibe in everything.vibes]
    assert set().union(*(vibe.track_ids for vibe in seen.vibes)) == {*ids["calm"], *ids["wild"]}
    for playlist in (await weekly(scene, HERE)).values():
        assert not track_ids(playlist) & set(secret)


async def test_a_name_does_not_tell_what_only_another_channel_knows(scene):
    await fill(scene)
    secret = await add_songs(scene, "odd", 8, channel=HIDDEN)
    shown = await add_songs(scene, "odd", 4, first=20)
    await describe(scene, shown, WILD | {"tempo": 100.0}, {})
    everything = {vibe.id: vibe for vibe in (await scene.playlists.vibes(GUILD, None, now=NOW)).vibes}
    seen = {vibe.id: vibe for vibe in (await scene.playlists.vibes(GUILD, HERE, now=NOW)).vibes}
    (odd,) = (vibe.id for vibe in everything.values() if set(secret) <= vibe.track_ids)
    assert "jazz" in everything[odd].name
    assert "jazz" not in seen[odd].name and "100 bpm" in seen[odd].name
    assert "jazz" not in str(await weekly(scene, HERE))
    assert "jazz" in str(await weekly(scene))


async def test_songs_out_of_sight_do_not_count_towards_vibes(scene):
    await add_songs(scene, "calm", 10)
    await add_songs(scene, "wild", 10, channel=HIDDEN)
    assert (await scene.playlists.vibes(GUILD, HERE, now=NOW)).note == "6 more songs until vibes."


# -- this week's playlists ---------------------------------------------------------------------------------


async def test_a_playlist_of_each_vibe_and_a_way_between_them(scene):
    ids = await fill(scene)
    made = await weekly(scene)
    vibes = {key: playlist for key, playlist in made.items() if playlist.kind is PlaylistKind.VIBE}
    assert [track_ids(playlist) for playlist in vibes.values()] == [set(ids["calm"]), set(ids["wild"])]
    (worlds,) = (playlist for playlist in made.values() if playlist.kind is PlaylistKind.WORLDS)
    assert {worlds.cards[0].id, worlds.cards[-1].id} & set(ids["calm"])
    assert {worlds.cards[0].id, worlds.cards[-1].id} & set(ids["wild"])
    assert set(made) - set(vibes) == {worlds.key}
    assert await weekly(scene) == made


async def test_rediscover_and_sleepers_go_by_votes(scene):
    ids = await fill(scene)
    await scene.vote(BEN, LIKE, *ids["wild"][:4], at=START)
    await scene.vote(CLEO, DISLIKE, ids["calm"][0], at=START)
    soon, late = (
        await weekly(scene, now=START + 2 * WEEK),
        await weekly(scene, now=START + FORGOTTEN_AFTER + WEEK),
    )
    assert "rediscover" not in soon
    assert track_ids(late["rediscover"]) == set(ids["wild"][:4])
    assert track_ids(soon["sleepers"]) == set(ids["wild"][4:])
    assert all(ids["calm"][0] not in track_ids(playlist) for playlist in late.values())


async def test_what_was_posted_stays_out_for_some_weeks(scene):
    calm = await add_songs(scene, "calm", 20)
    await add_songs(scene, "wild", 8)
    first = await weekly(scene)
    key = next(key for key, playlist in first.items() if track_ids(playlist) <= set(calm))
    await scene.playlists.keep(GUILD, [first[key]], now=NOW)
    assert track_ids((await weekly(scene))[key]) == track_ids(first[key])  # the same week
    second = (await weekly(scene, now=NOW + WEEK))[key]
    assert track_ids(second) == set(calm) - track_ids(first[key])
    await scene.playlists.keep(GUILD, [second], now=NOW + WEEK)
    third = (await weekly(scene, now=NOW + 2 * WEEK))[key]
    assert "posted lately are back" in third.note
    fifth = (await weekly(scene, now=NOW + 5 * WEEK))[key]
    assert fifth.note == "" and track_ids(fifth) == track_ids(first[key])


async def test_a_server_without_songs_has_no_playlists(scene):
    assert await weekly(scene) == {}
    assert await scene.playlists.for_member(GUILD, ANA, None, now=NOW) is None
    assert await scene.playlists.history(GUILD, None) == []


async def test_one_song_and_songs_by_one_artist(scene):
    await scene.add("only", [1, 0, 0, 0], "One")
    assert await weekly(scene) == {}
    for i in range(20):
        await scene.add(f"more {i}", (np.eye(4)[i % 2] + 0.01 * i).tolist(), "One")
    made = await weekly(scene)
    assert made
    assert all(
        "by one artist" in playlist.note for playlist in made.values() if playlist.kind is PlaylistKind.VIBE
    )


async def test_a_playlist_holds_one_version_of_a_song_and_covers_of_it(scene):
    versions = [("X", "Band"), ("X (Remastered 2011)", "Band"), ("X", "Somebody else")]
    ids = [await scene.add(title, [1, 0, 0, 0.01 * i], artist) for i, (title, artist) in enumerate(versions)]
    for i in range(2 * MIN_SONGS):
        await scene.add(f"more {i}", (np.eye(4)[i % 2] + 0.02 * i * np.eye(4)[2]).tolist(), f"artist {i}")
    await scene.vote(BEN, LIKE, *ids, at=datetime.now(UTC) - timedelta(hours=1))
    digest = await scene.digests.preview(GUILD, None)
    for playlists in ((await weekly(scene)).values(), digest.playlists):
        held = [set(ids) & set(track_ids(playlist)) for playlist in playlists]
        assert {ids[0], ids[2]} in held
        assert not any(ids[1] in songs and ids[0] in songs for songs in held)
    found = await scene.playlists.vibes(GUILD, None, now=NOW)
    assert any(set(ids) <= vibe.track_ids for vibe in found.vibes)  # which tracks sound alike is a fact
    assert set(ids) <= {card.id for card in digest.loved}  # and so is which were liked


async def test_songs_that_all_sound_the_same_are_no_vibe_and_no_error(scene):
    for i in range(MIN_SONGS):
        await scene.add(f"song {i}", [1, 0, 0, 0])
    found = await scene.playlists.vibes(GUILD, None, now=NOW)
    assert found.vibes == () and found.note.startswith("No vibe stands out yet")
    assert await weekly(scene) == {}


async def test_a_track_that_lost_its_vector_is_left_out(scene):
    ids = await fill(scene)
    async with scene.store.begin() as session:
        await session.execute(delete(TrackVector).where(TrackVector.track_id == ids["calm"][0]))
    await scene.refresher.refresh_point(GUILD, ids["calm"][0])
    await add_songs(scene, "wild", 2, first=30)
    made = await weekly(scene)
    assert made and all(ids["calm"][0] not in track_ids(playlist) for playlist in made.values())


# -- for one member, and two worlds ------------------------------------------------------------------------


async def test_for_a_member_what_they_may_like_and_do_not_know(scene):
    ids = await fill(scene)
    await scene.vote(BEN, LIKE, *ids["wild"][:3])
    playlist = await scene.playlists.for_member(GUILD, BEN, None, now=NOW)
    assert (playlist.kind, playlist.subject) == (PlaylistKind.MEMBER, str(BEN))
    assert track_ids(playlist) <= set(ids["wild"][3:]) | set(ids["calm"])
    assert all(entry.pick for entry in playlist.entries)


async def test_from_one_vibe_to_another_that_there_is(scene):
    ids = await fill(scene)
    calm, wild = (vibe.id for vibe in (await scene.playlists.vibes(GUILD, None, now=NOW)).vibes)
    music = await scene.playlists.music(GUILD, None, now=NOW)
    there = music.between_vibes(calm, wild)
    assert there.cards[0].id in ids["calm"] and there.cards[-1].id in ids["wild"]
    assert there.name == "from late-night slow to full throttle"
    for start, end in ((calm, calm), (calm, 999)):
        with pytest.raises(NotFound):
            music.between_vibes(start, end)


async def test_the_two_worlds_are_told_apart(scene):
    for genre, kind in (("ambient", "calm"), ("punk", "wild")):
        await describe(scene, await add_songs(scene, kind, 8), CALM, {genre: 0.9})
    (name,) = (each.name for each in (await weekly(scene)).values() if each.kind is PlaylistKind.WORLDS)
    assert name == "from wistful · ambient to wistful · punk"


# -- history -----------------------------------------------------------------------------------------------


async def test_what_was_posted_is_kept_once_a_week_the_newest_first(scene):
    await fill(scene)
    made = await scene.playlists.weekly(GUILD, None, now=NOW)
    first = await scene.playlists.keep(GUILD, made, now=NOW)
    assert await scene.playlists.keep(GUILD, made, now=NOW) == first
    await scene.playlists.keep(GUILD, made[:1], now=NOW + WEEK)
    past = await scene.playlists.history(GUILD, None)
    assert [each.week for each in past] == ["2026-W46", *["2026-W45"] * len(made)]
    assert past[0].playlist.cards == made[0].cards
    assert past[0].playlist.key == made[0].key


async def test_a_playlist_is_pinned_and_let_go(scene):
    await fill(scene)
    one, *_ = await scene.playlists.keep(GUILD, await scene.playlists.weekly(GUILD, None, now=NOW), now=NOW)
    await scene.playlists.pin(GUILD, one)
    assert [each.id for each in await scene.playlists.history(GUILD, None, pinned=True)] == [one]
    await scene.playlists.keep(GUILD, await scene.playlists.weekly(GUILD, None, now=NOW), now=NOW)
    assert [each.id for each in await scene.playlists.history(GUILD, None, pinned=True)] == [one]
    await scene.playlists.pin(GUILD, one, False)
    assert await scene.playlists.history(GUILD, None, pinned=True) == []
    for guild, playlist in ((GUILD, 999), (GUILD + 1, one)):
        with pytest.raises(NotFound):
            await scene.playlists.pin(guild, playlist)


async def test_history_shows_a_reader_only_what_they_may_see(scene):
    await add_songs(scene, "calm", 8)
    secret = await add_songs(scene, "odd", 8, channel=HIDDEN)
    await scene.playlists.keep(GUILD, await scene.playlists.weekly(GUILD, None, now=NOW), now=NOW)
    past = await scene.playlists.history(GUILD, HERE)
    assert past and not set().union(*(track_ids(each.playlist) for each in past)) & set(secret)
    assert "jazz" not in str(past)


async def test_songs_that_left_the_library_leave_the_history(scene):
    ids = await fill(scene)
    made = await scene.playlists.weekly(GUILD, None, now=NOW)
    await scene.playlists.keep(GUILD, made, now=NOW)
    for track_id in ids["calm"]:
        await remove(scene, track_id)
    past = await scene.playlists.history(GUILD, None)
    assert set().union(*(track_ids(each.playlist) for each in past)) <= set(ids["wild"])
    assert len(past) == len(made) - 1


async def test_what_was_made_for_a_member_is_theirs_and_goes_with_them(scene):
    ids = await fill(scene)
    await scene.vote(BEN, LIKE, *ids["wild"][:3])
    mine = await scene.playlists.for_member(GUILD, BEN, None, now=NOW)
    await scene.playlists.keep(GUILD, [mine], now=NOW)
    assert await scene.playlists.history(GUILD, None) == []
    assert await scene.playlists.history(GUILD, None, user_id=CLEO) == []
    assert [each.playlist.key for each in await scene.playlists.history(GUILD, None, user_id=BEN)] == [
        mine.key
    ]

    member_export = MemberExport(scene.store)
    (exported,) = (await member_export.export(GUILD, BEN, None))["playlists"]
    assert exported["week"] == "2026-W45" and len(exported["songs"]) == len(mine.entries)
    await MemberErasure(scene.store, scene.vectors, scene.refresher).forget(GUILD, BEN)
    assert await scene.playlists.history(GUILD, None, user_id=BEN) == []
    assert (await member_export.export(GUILD, BEN, None))["playlists"] == []
