// A client of the intake, typed by the OpenAPI document: sends an event, reads the feed, and is refused.
//
//   node client.js ADDRESS KEY EVENT.json

import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./openapi.js";

const [baseUrl, key, file] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
const event: components["schemas"]["signpost.offer.extended.v1"] = JSON.parse(readFileSync(file, "utf8"));

const sent = await client.POST("/v1/events", {
  body: event,
  headers: { "Content-Type": "application/cloudevents+json" },
});
const feed = await client.GET("/v1/recommendations", { params: { query: { limit: 5, audience: "candidate" } } });
const titles: string[] = (feed.data?.items ?? []).map((item) => item.data.title);
const unknown = await client.GET("/v1/candidates/{candidate}/advice", { params: { path: { candidate: "nobody" } } });

// @ts-expect-error There is no such operation
void (() => client.GET("/v1/events"));
// @ts-expect-error An audience is candidate or employer
void (() => client.GET("/v1/recommendations", { params: { query: { audience: "nobody" } } }));

console.log(
  JSON.stringify({ sent: sent.response.status, titles, unknown: unknown.error?.type }),
);
