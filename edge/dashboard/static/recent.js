// The last minutes of the chosen station, from the history first and from the stream afterwards.
import {now} from "./clock.js";
import {get} from "./server.js";
import {KINDS_OF_SCORES} from "./words.js";

const LEAST_SPAN = 900; // [s]
const MOST_SPAN = 6 * 3600; // [s] for which the server has every reading
const POINTS = 240;

/** How far back the last minutes reach: as many readings as a line can show. */
const spanOf = ({cadence_s: cadence}) => Math.min(MOST_SPAN, Math.max(LEAST_SPAN, (cadence ?? 1) * POINTS));

/** The columns of the last minutes. */
export class Recent {
    constructor(station) {
        this.id = station.id;
        this.span = spanOf(station);
        this.#clear();
    }

    /** Whether the station sends more seldom than was known at first, so that the last minutes are hours. */
    outgrown(station) {
        return spanOf(station) > 1.5 * this.span;
    }

    #clear() {
        this.time = [];
        this.level = [];
        this.background = [];
        this.scores = Object.fromEntries(KINDS_OF_SCORES.map((kind) => [kind, []]));
        this.channels = {};
    }

    /** Load what the history has; points that the stream has brought meanwhile are kept behind it. */
    async load() {
        const end = now();
        const past = await get("api/history", {
            station: this.id, start: Math.floor(end - this.span), end: Math.ceil(end), points: POINTS,
        });
        const came = this.#points().filter(({t}) => t > (past.t.at(-1) ?? 0));
        this.#clear();
        past.t.forEach((t, at) => {
            if (!this.time.length && past.level[at] === null) return; // lines begin with the first reading
            this.add({
                t, level: past.level[at], background: past.background[at],
                ...Object.fromEntries(KINDS_OF_SCORES.map((kind) => [kind, past[kind][at]])),
                channels: Object.fromEntries(past.channels.map(({key, mean}) => [key, mean[at]])),
            });
        });
        came.forEach((point) => this.add(point));
    }

    /** Add a point of the stream; points that lie closer than a line can show share a place. */
    add(point) {
        const {time} = this;
        if (time.length && point.t < time.at(-1)) return; // late: the history has it in its place
        const step = this.span / POINTS;
        const shares = time.length > 1 && point.level !== null && point.t - time.at(-2) < step;
        const put = (column, value) => {
            if (shares) column[column.length - 1] = value;
            else column.push(value);
        };
        put(time, point.t);
        put(this.level, point.level);
        put(this.background, point.background);
        for (const kind of KINDS_OF_SCORES) put(this.scores[kind], point[kind]);
        for (const [key, value] of Object.entries(point.channels)) {
            this.channels[key] ??= new Array(time.length - (shares ? 0 : 1)).fill(null);
            put(this.channels[key], value);
        }
        while (time[0] < point.t - this.span) this.#drop();
    }

    #columns() {
        return [this.time, this.level, this.background, ...Object.values(this.scores), ...Object.values(this.channels)];
    }

    #drop() {
        for (const column of this.#columns()) column.shift();
    }

    #points() {
        return this.time.map((t, at) => ({
            t, level: this.level[at], background: this.background[at],
            ...Object.fromEntries(KINDS_OF_SCORES.map((kind) => [kind, this.scores[kind][at]])),
            channels: Object.fromEntries(Object.entries(this.channels).map(([key, column]) => [key, column[at]])),
        }));
    }
}
