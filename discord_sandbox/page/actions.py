"""What a member can do on the page; each deed is one call of `Member`."""

from collections.abc import Awaitable, Callable

from discord_sandbox.page.commands import given
from discord_sandbox.page.fields import modal_form
from discord_sandbox.page.forms import PageForm
from discord_sandbox.page.text import with_mentions
from discord_sandbox.rules.errors import ApiError, Json, SandboxError
from discord_sandbox.rules.message_rules import CONTENT_LIMIT
from discord_sandbox.world.interaction import Interaction

CLICK_FAILED = "This interaction failed"


class Deeds:
    """Does what forms ask for; the answer is JSON: nothing, an error, choices, or a modal to fill in."""

    def __init__(self) -> None:
        self._asked: dict[str, Interaction] = {}  # what was answered with a modal, by its id

    def named(self, name: str) -> Callable[[PageForm], Awaitable[Json]] | None:
        """The deed of that name."""
        deeds: dict[str, Callable[[PageForm], Awaitable[Json]]] = {
            "post": self.post,
            "edit": self.edit,
            "delete": self.delete,
            "react": self.react,
            "command": self.command,
            "suggest": self.suggest,
            "menu": self.menu,
            "click": self.click,
            "select": self.select,
            "modal": self.modal,
        }
        return deeds.get(name)

    async def post(self, form: PageForm) -> Json:
        """Post text and files, perhaps as a reply."""
        text, files = _text(form), form.files.get("files", [])
        if not text and not files:
            raise ApiError.known(50006)
        answered = form.said.get("reply_to")
        reply_to = {"id": answered, "channel_id": str(form.channel.id)} if answered else None
        await form.member.post(form.channel, text, files=files, reply_to=reply_to)
        return {}

    async def edit(self, form: PageForm) -> Json:
        """Change one's own message."""
        await form.member.edit(form.message, _text(form))
        return {}

    async def delete(self, form: PageForm) -> Json:
        """Delete a message, or dismiss what only oneself sees."""
        await form.member.delete(form.message)
        return {}

    async def react(self, form: PageForm) -> Json:
        """Put a reaction, or take it back where it is."""
        emoji = str(form.said["emoji"]).strip()
        found = form.channel.store.get(int(form.said["message"]))
        if found and form.member.id in found.reactions.get(emoji, {}):
            await form.member.unreact(form.message, emoji)
        else:
            await form.member.react(form.message, emoji)
        return {}

    async def command(self, form: PageForm) -> Json:
        """Use a slash command."""
        name = form.said["name"]
        options = given(form.member, form.channel, name, form.said["options"], form.files)
        return self._outcome(await form.member.command(form.channel, name, **options))

    async def suggest(self, form: PageForm) -> Json:
        """Ask for an option's choices while it is typed."""
        name, option = form.said["name"], form.said["option"]
        typed = {key: value for key, value in form.said["options"].items() if key != option}
        options = given(form.member, form.channel, name, typed, {})
        call = form.member.autocomplete(form.channel, name, option, form.said["typed"], **options)
        return {"choices": await call}

    async def menu(self, form: PageForm) -> Json:
        """Use a command of the message menu."""
        return self._outcome(await form.member.menu(form.channel, form.said["name"], form.message))

    async def click(self, form: PageForm) -> Json:
        """Press a button."""
        clicked = await form.member.click(form.message, custom_id=form.said["custom_id"])
        return self._outcome(clicked, CLICK_FAILED)

    async def select(self, form: PageForm) -> Json:
        """Choose from a menu."""
        values, custom_id = form.said["values"], form.said["custom_id"]
        chosen = await form.member.select(form.message, *values, custom_id=custom_id)
        return self._outcome(chosen, CLICK_FAILED)

    async def modal(self, form: PageForm) -> Json:
        """Send a modal that was filled in."""
        asked = self._asked.pop(form.said["modal"])
        try:
            sent = await form.member.submit_modal(asked, **form.said["values"])
        except SandboxError:
            self._asked[form.said["modal"]] = asked
            raise
        return self._outcome(sent, "Something went wrong. Try again.")

    def _outcome(self, answer: Interaction, failed: str = "") -> Json:
        if answer.error:
            return {"error": failed or answer.error}
        if answer.modal is None:
            return {}
        self._asked[str(answer.id)] = answer
        return {"modal": str(answer.id), "form": modal_form(answer.modal, answer.member)}


def _text(form: PageForm) -> str:
    text = with_mentions(str(form.said["text"]).strip(), form.member.guild)
    if len(text) > CONTENT_LIMIT:
        raise SandboxError(f"Your message is too long: it may have {CONTENT_LIMIT:,} characters.")
    return text
