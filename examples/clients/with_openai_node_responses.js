/**
 * The OpenAI SDK for Node, over the Responses API: a streamed answer, a tool call and its result, an
 * object of a zod schema, and a chain.
 *
 *   uv run mochi demo                                   # in one terminal
 *   npm install --prefix examples/clients               # in another
 *   node examples/clients/with_openai_node_responses.js
 */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponsesFunction, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const model = process.env.MOCHI_MODEL ?? "demo-tools";
const client = new OpenAI({
  baseURL: process.env.MOCHI_BASE_URL ?? "http://127.0.0.1:8000/v1",
  apiKey: process.env.MOCHI_API_KEY ?? "mochi",
});

const City = z.object({ name: z.string(), people: z.int() });

const getWeather = zodResponsesFunction({
  name: "get_weather",
  description: "The weather of a city",
  parameters: z.object({ city: z.string() }),
});
const weather = ({ city }) => `${city}: clear sky, 21 degrees`;

const stream = client.responses.stream({ model, input: "Hello! What can you do?" });
let pieces = 0;
for await (const event of stream) {
  if (event.type === "response.output_text.delta") {
    process.stdout.write(event.delta);
    pieces += 1;
  }
}
console.log(`\n(${(await stream.finalResponse()).usage.total_tokens} tokens)`);
assert(pieces > 1, "the answer was not streamed");

const asked = await client.responses.parse({
  model,
  input: "What is the weather in Paris?",
  tools: [getWeather],
});
const results = asked.output
  .filter((item) => item.type === "function_call")
  .map((call) => ({
    type: "function_call_output",
    call_id: call.call_id,
    output: weather(call.parsed_arguments),
  }));
assert(results.length, "no call of the tool");
const answer = await client.responses.create({
  model,
  input: results,
  tools: [getWeather],
  previous_response_id: asked.id,
});
console.log(answer.output_text);
assert.match(answer.output_text, /21 degrees/, "the tool's result is not used");

const { output_parsed: city } = await client.responses.parse({
  model,
  input: "About 2100000 people live in Paris.",
  text: { format: zodTextFormat(City, "city") },
});
console.log(city);
assert.deepEqual(city, { name: "Paris", people: 2100000 }, "not what the text says");

const first = await client.responses.create({ model, input: "My name is Ada." });
const second = await client.responses.create({
  model,
  input: "What is my name?",
  previous_response_id: first.id,
});
console.log(second.output_text);
assert.match(second.output_text, /Ada/, "what was said before is forgotten");
