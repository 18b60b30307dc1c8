// A line without axes: how a value went in the last minutes.

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT] = [100, 24];
/** The line is as thick at the edges as in the middle. */
const MARGIN = 1.5;

/** A line over time, with a text for those who don't see it. */
export class Sparkline {
  element = document.createElementNS(SVG, 'svg');
  #line = document.createElementNS(SVG, 'path');
  #area = document.createElementNS(SVG, 'path');
  #name;
  #format;

  /** `name`: of what is drawn; `format`: of a value. */
  constructor(name, format) {
    this.#name = name;
    this.#format = format;
    this.element.setAttribute('class', 'sparkline');
    this.element.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute('preserveAspectRatio', 'none');
    this.element.setAttribute('role', 'img');
    this.#line.setAttribute('class', 'sparkline-line');
    this.#area.setAttribute('class', 'sparkline-area');
    this.element.append(this.#area, this.#line);
  }

  /** `chart`: `points` with the range that they are of, or nothing. */
  update(chart) {
    const points = chart?.points ?? [];
    const values = points.map(({ value }) => value);
    const lines = points.length === 0 ? [] : linesOf(chart, Math.max(...values, Number.EPSILON));
    this.#line.setAttribute('d', lines.map(lineTo).join(''));
    this.#area.setAttribute('d', lines.map(areaBelow).join(''));
    const minutes = chart ? Math.round((chart.endMs - chart.startMs) / 60_000) : 0;
    const range = points.length === 0 ? 'nothing yet' : this.#range(values);
    this.element.setAttribute('aria-label', `${this.#name} over ${minutes} minutes: ${range}`);
  }

  #range(values) {
    return `from ${this.#format(Math.min(...values))} to ${this.#format(Math.max(...values))}`;
  }
}

/** Each value holds for its period; where nothing was measured the line has a gap. */
function linesOf({ points, startMs, endMs, periodMs }, top) {
  const lines = [];
  const xOf = (timeMs) => {
    const x = (WIDTH * (timeMs - startMs)) / (endMs - startMs);
    return Math.min(WIDTH, Math.max(0, x)).toFixed(2);
  };
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, value } of points) {
    if (atMs - beforeMs > 1.5 * periodMs) lines.push([]);
    const y = (HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * value) / top).toFixed(2);
    lines.at(-1).push({ x: xOf(atMs), y }, { x: xOf(atMs + periodMs), y });
    beforeMs = atMs;
  }
  return lines;
}

function lineTo(line) {
  const [first, ...rest] = line;
  return `M${first.x} ${first.y}${rest.map(({ x, y }) => `L${x} ${y}`).join('')}`;
}

function areaBelow(line) {
  return `M${line[0].x} ${HEIGHT}${line.map(({ x, y }) => `L${x} ${y}`).join('')}L${line.at(-1).x} ${HEIGHT}Z`;
}
