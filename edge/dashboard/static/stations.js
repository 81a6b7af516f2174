// Which stations there are: the row of buttons on top, and the table with their health.
import {byId, make, reconcile, setText, show} from "./dom.js";
import {judge} from "./now.js";
import {age, number, quantity, toSeconds} from "./words.js";

/** Name a station; its gateway is added where there are several. */
export function stationName(station, gateways) {
    return gateways.length > 1 ? `${station.station} (${station.gateway})` : station.station;
}

const gatewayOf = (station, gateways) => gateways.find(({base}) => base === station.base);

const level = (station) => (station.methane?.level === undefined || station.methane?.level === null
    ? "" : quantity(station.methane.level, station.unit));

/** Show the row of stations if there is more than one; `choose(id)` is called with the one that is wanted. */
export function showStations({stations, gateways}, chosen, choose) {
    show(byId("stations"), stations.length > 1);
    reconcile(byId("station-list"), stations, ({id}) => id, ({id}) => {
        const dot = make("span", {class: "dot", "aria-hidden": "true"});
        const name = make("span", {});
        const value = make("span", {class: "level"});
        const button = make("button", {type: "button", onclick: () => choose(id)}, dot, name, value);
        const item = make("li", {}, button);
        item.update = (station) => {
            const verdict = judge(station, gatewayOf(station, gateways));
            setText(name, stationName(station, gateways));
            setText(value, verdict.state === "good" ? level(station) : verdict.word);
            dot.dataset.state = verdict.state;
            button.setAttribute("aria-current", String(station.id === byId("station-list").dataset.chosen));
        };
        return item;
    });
    byId("station-list").dataset.chosen = chosen ?? "";
    for (const item of byId("station-list").children) {
        item.firstElementChild.setAttribute("aria-current", String(item.dataset.key === chosen));
    }
}

/** Show the table of stations, and what they have to complain about. */
export function showHealth({stations, gateways}) {
    show(byId("health-empty"), stations.length === 0);
    reconcile(byId("health-rows"), stations, ({id}) => id, () => {
        const name = make("th", {scope: "row"});
        const seen = make("span", {});
        const gas = make("td", {});
        const dot = make("span", {class: "dot", "aria-hidden": "true"});
        const word = make("span", {});
        const readings = make("td", {class: "number"});
        const state = make("td", {}, make("span", {class: "seen"}, dot, word));
        const row = make("tr", {}, name, make("td", {}, seen), gas, state, readings);
        row.update = (station) => {
            const verdict = judge(station, gatewayOf(station, gateways));
            setText(name, stationName(station, gateways));
            const since = toSeconds(station.last_seen);
            seen.dataset.since = since ?? "";
            setText(seen, age(since));
            setText(gas, level(station) || "–");
            dot.dataset.state = verdict.state;
            setText(word, verdict.word || "Not known yet");
            setText(readings, station.health ? number(station.health.readings) : "–");
        };
        return row;
    });
    const problems = [
        ...stations.flatMap((station) => Object.values(station.health?.problems ?? {})
            .map((problem) => `${stationName(station, gateways)}: ${problem}`)),
        ...gateways.filter(({refused}) => refused).map(({refused, refusal}) => {
            const payloads = refused === 1 ? "1 payload" : `${number(refused)} payloads`;
            return `${payloads} could not be used; the last one: ${refusal}`;
        }),
    ];
    reconcile(byId("problems"), problems, (text) => text, (text) => {
        const item = make("li", {}, text);
        item.update = () => {};
        return item;
    });
    show(byId("problems"), problems.length > 0);
}
