// A complete consumer of recommendations, with amqplib: manual acks, every event once, changes in order, reconnects.
//
//   AMQP_URL=amqp://USER:PASSWORD@HOST/VHOST QUEUE=signpost.consumer.notifier node consumer.mjs

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import amqp from "amqplib";

const URL = process.env.AMQP_URL ?? "amqp://guest:guest@127.0.0.1:5672/%2F";
const QUEUE = process.env.QUEUE ?? "signpost.consumer.notifier";
const MEMORY = process.env.MEMORY ?? "consumer.jsonl";

// What this consumer remembers: a line for each event, which is both its id and its effect. A line that a crash cut
// short is none.
const handled = new Set();
const standing = new Map();
let memory;

function remember(line) {
  handled.add(line.id);
  if (line.sequence > (standing.get(line.recommendation)?.sequence ?? 0)) {
    standing.set(line.recommendation, line); // an older change that comes late changes nothing
  }
}

function open(path) {
  const kept = existsSync(path) ? readFileSync(path, "utf8") : "";
  for (const text of kept.split("\n").slice(0, -1)) {
    try {
      remember(JSON.parse(text));
    } catch {
      // cut short by a crash, and closed by the next start
    }
  }
  memory = openSync(path, "a");
  if (kept !== "" && !kept.endsWith("\n")) {
    writeSync(memory, "\n");
  }
}

// Take in one change, whole or not at all. Throws for what is no recommendation.
function handle(content) {
  const event = JSON.parse(content.toString("utf8"));
  const { id: recommendation, sequence, status, change, title } = event.data;
  if (typeof event.id !== "string" || typeof recommendation !== "string" || !Number.isInteger(sequence)) {
    throw new TypeError("id, data.id and data.sequence are needed");
  }
  if (handled.has(event.id)) {
    return; // delivered again
  }
  const line = { id: event.id, recommendation, sequence, status, title };
  writeSync(memory, `${JSON.stringify(line)}\n`);
  fsyncSync(memory);
  remember(line);
  console.log(event.id, change, title);
}

async function consume() {
  const connection = await amqp.connect(URL, { heartbeat: 30 });
  const broken = new Promise((_, reject) => {
    connection.on("error", reject);
    connection.on("close", () => reject(new Error("the connection was closed")));
  });
  const channel = await connection.createChannel();
  await channel.prefetch(50);
  await channel.consume(QUEUE, (message) => {
    if (message === null) {
      connection.close().catch(() => {}); // the queue was deleted
      return;
    }
    try {
      handle(message.content);
    } catch (error) {
      console.error(`not a recommendation: ${error}`);
      channel.reject(message, false); // to the dead letters of this consumer
      return;
    }
    channel.ack(message);
  });
  await broken;
}

process.on("SIGTERM", () => {
  closeSync(memory);
  process.exit(0);
});

open(MEMORY);
for (let pause = 1; ; ) {
  const began = Date.now();
  try {
    await consume();
  } catch (error) {
    pause = Date.now() - began > 60_000 ? 1 : Math.min(pause * 2, 60);
    console.error(`connecting again in ${pause} s: ${error}`);
    await sleep(pause * 1000);
  }
}
