// A complete consumer of recommendations, with amqplib: manual acks, deduplication, changes in order, reconnects.
//
//   AMQP_URL=amqp://USER:PASSWORD@HOST/VHOST QUEUE=signpost.consumer.notifier node consumer.mjs

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import amqp from "amqplib";

const URL = process.env.AMQP_URL ?? "amqp://guest:guest@127.0.0.1:5672/%2F";
const QUEUE = process.env.QUEUE ?? "signpost.consumer.notifier";
const STATE_FILE = process.env.STATE_FILE ?? "consumer.jsonl";

// The file of this consumer: a line for each event, which holds both its id and its effect. A truncated line after a
// crash does not count.
const handled = new Set();
const recommendations = new Map();
let file;

function remember(line) {
  handled.add(line.id);
  if (line.sequence > (recommendations.get(line.recommendation)?.sequence ?? 0)) {
    recommendations.set(line.recommendation, line); // a late older change has no effect
  }
}

function open(path) {
  const content = existsSync(path) ? readFileSync(path, "utf8") : "";
  for (const text of content.split("\n").slice(0, -1)) {
    try {
      remember(JSON.parse(text));
    } catch {
      // truncated by a crash
    }
  }
  file = openSync(path, "a");
  if (content !== "" && !content.endsWith("\n")) {
    writeSync(file, "\n");
  }
}

// Store one change in one line. Throws for an invalid message.
function handle(content) {
  const event = JSON.parse(content.toString("utf8"));
  const { id: recommendation, sequence, status, change, title } = event.data;
  if (typeof event.id !== "string" || typeof recommendation !== "string" || !Number.isInteger(sequence)) {
    throw new TypeError("id, data.id and data.sequence are required");
  }
  if (handled.has(event.id)) {
    return; // redelivered
  }
  const line = { id: event.id, recommendation, sequence, status, title };
  writeSync(file, `${JSON.stringify(line)}\n`);
  fsyncSync(file);
  remember(line);
  console.log(event.id, change, title);
}

async function consume() {
  const connection = await amqp.connect(URL, { heartbeat: 30 });
  const broken = new Promise((_, reject) => {
    connection.on("error", reject);
    connection.on("close", () => reject(new Error("the connection is closed")));
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
      console.error(`rejected, not a recommendation: ${error}`);
      channel.reject(message, false); // to the dead-letter queue of this consumer
      return;
    }
    channel.ack(message);
  });
  await broken;
}

process.on("SIGTERM", () => {
  closeSync(file);
  process.exit(0);
});

open(STATE_FILE);
for (let pauseS = 1; ; ) {
  const started = Date.now();
  try {
    await consume();
  } catch (error) {
    pauseS = Date.now() - started > 60_000 ? 1 : Math.min(pauseS * 2, 60);
    console.error(`connection lost, reconnecting in ${pauseS} s: ${error}`);
    await sleep(pauseS * 1000);
  }
}
