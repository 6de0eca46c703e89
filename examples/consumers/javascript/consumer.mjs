// A consumer of recommendations and agendas with amqplib: manual acks, deduplication, changes in order, reconnects.
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
const latest = new Map(); // of each recommendation or agenda
let file;

function remember(line) {
  handled.add(line.id);
  if (line.data.sequence > (latest.get(line.data.id)?.sequence ?? 0)) {
    latest.set(line.data.id, line.data); // a late older change has no effect
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
  const { id, data } = JSON.parse(content.toString("utf8"));
  if (typeof id !== "string" || typeof data.id !== "string" || !Number.isInteger(data.sequence)) {
    throw new TypeError("id, data.id and data.sequence are required");
  }
  if (handled.has(id)) {
    return; // redelivered
  }
  const titles = data.cards ? data.cards.map((card) => card.title) : [data.title]; // an agenda has cards, in order
  const line = { id, data };
  writeSync(file, `${JSON.stringify(line)}\n`);
  fsyncSync(file);
  remember(line);
  console.log([id, data.change ?? "agenda", ...titles].join("  "));
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
      console.error(`rejected, neither a recommendation nor an agenda: ${error}`);
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
