"""`earworm doctor`: what is set up, what is missing, what to do."""

import argparse
import asyncio
import json
import shutil
import sysconfig
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.concealing import conceal, shown
from bot.embedders import EMBEDDERS, weights
from bot.errors import EarwormError, SettingsError
from bot.settings import Settings, host_and_port
from bot.workers import confinement

if TYPE_CHECKING:
    from bot.services import Services
    from bot.vectors.consistency import GuildAgreement

MISSED_AFTER = timedelta(hours=50)  # without a backup
MAX_NAMED_TRACKS = 10  # tracks of a server that are called by name
MANY_COLLECTIONS = 200
"""From here on a shared one is recommended, long before Qdrant aborts.

Measured with Qdrant 1.18: a collection takes 79 memory maps, of which Linux allows a process 65,530
(vm.max_map_count), so that at about 790 Qdrant aborts, and again at each start. A shared collection for 1,000 servers
takes 268.
"""


@dataclass(frozen=True)
class Check:
    """One thing that is in order or not, and what to do about it."""

    name: str
    ok: bool
    says: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.description = (
        "What is set up, what is missing, what to do. Ends with 1 if anything is marked with ✗."
    )
    parser.add_argument("--repair", action="store_true", help="rebuild what doesn't agree from the database")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Look at everything, and repair what the vectors lack if asked to; 1 if anything is wrong in the end."""
    # Imported here because it takes seconds, which a refusal need not wait for.
    from bot.services import Services
    from bot.vectors import consistency

    async with Services.open(settings) as services:
        repairs = await consistency.repair(services.store, services.vectors) if arguments.repair else []
        guilds = await consistency.agreement(services.store, services.vectors)
        says = [line for guild in guilds for line in await _lines(services, guild)]
        collections = (
            0 if services.vectors.embedded else await services.vectors.generations.places_of_their_own()
        )
    checks = [
        _database(settings),
        await asyncio.to_thread(_backups, settings),
        *_layout(collections),
        _javascript(),
        _metrics(settings),
        await asyncio.to_thread(_confinement),
        *await asyncio.to_thread(_embedders, settings),
        *await _discord(settings),
    ]
    lines = [line for repair in repairs for line in repair.lines]
    status = 0 if all(check.ok for check in checks) and all(guild.agree for guild in guilds) else 1
    if arguments.json:
        document = {
            "checks": [asdict(c) for c in checks],
            "guilds": [asdict(g) for g in guilds],
            "repaired": lines,
        }
        print(json.dumps(document, indent=2))
        return status
    for check in checks:
        print(f"{'✓' if check.ok else '✗'} {check.name}: {check.says}")
    print("\n".join(lines + says) or "  no server has shared anything yet")
    return status


async def _lines(services: "Services", guild: "GuildAgreement") -> list[str]:
    lines = [_agreement(guild)]
    if guild.unheard:
        lines.append(
            f"  still to be listened to with every embedder, by the running bot: {len(guild.unheard)}"
        )
    if guild.lost:
        cards = await services.catalog.cards(guild.id, guild.lost[:MAX_NAMED_TRACKS], None)
        named = ", ".join(f"{card.label} ({card.id})" for card in cards)
        more = ", …" if len(guild.lost) > MAX_NAMED_TRACKS else ""
        lines.append(
            f"  can't be fetched again for that, share them once more: {len(guild.lost)}: {named}{more}"
        )
    return lines


def _agreement(guild: "GuildAgreement") -> str:
    if guild.agree:
        return f"✓ server {guild.id}: {guild.tracks} tracks, database and vectors agree"
    wrong = {
        "missing from the vectors": guild.missing,
        "left over there": guild.extra,
        "out of date there": guild.stale,
        "collections that belong to nothing": guild.leftovers,
    }
    found = ", ".join(f"{len(tracks)} {what}" for what, tracks in wrong.items() if tracks)
    return f"✗ server {guild.id}: {guild.tracks} tracks, {found}. earworm doctor --repair mends it."


def _database(settings: Settings) -> Check:
    kind = "PostgreSQL" if settings.database.startswith("postgresql") else "SQLite"
    vectors = shown(settings.qdrant_url) if settings.qdrant_url else "in a folder"
    return Check("storage", True, f"{kind}; vectors {vectors}; home {settings.home}")


def _backups(settings: Settings) -> Check:
    """Whether those of the last two nights are there; one night may have been missed while the bot was off."""
    from bot.backups.backup_folder import check_folder, newest
    from bot.backups.nightly import now
    from bot.services import file_to_back_up

    folder = settings.backup_dir
    if folder is None:
        return Check("backups", True, "none are made at night; EARWORM_BACKUP_DIR names a folder for them")
    try:
        file_to_back_up(settings)
        check_folder(folder)
    except SettingsError as error:
        return Check("backups", False, str(error))
    at = now()
    last = newest(folder, at)
    if last is None:
        return Check("backups", True, f"none yet; the bot makes the first when it starts, in {folder}")
    age = at - last
    says = f"the last one is {age.total_seconds() / 3600:.0f} hours old, in {folder}"
    if age < MISSED_AFTER:
        return Check("backups", True, says)
    return Check("backups", False, f"{says}; the bot makes one each night, and its log says what failed")


def _layout(collections: int) -> list[Check]:
    """What to do about many collections; nothing where there are few."""
    if collections < MANY_COLLECTIONS:
        return []
    says = (
        f"{collections} servers have a collection of their own, each of which takes Qdrant about 80 memory maps; at "
        "about 790 collections it aborts with Linux's usual limit (vm.max_map_count). One collection for all takes "
        "few: earworm vectors move --to tenants, then QDRANT_LAYOUT=tenants"
    )
    return [Check("collections", True, says)]  # it works; a sign of trouble would wake somebody


def _javascript() -> Check:
    found = shutil.which("deno", path=sysconfig.get_path("scripts"))
    says = "found" if found else "missing, so YouTube links fail: make setup installs the package deno"
    return Check("JavaScript runtime for YouTube", bool(found), says)


def _metrics(settings: Settings) -> Check:
    if settings.metrics is None:
        return Check(
            "metrics", True, "off; EARWORM_METRICS=127.0.0.1:9464 has the running bot serve them there"
        )
    there = f"http://{host_and_port(*settings.metrics)}"
    return Check("metrics", True, f"the running bot serves {there}/metrics, beside /healthz and /readyz")


def _confinement() -> Check:
    """What holds workers; a kernel that names a version may refuse all the same, so it is tried."""
    refusal = confinement.refusal()
    return Check("confinement of workers", not refusal, refusal or confinement.says())


def _embedders(settings: Settings) -> list[Check]:
    checks = []
    for name in settings.embedders:
        ready = weights.available(name, settings.home)
        says = "ready" if ready else f"its weights are missing: earworm models pull {name}"
        checks.append(Check(f"embedder {name}", ready, f"{says} ({EMBEDDERS[name].licence})"))
    if "openl3" in settings.embedders:
        # It brings torch, which takes seconds to import.
        from bot.embedders.openl3 import engine_here

        checks.append(Check("how openl3 is computed", True, engine_here().says))
    return checks


async def _discord(settings: Settings) -> list[Check]:
    if not settings.discord_token:
        return [Check("Discord", False, "DISCORD_TOKEN is not set; the README says how to get one")]
    from bot import client

    try:
        application = await client.look_up(settings)
    except EarwormError as error:
        return [Check("Discord", False, conceal(str(error), settings.secrets))]
    intent = (
        "on"
        if application.message_content
        else "off: bare links are not seen, /share works (developer portal, Bot)"
    )
    return [
        Check("Discord", True, f"the token is {application.name}'s"),
        Check("Message Content Intent", application.message_content, intent),
        Check("invite", True, application.invite),
    ]
