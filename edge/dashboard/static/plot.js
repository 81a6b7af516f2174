// The chart: uPlot with our colours, bands for plumes, and a box of words where the pointer is.
import {colour, make} from "./dom.js";
import {day, moment, number, quantity, unitWord} from "./words.js";

const STRIP = 10; // [px]
const PHONE = 500; // [px] below which a chart has fewer marks

/** One chart in an element, for one unit. */
export class Plot {
    #chart = null;
    #element;
    #tip;
    #view = null;

    constructor(element) {
        this.#element = element;
        this.#tip = make("div", {class: "tip", hidden: true, "aria-hidden": "true"});
        new ResizeObserver(() => this.#resize()).observe(element);
    }

    /**
     * Show a view: `time` [s], `lines` ({name, label, values}), `range` ({low, high} or null), `plumes`
     * ([{start, end}] in seconds), `unit`, `from`, `to` and whether a point is a `daily` figure.
     */
    show(view) {
        const same = this.#view && this.#chart && this.#shape(this.#view) === this.#shape(view);
        this.#view = view;
        const data = this.#data(view);
        if (same) {
            this.#chart.setData(data, false);
            this.#chart.setScale("x", {min: view.from, max: view.to});
            return;
        }
        this.#chart?.destroy();
        this.#element.replaceChildren(this.#tip);
        const {clientWidth, clientHeight} = this.#element;
        if (clientWidth) this.#chart = new uPlot(this.#options(clientWidth, clientHeight), data, this.#element);
    }

    /** Draw again, in the colours of another theme. */
    recolour() {
        this.#chart?.redraw(false, true);
    }

    #shape(view) {
        return [view.lines.map((line) => line.name), Boolean(view.range), view.unit, view.daily].join();
    }

