"""Nobody's slow songs hold up everybody else's."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.shares.fair_slots import FairGate, FairSlots
from bot.shares.round_robin import WaitingMember

members = st.tuples(st.integers(1, 3), st.integers(1, 3))


def waits(*who):
    return [WaitingMember(guild_id, user_id, job) for job, (guild_id, user_id) in enumerate(who)]


def admitted(slots, *who):
    return [(each.guild_id, each.user_id) for each in slots.admitted(waits(*who))]


@pytest.mark.parametrize(
    ("slots", "alone", "beside_a_member", "beside_a_server"),
    [(1, 1, 1, 1), (2, 1, 1, 1), (4, 3, 1, 1), (8, 7, 2, 2), (16, 15, 4, 4)],
)
def test_how_many_slots_one_member_may_hold(slots, alone, beside_a_member, beside_a_server):
    for others, most in (((), alone), (((1, 2),), beside_a_member), (((2, 1),), beside_a_server)):
        held = FairSlots(slots)
        while (1, 1) in admitted(held, (1, 1), *others):
            held.take(1, 1)
        assert slots - held.free == most


def test_how_many_slots_one_server_may_hold_while_another_waits():
    slots = FairSlots(8)
    for member in range(1, 9):
        if (1, member) in admitted(slots, (1, member), (2, 1)):
            slots.take(1, member)
    assert slots.free == 4
    assert admitted(slots, (1, 9), (2, 1)) == [(2, 1)]


def test_what_is_released_may_be_taken_again():
    slots = FairSlots(4)
    slots.take(1, 1)
    assert admitted(slots, (1, 1), (1, 2)) == [(1, 2)]
    slots.release(1, 1)
    assert admitted(slots, (1, 1), (1, 2)) == [(1, 1), (1, 2)]


@given(st.integers(2, 8), st.lists(members, max_size=60))
def test_whoever_comes_next_finds_a_slot_as_long_as_they_hold_none(slots, history):
    held = FairSlots(slots)
    for who in history:
        if held.free and who in admitted(held, who):
            held.take(*who)
    newcomer = (9, 9)
    assert not held.free or newcomer in admitted(held, newcomer, *history[:3])


@given(st.integers(2, 8), members, st.integers(1, 40))
def test_one_member_alone_never_holds_the_last_slot(slots, who, songs):
    held = FairSlots(slots)
    for _ in range(songs):
        if who in admitted(held, who):
            held.take(*who)
    assert held.free >= 1


async def test_a_gate_lets_others_pass_by_a_member_with_many_slow_songs():
    gate, let_go = FairGate(2), asyncio.Event()
    passed: list[tuple[object, int]] = []

    async def slow(number):
        async with gate.turn(1, 1):
            passed.append(("slow", number))
            await let_go.wait()

    slow_ones = [asyncio.create_task(slow(number)) for number in range(10)]
    await asyncio.sleep(0)
    for guild_id, user_id in ((2, 1), (1, 2)):
        async with asyncio.timeout(5), gate.turn(guild_id, user_id):
            passed.append((guild_id, user_id))
    assert passed == [("slow", 0), (2, 1), (1, 2)]
    let_go.set()
    await asyncio.gather(*slow_ones)
    assert len(passed) == 12


async def test_who_stops_waiting_at_a_gate_is_forgotten():
    gate = FairGate(2)
    async with gate.turn(1, 1):
        waiting = asyncio.create_task(gate.turn(1, 1).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(5), gate.turn(1, 1):
        assert gate._slots.free == 1
    assert gate._slots.free == 2 and not gate._waiting
