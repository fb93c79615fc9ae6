"""The SQL condition that a row belongs to a member."""

from sqlalchemy import ColumnElement, and_

from models import Answer, Hidden, Job, Member, OptOut, PlaylistRecord, Reaction, Share

Table = type[Answer | Hidden | Job | Member | OptOut | PlaylistRecord | Reaction | Share]


def of_member(table: Table, guild_id: int, user_id: int) -> ColumnElement[bool]:
    """The condition that a row is that member's, in that server."""
    return and_(table.guild_id == guild_id, table.user_id == user_id)
