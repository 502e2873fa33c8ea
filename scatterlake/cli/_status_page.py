"""The page that ``scatterlake status --html`` writes: one file, nothing fetched, nothing run."""

from __future__ import annotations

from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

from scatterlake.cli._console import show
from scatterlake.cli.status import verdict

if TYPE_CHECKING:
    from flows.overview import Overview, Rows

MEASURED, SIMULATED = "#0072B2", "#D55E00"
"""Colours that people of any colour vision tell apart, the same as in the pictures of curves."""
WIDTH, HEIGHT, GAP = 460, 110, 4

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 72rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
.verdict { padding: .5rem .8rem; border-left: 4px solid $colour; margin: .8rem 0; }
.counts { display: flex; flex-wrap: wrap; gap: 1.6rem; }
.counts b { display: block; font-size: 1.5rem; }
.side { display: flex; flex-wrap: wrap; gap: 2rem; align-items: flex-start; }
.table { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top;
         border-bottom: 1px solid #8884; }
th { font-weight: 600; white-space: nowrap; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td { overflow-wrap: break-word; }
svg text { font-size: 11px; fill: currentColor; }
small { opacity: .7; }
</style></head><body>
<h1>$title</h1><small>$when</small>
<p class="verdict">$verdict</p>
<div class="counts">$counts</div>
$body
</body></html>
""")


def page(found: Overview) -> str:
    """The whole page as HTML."""
    said = verdict(found)
    new = f"New since {found.since:%d %b %H:%M} UTC"
    counts = "".join(f"<div><b>{n:,}</b>{escape(name)}</div>" for name, n in found.counts.items())
    body = [
        _side(_table(new, found.new, "nothing came in"), _daily(found.daily)),
        _table("Wrong, with the newest of each", found.wrong, "nothing"),
        _side(_table("Spectra", found.spectra, "none yet"), _techniques(found.spectra)),
        _table("Models", found.models, "none yet"),
        _table("Last retraining on evidence", found.retrained, "none yet"),
        _table("Feature views", found.views, "none yet"),
        *_running(found),
    ]
    return _PAGE.substitute(
        title=escape(found.lake),
        when=f"read {found.at:%d %B %Y %H:%M} UTC; {found.gigabytes:.3g} GB of data files",
        verdict=escape(said),
        colour="#009E73" if said.startswith("nothing") else "#E69F00",
        counts=counts,
        body="\n".join(body),
    )


def _running(found: Overview) -> list[str]:
    services: Rows = [
        {"service": s.name, "": "up" if s.up else "not answering", "where": s.where}
        for s in found.servers
    ]
    watched: Rows = [{"folder": w.folder, "files waiting": w.files} for w in found.watched]
    parts = [
        _table("Services", services, "none run: scatterlake up"),
        _table("Watched folders", watched, "none"),
    ]
    if found.work:
        states = ", ".join(f"{n} {state.lower()}" for state, n in found.work.states.items())
        title = f"Last flow runs; of a day: {states or 'none'}; due: {found.work.queue}"
        parts.append(_table(title, [vars(run) for run in found.work.last], "none"))
    return parts


def _side(*parts: str) -> str:
    return f'<div class="side">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def _table(title: str, rows: Rows, empty: str) -> str:
    head = f"<h2>{escape(title)}</h2>"
    if not rows:
        return f"{head}<small>{escape(empty)}</small>"
    numeric = [all(isinstance(row[name], int | float | None) for row in rows) for name in rows[0]]
    cells = "".join(_cell("th", name, n) for name, n in zip(rows[0], numeric, strict=True))
    lines = "".join(
        f"<tr>{''.join(_cell('td', v, n) for v, n in zip(row.values(), numeric, strict=True))}</tr>"
        for row in rows
    )
    return f'{head}<div class="table"><table><tr>{cells}</tr>{lines}</table></div>'


def _cell(tag: str, value: Any, numeric: bool) -> str:
    text = f"{value:%d %b %Y %H:%M}" if hasattr(value, "strftime") else show(value)
    return f"<{tag}{' class=n' if numeric else ''}>{escape(text)}</{tag}>"


def _daily(rows: Rows) -> str:
    """Spectra that came in by day, as columns: measured below, simulated on top."""
    most = max((row["measured"] + row["simulated"] for row in rows), default=0)
    if not most:
        return ""
    step, scale = WIDTH / len(rows), HEIGHT / most
    bars = []
    for n, row in enumerate(rows):
        low, high = row["measured"] * scale, row["simulated"] * scale
        x, total = n * step, row["measured"] + row["simulated"]
        tip = (
            f"<title>{row['day']}: {row['measured']} measured, {row['simulated']} simulated</title>"
        )
        bars += [
            f"<g>{tip}",
            _bar(x, HEIGHT - low + 14, step - GAP, low, MEASURED),
            _bar(x, HEIGHT - low - high + 14, step - GAP, high, SIMULATED),
            "</g>",
            f'<text x="{x:.1f}" y="{HEIGHT + 28}">{row["day"]:%d}</text>',
        ]
        if total:
            bars.append(f'<text x="{x:.1f}" y="{HEIGHT - low - high + 11:.1f}">{_k(total)}</text>')
    return _picture("Spectra that came in, by day", HEIGHT + 32, bars)


def _techniques(rows: Rows) -> str:
    """Spectra by technique, as lines of measured and simulated ones."""
    most = max((row["measured"] + row["simulated"] for row in rows), default=0)
    if not most:
        return ""
    scale = (WIDTH - 150) / most
    bars = []
    for n, row in enumerate(rows):
        y, first = 18 * n, row["measured"] * scale
        total = row["measured"] + row["simulated"]
        bars += [
            f'<text x="0" y="{y + 11}">{escape(row["technique"])}</text>',
            _bar(80, y, first, 14, MEASURED),
            _bar(80 + first, y, row["simulated"] * scale, 14, SIMULATED),
            f'<text x="{84 + total * scale:.1f}" y="{y + 11}">{_k(total)}</text>',
        ]
    return _picture("Spectra by technique", 18 * len(rows), bars)


def _picture(title: str, height: float, parts: list[str]) -> str:
    legend = " ".join(
        f'<span style="color:{colour}">&#9632;</span> {name}'
        for name, colour in (("measured", MEASURED), ("simulated", SIMULATED))
    )
    svg = f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" style="max-width:100%" role="img">'
    return f"<h2>{title}</h2>{svg}{''.join(parts)}</svg><br><small>{legend}</small>"


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {size} fill="{colour}"/>'


def _k(count: int) -> str:
    return f"{count / 1000:.3g}k" if count >= 1000 else str(count)
