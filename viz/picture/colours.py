"""The colours of a picture, light and dark, and the tint of a gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

# fmt: off
PALETTE = {  # light, dark
    "paper":     ("#FFFFFF", "#0D1117"),  "lane":      ("#F6F8FA", "#12171E"),  "band":      ("#D1D9E0", "#30363D"),
    "ink":       ("#1F2328", "#E6EDF3"),  "muted":     ("#59636E", "#9198A1"),  "card":      ("#FFFFFF", "#161B22"),
    "input":     ("#0969DA", "#58A6FF"),  "parameter": ("#9A6700", "#D29922"),  "operation": ("#59636E", "#9198A1"),
    "output":    ("#1F2328", "#F0F6FC"),  "constant":  ("#818B98", "#8B949E"),  "stub":      ("#818B98", "#8B949E"),
    "neutral":   ("#818B98", "#6E7681"),  "plus":      ("#D6604D", "#F4A582"),  "minus":     ("#4393C3", "#92C5DE"),
    "zero":      ("#F3F4F6", "#161B22"),  "broken":    ("#D8B9FF", "#553098"),  "infinite":  ("#8250DF", "#D2A8FF"),
    "rise":      ("#A93A26", "#F4A582"),  "fall":      ("#2A6A9B", "#92C5DE"),  "back":      ("#1A7F37", "#3FB950"),
    "failed":    ("#D1242F", "#F85149"),
}
ENDS = {"positive":  ("#F4A582", "#8C3B26"),  "negative":  ("#92C5DE", "#1F5E85")}
# fmt: on
LEVELS = 20  # of the ramp from a card's own colour to that of the largest gradient


def _mixed(low: str, high: str, t: float) -> str:
    pairs = ((int(low[k : k + 2], 16), int(high[k : k + 2], 16)) for k in (1, 3, 5))
    return "#" + "".join(f"{round(a + t * (b - a)):02X}" for a, b in pairs)


for name, ends in ENDS.items():
    for level in range(1, LEVELS + 1):
        light, dark = (_mixed(*pair, level / LEVELS) for pair in zip(PALETTE["card"], ends, strict=True))
        PALETTE[f"{name}{level}"] = light, dark


@dataclass
class Brush:
    """Colours by name, for one theme; it remembers which were used, so that dark mode can repeat them."""

    theme: str
    used: dict[tuple[str, str], None] = field(default_factory=dict)

    def __call__(self, **names: str) -> str:
        """Attributes such as `fill="#FFFFFF"`, and in the automatic theme the classes that dark mode restyles."""
        light = " ".join(f'{part}="{PALETTE[name][self.theme == "dark"]}"' for part, name in names.items())
        self.used.update(dict.fromkeys(names.items()))
        classes = " ".join(f"{part[0]}-{name}" for part, name in names.items())
        return f'class="{classes}" {light}' if self.theme == "auto" else light

    def style(self, uid: str) -> str:
        """The dark rules, for elements inside `#uid` only."""
        if self.theme != "auto":
            return ""
        rules = "".join(f"#{uid} .{part[0]}-{name}{{{part}:{PALETTE[name][1]}}}" for part, name in sorted(self.used))
        return f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"


# Twin: tint in page/script/picture.js, kept equal by test_steps.py, test_the_page_writes_and_tints_as_the_picture_does.
def tint(share: float) -> str:
    """The name of the ground of a gradient of this sign and size: from the card's own colour to red or to blue."""
    if math.isnan(share):
        return "broken"
    return f"{'positive' if share > 0 else 'negative'}{math.ceil(strength(share) * LEVELS)}" if share else "zero"


def strength(share: float) -> float:
    """The strength at which a share of the largest is shown: small ones too are seen, and 0 is nothing."""
    return max(0.15, math.sqrt(min(1.0, abs(share)))) if share else 0.0
