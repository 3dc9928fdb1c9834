"""Files of settings that others can read are named; those that a container mounts are not."""

from pathlib import Path

import pytest

from bot.settings import exposed_files


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("s3cret")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("mode", "exposed"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_files_that_others_can_read(
    tmp_path: Path, secrets: Path, key: Path, mode: int, exposed: bool
) -> None:
    """Both the file of settings and what it, or the environment, points to."""
    file = tmp_path / "settings.env"
    file.write_text(f"BOT_ACCOUNTS__MAIN__API_KEY_FILE={key}\nBOT_TIMEZONE=UTC\n")
    file.chmod(0o600)
    other = tmp_path / "other"
    other.write_text("s3cret")
    other.chmod(0o600)
    for path in (file, key, other):
        path.chmod(mode)
        found = exposed_files({"BOT_TELEGRAM__TOKEN_FILE": str(other)}, folder=tmp_path)
        assert found == ((path,) if exposed else ())
        path.chmod(0o600)


def test_mounted_secrets(tmp_path: Path, secrets: Path) -> None:
    """Where a container mounts them, everybody in it may read them, and it cannot be mended."""
    mounted = secrets / "token"
    mounted.write_text("s3cret")
    mounted.chmod(0o444)
    link = tmp_path / "link"
    link.symlink_to(mounted)
    for path in (mounted, link):
        assert exposed_files({"BOT_TELEGRAM__TOKEN_FILE": str(path)}, folder=tmp_path) == ()


def test_nothing_there(tmp_path: Path, secrets: Path) -> None:
    """No file is no reason to warn; that one cannot be found is told elsewhere."""
    environ = {"BOT_TELEGRAM__TOKEN_FILE": str(tmp_path / "gone"), "OTHER_FILE": str(tmp_path)}
    assert exposed_files(environ, folder=tmp_path) == ()
    assert exposed_files({"BOT_TELEGRAM__TOKEN_FILE": ""}, folder=tmp_path) == ()


def test_credentials(tmp_path: Path, secrets: Path) -> None:
    """What systemd hands over is guarded by systemd."""
    handed_over = tmp_path / "credentials"
    handed_over.mkdir()
    path = handed_over / "token"
    path.write_text("s3cret")
    path.chmod(0o444)
    pointing = {"BOT_TELEGRAM__TOKEN_FILE": str(path)}
    assert exposed_files(pointing, folder=tmp_path) == (path,)
    environ = pointing | {"CREDENTIALS_DIRECTORY": str(handed_over)}
    assert exposed_files(environ, folder=tmp_path) == ()
