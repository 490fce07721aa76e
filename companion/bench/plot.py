"""Times as bars in an SVG file: small enough to need no library, and with the figures as text for a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from companion.bench.measures import Measure

_WIDTH, _ROW, _LEFT, _RIGHT = 900, 34, 330, 200


def svg(rows: Sequence[Measure], title: str) -> str:
    """A bar to the median, a line on to the 95th percentile and a tick at the maximum, one row a measure.

    Args:
        rows: Those in milliseconds are drawn.
        title: Of the whole.

    """
    drawn = [m for m in rows if m.unit == "ms"]
    longest = max((m.most for m in drawn), default=1.0) or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    height = 50 + _ROW * len(drawn)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'font-family="sans-serif" font-size="14">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(' '.join(f'{m.as_line()}.' for m in drawn))}</desc>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="10" y="24" font-weight="bold">{escape(title)}</text>',
    ]
    for row, m in enumerate(drawn):
        y = 40 + row * _ROW
        a, b, c = (_LEFT + v * scale for v in (m.p50, m.p95, m.most))
        out += [
            f'<text x="{_LEFT - 10}" y="{y + 18}" text-anchor="end">{escape(m.name)}</text>',
            f'<rect x="{_LEFT}" y="{y + 4}" width="{max(1.0, a - _LEFT):.1f}" height="18" fill="#1b4f8a"/>',
            f'<path d="M{a:.1f} {y + 13}H{b:.1f}M{c:.1f} {y + 6}v14" stroke="#000" stroke-width="3"/>',
            f'<text x="{c + 8:.1f}" y="{y + 18}">{m.p50:.0f} / {m.p95:.0f} / {m.most:.0f} ms</text>',
        ]
    return "\n".join([*out, "</svg>"]) + "\n"
