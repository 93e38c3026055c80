"""Conversations that are kept: in files that mochi-coco reads and writes, too."""
