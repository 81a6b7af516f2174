// The page: keeps what the server says, and has each part drawn when something has changed.
import {AlarmList} from "./alarms.js";
import {ChannelCards} from "./channels.js";
import {setClock} from "./clock.js";
import {byId, setText, show} from "./dom.js";
import {showGateway} from "./gateway.js";
import {History} from "./history.js";
import {askToken} from "./login.js";
import {showLink, showNotices, showWelcome} from "./notices.js";
import {NowCard} from "./now.js";
import {Recent} from "./recent.js";
import {serveRows} from "./rows.js";
import {showScores} from "./scores.js";
import {follow, get, signedIn} from "./server.js";
import {showHealth, showStations} from "./stations.js";
import {serveTheme} from "./theme_button.js";
import {age} from "./words.js";

const SLOW = 1000; // [ms] between two drawings of what is not the level or an alarm
const RETRY = 3000; // [ms]
const LONGEST = 1500; // [ms] for which the page waits for its charts before it appears

const pause = (time) => new Promise((done) => setTimeout(done, time));

const state = {overview: null, lost: null, chosen: null}; // lost: why there is no connection to the server
let recent = null;
let due = false;
let shown = false; // whether the charts are there, so that nothing jumps when the page appears
let drawn = -Infinity;

const alarms = new AlarmList(() => draw());
const history = new History();
const now = new NowCard();
const channels = new ChannelCards(chooseChannel);

function present() {
    return state.overview?.stations.find(({id}) => id === state.chosen) ?? null;
}

function draw() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
        due = false;
        drawAll();
    });
}

function drawAll() {
    showLink(state);
    showNotices(state);
    const {overview} = state;
    if (!overview) return;
    showWelcome(overview);
    alarms.update();
    const station = present();
    const gateway = overview.gateways.find(({base}) => base === station?.base) ?? overview.gateways[0] ?? null;
    if (station && recent) now.update(station, gateway, recent);
    if (performance.now() - drawn < SLOW) return;
    drawn = performance.now();
    showStations(overview, state.chosen, choose);
    showHealth(overview);
    showGateway(gateway, station, overview);
    if (station && recent) {
        showScores(station, recent);
        channels.update(station, recent, history.channel);
    }
    if (!overview.stations.length || shown) byId("content").dataset.ready = "true";
}

async function choose(id) {
    const channel = id === state.chosen ? history.channel : null;
    state.chosen = id;
    const station = present();
    if (!station) return;
    window.history.replaceState(null, "", `#at=${encodeURIComponent(id)}`);
    recent = new Recent(station);
    drawn = -Infinity;
    draw();
    const mine = recent;
    await Promise.race([Promise.allSettled([mine.load(), history.choose(station, channel)]), pause(LONGEST)]);
    shown = true;
    drawn = -Infinity;
    draw();
}

function chooseChannel(key) {
    const station = present();
    if (!station) return;
    history.choose(station, key);
    drawn = -Infinity;
    draw();
    if (key) byId("history").scrollIntoView({block: "nearest"}); // on a phone the chart is out of sight
}

function wanted() {
    const {stations} = state.overview;
    const named = stations.find(({id}) => location.hash === `#at=${encodeURIComponent(id)}`);
    return (named ?? stations.find(({available}) => available) ?? stations[0])?.id;
}

function takeOverview(overview) {
    setClock(overview.ts);
    state.overview = overview;
    for (const station of overview.stations) alarms.settle(station);
    const station = present();
    if (!station && overview.stations.length) choose(wanted());
    else if (station && recent.outgrown(station)) choose(station.id);
    draw();
}

function takeReading({station, point}) {
    const {overview} = state;
    if (!overview) return;
    const at = overview.stations.findIndex(({id}) => id === station.id);
    if (at < 0) return; // the overview with it comes within a second
    overview.stations[at] = station;
    if (station.id === state.chosen && recent) {
        recent.add(point);
        history.take(point);
    }
    draw();
}

function stream() {
    follow({
        overview: takeOverview,
        reading: takeReading,
        alarm: (alarm) => {
            alarms.take(alarm);
            if (alarm.station_id === state.chosen) history.refresh({soon: true});
        },
        link: (link) => {
            if (state.overview) state.overview.link = link;
            draw();
        },
    }, {
        opened: () => {
            const back = state.lost;
            state.lost = null;
            if (back) {
                alarms.load().catch(() => {});
                if (present()) choose(state.chosen);
            }
            draw();
        },
        lost: (refusal) => {
            state.lost = refusal;
            draw();
        },
    });
}

async function begin() {
    for (let begun = false; !begun;) {
        try {
            if (!await signedIn()) await askToken();
            const overview = await get("api/overview");
            await alarms.load().catch(() => {});
            takeOverview(overview);
            begun = true;
        } catch (refusal) {
            state.lost = refusal;
            draw();
            await pause(RETRY);
        }
    }
    state.lost = null;
    stream();
}

serveTheme(() => history.recolour());
serveRows(present);
byId("back").addEventListener("click", () => chooseChannel(null));
setInterval(() => {
    for (const element of document.querySelectorAll("[data-since]")) {
        setText(element, age(element.dataset.since ? Number(element.dataset.since) : null));
    }
    if (!document.hidden) history.refresh();
    draw();
}, 1000);
document.addEventListener("visibilitychange", () => {
    if (!document.hidden && present() && recent) recent.load().then(draw, () => {});
});
show(byId("content"), true);
begin();
