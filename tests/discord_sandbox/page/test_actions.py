"""What a member does on the page happens in the sandbox, and what Discord refuses is said."""

from typing import Any

from discord_sandbox import Permission
from discord_sandbox.page import DemoServer
from discord_sandbox.world.cdn import FILE_LIMIT
from tests.discord_sandbox.page.jukebox import Jukebox
from tests.discord_sandbox.page.visitor import Visitor

NO_ANSWER = {"error": "The application did not respond"}


async def test_posting_text_files_and_replies(club: DemoServer, bo: Visitor) -> None:
    assert await bo.do("post", text=" hello ") == {}
    first = bo.channel.messages[0]
    sound = ("a.mp3", b"sound", "audio/mpeg")
    assert await bo.do("post", sound, text="see @Ann and #general", reply_to=first["id"]) == {}
    second = bo.channel.messages[1]
    general = next(c for c in club.guild.channels.values() if c.name == "general")
    assert first["content"] == "hello"
    assert second["content"] == f"see {club.members[0].mention} and {general.mention}"
    assert second["message_reference"]["message_id"] == first["id"]
    assert [(f["filename"], f["size"], f["content_type"]) for f in second["attachments"]] == [
        ("a.mp3", 5, "audio/mpeg")
    ]


async def test_what_cannot_be_posted(club: DemoServer, bo: Visitor) -> None:
    assert "nothing in that message" in (await bo.do("post", text="  "))["error"]
    assert "too long" in (await bo.do("post", text="x" * 2001))["error"]
    large = ("a.wav", bytes(FILE_LIMIT + 1), "audio/wav")
    assert "10 MB" in (await bo.do("post", large, text=""))["error"]
    many = [(f"{n}.wav", b"x", "audio/wav") for n in range(11)]
    assert "error" in await bo.do("post", *many, text="")
    club.music.set_overwrite(club.guild.everyone, deny=Permission.SEND_MESSAGES)
    assert "permission" in (await bo.do("post", text="hello"))["error"]
    private = next(c for c in club.guild.channels.values() if c.name == "night-shift")
    assert "can't see" in (await bo.in_(private).do("post", text="hello"))["error"]
    assert club.music.messages == private.messages == []


async def test_editing_and_deleting(club: DemoServer, bo: Visitor) -> None:
    message = await bo.member.post(bo.channel, "one")
    assert await bo.do("edit", message=message["id"], text="two") == {}
    assert bo.channel.messages[0]["content"] == "two"
    ann, cleo = bo.as_(club.members[0]), bo.as_(club.members[2])
    assert "error" in await cleo.do("edit", message=message["id"], text="three")
    assert "permission" in (await cleo.do("delete", message=message["id"]))["error"]
    assert await ann.do("delete", message=message["id"]) == {}
    assert bo.channel.messages == []
    assert "gone" in (await bo.do("delete", message=message["id"]))["error"]


async def test_reacting_and_taking_it_back(bo: Visitor) -> None:
    message = await bo.member.post(bo.channel, "song")
    assert await bo.do("react", message=message["id"], emoji="👍") == {}
    assert bo.channel.reactions(message) == {"👍": ["Bo"]}
    assert await bo.do("react", message=message["id"], emoji="👍") == {}
    assert bo.channel.reactions(message) == {}
    assert "no emoji" in (await bo.do("react", message=message["id"], emoji="<script>"))["error"]


async def test_a_command_gets_each_option_as_its_type(
    club: DemoServer, bo: Visitor, jukebox: Jukebox
) -> None:
    options = {"song": "id-Waltz", "times": "3", "style": "11", "who": str(club.members[2].id)}
    options |= {"where": str(club.music.id), "private": "false"}
    sound = ("a.mp3", b"sound", "audio/mpeg")
    assert await bo.do("command", sound, field="file", name="play", options=options) == {}
    assert bo.channel.messages[0]["content"] == "id-Waltz 3 11 5 Cleo music"
    assert await bo.do("command", name="play", options={"song": "x", "private": "true", "times": ""}) == {}
    assert len(bo.channel.messages) == 1
    assert bo.channel.seen_by(bo.member)[1]["content"] == "x 1 0 0 None None"


