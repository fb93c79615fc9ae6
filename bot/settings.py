"""Settings, from environment variables or a `.env` file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ByteSize, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.concealing import SHORTEST, secrets_in
from bot.errors import SettingsError
from bot.home import DATABASE

EMBEDDER_NAMES = ("openl3", "musicnn", "mfcc", "panns", "wav2vec2")
LAST_PORT = 65_535
WHOLE_NUMBER = "a whole number above 0"


class Settings(BaseSettings):
    """Every setting with its default; `Settings.load()` turns a wrong one into a `SettingsError`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    discord_token: str = Field("", alias="DISCORD_TOKEN", repr=False)
    discord_api_base: str = Field(
        "",
        alias="DISCORD_API_BASE",
        repr=False,
        pattern="^(https?://.+)?$",
        description="an address that begins with https://",
    )
    discord_gateway_url: str = Field("", alias="DISCORD_GATEWAY_URL", repr=False)

    home: Path = Field(Path("data"), alias="EARWORM_HOME")
    database_url: str = Field(
        "",
        alias="DATABASE_URL",
        repr=False,
        description="something like sqlite:///earworm.db or postgresql://user:password@host/name",
    )
    qdrant_url: str = Field("", alias="QDRANT_URL", repr=False)
    qdrant_api_key: str = Field("", alias="QDRANT_API_KEY", repr=False)
    qdrant_layout: Literal["collections", "tenants"] = Field(
        "collections", alias="QDRANT_LAYOUT", description="collections or tenants"
    )
    qdrant_replicas: int = Field(1, gt=0, alias="QDRANT_REPLICAS", description=WHOLE_NUMBER)
    qdrant_shards: int = Field(1, gt=0, alias="QDRANT_SHARDS", description=WHOLE_NUMBER)
    qdrant_quantization: Literal["none", "int8"] = Field(
        "none", alias="QDRANT_QUANTIZATION", description="none or int8"
    )
    qdrant_grpc: bool = Field(False, alias="QDRANT_GRPC", description="true or false")
    disk_floor: ByteSize = Field(
        ByteSize(256_000_000), ge=0, alias="EARWORM_DISK_FLOOR", description="a size like 256MB"
    )

    backup_dir: Path | None = Field(
        None, alias="EARWORM_BACKUP_DIR", description="a folder for one backup a night"
    )
    backup_keep: int = Field(7, gt=0, alias="EARWORM_BACKUP_KEEP", description=WHOLE_NUMBER)

    embedders: Annotated[tuple[str, ...], NoDecode] = Field(
        ("openl3",),
        alias="EARWORM_EMBEDDERS",
        description=f"one or more of {', '.join(EMBEDDER_NAMES)}, separated by commas",
    )
    egress_allow: Annotated[frozenset[tuple[str, int]], NoDecode] = Field(
        frozenset(), alias="EARWORM_EGRESS_ALLOW", description="host:port,host:port"
    )
    max_seconds: int = Field(1200, gt=0, alias="EARWORM_MAX_SECONDS", description=WHOLE_NUMBER)
    max_bytes: ByteSize = Field(
        ByteSize(100_000_000), gt=0, alias="EARWORM_MAX_BYTES", description="a size above 0 like 100MB"
    )
    member_daily: int = Field(200, gt=0, alias="EARWORM_MEMBER_DAILY", description=WHOLE_NUMBER)
    server_daily: int = Field(2000, gt=0, alias="EARWORM_SERVER_DAILY", description=WHOLE_NUMBER)
    half_life: float = Field(
        60.0, gt=0, allow_inf_nan=False, alias="EARWORM_HALF_LIFE", description="days, a number above 0"
    )
    fetchers: int = Field(4, gt=0, alias="EARWORM_FETCHERS", description=WHOLE_NUMBER)
    metrics: Annotated[tuple[str, int] | None, NoDecode] = Field(
        None, alias="EARWORM_METRICS", description="host:port, for example 127.0.0.1:9464"
    )
    privacy_url: str = Field(
        "",
        alias="EARWORM_PRIVACY_URL",
        pattern="^(https?://.+)?$",
        description="an address that begins with https://",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", alias="EARWORM_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["text", "json"] = Field(
        "text", alias="EARWORM_LOG_FORMAT", description="text or json"
    )

    @field_validator("embedders", mode="before")
    @classmethod
    def _split_embedders(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(dict.fromkeys(name.strip().lower() for name in value.split(",") if name.strip()))
        if not names or not set(names) <= set(EMBEDDER_NAMES):
            raise ValueError("no embedder is called that")
        return names

    @field_validator("backup_dir", mode="before")
    @classmethod
    def _no_folder(cls, value: object) -> object:
        return value or None

    @field_validator("egress_allow", mode="before")
    @classmethod
    def _split_egress(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return frozenset(_split_pair(pair.strip()) for pair in value.split(",") if pair.strip())

    @field_validator("metrics", mode="before")
    @classmethod
    def _split_metrics(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return _split_pair(value.strip()) if value.strip() else None

    @classmethod
    def load(cls, **changes: object) -> "Settings":
        """Read the environment and `.env`; `changes` (field names) win.

        Raises SettingsError naming each wrong setting.
        """
        try:
            return cls(**{str(cls.model_fields[name].alias): value for name, value in changes.items()})  # type: ignore[arg-type]
        except ValidationError as error:
            wrong = "; ".join(cls._expectation(str(e["loc"][0]), e["input"]) for e in error.errors())
            raise SettingsError(f"Wrong setting. {wrong}.") from None
        except UnicodeDecodeError:
            raise SettingsError("The file .env is no text in UTF-8. Write it anew.") from None

    @classmethod
    def own(cls, **changes: object) -> "Settings":
        """The defaults with these changes, whatever the environment and `.env` say."""
        return cls.load(**{name: field.default for name, field in cls.model_fields.items()} | changes)

    @classmethod
    def _expectation(cls, name: str, value: object) -> str:
        """What to write for the variable called `name`; an address is not repeated, as it may hold a password."""
        field = next(field for field in cls.model_fields.values() if field.alias == name)
        secret = "://" in str(value) or name.endswith(("URL", "BASE", "TOKEN", "KEY"))
        instead = "" if secret else f" instead of {str(value)[:40]!r}"
        return f"{name}: write {field.description}{instead}"

    @property
    def secrets(self) -> frozenset[str]:
        """What must never be printed or logged: the token, the key, and every password in an address."""
        plain = {secret for secret in (self.discord_token, self.qdrant_api_key) if len(secret) >= SHORTEST}
        addresses = (self.database_url, self.qdrant_url, self.discord_api_base, self.discord_gateway_url)
        return frozenset(plain).union(*map(secrets_in, addresses))

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database, with an async driver."""
        if not self.database_url:
            return f"sqlite+aiosqlite:///{self.home.resolve() / DATABASE}"
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
            raise ValueError("that is no address")
        return value


def host_and_port(host: str, port: int) -> str:
    """Both as they stand in an address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split_pair(pair: str) -> tuple[str, int]:
    host, _, port = pair.rpartition(":")
    if not host or not port.isdigit() or int(port) > LAST_PORT:
        raise ValueError("that is no host and port")
    return host.strip("[]").lower(), int(port)
