// The first card: the methane of now, large, with its trend, its background and what the other sensors infer.
import {byId, make, setText} from "./dom.js";
import {sparkline} from "./sparkline.js";
import {KINDS, REASONS, STATES, age, moment, number, quantity, span, toSeconds, unitWord} from "./words.js";

/** Judge a station: a state for colours, a word, and a sentence. */
export function judge(station, gateway) {
    if (station.available === false) {
        return gateway?.state === "online"
            ? {state: "off", word: "Silent", sentence: "The agent runs, and the station does not send."}
            : {state: "off", word: "No agent", sentence: "The agent is away, so nothing is scored."};
    }
    const open = station.standing.filter((event) => event.shelved_until === null);
    const methane = open.find((event) => event.kind === "methane");
    if (methane) {
        const why = REASONS[methane.by] ?? "high";
        const still = station.exceeds.includes("methane");
        const sentence = still ? `Methane is ${why}.` : `Methane was ${why}; the alarm still stands.`;
        return {state: "alarm", word: "Methane alarm", sentence};
    }
    if (open.length) return {state: "warn", word: KINDS[open[0].kind] ?? "Fault", sentence: "An alarm stands."};
    const known = STATES[station.state];
    if (!known) return {state: "off", word: "", sentence: ""};
    const calm = station.state === "ok" || station.state === "warming_up";
    return {state: calm ? "good" : "warn", ...known};
}

function trendWords(trend, unit) {
    if (!trend) return ["", "Too few readings for a trend"];
    if (trend.word === "steady") return ["→", "Steady over the last hour"];
    const rate = quantity(Number(Math.abs(trend.per_hour).toPrecision(2)), unit);
    const [arrow, word] = trend.word === "rising" ? ["↗", "Rising"] : ["↘", "Falling"];
    return [arrow, `${word} over the last hour, by about ${rate}`];
}

function fact(name, value, small) {
    return make("div", {}, make("dt", {}, name), make("dd", {}, value, small ? make("small", {}, small) : null));
}

function facts(station) {
    const gas = station.methane;
    const {unit} = station;
    const found = [];
    const error = (sd) => (sd === null ? null : `give or take ${quantity(sd, unit)}`);
    if (gas?.background !== null && gas?.background !== undefined) {
        const above = gas.level === null ? null : gas.level - gas.background;
        const side = above < 0 ? "below" : "above";
        const words = above === null ? null : `now ${quantity(Math.abs(above), unit)} ${side} it`;
        found.push(fact("Background", quantity(gas.background, unit), words));
    }
    if (gas?.source === "virtual") {
        found.push(fact("Inferred", "by the sensors", error(gas.sd)));
    } else if (gas) {
        const range = gas.over_range ? "over range" : gas.under_range ? "under range" : null;
        if (range) found.push(fact("Inferred by the sensors", range, "outside of what the training has seen"));
        else if (gas.virtual !== null) {
            found.push(fact("Inferred by the sensors", quantity(gas.virtual, unit), error(gas.sd)));
        }
    }
    const seen = toSeconds(station.last_seen);
    const ago = make("span", {"data-since": seen ?? ""}, age(seen));
    found.push(fact("Last reading", ago, seen && moment(seen, {exact: true})));
    return found;
}

function figure(gas) {
    if (!gas) return "no level";
    if (gas.level !== null) return number(gas.level, {fixed: true});
    return gas.over_range ? "over range" : gas.under_range ? "under range" : "no level";
}

/** Before the first reading since the server's start, the last one of the history has to do. */
function withHistory(station, {time, level, background}) {
    const at = level.findLastIndex((value) => value !== null);
    if (station.methane || at < 0) return station;
    const methane = {
        source: "measured", level: level[at], background: background[at], virtual: null, sd: null, trend: null,
        over_range: false, under_range: false,
    };
    return {...station, methane, last_seen: station.last_seen ?? time[at]};
}

/** The card of the chosen station. */
export class NowCard {
    #drawn = "";

    /** Show a station with its last minutes. */
    update(known, gateway, recent) {
        const station = withHistory(known, recent);
        const gas = station.methane;
        const verdict = judge(station, gateway);
        byId("now").dataset.state = verdict.state;
        setText(byId("now-title"), `Methane at ${station.station}`);
        setText(byId("verdict"), verdict.word);
        byId("verdict").dataset.state = verdict.state;
        setText(byId("level"), figure(gas));
        const some = gas !== null && gas.level !== null;
        byId("level").dataset.some = some;
        setText(byId("level-unit"), some ? unitWord(station.unit) : "");
        let lead = "";
        let [arrow, words] = gas ? trendWords(gas.trend, station.unit) : ["", ""];
        if (verdict.state === "off" || (verdict.state === "alarm" && !arrow)) [arrow, words] = ["", verdict.sentence];
        else if (verdict.state === "alarm") [lead, words] = [`${verdict.sentence} `, `${words}.`];
        else if (verdict.state === "warn") words = [words, verdict.sentence].filter(Boolean).join(". ");
        if (byId("trend").dataset.words !== lead + arrow + words) {
            byId("trend").dataset.words = lead + arrow + words;
            byId("trend").replaceChildren(lead, make("span", {"aria-hidden": "true"}, arrow ? `${arrow} ` : ""), words);
        }
        byId("now-facts").replaceChildren(...facts(station));
        this.#spark(station, recent, verdict.state === "alarm" ? "strange" : "");
    }

    #spark(station, recent, name) {
        const {time} = recent;
        const mark = `${station.id}:${time.length}:${time.at(-1)}:${name}`;
        if (mark === this.#drawn) return;
        this.#drawn = mark;
        const least = 0.05 * Math.abs(station.methane?.background ?? station.methane?.level ?? 1);
        byId("recent").replaceChildren(sparkline(
            time, [{values: recent.level, name}, {values: recent.background, name: "background"}], {height: 80, least},
        ));
        const seconds = time.length > 1 ? time.at(-1) - time[0] : 0;
        setText(byId("recent-caption"), seconds ? `The last ${span(seconds)}; dashed is the background` : "");
    }
}
