"""An operator's own rows: added, put in place of ours, or refused with one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.catalogue_file import load
from bot.errors import StartRefused
from bot.own_models import rows

ROW = """
[models.brush-3]
title = "Brush 3"
provider = "wavespeed"
endpoint = "makers/brush-3/edit"
pictures = { field = "images", most = 3 }
prompt = 4000
seconds = 30
prices = [{ micros = 25_000 }]
"""
QUALITY = '[models.brush-3.choices.quality]\nfield = "quality"\n'


def written(folder: Path, text: str) -> Path:
    (folder / "models.toml").write_text(text)
    return folder


def test_without_a_file_there_are_ours(tmp_path: Path) -> None:
    """Nothing has to be written."""
    assert rows(tmp_path) == load()


def test_a_table_adds_a_model(tmp_path: Path) -> None:
    """Ours stay, and their preference."""
    found = rows(written(tmp_path, ROW))
    assert list(found.models) == [*load().models, "brush-3"]
    assert found.preference == load().preference
    assert found.find("Brush 3").price({}) == 25_000


def test_a_preference_makes_it_the_default(tmp_path: Path) -> None:
    """In place of ours."""
    found = rows(written(tmp_path, f'preference = ["brush-3", "gpt-image-2"]\n{ROW}'))
    assert found.for_person(None).name == "brush-3"
    assert [model.name for model in found.preferred] == ["brush-3", "gpt-image-2"]


def test_a_table_of_a_name_that_there_is_replaces_it(tmp_path: Path) -> None:
    """Whole: a price of one's own, for instance."""
    found = rows(written(tmp_path, ROW.replace("models.brush-3", "models.gpt-image-1-mini")))
    assert found.models["gpt-image-1-mini"].endpoint == "makers/brush-3/edit"
    assert len(found.models) == len(load().models)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("[models.brush-3]", "[models.brush-3", "line 2"),
        ('title = "Brush 3"\n', "", "brush-3 has no title"),
        ('"Brush 3"', "3", "brush-3: 3 is no text"),
        ("most = 3", 'most = "3"', "brush-3: '3' is no whole number"),
        ("prompt = 4000", "prompt = []", "no whole number"),
        ('{ field = "images", most = 3 }', "7", "brush-3 can't be read"),
        ("seconds = 30", 'seconds = "long"', "brush-3 can't be read"),
        ("25_000", "0.025", "a price of 0.025 is no whole micro-dollars"),
        ("seconds = 30", 'seconds = 30\nsuccessor = "nobody"', "nobody is named but has no table"),
        ("seconds = 30", "seconds = inf", "inf seconds is no time"),
        ("seconds = 30", "seconds = 30\nsuccessor = [1]", "[1] is named but has no table"),
        ("seconds = 30", 'seconds = 30\nmask = { field = 3, form = "white" }', "3 is no text"),
        (ROW, "models = 3", "models are tables"),
        ("[models.brush-3]", 'preference = "brush-3"\n[models.brush-3]', "preference is a list"),
        ("25_000 }]\n", f"25_000 }}]\n{QUALITY}values = [1, 2]", "1 is no text"),
        ("25_000 }]\n", f'25_000 }}]\n{QUALITY}values = "low"', "'low' is no list of values"),
        ("25_000 }]\n", f"25_000 }}]\n{QUALITY}values = []", "[] is no list of values"),
        ("25_000 }]\n", f'25_000 }}]\n{QUALITY}values = ["low"]\nwire = {{ low = 1 }}', "1 is no text"),
        ("25_000 }]\n", f'25_000 }}]\n{QUALITY}values = ["low"]\nwire = []', "[] is no table of words"),
        ("[models.brush-3]", "[model.brush-3]", "unknown entry model"),
        ("[models.brush-3]", 'preference = ["nobody"]\n[models.brush-3]', "nobody is named but has no"),
    ],
)
def test_a_broken_file_stops_the_start(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    """With one line that names the file, the row and what is wrong with it."""
    assert right in ROW
    with pytest.raises(StartRefused) as refusal:
        rows(written(tmp_path, ROW.replace(right, wrong)))
    line = str(refusal.value)
    assert line.startswith(f"{tmp_path / 'models.toml'}: ")
    assert said in line
    assert "\n" not in line


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    """It is no text, or a folder."""
    (tmp_path / "models.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(StartRefused, match="UnicodeDecodeError"):
        rows(tmp_path)
    (tmp_path / "models.toml").unlink()
    (tmp_path / "models.toml").mkdir()
    with pytest.raises(StartRefused, match="IsADirectoryError"):
        rows(tmp_path)
