"""mochi's own routes under `/api/v1`, over any base URL; what is made there is taken away again."""
