"""Which generation is in use, as it is read and remembered."""

from bot.vectors.generations import Generations
from tests.support.library import GUILD


async def test_what_is_remembered_is_not_what_was_read_before_a_swap(store, monkeypatch):
    generations = Generations(store, alone=True)
    first, second = [await generations.begin(GUILD, (), {}) for _ in range(2)]
    await generations.swap(first, None)
    read = generations.of

    async def swapped_meanwhile(guild_id):
        found = await read(guild_id)
        await generations.swap(second, first)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(generations, "of", swapped_meanwhile)
        await generations.current(GUILD)
    assert (await generations.current(GUILD)).id == second.id
    assert await generations.is_current(second) and not await generations.is_current(first)
    await generations.retire(GUILD)
    assert await generations.current(GUILD) is None and not await generations.is_current(second)


async def test_where_others_swap_too_theirs_is_seen(store):
    ours, theirs = Generations(store), Generations(store)
    first, second = [await ours.begin(GUILD, (), {}) for _ in range(2)]
    await ours.swap(first, None)
    assert (await ours.current(GUILD)).id == first.id
    await theirs.swap(second, first)
    assert (await ours.current(GUILD)).id == second.id
