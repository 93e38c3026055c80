"""Write the tables of fields into README.md, where its comments say."""

import re
from pathlib import Path

from gateway.dialects.openai import embeddings
from gateway.dialects.openai.chat.fields import FIELDS as CHAT
from gateway.dialects.openai.completions.fields import FIELDS as COMPLETIONS
from gateway.dialects.openai.responses.fields import FIELDS as RESPONSES

readme = Path(__file__).parents[1] / "README.md"
text = readme.read_text("utf-8")
for table in (CHAT, RESPONSES, COMPLETIONS, embeddings.FIELDS):
    begin, end = f"<!-- fields of {table.path} -->\n", "<!-- end -->"
    place = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    before, after = place.split(text)
    text = f"{before}{begin}{table.markdown()}\n{end}{after}"
readme.write_text(text, "utf-8")
