"""Images at URLs that callers name, fetched without reaching what only the gateway can."""
