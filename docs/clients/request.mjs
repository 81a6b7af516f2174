// Sends a request to a davylamp agent and prints its answer, with MQTT.js:
//   npm install mqtt
//   node request.mjs davylamp/gw1 synthesize '{"n": 3, "seed": 7}'
// DAVYLAMP_BROKER is the broker's address (default: mqtt://localhost:1883), with a login as mqtt://user@host;
// DAVYLAMP_PASSWORD is the password. A refusal is printed like any other answer, and ends with exit code 1.
// Another program imports the function: import { request } from "./request.mjs".
import { randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import mqtt from "mqtt";

const SECONDS = 10; // for each part of an answer

export async function request(client, base, verb, body = {}) {
    const topic = `${base}/response/${randomUUID()}`; // below response/: elsewhere needs topics.response_prefixes
    const correlationData = Buffer.from(randomUUID());
    let timer, receive;
    await client.subscribeAsync(topic, { qos: 1 });
    try {
        return await new Promise((resolve, reject) => {
            const parts = [];
            const wait = () => {
                clearTimeout(timer);
                const late = new Error(`no answer within ${SECONDS} s; fix: start the agent ${base}`);
                timer = setTimeout(() => reject(late), 1000 * SECONDS);
            };
            receive = (from, payload, packet) => {
                if (from !== topic || !correlationData.equals(packet.properties?.correlationData ?? "")) return;
                const answer = JSON.parse(payload);
                parts.push(answer);
                if (answer.status === "ok" && parts.length < (answer.data.parts ?? 1)) return wait();
                const rows = parts.map((part) => part.data.rows);
                if (typeof rows[0] === "string") answer.data.rows = rows.join("");
                else if (rows[0]) answer.data.rows = rows.flat();
                resolve(answer);
            };
            client.on("message", receive);
            wait();
            const properties = { responseTopic: topic, correlationData };
            const refused = (error) => reject(new Error(`the broker refuses the request: ${error.message}`));
            client.publishAsync(`${base}/request/${verb}`, JSON.stringify(body), { qos: 1, properties }).catch(refused);
        });
    } finally {
        clearTimeout(timer);
        client.off("message", receive);
        await client.unsubscribeAsync(topic);
    }
}

async function main([base, verb, body]) {
    if (!base || !verb) {
        console.error("usage: node request.mjs BASE VERB [JSON]");
        return 2;
    }
    const address = process.env.DAVYLAMP_BROKER ?? "mqtt://localhost:1883";
    const options = { protocolVersion: 5, connectTimeout: 1000 * SECONDS, password: process.env.DAVYLAMP_PASSWORD };
    let client;
    try {
        client = await mqtt.connectAsync(address, options, false);
        const answer = await request(client, base, verb, JSON.parse(body ?? "{}"));
        console.log(JSON.stringify(answer));
        return answer.status === "ok" ? 0 : 1;
    } catch (error) {
        console.error(error.message || `${address}: ${error.code ?? error}`);
        return 1;
    } finally {
        await client?.endAsync(true);
    }
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href)
    process.exitCode = await main(process.argv.slice(2));
