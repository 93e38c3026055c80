/**
 * The AI SDK with its default provider, which speaks the Responses API: a streamed answer, a tool
 * that it runs, an object of a zod schema, and a chain.
 *
 *   uv run mochi demo                              # in one terminal
 *   npm install --prefix examples/clients          # in another
 *   node examples/clients/with_ai_sdk_responses.js
 */
import assert from "node:assert/strict";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const mochi = createOpenAI({
  baseURL: process.env.MOCHI_BASE_URL ?? "http://127.0.0.1:8000/v1",
  apiKey: process.env.MOCHI_API_KEY ?? "mochi",
});
const model = mochi(process.env.MOCHI_MODEL ?? "demo-tools");

const City = z.object({ name: z.string(), people: z.int() });

const get_weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `${city}: clear sky, 21 degrees`,
});

const stream = streamText({ model, prompt: "Hello! What can you do?" });
let pieces = 0;
for await (const piece of stream.textStream) {
  process.stdout.write(piece);
  pieces += 1;
}
console.log(`\n(${(await stream.usage).totalTokens} tokens)`);
assert(pieces > 1, "the answer was not streamed");

const answer = await generateText({
  model,
  prompt: "What is the weather in Paris?",
  tools: { get_weather },
  stopWhen: stepCountIs(3),
});
console.log(answer.text);
assert.equal(answer.steps.length, 2, "no call of the tool");
assert.match(answer.text, /21 degrees/, "the tool's result is not used");

const streamed = streamText({
  model,
  prompt: "What is the weather in Paris?",
  tools: { get_weather },
  stopWhen: stepCountIs(3),
});
assert.match(await streamed.text, /21 degrees/, "the tool's result is not used in a stream");

const { output: city } = await generateText({
  model,
  prompt: "About 2100000 people live in Paris.",
  output: Output.object({ schema: City }),
});
console.log(city);
assert.deepEqual(city, { name: "Paris", people: 2100000 }, "not what the text says");

const first = await generateText({ model, prompt: "My name is Ada." });
const second = await generateText({
  model,
  prompt: "What is my name?",
  providerOptions: {
    openai: { previousResponseId: first.providerMetadata.openai.responseId },
  },
});
console.log(second.text);
assert.match(second.text, /Ada/, "what was said before is forgotten");
