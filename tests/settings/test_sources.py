"""Where settings come from: who wins, and what files may look like."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.settings import SettingsError, load_settings
from tests.settings.conftest import TOKEN, Load, refused


def test_who_wins(load: Load, secrets: Path) -> None:
    """The environment wins over the file, and the file over the folder of secrets."""
    (secrets / "BOT_TIMEZONE").write_text("Asia/Tokyo\n")
    (secrets / "bot_check_every").write_text("7s")
    (secrets / "other").write_text("not ours")
    assert load().timezone.key == "Asia/Tokyo"
    file = "BOT_TIMEZONE=Europe/Rome\nOTHER=1\n"
    with pytest.raises(SettingsError, match="OTHER: there is no such setting"):
        load(file=file)
    settings = load(file="BOT_TIMEZONE=Europe/Rome\n")
    assert (settings.timezone.key, settings.check_every) == ("Europe/Rome", timedelta(seconds=7))
    assert load({"BOT_TIMEZONE": "Asia/Dubai", "OTHER": "1"}).timezone.key == "Asia/Dubai"
    assert load({"BOT_TIMEZONE": ""}).timezone.key == "Europe/Rome"  # empty: not given


def test_secrets_as_one_file(load: Load, secrets: Path) -> None:
    """A container may mount the whole file; a file for one setting is more to the point."""
    (secrets / "settings.env").write_text("BOT_TIMEZONE=Asia/Tokyo\nBOT_LANGUAGE=zh\n")
    (secrets / "BOT_TIMEZONE").write_text("Asia/Dubai")
    assert (load().timezone.key, load().language) == ("Asia/Dubai", "zh")
    assert load(file="BOT_LANGUAGE=en\n").language == "en"
    (secrets / "settings.env").write_text("BOT_LANGUAGE\n")
    with pytest.raises(SettingsError, match="line 1 is not NAME=value"):
        load()


def test_credentials_of_systemd(load: Load, secrets: Path, tmp_path: Path) -> None:
    """What LoadCredential hands over counts like secrets, and wins over those of a container."""
    (secrets / "BOT_TIMEZONE").write_text("Asia/Tokyo")
    (secrets / "BOT_LANGUAGE").write_text("zh")
    handed_over = tmp_path / "credentials"
    handed_over.mkdir()
    (handed_over / "BOT_TIMEZONE").write_text("Asia/Dubai")
    (handed_over / "settings.env").write_text(f"{TOKEN}=12:abc\n")
    settings = load({"CREDENTIALS_DIRECTORY": str(handed_over)})
    assert (settings.timezone.key, settings.language) == ("Asia/Dubai", "zh")
    assert settings.telegram.token is not None
    assert load({"CREDENTIALS_DIRECTORY": ""}).telegram.token is None
    not_a_folder = handed_over / "BOT_TIMEZONE"
    with pytest.raises(SettingsError, match=r"settings\.env: cannot be read"):
        load({"CREDENTIALS_DIRECTORY": str(not_a_folder)})


def test_values_in_files(load: Load, tmp_path: Path) -> None:
    """A name with _FILE points to the value; it counts where it stands, above or below others."""
    path = tmp_path / "token"
    path.write_text("12:from-file\n")
    pointing = {f"{TOKEN}_FILE": str(path)}

    def token(environ: dict[str, str], file: str = "") -> str:
        secret = load(environ, file=file).telegram.token
        assert secret is not None
        return secret.get_secret_value()

    assert token(pointing) == "12:from-file"
    assert token(pointing, f"{TOKEN}=12:from-env-file") == "12:from-file"
    assert token({TOKEN: "12:from-environment"}, f"{TOKEN}_FILE={path}") == "12:from-environment"
    assert token({TOKEN: "12:there", f"{TOKEN}_FILE": ""}) == "12:there"
    assert refused(load, {f"{TOKEN}_FILE": str(tmp_path / "none")}) == (
        f"{TOKEN}_FILE: the file cannot be read",
    )


def test_a_file_that_is_no_text(load: Load, tmp_path: Path) -> None:
    """What cannot be read is refused by its name, not with a trace."""
    (tmp_path / "settings.env").write_bytes(b"\xff\xfe\x00")
    assert refused(load, {}) == ("settings.env: cannot be read",)


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("BOT_TIMEZONE=UTC\nhidden value\n", [2]),
        ("BOT_TELEGRAM__TOKEN\n", [1]),
        ("\n\n  =hidden\n# fine\n\nBOT_TIMEZONE='UTC' hidden", [3, 6]),
        ('BOT_TIMEZONE=UTC\r\n\r\nBOT_TELEGRAM__TOKEN="hidden\r\n', [3]),
    ],
)
def test_lines_of_the_file_that_say_nothing(
    load: Load, file: str, lines: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """A line that is no setting is refused by its number; it is neither dropped nor shown."""
    with pytest.raises(SettingsError) as caught:
        load(file=file)
    assert list(caught.value.lines) == [
        f"settings.env: line {line} is not NAME=value" for line in lines
    ]
    assert not caplog.records


def test_what_the_file_may_look_like(load: Load) -> None:
    """Comments, quotes, export and lines that say nothing are read as shells do."""
    file = (
        "\ufeff# first\n\nexport BOT_TIMEZONE='Asia/Tokyo' # why\nBOT_LOG__LEVEL = \"debug\"\n \n"
    )
    settings = load(file=file)
    assert (settings.timezone.key, settings.log.level) == ("Asia/Tokyo", "DEBUG")


def test_the_environment_of_the_process(
    monkeypatch: pytest.MonkeyPatch, secrets: Path, tmp_path: Path
) -> None:
    """Without arguments the process's own environment and folder count."""
    monkeypatch.setenv("BOT_CHECK_EVERY", "33s")
    monkeypatch.chdir(tmp_path)
    assert load_settings().check_every == timedelta(seconds=33)
