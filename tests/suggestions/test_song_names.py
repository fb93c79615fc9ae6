"""What tracks are called."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.suggestions.song_names import SongName, artist_of, base_title


@pytest.mark.parametrize(
    "version",
    [
        "Hurt (Live)",
        "Hurt [live at the Fillmore, 1999]",
        "Hurt - Remastered 2011",
        "Hurt - Live",
        "HURT (Official Video) [4K]",
        "Hurt feat. Somebody",
        "Hurt (2009 Remaster)",
        "Hürt",
    ],
)
def test_versions_of_a_song_have_one_title(version):
    assert base_title(version) == "hurt"


@pytest.mark.parametrize(
    "title", ["Hurt Again", "Live and Let Die", "Hurt (Part 2)", "Hurt (Somebody Remix)", "Alive", "(Live)"]
)
def test_other_songs_keep_theirs(title):
    assert base_title(title) not in {"hurt", ""}


def test_an_artist_is_the_first_named():
    assert artist_of("Daft Punk, Pharrell") == artist_of("Daft Punk feat. Nile") == "daft punk"
    assert artist_of("AC/DC") == "ac/dc"


def test_an_artist_may_stand_in_the_title():
    assert SongName.of(1, "", "Band - Song (Live)") == SongName.of(1, "Band", "Song")
    assert SongName.of(1, "Band", "Band - Song") == SongName.of(1, "Band", "Song")


@pytest.mark.parametrize(
    ("shown", "artist", "title"),
    [
        ("Foo Fighters - Best of You", "foo fighters", "best of you"),
        ("Oasis - Live Forever", "oasis", "live forever"),
        ("Oasis – Live Forever (Remastered)", "oasis", "live forever"),
        ("Wings - Live and Let Die - 2018 Remaster", "wings", "live and let die"),
        ("The Buggles - Video Killed the Radio Star", "the buggles", "video killed the radio star"),
        (
            "The Buggles - Video Killed the Radio Star (Official Music Video)",
            "the buggles",
            "video killed the radio star",
        ),
        ("Regina Spektor - Edit", "regina spektor", "edit"),
        ("India.Arie - Video", "india arie", "video"),
        ("Prince - 1999", "prince", "1999"),
        ("Demo - X", "demo", "x"),
        ("Live - Lightning Crashes", "live", "lightning crashes"),
        ("Nirvana - Live at Reading", "nirvana", "live at reading"),
        ("Nirvana - Polly - Live at Reading", "nirvana", "polly"),
        ("Adele - Hello [Live at the Royal Albert Hall]", "adele", "hello"),
        ("Artist - Title - Live - Remastered 2011", "artist", "title"),
        ("Daft Punk - Get Lucky (Official Audio) ft. Pharrell Williams", "daft punk", "get lucky"),
        ("Rihanna feat. Jay-Z - Umbrella", "rihanna", "umbrella"),
        ("Hurt - Remastered 2011", "", "hurt"),
        ("Hurt (Live - 1999)", "", "hurt"),
    ],
)
def test_an_artist_before_the_dash_is_told_from_a_version_behind_it(shown, artist, title):
    assert SongName.of(1, "", shown) == SongName(1, artist, title)
    if artist:
        assert SongName.of(1, artist, shown).title == title


@pytest.mark.parametrize(
    ("artist", "title", "called"),
    [
        ("Portugal. The Man", "Portugal. The Man - Live in the Moment", "live in the moment"),
        ("Tyler, The Creator", "Tyler, The Creator - EARFQUAKE", "earfquake"),
        ("Iron Maiden", "Iron Maiden - 2015 Remaster", "iron maiden"),
        ("Nirvana", "Polly - Live at Reading", "polly"),
        ("deadmau5", "Strobe - Original Mix", "strobe"),
        ("Metallica", "One - Recorded Live in Seattle", "one"),
        ("An Uploader", "Oasis - Live Forever", "oasis live forever"),
        ("Regina Spektor", "Edit", "edit"),
    ],
)
def test_an_artist_is_no_part_of_the_title(artist, title, called):
    assert SongName.of(1, artist, title).title == called


@pytest.mark.parametrize(
    ("title", "called"),
    [
        ("10 ft tall", "10 ft tall"),
        ("10 ft. tall", "10 ft. tall"),
        ("No Mean Feat", "no mean feat"),
        ("Umbrella ft. Jay-Z", "umbrella"),
        ("Umbrella (ft Jay-Z)", "umbrella"),
        ("Umbrella featuring Jay-Z", "umbrella"),
        ("Song (Pt. 2, live)", "song (pt. 2, live)"),
        ("Song (Best of You)", "song (best of you)"),
    ],
)
def test_a_guest_is_no_part_of_a_title_and_feet_are(title, called):
    assert base_title(title) == called


NAMES = st.text("abcdefg ", min_size=1, max_size=12).map(str.strip).filter(bool)
VERSIONS = st.sampled_from(
    [
        "",
        " (Live)",
        " - Live",
        " [Official Video]",
        " - Remastered 2011",
        " (2009 Remaster)",
        " - Live at Wembley",
    ]
)


@given(NAMES, NAMES, VERSIONS, VERSIONS)
def test_versions_are_one_song_however_they_are_written(artist, title, one, other):
    assume(artist != title)  # "Iron Maiden - Live" may be both
    named = SongName.of(1, artist, title + one)
    assert (
        named
        == SongName.of(1, "", f"{artist} - {title}{other}")
        == SongName.of(1, artist, f"{artist} - {title}{other}")
    )


@given(NAMES, NAMES, NAMES, VERSIONS)
def test_two_songs_of_an_artist_stay_two(artist, one, other, version):
    songs = {SongName.of(1, "", f"{artist} - {title}{version}") for title in (one, other)}
    assert len(songs) == len({" ".join(title.split()) for title in (one, other)})


@pytest.mark.parametrize(
    "text", [" - " + "live " * 5000 + "x", "(" * 2000 + "live", " - live" * 500, "4 " * 9000 + "live!a"]
)
def test_a_title_made_to_take_long_takes_no_time(text):
    assert SongName.of(1, "", f"x{text}").title
