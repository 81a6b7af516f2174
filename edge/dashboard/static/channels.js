// Each channel: its value, what the agent doubts about it, and its line; choosing one shows it in the chart.
import {byId, make, reconcile, setText, show} from "./dom.js";
import {sparkline} from "./sparkline.js";
import {channelName, quantity} from "./words.js";

const FLAGS = {2: "not checked", 3: "suspect", 4: "failed", 9: "missing"};

/** The cards of a station's channels. */
export class ChannelCards {
    #choose;

    /** `choose(key)` is called with the channel that the reader wants to see, or null for methane. */
    constructor(choose) {
        this.#choose = choose;
    }

    update(station, recent, chosen) {
        show(byId("channels-empty"), station.channels.length === 0);
        const items = station.channels.map((channel) => ({
            ...channel,
            station: station.id,
            time: recent.time,
            values: recent.channels[channel.key] ?? [],
            chosen: channel.key === chosen,
            outside: station.out_of_domain.includes(channel.key),
            culprit: channel.key === station.culprit && station.exceeds.includes("consistency"),
        }));
        reconcile(byId("channel-list"), items, ({key}) => key, () => this.#build());
    }

    #build() {
        const name = make("span", {class: "name"});
        const value = make("span", {class: "value"});
        const flag = make("span", {class: "flag"});
        const trace = make("span", {class: "trace"});
        const button = make("button", {type: "button", class: "channel"}, name, value, trace, flag);
        const item = make("li", {}, button);
        let now = null;
        let drawn = "";
        button.addEventListener("click", () => this.#choose(now.chosen ? null : now.key));
        item.update = (channel) => {
            now = channel;
            setText(name, channelName(channel.key));
            button.title = channel.key;
            setText(value, quantity(channel.value, channel.unit, {fixed: true}));
            const doubt = channel.culprit ? "does not fit the others" : FLAGS[channel.flag] ?? "";
            setText(flag, channel.outside && !doubt ? "outside of the training" : doubt);
            button.setAttribute("aria-pressed", String(channel.chosen));
            const mark = `${channel.station}:${channel.time.length}:${channel.time.at(-1)}`;
            if (mark === drawn) return;
            drawn = mark;
            const least = 0.02 * Math.abs(channel.value ?? 0);
            trace.replaceChildren(sparkline(
                channel.time, [{values: channel.values, name: ""}], {height: 36, least},
            ));
        };
        return item;
    }
}
