"""What a person can set, from the environment or a `.env` file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ByteSize, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError

EMBEDDER_NAMES = ("openl3", "musicnn", "mfcc", "panns", "wav2vec2")


class Settings(BaseSettings):
    """Every setting with its default; `Settings.load()` turns a wrong one into a `SettingsError`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    discord_token: str = Field("", alias="DISCORD_TOKEN")
    discord_api_base: str = Field("", alias="DISCORD_API_BASE")
    discord_gateway_url: str = Field("", alias="DISCORD_GATEWAY_URL")

    home: Path = Field(Path("data"), alias="EARWORM_HOME")
    database_url: str = Field("", alias="DATABASE_URL")
    qdrant_url: str = Field("", alias="QDRANT_URL")
    qdrant_api_key: str = Field("", alias="QDRANT_API_KEY")

    embedders: Annotated[tuple[str, ...], NoDecode] = Field(("openl3",), alias="EARWORM_EMBEDDERS")
    egress_allow: Annotated[frozenset[tuple[str, int]], NoDecode] = Field(
        frozenset(), alias="EARWORM_EGRESS_ALLOW"
    )
    max_seconds: int = Field(1200, gt=0, alias="EARWORM_MAX_SECONDS")
    max_bytes: ByteSize = Field(ByteSize(100_000_000), gt=0, alias="EARWORM_MAX_BYTES")
    member_daily: int = Field(200, gt=0, alias="EARWORM_MEMBER_DAILY")
    server_daily: int = Field(2000, gt=0, alias="EARWORM_SERVER_DAILY")
    fetchers: int = Field(4, gt=0, alias="EARWORM_FETCHERS")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="EARWORM_LOG_LEVEL")

    @field_validator("embedders", mode="before")
    @classmethod
    def _split_embedders(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(dict.fromkeys(name.strip().lower() for name in value.split(",") if name.strip()))
        unknown = [name for name in names if name not in EMBEDDER_NAMES]
        if unknown or not names:
            raise ValueError(f"name one or more of {', '.join(EMBEDDER_NAMES)}, separated by commas")
        return names

    @field_validator("egress_allow", mode="before")
    @classmethod
    def _split_egress(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return frozenset(_host_and_port(pair.strip()) for pair in value.split(",") if pair.strip())

    @classmethod
    def load(cls, **changes: object) -> "Settings":
        """Read the environment and `.env`; `changes` (field names) win.

        Raises SettingsError naming each wrong setting.
        """
        try:
            return cls(**{str(cls.model_fields[name].alias): value for name, value in changes.items()})  # type: ignore[arg-type]
        except ValidationError as error:
            wrong = "; ".join(
                f"{e['loc'][0]}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
            )
            raise SettingsError(f"Wrong setting: {wrong}.") from None

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database, with an async driver."""
        if not self.database_url:
            return f"sqlite+aiosqlite:///{self.home.resolve() / 'earworm.db'}"
        scheme, rest = self.database_url.split("://", 1)
        drivers = {
            "sqlite": "sqlite+aiosqlite",
            "postgres": "postgresql+asyncpg",
            "postgresql": "postgresql+asyncpg",
        }
        return f"{drivers.get(scheme, scheme)}://{rest}"

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        if value and "://" not in value:
            raise ValueError("write it like sqlite:///earworm.db or postgresql://user:password@host/name")
        return value


def _host_and_port(pair: str) -> tuple[str, int]:
    host, _, port = pair.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"write host:port,host:port instead of {pair!r}")
    return host.strip("[]").lower(), int(port)
