"""What a member can do on the page; each action is one call of a `SandboxMember` method."""

from collections.abc import Awaitable, Callable

from discord_sandbox.page.commands import option_values
from discord_sandbox.page.fields import modal_form
from discord_sandbox.page.forms import PageForm
from discord_sandbox.page.text import with_mentions
from discord_sandbox.rules.errors import ApiError, Json, SandboxError
from discord_sandbox.rules.message_rules import CONTENT_LIMIT
from discord_sandbox.world.interaction import Interaction

CLICK_FAILED = "This interaction failed"


class PageActions:
    """Carries out forms; the answer is JSON: empty, an error, choices, or a modal to fill in."""

    def __init__(self) -> None:
        self._modals: dict[str, Interaction] = {}  # the interactions whose response is an open modal, by id

    def find(self, name: str) -> Callable[[PageForm], Awaitable[Json]] | None:
        """The action of that name."""
        actions: dict[str, Callable[[PageForm], Awaitable[Json]]] = {
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
        return actions.get(name)

    async def post(self, form: PageForm) -> Json:
        """Post text and files, perhaps as a reply."""
        text, files = _text(form), form.files.get("files", [])
        if not text and not files:
            raise ApiError.known(50006)
        answered = form.data.get("reply_to")
        reply_to = {"id": answered, "channel_id": str(form.channel.id)} if answered else None
        await form.member.post(form.channel, text, files=files, reply_to=reply_to)
        return {}

    async def edit(self, form: PageForm) -> Json:
        """Change one's own message."""
        await form.member.edit(form.message, _text(form))
        return {}

    async def delete(self, form: PageForm) -> Json:
        """Delete a message, or dismiss an ephemeral one."""
        await form.member.delete(form.message)
        return {}

    async def react(self, form: PageForm) -> Json:
        """Toggle a reaction."""
        emoji = str(form.data["emoji"]).strip()
        found = form.channel.store.get(int(form.data["message"]))
        if found and form.member.id in found.reactions.get(emoji, {}):
            await form.member.unreact(form.message, emoji)
        else:
            await form.member.react(form.message, emoji)
        return {}

    async def command(self, form: PageForm) -> Json:
        """Use a slash command."""
        name = form.data["name"]
        options = option_values(form.member, form.channel, name, form.data["options"], form.files)
        return self._outcome(await form.member.command(form.channel, name, **options))

    async def suggest(self, form: PageForm) -> Json:
        """Ask for an option's choices while it is typed."""
        name, option = form.data["name"], form.data["option"]
        typed = {key: value for key, value in form.data["options"].items() if key != option}
        options = option_values(form.member, form.channel, name, typed, {})
        call = form.member.autocomplete(form.channel, name, option, form.data["typed"], **options)
        return {"choices": await call}

    async def menu(self, form: PageForm) -> Json:
        """Use a command of a message's context menu."""
        return self._outcome(await form.member.menu(form.channel, form.data["name"], form.message))

    async def click(self, form: PageForm) -> Json:
        """Press a button."""
        clicked = await form.member.click(form.message, custom_id=form.data["custom_id"])
        return self._outcome(clicked, CLICK_FAILED)

    async def select(self, form: PageForm) -> Json:
        """Choose from a select menu."""
        values, custom_id = form.data["values"], form.data["custom_id"]
        chosen = await form.member.select(form.message, *values, custom_id=custom_id)
        return self._outcome(chosen, CLICK_FAILED)

    async def modal(self, form: PageForm) -> Json:
        """Submit a modal that was filled in."""
        asked = self._modals.pop(form.data["modal"])
        try:
            sent = await form.member.submit_modal(asked, **form.data["values"])
        except SandboxError:
            self._modals[form.data["modal"]] = asked
            raise
        return self._outcome(sent, "Something went wrong. Try again.")

    def _outcome(self, answer: Interaction, failed: str = "") -> Json:
        if answer.error:
            return {"error": failed or answer.error}
        if answer.modal is None:
            return {}
        self._modals[str(answer.id)] = answer
        return {"modal": str(answer.id), "form": modal_form(answer.modal, answer.member)}


def _text(form: PageForm) -> str:
    text = with_mentions(str(form.data["text"]).strip(), form.member.guild)
    if len(text) > CONTENT_LIMIT:
        raise SandboxError(f"Your message is too long: it may have {CONTENT_LIMIT:,} characters.")
    return text
