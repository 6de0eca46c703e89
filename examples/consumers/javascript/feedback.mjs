// Answer a recommendation with amqplib: reads the consumed CloudEvent from standard input, publishes with a confirm.
//
//   AMQP_URL=amqp://USER:PASSWORD@HOST/VHOST node feedback.mjs done < change.json

import { readFileSync } from "node:fs";
import amqp from "amqplib";

const AMQP_URL = process.env.AMQP_URL ?? "amqp://guest:guest@127.0.0.1:5672/%2F";
const [answer, until] = process.argv.slice(2);
const change = JSON.parse(readFileSync(0, "utf8"));

const event = {
  specversion: "1.0",
  id: `${change.id}.${answer}`, // sent twice, it counts once
  source: "notifier",
  type: `signpost.advice.${answer}.v1`,
  time: new Date().toISOString(),
  tenant: change.tenant,
  subject: change.subject,
  data: { recommendation: change.data.id, ...(until ? { until } : {}) },
};

const connection = await amqp.connect(AMQP_URL);
const channel = await connection.createConfirmChannel();
channel.publish("signpost.feedback", "", Buffer.from(JSON.stringify(event)), {
  contentType: "application/cloudevents+json",
  persistent: true,
  mandatory: true,
  messageId: event.id,
  userId: decodeURIComponent(new URL(AMQP_URL).username), // the broker refuses any other user
});
await channel.waitForConfirms();
await connection.close();
