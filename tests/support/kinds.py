"""What kind of test each is, and which files take longest: kept here, so that test files needn't say it."""

import functools
import inspect
import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
KINDS = ("pure", "database", "live")

# The deepest path that leads to a test says its kind, unless the test itself is marked. What isn't here is of the kind
# database where it asks for a fixture that opens one, else pure.
LIVE = frozenset(
    {
        "audio/test_decode.py",
        "audio/test_decode_attacks.py",
        "backups/test_backup_file.py::test_killed_in_the_middle_it_leaves_nothing_that_looks_like_one",
        "audio/test_decode_fuzz.py",
        "cli/test_backup.py::test_a_backup_made_beside_the_bot_is_the_library_on_another_machine",
        "cli/test_beside.py::test_what_compares_or_writes_is_refused_beside_the_bot",
        "cli/test_demo.py",
        "cli/test_digest.py::test_its_files_and_pictures",
        "cli/test_doctor.py::test_a_good_token_gets_the_link_that_invites_the_bot",
        "cli/test_doctor.py::test_a_discord_that_accepts_and_never_answers_is_told",
        "cli/test_doctor.py::test_a_wrong_token_is_named",
        "cli/test_doctor.py::test_what_it_makes_nobody_else_may_read",
        "cli/test_embed.py",
        "cli/test_eval.py",
        "cli/test_ingest.py",
        "cli/test_sandbox.py",
        "cli/test_similar.py::test_a_file_is_listened_to_and_not_stored",
        "cli/test_similar.py::test_a_link_that_fails_is_refused_before_a_model_is_loaded",
        "cli/test_similar.py::test_what_is_no_song_is_refused_before_anything_is_opened",
        "cli/test_similar.py::test_without_weights_it_says_where_they_come_from",
        "cli/test_starting.py",
        "cli/test_vectors.py",
        "cli/test_library.py::test_a_server_without_music_is_refused_and_not_registered",
        "client",
        "cogs",
        "cogs/suggestions/test_options.py::test_each_command_has_every_filter",
        "discord_sandbox",
        "embedders/test_benchmark.py",
        "embedders/test_download.py",
        "embedders/test_embedders.py::test_asking_what_there_is_imports_nothing_heavy",
        "embedders/test_weights.py",
        "intake/test_attacks.py",
        "intake/test_egress.py",
        "intake/test_fetch.py",
        "intake/test_fetch_worker.py",
        "intake/test_audit_guard.py",
        "library/test_store.py::test_two_processes_write_to_one_database",
        "library/test_store.py::test_what_was_committed_survives_kill_9",
        "listening/test_analyst.py",
        "listening/test_workspace.py::test_the_next_run_sweeps_what_a_killed_one_left_and_nothing_else",
        "monitoring/test_endpoint.py",
        "migrations/test_migrations.py::test_the_next_migration_is_written_from_the_models",
        "migrations/test_upgrades.py::test_it_goes_on_as_a_library",
        "pictures/test_painter.py",
        "playlists/test_benchmarks.py::test_a_folder_is_heard_as_the_bot_hears_it",
        "playlists/test_benchmarks.py::test_vibes_are_compared_with_k_means_and_chance",
        "shares/test_crashes.py",
        "shares/test_kills.py",
        "shares/test_pipeline.py",
        "shares/test_pipeline_trouble.py",
        "shares/test_query_queue.py",
        "shares/test_relistener.py",
        "shares/test_vectors_away.py",
        "suggestions/test_recommender_rules.py::test_others_who_like_the_same_lead_where_sound_says_nothing",
        "taste/test_benchmarks.py::test_speed_is_measured_beside_the_floor",
        "taste/test_colike.py::test_a_model_is_learnt_once_and_again_when_it_is_old",
        "taste/test_colike.py::test_if_learning_fails_at_first_there_is_no_model_and_the_log_says_why",
        "taste/test_colike.py::test_if_learning_fails_later_the_model_that_was_known_stays",
        "taste/test_colike.py::test_learning_in_another_process_gives_the_same",
        "taste/test_colike.py::test_when_votes_were_taken_back_the_model_goes",
        "test_light_imports.py",
        "test_container.py::test_the_container_is_healthy_while_the_bot_answers",
        "test_container.py::test_the_bot_waits_until_qdrant_says_that_it_is_ready",
        "workers",
        "vectors/test_engines_benchmark.py",
        "vectors/test_edge_kills.py",
        "vectors/test_local_mode.py",
        "vectors/test_small_disk.py",
        "vectors/test_rebuilding_kills.py",
        "vectors/test_server.py",
        "vectors/test_edge.py::test_a_second_process_is_told_that_the_bot_holds_the_vectors",
        "vectors/test_storage.py::test_a_server_that_fails_is_said",
        "vectors/test_storage.py::test_each_failure_of_the_engine_is_told",
        "vectors/test_storage.py::test_a_server_that_refuses_is_a_wrong_setting",
        "vectors/test_edge.py::test_an_upsert_survives_kill_9",
    }
)
PURE = frozenset(
    {
        "cogs/shared/test_text.py",
        "cogs/suggestions/test_options.py",
        "discord_sandbox/music",
    }
)
DATABASE = frozenset({"library/test_store.py", "migrations", "shares/test_ledger_histories.py"})
BY_PATH = dict.fromkeys(LIVE, "live") | dict.fromkeys(PURE, "pure") | dict.fromkeys(DATABASE, "database")
OPENS_DATABASE = frozenset({"settings", "shaped", "store"})  # fixtures

