"""Bars, as SVG: for each group one for each name, in panels side by side."""

from xml.sax.saxutils import escape

BAR, GAP, BETWEEN, LABELS, PANEL, MARGIN = 14, 3, 26, 110, 330, 16
COLORS = ("#0b5394", "#3d85c6", "#999999", "#adadad", "#c0c0c0", "#d3d3d3", "#b45f06", "#e69138")
FONT = 'font-family="sans-serif" font-size="11"'


def text(x, y, words, more=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {FONT} fill="currentColor" {more}>{escape(words)}</text>'


def bars(x, y, values, most):
    for i, (name, value) in enumerate(values):
        top = y + i * (BAR + GAP)
        if value is None:
            yield text(x + 4, top + BAR - 3, "-")
            continue
        width = value / most * (PANEL - 60)
        yield (f'<rect x="{x}" y="{top}" width="{width:.1f}" height="{BAR}" '
               f'fill="{COLORS[i % len(COLORS)]}"><title>{escape(name)}</title></rect>')
        yield text(x + width + 4, top + BAR - 3, f"{value:,.0f}")


def panel(x, title, groups, top, height):
    """groups: for each the values that are shown here."""
    most = max((value for values in groups for _, value in values if value), default=1)
    yield text(x, top - 24, title, 'font-weight="bold"')
    for i, values in enumerate(groups):
        yield from bars(x, top + i * height, values, most)


def draw(title, panels, groups):
    """panels: the two titles. groups: (title, values of the first, values of the second), values a
    list of (name, number or None)."""
    names = [name for name, _ in groups[0][1]]
    height = len(names) * (BAR + GAP) + BETWEEN
    top, width = 76, LABELS + 2 * PANEL + 2 * MARGIN
    parts = [text(MARGIN, 20, title)]
    for i, (label, *_) in enumerate(groups):
        y = top + i * height
        parts.append(text(MARGIN, y - 6, label, 'font-style="italic"'))
        parts += [text(MARGIN, y + j * (BAR + GAP) + BAR - 3, name) for j, name in enumerate(names)]
    for i, words in enumerate(panels):
        x = MARGIN + LABELS + i * PANEL
        parts += panel(x, words, [group[i + 1] for group in groups], top, height)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{top + len(groups) * height}" color="#222">\n'
            '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n")
