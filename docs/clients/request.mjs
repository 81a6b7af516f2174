// Sends a request to a davylamp agent and prints its answer, with MQTT.js:
//   npm install mqtt
//   node request.mjs davylamp/gw1 synthesize '{"n": 3, "seed": 7}'
// DAVYLAMP_BROKER is the broker's address (default: mqtt://localhost:1883), with a login as mqtt://user@host;
// DAVYLAMP_PASSWORD is the password. A refusal is printed like any other answer, and ends with exit code 1.
import { randomUUID } from "node:crypto";
import mqtt from "mqtt";

const SECONDS = 10; // for each part of an answer

export async function request(client, base, verb, body = {}) {
    const topic = `${base}/response/${randomUUID()}`; // below response/: elsewhere needs topics.response_prefixes
    const correlationData = Buffer.from(randomUUID());
    await client.subscribeAsync(topic, { qos: 1 });
    try {
        return await new Promise((resolve, reject) => {
            const parts = [];
            const late = () => reject(new Error(`no answer within ${SECONDS} s; fix: start the agent ${base}`));
            let timer = setTimeout(late, 1000 * SECONDS);
            client.on("message", (from, payload, packet) => {
                if (from !== topic || !correlationData.equals(packet.properties?.correlationData ?? "")) return;
                clearTimeout(timer);
                const answer = JSON.parse(payload);
                parts.push(answer);
                if (answer.status === "ok" && parts.length < (answer.data.parts ?? 1)) {
                    timer = setTimeout(late, 1000 * SECONDS);
                    return;
                }
                const rows = parts.map((part) => part.data.rows);
                if (typeof rows[0] === "string") answer.data.rows = rows.join("");
                else if (rows[0]) answer.data.rows = rows.flat();
                resolve(answer);
            });
            const properties = { responseTopic: topic, correlationData };
            client.publish(`${base}/request/${verb}`, JSON.stringify(body), { qos: 1, properties });
        });
    } finally {
        await client.unsubscribeAsync(topic);
    }
}

const [base, verb, body] = process.argv.slice(2);
if (!base || !verb) {
    console.error("usage: node request.mjs BASE VERB [JSON]");
    process.exit(2);
}
const address = process.env.DAVYLAMP_BROKER ?? "mqtt://localhost:1883";
const options = { protocolVersion: 5, connectTimeout: 1000 * SECONDS, password: process.env.DAVYLAMP_PASSWORD };
try {
    const client = await mqtt.connectAsync(address, options, false);
    const answer = await request(client, base, verb, JSON.parse(body ?? "{}"));
    console.log(JSON.stringify(answer));
    process.exitCode = answer.status === "ok" ? 0 : 1;
    await client.endAsync();
} catch (error) {
    console.error(error.message || `${address}: ${error.code ?? error}`);
    process.exit(1);
}
