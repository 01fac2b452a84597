"""The explorer of slides S1 and S2: `view` is what it shows, `picture` how, `explorer` the controls."""
