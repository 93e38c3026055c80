"""The sentences that answers are put together from. `{topic}` and `{question}` are filled in."""

__all__ = [
    "ABOUT",
    "CLOSINGS",
    "CODE",
    "GREETINGS",
    "OPENINGS",
    "PLAN",
    "REMARKS",
    "STORY",
    "THANKS",
    "THOUGHTS",
]

GREETINGS = (
    "Hello! I am the demo model: no weights and no GPU, but everything around me is real. "
    "Ask me for a list, some code, a sum or a story, and watch the answer stream in.",
    "Hi there! You are talking to a simulation that comes with mochi gateway. "
    "I make my answers up, yet they travel exactly as a real model's would. What shall we try?",
    "Good to see you! I am a simulated model, so do not take my word for anything. "
    "But I stream, call tools, think aloud and keep to JSON schemas like the real ones.",
)

ABOUT = (
    "I am the demo model of mochi gateway: a simulation that speaks Ollama's protocol without any "
    "neural network behind it.\n\n"
    "- I answer in Markdown, and the same question gets the same answer.\n"
    "- I call tools (`demo-tools`), think first (`demo-thinking`), look at images (`demo-vision`) "
    "and turn text into vectors (`demo-embed`).\n"
    "- I keep to a JSON schema when you send one.\n\n"
    "When you are ready for real answers, start Ollama and choose one of its models."
)

THANKS = (
    "You are welcome! Come back whenever you have something to try.",
    "My pleasure. The real models are only an Ollama away.",
)

OPENINGS = (
    "You asked: “{question}” A real model would now think about {topic}; I can only show you how "
    "its answer would arrive.",
    "About {topic}: that is a good question, and I would answer it better with a few billion "
    "parameters.",
    "Let me take “{question}” as an example of what a conversation looks like.",
    "So this is about {topic}. I am a simulation and know nothing of it, "
    "but here is what an answer might look like.",
)

PLAN = (
    "1. What is wanted: “{question}” So this is about {topic}.\n"
    "2. I use the tool that fits it best, and look at what it returns.\n"
    "3. I say what came of it."
)
REMARKS = (
    "Most of what is said about {topic} is easier to see with a small example.",
    "There are usually two sides to {topic}, and it helps to name both before choosing one.",
    "With {topic}, begin with the part that you can check, and leave the rest for later.",
    "People who know {topic} well tend to ask about the edges first: "
    "what happens when it is empty, very large, or late.",
    "It is worth writing down what you already know about {topic}; the gaps then show themselves.",
    "Small steps work well here: change one thing about {topic}, look, and only then the next.",
)

CLOSINGS = (
    "Would you like to go on from here?",
    "Ask me again with a `seed`, and I will put it in other words.",
    "Shall I go into more detail, or show it as a list?",
    "Tell me more about what you need it for, and I will try again.",
)

THOUGHTS = (
    "The user wants to know about {topic}.",
    "I should first make sure what exactly is being asked.",
    "A short and friendly answer will do.",
    "There is nothing to look up, so I can answer at once.",
    "I will keep to what is certain and say what is not.",
    "An example may help more than a definition.",
)

STORY = (
    "In a quiet room at the end of the corridor stood a small machine that had been told to wait.",
    "Nobody remembered who had switched it on, only that it hummed a little when it rained.",
    "Every morning somebody came and asked it a question, and every morning it answered politely.",
    "The answers were never quite right, but they were always on time.",
    "One day the question was so long that the machine forgot how it had begun.",
    "So it did what machines do: it kept both ends, and dropped the middle in silence.",
    "A girl with a notebook saw this, and wrote down what had gone missing.",
    "From then on they worked together, she asking and it counting.",
    "Outside, the seasons went by, one token after another.",
    "When the first snow fell, the machine said a word that nobody had taught it.",
    "“Mochi,” it said, and the light on its front turned green.",
    "They laughed, for there is hardly a better word to begin with.",
)

CODE = {
    "python": (
        "def count_items(items: list[str]) -> dict[str, int]:\n"
        '    """Count how often each item occurs."""\n'
        "    counts: dict[str, int] = {}\n"
        "    for item in items:\n"
        "        counts[item] = counts.get(item, 0) + 1\n"
        "    return counts"
    ),
    "javascript": (
        "function countItems(items) {\n"
        "  const counts = new Map();\n"
        "  for (const item of items) {\n"
        "    counts.set(item, (counts.get(item) ?? 0) + 1);\n"
        "  }\n"
        "  return counts;\n"
        "}"
    ),
    "rust": (
        "fn count_items(items: &[&str]) -> usize {\n"
        "    items.iter().filter(|item| !item.is_empty()).count()\n"
        "}"
    ),
    "sql": "SELECT name, count(*) AS times\nFROM items\nGROUP BY name\nORDER BY times DESC;",
    "bash": 'for file in *.txt; do\n  wc -w "$file"\ndone',
    "html": "<main>\n  <h1>Mochi</h1>\n  <p>Hello &amp; welcome.</p>\n</main>",
}
