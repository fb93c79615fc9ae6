"""Dependency wiring: opens and closes every resource (database, vector storage, workers) and passes them on."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.audio.decode import Decoder
from bot.backups.before_upgrade import removing_old_upgrades
from bot.backups.nightly import NightlyBackups
from bot.digest.composer import Composer
from bot.digest.posting import Digests
from bot.embedders import EMBEDDERS
from bot.embedders.base import EmbedderInfo
from bot.errors import BackupFailed, SettingsError, StorageBusy
from bot.intake.egress import EgressProxy
from bot.intake.fetch import Fetcher, fetch_template
from bot.library.catalog import Catalog
from bot.library.guilds import Guilds
from bot.library.opt_outs import OptOuts
from bot.library.store import Store, sqlite_file
from bot.listening.analyst import Analyst
from bot.listening.listener import Listener
from bot.pictures.painter import Painter
from bot.playlists.around import SeedPlaylists
from bot.playlists.music_maps import MusicMaps
from bot.playlists.reader import MusicReader
from bot.playlists.records import PlaylistRecords
from bot.playlists.service import Playlists
from bot.playlists.taste_cards import TasteCards
from bot.privacy.departures import Departures
from bot.privacy.export import MemberExport
from bot.privacy.forget import MemberErasure
from bot.settings import Settings
from bot.shares.ledger import Ledger
from bot.shares.pipeline import Pipeline
from bot.suggestions.answers import Answers
from bot.suggestions.engine import Engine
from bot.suggestions.groups import Together
from bot.suggestions.mixing import Mixing
from bot.suggestions.recommender import Recommender
from bot.taste.feedback import Feedback
from bot.vectors.refresh import PointRefresher
from bot.vectors.storage import VectorStorage
from bot.vectors.upkeep import Upkeep, remove_local_mode

REBUILD_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Services:
    """Everything that cogs and commands may call."""

    settings: Settings
    primary: EmbedderInfo
    store: Store
    vectors: VectorStorage
    catalog: Catalog
    guilds: Guilds
    opt_outs: OptOuts
    refresher: PointRefresher
    member_erasure: MemberErasure
    member_export: MemberExport
    departures: Departures
    ledger: Ledger
    analyst: Analyst
    pipeline: Pipeline
    feedback: Feedback
    engine: Engine
    recommender: Recommender
    together: Together
    mixing: Mixing
    answers: Answers
    digests: Digests
    playlists: Playlists
    music_maps: MusicMaps
    taste_cards: TasteCards
    painter: Painter

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        *,
        listen: bool = False,
        warm: bool = False,
        together: int = 1,
        reads: bool = False,
    ) -> AsyncIterator["Services"]:
        """Open the database and the vectors; what is open is closed in the end, also after a failure.

        `listen`: also start what fetching takes; analysing takes seconds to start, with the first song or, if `warm`,
        at once. `together`: see `Analyst`. `reads`: nothing is changed, so that it works beside a running bot, which
        may hold the vectors; what questions need of them is then made anew from the database, in a temporary folder.
        Raises WeightsError if an embedder that is started has no weights.
        """
        async with AsyncExitStack() as exits:
            store = await Store.open(settings)
            exits.push_async_callback(store.close)
            vectors = await _vectors(settings, store, exits, reads=reads)
            upkeep = Upkeep(store, vectors)
            if vectors.embedded:
                vectors.restore_when_asked(upkeep.restore)
            proxy = EgressProxy(settings.egress_allow)
            analyst = Analyst(settings.embedders, settings.home, together=together)
            template, decoder = fetch_template(), Decoder()
            listener = Listener(Fetcher(template, proxy, settings), decoder, analyst, settings)
            services = cls._wire(settings, store, vectors, listener, analyst)
            exits.push_async_callback(services.engine.close)
            if listen:
                if not reads:
                    upkeep.start(lambda: remove_local_mode(settings.home))
                    exits.push_async_callback(upkeep.stop, REBUILD_GRACE_SECONDS)
                await proxy.start()
                exits.push_async_callback(proxy.close)
                exits.push_async_callback(template.close)
                exits.push_async_callback(decoder.close)
                exits.push_async_callback(analyst.close)
                if warm:
                    await analyst.start()
                exits.push_async_callback(services.pipeline.stop)
            yield services

    @classmethod
    def _wire(
        cls, settings: Settings, store: Store, vectors: VectorStorage, listener: Listener, analyst: Analyst
    ) -> "Services":
        primary = EMBEDDERS[settings.embedders[0]]
        catalog = Catalog(store)
        refresher = PointRefresher(store, vectors)
        guilds = Guilds(store)
        ledger = Ledger.of(store, settings)
        feedback = Feedback(store)
        engine = Engine.over(store, vectors, catalog, feedback, half_life=settings.half_life)
        recommender = Recommender(engine)
        answers = Answers(store, catalog)
        around = SeedPlaylists(vectors, catalog, recommender)
        together = Together(engine)
        records = PlaylistRecords(store)
        reader = MusicReader(store, vectors, catalog, feedback, records)
        playlists = Playlists(catalog, recommender, records, reader)
        composer = Composer(store, catalog, guilds, recommender, around, playlists, reader)
        return cls(
            settings=settings,
            primary=primary,
            store=store,
            vectors=vectors,
            catalog=catalog,
            guilds=guilds,
            opt_outs=OptOuts(store),
            refresher=refresher,
            member_erasure=MemberErasure(store, vectors, refresher),
            member_export=MemberExport(store),
            departures=Departures(store, vectors),
            ledger=ledger,
            analyst=analyst,
            pipeline=Pipeline(store, refresher, ledger, listener, settings),
            feedback=feedback,
            engine=engine,
            recommender=recommender,
            together=together,
            mixing=Mixing(engine),
            answers=answers,
            digests=Digests(store, guilds, answers, composer, playlists),
            playlists=playlists,
            music_maps=MusicMaps(store, catalog, reader, playlists),
            taste_cards=TasteCards(store, catalog, guilds, feedback, together),
            painter=Painter(),
        )


async def _vectors(settings: Settings, store: Store, exits: AsyncExitStack, *, reads: bool) -> VectorStorage:
    """The vector storage, closed by `exits`; what `reads` gets one of its own beside what another process holds."""
    infos = [EMBEDDERS[name] for name in settings.embedders]
    try:
        vectors = await VectorStorage.open(settings, infos, store, reads=reads)
    except StorageBusy:
        if not reads:
            raise
        folder = Path(exits.enter_context(TemporaryDirectory(prefix="earworm-vectors-")))
        vectors = await VectorStorage.open_beside(settings, infos, store, folder)
    exits.push_async_callback(vectors.close)
    return vectors


def nightly_backups(settings: Settings) -> AbstractAsyncContextManager[object]:
    """Makes backups while it is open, if the settings name a folder. Raises SettingsError if that can't work."""
    if settings.backup_dir is None:
        return nullcontext()
    database = file_to_back_up(settings)
    return NightlyBackups(database, settings.backup_dir, keep=settings.backup_keep, floor=settings.disk_floor)


def file_to_back_up(settings: Settings) -> Path:
    """The database's file. Raises SettingsError where there is none that the bot could back up."""
    try:
        return sqlite_file(settings)
    except BackupFailed as error:
        raise SettingsError(f"EARWORM_BACKUP_DIR has no use here. {error}") from None


def old_upgrades(settings: Settings) -> AbstractAsyncContextManager[None]:
    """Removes what was kept before upgrades, once it is old, while it is open."""
    try:
        return removing_old_upgrades(sqlite_file(settings), settings.backup_dir)
    except BackupFailed:  # nothing is kept of Postgres
        return nullcontext()
