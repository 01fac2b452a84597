"""The explorer of slides S6 to S8: `view` is what it shows, `picture` how, `explorer` the controls."""
