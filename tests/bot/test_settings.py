"""Settings: what is read from where, and the one line that tells what does not fit."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from bot.settings import Settings, SettingsError, load, web_secret
from services.settings import Policy

SHIPPED = Path(__file__).resolve().parents[2] / "config.toml"
SECRET = "4242:a-very-secret-word"
TELEGRAM = {"OWNERLINE_TELEGRAM__ENABLED": "true", "OWNERLINE_TELEGRAM__TOKEN": SECRET}


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Settings.model_fields.items():
        assert isinstance(field.annotation, type)
        yield name, field.annotation


def _file(folder: Path, text: str) -> Path:
    place = folder / "config.toml"
    place.write_text(text, encoding="utf-8")
    return place


def _refusal(folder: Path, text: str, environ: Mapping[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        load(_file(folder, text), environ)
    return str(refused.value).replace(str(folder), "")


def test_the_shipped_file_says_what_holds_without_it() -> None:
    assert load(SHIPPED, {}) == Settings() == load(None, {})


def test_the_shipped_file_names_every_key() -> None:
    found = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    known = {
        name: {key for key, field in section.model_fields.items() if field.annotation is not SecretStr}
        for name, section in _sections()
    }
    assert {name: set(keys) for name, keys in found.items()} == known


def test_the_shipped_file_tells_the_variable_of_every_secret() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    secrets = [
        f"OWNERLINE_{name}__{key}".upper()
        for name, section in _sections()
        for key, field in section.model_fields.items()
        if field.annotation is SecretStr
    ]
    assert len(secrets) == 5
    assert all(secret in text for secret in secrets)


def test_every_figure_of_the_shipped_file_has_a_comment() -> None:
    figures = SHIPPED.read_text(encoding="utf-8").rpartition("[emergency]")[2].splitlines()
    keys = [line for line in figures if re.match(r"\w+ = ", line)]
    plain = ("fire", "ambulance", "police", "starts", "ends")
    assert len(keys) > 30
    assert all("#" in line for line in keys if not line.startswith(plain))


def test_the_figures_of_communities_are_a_part_of_the_settings() -> None:
    assert Settings().policy() == Policy()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = _file(tmp_path, "[web]\nport = 9000\nhost = '::1'\n[quiet]\nstarts = 22:00:00")
    environ = {
        "OWNERLINE_WEB__PORT": "9001",
        "OWNERLINE_SMS__ENABLED": "no",
        "OWNERLINE_CALENDARS__DAYS_OFF": "2026-05-04",
    }
    settings = load(file, environ | {"PATH": "/bin", "OWNERLINE_TEST_CHROMIUM": "ours"})
    assert (settings.web.port, settings.web.host) == (9001, "::1")
    assert settings.sms.enabled is False
    assert (settings.quiet.starts, settings.calendars.days_off) == (time(22), (date(2026, 5, 4),))


def test_secrets_come_from_the_environment_or_from_files_named_there_or_in_the_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"  {SECRET}\n")
    by_variable = load(None, {"OWNERLINE_TELEGRAM__TOKEN_FILE": str(secret)})
    by_key = load(_file(tmp_path, f"[telegram]\ntoken_file = {json.dumps(str(secret))}"), {})
    direct = load(None, {"OWNERLINE_TELEGRAM__TOKEN": f"{SECRET}\n", "OWNERLINE_TELEGRAM__TOKEN_FILE": "/nowhere"})
    for settings in (by_variable, by_key, direct):
        assert settings.telegram.token.get_secret_value() == SECRET
        assert SECRET not in repr(settings)


def test_a_catalogue_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    assert Settings().catalog_file() is None
    assert load(_file(tmp_path, "[catalog]\nfile = 'own.toml'"), {}).catalog_file() == Path("own.toml")


def test_an_empty_secret_in_the_environment_is_none() -> None:
    """Compose files pass variables on that nobody set."""
    assert load(None, {"OWNERLINE_TELEGRAM__TOKEN": ""}) == Settings()


def test_the_password_joins_the_database_url() -> None:
    settings = load(
        None,
        {"OWNERLINE_DATABASE__URL": "postgresql://me@db:5433/line", "OWNERLINE_DATABASE__PASSWORD": "p@ss/word"},
    )
    assert settings.database_url() == "postgresql://me:p%40ss%2Fword@db:5433/line"
    assert settings.shown_database() == "postgresql://me@db:5433/line"


def test_a_password_inside_the_url_may_come_from_the_environment() -> None:
    url = "postgresql://me:secret@db/line"
    settings = load(None, {"OWNERLINE_DATABASE__URL": url})
    assert settings.database_url() == url
    assert settings.shown_database() == "postgresql://me:***@db/line"


def test_the_secret_of_the_web_is_made_once_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "data" / "web-secret"
    settings = load(None, {"OWNERLINE_WEB__SECRET_FILE": str(place)})
    made = web_secret(settings)
    assert len(made) > 40
    assert web_secret(settings) == made
    assert place.stat().st_mode & 0o077 == 0
    again = load(None, {"OWNERLINE_WEB__SECRET_FILE": str(place)})
    assert again.web.secret.get_secret_value() == web_secret(again) == made


@pytest.mark.parametrize(
    ("text", "environ", "line"),
    [
        ("[web]\nport = '80'", {}, "config.toml: web.port: found '80'; allowed: a whole number from 0 to 65535"),
        ("[web]\nport = true", {}, "web.port: found True; allowed: a whole number"),
        ("[web]\nport = 65536", {}, "web.port: found 65536; allowed: a whole number from 0 to 65535"),
        ("[web]\nprot = 1", {}, "web.prot: unknown key; allowed: host, port, public_url, secret_file"),
        ("[web]\n'a b' = 1", {}, "web.'a b': unknown key; allowed: host"),
        ("[wed]\nport = 1", {}, "wed: unknown section; allowed: community, database"),
        ("web = 1", {}, "web: found 1; allowed: a section [web]"),
        ("[telegram]\nenabled = 'yes'", {}, "telegram.enabled: found 'yes'; allowed: true or false"),
        ("[telegram]\nmode = 'push'", {}, 'telegram.mode: found \'push\'; allowed: one of "polling", "webhook"'),
        ("[delivery]\npoll_seconds = nan", {}, "delivery.poll_seconds: found nan; allowed: a number from 0.05 to 60"),
        ("[retention]\nraw_event_days = 0", {}, "raw_event_days: found 0; allowed: a whole number of at least 1"),
        ("[community]\nzone = 'Mars/Olympus'", {}, "found 'Mars/Olympus'; allowed: a time zone such as"),
        ("[community]\nzone = '../etc'", {}, "found '../etc'; allowed: a time zone such as"),
        ("[community]\nphone = 'call us'", {}, "found 'call us'; allowed: a phone number such as"),
        ("[telegram]\npublic_url = 'ftp://x'", {}, "found 'ftp://x'; allowed: \"\" or an address that starts with"),
        ("[quiet]\nstarts = '25:00'", {}, "found '25:00'; allowed: a time of day such as 08:30:00"),
        ("[emergency]\nfire = 119", {}, "emergency.fire: found 119; allowed: a text in quotes"),
        ("[database]\nurl = 'mysql://x/y'", {}, 'database.url: found a value that is not shown; allowed: "sqlite'),
        ("[database]\nurl = 'sqlite://'", {}, 'database.url: found a value that is not shown; allowed: "sqlite'),
        ("[database]\nurl = 'nonsense'", {}, 'database.url: found a value that is not shown; allowed: "sqlite'),
        ("[tickets]\nautoclose_warn_days = 3", {}, "autoclose_warn_days must be less than autoclose_days"),
        ("[telegram]\nenabled = true", {}, "telegram.token: found no secret while telegram.enabled is true"),
        ("[telegram]\ntoken_file = '/nowhere/x'", {}, "token_file: found no secret in '/nowhere/x'; allowed: a file"),
        (
            "[calendars]\ndesk = 'all day'",
            {},
            "calendars.desk: found 'all day'; allowed: hours such as \"08:30-21:00 daily",
        ),
        ("[calendars]\ncountry = 'XX'", {}, "calendars.country: found 'XX'; allowed: a two-letter code of a country"),
        ("[calendars]\nregion = 'ZZ'", {}, "calendars: figures that don't go together; allowed: CN has no region 'ZZ'"),
        ("[calendars]\ndays_off = 7", {}, "calendars.days_off: found 7; allowed: days such as"),
        ("[calendars]\ndays_off = ['May']", {}, "calendars.days_off: found ['May']; allowed: days such as"),
        ("", {"OWNERLINE_CALENDARS__DAYS_OFF": "May"}, "CALENDARS__DAYS_OFF: found 'May'; allowed: days such as"),
        ("[log", {}, "config.toml: found broken TOML (Expected ']'"),
        ("a = 1\na = 2", {}, "config.toml: found broken TOML"),
        ("", {"OWNERLINE_WEB__PORT": "eighty"}, "OWNERLINE_WEB__PORT: found 'eighty'; allowed: a whole number"),
        ("", {"OWNERLINE_WEB__PROT": "1"}, "OWNERLINE_WEB__PROT: unknown variable; allowed: OWNERLINE_WEB__HOST"),
        ("", {"OWNERLINE_PORT": "1"}, "OWNERLINE_PORT: unknown variable; allowed: OWNERLINE_<SECTION>__<KEY>"),
        ("", {**TELEGRAM, "OWNERLINE_TELEGRAM__MODE": "webhook"}, "telegram.webhook_secret: found no secret while"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(
    tmp_path: Path, text: str, environ: Mapping[str, str], line: str
) -> None:
    told = _refusal(tmp_path, text, environ)
    assert line in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        (f"[telegram]\ntoken = '{SECRET}'", {}),
        (f"[telegram]\nwebhook_secret = '{SECRET}'", {}),
        (f"[web]\nsecret = '{SECRET}'", {}),
        (f"[database]\npassword = '{SECRET}'", {}),
        (f"[database]\nurl = 'postgresql://me:{SECRET}@db/line'", {}),
        ("", {"OWNERLINE_DATABASE__URL": f"mysql://me:{SECRET}@db/line"}),
        ("", {"OWNERLINE_TELEGRAM__ENABLED": "true", "OWNERLINE_TELEGRAM__TOKEN": f"{SECRET} {SECRET}"}),
        (
            "",
            {
                **TELEGRAM,
                "OWNERLINE_TELEGRAM__MODE": "webhook",
                "OWNERLINE_TELEGRAM__WEBHOOK_SECRET": f"{SECRET}!",
            },
        ),
    ],
)
def test_a_secret_is_never_told(tmp_path: Path, text: str, environ: Mapping[str, str]) -> None:
    """A secret in the settings file is refused, a bad one elsewhere too; the line does not repeat it."""
    assert "secret-word" not in _refusal(tmp_path, text, environ)


def test_a_webhook_needs_its_public_address(tmp_path: Path) -> None:
    secret = {"OWNERLINE_TELEGRAM__WEBHOOK_SECRET": "abc"}
    told = _refusal(tmp_path, "[telegram]\nmode = 'webhook'", {**TELEGRAM, **secret})
    assert 'telegram.public_url: found "" while telegram.mode is "webhook"' in told
    text = "[telegram]\nmode = 'webhook'\npublic_url = 'https://line.example/'"
    assert load(_file(tmp_path, text), {**TELEGRAM, **secret}).telegram.public_url == "https://line.example"


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="found no such file"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(SettingsError, match="found a file that can't be read"):
        load(tmp_path, {})
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="found bytes that are not text"):
        load(tmp_path / "bytes", {})


VALUES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=90),
    st.dates(date(1900, 1, 1)),
    st.datetimes(datetime(1900, 1, 1)),  # noqa: DTZ001 - TOML has them without a zone, too
    st.times(),
    st.lists(st.integers(), max_size=2),
)
KEYS = st.sampled_from([(name, key) for name, section in _sections() for key in [*section.model_fields, "other"]])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    return str(value.isoformat() if isinstance(value, date | time) else value)


@given(key=KEYS, value=VALUES)
def test_no_value_in_the_file_makes_anything_but_settings_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, key: tuple[str, str], value: Any
) -> None:
    place = tmp_path_factory.getbasetemp() / "value.toml"
    place.write_text(f"[{key[0]}]\n{key[1]} = {_toml(value)}\n", encoding="utf-8", errors="surrogatepass")
    _loads_or_tells(place, {})


@given(key=KEYS, value=st.text(max_size=90))
def test_no_variable_makes_anything_but_settings_or_one_line(key: tuple[str, str], value: str) -> None:
    _loads_or_tells(None, {f"OWNERLINE_{key[0]}__{key[1]}".upper(): value})


@given(cut=st.tuples(st.integers(0, 9000), st.integers(0, 400)), put=st.text(max_size=30))
def test_no_damage_to_the_file_makes_anything_but_settings_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, cut: tuple[int, int], put: str
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    place = tmp_path_factory.getbasetemp() / "damaged.toml"
    damaged = text[: cut[0]] + put + text[cut[0] + cut[1] :]
    place.write_bytes(damaged.encode("utf-8", errors="surrogatepass"))
    _loads_or_tells(place, {})


def _loads_or_tells(place: Path | None, environ: Mapping[str, str]) -> None:
    told = "one line"
    try:
        load(place, environ)
    except SettingsError as error:
        told = str(error)
    assert len(told.splitlines()) == 1
