// Everything that goes to the server of this page and comes from it. All addresses are relative, so that the page may
// lie below any path.

const AGAIN = [1000, 2000, 4000, 8000]; // [ms] before the stream is opened again, if the browser has given up

/** The server's refusal, in its own sentence. */
export class Refusal extends Error {
    constructor(status, sentence) {
        super(sentence);
        this.status = status;
    }
}

async function ask(path, options = {}) {
    let response;
    try {
        response = await fetch(path, {credentials: "same-origin", cache: "no-store", ...options});
    } catch {
        throw new Refusal(0, "The server of this page does not answer. Is davylamp dashboard running?");
    }
    if (response.ok) return response;
    let sentence = `The server answers ${response.status}.`;
    try {
        sentence = (await response.json()).error ?? sentence;
    } catch {
        // Not from our server, e.g. a proxy between: its status has to do.
    }
    throw new Refusal(response.status, sentence);
}

/** Get JSON. */
export async function get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const text = new URLSearchParams(given).toString();
    return (await ask(text ? `${path}?${text}` : path)).json();
}

/** Post JSON; the answer is JSON, or null if it is empty. */
export async function post(path, body) {
    const headers = {"Content-Type": "application/json"};
    const response = await ask(path, {method: "POST", headers, body: JSON.stringify(body)});
    return response.status === 204 ? null : response.json();
}

/** Get a file, and its name if the server gives one. */
export async function getFile(path, query) {
    const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
    const response = await ask(`${path}?${new URLSearchParams(given)}`);
    const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "");
    return {blob: await response.blob(), name: name?.[1] ?? "rows.csv"};
}

/** Follow the stream for ever: `listeners` by the name of an event, `opened` and `lost` for the connection. */
export function follow(listeners, {opened, lost}) {
    let failures = 0;
    const open = () => {
        const source = new EventSource("api/stream");
        source.addEventListener("open", () => {
            failures = 0;
            opened();
        });
        source.addEventListener("error", () => {
            lost();
            if (source.readyState !== EventSource.CLOSED) return; // the browser itself tries again
            source.close();
            setTimeout(open, AGAIN[Math.min(failures++, AGAIN.length - 1)]);
            // A stream does not say why: if the server has another token now, the page has to ask for it.
            get("api/overview").catch((refusal) => refusal.status === 401 && location.reload());
        });
        for (const [name, listener] of Object.entries(listeners)) {
            source.addEventListener(name, ({data}) => listener(JSON.parse(data)));
        }
    };
    open();
}
