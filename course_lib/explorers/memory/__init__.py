"""The explorer of slides S5 and S11 to S14: `view` is what it shows, `picture` how, `explorer` the controls."""