    #data({time, lines, range}) {
        const band = range ? [range.high, range.low] : [];
        return [time, ...band, ...behindFirst(lines).map((line) => line.values)];
    }

    #resize() {
        const {clientWidth, clientHeight} = this.#element;
        if (!this.#chart) {
            if (this.#view && clientWidth) this.show(this.#view);
        } else if (clientWidth && (clientWidth !== this.#chart.width || clientHeight !== this.#chart.height)) {
            this.#chart.setSize({width: clientWidth, height: clientHeight});
        }
    }

    #options(width, height) {
        const axis = {
            stroke: () => colour("grey"),
            font: "12px system-ui, sans-serif",
            grid: {stroke: () => colour("grid"), width: 1},
            ticks: {stroke: () => colour("grid"), width: 1, size: 5},
        };
        const {lines, range, unit} = this.#view;
        const edge = {stroke: "transparent", width: 0, points: {show: false}};
        return {
            width, height,
            padding: [8, 20, 0, 0],
            legend: {show: false},
            scales: {
                x: {time: true, range: (_, low, high) => [this.#view.from ?? low, this.#view.to ?? high]},
                y: {range: (_, low, high) => this.#padded(low, high)},
            },
            axes: [
                {...axis, space: width < PHONE ? 64 : 80, values: [
                    [31536000, "{YYYY}", null, null, null, null, null, null, 1],
                    [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
                    [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
                    [3600, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
                    [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
                    [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
                    [0.001, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
                ]},
                {...axis, size: this.#axisSize, values: (_, ticks) => ticks.map((tick) => axisNumber(tick, unit))},
            ],
            series: [
                {},
                ...(range ? [edge, edge] : []),
                ...behindFirst(lines).map(({name}) => ({
                    stroke: () => lineColour(name),
                    width: name === "background" ? 1.5 : name === "virtual" ? 1.25 : 1.75,
                    dash: name === "background" ? [4, 4] : undefined,
                    points: {show: this.#view.time.length < 2, size: 5},
                })),
            ],
            bands: range ? [{series: [1, 2], fill: () => colour("accent-soft")}] : [],
            cursor: {drag: {x: false, y: false}, y: false, points: {size: 7}},
            hooks: {drawClear: [(chart) => this.#plumes(chart)], setCursor: [(chart) => this.#point(chart)]},
        };
    }

    #padded(low, high) {
        if (low === null || high === null) return [0, 1];
        const least = Math.max(0.04 * Math.abs(high), 1e-9);
        const middle = (low + high) / 2;
        const half = Math.max((high - low) * 0.56, least);
        return [Math.min(low, middle - half), middle + half];
    }

    #axisSize(chart, values) {
        const longest = Math.max(4, ...(values ?? []).map((value) => value.length));
        return longest * 7 + 16;
    }

    #plumes(chart) {
        const {ctx, bbox} = chart;
        // Of a year, days with an alarm are a strip at the bottom: as bands they would cover everything.
        const height = this.#view.daily ? STRIP * devicePixelRatio : bbox.height;
        ctx.save();
        ctx.fillStyle = colour(this.#view.daily ? "alarm" : "plume");
        for (const {start, end} of this.#view.plumes) {
            const from = Math.max(bbox.left, chart.valToPos(start, "x", true));
            const to = Math.min(bbox.left + bbox.width, chart.valToPos(end ?? this.#view.to, "x", true));
            if (to < bbox.left || from > bbox.left + bbox.width) continue;
            ctx.fillRect(from, bbox.top + bbox.height - height, Math.max(3 * devicePixelRatio, to - from), height);
        }
        ctx.restore();
    }

    #point(chart) {
        const {idx, left} = chart.cursor;
        const tip = this.#tip;
        const view = this.#view;
        if (idx === null || idx === undefined || left < 0 || view.time[idx] === undefined) {
            tip.hidden = true;
            return;
        }
        const time = view.time[idx];
        const rows = view.lines
            .filter(({values}) => values[idx] !== null && values[idx] !== undefined)
            .map(({label, values}) => make("div", {}, `${label} `, make("b", {}, quantity(values[idx], view.unit))));
        if (!rows.length) {
            tip.hidden = true;
            return;
        }
        if (view.range && view.range.low[idx] !== null && view.range.high[idx] !== view.range.low[idx]) {
            const {low, high} = view.range;
            rows.push(make("div", {}, `from ${number(low[idx])} to ${quantity(high[idx], view.unit)}`));
        }
        if (view.plumes.some(({start, end}) => start <= time && time <= (end ?? Infinity))) {
            rows.push(make("div", {}, "within a methane alarm"));
        }
        tip.replaceChildren(make("div", {}, view.daily ? day(time) : moment(time, {exact: view.to - view.from < 7200})),
            ...rows);
        tip.hidden = false;
        const at = left + chart.bbox.left / devicePixelRatio;
        const width = tip.offsetWidth;
        tip.style.left = `${at + width + 24 > this.#element.clientWidth ? Math.max(0, at - width - 12) : at + 12}px`;
    }
}

/** Lines in the order of drawing: the first is on top of the others. */
const behindFirst = (lines) => [...lines].reverse();

/** Write a mark of the axis; resistances in kilohms. */
function axisNumber(value, unit) {
    if (unit === "Ohm" && Math.abs(value) >= 1000) return `${number(value / 1000)} k`;
    return number(value);
}

/** The colour of a line, by what it shows. */
function lineColour(name) {
    if (name === "background") return colour("faint");
    return colour(name === "virtual" ? "warn" : "accent");
}

/** Say a chart in a sentence, for those who do not see it. */
export function summary({title, time, lines, range, plumes, unit}) {
    const [{values}] = lines;
    const low = (range?.low ?? values).filter((value) => value !== null);
    const high = (range?.high ?? values).filter((value) => value !== null);
    if (!low.length) return `${title}: nothing recorded in this span.`;
    const least = low.reduce((a, b) => Math.min(a, b));
    const most = high.reduce((a, b) => Math.max(a, b));
    const marked = plumes.length === 1 ? "1 methane alarm is marked" : `${plumes.length} methane alarms are marked`;
    return `${title} from ${moment(time[0])} to ${moment(time.at(-1))}: between ${number(least)} and `
        + `${number(most)} ${unitWord(unit)}; ${marked}. The table below has the values.`;
}
