// A program beside this one whose spans are exported by OTLP/JSON as well: the same as exporting.py, for Node.js.
const colon = process.argv[2].indexOf(":");
const program = process.argv[2].slice(0, colon);
process.argv[2] = process.argv[2].slice(colon + 1);

const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-http");
const { BatchSpanProcessor, NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const recording = require("./recording.cjs");

const batches = new BatchSpanProcessor(new OTLPTraceExporter());
const { write } = recording;

recording.register = () => {
  const resource = resourceFromAttributes({ "service.name": "support-desk" });
  const spanProcessors = [new SimpleSpanProcessor(recording.exporter), batches];
  new NodeTracerProvider({ resource, spanProcessors }).register();
};
recording.write = async (known) => {
  await write(known);
  await batches.shutdown();
};

require(`./${program}.cjs`);
