"""Which of several pictures is what: what was said wins, what was seen decides, the rest is asked."""

from __future__ import annotations

import pytest

from bot.domain.pictures import MaskForm
from bot.domain.roles import Decision, Region, Roles, Sight, Use, decide, must_show, use_by_words

PLAIN = Sight()
WHITE = Sight(MaskForm.BLACK_AND_WHITE, 0.2)
PAINTED = Sight(MaskForm.PAINTED, 0.2)
MANY, SINGLE = 16, 1
UNDECIDED = Decision()


@pytest.mark.parametrize(
    ("prompt", "use"),
    [
        ("use the second picture as a mask", Use.MASK),
        ("the other one is the mask", Use.MASK),
        ("Mask: make the door red", Use.MASK),
        ("put both of them on a beach", Use.TOGETHER),
        ("Combine them", Use.TOGETHER),
        ("dress her like in the second picture", Use.TOGETHER),
        ("a party with these images", Use.TOGETHER),
        ("make the sky stormy", None),
        ("remove the masked man", None),
        ("put a mask on his face", None),
        ("gather some clouds", None),
    ],
)
def test_the_words_of_a_person_are_understood(prompt: str, use: Use | None) -> None:
    """Only where they clearly speak of the pictures."""
    assert use_by_words(prompt) is use


def test_one_picture_is_the_source() -> None:
    """Whatever was said."""
    assert decide([], "combine both", UNDECIDED, SINGLE) == Roles()


def test_the_one_that_looks_like_a_mask_is_the_mask() -> None:
    """The others guide."""
    assert decide([WHITE], "make it red", UNDECIDED, SINGLE) == Roles(mask=1)
    assert decide([PLAIN, WHITE], "make it red", UNDECIDED, MANY) == Roles(references=(1,), mask=2)


@pytest.mark.parametrize("sights", [[PLAIN], [PLAIN, PLAIN], [WHITE, WHITE]])
def test_what_cannot_be_told_is_asked(sights: list[Sight]) -> None:
    """A plain second picture could be anything, and of two masks one is none."""
    assert decide(sights, "make it red", UNDECIDED, MANY) is None


def test_words_win_over_what_is_seen() -> None:
    """A drawing in black and white can be a picture, and a photo of a hand-made mask can be a mask."""
    assert decide([WHITE], "combine them", UNDECIDED, MANY) == Roles(references=(1,))
    assert decide([PLAIN], "the second is the mask", UNDECIDED, MANY) == Roles(mask=1)


@pytest.mark.parametrize(
    ("use", "roles"),
    [
        (Use.MASK, Roles(references=(1,), mask=2)),
        (Use.TOGETHER, Roles(references=(1, 2))),
        (Use.EACH, Roles(each=True)),
        (Use.FIRST, Roles()),
        (Use.PICTURE, Roles(references=(1, 2))),
    ],
)
def test_an_answer_wins_over_words(use: Use, roles: Roles) -> None:
    """Who pressed a button meant it."""
    assert decide([PLAIN, WHITE], "the second is the mask", Decision(use=use), MANY) == roles


def test_a_mask_by_word_is_the_last_picture() -> None:
    """Unless exactly one looks like one."""
    mask = Decision(use=Use.MASK)
    assert decide([PLAIN, PLAIN], "red", mask, MANY) == Roles(references=(1,), mask=2)
    assert decide([PAINTED, PLAIN], "red", mask, MANY) == Roles(references=(2,), mask=1)


def test_a_picture_that_the_model_has_no_room_for_is_asked_about() -> None:
    """It is no mask, and the model takes only the source."""
    assert decide([WHITE], "red", Decision(use=Use.PICTURE), SINGLE) is None


@pytest.mark.parametrize(
    ("sight", "shown"),
    [
        (PAINTED, True),
        (WHITE, False),
        (Sight(MaskForm.TRANSPARENT, 0.5), False),
        (Sight(MaskForm.TRANSPARENT, 0.51), True),
        (Sight(MaskForm.BLACK_AND_WHITE, 0.9), True),
    ],
)
def test_a_guess_and_what_looks_upside_down_is_shown_first(sight: Sight, shown: bool) -> None:
    """Before anything is paid, and once."""
    assert must_show(sight, UNDECIDED) is shown
    assert not must_show(sight, Decision(region=Region.CONFIRMED))
    assert not must_show(sight, Decision(region=Region.INVERTED))


def test_answers_add_up() -> None:
    """A later one keeps the earlier."""
    decision = (
        UNDECIDED.with_answer("use:mask").with_answer("region:inverted").with_answer("model:gpt-image-2")
    )
    assert decision == Decision(Use.MASK, Region.INVERTED, "gpt-image-2")


@pytest.mark.parametrize(
    "decision",
    [
        UNDECIDED,
        Decision(Use.EACH),
        Decision(Use.MASK, Region.CONFIRMED, "gpt-image-2"),
        Decision(model="a:b"),
    ],
)
def test_a_decision_survives_being_kept(decision: Decision) -> None:
    """A restart asks nothing again."""
    assert Decision.of_json(decision.as_json()) == decision


def test_nothing_kept_is_nothing_decided() -> None:
    """Old requests have no decision."""
    assert Decision.of_json(None) == UNDECIDED


@pytest.mark.parametrize("value", ["", "cancel", "use:", "use:nothing", "region:maybe", "model:", "price:1"])
def test_what_is_no_answer_is_refused(value: str) -> None:
    """A button that nobody made decides nothing."""
    with pytest.raises(ValueError):
        UNDECIDED.with_answer(value)
