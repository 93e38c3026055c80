/**
 * The OpenAI SDK for Node: a streamed answer, a tool that it runs, and an object of a zod schema.
 *
 *   uv run mochi demo                          # in one terminal
 *   npm install --prefix examples/clients      # in another
 *   node examples/clients/with_openai_node.js
 */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const model = process.env.MOCHI_MODEL ?? "demo-tools";
const client = new OpenAI({
  baseURL: process.env.MOCHI_BASE_URL ?? "http://127.0.0.1:8000/v1",
  apiKey: process.env.MOCHI_API_KEY ?? "mochi",
});

const City = z.object({ name: z.string(), people: z.int() });

const getWeather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    },
    parse: JSON.parse,
    function: ({ city }) => `${city}: clear sky, 21 degrees`,
  },
};

const user = (content) => [{ role: "user", content }];

const stream = client.chat.completions.stream({
  model,
  messages: user("Hello! What can you do?"),
  stream_options: { include_usage: true },
});
let pieces = 0;
for await (const chunk of stream) {
  const piece = chunk.choices[0]?.delta.content ?? "";
  process.stdout.write(piece);
  pieces += piece ? 1 : 0;
}
console.log(`\n(${(await stream.totalUsage()).total_tokens} tokens)`);
assert(pieces > 1, "the answer was not streamed");

const run = client.chat.completions.runTools({
  model,
  messages: user("What is the weather in Paris?"),
  tools: [getWeather],
  stream: true,
});
const answer = await run.finalContent();
console.log(answer);
assert(await run.finalFunctionToolCallResult(), "no call of the tool");
assert.match(answer, /21 degrees/, "the tool's result is not used");

const filled = await client.chat.completions.parse({
  model,
  messages: user("About 2100000 people live in Paris."),
  response_format: zodResponseFormat(City, "city"),
});
const city = filled.choices[0].message.parsed;
console.log(city);
assert.deepEqual(city, { name: "Paris", people: 2100000 }, "not what the text says");
