// Curves as SVG, readable on a light page and on a dark one, without a library: panels side by side, each with its own axes.

const PANEL = { width: 300, height: 248, left: 56, right: 26, top: 58, bottom: 42 };
const INNER_WIDTH = PANEL.width - PANEL.left - PANEL.right;
const INNER_HEIGHT = PANEL.height - PANEL.top - PANEL.bottom;
const GRID_LINES = 4;
const LEGEND_LINE = 13;
/** Okabe and Ito's colours that stand out from white and from black alike. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];
const STYLE = `
  text { font: 11px system-ui, sans-serif; fill: #333 } .title { font-weight: 600; font-size: 12px }
  .grid { stroke: #888; stroke-opacity: .3 } .curve { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } }`;

/**
 * `panels`: each `{ title, x, isLogarithmic, curves: [{ name, points: [[x, y]] }] }`. Every y axis begins at 0, so that what is
 * flat looks flat.
 */
export function svgOf(panels) {
  const width = PANEL.width * panels.length;
  const drawn = panels.map(
    (panel, i) => `<g transform="translate(${i * PANEL.width} 0)">${panelOf(panel)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" width="${width}" height="${PANEL.height}" role="img">
<style>${STYLE}
</style>
${drawn.join('\n')}
</svg>
`;
}

function panelOf({ title, x, isLogarithmic = false, curves }) {
  const points = curves.flatMap((curve) => curve.points);
  const values = [...new Set(points.map(([at]) => at))].toSorted((a, b) => a - b);
  const [from, to] = [values[0], values.at(-1)];
  const scale = isLogarithmic ? Math.log10 : (value) => value;
  const left = (value) =>
    PANEL.left + (INNER_WIDTH * (scale(value) - scale(from))) / (scale(to) - scale(from) || 1);
  const step = niceStep(Math.max(...points.map(([, y]) => y)));
  const top = (y) => PANEL.top + INNER_HEIGHT * (1 - y / (step * GRID_LINES));
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, line) => {
    const y = rounded(top(line * step));
    return `<line class="grid" x1="${PANEL.left}" x2="${PANEL.width - PANEL.right}" y1="${y}" y2="${y}"/>${label(PANEL.left - 6, y + 4, shown(line * step), 'end')}`;
  });
  const ticks = ticksOf(values, left).map((value) =>
    label(left(value), PANEL.height - PANEL.bottom + 16, shown(value)),
  );
  const drawn = curves.map((curve, i) => {
    const colour = COLOURS[i];
    const places = curve.points.map(([at, y]) => [rounded(left(at)), rounded(top(y))]);
    const dots = places.map(
      ([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="2.5" fill="${colour}"/>`,
    );
    const line = `<polyline class="curve" stroke="${colour}" points="${places.map((place) => place.join()).join(' ')}"/>`;
    const name =
      curves.length > 1
        ? label(
            8 + (i % 2) * (PANEL.width / 2),
            34 + Math.floor(i / 2) * LEGEND_LINE,
            curve.name,
            'start',
            `style="fill:${colour}"`,
          )
        : '';
    return line + (places.length > 20 ? '' : dots.join('')) + name;
  });
  const headings =
    label(8, 18, title, 'start', 'class="title"') +
    label(PANEL.left + INNER_WIDTH / 2, PANEL.height - 8, x);
  return [...grid, ...ticks, ...drawn, headings].join('\n');
}

/** A round step, so that `GRID_LINES` of it hold `maximum`. */
function niceStep(maximum) {
  const least = (maximum || 1) / GRID_LINES;
  const magnitude = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= least) * magnitude;
}

/** Those of the measured values whose labels do not run into each other. */
function ticksOf(values, left) {
  const ticks = [];
  for (const value of values.toReversed()) {
    if (ticks.length === 0 || left(ticks.at(-1)) - left(value) > 44) ticks.push(value);
  }
  return ticks;
}

function label(x, y, text, anchor = 'middle', attributes = '') {
  return `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}" ${attributes}>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}

const rounded = (value) => Math.round(value * 10) / 10;
const shown = (value) => Number(value.toPrecision(4)).toLocaleString('en');
