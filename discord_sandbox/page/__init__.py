"""The sandbox in the browser, in Discord's look: speak as any member, post, react, use commands and buttons.

    async with Sandbox() as discord:
        guild = discord.add_guild("Club")
        ...channels, members...
        async with SandboxPage(guild, here=music, speaker=ann, songs=SampleSongs()) as page:
            print(page.address)

The page is a server of its own on loopback, beside the sandbox's. What a member sees is drawn here
(`discord_sandbox.transcript` draws the messages) and sent as it changes, as Server-Sent Events; the browser only puts
it in its place. What a member does arrives as a form and becomes one call of a `SandboxMember` method.
"""

from discord_sandbox.page.demo_server import DemoServer
from discord_sandbox.page.sample_songs import SampleSongs
from discord_sandbox.page.server import MenuEntry, SandboxPage

__all__ = ["DemoServer", "MenuEntry", "SampleSongs", "SandboxPage"]
