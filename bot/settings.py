"""The settings: one file, the environment over it, secrets apart; what does not fit is told in one line."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.settings_file import Found, SettingsError, fields_of, gather, is_secret
from services.fee_settings import Dunning, Fees, Payments
from services.sections import Section
from services.settings import (
    Calendars,
    Complaints,
    Deadlines,
    Desk,
    Dialogues,
    Digests,
    Emergency,
    Forms,
    Policy,
    Quiet,
    Registry,
    Retention,
    Shifts,
    Surveys,
    Targets,
    Tickets,
)

NO_SECRET = SecretStr("")
HIDDEN = "a value that is not shown"
MISSING = "set OWNERLINE_TELEGRAM__{0} or OWNERLINE_TELEGRAM__{0}_FILE, or disable telegram"
TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")

__all__ = ["Settings", "SettingsError", "load", "web_secret"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise ValueError(name) from error
    return name


def _database(text: str) -> str:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise ValueError("not a URL") from error
    if url.drivername not in {"sqlite", "postgresql"} or url.database in {None, "", ":memory:"}:
        raise ValueError("not a database of ours")
    return text


def _page(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("not a page")
    return text.rstrip("/")


def _secret(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


Phone = Annotated[
    str,
    Field(pattern=r"^\+?[0-9][0-9 \-]{1,22}$", description='a phone number such as "0571-8888 0000"'),
]
Zone = Annotated[str, AfterValidator(_zone), Field(description='a time zone such as "Asia/Shanghai"')]
DatabaseUrl = Annotated[
    str,
    AfterValidator(_database),
    Field(description='"sqlite:///path/to/file.db" or "postgresql://user@host:port/name"'),
]
Page = Annotated[str, AfterValidator(_page), Field(description='"" or an address that starts with http:// or https://')]
Secret = Annotated[SecretStr, BeforeValidator(_secret)]
Account = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$", description="1 to 32 of a-z, 0-9, _ and -")]


class CommunitySection(Section):
    """The first community, made at the first start; more are rows."""

    slug: Account = "sunshine-garden"
    name: str = Field("阳光花园", min_length=1, max_length=60, description="a name of 1 to 60 characters")
    zone: Zone = "Asia/Shanghai"
    locale: Literal["zh_Hans", "zh_Hant", "en"] = "zh_Hans"
    phone: Phone = "0571-8888 0000"


class DatabaseSection(Section):
    """Where everything is kept."""

    url: DatabaseUrl = "sqlite:///data/ownerline.db"
    password: Secret = NO_SECRET
    password_file: str = ""
    connections: int = Field(10, ge=1, le=200)


class TelegramSection(Section):
    """The bot on Telegram."""

    enabled: bool = False
    account: Account = "main"
    base_url: Page = "https://api.telegram.org/bot"
    base_file_url: Page = "https://api.telegram.org/file/bot"
    mode: Literal["polling", "webhook"] = "polling"
    public_url: Page = ""
    token: Secret = NO_SECRET
    token_file: str = ""
    webhook_secret: Secret = NO_SECRET
    webhook_secret_file: str = ""


class SmsSection(Section):
    """The line for plain phones."""

    enabled: bool = True
    gateway: Literal["demo"] = "demo"
    account: Account = "main"
    region: str = Field("CN", pattern="^[A-Z]{2}$", description='a two-letter country code such as "CN"')
    max_parts: int = Field(3, ge=1, le=10)


class ProviderSection(Section):
    """The payment provider that tells us of money, by signed calls."""

    webhook_secret: Secret = NO_SECRET
    webhook_secret_file: str = ""
    tolerance_seconds: int = Field(300, ge=10, le=3600)


class WebSection(Section):
    """The web server: chat page, webhooks, health and metrics."""

    host: str = Field("127.0.0.1", min_length=1, description='an address to listen on such as "127.0.0.1"')
    port: int = Field(8080, ge=0, le=65535)
    public_url: Page = ""
    secret: Secret = NO_SECRET
    secret_file: str = "data/web-secret"  # noqa: S105 - a place, not a secret


class LogSection(Section):
    """What the log says and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class MediaSection(Section):
    """Where photos and voices lie, and how big they may be."""

    folder: str = Field("data/media", min_length=1, description="a folder")
    photo_mb: int = Field(10, ge=1, le=50)


class CatalogSection(Section):
    """What people report, what it costs, what staff do not say."""

    file: str = Field("", description='"" for the shipped catalogue, or a file of your own')


class QuestionsSection(Section):
    """What all owners are asked, once in half a year."""

    file: str = Field("", description='"" for the shipped questions, or a file of your own')


class DeliverySection(Section):
    """How what must be said is sent."""

    lease_seconds: int = Field(120, ge=10, le=3600)
    poll_seconds: float = Field(1.0, ge=0.05, le=60)
    attempts: int = Field(8, ge=1, le=50)
    backoff_first_seconds: float = Field(2.0, ge=0.1, le=60)
    backoff_most_seconds: float = Field(600.0, ge=1, le=86400)
    telegram_per_second: float = Field(25.0, ge=0.1, le=1000)
    group_per_minute: float = Field(18.0, ge=0.1, le=600)
    sms_per_second: float = Field(5.0, ge=0.1, le=1000)
    reserve: int = Field(5, ge=0, le=1000)