async def test_a_command_that_is_filled_in_wrongly(bo: Visitor, jukebox: Jukebox) -> None:
    for options in (
        {},
        {"song": "x", "times": "often"},
        {"song": "x", "times": "10"},
        {"song": "x", "who": "7"},
    ):
        assert "error" in await bo.do("command", name="play", options=options)
    assert "error" in await bo.do("command", name="admin", options={})
    assert "error" in await bo.do("command", name="unknown", options={})
    assert bo.channel.messages == []


async def test_offers_are_what_one_may_use(club: DemoServer, bo: Visitor, jukebox: Jukebox) -> None:
    offers = await bo.get("/commands")
    assert [command["name"] for command in offers["commands"]] == ["play", "silent"]
    assert offers["menus"] == ["Spell out"]
    fields = offers["commands"][0]["fields"]
    assert fields.count("<label") == 7
    assert '<option value="11">Loud</option>' in fields
    assert 'name="song" title="What to play" required data-suggest' in fields
    assert "night-shift" not in fields
    admin = await bo.as_(club.members[0]).get("/commands")
    assert [command["name"] for command in admin["commands"]] == ["admin", "play", "silent"]
    assert "night-shift" in admin["commands"][1]["fields"]


async def test_suggestions_come_from_the_bot(bo: Visitor, jukebox: Jukebox) -> None:
    about: dict[str, Any] = {"name": "play", "option": "song", "options": {"song": "bl", "times": "2"}}
    answer = await bo.do("suggest", typed="bl", **about)
    assert answer["choices"][0] == {"name": "bl Waltz", "value": "id-Waltz"}


async def test_silence_is_told_as_discord_tells_it(bo: Visitor, jukebox: Jukebox) -> None:
    assert await bo.do("command", name="silent", options={}) == NO_ANSWER
    await bo.do("command", name="play", options={"song": "x"})
    panel = bo.channel.messages[0]["id"]
    failed = await bo.do("click", message=panel, custom_id="silent")
    assert failed == {"error": "This interaction failed"}


async def test_buttons_menus_and_message_commands(club: DemoServer, bo: Visitor, jukebox: Jukebox) -> None:
    await bo.do("command", name="play", options={"song": "x"})
    panel = bo.channel.messages[0]["id"]
    assert await bo.do("click", message=panel, custom_id="change") == {}
    assert bo.channel.messages[0]["content"] == "changed"
    assert "error" in await bo.do("click", message=panel, custom_id="off")
    assert await bo.do("select", message=panel, custom_id="one", values=["B"]) == {}
    assert await bo.do("select", message=panel, custom_id="some", values=["X", "Z"]) == {}
    who = [str(club.members[3].id)]
    assert await bo.do("select", message=panel, custom_id="who", values=who) == {}
    assert [m["content"] for m in bo.channel.messages[1:]] == ["picked B", "ticked X+Z", "chose Dev"]
    for menu, values in (("one", ["C"]), ("some", ["X", "Y", "Z"])):
        assert "error" in await bo.do("select", message=panel, custom_id=menu, values=values)
    song = await bo.member.post(bo.channel, "abc")
    assert await bo.do("menu", message=song["id"], name="Spell out") == {}
    assert bo.channel.messages[-1]["content"] == "a-b-c"


async def test_a_modal_is_filled_in(bo: Visitor, jukebox: Jukebox) -> None:
    await bo.do("command", name="play", options={"song": "x"})
    panel = bo.channel.messages[0]["id"]
    asked = await bo.do("click", message=panel, custom_id="why")
    assert "Tell me more" in asked["form"]
    assert 'name="why" required maxlength="50"' in asked["form"]
    assert "required" in (await bo.do("modal", modal=asked["modal"], values={}))["error"]
    assert await bo.do("modal", modal=asked["modal"], values={"why": "I can"}) == {}
    whisper = bo.channel.seen_by(bo.member)[-1]
    assert whisper["content"] == "because I can"
    assert await bo.do("delete", message=whisper["id"]) == {}
    assert whisper["id"] not in [message["id"] for message in bo.channel.seen_by(bo.member)]
