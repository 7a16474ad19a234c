"""The models that the stand-in knows, as data.

Sources: OpenAI's API reference, "Create image edit" and "Create image"; the guide "Image generation",
"Cost and latency", for tokens; the models' pages for prices. What 2.6 takes in tokens is not published:
here it is four times what 2.5 does at low and medium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FIXED_SIZES = ("1024x1024", "1536x1024", "1024x1536")
LEAST_PIXELS, MOST_PIXELS, LONGEST_SIDE, STEP = 655_360, 8_294_400, 3840, 16
PICTURE_TOKENS, TILE_TOKENS, TILE, FIDELITY_TOKENS = 65, 129, 512, 6240


@dataclass(frozen=True, slots=True)
class Model:
    """One model: the parameters' values that it takes, its tokens and their prices.

    ``fixed`` are the output tokens by quality, for a square and for a rectangle; where it is empty, any
    size goes and ``factors`` (by quality) and ``times`` say the tokens. ``prices`` are micro-US-dollars
    for a million tokens of text, of pictures and of output.
    """

    id: str
    prices: tuple[int, int, int]
    fixed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    factors: Mapping[str, int] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    fidelity: tuple[str, ...] = ()
    complexity: tuple[str, ...] = ()
    always_high: bool = False

    @property
    def qualities(self) -> tuple[str, ...]:
        """The values of ``quality``."""
        return (*(self.fixed or self.factors), "auto")

    def output_tokens(self, quality: str, size: tuple[int, int]) -> int:
        """Return the tokens of one picture; a quality that is left to the model is medium."""
        chosen = "medium" if quality == "auto" else quality
        if self.fixed:
            return self.fixed[chosen][0 if size[0] == size[1] else 1]
        factor, longer, shorter = self.factors[chosen], max(size), min(size)
        short_factor = (2 * factor * shorter + longer) // (2 * longer)
        tokens = -(-factor * short_factor * (2_000_000 + size[0] * size[1]) // 4_000_000)
        return tokens * self.times.get(chosen, 1)

    def picture_tokens(self, size: tuple[int, int], fidelity: str) -> int:
        """Return the tokens that a picture which is sent counts as."""
        tiles = -(-max(size) // max(min(size), 1))
        high = self.always_high or fidelity == "high"
        return PICTURE_TOKENS + TILE_TOKENS * tiles + (FIDELITY_TOKENS if high else 0)

    def cost(self, text: int, image: int, output: int) -> int:
        """Return what so many tokens cost in micro-US-dollars, rounded up."""
        millionths = text * self.prices[0] + image * self.prices[1] + output * self.prices[2]
        return -(-millionths // 1_000_000)


_OLD = {"low": (272, 408), "medium": (1056, 1584), "high": (4160, 6240)}
_NEW = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
_DOLLARS = (5_000_000, 8_000_000, 30_000_000)
_COMPLEXITY = ("low", "medium", "high")

_ALL = (
    Model("gpt-image-1", (5_000_000, 10_000_000, 40_000_000), fixed=_OLD, fidelity=("low", "high")),
    Model("gpt-image-1-mini", (2_000_000, 2_500_000, 8_000_000), fixed=_OLD, fidelity=("low",)),
    *(
        Model(name, _DOLLARS, factors={"low": 16, "medium": 48, "high": 96}, always_high=True)
        for name in ("gpt-image-2", "gpt-image-2-2026-04-21")
    ),
    *(
        Model(name, _DOLLARS, factors=_NEW, always_high=True)
        for name in ("gpt-image-2.5-flare", "gpt-image-2.5-sunburst")
    ),
    *(
        Model(
            name,
            _DOLLARS,
            factors=_NEW,
            times={"low": 4, "medium": 4},
            complexity=_COMPLEXITY,
            always_high=True,
        )
        for name in ("gpt-image-2.6-flare", "gpt-image-2.6-sunburst")
    ),
)
MODELS: dict[str, Model] = {model.id: model for model in _ALL}
