"""The folder that the demo keeps its data in."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.demo import NotADemo, prepare, stand_ins


def _demo(directory: Path) -> Path:
    directory.mkdir()
    (directory / "telegram.sqlite").touch()
    (directory / "wavebrush.sqlite").touch()
    return directory


@pytest.mark.parametrize("reset", [False, True])
def test_a_folder_that_is_no_demos_is_left_alone(tmp_path: Path, reset: bool) -> None:
    """A real bot's data is neither used nor deleted, whatever was asked for."""
    (tmp_path / "wavebrush.sqlite").write_text("somebody's money")
    with pytest.raises(NotADemo, match="choose another folder with --data"):
        prepare(tmp_path, reset=reset)
    assert (tmp_path / "wavebrush.sqlite").read_text() == "somebody's money"


def test_reset_forgets_a_demo(tmp_path: Path) -> None:
    """Everything of it goes; without a reset everything stays."""
    directory = _demo(tmp_path / "demo")
    prepare(directory, reset=False)
    assert (directory / "wavebrush.sqlite").exists()
    prepare(directory, reset=True)
    assert not directory.exists()


def test_a_folder_that_is_not_there_is_fine(tmp_path: Path) -> None:
    """The first start, and one in which only the lock was made yet, need nothing."""
    prepare(tmp_path / "nothing", reset=True)
    (tmp_path / "lock").touch()
    prepare(tmp_path, reset=False)


async def test_a_folder_is_a_demos_from_the_first_moment_on(tmp_path: Path) -> None:
    """A start that is killed before anybody asked for anything can be repeated."""
    async with stand_ins(tmp_path, port=0):
        (tmp_path / "wavebrush.sqlite").touch()
        prepare(tmp_path, reset=False)
