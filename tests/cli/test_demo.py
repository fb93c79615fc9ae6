import json
import re
from pathlib import Path

import pytest

from bot.__main__ import main


@pytest.mark.timeout(600)
def test_the_demo_tells_the_whole_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("EARWORM_MAX_SECONDS", "EARWORM_MEMBER_DAILY", "EARWORM_FETCHERS"):
        monkeypatch.setenv(name, "1")  # somebody's own bot has other limits than the story needs
    assert main(["demo", "--out", "here"]) == 0
    told, complaints = capsys.readouterr()
    assert complaints == ""

    assert "shared before by @Ann" in told
    assert "Recommendation of the week" in told
    assert told.count("👍 1") > 5
    for what in ("nearest songs", "recommended after"):
        ours, chance = map(int, re.search(rf"{what}.* (\d+)%.* (\d+)%", told).groups())
        assert ours >= 75 > 2 * chance

    assert "DISCORD_TOKEN" in told[-300:]
    assert told.rstrip().endswith("earworm run.")
    files = {file.name for file in (tmp_path / "here").iterdir()}
    assert {"channel.html", "digest.json", "digest.md", "playlist.m3u8"} <= files
    assert all(name.endswith((".html", ".json", ".md", ".m3u8")) for name in files)
    assert "<title>" in (tmp_path / "here" / "channel.html").read_text(encoding="utf-8")
    digest = json.loads((tmp_path / "here" / "digest.json").read_text(encoding="utf-8"))
    assert len(digest["results"]) == 16
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
