"""Write the tables of fields into README.md, where its comments say."""

import re
from pathlib import Path

from gateway.dialects.openai import embeddings
from gateway.dialects.openai.chat.fields import FIELDS as CHAT
from gateway.dialects.openai.completions.fields import FIELDS as COMPLETIONS

readme = Path(__file__).parents[1] / "README.md"
text = readme.read_text("utf-8")
for table in (CHAT, COMPLETIONS, embeddings.FIELDS):
    begin, end = f"<!-- fields of {table.path} -->\n", "<!-- end -->"
    place = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    text = place.sub(lambda _, new=begin + table.markdown() + "\n" + end: new, text)
readme.write_text(text, "utf-8")
