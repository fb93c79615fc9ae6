from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings


def test_an_empty_environment_has_working_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "EARWORM_HOME", "EARWORM_EMBEDDERS"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings.load()
    assert settings.embedders == ("openl3",)
    assert settings.max_bytes == 100_000_000
    assert settings.database.endswith("/data/earworm.db")


def test_names_and_sizes_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWORM_EMBEDDERS", " OpenL3, musicnn,openl3 ")
    monkeypatch.setenv("EARWORM_MAX_BYTES", "20MB")
    monkeypatch.setenv("EARWORM_EGRESS_ALLOW", "localhost:8000, [::1]:81")
    settings = Settings.load()
    assert settings.embedders == ("openl3", "musicnn")
    assert settings.max_bytes == 20_000_000
    assert settings.egress_allow == {("localhost", 8000), ("::1", 81)}
    assert settings.metrics is None
    monkeypatch.setenv("EARWORM_METRICS", "[::1]:9464")
    assert Settings.load().metrics == ("::1", 9464)


def test_the_home_of_a_user_is_not_mistaken_for_earworms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARWORM_HOME", raising=False)
    monkeypatch.setenv("HOME", "/somewhere/else")
    assert str(Settings.load().home) == "data"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EARWORM_EMBEDDERS", "openl4"),
        ("EARWORM_EMBEDDERS", ","),
        ("EARWORM_EGRESS_ALLOW", "localhost"),
        ("EARWORM_MAX_SECONDS", "-1"),
        ("EARWORM_METRICS", "9464"),
        ("EARWORM_METRICS", "127.0.0.1:65536"),
        ("EARWORM_MAX_BYTES", "much"),
        ("EARWORM_LOG_LEVEL", "loud"),
        ("DATABASE_URL", "earworm.db"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("EARWORM_MAX_SECONDS", "soon", "write a whole number above 0 instead of 'soon'"),
        ("EARWORM_FETCHERS", "0", "write a whole number above 0 instead of '0'"),
        ("EARWORM_MAX_BYTES", "5 bananas", "write a size above 0 like 100MB instead of '5 bananas'"),
        ("EARWORM_LOG_LEVEL", "loud", "write DEBUG, INFO, WARNING or ERROR instead of 'loud'"),
        ("EARWORM_EGRESS_ALLOW", "nas", "write host:port,host:port instead of 'nas'"),
        (
            "DATABASE_URL",
            "me:secret@db",
            "write something like sqlite:///earworm.db or postgresql://user:pass",
        ),
    ],
)
def test_a_wrong_setting_is_explained_in_our_words(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as wrong:
        Settings.load()
    assert str(wrong.value).startswith(f"Wrong setting. {name}: {says}")
    assert "secret" not in str(wrong.value)


def test_a_file_of_settings_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe")
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    with pytest.raises(SettingsError, match="UTF-8"):
        Settings.load()


def test_a_programs_own_settings_are_nobody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("EARWORM_MAX_SECONDS=7\nDATABASE_URL=sqlite:///theirs.db\n")
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    monkeypatch.setenv("EARWORM_MEMBER_DAILY", "1")
    monkeypatch.setenv("EARWORM_FETCHERS", "none")
    own = Settings.own(home=tmp_path, embedders="mfcc")
    assert (own.home, own.embedders) == (tmp_path, ("mfcc",))
    assert (own.max_seconds, own.member_daily, own.fetchers, own.database_url) == (1200, 200, 4, "")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_database_gets_an_async_driver(scheme: str) -> None:
    settings = Settings.load(database_url=f"{scheme}://user:word@host/name")
    assert settings.database == "postgresql+asyncpg://user:word@host/name"
