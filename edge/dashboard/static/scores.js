// How unusual the last reading is: three scores in plain words, each with its last minutes.
import {byId, make, reconcile, setText} from "./dom.js";
import {sparkline} from "./sparkline.js";
import {SCORES, chance} from "./words.js";

const TOP = 6; // [-log10 of p] where a trace ends

function build(kind) {
    const [name, about] = SCORES[kind];
    const odds = make("p", {class: "odds"});
    const trace = make("div", {class: "trace"});
    const item = make("li", {class: "score"}, make("h3", {class: "name"}, name), odds,
        make("p", {class: "about"}, about), trace);
    let drawn = "";
    item.update = ({score, time, values, exceeds, threshold}) => {
        const words = chance(score);
        setText(odds, exceeds ? `${words}: unusual` : words);
        odds.dataset.state = exceeds ? "alarm" : "good";
        const mark = `${time.length}:${time.at(-1)}:${exceeds}`;
        if (mark === drawn) return;
        drawn = mark;
        const limit = values.map(() => threshold ?? null);
        trace.replaceChildren(sparkline(
            time, [{values, name: exceeds ? "strange" : ""}, {values: limit, name: "limit"}],
            {height: 54, low: 0, high: Math.max(TOP, threshold ?? 0)},
        ));
    };
    return item;
}

/** Whether a score is beyond its threshold: methane also exceeds by its level, and says nothing of its score then. */
function beyond({scores, thresholds, exceeds}, kind) {
    const [score, threshold] = [scores?.[kind] ?? null, thresholds?.[kind] ?? null];
    return score === null || threshold === null ? exceeds.includes(kind) : score >= threshold;
}

/** Show the scores of a station; `recent.scores` has the last ones of each kind. */
export function showScores(station, recent) {
    const items = Object.keys(SCORES).map((kind) => ({
        kind,
        score: station.scores?.[kind] ?? null,
        time: recent.time,
        values: recent.scores[kind],
        exceeds: beyond(station, kind),
        threshold: station.thresholds?.[kind] ?? null,
    }));
    reconcile(byId("score-list"), items, ({kind}) => kind, ({kind}) => build(kind));
}
