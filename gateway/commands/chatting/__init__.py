"""What `mochi chat` is made of: a client of `/api/v1`, a keyboard, two displays, and the talk."""
