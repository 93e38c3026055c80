"""OpenAI's API: a file for each route, and the table of them."""
