"""No password, token or key is printed or logged, however its address is written."""

import io
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import logs
from bot.concealing import HIDDEN, conceal, secrets_in, shown
from bot.errors import SettingsError
from bot.library.store import Store
from bot.settings import Settings

# Nothing else in the addresses below is a capital letter.
PASSWORDS = st.text("PQXYZ", min_size=3, max_size=6).flatmap(
    lambda word: st.lists(
        st.sampled_from(["@", ":", "/", "?", "#", "&", "%40", "%2F", "+", word]), max_size=6
    ).map(lambda pieces: word + "".join(pieces))
)
FORMS = (
    "postgresql://bob:{}@db.example:5432/music",
    "postgresql:///bob:{}@@x",
    "postgresql:///bob:{}@db.example/music",
    "postgresql:/bob:{}@db.example/music",
    "postgresql://:{}@db.example/music",
    "postgresql://db.example/music?user=bob&password={}",
    "postgresql://bob:{}@db.example/music?password={}",
    "postgres://bob:{}@[::1]:5432/music?sslmode=require",
    "bob:{}@db.example/music",
    "sqlite:///bob:{}@file.db",
    "https://bob:{}@qdrant.example:6333",
    "https://qdrant.example:6333/?api_key={}",
)


def capitals(text: str) -> str:
    return "".join(letter for letter in text if "A" <= letter <= "Z").replace("DATABASEURL", "")


@given(st.sampled_from(FORMS), PASSWORDS)
@example("postgresql:///bob:{}@@x", "PW@")
@example("postgresql://db.example/music?user=bob&password={}", "P@W")
def test_an_address_is_shown_without_its_password(form, password):
    assert capitals(shown(form.replace("{}", password))) == ""


@given(st.sampled_from(FORMS), PASSWORDS)
def test_a_password_is_hidden_in_what_libraries_say(form, password):
    address = form.replace("{}", password)
    for said in (f"could not connect to {address}", f'password "{password}" is wrong'):
        assert password not in conceal(said, secrets_in(address))


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgresql://bob:PW@db.example:5432/music", "postgresql://db.example:5432/music"),
        ("postgresql://[::1]:5432/music", "postgresql://[::1]:5432/music"),
        ("sqlite:////srv/my music/earworm.db", "sqlite:////srv/my music/earworm.db"),
        ("postgresql:///bob:PW", f"postgresql://{HIDDEN}"),
        ("nonsense", HIDDEN),
    ],
)
def test_what_is_shown_is_of_use(address, says):
    assert shown(address) == says


@pytest.mark.parametrize("form", [form for form in FORMS if "qdrant" not in form])
@pytest.mark.parametrize("password", ["PWQ", "PW@Q", "PWQ@", "PWQ/XYZ", "PWQ?XYZ", "PWQ#XYZ", "PWQ%40XYZ"])
async def test_no_refusal_of_a_database_tells_its_password(tmp_path, form, password, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a database file that was named so may be made
    monkeypatch.setattr("bot.library.store._upgrade", refuse)
    with pytest.raises(SettingsError) as raised:
        await Store.open(Settings.load(home=tmp_path, database_url=form.replace("{}", password)))
    assert "PWQ" not in str(raised.value)
    assert "XYZ" not in str(raised.value)


def refuse(url):
    """What a Postgres server says of a database that it doesn't have."""
    raise OSError(
        f'database "{url.database}" of {url.username}:{url.password}@{url.host} {dict(url.query)} is not here'
    )


def test_a_setting_that_is_refused_is_not_repeated_if_it_may_be_secret():
    for changes in ({"database_url": "bob:PWQ@host"}, {"discord_api_base": "bob:PWQ@host"}):
        with pytest.raises(SettingsError) as raised:
            Settings.load(**changes)
        assert "PWQ" not in str(raised.value)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_log_line_and_no_traceback_tells_a_secret(form, monkeypatch):
    settings = Settings.own(
        discord_token='TOKEN"of.the\\bot',
        database_url="postgresql://bob:PW%40Q@db.example/music",
        qdrant_url="https://qdrant.example/?api_key=KEYKEY",
        qdrant_api_key="ANOTHERKEY",
    )
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.configure("INFO", settings.secrets, form)
    try:
        try:
            raise ValueError(f"{settings.discord_token} {settings.database_url} PW@Q")
        except ValueError:
            logging.getLogger("bot").exception("no %s with %s", settings.qdrant_url, settings.qdrant_api_key)
    finally:
        monkeypatch.undo()
    told = written.getvalue()
    assert "Traceback" in told
    for secret in ("TOKEN", "PW%40Q", "PW@Q", "KEYKEY", "ANOTHERKEY"):
        assert secret not in told
    assert "PW%40Q" not in repr(settings)
    assert "TOKEN" not in repr(settings)
