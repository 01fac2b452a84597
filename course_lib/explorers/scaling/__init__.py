"""The explorer of slide S4: `view` is what it shows, `picture` how, `explorer` the controls."""