class WorkSection(Section):
    """How what came in is worked."""

    concurrency: int = Field(8, ge=1, le=100)
    shared_turns: int = Field(16, ge=1, le=100)
    lease_seconds: int = Field(60, ge=10, le=3600)
    poll_seconds: float = Field(1.0, ge=0.05, le=60)


class Settings(Section):
    """Everything that an operator sets."""

    community: CommunitySection = CommunitySection()
    database: DatabaseSection = DatabaseSection()
    telegram: TelegramSection = TelegramSection()
    sms: SmsSection = SmsSection()
    provider: ProviderSection = ProviderSection()
    web: WebSection = WebSection()
    log: LogSection = LogSection()
    media: MediaSection = MediaSection()
    catalog: CatalogSection = CatalogSection()
    questions: QuestionsSection = QuestionsSection()
    delivery: DeliverySection = DeliverySection()
    work: WorkSection = WorkSection()
    emergency: Emergency = Emergency()
    tickets: Tickets = Tickets()
    deadlines: Deadlines = Deadlines()
    complaints: Complaints = Complaints()
    shifts: Shifts = Shifts()
    surveys: Surveys = Surveys()
    forms: Forms = Forms()
    registry: Registry = Registry()
    dialogues: Dialogues = Dialogues()
    fees: Fees = Fees()
    payments: Payments = Payments()
    desk: Desk = Desk()
    quiet: Quiet = Quiet()
    dunning: Dunning = Dunning()
    calendars: Calendars = Calendars()
    digests: Digests = Digests()
    targets: Targets = Targets()
    retention: Retention = Retention()

    def policy(self) -> Policy:
        """Return the figures that communities may override."""
        return Policy(**{name: getattr(self, name) for name in Policy.model_fields})

    def database_url(self) -> str:
        """Return the database's URL with the password in it; never to be shown."""
        password = self.database.password.get_secret_value()
        if not password:
            return self.database.url
        return make_url(self.database.url).set(password=password).render_as_string(hide_password=False)

    def catalog_file(self) -> Path | None:
        """Return the operator's own catalogue file, if he has one."""
        return Path(self.catalog.file) if self.catalog.file else None

    def questions_file(self) -> Path | None:
        """Return the operator's own questions, if he has any."""
        return Path(self.questions.file) if self.questions.file else None

    def shown_database(self) -> str:
        """Return the database's URL as it may be shown."""
        return make_url(self.database.url).render_as_string(hide_password=True)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the file, if one is named, and the environment over it; raises `SettingsError`."""
    found = gather(Settings, path, environ)
    try:
        settings = Settings.model_validate(found.values())
    except ValidationError as error:
        raise _misfit(found, error) from None
    for section, key, what, allowed in _contradictions(settings, found):
        raise SettingsError(found.origin(section, key), f"found {what}", allowed)
    return settings


def web_secret(settings: Settings) -> str:
    """Return the secret that signs the web's cookies; made once and kept in its file when none was given."""
    given = settings.web.secret.get_secret_value()
    if given:
        return given
    place = Path(settings.web.secret_file)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return place.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        made = secrets.token_urlsafe(32)
        file.write(made + "\n")
    return made


def _misfit(found: Found, error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    section, key = (*(str(part) for part in first["loc"][:2]), "")[:2]
    if not key:  # two figures of the section don't go together
        why = str(first["msg"]).removeprefix("Value error, ")
        return SettingsError(found.origin(section, "").rstrip("."), "figures that don't go together", why)
    hidden = is_secret(fields_of(Settings, section)[key]) or (section, key) == ("database", "url")
    shown = HIDDEN if hidden else found.shown(section, key)
    return SettingsError(found.origin(section, key), f"found {shown}", found.allowed(section, key))


def _contradictions(settings: Settings, found: Found) -> Iterator[tuple[str, str, str, str]]:
    """Yield what fits alone but not together: section, key, what was found, what is allowed."""
    yield from _telegram(settings.telegram)
    if make_url(settings.database.url).password and found.from_file("database", "url"):
        allowed = "no password here; set OWNERLINE_DATABASE__PASSWORD or database.password_file"
        yield "database", "url", "a password inside the URL", allowed
    tickets = settings.tickets
    if tickets.autoclose_warn_days >= tickets.autoclose_days:
        allowed = f"fewer days than tickets.autoclose_days ({tickets.autoclose_days})"
        yield "tickets", "autoclose_warn_days", str(tickets.autoclose_warn_days), allowed


def _telegram(telegram: TelegramSection) -> Iterator[tuple[str, str, str, str]]:
    if not telegram.enabled:
        return
    token, secret = telegram.token.get_secret_value(), telegram.webhook_secret.get_secret_value()
    if not token:
        yield "telegram", "token", "no secret while telegram.enabled is true", MISSING.format("TOKEN")
    if not TOKEN.fullmatch(token):
        yield "telegram", "token", HIDDEN, "a bot token as @BotFather gives it: digits, a colon, letters"
    if telegram.mode != "webhook":
        return
    if not secret:
        what = 'no secret while telegram.mode is "webhook"'
        yield "telegram", "webhook_secret", what, MISSING.format("WEBHOOK_SECRET")
    if not WEBHOOK_SECRET.fullmatch(secret):
        yield "telegram", "webhook_secret", HIDDEN, "1 to 256 of A-Z, a-z, 0-9, _ and -"
    if not telegram.public_url:
        allowed = "the address under which Telegram reaches this server"
        yield "telegram", "public_url", '"" while telegram.mode is "webhook"', allowed
