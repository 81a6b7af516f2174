// A small line without axes, as SVG: it scales with its card and needs no script to be redrawn in another theme.
import {makeSvg} from "./dom.js";

const WIDTH = 240;

/**
 * Draw series of numbers (null: a gap) over `time` on one scale, with an area below the first.
 *
 * The scale spans at least `least`, so that noise stays small, and `low` and `high` fix it.
 */
export function sparkline(time, series, {height = 48, least = 0, low = null, high = null} = {}) {
    const picture = makeSvg("svg", {
        viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", class: "spark", "aria-hidden": "true",
    });
    const all = series.flatMap(({values}) => values).filter((value) => value !== null && Number.isFinite(value));
    if (all.length < 2) return picture;
    let bottom = low ?? Math.min(...all);
    let top = high ?? Math.max(...all, bottom + least);
    if (top - bottom < least) [bottom, top] = [(top + bottom - least) / 2, (top + bottom + least) / 2];
    const range = top - bottom || 1;
    const down = (value) => height - 3 - (Math.min(Math.max(value, bottom), top) - bottom) / range * (height - 6);
    const across = (at) => (time[at] - time[0]) / (time.at(-1) - time[0] || 1) * WIDTH;
    for (const [place, {values, name}] of series.entries()) {
        const pieces = [[]]; // between gaps
        values.forEach((value, at) => {
            if (value !== null && Number.isFinite(value)) pieces.at(-1).push([across(at), down(value)]);
            else if (pieces.at(-1).length) pieces.push([]);
        });
        const drawn = pieces.filter((piece) => piece.length > 1);
        if (!drawn.length) continue;
        const line = (piece) => `M${piece.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
        if (place === 0) {
            const under = (piece) => `${line(piece)}V${height}H${piece[0][0].toFixed(1)}Z`;
            picture.append(makeSvg("path", {d: drawn.map(under).join(""), class: `area ${name}`}));
        }
        const path = drawn.map(line).join("");
        picture.append(makeSvg("path", {d: path, class: `line ${name}`, "vector-effect": "non-scaling-stroke"}));
    }
    return picture;
}
