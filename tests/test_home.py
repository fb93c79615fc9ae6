"""Nobody but the bot's own user may read what is kept, and no folder that isn't ours alone is touched."""

import stat

import pytest

from bot.home import make_private


def rights(path):
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.fixture
def old(tmp_path):
    """A home as earlier versions left it: readable by everybody."""
    home = tmp_path / "home"
    for name in ("earworm.db", "earworm.db-wal", "installation", "vectors/1/segment"):
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
        file.chmod(0o644)
    for folder in (home, home / "vectors", home / "vectors" / "1"):
        folder.chmod(0o755)
    return home


def test_a_new_home_is_ours_alone(tmp_path):
    make_private(tmp_path / "new" / "home")
    assert rights(tmp_path / "new" / "home") == "0o700"


def test_a_home_of_an_earlier_version_is_tightened(old):
    make_private(old)
    for folder in (old, old / "vectors", old / "vectors" / "1"):
        assert rights(folder) == "0o700"
    for file in ("earworm.db", "earworm.db-wal", "installation", "vectors/1/segment"):
        assert rights(old / file) == "0o600"


def test_a_folder_with_other_things_in_it_keeps_its_rights_and_theirs(old):
    (old / "holiday.jpg").write_text("")
    (old / "holiday.jpg").chmod(0o644)
    make_private(old)
    assert (rights(old), rights(old / "holiday.jpg")) == ("0o755", "0o644")
    assert rights(old / "earworm.db") == "0o600"


def test_what_a_link_leads_to_is_not_touched(old, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (elsewhere / "shared.npz").write_text("")
    (elsewhere / "shared.npz").chmod(0o644)
    (old / "weights").symlink_to(elsewhere)
    (old / "vectors" / "linked").symlink_to(elsewhere / "shared.npz")
    make_private(old)
    assert (rights(elsewhere), rights(elsewhere / "shared.npz")) == ("0o755", "0o644")


def test_what_a_folder_hides_that_nobody_else_may_enter_is_not_looked_through(old):
    (old / "vectors").chmod(0o700)
    make_private(old)
    assert rights(old / "vectors" / "1" / "segment") == "0o644"
    (old / "vectors").chmod(0o710)
    make_private(old)
    assert rights(old / "vectors" / "1" / "segment") == "0o600"


def test_rights_that_the_owner_took_from_themselves_stay_away(old):
    (old / "installation").chmod(0o440)
    make_private(old)
    assert rights(old / "installation") == "0o400"
