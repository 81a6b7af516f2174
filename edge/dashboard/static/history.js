// The chart of an hour, day, week, month or year, with what is marked in it, and the same as a table.
import {now} from "./clock.js";
import {byId, make, setText, show} from "./dom.js";
import {Plot, summary} from "./plot.js";
import {get} from "./server.js";
import {channelName, day, moment, number, quantity, unitWord} from "./words.js";

const SPANS = {hour: 3600, day: 86400, week: 7 * 86400, month: 30 * 86400, year: 365 * 86400};
const POINTS = 700;
const ROWS = 60; // of the table
const LEAST_WAIT = 15; // [s] between two loads of a chart that grows

const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);
const startOfDay = (text) => new Date(`${text}T00:00:00`).getTime() / 1000;

/** The chart and its buttons. */
export class History {
    #plot = new Plot(byId("plot"));
    #span = "day";
    #back = 0; // spans before the present one
    #station = null;
    #channel = null;
    #loaded = 0;
    #asked = 0; // counts the requests, so that an answer that comes too late is dropped
    #view = null;

    constructor() {
        for (const name of Object.keys(SPANS)) {
            const title = name.charAt(0).toUpperCase() + name.slice(1);
            byId("spans").append(make("button", {
                type: "button", "data-span": name, "aria-pressed": String(name === this.#span),
                onclick: () => this.#move(name, 0),
            }, title));
        }
        byId("earlier").addEventListener("click", () => this.#move(this.#span, this.#back + 1));
        byId("later").addEventListener("click", () => this.#move(this.#span, this.#back - 1));
        byId("as-table").addEventListener("toggle", () => this.#table());
    }

    get channel() {
        return this.#channel;
    }

    /** Show another station, or another channel of it (null: methane). */
    choose(station, channel) {
        if (this.#station?.id !== station.id) {
            this.#back = 0;
            this.#view = null;
        }
        this.#station = station;
        this.#channel = channel;
        return this.load();
    }

    /** Take a point of the stream: it is drawn at once, and joins the means with the next load. */
    take(point) {
        const view = this.#view;
        if (!view || view.daily || this.#back > 0 || point.t <= (view.time.at(-1) ?? 0)) return;
        const [first, ...others] = view.lines;
        view.time.push(point.t);
        first.values.push(this.#channel ? point.channels[this.#channel] ?? null : point.level);
        for (const line of others) line.values.push(point[line.name]);
        if (view.range) {
            view.range.low.push(first.values.at(-1));
            view.range.high.push(first.values.at(-1));
        }
        view.to = Math.max(point.t, now());
        view.from = view.to - SPANS[this.#span];
        this.#draw();
    }

    /** Load again what grows, if it is time. */
    refresh({soon = false} = {}) {
        const wait = soon ? 1 : Math.max(LEAST_WAIT, SPANS[this.#span] / POINTS);
        if (this.#station && this.#back === 0 && now() - this.#loaded >= wait) this.load();
    }

    /** Draw again in another theme. */
    recolour() {
        this.#plot.recolour();
    }

    /** Load the chart; one that is there stays if that fails. */
    async load() {
        const asked = ++this.#asked;
        this.#loaded = now();
        let view;
        try {
            view = await (this.#span === "year" && !this.#channel ? this.#year() : this.#columns());
        } catch (refusal) {
            if (asked === this.#asked && !this.#view) this.#empty(refusal.message);
            return;
        }
        if (asked !== this.#asked) return;
        this.#view = view;
        this.#draw();
        this.#legend();
        this.#table();
    }

    #move(span, back) {
        this.#span = span;
        this.#back = Math.max(0, back);
        for (const button of byId("spans").children) {
            button.setAttribute("aria-pressed", String(button.dataset.span === span));
        }
        byId("later").disabled = this.#back === 0;
        this.#view = null;
        this.load();
    }

    async #columns() {
        const length = SPANS[this.#span];
        const to = now() - this.#back * length;
        const from = to - length;
        const past = await get("api/history", {
            station: this.#station.id, start: Math.floor(from), end: Math.ceil(to), points: POINTS,
        });
        const shared = {from, to, daily: past.step_s >= 86400, time: past.t, note: "", days: null};
        const plume = ({kind, label}) => kind === "methane" && label !== "false" && label !== "fault";
        shared.plumes = past.alarms.filter(plume);
        if (this.#channel) {
            const column = past.channels.find(({key}) => key === this.#channel);
            const values = column?.mean ?? past.t.map(() => null);
            const label = channelName(this.#channel);
            const lines = [{name: "level", label, values}];
            return {...shared, title: label, unit: column?.unit ?? "", range: null, lines};
        }
        const lines = [
            {name: "level", label: "Methane", values: past.level},
            {name: "background", label: "Background", values: past.background},
            {name: "virtual", label: "Inferred by the sensors", values: past.virtual},
        ].filter(({values}, at) => at === 0 || values.some((value) => value !== null));
        if (this.#station.methane?.source === "virtual") lines.splice(2);
        const range = past.step_s > 1 ? {low: past.level_min, high: past.level_max} : null;
        return {...shared, title: "Methane", unit: past.unit, range, lines};
    }

    async #year() {
        const year = new Date(now() * 1000).getFullYear() - this.#back;
        const {days, unit, records} = await get("api/days", {station: this.#station.id, year});
        const starts = days.map((each) => startOfDay(each.day));
        const time = starts.map((start) => start + 43200);
        const column = (name) => days.map((each) => each[name]);
        const {highest, lowest, most_alarms: most} = records;
        const date = (record) => day(startOfDay(record.day));
        const note = [
            highest && `Highest ${quantity(highest.value, unit)} on ${date(highest)}`,
            lowest && `lowest ${quantity(lowest.value, unit)} on ${date(lowest)}`,
            most?.value && `most alarms ${number(most.value)} on ${date(most)}`,
        ].filter(Boolean).join("; ");
        return {
            title: "Methane", unit, daily: true, time, note: note && `${note}.`, days,
            from: new Date(year, 0, 1).getTime() / 1000, to: new Date(year + 1, 0, 1).getTime() / 1000,
            range: {low: column("min"), high: column("max")},
            plumes: days.flatMap((each, at) => (each.alarms ? [{start: starts[at], end: starts[at] + 86400}] : [])),
            lines: [
                {name: "level", label: "Mean of the day", values: column("mean")},
                {name: "background", label: "Background", values: column("background")},
            ],
        };
    }

    #draw() {
        const view = this.#view;
        const some = view.lines[0].values.some((value) => value !== null);
        setText(byId("history-title"), `${view.title} at ${this.#station.station}`);
        const range = this.#span === "year" && view.days ? String(new Date(view.from * 1000 + 864e5).getFullYear())
            : `${moment(view.from)} to ${this.#back ? moment(view.to) : "now"}`;
        const words = [unitWord(view.unit), range].filter(Boolean).join(", ");
        setText(byId("history-span"), view.note ? `${words}. ${view.note}` : words);
        show(byId("back"), Boolean(this.#channel));
        show(byId("plot"), some);
        show(byId("legend"), some);
        const yet = this.#back ? "" : " yet";
        this.#empty(some ? "" : `Nothing is recorded${yet} in this span.`);
        if (!some) return;
        this.#plot.show(view);
        byId("plot").setAttribute("aria-label", summary(view));
    }

    #empty(text) {
        setText(byId("history-empty"), text);
        show(byId("history-empty"), text !== "");
    }

    #legend() {
        const {lines, range, plumes, daily} = this.#view;
        const entry = (name, text) => make("li", {}, make("span", {class: `key ${name}`, "aria-hidden": "true"}), text);
        byId("legend").replaceChildren(
            ...lines.map(({name, label}) => entry(name, label)),
            ...(range ? [entry("range", daily ? "Least to greatest of the day" : "Least to greatest")] : []),
            ...(plumes.length
                ? [entry(daily ? "plume day" : "plume", daily ? "Day with a methane alarm" : "Methane alarm")] : []),
        );
    }

    #table() {
        if (!byId("as-table").open || !this.#view) return;
        const {time, lines, range, plumes, unit, daily} = this.#view;
        const every = daily ? 1 : Math.max(1, Math.ceil(time.length / ROWS));
        const rows = [];
        for (let end = time.length; end > 0; end -= every) {
            const begin = Math.max(0, end - every);
            const part = (values) => values.slice(begin, end).filter((value) => value !== null);
            if (!part(lines[0].values).length) continue;
            const [from, to] = [time[begin], time[end] ?? Infinity];
            const marked = plumes.some((plume) => plume.start < to && (plume.end ?? Infinity) >= from);
            const least = range && Math.min(...part(range.low));
            const most = range && Math.max(...part(range.high));
            rows.push(make("tr", {},
                make("th", {scope: "row"}, daily ? day(from) : moment(from)),
                lines.map(({values}) => make("td", {class: "number"}, number(mean(part(values))))),
                range ? make("td", {class: "number"}, `${number(least)} to ${number(most)}`) : null,
                make("td", {}, marked ? "yes" : "")));
        }
        const names = [...lines.map(({label}) => label), ...(range ? ["Least to greatest"] : [])];
        byId("history-table").replaceChildren(make("table", {},
            make("caption", {class: "hidden"}, `${lines[0].label} in ${unitWord(unit)}, the newest first`),
            make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "Time"),
                names.map((name) => make("th", {scope: "col", class: "number"}, name)),
                make("th", {scope: "col"}, "Methane alarm"))),
            make("tbody", {}, rows)));
    }
}
