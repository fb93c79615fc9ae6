"""Accounts: people and bots, whatever guilds they are in."""

from dataclasses import dataclass


@dataclass(eq=False)
class User:
    """An account, a person's or a bot's."""

    id: int
    name: str
    bot: bool = False

    @property
    def mention(self) -> str:
        """How a message names them."""
        return f"<@{self.id}>"