# Many processes, real networks or whole songs: longest first, so that nothing long is left for the end.
SLOW = (
    "client/test_soak.py",  # NIGHTLY only
    "client/test_crowd.py",
    "shares/test_kills.py",
    "shares/test_crashes.py",
    "client/test_killed.py",
    "cli/test_demo.py",
    "cli/test_ingest.py",
    "client/test_killed_digest.py",
    "client/test_intents.py",
    "shares/test_pipeline.py",
    "cli/test_sandbox.py",
    "client/test_restart.py",
    "intake/test_fetch.py",
    "embedders/test_openl3.py",
    "listening/test_analyst.py",
    "intake/test_attacks.py",
    "embedders/test_embedders.py",
    "shares/test_pipeline_trouble.py",
    "shares/test_relistener.py",
    "embedders/test_benchmark.py",
    "audio/test_decode_attacks.py",
    "audio/test_decode_fuzz.py",
    "audio/test_decode.py",
    "audio/test_fingerprint.py",
    "playlists/test_service.py",
    "audio/test_features.py",
    "suggestions/test_recommender_rules.py",
    "suggestions/test_hidden.py",
    "embedders/test_openl3_net.py",
    "shares/test_ledger_histories.py",
    "discord_sandbox/music/test_synth.py",
    "audio/test_recordings.py",
    "playlists/test_benchmarks.py",
    "taste/test_benchmarks.py",
    "discord_sandbox/music/test_encode.py",
    "embedders/test_musicnn.py",
    "embedders/test_panns.py",
    "embedders/test_wav2vec2.py",
    "embedders/test_spectrogram.py",
    "embedders/test_mfcc.py",
)

# What a kind doesn't do; a live test may do anything.
STARTS = frozenset({"os.fork", "os.posix_spawn", "socket.bind", "subprocess.Popen"})
REFUSED = {
    "pure": STARTS | {"socket.connect", "sqlite3.connect"},
    "database": STARTS,
}
# Where it would be done. An audit hook would miss nothing, but Python calls it for every `id()`: 12% of the time.
WAYS: tuple[tuple[Any, str, str], ...] = (
    (os, "fork", "os.fork"),
    (os, "posix_spawn", "os.posix_spawn"),
    (socket.socket, "bind", "socket.bind"),
    (socket.socket, "connect", "socket.connect"),
    (socket.socket, "connect_ex", "socket.connect"),
    (sqlite3, "connect", "sqlite3.connect"),
    (sqlite3.dbapi2, "connect", "sqlite3.connect"),
    (subprocess.Popen, "__init__", "subprocess.Popen"),
)


class KindWatch:
    """Holds a running test to its kind: what its kind may not do raises there, and is remembered if that is caught."""

    def __init__(self) -> None:
        self.kind = "live"
        self._refused: list[str] = []
        for owner, name, what in WAYS:
            setattr(owner, name, self._held(getattr(owner, name), what))

    def take_refused(self) -> list[str]:
        """What was refused since this was last asked."""
        refused, self._refused = self._refused, []
        return refused

    def _held(self, function: Callable[..., Any], what: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def held(*args: Any, **kwargs: Any) -> Any:
            if what in REFUSED.get(self.kind, ()) and not _imports():
                self._refused.append(what)
                raise AssertionError(f"a test that is marked as {self.kind} does {what}: see {__name__}")
            return function(*args, **kwargs)

        return held


def _imports() -> bool:
    """Whether a module is being imported, as which some libraries look at the machine: for IPv6, for its processor."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    return frame is not None


watch = KindWatch()


def kind_of(item: pytest.Item) -> str:
    """The one kind of a collected test. Raises ValueError where it is marked with several."""
    named = {marker.name for marker in item.iter_markers()} & set(KINDS)
    if len(named) > 1:
        raise ValueError(f"{item.nodeid} has several kinds: {', '.join(sorted(named))}")
    if named:
        return named.pop()
    said = kind_of_path(item.path, getattr(item, "originalname", item.name))
    return said or ("database" if OPENS_DATABASE & set(getattr(item, "fixturenames", ())) else "pure")


def kind_of_path(path: Path, test: str = "") -> str:
    """The kind of a test, or of a whole file's tests, that its path says; "" where it doesn't."""
    where = path.relative_to(TESTS)
    ways = [f"{where}::{test}", *map(str, (where, *where.parents))]
    return next((BY_PATH[way] for way in ways if way in BY_PATH), "")


def is_slow(path: Path) -> bool:
    """Whether its file is among those that take long."""
    return place(path) < len(SLOW)


def place(path: Path) -> int:
    """Where a file stands among those that take long; after them come all others as they were."""
    where = str(path.relative_to(TESTS))
    return SLOW.index(where) if where in SLOW else len(SLOW)


def is_on_a_vector_server(item: pytest.Item) -> bool:
    """Whether it repeats on a Qdrant server what is tested on Edge too, where the database makes no difference."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("backend") in {"collections", "tenants", "grpc"}
