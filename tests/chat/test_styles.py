"""The styles as data: those that ship, those of an operator, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.chat.styles import Style, load
from bot.errors import StartRefused


def test_without_a_file_there_are_six(tmp_path: Path) -> None:
    """Those that ship with the program."""
    labels = [style.label for style in load(tmp_path / "styles.toml")]
    assert labels == ["Comic", "Watercolour", "1950s photograph", "Anime", "Cyberpunk", "Pencil sketch"]


@pytest.mark.parametrize(
    ("text", "styles"),
    [
        ('[[style]]\nlabel = " Lego "\nprompt = "made of bricks"', (Style("Lego", "made of bricks"),)),
        ("# none, please", ()),
    ],
)
def test_an_operators_file_is_used_instead(tmp_path: Path, text: str, styles: tuple[Style, ...]) -> None:
    """With one style of their own, or with none."""
    path = tmp_path / "styles.toml"
    path.write_text(text, "utf-8")
    assert load(path) == styles


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[[style", "styles.toml: "),
        (b"\xff\xfe", "can't be read (UnicodeDecodeError)"),
        (b"styles = 1", "unknown entry 'styles'"),
        (b"style = 1", "there may be up to 12 [[style]] tables"),
        (b'[[style]]\nlabel = "a"', "style 1 has not exactly a label and a prompt"),
        (b'[[style]]\nlabel = ""\nprompt = "b"', "the label of style 1 is no text"),
        (b'[[style]]\nlabel = "a"\nprompt = 5', "the prompt of style 1 is no text"),
        (b'[[style]]\nlabel = "a"\nprompt = "b"\n' * 13, "up to 12"),
    ],
)
def test_a_malformed_file_stops_the_start(tmp_path: Path, text: bytes, says: str) -> None:
    """In one line that names the file, says what is wrong and what to do."""
    path = tmp_path / "styles.toml"
    path.write_bytes(text)
    with pytest.raises(StartRefused) as refused:
        load(path)
    line = str(refused.value)
    assert str(path) in line
    assert says in line
    assert "delete the file" in line
    assert "\n" not in line
