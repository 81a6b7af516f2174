// The first card: the methane of now, large, with its trend, its background and what the other sensors infer.
import {byId, make, setText} from "./dom.js";
import {sparkline} from "./sparkline.js";
import {KINDS, REASONS, STATES, moment, number, quantity, span, unitWord} from "./words.js";

const TREND_SPAN = 600; // [s] whose beginning and end are compared
const TREND_LEAST = 6; // readings that a trend needs

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Compare the last third of the last minutes with the first; null: too few readings. */
export function trendOf(times, levels) {
    const end = times.at(-1);
    const kept = [];
    for (let at = times.length - 1; at >= 0 && end - times[at] <= TREND_SPAN; at--) {
        if (levels[at] !== null) kept.push([times[at], levels[at]]);
    }
    if (kept.length < TREND_LEAST) return null;
    kept.reverse();
    const third = Math.max(2, Math.floor(kept.length / 3));
    const early = kept.slice(0, third);
    const late = kept.slice(-third);
    const values = (part) => median(part.map(([, level]) => level));
    const middle = (part) => median(part.map(([time]) => time));
    const noise = early.map(([, level]) => Math.abs(level - values(early)));
    const change = values(late) - values(early);
    const minutes = (middle(late) - middle(early)) / 60;
    const steady = Math.abs(change) <= Math.max(0.01 * Math.abs(values(early)), 3 * median(noise));
    return {change, minutes, steady};
}

/** Say a trend: an arrow that only eyes see, and words for all. */
function trendWords(trend, unit) {
    if (trend === null) return ["", "Too few readings yet for a trend"];
    if (trend.steady) return ["→", "Steady"];
    const rate = trend.change / Math.max(trend.minutes, 1 / 60);
    const [per, word] = trend.minutes >= 1 ? [rate, "a minute"] : [trend.change, `in ${span(trend.minutes * 60)}`];
    const rounded = Number(Math.abs(per).toPrecision(2));
    return per > 0
        ? ["↗", `Rising by about ${quantity(rounded, unit)} ${word}`]
        : ["↘", `Falling by about ${quantity(rounded, unit)} ${word}`];
}

/** Judge a station: a state for colours, a word, and a sentence. */
export function judge(station, standing) {
    if (station.available === false) {
        return station.gatewayOnline
            ? {state: "off", word: "Silent", sentence: "The station does not send any more."}
            : {state: "off", word: "No agent", sentence: "The agent is away, so nothing is scored."};
    }
    const open = standing.filter((alarm) => alarm.station === station.name && !alarm.shelved);
    const methane = open.find((alarm) => alarm.kind === "methane");
    if (methane) {
        const why = REASONS[methane.by] ?? "unusual";
        return {state: "alarm", word: "Methane alarm", sentence: `Methane is ${why}.`};
    }
    if (open.length) return {state: "warn", word: KINDS[open[0].kind] ?? "Fault", sentence: "An alarm stands."};
    const known = STATES[station.state];
    if (!known) return {state: "off", word: "", sentence: ""};
    const calm = station.state === "ok" || station.state === "warming_up";
    return {state: calm ? "good" : "warn", ...known};
}

function fact(name, value, small) {
    return make("div", {}, make("dt", {}, name), make("dd", {}, value, small ? make("small", {}, small) : null));
}

/** The part that shows the present reading of the chosen station. */
export class NowCard {
    #drawn = "";

    /** Show a station with its last minutes: `recent` has `time`, `level`, `background`. */
    update(station, recent, standing) {
        const gas = station.methane ?? {};
        const verdict = judge(station, standing);
        byId("now").dataset.state = verdict.state;
        const inferred = gas.level === null || gas.level === undefined;
        const level = inferred ? gas.virtual : gas.level;
        setText(byId("now-title"), `Methane at ${station.name}`);
        setText(byId("verdict"), verdict.word);
        byId("verdict").dataset.state = verdict.state;
        byId("verdict").title = verdict.sentence;
        setText(byId("level"), this.#figure(gas, level));
        setText(byId("level-unit"), unitWord(gas.unit));
        const [arrow, words] = trendWords(recent.time.length ? trendOf(recent.time, recent.level) : null, gas.unit);
        const text = `${arrow} ${words}`.trim();
        if (byId("trend").textContent !== text) {
            byId("trend").replaceChildren(make("span", {"aria-hidden": "true"}, arrow ? `${arrow} ` : ""), words);
        }
        this.#spark(recent, gas);
        const facts = byId("now-facts");
        facts.replaceChildren(...this.#facts(station, gas, level, inferred));
    }

    #figure(gas, level) {
        if (level === null || level === undefined) {
            if (gas.over_range) return "over range";
            if (gas.under_range) return "under range";
        }
        return number(level);
    }

    #facts(station, gas, level, inferred) {
        const facts = [];
        if (gas.background !== null && gas.background !== undefined) {
            const above = level === null || level === undefined ? null : level - gas.background;
            const words = above === null ? null
                : `now ${quantity(Math.abs(above), gas.unit)} ${above < 0 ? "below" : "above"} it`;
            facts.push(fact("Background", quantity(gas.background, gas.unit), words));
        }
        if (gas.virtual !== null && gas.virtual !== undefined && !inferred) {
            const error = gas.sd === null || gas.sd === undefined ? null : `give or take ${number(gas.sd)}`;
            facts.push(fact("Inferred by the sensors", quantity(gas.virtual, gas.unit), error));
        } else if (inferred && level !== null && level !== undefined) {
            const error = gas.sd ? `give or take ${quantity(gas.sd, gas.unit)}` : null;
            facts.push(fact("From", "the sensors, no analyser", error));
        } else if (!inferred && (gas.over_range || gas.under_range)) {
            facts.push(fact("Inferred by the sensors", gas.over_range ? "over range" : "under range", null));
        }
        const seen = make("span", {class: "age", "data-since": station.lastSeen ?? ""}, age(station.lastSeen));
        facts.push(fact("Last reading", seen, moment(station.time, {exact: true})));
        return facts;
    }

    #spark(recent, gas) {
        const mark = `${recent.time.length}:${recent.time.at(-1)}:${recent.time[0]}`;
        if (mark === this.#drawn) return;
        this.#drawn = mark;
        const strange = byId("now").dataset.state === "alarm" ? "strange" : "";
        const least = 0.05 * Math.abs(gas.background ?? gas.level ?? 1);
        byId("recent").replaceChildren(sparkline(
            [{values: recent.level, name: strange}, {values: recent.background, name: "background"}],
            {height: 80, least},
        ));
        const seconds = recent.time.length > 1 ? recent.time.at(-1) - recent.time[0] : 0;
        setText(byId("recent-caption"), seconds ? `The last ${span(seconds)}; dashed: the background` : "");
    }
}

/** Say how long ago something was. */
export function age(since) {
    if (since === null || since === undefined) return "never";
    const seconds = Date.now() / 1000 - since;
    return seconds < 2 ? "just now" : `${span(seconds)} ago`;
}
