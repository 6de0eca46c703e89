// Reads the generated documents as clients do: AsyncAPI from its file, schemas in ajv's strict mode, CloudEvents with
// their SDK. Prints as JSON what the tools report, and the requests by which the SDK sends an event.
//
//   node documents.mjs FOLDER EVENT.json MESSAGE.json

import { readFileSync, readdirSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { CloudEvent, HTTP } from "cloudevents";

const [folder, eventFile, messageFile] = process.argv.slice(2);
const read = (path) => readFileSync(path, "utf8");

const source = `${folder}/asyncapi.json`;
const { document, diagnostics } = await new Parser().parse(read(source), { source });

const ajv = new Ajv2020.default({ strict: true, strictRequired: false, allErrors: true, logger: false });
addFormats.default(ajv);
const schemas = readdirSync(folder, { recursive: true }).filter((path) => path.includes("signpost."));
const broken = [];
for (const path of schemas) {
  try {
    ajv.compile(JSON.parse(read(`${folder}/${path}`)));
  } catch (error) {
    broken.push(`${path}: ${error.message}`);
  }
}

const event = JSON.parse(read(eventFile));
const bytes = new TextEncoder().encode(JSON.stringify(event.data));
const requests = [event, { ...event, id: "bytes", data: bytes }].flatMap((each) => {
  const made = new CloudEvent(each);
  return [HTTP.structured(made), HTTP.binary(made)].map(({ headers, body }) => ({
    headers,
    body: typeof body === "string" ? body : Buffer.from(body).toString(),
  }));
});

const headers = { "content-type": "application/cloudevents+json" };
const message = HTTP.toEvent({ headers, body: read(messageFile) });
message.validate();

console.log(
  JSON.stringify({
    asyncapi: diagnostics.map(({ code, message, path }) => `${path.join("/")}: ${code}: ${message}`),
    messages: document?.allMessages().length ?? 0,
    schemas: schemas.length,
    broken,
    valid: ajv.getSchema("/schemas/signpost.recommendation.v1.json")(JSON.parse(read(messageFile))),
    requests,
    message: { id: message.id, type: message.type, link: message.link, data: message.data },
  }),
);
