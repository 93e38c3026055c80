"""`/v1/completions`, OpenAI's older API: a text, and how it goes on."""
