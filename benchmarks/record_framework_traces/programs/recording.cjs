// Spans kept in memory, and a file written with them at the end: the same as recording.py, for Node.js.
const fs = require("node:fs");
const path = require("node:path");
const { setTimeout } = require("node:timers/promises");
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { resourceFromAttributes } = require("@opentelemetry/resources");

const exporter = new InMemorySpanExporter();
const nanos = ([seconds, rest]) => seconds * 1e9 + rest;

exports.exporter = exporter;
exports.scenario = process.argv[2];
exports.baseUrl = process.argv[4];

exports.register = () => {
  const resource = resourceFromAttributes({ "service.name": "support-desk" });
  new NodeTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
};

// A stream's root span ends a moment after its text.
const rootEnded = async () => {
  while (!exporter.getFinishedSpans().some((span) => !span.parentSpanContext)) await setTimeout(5);
};

exports.write = async ({ question, answer, evidence, packages }) => {
  await rootEnded();
  const root = process.env.NODE_PATH;
  const version = (name) => JSON.parse(fs.readFileSync(path.join(root, name, "package.json"), "utf8")).version;
  const versions = Object.fromEntries(packages.map((name) => [name, version(name)]));
  const spans = exporter.getFinishedSpans().map((span) => ({
    trace_id: span.spanContext().traceId,
    span_id: span.spanContext().spanId,
    parent_id: span.parentSpanContext?.spanId ?? null,
    name: span.name,
    scope: { name: span.instrumentationScope.name, version: span.instrumentationScope.version ?? "", attributes: {} },
    resource: span.resource.attributes,
    start: nanos(span.startTime),
    end: nanos(span.endTime),
    status: { code: ["UNSET", "OK", "ERROR"][span.status.code], message: span.status.message ?? null },
    attributes: span.attributes,
    events: span.events.map((event) => ({ name: event.name, attributes: event.attributes ?? {} })),
  }));
  fs.writeFileSync(process.argv[3], JSON.stringify({ versions, application: { question, answer, evidence }, spans }));
};
