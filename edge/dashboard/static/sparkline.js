// A small line without axes, as SVG: it scales with its card and needs no script to be redrawn in another theme.
import {makeSvg} from "./dom.js";

const WIDTH = 240;

/** Draw series of numbers (null: a gap) on one scale; the first has an area below it if `area`. */
export function sparkline(series, {height = 48, area = true, least = 0, low = null, high = null} = {}) {
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
    for (const [place, {values, name}] of series.entries()) {
        const across = WIDTH / Math.max(1, values.length - 1);
        let path = "";
        let pen = false;
        let first = null;
        let last = 0;
        values.forEach((value, at) => {
            if (value === null || !Number.isFinite(value)) {
                pen = false;
                return;
            }
            path += `${pen ? "L" : "M"}${(at * across).toFixed(1)} ${down(value).toFixed(1)}`;
            pen = true;
            first ??= at * across;
            last = at * across;
        });
        if (!path) continue;
        if (place === 0 && area && !values.includes(null)) {
            const below = `${path}L${last.toFixed(1)} ${height}L${first.toFixed(1)} ${height}Z`;
            picture.append(makeSvg("path", {d: below, class: `area ${name}`}));
        }
        picture.append(makeSvg("path", {d: path, class: `line ${name}`, "vector-effect": "non-scaling-stroke"}));
    }
    return picture;
}
