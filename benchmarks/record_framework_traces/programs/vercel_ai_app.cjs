// Vercel's AI SDK: passages in the prompt, a stream, an object, a tool and a failing tool.
const { createOpenAI } = require("@ai-sdk/openai");
const { generateText, stepCountIs, streamText, tool } = require("ai");
const { z } = require("zod");
const recording = require("./recording.cjs");

const PASSAGES = [
  "The Halden jacket has a warranty of five years from the date of purchase.",
  "Zips and seams of the Halden jacket are repaired free of charge during the warranty. Send it to the workshop in " +
    "Bergen with the prepaid label; a repair takes about ten working days, and the jacket comes back washed and proofed.",
];
const QUESTION = "How long is the warranty of the Halden jacket?";
const ORDER_QUESTION = "Where is my order A-1042?";
const ORDER = '{"order_id": "A-1042", "status": "shipped", "carrier": "Norpost", "eta": "2026-12-03"}';
const CONTEXT = PASSAGES.join("\n\n");

recording.register();
const openai = createOpenAI({ baseURL: recording.baseUrl, apiKey: "none" });
const model = openai.chat("gpt-4o-mini");
const experimental_telemetry = { isEnabled: true, functionId: "support" };
const system = `Answer from the context only.\n\nContext:\n${CONTEXT}`;

const orderStatus = (broken) =>
  tool({
    description: "Status of an order",
    inputSchema: z.object({ order_id: z.string() }),
    execute: async () => {
      if (broken) throw new Error("the order service is down");
      return ORDER;
    },
  });

const search = tool({
  description: "Passages about a question",
  inputSchema: z.object({ query: z.string() }),
  execute: async () => PASSAGES.map((text, at) => ({ text, score: 0.9 - at / 10 })),
});

const withTools = async (prompt, tools) =>
  (await generateText({ model, prompt, tools, stopWhen: stepCountIs(4), experimental_telemetry })).text;

const scenarios = {
  prompt: async () => [
    QUESTION,
    (await generateText({ model, system, prompt: QUESTION, experimental_telemetry })).text,
    [CONTEXT],
  ],
  stream: async () => [
    QUESTION,
    await streamText({ model, system, prompt: QUESTION, experimental_telemetry }).text,
    [CONTEXT],
  ],
  search: async () => [QUESTION, await withTools(QUESTION, { search }), PASSAGES],
  tool: async () => [ORDER_QUESTION, await withTools(ORDER_QUESTION, { order_status: orderStatus(false) }), [ORDER]],
  "failing-tool": async () => [
    ORDER_QUESTION,
    await withTools(ORDER_QUESTION, { order_status: orderStatus(true) }),
    [],
  ],
};

scenarios[recording.scenario]().then(([question, answer, evidence]) =>
  recording.write({ question, answer, evidence, packages: ["ai", "@ai-sdk/openai", "@opentelemetry/sdk-trace-node"] }),
);
