"""The colours of a picture, light and dark, and the tint of a gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

THEMES = ("auto", "light", "dark")

# fmt: off
PALETTE = {  # light, dark
    "paper":     ("#FFFFFF", "#0D1117"),  "lane":      ("#F6F8FA", "#12171E"),  "band":      ("#D1D9E0", "#30363D"),
    "ink":       ("#1F2328", "#E6EDF3"),  "muted":     ("#59636E", "#9198A1"),  "card":      ("#FFFFFF", "#161B22"),
    "input":     ("#0969DA", "#58A6FF"),  "parameter": ("#9A6700", "#D29922"),  "operation": ("#59636E", "#9198A1"),
    "output":    ("#1F2328", "#F0F6FC"),  "constant":  ("#818B98", "#8B949E"),  "stub":      ("#818B98", "#8B949E"),
    "neutral":   ("#818B98", "#6E7681"),  "plus":      ("#D6604D", "#F4A582"),  "minus":     ("#4393C3", "#92C5DE"),
    "zero":      ("#F3F4F6", "#30363D"),  "failed":    ("#D1242F", "#F85149"),
}
# fmt: on
POSITIVE, NEGATIVE, NOT_FINITE = (0xF4, 0xA5, 0x82), (0x92, 0xC5, 0xDE), "#D8B9FF"
ON_TINT = "#1F2328"  # the ink on a tinted strip, which is light in both themes


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


def tint(share: float, brush: Brush, **more: str) -> tuple[str, str]:
    """Ground and ink of a gradient of this sign and size: white to red for positive, white to blue for negative."""
    if not share:
        return brush(fill="zero", **more), brush(fill="ink")
    dress = f" {brush(**more)}" if more else ""
    return f'fill="{ramp(share)}"{dress}', f'fill="{ON_TINT}"'


# Twin: tint in page/script/picture.js, kept equal by test_steps.py, test_the_page_writes_and_tints_as_the_picture_does.
def ramp(share: float) -> str:
    """The colour of a gradient that is not 0; light in both themes."""
    if math.isnan(share):
        return NOT_FINITE
    end = POSITIVE if share > 0 else NEGATIVE
    return "#" + "".join(f"{round(255 + strength(share) * (c - 255)):02X}" for c in end)


def strength(share: float) -> float:
    """The strength at which a share of the largest is shown: small ones too are seen, and 0 is nothing."""
    return max(0.15, math.sqrt(abs(share))) if share else 0.0
