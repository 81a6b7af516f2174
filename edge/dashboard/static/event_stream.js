// Server-sent events, read by hand: a browser's own reader of them sends no header, says nothing about a refusal, and
// does not notice a connection that is dead.

/** Yield the events of a stream as {name, data}; `alive()` is called whenever something has come. */
export async function* eventsOf(body, alive) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
        const {value, done} = await reader.read();
        if (done) return;
        alive();
        rest += value.replaceAll("\r", "");
        const parts = rest.split("\n\n");
        rest = parts.pop();
        for (const part of parts) {
            const event = {name: "message", data: ""};
            for (const line of part.split("\n")) {
                if (line.startsWith("event: ")) event.name = line.slice(7);
                if (line.startsWith("data: ")) event.data += line.slice(6);
            }
            if (event.data) yield event;
        }
    }
}
