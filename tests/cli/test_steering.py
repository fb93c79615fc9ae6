"""Every filter can be asked for on the command line."""

import argparse
from dataclasses import fields
from typing import cast

import pytest

from bot.cli.steering import add_steering, steering_from
from bot.services import Services
from bot.suggestions.steering import Steering, named_tempo
from tests.support.library import ANA, BEN, GUILD
from tests.support.scene import Scene, near

ALL = (
    "--tag=jazz --tempo=118 --key=Cb --sharer={ana} --since=2026-05-01 --not-artist=Band --exclude={track} "
    "--exclude-member={ben} --mixes --talk --adventure=bold"
)


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_steering(parser)
    return parser


async def test_nothing_that_can_be_steered_is_left_out(store, vectors, parser):
    scene = Scene.of(store, vectors)
    track = await scene.add("song", near(0, 0))
    words = ALL.format(ana=ANA, ben=BEN, track=track).split()
    arguments = parser.parse_args(words)
    arguments.guild = GUILD
    steering = await steering_from(arguments, cast(Services, scene))
    plain = Steering()
    same = [
        each.name for each in fields(Steering) if getattr(steering, each.name) == getattr(plain, each.name)
    ]
    assert same == []
    assert (steering.tempo, steering.key) == (named_tempo("118"), "B major")
    assert steering.without_tracks == {track}


def test_a_tempo_that_cannot_be_read_is_shown_how_to_write(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["--tempo", "fast"])
    assert "'fast': I can't read that tempo. Write it like 120, or 90-110." in capsys.readouterr().err
