"""The demo: a believable company on the twins, live or as one headless pass."""
